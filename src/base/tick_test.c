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

static void check_step(mw_tick tick, const mw_zone *zone, const char *from, int64_t steps,
                       const char *expected) {
    mw_buf text;
    mw_buf_init(&text, 64);
    mw_time_append(&text, mw_tick_step(tick, zone, us_of(from), steps));
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), expected);
    mw_buf_release(&text);
}

static void check_tick(mw_tick tick, const mw_zone *zone, const char *from, const char *expected) {
    check_step(tick, zone, from, 0, expected);
}

static const mw_tick quarter = {MW_TICK_SPAN, 15 * MW_MINUTE_US},
                     hour = {MW_TICK_SPAN, MW_HOUR_US}, six_hours = {MW_TICK_SPAN, 6 * MW_HOUR_US},
                     day = {MW_TICK_SPAN, MW_DAY_US}, week = {MW_TICK_SPAN, 7 * MW_DAY_US},
                     month = {MW_TICK_MONTH, 0};

MW_TEST(ticks_of_utc_are_plain) {
    const mw_zone *utc = mw_zone_utc();
    check_tick(hour, utc, "2013-05-15T10:20:30Z", "2013-05-15T10:00:00Z");
    check_tick(day, utc, "2013-05-15T10:20:30Z", "2013-05-15T00:00:00Z");
    check_tick(day, utc, "2013-05-15T00:00:00Z", "2013-05-15T00:00:00Z");
    check_tick(week, utc, "2013-05-15T10:20:30Z", "2013-05-13T00:00:00Z");
    check_tick(week, utc, "1969-12-31T00:00:00Z", "1969-12-29T00:00:00Z");
    check_tick(month, utc, "2013-05-15T10:20:30Z", "2013-05-01T00:00:00Z");
    check_tick(quarter, utc, "2013-05-15T10:29:59Z", "2013-05-15T10:15:00Z");
    check_tick((mw_tick){MW_TICK_NONE, 0}, utc, "2013-05-15T10:20:30Z", "2013-05-15T10:20:30Z");
    check_step(hour, utc, "2013-05-15T10:20:30Z", -24, "2013-05-14T10:00:00Z");
    check_step(month, utc, "2013-01-31T10:20:30Z", -1, "2012-12-01T00:00:00Z");
    check_step(month, utc, "2013-12-31T10:20:30Z", 14, "2015-02-01T00:00:00Z");
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
    check_tick(six_hours, zone, "2013-03-10T09:00:00Z", "2013-03-10T05:00:00Z");
    check_tick(six_hours, zone, "2013-11-03T11:30:00Z", "2013-11-03T11:00:00Z");
    mw_arena_release(&arena);
}

/* Lord Howe's clocks go back from 02:00 to 01:30 on 6 April 2024 at 15:00 UTC: the hour from 01:00
   lasts for 90 minutes. On 5 October at 15:30 UTC they skip 02:00: its tick comes with 02:30. */
MW_TEST(ticks_follow_clocks_that_change_by_half_an_hour) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "LHST-10:30LHDT-11,M10.1.0,M4.1.0");
    check_tick(hour, zone, "2024-04-06T14:59:59Z", "2024-04-06T14:00:00Z");
    check_tick(hour, zone, "2024-04-06T15:29:59Z", "2024-04-06T14:00:00Z");
    check_tick(hour, zone, "2024-04-06T15:30:00Z", "2024-04-06T15:30:00Z");
    check_tick(quarter, zone, "2024-04-06T15:10:00Z", "2024-04-06T15:00:00Z");
    check_tick(hour, zone, "2024-10-05T15:29:59Z", "2024-10-05T14:30:00Z");
    check_tick(hour, zone, "2024-10-05T15:30:00Z", "2024-10-05T15:30:00Z");
    check_tick(hour, zone, "2024-10-05T15:59:59Z", "2024-10-05T15:30:00Z");
    check_tick(hour, zone, "2024-10-05T16:00:00Z", "2024-10-05T16:00:00Z");
    mw_arena_release(&arena);
}

