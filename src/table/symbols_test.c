#include "base/prng.h"
#include "table/symbols.h"
#include "testing/test.h"

#include <stdio.h>

enum { SIZE_MAX_OF_TESTS = 64 << 20 };

static mw_symbols *create(void) {
    mw_symbols *symbols;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(SIZE_MAX_OF_TESTS, &symbols, &err), &err);
    return symbols;
}

MW_TEST(symbols_count_up_in_order_of_arrival) {
    mw_symbols *symbols = create();
    MW_CHECK_EQUAL_INT(mw_symbols_find(symbols, MW_STR("JFK")), 0);
    MW_CHECK_EQUAL_INT(mw_symbols_intern(symbols, MW_STR("JFK")), 1);
    MW_CHECK_EQUAL_INT(mw_symbols_intern(symbols, MW_STR("EWR")), 2);
    MW_CHECK_EQUAL_INT(mw_symbols_intern(symbols, MW_STR("JFK")), 1);
    MW_CHECK_EQUAL_INT(mw_symbols_find(symbols, MW_STR("EWR")), 2);
    MW_CHECK_EQUAL_INT(mw_symbols_count(symbols), 2);
    MW_CHECK(mw_symbols_compare(symbols, 1, 2) > 0 && mw_symbols_compare(symbols, 2, 1) < 0);
    MW_CHECK_EQUAL_INT(mw_symbols_compare(symbols, 2, 2), 0);
    mw_symbols_destroy(symbols);
    mw_symbols_destroy(NULL);
}

MW_TEST(symbols_tell_the_empty_text_from_missing) {
    mw_symbols *symbols = create();
    uint32_t empty = mw_symbols_intern(symbols, (mw_str){NULL, 0});
    MW_CHECK(empty != 0);
    MW_CHECK_EQUAL_INT(mw_symbols_intern(symbols, MW_STR("")), empty);
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, 0), "");
    uint32_t with_nul = mw_symbols_intern(symbols, (mw_str){"a\0b", 3});
    MW_CHECK(with_nul != mw_symbols_intern(symbols, MW_STR("a")));
    MW_CHECK_EQUAL_INT(mw_symbols_text(symbols, with_nul).size, 3);
    mw_symbols_destroy(symbols);
}

/* Past several growths, every text keeps its code and its address. */
MW_TEST(symbols_never_move_a_text) {
    enum { TEXTS = 100000 };
    static const char *addresses[TEXTS + 1];
    mw_symbols *symbols = create();
    char text[32];
    for (int i = 1; i <= TEXTS; i++) {
        int size = snprintf(text, sizeof text, "tail-%d", i * 7919);
        uint32_t code = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
        MW_CHECK_EQUAL_INT(code, i);
        addresses[i] = mw_symbols_text(symbols, code).data;
    }
    for (int i = 1; i <= TEXTS; i++) {
        int size = snprintf(text, sizeof text, "tail-%d", i * 7919);
        mw_str expected = {text, (size_t)size};
        MW_CHECK_EQUAL_INT(mw_symbols_find(symbols, expected), i);
        MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, (uint64_t)i), expected);
        MW_CHECK(mw_symbols_text(symbols, (uint64_t)i).data == addresses[i]);
    }
    MW_CHECK_EQUAL_INT(mw_symbols_count(symbols), TEXTS);
    mw_symbols_destroy(symbols);
}

MW_TEST(symbols_agree_with_a_list) {
    enum { DRAWS = 20000, TEXTS = 500 };
    static uint32_t code_of[TEXTS];
    mw_symbols *symbols = create();
    uint64_t prng = mw_test_seed();
    size_t known = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = mw_prng_below(&prng, TEXTS);
        char text[32];
        int size = snprintf(text, sizeof text, "%llx", (unsigned long long)(drawn * drawn));
        uint32_t code = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
        if (code_of[drawn] == 0) code_of[drawn] = (uint32_t)++known;
        MW_CHECK_EQUAL_INT(code, code_of[drawn]);
    }
    MW_CHECK_EQUAL_INT(mw_symbols_count(symbols), known);
    mw_symbols_destroy(symbols);
}

MW_TEST(symbols_stop_at_their_maximum) {
    mw_symbols *symbols;
    mw_error err;
    MW_CHECK(mw_symbols_create(100, &symbols, &err) == MW_NO_MEMORY);
    MW_CHECK_EQUAL_STR(err.message, "symbols: out of memory, with a maximum of 100 bytes");
    MW_CHECK_OK(mw_symbols_create(20000, &symbols, &err), &err);
    uint32_t code = 0;
    char text[32];
    int size, i = 0;
    do {
        size = snprintf(text, sizeof text, "text %d", i++);
        code = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
    } while (code != 0);
    MW_CHECK(i > 100);
    MW_CHECK_EQUAL_INT(mw_symbols_find(symbols, (mw_str){text, (size_t)size}), 0);
    MW_CHECK_EQUAL_INT(mw_symbols_intern(symbols, MW_STR("text 0")), 1); /* the old ones stand */
    mw_symbols_destroy(symbols);
}

static mw_status fill(void *context) {
    (void)context;
    mw_symbols *symbols;
    MW_TRY(mw_symbols_create(SIZE_MAX_OF_TESTS, &symbols, NULL));
    mw_status status = MW_OK;
    for (int i = 0; i < 5000 && status == MW_OK; i++) {
        char text[32];
        int size = snprintf(text, sizeof text, "text %d", i);
        uint32_t code = mw_symbols_intern(symbols, (mw_str){text, (size_t)size});
        if (code == 0) status = MW_NO_MEMORY;
        else MW_CHECK_EQUAL_INT(code, i + 1);
    }
    mw_symbols_destroy(symbols);
    return status;
}

MW_TEST(symbols_survive_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill, NULL) > 5);
}

/* The first loss is told, once; what was interned before stands. */
MW_TEST(symbols_tell_of_a_text_that_was_lost) {
    mw_symbols *symbols = create();
    mw_error err;
    uint32_t standing = mw_symbols_intern(symbols, MW_STR("JFK"));
    MW_CHECK_OK(mw_symbols_settle(symbols, &err), &err);
    mw_symbols_lose(symbols, MW_STR("a text of more letters than are shown of it, which is not "
                                    "even so many"));
    mw_symbols_lose(symbols, MW_STR("another"));
    MW_CHECK_STATUS(mw_symbols_settle(symbols, &err), MW_NO_MEMORY);
    MW_CHECK_EQUAL_STR(err.message, "texts: no room is left for one that was worked out, "
                       "\"a text of more letters than are shown of it, which is not ev\"; 1 stand");
    MW_CHECK_OK(mw_symbols_settle(symbols, &err), &err);
    mw_symbols_lose(symbols, (mw_str){NULL, 0});
    MW_CHECK_STATUS(mw_symbols_settle(symbols, NULL), MW_NO_MEMORY);
    MW_CHECK_EQUAL_INT(mw_symbols_intern(symbols, MW_STR("JFK")), standing);
    mw_symbols_destroy(symbols);
}
