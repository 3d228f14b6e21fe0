#include "lang/functions.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>

/* Each expression is a feature over one row: t is 2013-03-10T06:59:59.5Z, a Sunday. */
typedef struct {
    const char *expression, *value;
} value_case;

static void check_values(const value_case *cases, size_t count) {
    mw_buf text, got;
    mw_buf_init(&text, 1 << 20);
    mw_buf_init(&got, 1 << 20);
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&text, "feature f%zu: %s\n", i, cases[i].expression);
    mw_buf_append_text(&text, "stream s:\n"
                              "  columns: t time, none time, x number, k category,"
                              " gap text, items list, counts list of number\n"
                              "  time: t\n"
                              "  id: k, t\n"
                              "model m:\n"
                              "  moment: on s\n"
                              "  label: count(s by k over next 1d)\n");
    mw_test_project project = mw_test_compile(text.data);
    mw_cell row[7] = {[1] = mw_cell_missing(MW_TYPE_TIME), [2] = mw_cell_number(2.5)};
    MW_CHECK_OK(mw_cell_parse(MW_TYPE_TIME, MW_STR("2013-03-10T06:59:59.5Z"), NULL,
                              project.symbols, &row[0], NULL), NULL);
    row[3].symbol = mw_symbols_intern(project.symbols, MW_STR("Größe X"));
    row[5].symbol = mw_symbols_intern(project.symbols, MW_STR("[\"x\",\"a,b\",\"\\\"\"]"));
    row[6].symbol = mw_symbols_intern(project.symbols, MW_STR("[2.5,10]"));
    mw_frame frame = {.row = row, .symbols = project.symbols, .zone = project.program->zone};
    for (size_t i = 0; i < count; i++) {
        const mw_feature *feature = &project.model->features[i];
        mw_buf_clear(&got);
        mw_cell_append(&got, feature->type, mw_code_run(feature->code, &frame), project.symbols);
        MW_CHECK_EQUAL_STR(mw_buf_str(&got), cases[i].value);
    }
    mw_buf_release(&text);
    mw_buf_release(&got);
    mw_test_project_release(&project);
}
#define CHECK_VALUES(cases) check_values((cases), sizeof(cases) / sizeof((cases)[0]))

