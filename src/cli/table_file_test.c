#include "cli/table_file.h"

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
