/*
 * correcting: what an event of a client's corrects (DESIGN.md rule 8).
 *
 * A sequencer knows ids and digests of what stands, not the rows (decision 0005). A correction
 * carries the row that it replaces, so that is read back, by its place: from the log, whose segment
 * is read up to there, or from the lake, where one file is asked. Nobody is served for so long:
 * whoever has many corrections ingests them.
 */
#pragma once
#include "serve/sequencer.h"

/* Makes an event whose id stands with other contents the correction of what stands. MW_BUSY while
   an ingest that holds it is being taken. What it replaces stays valid until the next correction
   of its stream. */
MW_MUST_USE mw_status mw_sequencer_correct(mw_sequencer *sequencer, mw_event *event,
                                           mw_error *err);
