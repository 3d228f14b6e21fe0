/*
 * sequencer_state: what a sequencer is made of; for sequencer.c, recovery.c, rebuild.c,
 * saved_state.c and old_entries.c alone.
 */
#pragma once
#include "feature/entrance.h"
#include "feature/kept_texts.h"
#include "ingest/log_events.h"
#include "serve/receipts.h"
#include "serve/sequencer_ingest.h"

typedef struct mw_rebuild mw_rebuild;
typedef struct mw_recovery mw_recovery;

/* Who answers for a model. */
typedef struct {
    char version[MW_VERSION_NAME_SIZE + 1]; /* by the log; empty: it does not say */
    mw_champion champion;
} mw_answering;

/* A version that is to answer once its windows are filled. */
typedef struct {
    mw_rebuild *rebuild; /* NULL: there is none, or it has failed */
    char version[MW_VERSION_NAME_SIZE + 1];
    mw_status failure;   /* why it will not answer */
    mw_error error;
} mw_awaited_version;

/* An event of an ingest that was fed. */
typedef struct {
    uint64_t event;  /* stream << MW_EVENT_ROW_BITS | row */
    int64_t ingest;
} mw_arrived;

struct mw_sequencer {
    mw_sequencer_config config;
    mw_arena arena;
    mw_log *log;
    mw_decider **deciders; /* one a model */
    mw_awaited_version *successions; /* likewise */
    mw_answering *answering; /* likewise */
    mw_hash_key key;       /* of roster and ledgers; a secret */
    mw_digest_runs *runs;  /* what has left roster and ledgers; NULL: there are no checkpoints */
    uint64_t runs_number;  /* of the names that were seen last */
    mw_roster *roster;     /* events of history and log, by their ids */
    mw_entrance *entrance; /* NULL: no field has windows */
    mw_kept_texts *kept;   /* by the entrance */
    mw_ledger *ledger;
    mw_ledger *rankings;   /* with `each`, of each model and event the first prediction */
    mw_receipts *receipts;
    mw_past *past;         /* what of the lake is still to be fed; NULL: nothing */
    size_t history_next;   /* the first of it that is */
    mw_arrival *arrival;   /* an ingest on its way in; NULL: there is none */
    mw_events arrived;     /* of ingests, that were fed while windows are filled anew */
    mw_arrived *arrived_order; /* the same, as they were fed */
    size_t arrived_capacity;
    mw_events replaced;    /* of each stream the event that a correction replaced last */
    int64_t now_us;        /* a virtual clock's */
    int64_t begin;         /* the log's first place; moments due by then are history */
    int64_t last_place;    /* that was given away or may not be given any more */
    int64_t log_place;     /* of the log's last record */
    int64_t saved_place;   /* the same of the newest checkpoint */
    uint64_t saved_events; /* that a checkpoint had seen when this process began */
    uint64_t log_id;
    int64_t reached;       /* what is due by then was met */
    mw_recovery *recovery; /* NULL: it is over */
    bool is_ready;
    bool is_recovering;    /* due moments pass: they are in the log */
    mw_error note;         /* why no checkpoint is used; empty: one is, or there is none */
    mw_buf payload;
    mw_buf shown;          /* the record that was read last */
    mw_sequencer_stats stats;
    bool lacks_room;       /* the last commit found the disk full */
    mw_status broken;      /* the first failure after which memory and log have parted */
    mw_error broken_error;
};

/* Feeds the next event of the lake or meets the next due moment, if it comes by `place`. */
MW_MUST_USE mw_status mw_sequencer_step(mw_sequencer *sequencer, int64_t place, bool *out_moved,
                                        mw_error *err);
/* Hands an event with its final place to the deciders. */
MW_MUST_USE mw_status mw_sequencer_feed(mw_sequencer *sequencer, const mw_event *event,
                                        mw_error *err);
/* The version answers by the decider from now on, if the log can keep its predictions apart. */
MW_MUST_USE mw_status mw_sequencer_make_answer(mw_decider *decider, mw_champion *champion,
                                               mw_error *err);
/* Says in the log that the model's version answers from here on. */
MW_MUST_USE mw_status mw_sequencer_tell_champion(mw_sequencer *sequencer, size_t model,
                                                 mw_error *err);
/* Reads the receipts that still count from the log. */
MW_MUST_USE mw_status mw_sequencer_recover_receipts(mw_sequencer *sequencer, mw_error *err);
/* Appends a control record `{"kind": KIND}`, whose time is the clock's; mw_sequencer_promote
   writes those with more in them. */
MW_MUST_USE mw_status mw_sequencer_control(mw_sequencer *sequencer, const char *kind,
                                           mw_error *err);

/* Lists a prediction by its event, and where it is the first of a ranking, the ranking. */
MW_MUST_USE mw_status mw_sequencer_list(mw_sequencer *sequencer, const mw_prediction *prediction,
                                        int64_t stamp, mw_log_position position, mw_error *err);
/* What was learned from log and lake goes; roster and ledgers are to be begun. */
void mw_sequencer_unlearn(mw_sequencer *sequencer);
/* The i-th event that arrived while windows are filled; false if there are fewer. */
bool mw_sequencer_arrived(const mw_sequencer *sequencer, size_t index, mw_event *out_event,
                          int64_t *out_ingest);
MW_MUST_USE mw_status mw_sequencer_begin_lists(mw_sequencer *sequencer, mw_error *err);
/* The version that answers for the model from here on, by the log. */
void mw_sequencer_note_answering(mw_sequencer *sequencer, mw_str model, mw_str version);
/* Finds that version, or the champion of today where the log does not say or it cannot be had. */
MW_MUST_USE mw_status mw_sequencer_find_answering(mw_sequencer *sequencer, size_t model,
                                                  mw_error *err);
/* A decider that has seen nothing yet, with windows for the program of the champion. */
MW_MUST_USE mw_status mw_sequencer_create_decider(mw_sequencer *sequencer, size_t model,
                                                  const mw_champion *champion,
                                                  mw_decider **out_decider, mw_error *err);
