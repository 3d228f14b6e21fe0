/*
 * live_version: the version that answers for a model in this process, with the program that it
 * carries.
 *
 * It owns the memory of that program, so it stays as long as a decider may use it.
 */
#pragma once
#include "cli/version_program.h"
#include "cli/workspace.h"
#include "serve/sequencer.h"

typedef struct {
    mw_arena arena;             /* of the program */
    mw_buf bytes;               /* empty: no version answers yet */
    mw_version_program program; /* all NULL then */
} mw_live_version;

/* Loads the model's champion, if it has one. To be released whatever it returns. */
MW_MUST_USE mw_status mw_live_version_load(const mw_workspace *workspace, mw_str model,
                                           mw_live_version *out_live, mw_error *err);
void mw_live_version_release(mw_live_version *live);

/* For a sequencer; a view into `live`. */
mw_champion mw_live_version_champion(const mw_live_version *live);
/* Whether both were trained by the same project file over the same columns and zone, so that
   their windows are the same. */
bool mw_live_version_is_alike(const mw_live_version *a, const mw_live_version *b);
