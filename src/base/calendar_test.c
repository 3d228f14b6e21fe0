#include "base/calendar.h"
#include "base/prng.h"
#include "testing/test.h"

#include <string.h>
#include <time.h>

static int64_t random_time(uint64_t *prng) {
    return MW_TIME_MIN + (int64_t)mw_prng_below(prng, (uint64_t)(MW_TIME_MAX - MW_TIME_MIN) + 1);
}

MW_TEST(calendar_agrees_with_the_c_library) {
    uint64_t prng = mw_test_seed();
    for (int i = 0; i < 20000; i++) {
        int64_t us = random_time(&prng);
        mw_civil civil = mw_civil_of(us);
        time_t seconds = us / MW_SECOND_US - (us % MW_SECOND_US < 0);
        struct tm tm;
        MW_CHECK(gmtime_r(&seconds, &tm));
        MW_CHECK_EQUAL_INT(civil.year, tm.tm_year + 1900);
        MW_CHECK(civil.month == tm.tm_mon + 1 && civil.day == tm.tm_mday);
        MW_CHECK(civil.hour == tm.tm_hour && civil.minute == tm.tm_min);
        MW_CHECK_EQUAL_INT(civil.second, tm.tm_sec);
        MW_CHECK_EQUAL_INT(civil.microsecond, us - seconds * MW_SECOND_US);
        MW_CHECK_EQUAL_INT(civil.weekday % 7, tm.tm_wday);
        MW_CHECK_EQUAL_INT(civil.day_of_year, tm.tm_yday + 1);
        MW_CHECK_EQUAL_INT(mw_civil_to_us(civil), us);
    }
}

MW_TEST(calendar_knows_its_ends_and_takes_fields_that_run_over) {
    mw_civil first = mw_civil_of(MW_TIME_MIN), last = mw_civil_of(MW_TIME_MAX);
    MW_CHECK(first.year == 1 && first.month == 1 && first.day == 1 && first.hour == 0);
    MW_CHECK(last.year == 9999 && last.month == 12 && last.day == 31 && last.hour == 23);
    MW_CHECK_EQUAL_INT(last.microsecond, 999999);
    mw_civil civil = mw_civil_of(mw_civil_to_us((mw_civil){.year = 2012, .month = 3, .day = 0}));
    MW_CHECK(civil.month == 2 && civil.day == 29);
    civil = mw_civil_of(mw_civil_to_us((mw_civil){.year = 2013, .month = 1, .day = 1, .hour = -1}));
    MW_CHECK(civil.year == 2012 && civil.day == 31 && civil.hour == 23);
}

static void check_time(const char *text, int64_t expected_us, bool expected_zone) {
    int64_t us = 0;
    bool has_zone = !expected_zone;
    MW_CHECK(mw_time_parse(mw_str_of(text), &us, &has_zone));
    MW_CHECK_EQUAL_INT(us, expected_us);
    MW_CHECK(has_zone == expected_zone);
}

MW_TEST(time_reads_what_people_and_programs_write) {
    const int64_t new_year = INT64_C(1356998400) * MW_SECOND_US; /* 2013-01-01T00:00:00Z */
    check_time("2013-01-01", new_year, false);
    check_time("2013-01-01T05:00:00Z", new_year + 5 * MW_HOUR_US, true);
    check_time("2013-01-01t05:00:00z", new_year + 5 * MW_HOUR_US, true);
    check_time("2013-01-01 05:00", new_year + 5 * MW_HOUR_US, false);
    check_time("2013-01-01 05:00:00.25+02:00", new_year + 3 * MW_HOUR_US + 250000, true);
    check_time("2013-01-01T00:00:00.1234567-0530",
               new_year + 5 * MW_HOUR_US + 30 * MW_MINUTE_US + 123456, true);
    check_time("2013-01-01 00:00:00+00", new_year, true);
    check_time("0001-01-01", MW_TIME_MIN, false);
    check_time("9999-12-31T23:59:59.999999Z", MW_TIME_MAX, true);
    check_time("2012-02-29", new_year - 307 * MW_DAY_US, false);
}

/* As a whole number of nanoseconds is divided by 1000. */
MW_TEST(time_cuts_off_what_is_finer_toward_1970) {
    check_time("1970-01-01T00:00:00.000000999Z", 0, true);
    check_time("1970-01-01T00:00:00.000001000Z", 1, true);
    check_time("1969-12-31T23:59:59.999999999Z", 0, true);
    check_time("1969-12-31T23:59:59.999999001Z", 0, true);
    check_time("1969-12-31T23:59:59.999999000Z", -1, true);
    check_time("1969-12-31T23:59:59.999998999Z", -1, true);
    check_time("1969-12-31 23:59:59.9999989999999999", -1, false);
    check_time("1970-01-01T00:59:59.9999989+01:00", -1, true);
    check_time("1969-12-31T23:30:00.0000011-01:00", 30 * MW_MINUTE_US + 1, true);
    check_time("0001-01-01T00:00:00.0000001Z", MW_TIME_MIN + 1, true);
    check_time("9999-12-31T23:59:59.9999999Z", MW_TIME_MAX, true);
}

