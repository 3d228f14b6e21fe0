#include "base/tick.h"

enum {
    MONTH_DAYS_MIN = 28,
    MONTH_DAYS_MAX = 31,
    MONTHS_A_YEAR = 12,
    MONTHS_MAX = 1000 * MONTHS_A_YEAR, /* of a span */
    LEAP_CYCLE_YEARS = 400,
};

#define MEAN_MONTH_US (INT64_C(146097) * MW_DAY_US / (400 * 12)) /* of the calendar's cycle */

/* Weeks begin on Mondays: this is one. */
#define MONDAY_US (-3 * MW_DAY_US)

/* The multiple of `span_us` at or below `us`. */
static int64_t floor_to(int64_t us, int64_t span_us) {
    int64_t rest = us % span_us;
    return us - rest - (rest < 0 ? span_us : 0);
}

static bool is_even(mw_tick tick) {
    return tick.kind == MW_TICK_SPAN && tick.span_us <= MW_HOUR_US;
}

bool mw_tick_takes_span(int64_t span_us) {
    if (span_us <= 0) return false;
    if (span_us <= MW_HOUR_US) return MW_HOUR_US % span_us == 0;
    return MW_DAY_US % span_us == 0 || span_us % MW_DAY_US == 0;
}

/* ---- On the face of the clock ---- */

static int64_t local_floor(mw_tick tick, int64_t local_us) {
    if (tick.kind == MW_TICK_SPAN)
        return floor_to(local_us - MONDAY_US, tick.span_us) + MONDAY_US;
    mw_civil civil = mw_civil_of(local_us);
    return mw_civil_to_us((mw_civil){.year = civil.year, .month = civil.month, .day = 1});
}

static int64_t local_step(mw_tick tick, int64_t local_us, int64_t steps) {
    if (tick.kind == MW_TICK_SPAN) return local_us + steps * tick.span_us;
    mw_civil civil = mw_civil_of(local_us);
    int64_t month = civil.year * (int64_t)MONTHS_A_YEAR + civil.month - 1 + steps;
    int64_t year = floor_to(month, MONTHS_A_YEAR) / MONTHS_A_YEAR;
    return mw_civil_to_us((mw_civil){.year = (int32_t)year,
                                     .month = (int32_t)(month - year * MONTHS_A_YEAR) + 1,
                                     .day = 1});
}

/* ---- On the line of time ---- */

/* When the clocks show it first, or, if they skip it, when they have. Before and behind all times
   any will do that is there, and the same each time. */
static int64_t first_shown(const mw_zone *zone, int64_t local_us) {
    int64_t us;
    if (local_us < MW_TIME_MIN - MW_LOCAL_SLACK_US || local_us > MW_TIME_MAX + MW_LOCAL_SLACK_US)
        return local_us;
    bool is_skipped = mw_zone_to_utc(zone, local_us, &us) == MW_LOCAL_ABSENT;
    return is_skipped && mw_time_is_in_range(us) ? mw_zone_last_change_us(zone, us) : us;
}

/* The tick at or before, of those that come in even steps while the clocks do not change. */
static int64_t even_tick(mw_tick tick, const mw_zone *zone, int64_t us) {
    for (;;) {
        int64_t offset_us = mw_zone_offset_us(zone, us);
        int64_t local_us = floor_to(us + offset_us, tick.span_us);
        int64_t change_us = mw_zone_last_change_us(zone, us);
        if (local_us - offset_us >= change_us || change_us == MW_TIME_MIN)
            return local_us - offset_us;
        int64_t before_us = change_us - 1;
        if (local_us > before_us + mw_zone_offset_us(zone, before_us)) return change_us;
        us = before_us;
    }
}

/* What the clock showed at the last of the other ticks. Where clocks go back over one, that one
   has been for all that. */