/* 28 days before a midnight is a midnight, whatever the clocks did in between. */
MW_TEST(ticks_count_days_on_the_calendar) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "EST5EDT,M3.2.0,M11.1.0");
    check_step(day, zone, "2013-03-12T04:00:00Z", -28, "2013-02-12T05:00:00Z");
    check_step(day, zone, "2013-03-13T03:59:59Z", -28, "2013-02-12T05:00:00Z");
    check_step(day, zone, "2013-11-10T05:00:00Z", -28, "2013-10-13T04:00:00Z");
    check_step(day, zone, "2013-11-11T04:59:59Z", -28, "2013-10-13T04:00:00Z");
    check_step(day, zone, "2013-11-03T04:00:00Z", 1, "2013-11-04T05:00:00Z"); /* 25 hours */
    check_step(hour, zone, "2013-11-03T04:00:00Z", 24, "2013-11-04T04:00:00Z");
    check_step(six_hours, zone, "2013-03-10T10:00:00Z", -1, "2013-03-10T05:00:00Z");
    mw_arena_release(&arena);
}

/* The clocks skip midnight: the day begins at 01:00. Or they show it twice: at the first one. */
MW_TEST(ticks_begin_a_day_once) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "AAA3BBB,M10.3.0/0,M2.3.0/0");
    check_tick(day, zone, "2013-10-20T12:00:00Z", "2013-10-20T03:00:00Z");
    check_tick(day, zone, "2013-10-20T02:59:59Z", "2013-10-19T03:00:00Z");
    mw_arena_release(&arena);

    zone = mw_test_zone(&arena, "CST5CDT,M3.2.0/0,M11.1.0/1"); /* Havana */
    check_tick(day, zone, "2013-11-03T04:30:00Z", "2013-11-03T04:00:00Z");
    check_tick(day, zone, "2013-11-03T05:30:00Z", "2013-11-03T04:00:00Z");
    mw_arena_release(&arena);

    zone = mw_test_zone(&arena, "AAA5BBB,M3.2.0/0,M11.1.0/0:30"); /* back over midnight */
    check_tick(day, zone, "2013-11-03T04:29:59Z", "2013-11-03T04:00:00Z"); /* 00:29 */
    check_tick(day, zone, "2013-11-03T04:45:00Z", "2013-11-03T04:00:00Z"); /* 23:45 again */
    check_tick(day, zone, "2013-11-03T05:00:00Z", "2013-11-03T04:00:00Z"); /* 00:00 again */
    mw_arena_release(&arena);
}

/* A naive twin for units that the clocks never skip: steps back by the minute. */
static int64_t step_back(const mw_zone *zone, mw_tick tick, int64_t us) {
    for (int64_t at = us - us % MW_MINUTE_US;; at -= MW_MINUTE_US) {
        mw_civil civil = mw_civil_of(at + mw_zone_offset_us(zone, at));
        bool is_start = civil.hour == 0 && civil.minute == 0;
        if (tick.span_us == week.span_us) is_start = is_start && civil.weekday == 1;
        if (tick.kind == MW_TICK_MONTH) is_start = is_start && civil.day == 1;
        if (tick.span_us == hour.span_us) is_start = civil.minute == 0;
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
        MW_CHECK_EQUAL_INT(mw_tick_step(unit, zone, us, 0), step_back(zone, unit, us));
    }
    mw_arena_release(&arena);
}

/* What the engine leans on: ticks part the line of time into stretches, in every zone. */
static void check_stretches(const mw_zone *zone, mw_tick tick, int64_t us, int64_t later_us,
                            int64_t steps) {
    int64_t at = mw_tick_step(tick, zone, us, 0), end = mw_tick_step(tick, zone, us, steps);
    MW_CHECK(at <= us && mw_tick_step(tick, zone, at, 0) == at);
    MW_CHECK_EQUAL_INT(mw_tick_step(tick, zone, end, 0), end);
    MW_CHECK_EQUAL_INT(mw_tick_step(tick, zone, at, steps), end);
    MW_CHECK(mw_tick_step(tick, zone, later_us, 0) >= at);
    MW_CHECK(mw_tick_step(tick, zone, later_us, steps) >= end);
    int64_t next = mw_tick_at_or_after(tick, zone, us);
    MW_CHECK(next >= us && mw_tick_step(tick, zone, next, 0) == next);
    MW_CHECK(next == us || mw_tick_step(tick, zone, next - 1, 0) <= us);
    mw_tick_reach reach = mw_tick_reach_of(tick, zone, steps);
    MW_CHECK(end - us >= reach.least_us && end - us <= reach.most_us);
}

