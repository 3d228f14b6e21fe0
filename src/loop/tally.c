#include "loop/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"

enum { MONTH_RESAMPLES = 100, DAY_RESAMPLES = 1000 };
#define OUTSIDE_SHARE 0.025 /* of resamples, at each end of an interval */

/* --- the calendar of a backtest --------------------------------------------------------- */

static int64_t local(const mw_tally_config *config, int64_t utc_us) {
    return utc_us + mw_zone_offset_us(config->zone, utc_us);
}

static int64_t day_number(const mw_tally_config *config, int64_t t) {
    int64_t us = local(config, t);
    return us / MW_DAY_US - (us % MW_DAY_US < 0);
}

static int64_t month_number(const mw_tally_config *config, int64_t t) {
    mw_civil civil = mw_civil_of(local(config, t));
    return (int64_t)civil.year * 12 + civil.month - 1;
}

void mw_tally_place(const mw_tally_config *config, int64_t t, mw_tape_moment *moment) {
    moment->t = t;
    moment->day = (int32_t)(day_number(config, t) - day_number(config, config->from));
    moment->month = (int32_t)(month_number(config, t) - month_number(config, config->from));
}

static size_t day_count(const mw_tally_config *config) {
    return (size_t)(day_number(config, config->to - 1) - day_number(config, config->from)) + 1;
}

static size_t month_count(const mw_tally_config *config) {
    return (size_t)(month_number(config, config->to - 1) - month_number(config, config->from)) + 1;
}

static void name_days(const mw_tally_config *config, mw_backtest_lane *lane) {
    int64_t first = day_number(config, config->from);
    for (size_t i = 0; i < lane->day_count; i++) {
        mw_civil day = mw_civil_of((first + (int64_t)i) * MW_DAY_US);
        (void)snprintf(lane->days[i].day, sizeof lane->days[i].day, "%04d-%02d-%02d", day.year,
                       day.month, day.day);
    }
}

static void name_months(const mw_tally_config *config, mw_backtest_lane *lane) {
    int64_t first = month_number(config, config->from);
    for (size_t i = 0; i < lane->month_count; i++) {
        int64_t month = first + (int64_t)i;
        (void)snprintf(lane->months[i].month, sizeof lane->months[i].month, "%04d-%02d",
                       (int)(month / 12), (int)(month % 12) + 1);
    }
}

/* --- one lane --------------------------------------------------------------------------- */

static double cost_of(mw_costs costs, bool decision, bool label) {
    if (decision == label) return 0;
    return label ? costs.miss : costs.false_alarm;
}

static void add_up(const mw_tally_config *config, const mw_lane *lane, mw_backtest_lane *out) {
    for (size_t i = 0; i < config->moment_count; i++) {
        const mw_tape_moment *moment = &config->moments[i];
        const mw_lane_answer *answer = &lane->answers[i];
        mw_backtest_month *month = &out->months[moment->month];
        mw_backtest_day *day = &out->days[moment->day];
        month->predictions++;
        month->decisions += answer->decision;
        day->predictions++;
        out->decisions += answer->decision;
        if (!moment->is_labelled) continue;
        double cost = cost_of(config->costs, answer->decision, moment->label);
        month->labelled++;
        day->labelled++;
        out->labelled++;
        month->cost += cost;
        day->cost += cost;
        out->cost += cost;
    }
}

typedef struct {
    double *scores;
    unsigned char *labels;
} scored_room;

enum { ALL_MONTHS = -1 };

/* ROC AUC of the labelled answers of a month. */
static mw_status measure(const mw_tally_config *config, const mw_lane *lane, scored_room room,
                         int32_t month, mw_estimate *out_roc_auc, mw_error *err) {
    mw_scored scored = {room.scores, room.labels, 0};
    for (size_t i = 0; i < config->moment_count; i++) {
        const mw_tape_moment *moment = &config->moments[i];
        if (!moment->is_labelled || (month != ALL_MONTHS && moment->month != month)) continue;
        room.scores[scored.count] = lane->answers[i].prediction;
        room.labels[scored.count++] = moment->label;
    }
    mw_bootstrap bootstrap = {month == ALL_MONTHS ? 0 : MONTH_RESAMPLES, config->seed};
    mw_metrics metrics;
    MW_TRY(mw_metrics_measure(scored, bootstrap, &metrics, err));
    *out_roc_auc = metrics.of[MW_METRIC_roc_auc];
    return MW_OK;
}

