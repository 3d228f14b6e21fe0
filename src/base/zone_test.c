#include "base/calendar.h"
#include "base/hash.h"
#include "base/prng.h"
#include "base/zone.h"
#include "testing/test.h"
#include "testing/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static mw_arena arena;

/* TZif bytes, made here: one type a transition after type 0, and an empty first part. */
typedef struct {
    int32_t first_offset;
    size_t transition_count;
    int64_t transitions[4];
    int32_t offsets[4];
    const char *footer;
} plan;

static void append_big_endian(mw_buf *buf, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; i--) mw_buf_append_char(buf, (char)(value >> 8 * i & 0xff));
}

static void append_header(mw_buf *buf, uint64_t transition_count, uint64_t type_count) {
    mw_buf_append(buf, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    append_big_endian(buf, 0, 4);
    append_big_endian(buf, 0, 4);
    append_big_endian(buf, 0, 4);
    append_big_endian(buf, transition_count, 4);
    append_big_endian(buf, type_count, 4);
    append_big_endian(buf, 4, 4);
}

static void append_type(mw_buf *buf, int32_t offset) {
    append_big_endian(buf, (uint32_t)offset, 4);
    append_big_endian(buf, 0, 2);
}

static void append_zone(mw_buf *buf, const plan *p) {
    append_header(buf, 0, 0);
    mw_buf_append(buf, "LMT", 4);
    append_header(buf, p->transition_count, p->transition_count + 1);
    for (size_t i = 0; i < p->transition_count; i++)
        append_big_endian(buf, (uint64_t)p->transitions[i], 8);
    for (size_t i = 0; i < p->transition_count; i++) mw_buf_append_char(buf, (char)(i + 1));
    append_type(buf, p->first_offset);
    for (size_t i = 0; i < p->transition_count; i++) append_type(buf, p->offsets[i]);
    mw_buf_append(buf, "LMT", 4);
    mw_buf_printf(buf, "\n%s\n", p->footer);
}

static mw_status parse_plan(plan p, const mw_zone **zone, mw_error *err) {
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_zone(&buf, &p);
    MW_CHECK(!buf.failed);
    mw_arena_release(&arena);
    mw_arena_init(&arena, 1 << 20);
    mw_status status = mw_zone_parse(&arena, MW_STR("Test/Zone"), mw_buf_str(&buf), zone, err);
    mw_buf_release(&buf);
    return status;
}

static const mw_zone *zone_by_rule(const char *footer) {
    const mw_zone *zone = NULL;
    mw_error err;
    MW_CHECK_OK(parse_plan((plan){.footer = footer}, &zone, &err), &err);
    return zone;
}

static int64_t us_of(const char *text) {
    int64_t us = 0;
    bool has_zone;
    MW_CHECK(mw_time_parse(mw_str_of(text), &us, &has_zone));
    return us;
}

/* The last second by the one offset and the first by the other. */
static void check_change(const mw_zone *zone, const char *utc, double hours_before,
                         double hours_after) {
    int64_t us = us_of(utc);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, us - 1), hours_before * (double)MW_HOUR_US);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, us), hours_after * (double)MW_HOUR_US);
}

MW_TEST(zone_utc_is_always_there) {
    const mw_zone *utc = mw_zone_utc();
    int64_t us = 0;
    MW_CHECK_EQUAL_STR(mw_zone_name(utc), "UTC");
    MW_CHECK(mw_zone_offset_us(utc, MW_TIME_MAX) == 0 && mw_zone_offset_us(utc, INT64_MIN) == 0);
    MW_CHECK(mw_zone_to_utc(utc, 42, &us) == MW_LOCAL_UNIQUE && us == 42);
}

MW_TEST(zone_digest_tells_the_same_name_of_other_data_apart) {
    char digests[2][MW_SHA256_SIZE] = {{0}};
    mw_str utc = mw_zone_digest(mw_zone_utc());
    MW_CHECK_EQUAL_STR(utc, ((mw_str){digests[0], MW_SHA256_SIZE}));
    for (size_t i = 0; i < 2; i++) {
        mw_str digest = mw_zone_digest(zone_by_rule("EET-2"));
        MW_CHECK(digest.size == MW_SHA256_SIZE);
        memcpy(digests[i], digest.data, digest.size);
    }
    MW_CHECK(memcmp(digests[0], digests[1], MW_SHA256_SIZE) == 0);
    mw_str other = mw_zone_digest(zone_by_rule("EET-2EEST,M4.5.5/0,M10.5.4/24"));
    MW_CHECK(!mw_str_equal(other, (mw_str){digests[0], MW_SHA256_SIZE}));
}