MW_TEST(ticks_part_the_line_of_time) {
    static const char *const rules[] = {"UTC0",
                                        "EST5EDT,M3.2.0,M11.1.0",
                                        "AAA3BBB,M10.3.0/0,M2.3.0/0",
                                        "CST5CDT,M3.2.0/0,M11.1.0/1",
                                        "AAA5BBB,M3.2.0/0,M11.1.0/0:30",
                                        "LHST-10:30LHDT-11,M10.1.0,M4.1.0", /* half an hour */
                                        "AAA10BBB-14,M5.2.0/0,M9.1.0/0"};   /* a whole day */
    const mw_tick units[] = {quarter, hour, six_hours, day, week, month,
                             {MW_TICK_SPAN, 90 * MW_MINUTE_US}, {MW_TICK_SPAN, 30 * MW_DAY_US}};
    uint64_t prng = mw_test_seed();
    int64_t from = us_of("2012-01-01T00:00:00Z");
    for (size_t z = 0; z < sizeof rules / sizeof *rules; z++) {
        mw_arena arena;
        const mw_zone *zone = mw_test_zone(&arena, rules[z]);
        for (size_t i = 0; i < 4000; i++) {
            int64_t us = from + (int64_t)mw_prng_below(&prng, 730 * 24 * 60) * MW_MINUTE_US;
            if (i % 2) { /* around the changes, where it matters */
                us = mw_zone_last_change_us(zone, us);
                if (us == MW_TIME_MIN) us = from;
                us += ((int64_t)mw_prng_below(&prng, 6 * 60) - 180) * MW_MINUTE_US;
            }
            int64_t later_us = us + (int64_t)mw_prng_below(&prng, 50 * 60) * MW_MINUTE_US;
            check_stretches(zone, units[i % 8], us, later_us,
                            (int64_t)mw_prng_below(&prng, 60) - 30);
        }
        mw_arena_release(&arena);
    }
}

/* What windows of whole ticks lean on, and those of the first and last events that there may be:
   an event lies behind the end of a tick just where its own tick does. */
MW_TEST(ticks_part_the_first_and_the_last_days) {
    static const char *const rules[] = {"UTC0", "LMT4:56:02", "LMT-11:39:04",
                                        "CET-1CEST,M3.5.0,M10.5.0/3", "AAA10BBB,M1.1.0/0,M12.1.0/0",
                                        "AAA-3BBB,J1/0,J20/0"};
    const mw_tick units[] = {quarter, six_hours, day, week, month, {MW_TICK_SPAN, 30 * MW_DAY_US}};
    enum { UNITS = sizeof units / sizeof *units, REACH_MINUTES = 70 * 24 * 60, STEPS = 90 };
    uint64_t prng = mw_test_seed();
    size_t out_of_range = 0;
    for (size_t z = 0; z < sizeof rules / sizeof *rules; z++) {
        mw_arena arena;
        const mw_zone *zone = mw_test_zone(&arena, rules[z]);
        for (size_t i = 0; i < 6000; i++) {
            int64_t near_us = (int64_t)mw_prng_below(&prng, REACH_MINUTES) * MW_MINUTE_US;
            int64_t event_us = (int64_t)mw_prng_below(&prng, REACH_MINUTES) * MW_MINUTE_US;
            if (i % 7 == 0) event_us = 0;
            bool is_first = i % 2 == 0;
            mw_tick tick = units[mw_prng_below(&prng, UNITS)];
            int64_t us = is_first ? MW_TIME_MIN + near_us : MW_TIME_MAX - near_us;
            int64_t event = is_first ? MW_TIME_MIN + event_us : MW_TIME_MAX - event_us;
            int64_t steps = (int64_t)mw_prng_below(&prng, STEPS) - STEPS / 2;
            int64_t edge = mw_tick_step(tick, zone, us, steps);
            MW_CHECK((mw_tick_step(tick, zone, event, 0) >= edge) == (event >= edge));
            mw_tick_reach reach = mw_tick_reach_of(tick, zone, steps);
            MW_CHECK(edge - us >= reach.least_us && edge - us <= reach.most_us);
            out_of_range += edge < MW_TIME_MIN || edge > MW_TIME_MAX;
        }
        mw_arena_release(&arena);
    }
    MW_CHECK(out_of_range > 1000);
}

