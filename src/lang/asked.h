/*
 * asked: which features hang on what a process of the user's was asked for.
 *
 * Such a feature replays with the same bits, for the answer stands with its event; but nobody can
 * prove that the process would give that answer again. So it is marked wherever it is shown.
 */
#pragma once
#include "lang/program.h"

#define MW_NOT_PROVED "not proved exact"

/* The process whose answer the feature hangs on: by itself, a window, or another field or feature
   that it reads. Empty: none. */
mw_str mw_asked_of_feature(const mw_program *program, const mw_model_program *model,
                           size_t feature);
/* Likewise of any of its features; empty: none. */
mw_str mw_asked_of_model(const mw_program *program, const mw_model_program *model);
/* How many of its features hang on any. */
size_t mw_asked_count(const mw_program *program, const mw_model_program *model);
