/*
 * symbols: every distinct text of a process under a small code, so that cells stay plain.
 *
 * Codes count up from 1 in the order of arrival, and those of texts that have left are given
 * again (passing.h); 0 means missing (the empty text is a text).
 * A code is an address, not a value: nothing that is written or hashed may depend on it, and
 * order is by bytes (mw_symbols_compare). Interning costs a hash and, for a new text, its
 * bytes plus about 24. The table has a maximum of bytes.
 *
 * One thread may intern and find; any number may read codes of texts that stay, which were handed
 * to them before, while it does: texts and their list never move.
 */
#pragma once
#include "base/str.h"

typedef struct mw_symbols mw_symbols;

MW_MUST_USE mw_status mw_symbols_create(size_t size_max, mw_symbols **out_symbols,
                                        mw_error *err);
void mw_symbols_destroy(mw_symbols *symbols);

/* The code of `text`, new or old; 0 when the table is full (then MW_NO_MEMORY is due). */
uint32_t mw_symbols_intern(mw_symbols *symbols, mw_str text);
/* Says that a text was lost, which was made where nobody can fail: who asked for what it was to be
   a part of then asks mw_symbols_settle, which names the first that was lost since it was asked
   last (MW_NO_MEMORY). Who may intern may call these. */
void mw_symbols_lose(mw_symbols *symbols, mw_str text);
MW_MUST_USE mw_status mw_symbols_settle(mw_symbols *symbols, mw_error *err);
uint32_t mw_symbols_find(const mw_symbols *symbols, mw_str text); /* 0 if never interned */
/* Valid as long as the text stands (table/passing.h); 0 is empty. */
mw_str mw_symbols_text(const mw_symbols *symbols, uint64_t code);
int mw_symbols_compare(const mw_symbols *symbols, uint64_t a, uint64_t b); /* by bytes */
size_t mw_symbols_count(const mw_symbols *symbols); /* of texts that stand */
size_t mw_symbols_code_end(const mw_symbols *symbols); /* all codes are below */
/* Changes whenever texts have left: a code that is remembered may name another by then. */
uint64_t mw_symbols_age(const mw_symbols *symbols);
