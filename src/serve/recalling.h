/*
 * recalling: the fields with windows of an event that stands, where they are not in memory.
 *
 * They were worked out once, as it entered, and stay with it in log and lake. The entrance
 * remembers those of the last events (feature/entrance.h), since who asks for more than one thing
 * about an event mostly does so at once. For any other the event is read back, as what corrections
 * replace is (serve/lookback.h).
 */
#pragma once
#include "serve/lookback.h"
#include "serve/reception.h"
#include "serve/sequencer.h"

/* Where to find an event that stands under the id of this one, if this has such fields and they
   are not remembered; else `*out_is_wished` is false. */
MW_MUST_USE mw_status mw_sequencer_wish_entered(const mw_sequencer *sequencer,
                                                const mw_event *event, mw_lookback_wish *out_wish,
                                                bool *out_is_wished, mw_error *err);
/* What was wished, and a lookback that is over and covers it. */
typedef struct {
    mw_lookback *lookback;
    mw_lookback_wish wish;
} mw_looked_back;
/* Fills the fields of the first event of a row, which wished so in this same call, with what they
   were at `place`. `*out_has_entered` is false, and nothing is filled, where all that stands of it
   is history which is known only later. */
MW_MUST_USE mw_status mw_sequencer_recall(const mw_sequencer *sequencer, mw_looked_back at,
                                          mw_received received, int64_t place,
                                          bool *out_has_entered, mw_error *err);
