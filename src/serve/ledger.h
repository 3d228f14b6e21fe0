/*
 * ledger: the predictions that were recorded, found by id and by the event they were made for.
 *
 * It keeps each record's payload as it stands in the log, in memory: about 60 bytes and the
 * payload each, up to a maximum from birth. Stamps grow, so an id is found by halving; an event
 * by a hash table whose hits are compared by bytes.
 *
 * One thread uses a ledger. Payloads stay where they are until it is destroyed.
 */
#pragma once
#include "base/str.h"

typedef struct mw_ledger mw_ledger;

typedef struct {
    int64_t stamp;    /* the record's place in the log, which names it */
    uint32_t model;   /* index into the program's models */
    mw_str event_id;  /* a view into the payload */
    mw_str payload;   /* by mw_prediction_append */
} mw_ledger_entry;

MW_MUST_USE mw_status mw_ledger_create(size_t size_max, mw_ledger **out_ledger, mw_error *err);
void mw_ledger_destroy(mw_ledger *ledger); /* NULL is allowed */

/* Copies the payload. The stamp is greater than that of the entry before; `event_id` lies
   within the payload. */
MW_MUST_USE mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry,
                                    mw_error *err);
/* NULL if there is none. Valid until the next add. */
const mw_ledger_entry *mw_ledger_find(const mw_ledger *ledger, int64_t stamp);
/* The first one made for the event by that model. */
const mw_ledger_entry *mw_ledger_find_event(const mw_ledger *ledger, uint32_t model,
                                            mw_str event_id);
size_t mw_ledger_count(const mw_ledger *ledger);
