#include "base/tick.h"

#include "base/prng.h"
#include "testing/test.h"
#include "testing/zones.h"

static int64_t us_of(const char *text) {
    int64_t us = 0;
    bool has_zone;
    MW_CHECK(mw_time_parse(mw_str_of(text), &us, &has_zone));
    return us;
}

static void check_tick(mw_tick tick, const mw_zone *zone, const char *from, const char *expected) {
    mw_buf text;
    mw_buf_init(&text, 64);
    mw_time_append(&text, mw_tick_at_or_before(tick, zone, us_of(from)));
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), expected);
    mw_buf_release(&text);
}

static mw_tick every(int64_t span_us) {
    return (mw_tick){MW_TICK_SPAN, span_us};
}

static const mw_tick hour = {MW_TICK_HOUR, 0}, day = {MW_TICK_DAY, 0}, week = {MW_TICK_WEEK, 0},
                     month = {MW_TICK_MONTH, 0};

MW_TEST(ticks_of_utc_are_plain) {
    const mw_zone *utc = mw_zone_utc();
    check_tick(hour, utc, "2013-05-15T10:20:30Z", "2013-05-15T10:00:00Z");
    check_tick(day, utc, "2013-05-15T10:20:30Z", "2013-05-15T00:00:00Z");
    check_tick(day, utc, "2013-05-15T00:00:00Z", "2013-05-15T00:00:00Z");
    check_tick(week, utc, "2013-05-15T10:20:30Z", "2013-05-13T00:00:00Z");
    check_tick(month, utc, "2013-05-15T10:20:30Z", "2013-05-01T00:00:00Z");
    check_tick(every(15 * MW_MINUTE_US), utc, "2013-05-15T10:29:59Z", "2013-05-15T10:15:00Z");
    check_tick(every(7 * MW_DAY_US), utc, "1970-01-09T00:00:00Z", "1970-01-08T00:00:00Z");
    check_tick(every(7 * MW_DAY_US), utc, "1969-12-31T00:00:00Z", "1969-12-25T00:00:00Z");
    check_tick((mw_tick){MW_TICK_NONE, 0}, utc, "2013-05-15T10:20:30Z", "2013-05-15T10:20:30Z");
}

/* New York's clocks went forward on 10 March 2013 at 07:00 UTC, back on 3 November at 06:00. */
MW_TEST(ticks_follow_the_clocks_of_the_zone) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "EST5EDT,M3.2.0,M11.1.0");
    check_tick(day, zone, "2013-03-10T20:00:00Z", "2013-03-10T05:00:00Z");
    check_tick(day, zone, "2013-03-11T03:59:59Z", "2013-03-10T05:00:00Z");
    check_tick(day, zone, "2013-03-11T04:00:00Z", "2013-03-11T04:00:00Z");
    check_tick(week, zone, "2013-03-11T03:00:00Z", "2013-03-04T05:00:00Z");
    check_tick(month, zone, "2013-11-30T12:00:00Z", "2013-11-01T04:00:00Z");
    check_tick(hour, zone, "2013-11-03T05:30:00Z", "2013-11-03T05:00:00Z"); /* 01:30, first time */
    check_tick(hour, zone, "2013-11-03T06:30:00Z", "2013-11-03T06:00:00Z"); /* and again */
    check_tick(every(6 * MW_HOUR_US), zone, "2013-03-10T09:00:00Z", "2013-03-10T05:00:00Z");
    mw_arena_release(&arena);
}

/* The clocks skip midnight: the day begins at 01:00. */
MW_TEST(ticks_begin_a_day_without_midnight_at_its_first_instant) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "AAA3BBB,M10.3.0/0,M2.3.0/0");
    check_tick(day, zone, "2013-10-20T12:00:00Z", "2013-10-20T03:00:00Z");
    check_tick(day, zone, "2013-10-20T02:59:59Z", "2013-10-19T03:00:00Z");
    mw_arena_release(&arena);
}

/* A naive twin for units that the clocks never skip: steps back by the minute. */
static int64_t step_back(const mw_zone *zone, mw_tick tick, int64_t us) {
    for (int64_t at = us - us % MW_MINUTE_US;; at -= MW_MINUTE_US) {
        mw_civil civil = mw_civil_of(at + mw_zone_offset_us(zone, at));
        bool is_start = civil.hour == 0 && civil.minute == 0;
        if (tick.kind == MW_TICK_WEEK) is_start = is_start && civil.weekday == 1;
        if (tick.kind == MW_TICK_MONTH) is_start = is_start && civil.day == 1;
        if (tick.kind == MW_TICK_HOUR) is_start = civil.minute == 0;
        if (is_start) return at;
    }
}

MW_TEST(ticks_are_where_the_clock_shows_a_start) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "CET-1CEST,M3.5.0,M10.5.0/3");
    const mw_tick units[] = {hour, day, week, month};
    uint64_t prng = mw_test_seed();
    int64_t from = us_of("2013-01-01T00:00:00Z");
    for (int i = 0; i < 400; i++) {
        int64_t us = from + (int64_t)mw_prng_below(&prng, 365 * 24 * 3600) * MW_SECOND_US;
        mw_tick unit = units[i % 4];
        int64_t tick = mw_tick_at_or_before(unit, zone, us);
        MW_CHECK_EQUAL_INT(tick, step_back(zone, unit, us));
        MW_CHECK(us - tick <= mw_tick_reach_us(unit));
        MW_CHECK_EQUAL_INT(mw_tick_at_or_before(unit, zone, tick), tick);
    }
    mw_arena_release(&arena);
}
