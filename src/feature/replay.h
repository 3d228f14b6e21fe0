/*
 * replay: walks events in the order of their places and stops at each moment and each label.
 *
 * The one way to make training examples, and what the backtest walks: events are applied to
 * the engine, moments fall due before anything at or after their place is applied (rule 4),
 * labels at their maturity. Pull-style: the caller asks for the next step and may do what it
 * likes between two. Stretches of turns are worked off at a time, by a crew if one is lent, turn
 * by turn where a model needs that (feature/block.h); the bits are the same.
 */
#pragma once
#include "base/crew.h"
#include "feature/agenda.h"

typedef struct mw_replay mw_replay;

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_events *events; /* sorted; outlives the replay */
    mw_event_parts *parts;   /* in place of these, likewise; else NULL */
    mw_symbols *symbols;
    int64_t from, to;        /* moments with from <= t < to are reported */
    int64_t now;             /* labels that mature after this are not reported; INT64_MAX: all */
    bool with_label;
    size_t stretch_max;      /* how many turns are worked off at a time; 0: as many as do well, 1:
                                turn by turn, the plain way that tests compare with */
    mw_crew crew;            /* shares the work; zeroed: the caller alone */
    mw_engine_memory memory; /* the engine's */
} mw_replay_config;

typedef struct {
    mw_due_kind kind;
    int64_t place;           /* when it happens */
    mw_moment moment;
    uint64_t number;         /* counts the reported moments from 0; a label bears its moment's */
    const mw_cell *features; /* of the moment, for both kinds; valid until the next step */
    mw_label label;          /* MW_DUE_LABEL only */
} mw_step;

MW_MUST_USE mw_status mw_replay_create(mw_replay_config config, mw_replay **out_replay,
                                       mw_error *err);
void mw_replay_destroy(mw_replay *replay);
/* The next step; `*out_step` is untouched and `*out_done` true at the end. */
MW_MUST_USE mw_status mw_replay_next(mw_replay *replay, mw_step *out_step, bool *out_done,
                                     mw_error *err);
const mw_engine *mw_replay_engine(const mw_replay *replay);
/* Features that are missing since an expression overflowed (rule 12), once all is done. */
uint64_t mw_replay_overflowed(const mw_replay *replay);
uint64_t mw_replay_refused_moments(const mw_replay *replay); /* too late for a moment (rule 5) */
