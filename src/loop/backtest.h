/*
 * backtest: production replayed: what each retraining policy would have done, and cost.
 *
 * One pass over the events by the virtual clock records what falls due (loop/tape.h). Each policy
 * then lives through it in a lane and a thread of its own: a loop (loop/loop.h) with its champion,
 * alerts and promotions. Moments are predicted when they fall due, and labels count when they
 * mature. What is trained from the same examples is trained once. The first champion learns from
 * what had matured before the first day. Nothing is written anywhere.
 *
 * The same events, policies and seed give the same result to the bit, with any number of threads; a
 * policy's does not depend on those beside it, but for the comparison of their costs.
 */
#pragma once
#include "feature/course.h"
#include "loop/loop.h"
#include "train/trainer.h"

enum { MW_BACKTEST_LANES_MAX = 16 };

/* Trains in mw_train's place: for tests. The bytes and all else live in `arena`. */
typedef mw_status (*mw_backtest_train)(void *context, const mw_examples *examples, size_t count,
                                       mw_arena *arena, mw_trained *out_trained, mw_error *err);

typedef struct {
    mw_sys *sys;
    const mw_program *program;
    const mw_model_program *model;
    const mw_project_model *project_model;
    const mw_events *events; /* sorted */
    mw_symbols *symbols;
    mw_engine_memory memory; /* of the windows */
    mw_train_origin origin;
    int64_t from, to;        /* local midnights: moments with from <= t < to are predicted */
    const mw_policy *policies;
    size_t policy_count;
    int32_t seed, thread_count;
    mw_backtest_train train; /* NULL: mw_train */
    void (*progress)(void *context, int64_t place); /* may be NULL */
    void *context;           /* of both */
} mw_backtest_config;

typedef struct {
    char month[16]; /* "2013-02" */
    size_t predictions, labelled, decisions;
    double cost;
    mw_estimate roc_auc;
} mw_backtest_month;

typedef struct {
    char day[16]; /* "2013-02-01" */
    size_t predictions, labelled;
    double cost;
} mw_backtest_day;

typedef struct {
    int64_t time;
    mw_loop_event_kind kind;
    mw_str version, text;
} mw_backtest_entry;

typedef struct {
    mw_policy policy;
    size_t retrains, promotions, refusals, alarms;
    size_t predictions, labelled, decisions; /* decisions of yes */
    double cost;    /* of the labelled ones */
    double roc_auc; /* likewise */
    double excess, excess_low, excess_high; /* cost / that of the cheapest policy - 1 */
    mw_backtest_month *months;
    size_t month_count;
    mw_backtest_day *days;
    size_t day_count;
    mw_backtest_entry *log;
    size_t log_count;
} mw_backtest_lane;

typedef struct {
    mw_backtest_lane *lanes;
    size_t lane_count;
    size_t best;             /* the cheapest */
    mw_str first_version;    /* that all began with */
    size_t trainings;        /* versions that were really trained */
    int64_t data_end;        /* place of the last event */
    size_t open;             /* predictions whose label matures after it */
    uint64_t refused_moments;
    int64_t learner_cpu_us;
} mw_backtest_result;

/* The result lives in `arena`. MW_INVALID if nothing could be learned before `from`, or nothing is
   to be predicted. */
MW_MUST_USE mw_status mw_backtest_run(const mw_backtest_config *config, mw_arena *arena,
                                      mw_backtest_result *out_result, mw_error *err);