MW_TEST(zone_rules_change_when_the_law_says) {
    const mw_zone *new_york = zone_by_rule("EST5EDT,M3.2.0,M11.1.0");
    check_change(new_york, "2013-03-10T07:00:00Z", -5, -4);
    check_change(new_york, "2013-11-03T06:00:00Z", -4, -5);
    check_change(new_york, "2499-03-08T07:00:00Z", -5, -4);
    const mw_zone *berlin = zone_by_rule("CET-1CEST,M3.5.0,M10.5.0/3");
    check_change(berlin, "2013-03-31T01:00:00Z", 1, 2);
    check_change(berlin, "2013-10-27T01:00:00Z", 2, 1);
    const mw_zone *sydney = zone_by_rule("AEST-10AEDT,M10.1.0,M4.1.0/3");
    check_change(sydney, "2013-04-06T16:00:00Z", 11, 10);
    check_change(sydney, "2013-10-05T16:00:00Z", 10, 11);
    const mw_zone *dublin = zone_by_rule("IST-1GMT0,M10.5.0,M3.5.0/1");
    check_change(dublin, "2013-03-31T01:00:00Z", 0, 1);
    check_change(dublin, "2013-10-27T01:00:00Z", 1, 0);
    const mw_zone *nuuk = zone_by_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    check_change(nuuk, "2024-03-31T01:00:00Z", -2, -1);
    check_change(nuuk, "2024-10-27T01:00:00Z", -1, -2);
    const mw_zone *kathmandu = zone_by_rule("<+0545>-5:45");
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(kathmandu, 0), 345 * MW_MINUTE_US);
}

MW_TEST(zone_rules_count_days_in_three_ways) {
    const mw_zone *never_leap = zone_by_rule("AAA0BBB,J60/0,J300/0"); /* March 1, October 27 */
    check_change(never_leap, "2012-03-01T00:00:00Z", 0, 1);
    check_change(never_leap, "2013-03-01T00:00:00Z", 0, 1);
    check_change(never_leap, "2012-10-26T23:00:00Z", 1, 0);
    const mw_zone *from_zero = zone_by_rule("AAA0BBB,59/0,300/0");
    check_change(from_zero, "2012-02-29T00:00:00Z", 0, 1);
    check_change(from_zero, "2013-03-01T00:00:00Z", 0, 1);
    const mw_zone *always_summer = zone_by_rule("EST5EDT,0/0,J365/25");
    for (int64_t us = us_of("2011-12-30"); us < us_of("2013-01-03"); us += MW_HOUR_US / 2)
        MW_CHECK_EQUAL_INT(mw_zone_offset_us(always_summer, us), -4 * MW_HOUR_US);
}

MW_TEST(zone_table_holds_up_to_its_last_transition) {
    const mw_zone *zone = NULL;
    mw_error err;
    plan p = {.first_offset = 1234, .transition_count = 2, .transitions = {-1000, 86400},
              .offsets = {3600, -7200}, .footer = "XXX1"};
    MW_CHECK_OK(parse_plan(p, &zone, &err), &err);
    MW_CHECK_EQUAL_STR(mw_zone_name(zone), "Test/Zone");
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, -1000 * MW_SECOND_US - 1), 1234 * MW_SECOND_US);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, -1000 * MW_SECOND_US), MW_HOUR_US);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, MW_DAY_US - 1), MW_HOUR_US);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, MW_DAY_US), -MW_HOUR_US); /* by the footer */
    p.footer = "";
    MW_CHECK_OK(parse_plan(p, &zone, &err), &err);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, MW_TIME_MAX), -2 * MW_HOUR_US);
}

static void check_local(const mw_zone *zone, const char *local, mw_local_kind kind,
                        const char *utc) {
    int64_t us = 0;
    MW_CHECK_EQUAL_INT(mw_zone_to_utc(zone, us_of(local), &us), kind);
    MW_CHECK_EQUAL_INT(us, us_of(utc));
}

