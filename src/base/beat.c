#include "base/beat.h"

/* No zone is further from UTC than this. */
enum { DAYS_SLACK = 2 };
#define MONDAY INT64_C(4) /* 1970-01-05, in days since 1970-01-01 */

mw_status mw_beat_check(mw_beat beat, mw_error *err) {
    bool is_weeks = beat.span_us % (7 * MW_DAY_US) == 0;
    if (beat.span_us <= 0 || (MW_DAY_US % beat.span_us != 0 && beat.span_us % MW_DAY_US != 0))
        return mw_fail(err, MW_INVALID, "a schedule's span must divide a day, or be whole days");
    if (beat.span_us > 366 * 10 * MW_DAY_US)
        return mw_fail(err, MW_INVALID, "a schedule's span must be at most 3660d");
    if (beat.weekday != 0 && !is_weeks)
        return mw_fail(err, MW_INVALID, "a schedule on a weekday must be every 7d, or 14d ...");
    if (beat.clock_us != 0 && beat.span_us % MW_DAY_US != 0)
        return mw_fail(err, MW_INVALID, "a schedule at a time of day must be every 1d, or 2d ...");
    MW_ASSERT(beat.clock_us >= 0 && beat.clock_us < MW_DAY_US && beat.weekday <= 7);
    return MW_OK;
}

/* The multiple of `step` plus `start` at or below `value`. */
static int64_t floor_to(int64_t value, int64_t start, int64_t step) {
    int64_t rest = (value - start) % step;
    return value - rest - (rest < 0 ? step : 0);
}

static int64_t utc_of(const mw_zone *zone, int64_t local_us) {
    int64_t us = local_us;
    (void)mw_zone_to_utc(zone, local_us, &us);
    return us;
}

int64_t mw_beat_local_us(mw_beat beat) {
    MW_ASSERT(beat.span_us % MW_DAY_US == 0);
    bool is_weeks = beat.span_us % (7 * MW_DAY_US) == 0;
    int64_t day = is_weeks ? MONDAY + (beat.weekday > 0 ? beat.weekday - 1 : 0) : 0;
    return day * MW_DAY_US + beat.clock_us;
}

static int64_t after_in_days(mw_beat beat, const mw_zone *zone, int64_t today, int64_t us) {
    int64_t local_us = floor_to((today - DAYS_SLACK) * MW_DAY_US + beat.clock_us,
                                mw_beat_local_us(beat), beat.span_us);
    for (;; local_us += beat.span_us) {
        int64_t at = utc_of(zone, local_us);
        if (at > us) return at;
    }
}

static int64_t after_within_days(mw_beat beat, const mw_zone *zone, int64_t today, int64_t us) {
    for (int64_t day = today - DAYS_SLACK;; day++) {
        int64_t midnight = utc_of(zone, day * MW_DAY_US);
        int64_t next = utc_of(zone, (day + 1) * MW_DAY_US);
        if (us < midnight) return midnight;
        int64_t at = floor_to(us, midnight, beat.span_us) + beat.span_us;
        if (at < next) return at;
    }
}

int64_t mw_beat_after(mw_beat beat, const mw_zone *zone, int64_t us) {
    if (us < MW_TIME_MIN) us = MW_TIME_MIN;
    if (us > MW_TIME_MAX - MW_DAY_US - beat.span_us) return INT64_MAX;
    int64_t today = floor_to(us + mw_zone_offset_us(zone, us), 0, MW_DAY_US) / MW_DAY_US;
    return beat.span_us < MW_DAY_US ? after_within_days(beat, zone, today, us)
                                    : after_in_days(beat, zone, today, us);
}
