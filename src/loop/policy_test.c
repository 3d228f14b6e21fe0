#include "loop/policy.h"

#include <string.h>

#include "testing/test.h"

/* A zone with no table, only the rule of its footer. */
static const mw_zone *zone_of(mw_arena *arena, const char *rule) {
    static const char block[44 + 6 + 4] = {
        'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4, [50] = 'L', 'M', 'T'};
    mw_buf tzif;
    mw_buf_init(&tzif, 1 << 10);
    for (int i = 0; i < 2; i++) mw_buf_append(&tzif, block, sizeof block);
    mw_buf_printf(&tzif, "\n%s\n", rule);
    const mw_zone *zone = NULL;
    mw_error err;
    MW_CHECK_OK(mw_zone_parse(arena, MW_STR("test"), mw_buf_str(&tzif), &zone, &err), &err);
    mw_buf_release(&tzif);
    return zone;
}

static int64_t us_of(const char *text) {
    int64_t us = 0;
    bool has_zone;
    MW_CHECK(mw_time_parse(mw_str_of(text), &us, &has_zone) && has_zone);
    return us;
}

static const mw_retrain retrain = {.every_us = 30 * MW_DAY_US};

static mw_policy policy_of(const char *name) {
    mw_policy policy;
    mw_error err;
    MW_CHECK_OK(mw_policy_find(mw_str_of(name), &retrain, &policy, &err), &err);
    MW_CHECK_EQUAL_STR(policy.name, name);
    return policy;
}

MW_TEST(policy_never_is_never_due) {
    mw_policy never = policy_of("never");
    for (int64_t day = 0; day < 400; day++)
        MW_CHECK(mw_policy_due(&never, mw_zone_utc(), 0, day * MW_DAY_US, true) == MW_DUE_NOT);
}

MW_TEST(policy_monthly_is_due_on_the_first_of_each_month_of_its_zone) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const mw_zone *new_york = zone_of(&arena, "EST5EDT,M3.2.0,M11.1.0");
    mw_policy monthly = policy_of("monthly");
    MW_CHECK(!monthly.is_gated);
    int64_t start = us_of("2013-01-01T05:00:00Z"), now = start;
    size_t due_count = 0, day_count = 0;
    while ((now = mw_next_midnight(new_york, now)) <= us_of("2014-01-01T05:00:00Z")) {
        mw_policy_reason reason = mw_policy_due(&monthly, new_york, start, now, true);
        int32_t day = mw_civil_of(now + mw_zone_offset_us(new_york, now)).day;
        MW_CHECK(reason == (day == 1 ? MW_DUE_MONTH : MW_DUE_NOT));
        due_count += reason == MW_DUE_MONTH;
        day_count++;
    }
    MW_CHECK_EQUAL_INT(due_count, 12);
    MW_CHECK_EQUAL_INT(day_count, 365);
    mw_arena_release(&arena);
}

MW_TEST(policy_every_counts_local_days_across_a_change_of_clocks) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const mw_zone *new_york = zone_of(&arena, "EST5EDT,M3.2.0,M11.1.0");
    mw_policy gated = policy_of("gated");
    MW_CHECK(gated.is_gated && gated.heeds_alerts);
    /* 30 local days, an hour short in March and an hour long in November. */
    const char *const spans[][2] = {{"2013-03-01T05:00:00Z", "2013-03-31T04:00:00Z"},
                                    {"2013-11-01T04:00:00Z", "2013-12-01T05:00:00Z"}};
    for (size_t i = 0; i < 2; i++) {
        int64_t trained = us_of(spans[i][0]), due = us_of(spans[i][1]);
        MW_CHECK(mw_policy_due(&gated, new_york, trained, due, false) == MW_DUE_EVERY);
        MW_CHECK(mw_policy_due(&gated, new_york, trained, due - 1, false) == MW_DUE_NOT);
    }
    mw_arena_release(&arena);
}

MW_TEST(policy_heeds_alerts_but_not_for_a_week_after_a_training) {
    mw_policy drift = policy_of("drift");
    const mw_zone *utc = mw_zone_utc();
    MW_CHECK(!drift.is_gated && drift.every_us == 0);
    MW_CHECK(mw_policy_due(&drift, utc, 0, 6 * MW_DAY_US, true) == MW_DUE_NOT);
    MW_CHECK(mw_policy_due(&drift, utc, 0, 7 * MW_DAY_US, true) == MW_DUE_ALERT);
    MW_CHECK(mw_policy_due(&drift, utc, 0, 900 * MW_DAY_US, false) == MW_DUE_NOT);
}

MW_TEST(policy_of_an_unknown_name_is_refused_with_the_known_ones) {
    mw_policy policy;
    mw_error err;
    MW_CHECK_STATUS(mw_policy_find(MW_STR("weekly"), &retrain, &policy, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "policy: there is none named weekly");
    MW_CHECK_EQUAL_STR(err.hint, "There are never, monthly, drift and gated.");
}

MW_TEST(policy_days_begin_at_local_midnight) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const mw_zone *new_york = zone_of(&arena, "EST5EDT,M3.2.0,M11.1.0");
    MW_CHECK(mw_next_midnight(new_york, us_of("2013-03-10T05:00:00Z")) ==
             us_of("2013-03-11T04:00:00Z"));
    MW_CHECK(mw_next_midnight(new_york, us_of("2013-03-10T04:59:59Z")) ==
             us_of("2013-03-10T05:00:00Z"));
    MW_CHECK(mw_next_midnight(new_york, us_of("2013-11-03T04:00:00Z")) ==
             us_of("2013-11-04T05:00:00Z"));
    /* Where summer time ends at midnight, 23:00 to 24:00 happens twice; time never stands. */
    const mw_zone *azores = zone_of(&arena, "<-01>1<+00>,M3.5.0/0,M10.5.0/1");
    int64_t now = us_of("2013-10-26T00:00:00Z"), end = us_of("2013-10-29T01:00:00Z");
    size_t count = 0;
    for (int64_t next; now < end; now = next, count++) {
        next = mw_next_midnight(azores, now);
        MW_CHECK(next > now && next - now <= 25 * MW_HOUR_US);
        mw_civil civil = mw_civil_of(next + mw_zone_offset_us(azores, next));
        MW_CHECK(civil.hour == 0 && civil.minute == 0);
    }
    MW_CHECK(count >= 3);
    mw_arena_release(&arena);
}
