#include "ingest/file_rows.h"

#include <stdio.h>

#include "testing/test.h"

static mw_field columns[] = {{{"a", 1}, MW_TYPE_NUMBER},
                             {{"b", 1}, MW_TYPE_TEXT},
                             {{"twice", 5}, MW_TYPE_NUMBER}};
static mw_field other_types[] = {{{"a", 1}, MW_TYPE_TEXT},
                                 {{"b", 1}, MW_TYPE_TEXT},
                                 {{"twice", 5}, MW_TYPE_NUMBER}};
static const mw_schema row = {columns, 3}, other_row = {other_types, 3};

typedef struct {
    mw_data_reader reader;
    mw_arena arena;
    mw_file_rows rows;
    char path[512], other_path[512];
    mw_error err;
} fixture;

static void write_file(fixture *f, const char *path, const char *text) {
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, mw_str_of(text), &f->err), &f->err);
}

static void set_up(fixture *f) {
    *f = (fixture){.reader = {.sys = mw_sys_real(), .zone = mw_zone_utc()}};
    mw_arena_init(&f->arena, 1 << 22);
    mw_duck_config config = {.thread_count = 1};
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &f->reader.duck, &f->err), &f->err);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->reader.symbols, &f->err), &f->err);
    (void)snprintf(f->path, sizeof f->path, "%s/rows.csv", mw_test_directory());
    (void)snprintf(f->other_path, sizeof f->other_path, "%s/other.csv", mw_test_directory());
    write_file(f, f->path, "a,b\n1,x\nnone,y\n3,z\n");
    write_file(f, f->other_path, "a,b\n4,x\n");
    mw_file_rows_init(&f->rows);
}

static void tear_down(fixture *f) {
    mw_file_rows_release(&f->rows);
    mw_duck_close(f->reader.duck);
    mw_symbols_destroy(f->reader.symbols);
    mw_arena_release(&f->arena);
}

static void read_rows(fixture *f, const char *path, const mw_schema *schema) {
    mw_file_wish wish = {path, schema, 2};
    MW_CHECK_OK(mw_file_rows_read(&f->rows, &f->reader, wish, &f->err), &f->err);
}

MW_TEST(file_rows_are_read_once_and_stand_as_they_were_read) {
    fixture f;
    set_up(&f);
    read_rows(&f, f.path, &row);
    char hash[MW_SHA256_HEX_SIZE + 1];
    for (size_t i = 0; i < 3; i++) mw_table_row(&f.rows.rows, i)[2] = mw_cell_number(2);
    write_file(&f, f.path, "a,b\n9,changed\n");
    read_rows(&f, f.path, &row);
    MW_CHECK(f.rows.read_count == 1 && f.rows.rows.row_count == 3);
    MW_CHECK(mw_table_row(&f.rows.rows, 2)[0].number == 3);
    for (size_t i = 0; i < 3; i++)
        MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, mw_table_row(&f.rows.rows, i)[2]));
    MW_CHECK(f.rows.refusals.item_count == 1 && f.rows.refusals.items[0].row == 1);
    MW_CHECK_OK(mw_file_rows_hash(&f.rows, 3, f.reader.symbols, hash, &f.err), &f.err);
    MW_CHECK_EQUAL_STR(hash, f.rows.hash);
    tear_down(&f);
}

MW_TEST(file_rows_of_another_file_or_under_other_types_are_read_anew) {
    fixture f;
    set_up(&f);
    read_rows(&f, f.path, &row);
    read_rows(&f, f.other_path, &row);
    MW_CHECK(f.rows.read_count == 2 && f.rows.rows.row_count == 1);
    MW_CHECK_EQUAL_INT(f.rows.refusals.item_count, 0);
    read_rows(&f, f.other_path, &other_row);
    MW_CHECK_EQUAL_INT(f.rows.read_count, 3);
    mw_str text = mw_symbols_text(f.reader.symbols, mw_table_row(&f.rows.rows, 0)[0].symbol);
    MW_CHECK_EQUAL_STR(text, "4");
    MW_CHECK_OK(mw_zone_load(f.reader.sys, &f.arena, MW_STR("America/New_York"), &f.reader.zone,
                             &f.err), &f.err);
    read_rows(&f, f.other_path, &other_row);
    MW_CHECK_EQUAL_INT(f.rows.read_count, 4);
    tear_down(&f);
}

MW_TEST(file_rows_by_other_words_for_what_is_missing_are_read_anew) {
    mw_str dash[] = {MW_STR("-")}, too[] = {MW_STR("-")}, x[] = {MW_STR("x")};
    mw_project_stream takes_all = {.missing_count = 0};
    mw_project_stream streams[] = {{.missing = dash, .missing_count = 1},
                                   {.missing = too, .missing_count = 1},
                                   {.missing = x, .missing_count = 1}};
    const struct {
        const mw_project_stream *stream;
        size_t read_count;
        bool is_missing;
    } steps[] = {{&streams[0], 1, false}, {&streams[1], 1, false}, {&streams[2], 2, true},
                 {&streams[0], 3, false}, {&takes_all, 4, false},  {&streams[2], 5, true},
                 {NULL, 6, false}};
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        f.reader.stream = steps[i].stream;
        read_rows(&f, f.path, &row);
        MW_CHECK_EQUAL_INT(f.rows.read_count, steps[i].read_count);
        mw_cell first = mw_table_row(&f.rows.rows, 0)[1];
        MW_CHECK_EQUAL_INT(mw_cell_is_missing(MW_TYPE_TEXT, first), steps[i].is_missing);
    }
    tear_down(&f);
}

MW_TEST(file_rows_are_none_after_a_failure) {
    fixture f;
    set_up(&f);
    read_rows(&f, f.path, &row);
    mw_file_wish absent = {"/nowhere/rows.csv", &row, 2};
    MW_CHECK_STATUS(mw_file_rows_read(&f.rows, &f.reader, absent, &f.err), MW_NOT_FOUND);
    read_rows(&f, f.path, &row);
    MW_CHECK(f.rows.read_count == 3 && f.rows.rows.row_count == 3);
    tear_down(&f);
}