MW_TEST(span_of_nanoseconds_is_the_nearest) {
    static const int64_t ns[][2] = {{0, 0}, {499, 0}, {500, 0}, {501, 1}, {1000, 1}, {1499, 1},
                                    {1500, 2}, {2500, 2}, {2501, 3}, {61500, 62},
                                    {INT64_MAX, INT64_C(9223372036854776)}};
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
        MW_CHECK_EQUAL_INT(mw_span_of_ns(ns[i][0]), ns[i][1]);
        MW_CHECK_EQUAL_INT(mw_span_of_ns(-ns[i][0]), -ns[i][1]);
    }
    MW_CHECK_EQUAL_INT(mw_span_of_ns(INT64_MIN), INT64_C(-9223372036854776));
}

MW_TEST(time_refuses_all_else) {
    static const char *const refused[] = {
        "", "2013", "2013-1-1", "2013-13-01", "2013-00-01", "2013-02-29", "2013-04-31",
        "2013-01-32", "2013-01-00", "0000-01-01", "13-01-01", "2013/01/01", " 2013-01-01",
        "2013-01-01 ", "2013-01-01T", "2013-01-01T24:00:00Z", "2013-01-01T05:60:00Z",
        "2013-01-01T05:00:60Z", "2013-01-01T5:00:00Z", "2013-01-01T05:00:00.Z",
        "2013-01-01T05:00:00+", "2013-01-01T05:00:00+2", "2013-01-01T05:00:00+02:",
        "2013-01-01T05:00:00+02:60", "2013-01-01T05:00:00+24:00", "2013-01-01T05:00:00ZZ",
        "2013-01-01T05:00:00 Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:00:00-02:00"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int64_t us = 7;
        bool has_zone = true;
        if (mw_time_parse(mw_str_of(refused[i]), &us, &has_zone))
            mw_test_fail(MW_TEST_PLACE("it is refused"), "got \"%s\"", refused[i]);
        MW_CHECK(us == 7 && has_zone);
    }
}

static void check_text(void (*append)(mw_buf *, int64_t), int64_t us, const char *expected) {
    mw_buf buf;
    mw_buf_init(&buf, 100);
    append(&buf, us);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), expected);
    mw_buf_release(&buf);
}

MW_TEST(time_writes_rfc_3339) {
    check_text(mw_time_append, 0, "1970-01-01T00:00:00Z");
    check_text(mw_time_append, -1, "1969-12-31T23:59:59.999999Z");
    check_text(mw_time_append, 250000, "1970-01-01T00:00:00.25Z");
    check_text(mw_time_append, MW_TIME_MIN, "0001-01-01T00:00:00Z");
    check_text(mw_time_append, MW_TIME_MISSING, "");
    MW_CHECK_EQUAL_STR(mw_str_of(mw_time_text_of(250000).text), "1970-01-01T00:00:00.25Z");
    MW_CHECK_EQUAL_STR(mw_str_of(mw_time_text_of(MW_TIME_MAX).text),
                       "9999-12-31T23:59:59.999999Z");
    MW_CHECK_EQUAL_STR(mw_str_of(mw_time_text_of(MW_TIME_MISSING).text), "");
    check_text(mw_time_append, INT64_MAX, mw_time_text_of(INT64_MAX).text); /* is none, but fits */
}

MW_TEST(time_reads_back_what_it_wrote) {
    uint64_t prng = mw_test_seed();
    mw_buf buf;
    mw_buf_init(&buf, 100);
    for (int i = 0; i < 5000; i++) {
        int64_t us = random_time(&prng), back = 0;
        if (i % 2) us -= us % MW_SECOND_US;
        bool has_zone = false;
        mw_buf_clear(&buf);
        mw_time_append(&buf, us);
        MW_CHECK(mw_time_parse(mw_buf_str(&buf), &back, &has_zone) && has_zone);
        MW_CHECK_EQUAL_INT(back, us);
    }
    mw_buf_release(&buf);
}

MW_TEST(span_is_written_for_people) {
    check_text(mw_span_append, 0, "0s");
    check_text(mw_span_append, MW_HOUR_US, "1h");
    check_text(mw_span_append, 30 * MW_MINUTE_US, "30m");
    check_text(mw_span_append, 26 * MW_HOUR_US, "1d 2h");
    check_text(mw_span_append, 1500000, "1.5s");
    check_text(mw_span_append, 1, "0.000001s");
    check_text(mw_span_append, -(MW_DAY_US + 61 * MW_SECOND_US), "-1d 1m 1s");
    check_text(mw_span_append, INT64_MIN, "-106751991d 4h 54.775808s");
}
