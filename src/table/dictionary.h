/*
 * dictionary: the values of a category that are known, numbered in the order of their bytes.
 *
 * Whoever counts or learns from categories fixes their values once, from training rows, and from
 * then on meets each value by its number. The numbers follow the bytes, so they do not depend on
 * the process; finding one costs a hash of the symbol's code.
 *
 * Immutable, in the arena that was given; any number of threads may look up.
 */
#pragma once
#include "table/cell.h"

enum { MW_DICTIONARY_VALUES_MAX = 1 << 20, MW_DICTIONARY_UNKNOWN = -1 };

typedef struct mw_dictionary mw_dictionary;

/* One column of a row-major table: `count` cells that lie `stride` cells apart. */
typedef struct {
    const mw_cell *cells;
    size_t stride;
    size_t count;
} mw_column;

typedef struct {
    const mw_str *items;
    size_t count;
} mw_values;

/* The distinct values of a column of symbols, sorted by bytes, in `arena`; their texts are those
   of `symbols`. Missing is not a value. */
MW_MUST_USE mw_status mw_dictionary_collect(mw_arena *arena, const mw_symbols *symbols,
                                            mw_column column, mw_values *out_values,
                                            mw_error *err);
/* Numbers values that are sorted by bytes and distinct (else MW_INVALID), which outlive it. Interns
   them, so that a cell with one of them has a code that is known here. */
MW_MUST_USE mw_status mw_dictionary_create(mw_arena *arena, mw_symbols *symbols, mw_values values,
                                           const mw_dictionary **out_dictionary, mw_error *err);
/* The number of the value with this code, or MW_DICTIONARY_UNKNOWN (missing is, too). */
int32_t mw_dictionary_find(const mw_dictionary *dictionary, uint64_t code);
mw_values mw_dictionary_values(const mw_dictionary *dictionary);
