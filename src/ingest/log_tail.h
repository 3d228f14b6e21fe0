/*
 * log_tail: what the log says to who reads the lake: the events that are not in the lake yet, and
 * the facts by which an ingest is placed.
 * The whole log is read for it.
 */
#pragma once
#include "lang/program.h"
#include "store/state.h"

typedef struct {
    mw_state *state;
    const mw_program *program;
    mw_symbols *symbols;
    int64_t after, through; /* events placed after the one and not after the other */
} mw_log_tail;

typedef struct {
    bool is_virtual;
    int64_t now;             /* where a virtual clock stands */
    int64_t last_place;      /* of all its records up to `through`; INT64_MIN: it is empty */
    int64_t last_prediction; /* the stamp of the last one; INT64_MIN: there is none */
} mw_log_facts;

/* Adds the events, unsorted. MW_CONFLICT if the project file gives their streams other fields. */
MW_MUST_USE mw_status mw_log_tail_read(mw_log_tail tail, mw_events *out_events,
                                       mw_log_facts *out_facts, mw_error *err);
