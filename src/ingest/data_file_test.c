#include "ingest/data_file.h"

#include <stdio.h>

#include "testing/test.h"

typedef struct {
    mw_data_reader reader;
    mw_arena arena;
    mw_schema columns;
    mw_table rows;
    mw_refusals refusals;
    char path[512];
    mw_error err;
} fixture;

static void set_up(fixture *f) {
    mw_duck_config config = {.thread_count = 1};
    mw_arena_init(&f->arena, 1 << 22);
    f->reader.sys = mw_sys_real();
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &f->reader.duck, &f->err), &f->err);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->reader.symbols, &f->err), &f->err);
    MW_CHECK_OK(mw_zone_load(mw_sys_real(), &f->arena, MW_STR("America/New_York"),
                             &f->reader.zone, &f->err), &f->err);
}

static void tear_down(fixture *f) {
    mw_table_release(&f->rows);
    mw_refusals_release(&f->refusals);
    mw_duck_close(f->reader.duck);
    mw_symbols_destroy(f->reader.symbols);
    mw_arena_release(&f->arena);
}

static void write_file(fixture *f, const char *name, const char *text) {
    snprintf(f->path, sizeof f->path, "%s/%s", mw_test_directory(), name);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), f->path, mw_str_of(text), &f->err), &f->err);
}

/* Reads the file at f->path with the types that it seems to have. */
static mw_status read_file(fixture *f) {
    mw_refusals_init(&f->refusals);
    MW_TRY(mw_data_file_columns(&f->reader, f->path, &f->arena, &f->columns, &f->err));
    mw_table_init(&f->rows, &f->columns);
    return mw_data_file_read(&f->reader, f->path, f->columns.field_count, &f->rows,
                             &f->refusals, &f->err);
}

/* The cell as text, which lives in the fixture. */
static mw_str at(fixture *f, size_t row, size_t column) {
    mw_buf text;
    mw_buf_init(&text, 1000);
    mw_cell_append(&text, f->columns.fields[column].type, mw_table_row(&f->rows, row)[column],
                   f->reader.symbols);
    mw_str copy = mw_str_copy(&f->arena, mw_buf_str(&text));
    mw_buf_release(&text);
    return copy;
}

MW_TEST(data_file_infers_types_and_reads_missing_values) {
    fixture f = {0};
    set_up(&f);
    write_file(&f, "a.csv",
               "n,flag,name,day,instant\n"
               "1.5,true,\"a, \"\"b\"\"\nc\",2013-07-01,2013-01-01T10:00:00Z\n"
               "NA,false,,NA,2013-01-01T10:00:00+02:00\n");
    MW_CHECK_OK(read_file(&f), &f.err);
    static const mw_type types[] = {MW_TYPE_NUMBER, MW_TYPE_BOOL, MW_TYPE_TEXT, MW_TYPE_TIME,
                                    MW_TYPE_TIME};
    MW_CHECK_EQUAL_INT(f.columns.field_count, 5);
    for (size_t i = 0; i < 5; i++) MW_CHECK_EQUAL_INT(f.columns.fields[i].type, types[i]);
    MW_CHECK_EQUAL_INT(f.rows.row_count, 2);
    MW_CHECK_EQUAL_STR(at(&f, 0, 2), "a, \"b\"\nc");
    MW_CHECK_EQUAL_STR(at(&f, 0, 3), "2013-07-01T04:00:00Z"); /* midnight in New York */
    MW_CHECK_EQUAL_STR(at(&f, 1, 0), "");
    MW_CHECK_EQUAL_STR(at(&f, 1, 2), "");
    MW_CHECK_EQUAL_STR(at(&f, 1, 4), "2013-01-01T08:00:00Z");
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 0);
    tear_down(&f);
}

static void check_refusal(const fixture *f, size_t i, size_t row, const char *rule,
                          const char *value) {
    const mw_refusal *one = &f->refusals.items[i];
    MW_CHECK_EQUAL_INT(one->row, row);
    MW_CHECK_EQUAL_STR(f->refusals.rules[one->rule].text, rule);
    MW_CHECK_EQUAL_STR(one->value, value);
}

