/*
 * rebuild: fills the windows of a version that brings another program, while the version before
 * goes on answering.
 *
 * It walks what the sequencer has been told so far, history and log, in slices; what comes in
 * meanwhile is met at the end of the log. About a microsecond an event. What falls due on the way
 * passes: the version before made it, but for what the handover keeps.
 *
 * One thread uses it, between two commits of the sequencer, which outlives it.
 */
#pragma once
#include "serve/handover.h"
#include "serve/sequencer_state.h"

/* `decider` has seen nothing yet, and belongs to the rebuild from then on, whatever comes back;
   `before` is the one that it will replace. */
MW_MUST_USE mw_status mw_rebuild_create(const mw_sequencer *sequencer, mw_decider *decider,
                                        const mw_decider *before, mw_rebuild **out_rebuild,
                                        mw_error *err);
void mw_rebuild_destroy(mw_rebuild *rebuild); /* NULL is allowed */

/* So many steps at most: an event, a moment or a record each. `*out_is_done`: it stands where the
   sequencer stands, all of whose records must be committed. */
MW_MUST_USE mw_status mw_rebuild_run(mw_rebuild *rebuild, size_t step_max, bool *out_is_done,
                                     mw_error *err);
bool mw_rebuild_waits(const mw_rebuild *rebuild); /* the lake is being read */
double mw_rebuild_share(const mw_rebuild *rebuild); /* of the events, that it has seen */
const mw_decider *mw_rebuild_decider(const mw_rebuild *rebuild);
const mw_handover *mw_rebuild_handover(const mw_rebuild *rebuild);
/* The decider goes to the caller; then only the handover is left to be read. */
mw_decider *mw_rebuild_take(mw_rebuild *rebuild);
