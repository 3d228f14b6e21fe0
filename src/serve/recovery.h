/*
 * recovery: what the newest checkpoint, the log behind it and the lake say, told to a sequencer
 * that knows nothing yet.
 *
 * The log is read twice from the checkpoint on. A survey learns under which clock it was made,
 * what was predicted and who answered; then its events are fed in the order of their places,
 * together with the lake's, while the moments that fall due pass: what was made of them stands
 * in the log. A checkpoint of another log, program or state of the lake, or one that cannot be
 * read, is not used, but the one before it or, from the beginning, all that log and lake hold.
 *
 * Windows are filled by the program of the version that answered last by the log, whoever is
 * champion by now: so the handover to another program can be made as if there had been no crash.
 *
 * It runs in slices, on the thread of the sequencer, which outlives it.
 */
#pragma once
#include "serve/sequencer_state.h"

MW_MUST_USE mw_status mw_recovery_begin(mw_sequencer *sequencer, mw_recovery **out_recovery,
                                        mw_error *err);
/* So many steps at most: a record, an event or a moment each. SIZE_MAX waits for what is read
   elsewhere. `*out_is_done`: the sequencer stands where its log ends. */
MW_MUST_USE mw_status mw_recovery_run(mw_recovery *recovery, size_t step_max, bool *out_is_done,
                                      mw_error *err);
bool mw_recovery_waits(const mw_recovery *recovery); /* the lake is being read */
double mw_recovery_share(const mw_recovery *recovery); /* of the events, that were fed */
void mw_recovery_end(mw_recovery *recovery); /* NULL is allowed */