static int64_t last_shown(mw_tick tick, const mw_zone *zone, int64_t us) {
    int64_t local_us = local_floor(tick, us + mw_zone_offset_us(zone, us));
    for (;;) {
        int64_t next_us = local_step(tick, local_us, 1);
        if (first_shown(zone, next_us) > us) return local_us;
        local_us = next_us;
    }
}

int64_t mw_tick_step(mw_tick tick, const mw_zone *zone, int64_t us, int64_t steps) {
    if (tick.kind == MW_TICK_NONE) return us + steps;
    int64_t span_us = tick.kind == MW_TICK_MONTH ? MONTH_DAYS_MAX * MW_DAY_US : tick.span_us;
    if (!mw_time_is_in_range(us)) return us + steps * span_us;
    if (is_even(tick)) {
        int64_t last_us = even_tick(tick, zone, us);
        return steps == 0 ? last_us : even_tick(tick, zone, last_us + steps * span_us);
    }
    return first_shown(zone, local_step(tick, last_shown(tick, zone, us), steps));
}

int64_t mw_tick_at_or_after(mw_tick tick, const mw_zone *zone, int64_t us) {
    int64_t tick_us = mw_tick_step(tick, zone, us, 0);
    for (int64_t steps = 1; tick_us < us; steps++) tick_us = mw_tick_step(tick, zone, us, steps);
    return tick_us;
}

mw_tick_reach mw_tick_reach_of(mw_tick tick, const mw_zone *zone, int64_t steps) {
    if (tick.kind == MW_TICK_NONE) return (mw_tick_reach){steps, steps};
    int64_t spread_us = mw_zone_spread_us(zone);
    int64_t step_us = tick.span_us, longest_us = tick.span_us, back_us = tick.span_us;
    if (tick.kind == MW_TICK_MONTH) {
        step_us = (steps < 0 ? MONTH_DAYS_MIN : MONTH_DAYS_MAX) * MW_DAY_US;
        longest_us = (steps < 0 ? MONTH_DAYS_MAX : MONTH_DAYS_MIN) * MW_DAY_US;
        back_us = MONTH_DAYS_MAX * MW_DAY_US;
    }
    if (is_even(tick)) { /* where the clocks change by half an hour, it moves back twice */
        if (spread_us == 0) return (mw_tick_reach){steps * step_us - back_us, steps * step_us};
        back_us *= 2;
    }
    int64_t most_us = steps * step_us + spread_us;
    return (mw_tick_reach){steps * longest_us - back_us - 2 * spread_us,
                           steps <= 0 && most_us > 0 ? 0 : most_us};
}

/* ---- Spans as ticks ---- */

/* Whether some `months` months in a row have that many days. */
static bool have_days(int32_t months, int64_t days) {
    for (int32_t first = 0; first < LEAP_CYCLE_YEARS * MONTHS_A_YEAR; first++) {
        mw_tick tick = {MW_TICK_MONTH, 0};
        int64_t from_us = local_step(tick, 0, first);
        if (local_step(tick, from_us, months) - from_us == days * MW_DAY_US) return true;
    }
    return false;
}

int64_t mw_tick_span_us(mw_tick tick, int64_t steps) {
    if (tick.kind == MW_TICK_NONE) return steps;
    if (tick.kind == MW_TICK_SPAN) return steps * tick.span_us;
    return (steps * MEAN_MONTH_US + MW_DAY_US / 2) / MW_DAY_US * MW_DAY_US;
}

int64_t mw_tick_steps(mw_tick tick, int64_t span_us) {
    if (tick.kind == MW_TICK_NONE) return span_us;
    if (tick.kind == MW_TICK_SPAN) return span_us % tick.span_us == 0 ? span_us / tick.span_us : 0;
    int64_t days = span_us / MW_DAY_US;
    int64_t months = (span_us + MEAN_MONTH_US / 2) / MEAN_MONTH_US;
    bool is_whole = span_us % MW_DAY_US == 0 && months > 0 && months <= MONTHS_MAX &&
                    have_days((int32_t)months, days);
    return is_whole ? months : 0;
}
