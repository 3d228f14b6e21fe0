/*
 * walk: a sorted log's events, the moments that they make and the labels of these, in the order in
 * which they happen.
 *
 * A moment falls due before anything at or after its place (rule 4), a label at its maturity. What
 * follows from a turn is the caller's to work out: the walk knows no window. Turns follow from the
 * events and from the labels that it was told to expect alone, so they can be had long before
 * anybody works on them.
 */
#pragma once
#include "feature/agenda.h"
#include "feature/backlog.h"
#include "feature/replay.h"

typedef enum {
    MW_TURN_EVENT,
    MW_TURN_MOMENT,
    MW_TURN_LABEL,
} mw_turn_kind;

typedef struct {
    mw_turn_kind kind;
    int64_t place;     /* when it happens */
    uint64_t number;   /* of a label: what it was expected under */
    mw_event event;    /* of an event */
    mw_moment moment;  /* of the others; its row is valid until the next turn */
} mw_turn;

typedef struct {
    mw_replay_config config;
    mw_agenda *agenda;
    mw_backlog labels; /* that fall due one after the other, as most do; others: the agenda's */
    bool has_taken; /* the first of these was the last turn, and stands until the next */
    int64_t last_due;  /* of the last in line, if there is one */
    const mw_events *events; /* all, or the part that is walked; NULL: none has come yet */
    bool is_last;            /* no other part comes */
    size_t announced; /* events [0, announced) have told their moments */
    size_t applied;   /* and [0, applied) have had their turn; never more */
    uint64_t refused_moments;
} mw_walk;

/* What the labels in line may take, and the features that wait for them as much: an eighth of what
   an engine that spills may. */
mw_backlog_memory mw_walk_waiting_memory(mw_engine_memory memory);
MW_MUST_USE mw_status mw_walk_init(mw_walk *walk, mw_replay_config config, mw_error *err);
void mw_walk_release(mw_walk *walk);
/* The next turn; `*out_turn` is untouched and `*out_done` true at the end. */
MW_MUST_USE mw_status mw_walk_next(mw_walk *walk, mw_turn *out_turn, bool *out_done,
                                   mw_error *err);
/* For those who take a moment and the event that makes it in one: takes turns as long as they are
   such pairs, of which nothing else happens at their places, and no more than `max`. Their labels
   are expected afterwards. Gives how many; their rows are the events'. */
size_t mw_walk_pairs(mw_walk *walk, mw_moment *out_moments, size_t max);
/* Whether the label of a moment will be asked for. */
bool mw_walk_wants_label(const mw_walk *walk, const mw_moment *moment);
/* Expects the label of the moment that was the last turn, or one of the last pairs, in order.
   Numbers grow. */
MW_MUST_USE mw_status mw_walk_expect(mw_walk *walk, const mw_moment *moment, uint64_t number,
                                     mw_error *err);
