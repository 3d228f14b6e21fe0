/*
 * full_windows: from when on the windows of a model's features are full (DESIGN.md, rule 10).
 *
 * A window that reaches back before the first event of its stream holds less than its span says.
 * Examples from before stay, for so it is in production too where a stream is new; how many they
 * are is said.
 */
#pragma once
#include "cli/workspace.h"

/* The t from which on no feature's window begins before its stream does, as the lake has it;
   INT64_MIN: always. */
MW_MUST_USE mw_status mw_full_windows_from(const mw_workspace *workspace,
                                           const mw_model_program *model, int64_t *out_t,
                                           mw_error *err);