/* Enough good rows for the types to be clear, then bad ones of each kind. */
MW_TEST(data_file_refuses_rows_by_number_and_reason) {
    fixture f = {0};
    mw_buf text;
    set_up(&f);
    mw_buf_init(&text, 1 << 22);
    mw_buf_append_text(&text, "n,when,name\n");
    for (int i = 0; i < 30000; i++) mw_buf_append_text(&text, "1,2013-01-01 05:00:00,\"x\ny\"\n");
    mw_buf_append_text(&text, "five,2013-01-01 05:00:00,a\n");      /* 30000 */
    mw_buf_append_text(&text, "7\n");                               /* 30001 */
    mw_buf_append_text(&text, "8,2013-03-10 02:30:00,spring\n");    /* 30002: skipped by the zone */
    mw_buf_append_text(&text, "8,2013-11-03 01:30:00,autumn\n");    /* 30003: twice in it */
    mw_buf_append_text(&text, "9007199254740993,NA,big\n");         /* 30004 */
    mw_buf_append_text(&text, "1,NA,a,b,c\n");                      /* 30005 */
    mw_buf_append_text(&text, "10,NA,last\n");                      /* 30006 */
    write_file(&f, "bad.csv", mw_buf_str(&text).data);
    MW_CHECK_OK(read_file(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.rows.row_count, 30007);
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 6);
    check_refusal(&f, 0, 30000, "n: must be a finite number", "five");
    check_refusal(&f, 1, 30001, "row: missing columns", "7");
    check_refusal(&f, 2, 30002, "when: must be a time that exists in its zone",
                  "2013-03-10 02:30:00");
    check_refusal(&f, 3, 30003, "when: must be a time that its zone has once",
                  "2013-11-03 01:30:00");
    check_refusal(&f, 4, 30004, "n: must be a whole number of at most 2^53",
                  "9007199254740993");
    check_refusal(&f, 5, 30005, "row: too many columns", "1,NA,a,b,c");
    MW_CHECK_EQUAL_STR(at(&f, 30006, 0), "10");
    MW_CHECK_EQUAL_STR(at(&f, 30006, 2), "last");
    mw_buf_release(&text);
    tear_down(&f);
}

/* Reads what a query gives, by way of a Parquet file. */
static void read_parquet(fixture *f, const char *query) {
    char sql[1000];
    set_up(f);
    snprintf(f->path, sizeof f->path, "%s/a.parquet", mw_test_directory());
    snprintf(sql, sizeof sql, "COPY (%s) TO '%s' (FORMAT parquet)", query, f->path);
    MW_CHECK_OK(mw_duck_run(f->reader.duck, sql, &f->err), &f->err);
    MW_CHECK_OK(read_file(f), &f->err);
}

MW_TEST(data_file_reads_parquet_by_the_same_rules) {
    fixture f = {0};
    read_parquet(&f,
                 "SELECT * FROM (VALUES"
                 " (1::DOUBLE, 7::BIGINT, true, 'a', TIMESTAMP '2013-07-01', DATE '2013-07-01'),"
                 " ('nan', 9007199254740993, false, '', TIMESTAMP '2013-03-10 02:30:00', NULL),"
                 " ('inf', 9, NULL, NULL, NULL, DATE '2013-01-01')"
                 ") t(x, i, b, s, local, day)");
    MW_CHECK_EQUAL_INT(f.rows.row_count, 3);
    MW_CHECK_EQUAL_STR(at(&f, 0, 4), "2013-07-01T04:00:00Z");
    MW_CHECK_EQUAL_STR(at(&f, 2, 5), "2013-01-01T05:00:00Z");
    MW_CHECK_EQUAL_STR(at(&f, 1, 0), "");
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 2);
    check_refusal(&f, 0, 1, "i: must be a whole number of at most 2^53",
                  "9007199254740993");
    check_refusal(&f, 1, 2, "x: must be a finite number", "inf");
    tear_down(&f);
}

/* Warehouses write keys as DECIMAL(38, 0): two that a double cannot tell apart must not be one. */
MW_TEST(data_file_takes_long_numbers_of_parquet_exactly_or_not) {
    fixture f = {0};
    read_parquet(&f,
                 "SELECT * FROM (VALUES"
                 " (1.10::DECIMAL(9, 2), 7::DECIMAL(38, 0), 8::UBIGINT),"
                 " (99999999999999.99::DECIMAL(38, 9), 12345678901234567890, 9),"
                 " (0.3, NULL, 18446744073709551615),"
                 " (9007199254740993, 100, 10), (-9007199254740992, 0, 11), (0, 2, 12)"
                 ") t(d, w, u)");
    for (size_t i = 0; i < 3; i++)
        MW_CHECK_EQUAL_INT(f.columns.fields[i].type, MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_STR(at(&f, 0, 0), "1.1");
    MW_CHECK_EQUAL_STR(at(&f, 0, 1), "7");
    MW_CHECK_EQUAL_STR(at(&f, 0, 2), "8");
    MW_CHECK_EQUAL_STR(at(&f, 4, 0), "-9007199254740992");
    MW_CHECK_EQUAL_STR(at(&f, 4, 1), "0");
    MW_CHECK_EQUAL_STR(at(&f, 5, 0), "0");
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 3);
    check_refusal(&f, 0, 1, "w: must be a whole number of at most 2^53", "12345678901234567890");
    check_refusal(&f, 1, 2, "u: must be a whole number of at most 2^53", "18446744073709551615");
    check_refusal(&f, 2, 3, "d: must be a whole number of at most 2^53", "9007199254740993");
    tear_down(&f);
}

