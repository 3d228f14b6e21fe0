#include "lang/code.h"

#include "testing/declare.h"
#include "testing/test.h"

/* A feature of constants alone is worked out while it is compiled, by the code that would run:
   its text is then its value. Fields stand for what cannot be folded. */
typedef struct {
    const char *expression, *value;
} value_case;

static void check_values(const value_case *cases, size_t count) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&text, "feature f%zu: %s\n", i, cases[i].expression);
    mw_buf_append_text(&text, "stream s:\n"
                              "  columns: k category, x number, t time, b bool, d duration\n"
                              "  time: t\n"
                              "  id: k, t\n"
                              "model m:\n"
                              "  moment: on s\n"
                              "  label: count(s by k over next 1d)\n");
    mw_test_project project = mw_test_compile(text.data);
    for (size_t i = 0; i < count; i++)
        MW_CHECK_EQUAL_STR(mw_code_text(project.model->features[i].code), cases[i].value);
    mw_buf_release(&text);
    mw_test_project_release(&project);
}
#define CHECK_VALUES(cases) check_values((cases), sizeof(cases) / sizeof((cases)[0]))

MW_TEST(code_binds_operators_as_people_read_them) {
    static const value_case cases[] = {
        {"1 + 2 * 3 - -4", "11"},
        {"(1 + 2) * 3 / 2", "4.5"},
        {"10 - 3 - 2", "5"},
        {"16 / 4 / 2", "2"},
        {"1 + 1 = 2 and not 3 < 2 or 1 > 2", "true"},
        {"true or false and false", "true"},
        {"x + 1 * x", "x + (1 * x)"},
        {"(x + 1) * x", "(x + 1) * x"},
        {"x >= 2 and not b", "(2 <= x) and (not b)"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(code_spreads_missing_through_arithmetic) {
    static const value_case cases[] = {
        {"1 / 0", "missing"},
        {"0 / 0 + 1", "missing"},
        {"1e308 * 10", "missing"},
        {"-(1 / 0)", "missing"},
        {"0 * -1", "0"},
        {"1 / 0 = 1 / 0", "missing"},
        {"1 / 0 < 3", "missing"},
        {"1h / 0", "missing"},
        {"1h / 0s", "missing"},
        {"1h * (1 / 0) + 1h", "missing"},
        {"9000000d * 100000", "missing"},
        {"log(0) + sqrt(-1)", "missing"},
        {"missing(1 / 0)", "true"},
        {"coalesce(1 / 0, 0 / 0, 7, 8)", "7"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(code_knows_three_truths) {
    static const value_case cases[] = {
        {"1 / 0 = 1 and false", "false"},   {"false and 1 / 0 = 1", "false"},
        {"1 / 0 = 1 and true", "missing"},  {"1 / 0 = 1 or true", "true"},
        {"1 / 0 = 1 or false", "missing"},  {"not (1 / 0 = 1)", "missing"},
        {"1 / 0 in (1, 2)", "missing"},     {"1 / 0 between 0 and 1", "missing"},
        {"5 between 1 / 0 and 3", "false"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(code_counts_spans_in_microseconds) {
    static const value_case cases[] = {
        {"1h + 30m", "90m"},      {"1h - 90m", "-30m"},
        {"2 * 90m", "3h"},        {"90m * 2", "3h"},
        {"90m / 2", "45m"},       {"90m / 1h", "1.5"},
        {"-(1h)", "-1h"},         {"0.5 * 1us", "0s"},
        {"1.5 * 1us", "2us"},     {"1d > 23h", "true"},
        {"1w = 7d", "true"},      {"1h != 60m", "false"},
        {"time - t", "time - t"}, {"t - 1h < time + d", "(t - 1h) < (time + d)"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(code_chooses_and_compares) {
    static const value_case cases[] = {
        {"case when 1 > 2 then 1 when 2 > 1 then 2 else 3 end", "2"},
        {"case when 1 > 2 then 1 end", "missing"},
        {"case when 1 / 0 = 1 then 1 else 2 end", "2"},
        {"case when 1 = 1 then \"a\" when 1 = 1 then \"b\" end", "\"a\""},
        {"\"b\" > \"a\" and \"B\" < \"a\" and \"a\" < \"aa\"", "true"},
        {"\"a\" = 'a'", "true"},
        {"\"a\" in [\"b\", \"a\"]", "true"},
        {"3 not in (1, 2)", "true"},
        {"3 between 1 and 3", "true"},
        {"3 not between 1 and 3", "false"},
        {"1 in []", "false"},
        {"true = false", "false"},
        {"k in [\"a\", \"b\\\"c\"]", "k in [\"a\", \"b\\\"c\"]"},
        {"t > \"2013-01-31T08:15:00+01:00\"", "2013-01-31T07:15:00Z < t"},
        {"time >= '2013-01-31'", "2013-01-31T00:00:00Z <= time"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(code_says_what_it_reads) {
    mw_test_project project = mw_test_compile(
        "stream s:\n"
        "  columns: k category, x number, t time\n"
        "  time: t\n"
        "  id: k, t\n"
        "feature a: x\n"
        "feature b: a + count(s by k)\n"
        "model m:\n"
        "  moment: on s\n"
        "  label: count(s by k over next 1d)\n");
    const mw_code *a = project.model->features[0].code;
    const mw_code *b = project.model->features[1].code;
    MW_CHECK_EQUAL_INT(mw_code_field(a), 1);
    MW_CHECK_EQUAL_INT(mw_code_type(a), MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(mw_code_field(b), MW_NO_FIELD);
    MW_CHECK(mw_code_reads_feature(b, 0) && !mw_code_reads_feature(b, 1));
    MW_CHECK(mw_code_reads_window(b, 0) && !mw_code_reads_window(a, 0));
    mw_test_project_release(&project);
}
