/*
 * used_codes: lets so many texts come and leave that codes are given again, for tests of what
 * remembers them.
 */
#pragma once
#include <stdio.h>

#include "table/passing.h"
#include "testing/test.h"

/* From now on texts pass in this table. */
static inline void used_codes_allow(mw_symbols *symbols) {
    MW_CHECK_OK(mw_passing_allow(symbols, NULL), NULL);
    (void)mw_passing_set(symbols, true);
}

/* Lets texts of the form "[N]", lists of one number, come and leave until the newest has a code
   that some text had which nobody holds. */
static inline void used_codes_give_again(mw_symbols *symbols, uint64_t code) {
    enum { TEXTS = 1 << 20 };
    char text[32];
    uint32_t given = 0;
    for (unsigned number = 0; given != code && number < TEXTS; number++) {
        mw_passing_tidy(symbols);
        int size = snprintf(text, sizeof text, "[%u]", number);
        given = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
    }
    MW_CHECK_EQUAL_INT(given, code);
}