MW_TEST(zone_reads_absent_and_repeated_times_by_the_offset_before) {
    const mw_zone *new_york = zone_by_rule("EST5EDT,M3.2.0,M11.1.0");
    check_local(new_york, "2013-01-01T05:00:00", MW_LOCAL_UNIQUE, "2013-01-01T10:00:00");
    check_local(new_york, "2013-03-10T01:59:59", MW_LOCAL_UNIQUE, "2013-03-10T06:59:59");
    check_local(new_york, "2013-03-10T02:00:00", MW_LOCAL_ABSENT, "2013-03-10T07:00:00");
    check_local(new_york, "2013-03-10T02:30:00", MW_LOCAL_ABSENT, "2013-03-10T07:30:00");
    check_local(new_york, "2013-03-10T03:00:00", MW_LOCAL_UNIQUE, "2013-03-10T07:00:00");
    check_local(new_york, "2013-11-03T00:59:59", MW_LOCAL_UNIQUE, "2013-11-03T04:59:59");
    check_local(new_york, "2013-11-03T01:00:00", MW_LOCAL_AMBIGUOUS, "2013-11-03T05:00:00");
    check_local(new_york, "2013-11-03T01:59:59.5", MW_LOCAL_AMBIGUOUS, "2013-11-03T05:59:59.5");
    check_local(new_york, "2013-11-03T02:00:00", MW_LOCAL_UNIQUE, "2013-11-03T07:00:00");

    /* Where summer begins at midnight, the day begins at 01:00. */
    const mw_zone *sao_paulo = zone_by_rule("<-03>3<-02>,M10.3.0/0,M2.3.0/0");
    check_local(sao_paulo, "2013-10-20", MW_LOCAL_ABSENT, "2013-10-20T03:00:00");
}

MW_TEST(zone_jumps_over_a_whole_day) {
    const mw_zone *zone = NULL; /* Samoa had no 2011-12-30 */
    mw_error err;
    plan p = {.first_offset = -10 * 3600, .transition_count = 1,
              .transitions = {us_of("2011-12-30T10:00:00") / MW_SECOND_US},
              .offsets = {14 * 3600}, .footer = ""};
    MW_CHECK_OK(parse_plan(p, &zone, &err), &err);
    check_local(zone, "2011-12-29T23:59:59", MW_LOCAL_UNIQUE, "2011-12-30T09:59:59");
    check_local(zone, "2011-12-30", MW_LOCAL_ABSENT, "2011-12-30T10:00:00");
    check_local(zone, "2011-12-30T23:59:59", MW_LOCAL_ABSENT, "2011-12-31T09:59:59");
    check_local(zone, "2011-12-31", MW_LOCAL_UNIQUE, "2011-12-30T10:00:00");
}

