/*
 * ngram_sql: n-grams (lang/vector.h) as SQL, to the bit: words by our Unicode, MurmurHash3 in whole
 * numbers of 64 bits.
 *
 * The buckets of all runs of a text are one list, a column called by a hash of how the vector is
 * spelled, and each number of the vector counts in that: else DuckDB would hash the text anew for
 * each.
 */
#pragma once
#include "lang/vector.h"

/* mw_buckets(text, fewest, most, width) and mw_count(buckets, bucket). */
void mw_ngram_sql_append_macros(mw_buf *out);
/* The column: between these two stands the text. */
void mw_ngram_sql_begin_buckets(mw_buf *out);
void mw_ngram_sql_end_buckets(const mw_vector *vector, mw_buf *out);
/* One of the vector's numbers; `columns` stands before the column's name ("m."). */
void mw_ngram_sql_append_number(const mw_vector *vector, size_t index, const char *columns,
                                mw_buf *out);
