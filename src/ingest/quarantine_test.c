#include "ingest/quarantine.h"

#include "testing/test.h"

MW_TEST(quarantine_writes_a_line_a_row) {
    mw_field fields[] = {{{"carrier", 7}, MW_TYPE_TEXT},
                         {{"delay", 5}, MW_TYPE_NUMBER},
                         {{"derived", 7}, MW_TYPE_NUMBER}};
    mw_schema schema = {fields, 3};
    mw_table rows;
    mw_refusals refusals;
    mw_symbols *symbols;
    mw_error err;
    mw_buf lines;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, &err), &err);
    mw_table_init(&rows, &schema);
    mw_refusals_init(&refusals);
    mw_buf_init(&lines, MW_QUARANTINE_SIZE_MAX);
    mw_cell row[3] = {{.symbol = mw_symbols_intern(symbols, MW_STR("a \"b\""))},
                      mw_cell_missing(MW_TYPE_NUMBER), mw_cell_number(1)};
    for (int i = 0; i < 2; i++) MW_CHECK_OK(mw_table_add(&rows, row, NULL, &err), &err);
    mw_str rule = MW_STR("delay: must be a finite number");
    MW_CHECK_OK(mw_refuse(&refusals, 0, rule, MW_STR("y"), &err), &err);
    MW_CHECK_OK(mw_refuse(&refusals, 1, rule, MW_STR("x"), &err), &err);

    mw_quarantine_source source = {.stream = MW_STR("late"), .file = MW_STR("a.csv"),
                                   .rows = &rows, .column_count = 2, .skip = 1,
                                   .symbols = symbols};
    mw_quarantine_append(&lines, &source, &refusals);
    MW_CHECK_EQUAL_STR(mw_buf_str(&lines),
                       "{\"stream\":\"late\",\"file\":\"a.csv\",\"row\":2,"
                       "\"rule\":\"delay: must be a finite number\",\"value\":\"x\","
                       "\"columns\":{\"carrier\":\"a \\\"b\\\"\",\"delay\":null}}\n");
    mw_buf_release(&lines);
    mw_refusals_release(&refusals);
    mw_table_release(&rows);
    mw_symbols_destroy(symbols);
}