/* The model: of all quarter hours that an offset may be, those that lead back to themselves. */
MW_TEST(zone_to_utc_agrees_with_trying_all_offsets) {
    static const char *const footers[] = {"EST5EDT,M3.2.0,M11.1.0", "AEST-10AEDT,M10.1.0,M4.1.0/3",
                                          "IST-1GMT0,M10.5.0,M3.5.0/1",
                                          "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};
    int counts_seen[3] = {0};
    for (size_t f = 0; f < sizeof footers / sizeof *footers; f++) {
        const mw_zone *zone = NULL;
        mw_error err;
        plan p = {.transition_count = 1, .footer = footers[f]};
        MW_CHECK_OK(parse_plan(p, &zone, &err), &err);
        for (int64_t local = us_of("2013-01-01"); local < us_of("2014-01-01");
             local += 15 * MW_MINUTE_US) {
            int64_t earliest = INT64_MAX, us = 0;
            int count = 0;
            for (int quarters = -64; quarters <= 64; quarters++) {
                int64_t offset = quarters * 15 * MW_MINUTE_US;
                if (mw_zone_offset_us(zone, local - offset) != offset) continue;
                count++;
                if (local - offset < earliest) earliest = local - offset;
            }
            static const mw_local_kind kinds[] = {MW_LOCAL_ABSENT, MW_LOCAL_UNIQUE,
                                                  MW_LOCAL_AMBIGUOUS};
            MW_CHECK_EQUAL_INT(mw_zone_to_utc(zone, local, &us), kinds[count]);
            MW_CHECK(count == 0 || us == earliest);
            counts_seen[count]++;
        }
    }
    MW_CHECK(counts_seen[0] == 14 && counts_seen[2] == 14); /* three hours and a half */
}

/* The rule written out into the table says the same as the rule alone. */
MW_TEST(zone_table_goes_on_as_the_rule_says) {
    static const char *const footers[] = {"EST5EDT,M3.2.0,M11.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
                                          "EST5EDT,0/0,J365/25", "XXX3"};
    mw_arena kept;
    mw_arena_init(&kept, 1 << 20);
    uint64_t prng = mw_test_seed();
    for (size_t f = 0; f < sizeof footers / sizeof *footers; f++) {
        const mw_zone *by_rule = NULL, *by_table = NULL;
        mw_error err;
        plan p = {.footer = footers[f]};
        mw_buf buf;
        mw_buf_init(&buf, 4096);
        append_zone(&buf, &p);
        MW_CHECK_OK(mw_zone_parse(&kept, MW_STR("Rule"), mw_buf_str(&buf), &by_rule, &err), &err);
        mw_buf_release(&buf);
        p.transition_count = 1;
        p.transitions[0] = us_of("1913-05-01") / MW_SECOND_US;
        MW_CHECK_OK(parse_plan(p, &by_table, &err), &err);
        for (int i = 0; i < 20000; i++) {
            int64_t us = us_of("1913-05-01") +
                         (int64_t)mw_prng_below(&prng, (uint64_t)(300 * 366 * MW_DAY_US));
            MW_CHECK_EQUAL_INT(mw_zone_offset_us(by_table, us), mw_zone_offset_us(by_rule, us));
        }
    }
    mw_arena_release(&kept);
}

/* The zones that the program uses, else the system's. */
static mw_str zone_file_read(const char *name, char *out_path, size_t path_size) {
    const char *share = getenv("MILLWRIGHT_SHARE");
    snprintf(out_path, path_size, "%s/zoneinfo/%s", share ? share : "/usr/share", name);
    FILE *file = fopen(out_path, "rb");
    if (!file) mw_test_fail(MW_TEST_PLACE("time zones are there"), "cannot read %s", out_path);
    static char bytes[1 << 16];
    mw_str tzif = {bytes, fread(bytes, 1, sizeof bytes, file)};
    fclose(file);
    return tzif;
}

/* The C library reads the same files by its own code. */
MW_TEST(zone_agrees_with_the_c_library) {
    static const char *const names[] = {
        "America/New_York", "Europe/Berlin",      "Europe/Dublin",     "Australia/Lord_Howe",
        "Asia/Kolkata",     "America/Sao_Paulo",  "Pacific/Apia",      "Africa/Casablanca",
        "Asia/Tokyo",       "Antarctica/Troll",   "America/St_Johns",  "UTC"};
    uint64_t prng = mw_test_seed();
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        char setting[4096] = ":"; /* a colon, then the path of a file */
        mw_str tzif = zone_file_read(names[n], setting + 1, sizeof setting - 1);
        setenv("TZ", setting, 1);
        tzset();
        const mw_zone *zone = NULL;
        mw_error err;
        mw_arena_release(&arena);
        mw_arena_init(&arena, 1 << 20);
        MW_CHECK_OK(mw_zone_parse(&arena, mw_str_of(names[n]), tzif, &zone, &err), &err);
        for (int i = 0; i < 5000; i++) { /* from 1900 to 2242 */
            time_t seconds = (time_t)mw_prng_below(&prng, 10800000000) - 2200000000;
            struct tm tm;
            MW_CHECK(localtime_r(&seconds, &tm));
            MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, seconds * MW_SECOND_US) / MW_SECOND_US,
                               tm.tm_gmtoff);
        }
    }
    unsetenv("TZ");
    tzset();
}

MW_TEST(zone_refuses_footers_that_are_no_rules) {
    static const char *const refused[] = {
        "EST", "5", "ES5", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,M11.1.0,", "<EST5",
        "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,J0,J5", "EST5EDT,366,5", "EST26", "EST5:60", "EST5EDT,M3.2.0/168,M11.1.0"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const mw_zone *zone = NULL;
        mw_error err;
        MW_CHECK_STATUS(parse_plan((plan){.footer = refused[i]}, &zone, &err), MW_MALFORMED);
        MW_CHECK(!zone && mw_str_starts(mw_str_of(err.message), MW_STR("time zone Test/Zone: ")));
    }
}

