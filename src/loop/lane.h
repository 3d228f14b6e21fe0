/*
 * lane: one policy's way through a backtest: its loop, its answers and its log.
 *
 * It plays the tape at its own pace: a training keeps nobody waiting but itself. Moments are
 * answered by its champion of that time; an answer stands under its moment's number on the tape.
 *
 * A lane owns its memory; what it hands to the result is copied to an arena. One thread.
 */
#pragma once
#include "loop/tape.h"

typedef struct {
    double prediction;
    bool decision;
} mw_lane_answer;

typedef struct {
    void *context;
    mw_status (*train)(void *context, int64_t now, mw_loop_training *out_training, mw_error *err);
    /* Told the place that it has come to, now and then; may be NULL. */
    void (*progress)(void *context, int64_t place);
} mw_lane_hooks;

typedef struct {
    const mw_backtest_config *backtest;
    const mw_tape *tape;
    mw_policy policy;
    mw_str champion; /* bytes of the version that it begins with */
    mw_arena *arena; /* the result's: keeps the log's texts */
    mw_lane_hooks hooks;
} mw_lane_config;

typedef struct {
    mw_lane_config config;
    mw_loop *loop;
    mw_freshness *freshness;
    size_t arrived_count;    /* of the tape's events */
    mw_lane_answer *answers; /* one a moment of the tape */
    mw_backtest_entry *log;
    size_t log_count, log_capacity;
    size_t event_counts[MW_LOOP_EVENT_COUNT];
} mw_lane;

/* The lane must not move afterwards: its loop's hooks point at it. Release it after a failure
   too. */
MW_MUST_USE mw_status mw_lane_init(mw_lane *lane, mw_lane_config config, mw_error *err);
MW_MUST_USE mw_status mw_lane_play(mw_lane *lane, mw_error *err);
void mw_lane_release(mw_lane *lane);
