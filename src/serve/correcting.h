/*
 * correcting: what an event of a client's corrects (DESIGN.md rule 8).
 *
 * A correction carries the row that it replaces, which has to be read back (serve/lookback.h). So
 * an event is corrected in two steps: what it wishes to know is looked up, while others are
 * served; then it is made a correction, unless what stands has changed meanwhile.
 */
#pragma once
#include "serve/lookback.h"
#include "serve/sequencer.h"

/* Where to find what an event replaces whose id stands with other contents. MW_BUSY while an ingest
   that holds it is being taken. */
MW_MUST_USE mw_status mw_sequencer_wish(const mw_sequencer *sequencer, const mw_event *event,
                                        mw_lookback_wish *out_wish, mw_error *err);
/* Where to find what stands of an event. */
mw_lookback_wish mw_sequencer_wish_for(const mw_sequencer *sequencer, const mw_event *event,
                                       const mw_roster_found *found);
/* Commits first, for what is wished may be of this very batch. */
MW_MUST_USE mw_status mw_sequencer_look_back(mw_sequencer *sequencer,
                                             const mw_lookback_wish *wishes, size_t count,
                                             mw_lookback **out_lookback, mw_error *err);
/* What stands under the event's id, of a lookback that is over and covers where it does. Valid
   until that is asked again. MW_CORRUPT: it is nowhere. */
MW_MUST_USE mw_status mw_sequencer_read_back(const mw_sequencer *sequencer, mw_lookback *lookback,
                                             mw_lookback_wish wish, const mw_event *event,
                                             mw_event *out_found, mw_error *err);
/* Makes an event whose id stands with other contents the correction of what stands, by a lookback
   that is over and covers it. MW_BUSY while an ingest that holds it is being taken. What it
   replaces stays valid until the next correction of its stream. */
MW_MUST_USE mw_status mw_sequencer_correct(mw_sequencer *sequencer, mw_lookback *lookback,
                                           mw_event *event, mw_error *err);
