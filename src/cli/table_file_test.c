#include "cli/table_file.h"

#include <stdio.h>

#include "testing/test.h"

typedef struct {
    mw_symbols *symbols;
    mw_field fields[3];
    mw_schema schema;
    mw_table table;
} world;

static void begin(world *w) {
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w->symbols, NULL), NULL);
    w->fields[0] = (mw_field){MW_STR("name, full"), MW_TYPE_TEXT};
    w->fields[1] = (mw_field){MW_STR("at"), MW_TYPE_TIME};
    w->fields[2] = (mw_field){MW_STR("x"), MW_TYPE_NUMBER};
    w->schema = (mw_schema){w->fields, 3};
    mw_table_init(&w->table, &w->schema);
}

static void add(world *w, const char *name, int64_t at, double x) {
    mw_cell row[3] = {mw_cell_missing(MW_TYPE_TEXT), mw_cell_time(at), mw_cell_number(x)};
    if (name) row[0].symbol = mw_symbols_intern(w->symbols, mw_str_of(name));
    MW_CHECK_OK(mw_table_add(&w->table, row, NULL, NULL), NULL);
}

static void end(world *w) {
    mw_table_release(&w->table);
    mw_symbols_destroy(w->symbols);
}

MW_TEST(csv_tells_missing_from_empty_and_doubles_quotes) {
    world w;
    begin(&w);
    add(&w, "plain", 0, 0.1);
    add(&w, NULL, MW_TIME_MISSING, 0.0 / 0.0);
    add(&w, "", 1500000, -3);
    add(&w, "a \"b\", c\nd", 0, 1e300);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_table_csv_append(&out, &w.table, w.symbols);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), "\"name, full\",at,x\n"
                                         "plain,1970-01-01T00:00:00Z,0.1\n"
                                         ",,\n"
                                         "\"\",1970-01-01T00:00:01.5Z,-3\n"
                                         "\"a \"\"b\"\", c\nd\",1970-01-01T00:00:00Z,1e+300\n");
    mw_buf_release(&out);
    end(&w);
}

MW_TEST(a_file_is_written_by_its_ending) {
    world w;
    begin(&w);
    add(&w, "plain", 0, 0.1);
    mw_sys *sys = mw_sys_real();
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    const char *path = mw_path_join(&arena, mw_test_directory(), "out.csv");
    MW_CHECK_OK(mw_table_file_write(sys, NULL, &w.table, w.symbols, path, &err), &err);
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    MW_CHECK_OK(mw_sys_read_file(sys, path, &bytes, &err), &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&bytes),
                       "\"name, full\",at,x\nplain,1970-01-01T00:00:00Z,0.1\n");
    MW_CHECK_STATUS(mw_table_file_write(sys, NULL, &w.table, w.symbols, "out.xlsx", &err),
                    MW_USAGE);
    MW_CHECK_EQUAL_STR(err.message, "--output: must end in .csv or .parquet, got out.xlsx");
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    end(&w);
}

static size_t name_count(mw_sys *sys, const char *folder) {
    mw_arena arena;
    mw_str *names;
    size_t count;
    mw_arena_init(&arena, 1 << 16);
    MW_CHECK_OK(mw_sys_list(sys, folder, &arena, &names, &count, NULL), NULL);
    mw_arena_release(&arena);
    return count;
}

/* In both as they come: the order is kept, and nothing else is left. */
MW_TEST(a_file_of_many_rows_keeps_their_order) {
    enum { ROWS = 5000 };
    static const char *const names[] = {"many.csv", "many.parquet"};
    world w;
    begin(&w);
    const char *folder = mw_test_directory();
    mw_sys *sys = mw_sys_real();
    mw_duck *duck;
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    mw_duck_config duck_config = {.thread_count = 2, .memory_max = 1 << 28};
    MW_CHECK_OK(mw_duck_open(sys, duck_config, &duck, &err), &err);
    for (size_t k = 0; k < 2; k++) {
        const char *path = mw_path_join(&arena, folder, names[k]);
        mw_table_file_config config = {sys, duck, &w.schema, w.symbols, path};
        mw_table_file *file;
        MW_CHECK_OK(mw_table_file_begin(config, &file, &err), &err);
        for (int i = 0; i < ROWS; i++) {
            char name[20];
            snprintf(name, sizeof name, "row %d", i);
            mw_cell row[3] = {mw_cell_missing(MW_TYPE_TEXT), mw_cell_time(i), mw_cell_number(i)};
            MW_CHECK_OK(mw_table_file_add(file, mw_str_of(name), row, &err), &err);
        }
        MW_CHECK_OK(mw_table_file_end(file, &err), &err);
        mw_table_file_destroy(file);
        MW_CHECK_EQUAL_INT(name_count(sys, folder), k + 1);

        mw_buf sql;
        mw_duck_cursor *cursor;
        mw_buf_init(&sql, 1 << 16);
        mw_buf_printf(&sql, "SELECT #1, CAST(#3 AS BIGINT) FROM '%s'", path);
        MW_CHECK_OK(mw_duck_query(duck, mw_buf_str(&sql).data, &cursor, &err), &err);
        int next = 0;
        for (size_t count = 1; count > 0;) {
            MW_CHECK_OK(mw_duck_fetch(cursor, &count, &err), &err);
            for (size_t r = 0; r < count; r++, next++) {
                char name[20];
                snprintf(name, sizeof name, "row %d", next);
                MW_CHECK_EQUAL_STR(mw_duck_text(cursor, 0, r), mw_str_of(name));
                MW_CHECK_EQUAL_INT(mw_duck_int(cursor, 1, r), next);
            }
        }
        MW_CHECK_EQUAL_INT(next, ROWS);
        mw_duck_cursor_close(cursor);
        mw_buf_release(&sql);
    }
    mw_duck_close(duck);
    mw_arena_release(&arena);
    end(&w);
}

/* What was begun and not ended was never there. */
MW_TEST(a_file_that_is_given_up_leaves_nothing) {
    static const char *const names[] = {"half.csv", "half.parquet"};
    world w;
    begin(&w);
    const char *folder = mw_test_directory();
    mw_duck *duck;
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    mw_duck_config duck_config = {.thread_count = 1};
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), duck_config, &duck, &err), &err);
    for (size_t k = 0; k < 2; k++) {
        const char *path = mw_path_join(&arena, folder, names[k]);
        mw_table_file_config config = {mw_sys_real(), duck, &w.schema, w.symbols, path};
        mw_table_file *file;
        MW_CHECK_OK(mw_table_file_begin(config, &file, &err), &err);
        mw_cell row[3] = {mw_cell_missing(MW_TYPE_TEXT), mw_cell_time(1), mw_cell_number(1)};
        for (int i = 0; i < 10; i++)
            MW_CHECK_OK(mw_table_file_add(file, (mw_str){NULL, 0}, row, &err), &err);
        mw_table_file_destroy(file);
    }
    MW_CHECK_EQUAL_INT(name_count(mw_sys_real(), folder), 0);
    mw_duck_close(duck);
    mw_arena_release(&arena);
    end(&w);
}
