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

typedef struct {
    bool (*is)(mw_str text);
    const char *good[6], *bad[10];
} form_case;

MW_TEST(scalar_knows_the_forms_of_what_comes_later) {
    static const form_case cases[] = {
        {mw_scalar_is_rate,
         {"200 per 1d", " 1  per 10m "},
         {"", "lots", "200 per", "per 1d", "0 per 1d", "-1 per 1d", "200 per 0d", "200 per day",
          "200 per 1d more"}},
        {mw_scalar_is_per_positive,
         {"4 per positive"},
         {"many", "4", "4 per negative", "0 per positive", "4.5 per positive", "4 per positive x"}},
        {mw_scalar_is_key_over,
         {"machine over 24h", "id over 1d"},
         {"", "machine", "over 24h", "machine over", "24h over machine", "machine over 24 h"}},
        {mw_scalar_is_decision,
         {"approve", "top 20", "call when churn > threshold at most 500 per 7d",
          "a at most 1 per 1h", "class when max(route) > 0.8", "top 3 at most 9 per 1d"},
         {"", "5", "top twenty", "top 0", "call when", "call if x", "approve it",
          "call when x at most many per 7d", " at most 5 per 7d", "call when  at most 5 per 7d"}},
        {mw_scalar_is_output,
         {"mean", "p1", "p50", "p99"},
         {"", "p", "p0", "p100", "p9.5", "median", "mean p50", "q95"}},
        {mw_scalar_is_external,
         {"external(scores.value)"},
         {"", "external", "external()", "external(scores)", "external(.value)", "scores.value",
          "external(a.b.c)", "external(a.b) + 1", "external(a.b"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < 6 && cases[i].good[k]; k++)
            if (!cases[i].is(mw_str_of(cases[i].good[k])))
                mw_test_fail(MW_TEST_PLACE("it is of this form"), "%s", cases[i].good[k]);
        for (size_t k = 0; k < 10 && cases[i].bad[k]; k++)
            if (cases[i].is(mw_str_of(cases[i].bad[k])))
                mw_test_fail(MW_TEST_PLACE("it is not of this form"), "%s", cases[i].bad[k]);
    }
}

MW_TEST(scalar_decision_has_its_condition) {
    static const char *const cases[][2] = {
        {"approve", ""},
        {"top 20", ""},
        {"call when churn > threshold", "churn > threshold"},
        {" call  when churn > 3 at most 500 per 7d", "churn > 3"},
        {"call\n  when churn >\n 3 at\n most 500 per 7d", "churn >\n 3"},
        {"call when at most 5 per 7d", ""},
        {"call churn > 3", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_STR(mw_scalar_decision_condition(mw_str_of(cases[i][0])), cases[i][1]);
}
