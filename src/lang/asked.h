/*
 * asked: which features hang on what a process of the user's was asked for.
 *
 * Such a feature replays with the same bits, for the answer stands with its event; but nobody can
 * prove that the process would give that answer again. So it is marked wherever it is shown.
 *
 * The compiler asks of each window, aggregate within moment and feature as it is finished, when
 * all that it reads is finished and marked. Each answer names a process; empty: none.
 */
#pragma once
#include "base/json.h"
#include "lang/program.h"

#define MW_NOT_PROVED "not proved exact"

/* By its events, their keys, since when it looks, or what it reads of the moment. */
mw_str mw_asked_of_window(const mw_program *program, const mw_model_program *model,
                          const mw_window *window);
/* What is asked across the moments of one event hangs on the list that makes them too. */
mw_str mw_asked_of_within(const mw_program *program, const mw_model_program *model,
                          const mw_window *of);
/* Of code over the moment. */
mw_str mw_asked_of_code(const mw_program *program, const mw_model_program *model,
                        const mw_code *code);

/* How many of a model's features hang on any. */
size_t mw_asked_count(const mw_model_program *model);
/* The member "not_proved_exact", their names; null where the model is NULL, for it is not known. */
void mw_asked_write_json(mw_json *json, const mw_model_program *model);
