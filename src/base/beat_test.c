#include "base/beat.h"

#include "base/prng.h"
#include "testing/test.h"
#include "testing/zones.h"

static int64_t us_of(const char *text) {
    int64_t us = 0;
    bool has_zone;
    MW_CHECK(mw_time_parse(mw_str_of(text), &us, &has_zone));
    return us;
}

static void check_beat(mw_beat beat, const mw_zone *zone, const char *from, const char *expected) {
    mw_buf text;
    mw_buf_init(&text, 64);
    mw_time_append(&text, mw_beat_after(beat, zone, us_of(from)));
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), expected);
    mw_buf_release(&text);
}

static const mw_beat daily = {MW_DAY_US, 0, 3 * MW_HOUR_US},
                     weekly = {7 * MW_DAY_US, 1, 6 * MW_HOUR_US},
                     half_hourly = {30 * MW_MINUTE_US, 0, 0};

MW_TEST(beats_follow_the_clocks_of_the_zone) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "CET-1CEST,M3.5.0,M10.5.0/3");
    check_beat(weekly, zone, "2013-03-20T12:00:00Z", "2013-03-25T05:00:00Z");
    check_beat(weekly, zone, "2013-03-25T05:00:00Z", "2013-04-01T04:00:00Z");
    check_beat((mw_beat){7 * MW_DAY_US, 0, 0}, zone, "2013-03-20T12:00:00Z",
               "2013-03-24T23:00:00Z");
    check_beat((mw_beat){14 * MW_DAY_US, 7, 0}, zone, "1970-01-11T00:00:00Z",
               "1970-01-24T23:00:00Z");
    check_beat(daily, zone, "2013-06-01T01:00:00Z", "2013-06-02T01:00:00Z");
    /* 02:30 is skipped on 31 March, and shown twice on 27 October. */
    check_beat((mw_beat){MW_DAY_US, 0, 150 * MW_MINUTE_US}, zone, "2013-03-30T12:00:00Z",
               "2013-03-31T01:30:00Z");
    check_beat((mw_beat){MW_DAY_US, 0, 150 * MW_MINUTE_US}, zone, "2013-10-26T12:00:00Z",
               "2013-10-27T00:30:00Z");
    check_beat(half_hourly, zone, "2013-03-31T00:59:59Z", "2013-03-31T01:00:00Z");
    mw_arena_release(&arena);
}

MW_TEST(beats_refuse_spans_that_no_day_is_made_of) {
    mw_error err;
    MW_CHECK(mw_beat_check(daily, NULL) == MW_OK && mw_beat_check(weekly, NULL) == MW_OK);
    MW_CHECK_EQUAL_INT(mw_beat_check((mw_beat){7 * MW_HOUR_US, 0, 0}, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(mw_beat_check((mw_beat){36 * MW_HOUR_US, 0, 0}, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(mw_beat_check((mw_beat){0, 0, 0}, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(mw_beat_check((mw_beat){MW_DAY_US, 1, 0}, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(mw_beat_check((mw_beat){MW_HOUR_US, 0, 1}, &err), MW_INVALID);
}

/* What the clock on the wall shows, minute by minute: a beat is where it shows the time for the
   first time on that day. */
static int64_t step_on(const mw_zone *zone, mw_beat beat, int64_t us) {
    for (int64_t at = us - us % MW_MINUTE_US + MW_MINUTE_US;; at += MW_MINUTE_US) {
        mw_civil civil = mw_civil_of(at + mw_zone_offset_us(zone, at));
        bool is_day = beat.weekday == 0 || civil.weekday == beat.weekday;
        int64_t clock_us = civil.hour * MW_HOUR_US + civil.minute * MW_MINUTE_US;
        if (is_day && clock_us == beat.clock_us) return at;
    }
}

MW_TEST(beats_are_where_the_clock_shows_them) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "CET-1CEST,M3.5.0,M10.5.0/3");
    uint64_t prng = mw_test_seed();
    int64_t from = us_of("2013-01-01T00:00:00Z");
    for (int i = 0; i < 300; i++) {
        int64_t us = from + (int64_t)mw_prng_below(&prng, 365 * 24 * 3600) * MW_SECOND_US;
        bool is_weekly = i % 2 == 0;
        mw_beat beat = {is_weekly ? 7 * MW_DAY_US : MW_DAY_US,
                        is_weekly ? (int32_t)mw_prng_below(&prng, 7) + 1 : 0,
                        (int64_t)(4 + mw_prng_below(&prng, 20)) * MW_HOUR_US};
        int64_t next = mw_beat_after(beat, zone, us);
        MW_CHECK_EQUAL_INT(next, step_on(zone, beat, us));
        MW_CHECK(mw_beat_after(half_hourly, zone, us) - us <= 30 * MW_MINUTE_US);
    }
    mw_arena_release(&arena);
}

MW_TEST(beats_end_with_the_calendar) {
    MW_CHECK_EQUAL_INT(mw_beat_after(weekly, mw_zone_utc(), MW_TIME_MAX), INT64_MAX);
    MW_CHECK(mw_beat_after(daily, mw_zone_utc(), INT64_MIN) > MW_TIME_MIN);
}
