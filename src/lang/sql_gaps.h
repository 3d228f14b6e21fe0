/*
 * sql_gaps: what of a model cannot be said in SQL, and why.
 *
 * A feature cannot if a window or another feature that it reads cannot; all others can be written
 * without it. What is tried here is written again by model_sql, which leaves out what has a reason.
 */
#pragma once
#include "lang/program.h"

/* Why each cannot be said; an empty reason: it can. */
typedef struct {
    mw_str *windows, *withins, *features; /* those of the model */
    mw_str label;                         /* `unless` included */
    mw_str takes;                         /* of a schedule */
} mw_sql_gaps;

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_symbols *symbols;
    bool has_outside; /* what lies outside of the language can be looked up (outside_sql.h) */
} mw_sql_gaps_of;

/* All of it in the arena. */
MW_MUST_USE mw_status mw_sql_gaps_find(mw_sql_gaps_of of, mw_arena *arena,
                                       mw_sql_gaps *out_gaps, mw_error *err);
/* Leaves out the label and all that such code over the moment does not hang on, which must be
   without gaps. A vector stays whole. */
void mw_sql_gaps_narrow(mw_sql_gaps *gaps, const mw_model_program *model,
                        const mw_code *const *codes, size_t code_count);
/* "words_0 .. 63: REASON", a line each, the label last; a vector's numbers as one. */
void mw_sql_gaps_tell(const mw_sql_gaps *gaps, const mw_model_program *model, mw_buf *out);
