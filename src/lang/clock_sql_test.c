#include "lang/clock_sql.h"

#include "testing/test.h"
#include "testing/zones.h"

#include <string.h>

/* That DuckDB finds the very ticks and beats of the engine by these is for it to say
   (tests/e2e/exported_sql_test.py). */
MW_TEST(clocks_are_told_from_the_first_to_the_last) {
    mw_arena arena;
    mw_buf sql;
    mw_buf_init(&sql, 1 << 20);
    mw_str query = MW_STR("SELECT shown FROM \"the clocks\"");
    mw_clock_sql_append_view(mw_zone_utc(), MW_STR("SELECT 1"), &sql);
    MW_CHECK_EQUAL_INT(sql.size, 0); /* it does not ask for them */
    mw_clock_sql_append_view(mw_zone_utc(), query, &sql);
    MW_CHECK(strstr(sql.data, "(VALUES\n  (-62135596800000000, 253402300799999999, 0)) AS c("));
    mw_buf_clear(&sql);
    mw_clock_sql_append_view(mw_test_zone(&arena, "CET-1CEST,M3.5.0,M10.5.0/3"), query,
                             &sql);
    MW_CHECK(strstr(sql.data, "  (1711846800000000, 1729990800000000, 7200000000),\n"
                              "  (1698541200000000, 1711846800000000, 3600000000),\n"));
    MW_CHECK(strstr(sql.data, "(VALUES\n  (4096573200000000, 253402300799999999, 3600000000),"));
    mw_buf_release(&sql);
    mw_arena_release(&arena);
}

MW_TEST(ticks_reach_as_far_as_they_are_asked_for) {
    mw_buf sql;
    mw_clock_sql_reach reach = {"times", -7 * MW_DAY_US, MW_DAY_US};
    mw_tick hour = {MW_TICK_SPAN, MW_HOUR_US}, days = {MW_TICK_SPAN, 2 * MW_DAY_US};
    mw_buf_init(&sql, 1 << 20);
    MW_CHECK(mw_clock_sql_is_even(hour) && !mw_clock_sql_is_even(days));
    mw_clock_sql_append_ticks(days, reach, &sql);
    MW_CHECK(mw_str_starts(mw_buf_str(&sql), MW_STR("\"ticks of 172800000000\" AS (")));
    MW_CHECK(strstr(sql.data, "mw_floor(low - -259200000000, 172800000000) + -259200000000, hi"));
    MW_CHECK(strstr(sql.data, "first + -950400000000 AS low, last + 432000000000 AS high"));
    mw_buf_clear(&sql);
    mw_clock_sql_append_ticks(hour, reach, &sql);
    MW_CHECK(strstr(sql.data, "mw_floor(begins + away, 3600000000) > begins - 1 + before"));
    mw_buf_release(&sql);
}

MW_TEST(beats_are_counted_from_one_of_them) {
    mw_buf sql;
    mw_clock_sql_reach reach = {"times", 0, 0};
    mw_beat tuesdays = {14 * MW_DAY_US, 2, 390 * MW_MINUTE_US}, often = {MW_HOUR_US / 6, 0, 0};
    mw_buf_init(&sql, 1 << 20);
    MW_CHECK_EQUAL_INT(mw_beat_local_us(tuesdays), 5 * MW_DAY_US + 390 * MW_MINUTE_US);
    mw_clock_sql_append_beats(tuesdays, reach, &sql);
    MW_CHECK(strstr(sql.data, "mw_floor(low - 455400000000, 1209600000000) + 455400000000, high"));
    mw_buf_clear(&sql);
    mw_clock_sql_append_beats(often, reach, &sql);
    MW_CHECK(strstr(sql.data, "unnest(range(us, next, 600000000)) AS us"));
    mw_buf_release(&sql);
}