/* NA is missing where the stream says nothing, and what it says where it does: for the types of the
   columns and for their values. */
MW_TEST(data_file_knows_the_words_for_missing) {
    static mw_str dash[] = {{"-", 1}};
    static const mw_project_stream streams[] = {
        {.missing = NULL, .missing_count = 0}, {.missing = dash, .missing_count = 1}};
    static const char text[] = "country,n\nNA,-\n-,2\n,NA\n";
    static const char *const country[3][3] = {{"", "-", ""}, {"NA", "-", ""}, {"NA", "", ""}};
    static const char *const n[3][3] = {{"-", "2", ""}, {"-", "2", "NA"}, {"", "2", "NA"}};
    for (size_t i = 0; i < 3; i++) {
        fixture f = {0};
        set_up(&f);
        write_file(&f, "a.csv", text);
        f.reader.stream = i == 0 ? NULL : &streams[i - 1];
        MW_CHECK_OK(read_file(&f), &f.err);
        for (size_t row = 0; row < 3; row++) {
            MW_CHECK_EQUAL_STR(at(&f, row, 0), country[i][row]);
            MW_CHECK_EQUAL_STR(at(&f, row, 1), n[i][row]);
        }
        tear_down(&f);
    }
}

/* An array of a Parquet file is a list; in CSV the text of one is, where `types` says so. */
MW_TEST(data_file_reads_lists) {
    fixture f = {0};
    read_parquet(&f,
                 "SELECT * FROM (VALUES (['a', 'b\"'], [1.5, 2]), ([], NULL), (['x', NULL], [3]),"
                 " (['y'], [9007199254740993::HUGEINT])) t(names, sizes)");
    MW_CHECK_EQUAL_INT(f.columns.fields[0].type, MW_TYPE_LIST);
    MW_CHECK_EQUAL_INT(f.columns.fields[1].type, MW_TYPE_NUMBER_LIST);
    MW_CHECK_EQUAL_STR(at(&f, 0, 0), "[\"a\",\"b\\\"\"]");
    MW_CHECK_EQUAL_STR(at(&f, 0, 1), "[1.5,2]");
    MW_CHECK_EQUAL_STR(at(&f, 1, 0), "[]");
    MW_CHECK_EQUAL_STR(at(&f, 1, 1), "");
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 2);
    check_refusal(&f, 0, 2, "names: must be an array of texts such as [\"a\", \"b\"]",
                  "[\"x\",null]");
    check_refusal(&f, 1, 3, "sizes: must be a whole number of at most 2^53", "9007199254740993.0");
    mw_table_release(&f.rows);
    mw_refusals_release(&f.refusals);

    write_file(&f, "lists.csv", "names,sizes\n\"[\"\"a\"\", 7]\",\"[1, 2.50]\"\n"
                                "none,[9007199254740993]\n");
    mw_field fields[] = {{{"names", 5}, MW_TYPE_LIST}, {{"sizes", 5}, MW_TYPE_NUMBER_LIST}};
    f.columns = (mw_schema){fields, 2};
    mw_refusals_init(&f.refusals);
    mw_table_init(&f.rows, &f.columns);
    MW_CHECK_OK(mw_data_file_read(&f.reader, f.path, 2, &f.rows, &f.refusals, &f.err), &f.err);
    MW_CHECK_EQUAL_STR(at(&f, 0, 0), "[\"a\",\"7\"]");
    MW_CHECK_EQUAL_STR(at(&f, 0, 1), "[1,2.5]");
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 1);
    check_refusal(&f, 0, 1, "names: must be an array of texts such as [\"a\", \"b\"]", "none");
    tear_down(&f);
}

MW_TEST(data_file_says_which_file_cannot_be_read) {
    fixture f = {0};
    set_up(&f);
    snprintf(f.path, sizeof f.path, "/absent/a.csv");
    MW_CHECK_STATUS(read_file(&f), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(f.err.message, "/absent/a.csv: there is no such file");
    write_file(&f, "empty.csv", "");
    MW_CHECK_STATUS(read_file(&f), MW_INVALID);
    write_file(&f, "broken.parquet", "This is no Parquet.");
    MW_CHECK_STATUS(read_file(&f), MW_INVALID);
    write_file(&f, "a.csv", "a,b\n1,2\n");
    mw_field fields[] = {{{"c", 1}, MW_TYPE_NUMBER}};
    mw_schema wanted = {fields, 1};
    mw_table_init(&f.rows, &wanted);
    MW_CHECK_STATUS(mw_data_file_read(&f.reader, f.path, 1, &f.rows, &f.refusals, &f.err),
                    MW_INVALID);
    MW_CHECK(mw_str_ends(mw_str_of(f.err.message), MW_STR("a.csv: there is no column c")));
    tear_down(&f);
}
