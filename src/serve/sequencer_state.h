/*
 * sequencer_state: what a sequencer is made of; for sequencer.c and recovery.c alone.
 */
#pragma once
#include "feature/entrance.h"
#include "ingest/log_events.h"
#include "serve/receipts.h"
#include "serve/sequencer.h"

typedef struct mw_rebuild mw_rebuild;

/* A version that is to answer once its windows are filled. */
typedef struct {
    mw_rebuild *rebuild; /* NULL: there is none, or it has failed */
    char version[MW_VERSION_NAME_SIZE + 1];
    mw_status failure;   /* why it will not answer */
    mw_error error;
} mw_succession;

struct mw_sequencer {
    mw_sequencer_config config;
    mw_arena arena;
    mw_log *log;
    mw_decider **deciders; /* one a model */
    mw_succession *successions; /* likewise */
    mw_hash_key key;       /* of roster and ledger; a secret */
    mw_roster *roster;     /* events of history and log, by their ids */
    mw_entrance *entrance; /* NULL: no field has windows */
    mw_ledger *ledger;
    mw_receipts *receipts;
    size_t history_next;   /* events of the history that were fed */
    mw_arrival *arrival;   /* an ingest on its way in; NULL: there is none */
    mw_events arrived;     /* its events, and those of ingests before it, that were fed */
    uint64_t *arrived_order; /* of these: stream << 48 | row, as they were fed */
    size_t arrived_capacity;
    int64_t now_us;        /* a virtual clock's */
    int64_t begin;         /* the log's first place; moments due by then are history */
    int64_t last_place;    /* of the log's records */
    int64_t reached;       /* what is due by then was met */
    bool is_recovering;    /* due moments pass: they are in the log */
    bool needs_sync;
    mw_buf payload;
    mw_buf shown;          /* the record that was read last */
    mw_sequencer_stats stats;
    mw_status broken;      /* the first failure after which memory and log have parted */
    mw_error broken_error;
};

/* Feeds history and meets due moments up to `place`. */
MW_MUST_USE mw_status mw_sequencer_reach(mw_sequencer *sequencer, int64_t place, mw_error *err);
/* Hands an event with its final place to the deciders and to the ids that stand. */
MW_MUST_USE mw_status mw_sequencer_feed(mw_sequencer *sequencer, const mw_event *event,
                                        mw_error *err);
/* A walk over what was fed from the lake, history and arrivals, in the order of places. */
typedef struct {
    size_t history, arrived; /* events behind it; what was fed last is at the front */
} mw_lake_walk;
/* The event that comes next, and the walk behind it; false if there is none. */
bool mw_sequencer_walk(const mw_sequencer *sequencer, mw_lake_walk at, mw_event *out_event,
                       mw_lake_walk *out_behind);
/* Appends a control record `{"kind": KIND}`, whose time is the clock's; mw_sequencer_promote
   writes those with more in them. */
MW_MUST_USE mw_status mw_sequencer_control(mw_sequencer *sequencer, const char *kind,
                                           mw_error *err);

/* A decider that has seen nothing yet, with windows for the program of the champion. */
MW_MUST_USE mw_status mw_sequencer_create_decider(mw_sequencer *sequencer, size_t model,
                                                  const mw_champion *champion,
                                                  mw_decider **out_decider, mw_error *err);
/* Fills a sequencer from its log; it stands at the last place then. */
MW_MUST_USE mw_status mw_recovery_run(mw_sequencer *sequencer, mw_error *err);