static mw_status measure_all(const mw_tally_config *config, const mw_lane *lane, scored_room room,
                             mw_backtest_lane *out, mw_error *err) {
    mw_estimate roc_auc;
    MW_TRY(measure(config, lane, room, ALL_MONTHS, &roc_auc, err));
    out->roc_auc = roc_auc.value;
    for (size_t i = 0; i < out->month_count; i++)
        MW_TRY(measure(config, lane, room, (int32_t)i, &out->months[i].roc_auc, err));
    return MW_OK;
}

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the result");
}

static mw_status make_room(const mw_tally_config *config, const mw_lane *lane, mw_arena *arena,
                           mw_backtest_lane *out, mw_error *err) {
    *out = (mw_backtest_lane){.policy = lane->config.policy,
                              .retrains = lane->event_counts[MW_LOOP_TRAINED],
                              .promotions = lane->event_counts[MW_LOOP_PROMOTED],
                              .refusals = lane->event_counts[MW_LOOP_REFUSED],
                              .alarms = lane->event_counts[MW_LOOP_ALARM],
                              .predictions = config->moment_count,
                              .month_count = month_count(config),
                              .day_count = day_count(config),
                              .log_count = lane->log_count};
    out->months = mw_arena_alloc(arena, out->month_count, sizeof *out->months);
    out->days = mw_arena_alloc(arena, out->day_count, sizeof *out->days);
    out->log = mw_arena_alloc(arena, out->log_count + 1, sizeof *out->log);
    if (!out->months || !out->days || !out->log) return no_memory(err);
    name_months(config, out);
    name_days(config, out);
    for (size_t i = 0; i < lane->log_count; i++) out->log[i] = lane->log[i];
    return MW_OK;
}

mw_status mw_tally_lane(const mw_tally_config *config, const mw_lane *lane, mw_arena *arena,
                        mw_backtest_lane *out_lane, mw_error *err) {
    mw_backtest_lane made;
    MW_TRY(make_room(config, lane, arena, &made, err));
    add_up(config, lane, &made);
    scored_room room = {mw_allocate((config->moment_count + 1) * sizeof *room.scores),
                        mw_allocate(config->moment_count + 1)};
    mw_status status = room.scores && room.labels ? MW_OK : no_memory(err);
    if (status == MW_OK) status = measure_all(config, lane, room, &made, err);
    mw_free(room.scores);
    mw_free(room.labels);
    if (status == MW_OK) *out_lane = made;
    return status;
}

/* --- beside the others ------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double excess_of(double cost, double best) {
    return best > 0 ? cost / best - 1 : NAN;
}

/* The excess of one draw of as many days as there are. */
static double draw_excess(const mw_backtest_lane *lane, const mw_backtest_lane *best,
                          uint64_t *prng) {
    double own_cost = 0, best_cost = 0;
    for (size_t i = 0; i < lane->day_count; i++) {
        uint64_t day = mw_prng_below(prng, lane->day_count);
        own_cost += lane->days[day].cost;
        best_cost += best->days[day].cost;
    }
    return excess_of(own_cost, best_cost);
}

/* The bounds of the draws; NaN if one of them had no cost to compare with. */
static void set_interval(mw_backtest_lane *lane, const mw_backtest_lane *best, uint64_t prng) {
    double draws[DAY_RESAMPLES];
    lane->excess_low = lane->excess_high = NAN;
    for (size_t i = 0; i < DAY_RESAMPLES; i++) {
        draws[i] = draw_excess(lane, best, &prng);
        if (isnan(draws[i])) return;
    }
    qsort(draws, DAY_RESAMPLES, sizeof *draws, compare_doubles);
    size_t outside = (size_t)(OUTSIDE_SHARE * DAY_RESAMPLES);
    lane->excess_low = draws[outside];
    lane->excess_high = draws[DAY_RESAMPLES - 1 - outside];
}

size_t mw_tally_compare(uint64_t seed, mw_backtest_lane *lanes, size_t lane_count) {
    size_t best = 0;
    for (size_t i = 1; i < lane_count; i++)
        if (lanes[i].cost < lanes[best].cost) best = i;
    for (size_t i = 0; i < lane_count; i++) {
        lanes[i].excess = excess_of(lanes[i].cost, lanes[best].cost);
        set_interval(&lanes[i], &lanes[best], seed);
    }
    return best;
}
