/*
 * shop_known: what a sequencer knows, asked for by tests that have no use for a failure.
 */
#pragma once
#include "serve/sequencer.h"
#include "testing/test.h"

static inline mw_event_standing shop_standing(const mw_sequencer *sequencer,
                                              const mw_event *event) {
    mw_event_standing standing = MW_EVENT_NEW;
    mw_error err;
    MW_CHECK_OK(mw_sequencer_find(sequencer, event, &standing, &err), &err);
    return standing;
}

/* NULL: there is none. Valid until the ledger is asked again. */
static inline const mw_ledger_found *shop_find_stored(const mw_sequencer *sequencer, mw_str model,
                                                      mw_str event_id) {
    const mw_ledger_found *found = NULL;
    mw_error err;
    MW_CHECK_OK(mw_ledger_find_event(mw_sequencer_ledger(sequencer), model, event_id, &found,
                                     &err), &err);
    return found;
}
