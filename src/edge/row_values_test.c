#include "edge/row_values.h"

#include <math.h>

#include "testing/test.h"

static mw_field fields[] = {{{"n", 1}, MW_TYPE_NUMBER}, {{"c", 1}, MW_TYPE_CATEGORY},
                            {{"x", 1}, MW_TYPE_TEXT},   {{"b", 1}, MW_TYPE_BOOL},
                            {{"t", 1}, MW_TYPE_TIME},   {{"d", 1}, MW_TYPE_DURATION}};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static mw_row_target target_of(mw_symbols *symbols) {
    return (mw_row_target){.what = "stream s",
                           .part = "column",
                           .fields = fields,
                           .field_count = FIELDS,
                           .symbols = symbols};
}

static mw_symbols *new_symbols(void) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    return symbols;
}

MW_TEST(row_values_become_cells_by_their_names_in_any_order) {
    mw_symbols *symbols = new_symbols();
    mw_row_target target = target_of(symbols);
    mw_cell cells[FIELDS];
    mw_row row = MW_ROW(mw_number("d", 1.5), mw_text("t", "1970-01-01T00:00:01+00:00"),
                        mw_bool("b", true), mw_text("x", "text"), mw_number("c", 17),
                        mw_number("n", -0.0));
    MW_CHECK_OK(mw_row_values_read(&target, row, cells, NULL), NULL);
    MW_CHECK_EQUAL_DOUBLE_BITS(cells[0].number, 0.0);
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, cells[1].symbol), "17");
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, cells[2].symbol), "text");
    MW_CHECK_EQUAL_INT(cells[3].boolean, MW_TRUE);
    MW_CHECK_EQUAL_INT(cells[4].time, MW_SECOND_US);
    MW_CHECK_EQUAL_INT(cells[5].time, 3 * MW_SECOND_US / 2);
    mw_symbols_destroy(symbols);
}

/* A list comes as the text of a JSON array, and is kept in its one spelling. */
MW_TEST(row_values_read_lists) {
    static mw_field lists[] = {{{"l", 1}, MW_TYPE_LIST}, {{"m", 1}, MW_TYPE_NUMBER_LIST}};
    mw_symbols *symbols = new_symbols();
    mw_row_target target = target_of(symbols);
    mw_cell cells[2];
    mw_error err;
    target.fields = lists;
    target.field_count = 2;
    mw_row row = MW_ROW(mw_text("l", "[ \"a\" ]"), mw_text("m", "[1.0]"));
    MW_CHECK_OK(mw_row_values_read(&target, row, cells, NULL), NULL);
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, cells[0].symbol), "[\"a\"]");
    MW_CHECK_EQUAL_STR(mw_symbols_text(symbols, cells[1].symbol), "[1]");
    mw_row bad = MW_ROW(mw_text("l", "a"));
    MW_CHECK_STATUS(mw_row_values_read(&target, bad, cells, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "l: list: must be an array of texts such as [\"a\", \"b\"], got \"a\"");
    mw_symbols_destroy(symbols);
}

MW_TEST(row_values_left_out_or_nan_or_null_are_missing) {
    mw_symbols *symbols = new_symbols();
    mw_row_target target = target_of(symbols);
    mw_cell cells[FIELDS];
    mw_row row = MW_ROW(mw_number("n", NAN), mw_text("c", NULL), mw_number("d", NAN));
    MW_CHECK_OK(mw_row_values_read(&target, row, cells, NULL), NULL);
    for (size_t i = 0; i < FIELDS; i++) MW_CHECK(mw_cell_is_missing(fields[i].type, cells[i]));
    mw_symbols_destroy(symbols);
}

MW_TEST(row_values_only_found_add_no_text) {
    mw_symbols *symbols = new_symbols();
    mw_row_target target = target_of(symbols);
    mw_cell cells[FIELDS];
    uint32_t known = mw_symbols_intern(symbols, MW_STR("known"));
    target.only_finds = true;
    mw_row row = MW_ROW(mw_text("c", "known"), mw_text("x", "new"));
    MW_CHECK_OK(mw_row_values_read(&target, row, cells, NULL), NULL);
    MW_CHECK_EQUAL_INT(cells[1].symbol, known);
    MW_CHECK(mw_cell_is_missing(MW_TYPE_TEXT, cells[2]));
    MW_CHECK_EQUAL_INT(mw_symbols_find(symbols, MW_STR("new")), 0);
    mw_symbols_destroy(symbols);
}

MW_TEST(row_values_that_break_a_rule_are_refused_by_name) {
    static const struct {
        mw_value value;
        const char *message;
    } cases[] = {
        {{"m", MW_VALUE_NUMBER, {1}}, "m: stream s has no such column"},
        {{"n", MW_VALUE_NUMBER, {INFINITY}}, "n: must be a finite number"},
        {{"n", MW_VALUE_TEXT, {.text = "1"}}, "n: must be a number, got a text"},
        {{"n", MW_VALUE_BOOL, {.truth = true}}, "n: must be a number, got a bool"},
        {{"n", MW_VALUE_TIME, {.time_us = 1}}, "n: must be a number, got a time"},
        {{"c", MW_VALUE_NUMBER, {1.5}}, "c: must be a text, or a whole number within 2^53"},
        {{"c", MW_VALUE_NUMBER, {1e17}}, "c: must be a text, or a whole number within 2^53"},
        {{"x", MW_VALUE_NUMBER, {1}}, "x: must be a text, got a number"},
        {{"b", MW_VALUE_NUMBER, {1}}, "b: must be a bool, got a number"},
        {{"t", MW_VALUE_TIME, {.time_us = INT64_MAX}},
         "t: must be a time within the years 1 to 9999"},
        {{"d", MW_VALUE_NUMBER, {1e13}},
         "d: must be a number of at most 1e12 seconds, got a number"},
        {{"n", (mw_value_kind)9, {1}}, "n: must be of a mw_value_kind"},
    };
    mw_symbols *symbols = new_symbols();
    mw_row_target target = target_of(symbols);
    mw_cell cells[FIELDS];
    mw_error err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_row row = {&cases[i].value, 1};
        MW_CHECK_STATUS(mw_row_values_read(&target, row, cells, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(err.message, cases[i].message);
    }
    mw_row twice = MW_ROW(mw_number("n", 1), mw_number("n", 1));
    MW_CHECK_STATUS(mw_row_values_read(&target, twice, cells, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "n: must be given once");
    mw_row local = MW_ROW(mw_text("t", "2024-01-01T00:00:00"));
    MW_CHECK_STATUS(mw_row_values_read(&target, local, cells, &err), MW_INVALID);
    mw_symbols_destroy(symbols);
}
