/*
 * ledger: where the log holds the predictions that were made, found by id and by the event they
 * were made for.
 *
 * Of each it keeps the stamp, a digest of model and event under the log's secret key
 * (base/keyed_hash.h) and the record's position: 40 bytes and a slot; the record itself is read
 * from the log when it is asked for. Stamps grow, so an id is found by halving; an event by a
 * base/digest_table.h.
 *
 * What is gathered and not committed yet has no position: it stands so far behind the batch's
 * beginning, until mw_ledger_settle says where that is. One thread uses a ledger.
 */
#pragma once
#include "base/keyed_hash.h"
#include "store/log.h"

typedef struct mw_ledger mw_ledger;

typedef struct {
    int64_t stamp;            /* the record's place in the log, which names it */
    mw_keyed_hash event;      /* of model and event */
    mw_log_position position; /* unsettled: only the offset, within the batch */
} mw_ledger_entry;

MW_MUST_USE mw_status mw_ledger_create(mw_hash_key key, mw_ledger **out_ledger, mw_error *err);
void mw_ledger_destroy(mw_ledger *ledger); /* NULL is allowed */

/* What a model says of an event, as a digest. */
mw_keyed_hash mw_ledger_event(const mw_ledger *ledger, mw_str model, mw_str event_id);
/* The stamp is greater than that of the entry before. */
MW_MUST_USE mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry,
                                    mw_error *err);
/* All that was added has its final position. */
void mw_ledger_settle_all(mw_ledger *ledger);
/* The batch was committed, and begins here. */
void mw_ledger_settle(mw_ledger *ledger, mw_log_position batch);
bool mw_ledger_is_settled(const mw_ledger *ledger, const mw_ledger_entry *entry);

/* NULL if there is none. Valid until the next add. */
const mw_ledger_entry *mw_ledger_find(const mw_ledger *ledger, int64_t stamp);
/* The first one made for the event by that model. */
const mw_ledger_entry *mw_ledger_find_event(const mw_ledger *ledger, mw_str model,
                                            mw_str event_id);
/* The stamp of the last one; INT64_MIN: there is none. */
int64_t mw_ledger_last(const mw_ledger *ledger);
size_t mw_ledger_count(const mw_ledger *ledger);

/* All of it as bytes, settled, and back into an empty ledger of the same key. MW_CORRUPT,
   MW_NO_MEMORY. */
void mw_ledger_save(const mw_ledger *ledger, mw_buf *out);
MW_MUST_USE mw_status mw_ledger_load(mw_ledger *ledger, mw_str bytes, mw_error *err);
