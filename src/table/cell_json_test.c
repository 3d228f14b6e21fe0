#include "table/cell_json.h"

#include "testing/test.h"

MW_TEST(cell_json_writes_each_type_and_what_is_missing) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    mw_cell text = {.symbol = mw_symbols_intern(symbols, MW_STR("a\"b"))};
    mw_cell list = {.symbol = mw_symbols_intern(symbols, MW_STR("[\"a\",\"b\"]"))};
    const struct {
        mw_type type;
        mw_cell cell;
        const char *expected;
    } cases[] = {
        {MW_TYPE_NUMBER, mw_cell_number(0.1), "0.1"},
        {MW_TYPE_BOOL, mw_cell_bool(true), "true"},
        {MW_TYPE_TIME, mw_cell_time(1500000), "\"1970-01-01T00:00:01.5Z\""},
        {MW_TYPE_DURATION, mw_cell_time(90 * MW_SECOND_US), "90"},
        {MW_TYPE_TEXT, text, "\"a\\\"b\""},
        {MW_TYPE_CATEGORY, text, "\"a\\\"b\""},
        {MW_TYPE_LIST, list, "[\"a\",\"b\"]"},
    };
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf_clear(&out);
        mw_json json = mw_json_begin(&out);
        mw_cell_write_json(&json, cases[i].type, cases[i].cell, symbols);
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), cases[i].expected);
        mw_buf_clear(&out);
        json = mw_json_begin(&out);
        mw_cell_write_json(&json, cases[i].type, mw_cell_missing(cases[i].type), symbols);
        MW_CHECK_EQUAL_STR(mw_buf_str(&out), "null");
    }
    mw_buf_release(&out);
    mw_symbols_destroy(symbols);
}
