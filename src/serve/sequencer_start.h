/*
 * sequencer_start: from a sequencer that was just opened to one that is ready, and what the next
 * start will begin with.
 */
#pragma once
#include "serve/sequencer.h"

/* Recovers what checkpoint, log and lake say, and makes what fell due since, by so many steps at
   most; SIZE_MAX: all of it. MW_CONFLICT if the log was made under the other kind of clock, or
   with other fields. */
MW_MUST_USE mw_status mw_sequencer_recover(mw_sequencer *sequencer, size_t step_max,
                                           mw_error *err);
bool mw_sequencer_is_ready(const mw_sequencer *sequencer); /* it has recovered */
double mw_sequencer_recovered_share(const mw_sequencer *sequencer);
/* Nothing goes on before the lake is read, which takes a while. */
bool mw_sequencer_waits(const mw_sequencer *sequencer);
/* Why a checkpoint was not used; empty: the newest one was, or there is none. */
const char *mw_sequencer_note(const mw_sequencer *sequencer);
/* Writes a checkpoint of where it stands, after a commit and a sync of the log, if there is
   anything new. It takes as long as the state is large: for the end, or a process that only
   reads. MW_BUSY: another process is writing one. */
MW_MUST_USE mw_status mw_sequencer_save(mw_sequencer *sequencer, mw_error *err);
/* Lets what is old leave memory, where a checkpoint has written it since: to be called now and
   then. A failure leaves all as it was, or some in memory besides. */
MW_MUST_USE mw_status mw_sequencer_take_up(mw_sequencer *sequencer, mw_error *err);
size_t mw_sequencer_in_memory(const mw_sequencer *sequencer); /* ids and predictions, */
uint64_t mw_sequencer_on_disk(const mw_sequencer *sequencer); /* and those that have left */
const mw_lake_snapshot *mw_sequencer_lake(const mw_sequencer *sequencer); /* that it knows */
