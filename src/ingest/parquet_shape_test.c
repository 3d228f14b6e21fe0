#include "ingest/parquet_shape.h"

#include <stdio.h>

#include "base/base64.h"
#include "testing/test.h"

typedef struct {
    mw_data_reader reader;
    mw_arena arena;
    mw_parquet_shape shape;
    char path[512];
    mw_error err;
} fixture;

/* The shape of what a query gives, as a Parquet file, and what is noted in it. */
static mw_status read_shape(fixture *f, const char *query, const char *notes) {
    char sql[4000];
    mw_duck_config config = {.thread_count = 1};
    mw_arena_init(&f->arena, 1 << 22);
    f->reader.sys = mw_sys_real();
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &f->reader.duck, &f->err), &f->err);
    snprintf(f->path, sizeof f->path, "%s/a.parquet", mw_test_directory());
    snprintf(sql, sizeof sql, "COPY (%s) TO '%s' (FORMAT parquet%s)", query, f->path, notes);
    MW_CHECK_OK(mw_duck_run(f->reader.duck, sql, &f->err), &f->err);
    return mw_parquet_shape_read(&f->reader, f->path, &f->arena, &f->shape, &f->err);
}

static void tear_down(fixture *f) {
    mw_duck_close(f->reader.duck);
    mw_arena_release(&f->arena);
}

static void check_column(const fixture *f, size_t at, const char *name, mw_type type) {
    MW_CHECK_EQUAL_STR(f->shape.schema.fields[at].name, name);
    MW_CHECK_EQUAL_INT(f->shape.schema.fields[at].type, type);
}

MW_TEST(parquet_shape_names_columns_as_the_file_does) {
    fixture f = {0};
    MW_CHECK_OK(read_shape(&f,
                           "SELECT {'x': 1, 'y': {'z': 2}} AS nested, 1 AS n, [1.5] AS \"a \"\"b\","
                           " TIMESTAMPTZ '2024-01-01 00:00:00Z' AS at, DATE '2024-01-01' AS day,"
                           " true AS yes, 'a' AS t, ['a'] AS ts, 7::DECIMAL(9, 2) AS d", ""),
                &f.err);
    MW_CHECK_EQUAL_INT(f.shape.schema.field_count, 9);
    check_column(&f, 0, "nested", MW_TYPE_TEXT);
    check_column(&f, 1, "n", MW_TYPE_NUMBER);
    check_column(&f, 2, "a \"b", MW_TYPE_NUMBER_LIST);
    check_column(&f, 3, "at", MW_TYPE_TIME);
    check_column(&f, 4, "day", MW_TYPE_TIME);
    check_column(&f, 5, "yes", MW_TYPE_BOOL);
    check_column(&f, 6, "t", MW_TYPE_TEXT);
    check_column(&f, 7, "ts", MW_TYPE_LIST);
    check_column(&f, 8, "d", MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(f.shape.columns[3].kind, MW_DUCK_TIME);
    MW_CHECK_EQUAL_INT(f.shape.columns[4].kind, MW_DUCK_DATE);
    for (size_t i = 0; i < 9; i++) MW_CHECK_EQUAL_INT(f.shape.columns[i].unit_ns, 0);
    tear_down(&f);
}

/* The note has durations as a, d, e and f; only whole numbers can be any. */
MW_TEST(parquet_shape_finds_durations_by_the_note) {
    fixture f = {0};
    mw_buf notes;
    mw_buf_init(&notes, 1 << 20);
    mw_buf message;
    mw_buf_init(&message, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), "tests/corpus/arrow_note/durations", &message,
                                 &f.err), &f.err);
    mw_buf_append_text(&notes, ", KV_METADATA {\"ARROW:schema\": '");
    mw_base64_append(&notes, mw_buf_str(&message));
    mw_buf_append_text(&notes, "'}");
    mw_buf_append_char(&notes, 0);
    MW_CHECK_OK(read_shape(&f, "SELECT 1 AS a, 2 AS b, 3 AS c, 4.5 AS d, 5 AS e, 'x' AS f",
                           notes.data), &f.err);
    check_column(&f, 0, "a", MW_TYPE_DURATION);
    check_column(&f, 1, "b", MW_TYPE_NUMBER);
    check_column(&f, 3, "d", MW_TYPE_NUMBER);
    check_column(&f, 4, "e", MW_TYPE_DURATION);
    check_column(&f, 5, "f", MW_TYPE_TEXT);
    MW_CHECK_EQUAL_INT(f.shape.columns[0].unit_ns, 1);
    MW_CHECK_EQUAL_INT(f.shape.columns[4].unit_ns, 1000000);
    MW_CHECK_OK(mw_parquet_shape_check(&f.shape, 0, MW_TYPE_DURATION, NULL, &f.err), &f.err);
    MW_CHECK_OK(mw_parquet_shape_check(&f.shape, 3, MW_TYPE_NUMBER, NULL, &f.err), &f.err);
    MW_CHECK_STATUS(mw_parquet_shape_check(&f.shape, 0, MW_TYPE_NUMBER, NULL, &f.err), MW_INVALID);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "column a: holds durations, but is a number of the stream");
    mw_buf_release(&message);
    mw_buf_release(&notes);
    tear_down(&f);
}