MW_TEST(functions_of_numbers) {
    static const value_case cases[] = {
        {"abs(-x)", "2.5"},      {"floor(-x)", "-3"},      {"ceil(-x)", "-2"},
        {"round(x)", "3"},       {"round(-x)", "-3"},      {"round(1.2345 * x / x, 2)", "1.23"},
        {"sqrt(x * 10)", "5"},   {"log(x / x)", "0"},      {"log(-x)", ""},
        {"log1p(x - x)", "0"},   {"exp(x - x)", "1"},      {"exp(x * 1000)", ""},
        {"pow(x, 2)", "6.25"},   {"pow(log(-x), 0)", ""},  {"min(x, 1, 2)", "1"},
        {"max(x, 1, 2)", "2.5"}, {"min(x, log(-x))", ""},  {"clip(x, 0, 1)", "1"},
        {"clip(x, 3, 4)", "3"},  {"clip(x, 0, 4)", "2.5"}, {"bucket(x, 1, 2.5, 9)", "2"},
        {"bucket(-x, 1)", "0"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(functions_of_the_calendar) {
    static const value_case cases[] = {
        {"hour(t)", "6"},        {"minute(t)", "59"}, {"second(t)", "59"},
        {"day(t)", "10"},        {"weekday(t)", "7"}, {"month(t)", "3"},
        {"year(t)", "2013"},     {"quarter(t)", "1"}, {"day_of_year(t)", "69"},
        {"week(t)", "10"},       {"hour(none)", ""},  {"week(t + 298d)", "1"}, /* 2014-01-02 */
        {"week(t - 69d)", "1"}, /* 2012-12-31 is a Monday: week 1 of 2013 begins there */
        {"week(t - 70d)", "52"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(functions_of_text) {
    static const value_case cases[] = {
        {"lower(k)", "größe x"},
        {"upper(k)", "GRÖßE X"}, /* one letter for one */
        {"length(k)", "7"},
        {"length(gap)", ""},
        {"contains(k, \"öß\")", "true"},
        {"contains(k, \"\")", "true"},
        {"contains(k, \"Größe XL\")", "false"},
        {"starts(k, \"Gr\")", "true"},
        {"ends(k, \"Gr\")", "false"},
        {"contains(k, gap)", ""},
        {"k + \"/\" + lower(k)", "Größe X/größe x"},
        {"k + gap", ""},
        {"split(k, \" \", 1)", "Größe"},
        {"split(k, \" \", 2)", "X"},
        {"split(k, \" \", 3)", ""},
        {"split(k, \"|\", 1)", "Größe X"},
        {"split(k, \"\", 1)", ""},
        {"split(k, \" \", x)", ""}, /* there is no part 2.5 */
        {"split(k, \" \", 0)", ""},
        {"split(gap, \" \", 1)", ""},
        {"split(\"a::b::\", \"::\", 2)", "b"},
        {"missing(split(\"a::b::\", \"::\", 3))", "false"}, /* an empty text */
        {"length(split(\"aaa\", \"aa\", 2))", "1"},
    };
    CHECK_VALUES(cases);
}

MW_TEST(functions_of_lists) {
    static const value_case cases[] = {
        {"length(items)", "3"},
        {"length(counts)", "2"},
        {"contains(items, \"a,b\")", "true"},
        {"contains(items, \"a\")", "false"},
        {"contains(counts, x)", "true"},
        {"x + 1 in counts", "false"},
        {"x in counts and x > 2", "true"},
        {"k not in items", "true"},
        {"gap in items", ""},
        {"k in split(gap, \" \")", ""},
        {"contains(split(k, \" \"), \"X\")", "true"},
        {"length(split(\"a::b::\", \"::\"))", "3"},
        {"length(split(\"\", \"::\"))", "1"},
        {"missing(split(k, \"\"))", "true"}, /* no separator */
        {"items = split(\"x|a,b|\\\"\", \"|\")", "true"},
    };
    CHECK_VALUES(cases);
}

/* Newark to Los Angeles by an independent formula (the spherical law of cosines). */
MW_TEST(haversine_agrees_with_the_law_of_cosines) {
    const double radians = 3.14159265358979323846 / 180;
    double a = 40.6925 * radians, b = 33.9425 * radians, along = (118.408 - 74.1687) * radians;
    double expected = acos(sin(a) * sin(b) + cos(a) * cos(b) * cos(along)) * 6371.0088;
    mw_cell args[] = {mw_cell_number(40.6925), mw_cell_number(-74.1687), mw_cell_number(33.9425),
                      mw_cell_number(-118.408)};
    mw_type types[] = {MW_TYPE_NUMBER, MW_TYPE_NUMBER, MW_TYPE_NUMBER, MW_TYPE_NUMBER};
    int32_t index = mw_function_match(MW_STR("haversine"), types, 4);
    double got = mw_function_at(index)->kernel(args, 4, NULL).number;
    MW_CHECK(fabs(got - expected) < 1e-6 && got > 3900 && got < 4000);
}

MW_TEST(functions_match_their_parameters) {
    mw_type numbers[] = {MW_TYPE_NUMBER, MW_TYPE_NUMBER, MW_TYPE_NUMBER};
    MW_CHECK_EQUAL_INT(mw_function_match(MW_STR("min"), numbers, 1), -1);
    MW_CHECK(mw_function_match(MW_STR("min"), numbers, 3) >= 0);
    MW_CHECK_EQUAL_INT(mw_function_match(MW_STR("round"), numbers, 3), -1);
    MW_CHECK(mw_function_match(MW_STR("round"), numbers, 1) !=
             mw_function_match(MW_STR("round"), numbers, 2));
    MW_CHECK_EQUAL_INT(mw_function_match(MW_STR("hour"), numbers, 1), -1);
}

/* Takes all the room that is left. */
static void fill(mw_symbols *symbols) {
    char text[32];
    for (int i = 0;; i++) {
        int size = snprintf(text, sizeof text, "%d", i);
        if (mw_symbols_intern(symbols, (mw_str){text, (size_t)size}) == 0) return;
    }
}

/* A text that cannot be kept is no missing value like others: whoever runs the code is told. */
MW_TEST(functions_say_that_a_text_was_lost) {
    mw_test_project project =
        mw_test_compile("feature a: concat(k, k)\nfeature b: upper(k)\n"
                        "feature c: split(k, \"x\", 1)\n"
                        "feature d: length(split(k, \"x\"))\nfeature e: concat(k, gap)\n"
                        "feature f: split(k, \"x\", 9)\n"
                        "stream s:\n"
                        "  columns: t time, k category, gap text\n  time: t\n  id: k, t\n"
                        "model m:\n  moment: on s\n  label: count(s by k over next 1d)\n");
    mw_error err;
    mw_cell row[3] = {[2] = {.symbol = 0}};
    row[1].symbol =
        mw_symbols_intern(project.symbols, MW_STR("a long text that is new in parts x yes"));
    mw_frame frame = {.row = row, .symbols = project.symbols, .zone = project.program->zone};
    fill(project.symbols);
    for (size_t i = 0; i < 6; i++) {
        mw_code_run(project.model->features[i].code, &frame);
        bool is_lost = i < 4; /* the last two are missing with any room */
        MW_CHECK_STATUS(mw_symbols_settle(project.symbols, &err), is_lost ? MW_NO_MEMORY : MW_OK);
    }
    mw_test_project_release(&project);
}
