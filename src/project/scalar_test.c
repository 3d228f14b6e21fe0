#include "project/scalar.h"

#include "testing/test.h"

MW_TEST(scalar_reads_spans) {
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"30m", 30 * MW_MINUTE_US}, {"2d", 2 * MW_DAY_US}, {"0s", 0},
                {"1w", 7 * MW_DAY_US},      {"250ms", 250000},     {"36525d", MW_SPAN_MAX_US}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t us;
        MW_CHECK(mw_scalar_span(mw_str_of(good[i].text), &us));
        MW_CHECK_EQUAL_INT(us, good[i].us);
    }
    static const char *const bad[] = {"",
                                      "d",
                                      "30",
                                      "1.5h",
                                      "-1h",
                                      "1 h",
                                      "1h30m",
                                      "36526d",
                                      "99999999999999999999d",
                                      "9223372036854775807w"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us = 7;
        MW_CHECK(!mw_scalar_span(mw_str_of(bad[i]), &us) && us == 7);
    }
}

MW_TEST(scalar_reads_sizes) {
    uint64_t bytes;
    MW_CHECK(mw_scalar_size(MW_STR("1 kB"), &bytes) && bytes == 1000);
    MW_CHECK(mw_scalar_size(MW_STR("2GB"), &bytes) && bytes == 2000000000);
    MW_CHECK(mw_scalar_size(MW_STR("1000 TB"), &bytes) && bytes == 1000000000000000);
    static const char *const bad[] = {"", "MB", "0 MB", "-1 MB", "1.5 GB", "2 GiB", "2 gb", "5",
                                      "1001 TB", "99999999999999999999 kB"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        MW_CHECK(!mw_scalar_size(mw_str_of(bad[i]), &bytes));
}

MW_TEST(scalar_reads_shares) {
    double share;
    MW_CHECK(mw_scalar_share(MW_STR("0%"), &share) && share == 0);
    MW_CHECK(mw_scalar_share(MW_STR("12.5%"), &share) && share == 0.125);
    MW_CHECK(mw_scalar_share(MW_STR("100%"), &share) && share == 1);
    static const char *const bad[] = {"", "%", "5", "0.05", "-1%", "101%", "5 %", "nan%"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        MW_CHECK(!mw_scalar_share(mw_str_of(bad[i]), &share));
}

MW_TEST(scalar_knows_names) {
    MW_CHECK(mw_scalar_is_name(MW_STR("origin_late_1h")) && mw_scalar_is_name(MW_STR("_")));
    static const char *const bad[] = {"", "1h", "a-b", "a b", "a.b", "\xc3\xbc"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        MW_CHECK(!mw_scalar_is_name(mw_str_of(bad[i])));
}

MW_TEST(scalar_knows_the_form_of_zones) {
    static const char *const good[] = {"UTC", "Europe/Berlin", "America/Port-au-Prince",
                                       "America/Argentina/Buenos_Aires", "Etc/GMT+5"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        MW_CHECK(mw_scalar_is_zone(mw_str_of(good[i])));
    static const char *const bad[] = {"",        "/etc/passwd", "../zone",  "Europe//Berlin",
                                      "Europe/", "+02:00",      "New York", "Europe/../x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        MW_CHECK(!mw_scalar_is_zone(mw_str_of(bad[i])));
}

MW_TEST(scalar_tells_rules_of_actions_from_expressions) {
    static const char *const rules[] = {"review when eur > 500 else approve", "decline  when x"};
    static const char *const others[] = {"",           "review",          "case when x then 1 end",
                                         "amount > 1", "whenever(a, b)", "a +  when"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        MW_CHECK(mw_scalar_is_action_rule(mw_str_of(rules[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        MW_CHECK(!mw_scalar_is_action_rule(mw_str_of(others[i])));
}