/* A hundred years of months are not a hundred times twelve of 31 days. */
MW_TEST(ticks_go_back_to_the_year_1) {
    mw_arena arena;
    const mw_zone *zone = mw_test_zone(&arena, "LMT4:56:02");
    check_step(month, zone, "0101-06-15T00:00:00Z", -1200, "0001-06-01T04:56:02Z");
    check_step(month, zone, "9899-06-15T00:00:00Z", 1200, "9999-06-01T04:56:02Z");
    check_step(week, mw_zone_utc(), "0001-01-22T10:00:00Z", -3, "0001-01-01T00:00:00Z");
    int64_t first = mw_tick_step(week, zone, MW_TIME_MIN, 0);
    MW_CHECK(first < MW_TIME_MIN);
    MW_CHECK_EQUAL_INT(mw_tick_step(week, zone, us_of("0001-01-22T10:56:02Z"), -4), first);
    MW_CHECK(mw_tick_step(month, zone, MW_TIME_MIN, -12000) < MW_TIME_MIN - 990 * 365 * MW_DAY_US);
    MW_CHECK(mw_tick_step(month, zone, MW_TIME_MAX, 12000) > MW_TIME_MAX + 990 * 365 * MW_DAY_US);
    mw_arena_release(&arena);
}

MW_TEST(ticks_measure_spans) {
    MW_CHECK_EQUAL_INT(mw_tick_steps(quarter, MW_DAY_US), 96);
    MW_CHECK_EQUAL_INT(mw_tick_steps(hour, 90 * MW_MINUTE_US), 0);
    MW_CHECK_EQUAL_INT(mw_tick_steps(day, 28 * MW_DAY_US), 28);
    MW_CHECK_EQUAL_INT(mw_tick_steps(week, 30 * MW_DAY_US), 0);
    static const int64_t days[][2] = {{27, 0}, {28, 1}, {30, 1}, {31, 1}, {32, 0}, {58, 0}, {59, 2},
                                      {60, 2}, {62, 2}, {63, 0}, {90, 3}, {180, 0}, {181, 6},
                                      {365, 12}, {366, 12}, {1461, 48}, {1460, 48}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        MW_CHECK_EQUAL_INT(mw_tick_steps(month, days[i][0] * MW_DAY_US), days[i][1]);
    MW_CHECK_EQUAL_INT(mw_tick_steps(month, 30 * MW_DAY_US + 1), 0);
    for (int64_t months = 1; months <= 240; months++)
        MW_CHECK_EQUAL_INT(mw_tick_steps(month, mw_tick_span_us(month, months)), months);
}

MW_TEST(ticks_take_spans_that_fit) {
    MW_CHECK(mw_tick_takes_span(MW_HOUR_US) && mw_tick_takes_span(6 * MW_HOUR_US));
    MW_CHECK(mw_tick_takes_span(90 * MW_MINUTE_US) && mw_tick_takes_span(30 * MW_DAY_US));
    MW_CHECK(mw_tick_takes_span(1) && mw_tick_takes_span(MW_MINUTE_US));
    MW_CHECK(!mw_tick_takes_span(7 * MW_MINUTE_US) && !mw_tick_takes_span(5 * MW_HOUR_US));
    MW_CHECK(!mw_tick_takes_span(36 * MW_HOUR_US) && !mw_tick_takes_span(0));
}
