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
    mw_version_row row;         /* as the catalog has it */
    mw_buf bytes;               /* empty: no version answers yet */
    mw_version_program program; /* all NULL then */
} mw_live_version;

/* Loads the model's champion, if it has one. To be released whatever it returns. */
MW_MUST_USE mw_status mw_live_version_load(const mw_workspace *workspace, mw_str model,
                                           mw_live_version *out_live, mw_error *err);
/* Loads one of the model's versions. MW_NOT_FOUND: there is none of this name. To be released. */
MW_MUST_USE mw_status mw_live_version_find(const mw_workspace *workspace, mw_str model,
                                           mw_str version, mw_live_version *out_live,
                                           mw_error *err);
/* The version of this row, which is copied, in two steps: the first, which takes long, may be
   another thread's; between them `live` stays where it is. To be released. */
MW_MUST_USE mw_status mw_live_version_read(mw_registry registry, const mw_version_row *row,
                                           mw_live_version *out_live,
                                           mw_version_carried *out_carried, mw_error *err);
MW_MUST_USE mw_status mw_live_version_make(const mw_workspace *workspace,
                                           mw_version_carried *carried, mw_live_version *live,
                                           mw_error *err);
void mw_live_version_release(mw_live_version *live);

/* For a sequencer; a view into `live`. */
mw_champion mw_live_version_champion(const mw_live_version *live);
/* Whether the next one's features hang on the very windows and moments of the one that answers or,
   where none answers, of today's project file, and it answers the same kind: then it can take
   over at once, by the program that is there. */
bool mw_live_version_is_alike(const mw_workspace *workspace, const mw_live_version *live,
                              const mw_live_version *next);
/* Whether the two answer the same question from the same features; `other` may be empty for
   today's project file. */
bool mw_live_version_is_kin(const mw_workspace *workspace, const mw_live_version *live,
                            const mw_live_version *other);
