/*
 * profile: how the features and the prediction were distributed in training, and a place to
 * count live rows against the same bins.
 *
 * Numbers, times and durations: bins between quantiles of the training values, at most 32, each
 * holding what is above the edge before and up to its own; bools: false and true; categories and
 * texts: the most frequent values (ties by bytes), then all others. The last bin of each column
 * holds what is missing.
 *
 * A profile lives in its arena and is immutable once built, so any number of threads may count
 * with it, each into counts of its own: mw_profile_bin_count counters, column after column.
 */
#pragma once
#include "table/dictionary.h"

enum {
    MW_PROFILE_COLUMNS_MAX = 4097, /* the features and the prediction */
    MW_PROFILE_NUMBER_BINS_MAX = 32,
    MW_PROFILE_VALUES_MAX = 64,
};

typedef struct {
    mw_str name;
    mw_type type;
    const double *edges; /* numeric: rising, finite; one fewer than the bins of numbers */
    size_t edge_count;
    const mw_dictionary *values; /* symbols; else NULL */
    size_t first_bin, bin_count; /* where its counters lie, the one for missing included */
} mw_profile_column;

typedef struct mw_profile mw_profile;

/* An empty profile, to which the columns are added one by one. */
MW_MUST_USE mw_status mw_profile_create(mw_arena *arena, mw_symbols *symbols,
                                        size_t column_count_max, mw_profile **out_profile,
                                        mw_error *err);
/* Cuts a column of training data into bins and counts it. */
MW_MUST_USE mw_status mw_profile_add(mw_profile *profile, mw_str name, mw_type type,
                                     mw_column column, mw_error *err);

size_t mw_profile_column_count(const mw_profile *profile);
const mw_profile_column *mw_profile_column_at(const mw_profile *profile, size_t index);
size_t mw_profile_bin_count(const mw_profile *profile);         /* of all columns */
const uint64_t *mw_profile_counts(const mw_profile *profile);   /* of training */
/* The counter, among all, of a cell of a column. */
size_t mw_profile_bin(const mw_profile *profile, size_t column, mw_cell cell);
/* Counts a row, one cell a column: adds `step` (1, or -1 to take it back) to its counters. */
void mw_profile_count(const mw_profile *profile, const mw_cell *row, int step, uint64_t *counts);
/* "above 3, up to 7.5", "AA", "other", "missing": what a bin of a column holds. */
void mw_profile_append_bin(const mw_profile *profile, size_t column, size_t bin, mw_buf *out);
/* The same for people: numbers in four digits, or as many as tell the bin from its neighbours. */
void mw_profile_append_bin_rounded(const mw_profile *profile, size_t column, size_t bin,
                                   mw_buf *out);

/* Canonical bytes; a reader's profile counts in the symbols that it gives. */
void mw_profile_encode(const mw_profile *profile, mw_buf *out);
MW_MUST_USE mw_status mw_profile_decode(mw_arena *arena, mw_symbols *symbols, mw_str bytes,
                                        const mw_profile **out_profile, mw_error *err);
