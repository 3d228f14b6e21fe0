/*
 * lane: one policy's way through a backtest: its loop, its answers and its log.
 *
 * The moments, which all lanes share, are numbered; an answer stands under its moment's number.
 * A lane owns its memory; what it hands to the result is copied to an arena.
 */
#pragma once
#include "loop/backtest.h"

/* A predicted moment, and what came of it. */
typedef struct {
    uint64_t number;    /* by the course's count */
    int64_t t;
    int32_t day, month; /* of t by the zone's calendar, from the first ones of the backtest */
    bool is_labelled, label;
} mw_lane_moment;

typedef struct {
    double prediction;
    bool decision;
} mw_lane_answer;

typedef mw_status (*mw_lane_train)(void *context, int64_t now, mw_loop_training *out_training,
                                   mw_error *err);

typedef struct {
    mw_policy policy;
    mw_loop *loop;
    mw_lane_answer *answers;
    size_t answer_count, answer_capacity;
    mw_backtest_entry *log;
    size_t log_count, log_capacity;
    size_t event_counts[MW_LOOP_EVENT_COUNT];
    mw_arena *arena; /* the result's: keeps the log's texts */
    mw_lane_train train;
    void *context;   /* of `train` */
} mw_lane;

/* What all lanes begin with. */
typedef struct {
    const mw_backtest_config *backtest;
    const mw_schema *segments;
    mw_str champion; /* bytes */
    const mw_freshness *freshness;
    mw_arena *arena;
    mw_lane_train train;
    void *context;
} mw_lane_config;

/* The lane must not move afterwards: its loop's hooks point at it. */
MW_MUST_USE mw_status mw_lane_init(mw_lane *lane, const mw_lane_config *config, mw_policy policy,
                                   mw_error *err);
/* Predicts the next moment. */
MW_MUST_USE mw_status mw_lane_answer_moment(mw_lane *lane, const mw_step *step,
                                            mw_score score, mw_error *err);
/* The label of moment `number` has matured as the last of the examples. */
MW_MUST_USE mw_status mw_lane_mature(mw_lane *lane, size_t number, const mw_examples *examples,
                                     mw_error *err);
void mw_lane_release(mw_lane *lane);
