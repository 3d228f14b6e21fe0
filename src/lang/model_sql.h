/*
 * model_sql: a model's moments, features and label as one query of DuckDB's SQL.
 *
 * It asks views that are named as the program's streams are, each with the columns time, known and
 * place and the stream's fields; the macros of sql.h and the
 * view of clock_sql.h stand before it. One row a moment: the
 * columns of its id ("id.order"), `time`, the features as listed, the label (NULL until matured, or
 * where `unless` drops it). Values are those of a replay, to the bit where sql.h says so, and sums
 * and what is made of them to the last place, for DuckDB adds doubles.
 *
 * The view of a stream with corrections holds all of its events, the replaced ones too (rule 8),
 * and three columns more: "from:0" and "until:0", between which an event counts (NULL: it has not
 * been replaced), and "order:0", in which those of one id came.
 *
 * Each window is a join of its own by its keys and by buckets as long as its span, so that a moment
 * meets the events of two buckets alone.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_symbols *symbols;
    const bool *is_corrected; /* by stream; NULL: none is */
    bool has_outside;         /* there are the tables of outside_sql.h; else those vectors are what
                                 cannot be said */
} mw_model_sql;

/* What cannot be said in SQL is left out, and told in `out_left_out`, a line each: "NAME: REASON".
   MW_NOT_BUILT: so it is with the moments of a schedule. */
MW_MUST_USE mw_status mw_model_append_sql(mw_model_sql of, mw_buf *out, mw_buf *out_left_out,
                                          mw_error *err);

/* The features that need such tables, in the order in which they hang on each other: of each vector
   that is looked up the first number, and of vectors that are spelled alike the first one's. */
typedef struct {
    const mw_feature **features;
    size_t count;
} mw_model_outside;
MW_MUST_USE mw_status mw_model_find_outside(mw_model_sql of, mw_arena *arena,
                                            mw_model_outside *out_outside, mw_error *err);
/* A query for a table's inputs, one row a moment: the column `input`, then the text or the numbers
   themselves, and none of them is missing. It asks the tables of the features before that one. */
MW_MUST_USE mw_status mw_model_append_inputs_sql(mw_model_sql of, const mw_feature *feature,
                                                 mw_buf *out, mw_error *err);
