/*
 * ledger: where the log holds the predictions that were made, found by id and by the event they
 * were made for.
 *
 * Of each it keeps the stamp, a digest of model and event under the log's secret key
 * (base/keyed_hash.h) and the record's position: 40 bytes and a slot; the record itself is read
 * from the log when it is asked for. Stamps grow, so an id is found by halving; an event by a
 * base/digest_table.h. What is old may have left memory for an archive (store/digest_runs.h), where
 * a look-up reads from the disk: those of events that have no prediction yet hardly ever do.
 *
 * What is gathered and not committed yet has no position: it stands so far behind the batch's
 * beginning, until mw_ledger_settle says where that is. One thread uses a ledger.
 */
#pragma once
#include "base/keyed_hash.h"
#include "store/digest_runs.h"
#include "store/log.h"

typedef struct mw_ledger mw_ledger;

typedef struct {
    int64_t stamp;            /* the record's place in the log, which names it */
    mw_keyed_hash event;      /* of model and event */
    mw_log_position position; /* unsettled: only the offset, within the batch */
} mw_ledger_entry;

/* Where a prediction is. */
typedef struct {
    int64_t stamp;
    mw_log_position position;
} mw_ledger_found;

/* Where entries stand that left memory; it outlives the ledger. */
typedef struct {
    const mw_digest_runs *runs; /* NULL: none did */
    mw_runs_kind events;        /* its list; MW_RUNS_EVENTS: their stamps have one, too */
} mw_ledger_archive;

MW_MUST_USE mw_status mw_ledger_create(mw_hash_key key, mw_ledger_archive archive,
                                       mw_ledger **out_ledger, mw_error *err);
void mw_ledger_destroy(mw_ledger *ledger); /* NULL is allowed */

/* What a model says of an event, as a digest. */
mw_keyed_hash mw_ledger_event(mw_ledger *ledger, mw_str model, mw_str event_id);
/* The stamp is greater than that of the entry before. */
MW_MUST_USE mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry,
                                    mw_error *err);
/* All that was added has its final position. */
void mw_ledger_settle_all(mw_ledger *ledger);
/* The batch was committed, and begins here. */
void mw_ledger_settle(mw_ledger *ledger, mw_log_position batch);
bool mw_ledger_is_settled(const mw_ledger *ledger, int64_t stamp);
/* Drops what is settled up to a place, which the archive has. Copies the rest. */
MW_MUST_USE mw_status mw_ledger_forget(mw_ledger *ledger, int64_t through, mw_error *err);

/* `*out_found` is NULL if there is none, else valid until the next call of one of these, or add. */
MW_MUST_USE mw_status mw_ledger_find(mw_ledger *ledger, int64_t stamp,
                                     const mw_ledger_found **out_found, mw_error *err);
/* The first one made for the event by that model. */
MW_MUST_USE mw_status mw_ledger_find_event(mw_ledger *ledger, mw_str model, mw_str event_id,
                                           const mw_ledger_found **out_found, mw_error *err);
/* Whether there is one: mostly without a read. */
MW_MUST_USE mw_status mw_ledger_has_event(mw_ledger *ledger, mw_str model, mw_str event_id,
                                          bool *out_has_event, mw_error *err);
/* The stamp of the last one; INT64_MIN: there is none. */
int64_t mw_ledger_last(const mw_ledger *ledger);
uint64_t mw_ledger_count(const mw_ledger *ledger);
size_t mw_ledger_in_memory(const mw_ledger *ledger); /* of them */

/* What is in memory as bytes, settled (of each entry five words: stamp, event, position), and back
   into an empty ledger of the same key, whose last stamp is no less than `last`. MW_CORRUPT,
   MW_NO_MEMORY. */
void mw_ledger_save(const mw_ledger *ledger, mw_buf *out);
MW_MUST_USE mw_status mw_ledger_load(mw_ledger *ledger, mw_str bytes, int64_t last,
                                     mw_error *err);
