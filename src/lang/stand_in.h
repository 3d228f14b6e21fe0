/*
 * stand_in: an expression that answers where a model cannot: `fallback: amount > 500`.
 *
 * It is over the features of a model's program and the fields of its moment, and holds no window
 * of its own, for it must answer when those could not be read. What is not at hand is missing;
 * where it comes out missing by that, it is what it is of nothing at all, which must be a value.
 *
 * Immutable, in the arena that was given. Running it allocates nothing, except that text functions
 * intern their results.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    const mw_code *code;       /* a bool or a number */
    const mw_cell *no_row;     /* a moment of which nothing is known */
    const mw_cell *no_features;
} mw_stand_in;

typedef struct {
    const mw_program *program;
    const mw_model_program *model; /* of the program */
    mw_source source;
    mw_symbols *symbols;
} mw_stand_in_wish;

/* Mistakes go to the diagnostics, as of mw_program_compile. */
MW_MUST_USE mw_status mw_stand_in_compile(mw_stand_in_wish wish, mw_arena *arena,
                                          mw_diagnostics *diagnostics, mw_stand_in *out_stand_in);
/* Never missing. `row` and `features` of the frame may be NULL. */
mw_cell mw_stand_in_run(const mw_stand_in *stand_in, const mw_frame *frame);
