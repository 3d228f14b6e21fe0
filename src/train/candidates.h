/*
 * candidates: windows that a model could look at, to be tried one by one.
 *
 * For each stream and each way to find its events from the moment (the keys of windows that the
 * model has, and each text or category that both sides call the same): how many there were, since
 * when, and of each number the mean, the greatest and the last, unless it is of the event's id, a
 * name and no measure. Each is written in the language, as a user would write it; those that the
 * model has already are left out.
 */
#pragma once
#include "lang/program.h"

typedef struct {
    mw_named_source *items; /* candidate i stands in line i + 1 */
    size_t count;           /* of all; no more than `max` of them are there */
} mw_candidates;

/* Texts live in `arena`. */
MW_MUST_USE mw_status mw_candidates_list(const mw_program *program, const mw_model_program *model,
                                         size_t max, mw_arena *arena,
                                         mw_candidates *out_candidates, mw_error *err);
