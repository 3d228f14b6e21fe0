#include "cli/monitor_weeks.h"

#include <math.h>
#include <stdio.h>

enum { WEEK_DAYS = 7, RESAMPLES = 100, SEED = 1 };

static mw_civil local_day(const mw_zone *zone, int64_t now, int32_t days_ago) {
    mw_civil civil = mw_civil_of(now + mw_zone_offset_us(zone, now));
    mw_civil day = {.year = civil.year, .month = civil.month, .day = civil.day - days_ago};
    return mw_civil_of(mw_civil_to_us(day));
}

/* The midnight that ends the day; today has not ended yet. */
static int64_t end_of_day(const mw_zone *zone, int64_t now, int32_t days_ago) {
    int64_t midnight = now;
    if (days_ago > 0)
        (void)mw_zone_to_utc(zone, mw_civil_to_us(local_day(zone, now, days_ago - 1)), &midnight);
    return midnight;
}

/* Outcomes [first, first + count) matured in the week. */
static mw_status measure(const mw_outcomes *outcomes, size_t first, size_t count,
                         mw_monitor_week *week, mw_error *err) {
    size_t positives = 0;
    double sum = 0;
    mw_arena arena;
    mw_arena_init(&arena, (size_t)1 << 34);
    double *scores = mw_arena_alloc(&arena, count + 1, sizeof *scores);
    unsigned char *labels = mw_arena_alloc(&arena, count + 1, 1);
    mw_status status = MW_OK;
    if (!scores || !labels) status = mw_fail(err, MW_NO_MEMORY, "monitor: no memory for a week");
    for (size_t i = 0; status == MW_OK && i < count; i++) {
        scores[i] = outcomes->items[first + i].prediction;
        labels[i] = outcomes->items[first + i].label;
        sum += scores[i];
        positives += labels[i];
    }
    bool is_small = count < MW_QUALITY_OUTCOMES_MIN || positives < MW_QUALITY_CLASS_MIN ||
                    count - positives < MW_QUALITY_CLASS_MIN;
    if (status == MW_OK && !is_small) {
        mw_metrics metrics;
        status = mw_metrics_measure((mw_scored){scores, labels, count},
                                    (mw_bootstrap){RESAMPLES, SEED}, &metrics, err);
        if (status == MW_OK) week->roc_auc = metrics.of[MW_METRIC_roc_auc];
        week->expected = sum / (double)count;
        week->happened = (double)positives / (double)count;
    }
    mw_arena_release(&arena);
    return status;
}

mw_status mw_monitor_weeks(const mw_watch *watch, const mw_zone *zone,
                           mw_monitor_week out_weeks[MW_WEEKS_SHOWN], mw_error *err) {
    const mw_outcomes *outcomes = mw_loop_outcomes(mw_watch_loop(watch));
    int64_t now = mw_follower_now(mw_watch_follower(watch));
    for (int32_t i = 0; i < MW_WEEKS_SHOWN; i++) {
        int32_t days_ago = MW_WEEKS_SHOWN - 1 - i;
        int64_t end = end_of_day(zone, now, days_ago);
        size_t first = mw_outcomes_since(outcomes, end - WEEK_DAYS * MW_DAY_US);
        size_t count = (days_ago > 0 ? mw_outcomes_since(outcomes, end) : outcomes->count) - first;
        mw_civil day = local_day(zone, now, days_ago);
        mw_monitor_week *week = &out_weeks[i];
        *week = (mw_monitor_week){.outcome_count = count,
                                  .roc_auc = {NAN, NAN, NAN},
                                  .expected = NAN,
                                  .happened = NAN};
        snprintf(week->day, sizeof week->day, "%04d-%02d-%02d", day.year % 10000, day.month % 100,
                 day.day % 100);
        MW_TRY(measure(outcomes, first, count, week, err));
    }
    return MW_OK;
}

mw_status mw_monitor_drift_weeks(const mw_watch *watch, size_t column,
                                 double out_drifts[MW_WEEKS_SHOWN], mw_error *err) {
    const mw_drift_watch *drift = mw_loop_drift(mw_watch_loop(watch));
    for (size_t i = 0; i < MW_WEEKS_SHOWN; i++)
        MW_TRY(
            mw_drift_watch_week(drift, column, MW_WEEKS_SHOWN - 1 - i, &out_drifts[i], err));
    return MW_OK;
}
