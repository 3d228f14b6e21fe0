#include "base/tick.h"

/* No clock has gone back by more, but where a place changed its date: there a tick is taken to
   be this much after the one before the change. */
#define CHANGE_US_MAX (3 * MW_HOUR_US)

/* The multiple of `span_us` at or below `us`. */
static int64_t floor_to(int64_t us, int64_t span_us) {
    int64_t rest = us % span_us;
    return us - rest - (rest < 0 ? span_us : 0);
}

static int64_t start_of_day(int64_t local_us, int32_t days_back) {
    return floor_to(local_us, MW_DAY_US) - days_back * MW_DAY_US;
}

static int64_t local_floor(mw_tick tick, int64_t local_us) {
    switch (tick.kind) {
    case MW_TICK_SPAN: return floor_to(local_us, tick.span_us);
    case MW_TICK_HOUR: return floor_to(local_us, MW_HOUR_US);
    case MW_TICK_DAY: return floor_to(local_us, MW_DAY_US);
    case MW_TICK_WEEK: return start_of_day(local_us, mw_civil_of(local_us).weekday - 1);
    case MW_TICK_MONTH: return start_of_day(local_us, mw_civil_of(local_us).day - 1);
    case MW_TICK_NONE: break;
    }
    return local_us;
}

int64_t mw_tick_reach_us(mw_tick tick) {
    switch (tick.kind) {
    case MW_TICK_NONE: return 0;
    case MW_TICK_SPAN: return tick.span_us + CHANGE_US_MAX;
    case MW_TICK_HOUR: return MW_HOUR_US + CHANGE_US_MAX;
    case MW_TICK_DAY: return MW_DAY_US + CHANGE_US_MAX;
    case MW_TICK_WEEK: return 7 * MW_DAY_US + CHANGE_US_MAX;
    case MW_TICK_MONTH: return 31 * MW_DAY_US + CHANGE_US_MAX;
    }
    return 0;
}

int64_t mw_tick_at_or_before(mw_tick tick, const mw_zone *zone, int64_t us) {
    if (tick.kind == MW_TICK_NONE || us < MW_TIME_MIN || us > MW_TIME_MAX) return us;
    int64_t offset_us = mw_zone_offset_us(zone, us);
    int64_t local_us = local_floor(tick, us + offset_us);
    int64_t tick_us = local_us - offset_us;
    if (mw_zone_offset_us(zone, tick_us) == offset_us) return tick_us;

    (void)mw_zone_to_utc(zone, local_us, &tick_us);
    if (tick_us > us) return local_us - offset_us; /* one that the clocks skipped just now */
    int64_t least_us = us - mw_tick_reach_us(tick);
    return tick_us < least_us ? least_us : tick_us;
}
