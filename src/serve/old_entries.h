/*
 * old_entries: what a sequencer has known for long leaves its memory (decision 0039).
 *
 * Rosters and ledgers grow with every id and prediction, for ever. Who writes a checkpoint writes
 * what they have gathered since the last one, once that is much, as files beside it
 * (store/digest_runs.h), and the checkpoint names them. A server takes them up when it sees that
 * they are there, and forgets what they hold. Its digests are found there as long as it has their
 * key, which lies in the same folder, so that all processes of a log have one.
 *
 * For serve/recovery.h, serve/saved_state.h, the sequencer and who runs it.
 */
#pragma once
#include "serve/sequencer_start.h"
#include "serve/sequencer_state.h"

/* The key for digests, when nothing is known yet: that of the folder, or a new one for it. Where
   it can neither be read nor written, one that no other process has: then nothing is taken up. */
void mw_old_entries_find_key(mw_sequencer *sequencer);

/* What stands of an event, and whether it is listed by then: of roster and files. */
MW_MUST_USE mw_status mw_old_entries_look_up(const mw_sequencer *sequencer, const mw_event *event,
                                             mw_roster_found *out_found, mw_error *err);
MW_MUST_USE mw_status mw_old_entries_enter(mw_sequencer *sequencer, const mw_event *event,
                                           mw_event_origin origin, mw_error *err);

/* What was written with a checkpoint, so that it is not in there. */
typedef struct {
    bool roster, ledger, rankings;
} mw_old_entries_written;

/* Writes what is much, and appends the names of all files, for the checkpoint. */
MW_MUST_USE mw_status mw_old_entries_write(const mw_sequencer *sequencer, mw_buf *out_names,
                                           mw_old_entries_written *out_written, mw_error *err);
/* That checkpoint is there: running servers may take up what it names. */
MW_MUST_USE mw_status mw_old_entries_publish(const mw_sequencer *sequencer, mw_str names,
                                             mw_error *err);
/* Removes the files that no checkpoint in the folder names, in its section of that name, and no
   running server needs: what a death or a failure has left; none while a checkpoint or a list
   cannot be read. For who holds the folder. */
MW_MUST_USE mw_status mw_old_entries_tidy(const mw_sequencer *sequencer, mw_str section,
                                          mw_error *err);
/* Opens the files that a checkpoint names. */
MW_MUST_USE mw_status mw_old_entries_read(mw_sequencer *sequencer, mw_str names, mw_error *err);
