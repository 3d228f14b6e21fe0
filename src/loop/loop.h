/*
 * loop: the life of one model after its first version: watch, retrain, judge, promote.
 *
 * It hears what was predicted and what came of it, and at each local midnight that `advance`
 * passes it takes stock: drift, quality, alerts; then, if the policy says so, a training, the gate
 * and a promotion. Between midnights it looks at the model's vitals (monitor/vitals.h), every ten
 * minutes. Production calls it by the wall clock, the backtest by a virtual one, and
 * that is the whole difference: it never looks at a clock, and what it sets off goes through
 * the hooks of whoever drives it.
 *
 * After a restart the driver tells it the predictions and outcomes of the last 30 days again. One
 * thread drives a loop.
 */
#pragma once
#include "decide/scorer.h"
#include "loop/policy.h"
#include "monitor/alert.h"
#include "monitor/drift_watch.h"
#include "monitor/quality.h"
#include "monitor/vitals.h"
#include "train/examples.h"

enum { MW_QUALITY_DAYS = 30 }; /* outcomes of so many days are measured together */
#define MW_LOOK_EVERY_US (10 * MW_MINUTE_US)

/* name, word, what happened */
#define MW_LOOP_EVENT_MAP(X)      \
    X(TRAINED, "trained")         \
    X(PROMOTED, "promoted")       \
    X(REFUSED, "refused")         \
    X(ALARM, "alarm")             \
    X(CALM, "calm")

typedef enum {
#define X(name, word) MW_LOOP_##name,
    MW_LOOP_EVENT_MAP(X)
#undef X
    MW_LOOP_EVENT_COUNT,
} mw_loop_event_kind;

const char *mw_loop_event_word(mw_loop_event_kind kind);

/* Its texts are valid until the hook returns. */
typedef struct {
    int64_t time;
    mw_loop_event_kind kind;
    mw_str version; /* that it is about */
    mw_str text;
} mw_loop_event;

/* What a training gives. All stays valid until the next training. */
typedef struct {
    bool is_put_off; /* there was none, and it stays due: the next midnight asks again */
    mw_str version_bytes;
    const mw_examples *examples; /* for the gate: those that had matured */
    size_t example_count;
    const mw_examples *champion_examples; /* NULL unless the champion has another program */
    mw_costs costs;              /* what mistakes cost by the version's program */
} mw_loop_training;

typedef struct {
    void *context;
    mw_status (*train)(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err);
    /* Told of everything that happens, in order. */
    mw_status (*record)(void *context, const mw_loop_event *event, mw_error *err);
} mw_loop_hooks;

/* What the driver sees and the loop cannot: it fills in all but the champion's age. */
typedef struct {
    void *context;
    void (*see)(void *context, int64_t now, mw_vital_signs *signs); /* may be NULL */
    const mw_freshness *freshness; /* of what has arrived by then */
    const mw_program *program;     /* whose streams these are; NULL: none is watched */
    const mw_model_program *model_program;
} mw_loop_sight;

typedef struct {
    const mw_zone *zone;
    const mw_project_model *model; /* its costs, its `when` and its gate */
    const mw_schema *segments;     /* the columns to slice by */
    mw_policy policy;
    mw_symbols *symbols;
    mw_loop_hooks hooks;
    mw_loop_sight sight;
} mw_loop_config;

typedef struct mw_loop mw_loop;

/* The version that answers from `now` on was trained at `trained`. What the config points to
   outlives the loop; the bytes need not. */
MW_MUST_USE mw_status mw_loop_create(mw_loop_config config, mw_str champion, int64_t trained,
                                     int64_t now, mw_loop **out_loop, mw_error *err);
void mw_loop_destroy(mw_loop *loop);

/* A prediction that was made, and from what. Times never go back. */
MW_MUST_USE mw_status mw_loop_predicted(mw_loop *loop, int64_t time, const mw_cell *features,
                                        double prediction, mw_error *err);
/* What came of one. */
MW_MUST_USE mw_status mw_loop_matured(mw_loop *loop, mw_outcome outcome, const mw_cell *segments,
                                      mw_error *err);
/* Looks at the vitals, and takes stock at each local midnight, up to `now`. Once a version of
   another program was promoted the loop is over: nothing counts any more. */
MW_MUST_USE mw_status mw_loop_advance(mw_loop *loop, int64_t now, mw_error *err);
/* Another version answers than the loop's champion: nothing counts any more. For a driver that
   finds so as it is told of a promotion, which then is none. */
void mw_loop_end(mw_loop *loop);
/* From now on this policy retrains it, the last training being that of `trained`: for a driver that
   came back, and has told the loop what it knew, under a policy without consequences. */
void mw_loop_resume(mw_loop *loop, mw_policy policy, int64_t trained);
/* Looks at the vitals now, whatever the time. */
MW_MUST_USE mw_status mw_loop_look(mw_loop *loop, int64_t now, mw_error *err);
/* Measures quality and drift as of now, without consequences. */
MW_MUST_USE mw_status mw_loop_measure(mw_loop *loop, int64_t now, mw_error *err);

/* What a rule of `when` speaks of, as it was measured last. */
typedef struct {
    double value; /* NaN: it could not be */
    bool holds;
    mw_str where; /* the feature that drifted most, or the segment; may be empty */
} mw_loop_reading;
mw_loop_reading mw_loop_read(const mw_loop *loop, const mw_rule *rule);

bool mw_loop_is_over(const mw_loop *loop);
/* The version that answers; another one after an advance, perhaps. */
mw_scorer *mw_loop_champion(mw_loop *loop);
int64_t mw_loop_next_check(const mw_loop *loop); /* the midnight that it waits for */
int64_t mw_loop_next_look(const mw_loop *loop);  /* likewise, or what comes before that */
/* Those of `when` in its order, then the vitals. */
size_t mw_loop_alert_count(const mw_loop *loop);
const mw_alert *mw_loop_alert(const mw_loop *loop, size_t index);
/* As of the last midnight or measuring. */
mw_quality mw_loop_quality(const mw_loop *loop);
const mw_drift_watch *mw_loop_drift(const mw_loop *loop);
const mw_outcomes *mw_loop_outcomes(const mw_loop *loop);
mw_costs mw_model_costs(const mw_project_model *model); /* 1 and 1 unless it says so */
