/*
 * outside_sql: vectors that lie outside of the language (outside.h), as SQL that looks them up.
 *
 * A table of the model's holds what one gave for each input: the columns `input` and number_0,
 * number_1 .. The input is a text: the SHA-256, in hex, of the text that the vector takes, or its
 * numbers as DuckDB spells a FLOAT[] of them. (Floats are what a network is given.) It must be the
 * same text whenever it is asked for: what windows add for it is added in order (aggregate_sql.h);
 * what is added across the moments of one event is not, and may differ where doubles cancel.
 *
 * Two columns of the query, called by a hash of how the vector is spelled, hold the moment's input
 * and, as one value, the row that was found for it; none was: all of its numbers are missing.
 */
#pragma once
#include "lang/outside.h"
#include "lang/sql.h"

/* mw_float(x): infinite where a float has no room for it, as in C. */
void mw_outside_sql_append_macros(mw_buf *out);
/* The table's name, in quotes: another model's export has other inputs. */
void mw_outside_sql_append_table(const mw_vector *vector, mw_str model, mw_buf *out);
/* The input, as what the names stand for has it. As mw_code_append_sql. */
MW_MUST_USE mw_status mw_outside_sql_append_input(const mw_vector *vector,
                                                  const mw_sql_names *names,
                                                  const mw_symbols *symbols, mw_buf *out,
                                                  mw_error *err);
/* The same for people: "sha256(image)". */
void mw_outside_sql_describe_input(const mw_vector *vector, mw_buf *out);
/* What comes after the input to make a column of it; and what looks its row up, of m, which has
   that column: a column too. */
void mw_outside_sql_end_input(const mw_vector *vector, mw_buf *out);
void mw_outside_sql_append_found(const mw_vector *vector, mw_str model, mw_buf *out);
/* One of the vector's numbers; `columns` stands before the column's name ("m."). */
void mw_outside_sql_append_number(const mw_vector *vector, size_t index, const char *columns,
                                  mw_buf *out);