MW_TEST(zone_names_what_is_wrong_with_a_file) {
    const mw_zone *zone = NULL;
    mw_error err;
    plan unordered = {.transition_count = 2, .transitions = {5, 5}, .footer = ""};
    MW_CHECK_STATUS(parse_plan(unordered, &zone, &err), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message, "time zone Test/Zone: transition 1: must be later than the one "
                                    "before");
    plan far = {.first_offset = 100000, .footer = ""};
    MW_CHECK_STATUS(parse_plan(far, &zone, &err), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message,
                       "time zone Test/Zone: offset: must be within 26 hours, got 100000 s");
    MW_CHECK_STATUS(mw_zone_parse(&arena, MW_STR("x"), MW_STR("not a zone"), &zone, &err),
                    MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message,
                       "time zone x: header: must begin with TZif and have 44 bytes");
}

MW_TEST(zone_takes_transitions_at_the_ends_of_time) {
    const mw_zone *zone = NULL;
    mw_error err;
    plan p = {.first_offset = -3600, .transition_count = 2, .transitions = {INT64_MIN, INT64_MAX},
              .offsets = {3600, 7200}, .footer = "EST5EDT,M3.2.0,M11.1.0"};
    MW_CHECK_OK(parse_plan(p, &zone, &err), &err);
    check_local(zone, "0001-01-01T01:00:00", MW_LOCAL_UNIQUE, "0001-01-01T00:00:00");
    check_local(zone, "9999-12-31T01:00:00", MW_LOCAL_UNIQUE, "9999-12-31T00:00:00");
}

/* Each proper part of a file is refused, and no byte of it leads astray. */
MW_TEST(zone_stands_cut_and_damaged_files) {
    const plan p = {.transition_count = 3, .transitions = {1, 2, 3}, .offsets = {60, 120, 180},
                    .footer = "EST5EDT,M3.2.0,M11.1.0"};
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_zone(&buf, &p);
    const mw_zone *zone = NULL;
    for (size_t size = 0; size < buf.size; size++) {
        mw_arena_clear(&arena);
        mw_str part = mw_str_slice(mw_buf_str(&buf), 0, size);
        MW_CHECK_STATUS(mw_zone_parse(&arena, MW_STR("x"), part, &zone, NULL), MW_MALFORMED);
    }
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < buf.size; i++) {
        char kept = buf.data[i];
        buf.data[i] = (char)mw_prng_next(&prng);
        mw_arena_clear(&arena);
        int64_t us = 0;
        if (mw_zone_parse(&arena, MW_STR("x"), mw_buf_str(&buf), &zone, NULL) == MW_OK)
            (void)mw_zone_to_utc(zone, MW_DAY_US, &us);
        buf.data[i] = kept;
    }
    mw_buf_release(&buf);
    mw_arena_release(&arena);
}

static mw_status parse_with_little_memory(void *context) {
    mw_arena own;
    mw_arena_init(&own, 1 << 20);
    const mw_zone *zone = NULL;
    mw_status status = mw_zone_parse(&own, MW_STR("x"), *(mw_str *)context, &zone, NULL);
    mw_arena_release(&own);
    return status;
}

MW_TEST(zone_survives_every_failed_allocation) {
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_zone(&buf, &(plan){.footer = "UTC0"});
    mw_str tzif = mw_buf_str(&buf);
    MW_CHECK(mw_test_every_allocation_fails(parse_with_little_memory, &tzif) > 0);
    mw_buf_release(&buf);
}

MW_TEST(zone_tells_when_the_clocks_last_changed_and_how_far) {
    mw_arena of_zone;
    const mw_zone *zone = mw_test_zone(&of_zone, "EST5EDT,M3.2.0,M11.1.0");
    int64_t change_us = mw_civil_to_us((mw_civil){.year = 2013, .month = 3, .day = 10, .hour = 7});
    MW_CHECK_EQUAL_INT(mw_zone_last_change_us(zone, change_us), change_us);
    MW_CHECK_EQUAL_INT(mw_zone_last_change_us(zone, change_us + 100 * MW_DAY_US), change_us);
    MW_CHECK(mw_zone_last_change_us(zone, change_us - 1) < change_us);
    MW_CHECK_EQUAL_INT(mw_zone_spread_us(zone), MW_HOUR_US);
    mw_arena_release(&of_zone);
    MW_CHECK_EQUAL_INT(mw_zone_last_change_us(mw_zone_utc(), change_us), MW_TIME_MIN);
    MW_CHECK_EQUAL_INT(mw_zone_spread_us(mw_zone_utc()), 0);
}
