/*
 * log_tail: what the log says to who reads the lake: the events that are not in the lake yet, and
 * the facts by which an ingest is placed and data are named.
 *
 * Events of streams that the program does not know cannot matter to it; the digest has them all
 * the same. The whole log is read.
 */
#pragma once
#include "ingest/log_digest.h"
#include "store/state.h"

typedef struct {
    mw_state *state;
    const mw_program *program;
    mw_symbols *symbols;
    const mw_lake_snapshot *lake; /* the tail is what is behind its `log_through` */
    int64_t through;              /* and not behind this place */
    mw_log_position end;          /* nor this: mw_log_tail_end of before the lake was looked at */
} mw_log_tail;

/* As of `through`. */
typedef struct {
    bool is_virtual;
    int64_t now;             /* where a virtual clock stands */
    int64_t last_place;      /* of all records; INT64_MIN: it is empty */
    int64_t last_event;      /* of the events that are not in the lake; INT64_MIN: there is none */
    int64_t first_foreign;   /* of these, of a stream that the program does not know; INT64_MAX */
    int64_t last_prediction; /* the stamp of the last one; INT64_MIN: there is none */
    mw_log_digest digest;    /* of all its events */
} mw_log_facts;

/* MW_CORRUPT if the log was cut (store/saved_log.h): for who is about to read it by other ways than
   mw_log_tail_read. It may read one of its files. */
MW_MUST_USE mw_status mw_log_tail_check(mw_state *state, mw_error *err);
/* Where it ends; nothing is read of it, nor checked. */
MW_MUST_USE mw_status mw_log_tail_end(mw_state *state, mw_log_position *out_end, mw_error *err);
/* Adds the events, unsorted. MW_CORRUPT: it was cut, too. MW_CONFLICT if the project file gives
   their streams other fields. */
MW_MUST_USE mw_status mw_log_tail_read(mw_log_tail tail, mw_events *out_events,
                                       mw_log_facts *out_facts, mw_error *err);
