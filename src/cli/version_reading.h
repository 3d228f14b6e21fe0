/*
 * version_reading: a version that is read beside a loop, which must not wait for it.
 *
 * A thread reads the artefact, checks it and decodes the forest: 15 ms for each megabyte. What is
 * left is the loop's, whose symbols are its own: to compile the program, a millisecond or two.
 *
 * The handle belongs to the loop. The workspace outlives it.
 */
#pragma once
#include "cli/live_version.h"

typedef struct mw_version_reading mw_version_reading;

/* The row's texts are to stay until it is taken. */
MW_MUST_USE mw_status mw_version_reading_begin(const mw_workspace *workspace,
                                               const mw_version_row *row,
                                               mw_version_reading **out_reading, mw_error *err);
bool mw_version_reading_is_over(const mw_version_reading *reading);
const mw_version_row *mw_version_reading_row(const mw_version_reading *reading);
/* Of one that is over, once: the version with its program, and ready to be promoted. Fails as the
   reading did. */
MW_MUST_USE mw_status mw_version_reading_take(mw_version_reading *reading,
                                              mw_live_version *out_live, mw_scorer **out_scorer,
                                              mw_error *err);
void mw_version_reading_destroy(mw_version_reading *reading); /* waits; NULL is allowed */
