#include "store/duck_file.h"

#include "store/drawn_row_test.h"
#include "store/duck_call_test.h"
#include "store/duck_writer.h"

enum { ROWS = 5000, LONG_ROWS = 300000, WIDE = 400, WIDE_ROWS = 100000 };
enum { LONG_SIZE = 1 << 16, LONG_TEXTS = 10000 };
static const mw_str no_name = {NULL, 0};

typedef struct {
    mw_duck *duck;
    mw_symbols *symbols;
    mw_table rows;
    const char *folder;
    char path[512];
} world;

static void begin(world *w, size_t row_count) {
    uint64_t prng = mw_test_seed();
    w->duck = open_duck();
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w->symbols, NULL), NULL);
    mw_table_init(&w->rows, &drawn_schema);
    for (size_t i = 0; i < row_count; i++) {
        mw_cell row[DRAWN_COLUMNS];
        draw_row(&prng, w->symbols, row);
        MW_CHECK_OK(mw_table_add(&w->rows, row, NULL, NULL), NULL);
    }
    w->folder = mw_test_directory();
    snprintf(w->path, sizeof w->path, "%s/it's.parquet", w->folder);
}

static void end(world *w) {
    mw_table_release(&w->rows);
    mw_symbols_destroy(w->symbols);
    mw_duck_close(w->duck);
}

static mw_duck_file *begin_file(const world *w, const mw_schema *of) {
    mw_duck_file *file;
    mw_error err;
    MW_CHECK_OK(mw_duck_file_create(w->duck, of, w->symbols, w->path, &file, &err), &err);
    return file;
}

static void add(mw_duck_file *file, const world *w, size_t row) {
    mw_error err;
    MW_CHECK_OK(mw_duck_file_add(file, no_name, mw_table_row(&w->rows, row), &err), &err);
}

static void finish(mw_duck_file *file) {
    mw_error err;
    MW_CHECK_OK(mw_duck_file_end(file, &err), &err);
    mw_duck_file_destroy(file);
}

static mw_duck_cursor *read_back(const world *w) {
    char sql[600];
    snprintf(sql, sizeof sql, "FROM read_parquet('%s/it''s.parquet')", w->folder);
    return query(w->duck, sql);
}

static int64_t ask(const world *w, const char *sql) {
    mw_duck_cursor *cursor = query(w->duck, sql);
    MW_CHECK_EQUAL_INT(fetch(cursor), 1);
    int64_t answer = mw_duck_int(cursor, 0, 0);
    mw_duck_cursor_close(cursor);
    return answer;
}

/* What is written comes back in its order, bit for bit, missing values too. */
MW_TEST(duck_file_round_trip) {
    world w;
    begin(&w, ROWS);
    mw_duck_file *file = begin_file(&w, &drawn_schema);
    for (size_t r = 0; r < ROWS; r++) add(file, &w, r);
    finish(file);

    mw_duck_cursor *cursor = read_back(&w);
    size_t done = 0, missing = 0;
    for (size_t count = fetch(cursor); count > 0; count = fetch(cursor)) {
        for (size_t r = 0; r < count; r++, done++) {
            for (size_t c = 0; c < DRAWN_COLUMNS; c++) {
                mw_cell cell;
                mw_duck_target target = {drawn_fields[c].type, w.symbols};
                MW_CHECK(mw_duck_cell(cursor, c, r, target, &cell));
                MW_CHECK(cell.bits == mw_table_row(&w.rows, done)[c].bits);
                missing += mw_cell_is_missing(drawn_fields[c].type, cell);
            }
        }
    }
    MW_CHECK_EQUAL_INT(done, ROWS);
    MW_CHECK(missing > ROWS / 4);
    mw_duck_cursor_close(cursor);
    end(&w);
}

/* The plain way: all rows in a table, which DuckDB makes a file of. */
MW_TEST(duck_file_is_the_file_of_a_table) {
    world w;
    begin(&w, 1000);
    mw_duck_file *file = begin_file(&w, &drawn_schema);
    mw_duck_writer *writer;
    mw_error err;
    char sql[700];
    MW_CHECK_OK(mw_duck_writer_create(w.duck, &drawn_schema, w.symbols, &writer, &err), &err);
    for (size_t i = 0; i < LONG_ROWS; i++) { /* three groups */
        add(file, &w, i % 1000);
        MW_CHECK_OK(mw_duck_writer_add(writer, mw_table_row(&w.rows, i % 1000), &err), &err);
    }
    finish(file);
    MW_CHECK_OK(mw_duck_writer_keep(writer, MW_STR("plain"), &err), &err);
    mw_duck_writer_destroy(writer);
    snprintf(sql, sizeof sql, "CREATE VIEW files AS FROM read_parquet('%s/*.parquet', "
                              "file_row_number = true, filename = true)", w.folder);
    MW_CHECK_OK(mw_duck_run(w.duck, sql, &err), &err);
    snprintf(sql, sizeof sql, "COPY plain TO '%s/plain.parquet'", w.folder);
    MW_CHECK_OK(mw_duck_run(w.duck, sql, &err), &err);
    MW_CHECK_EQUAL_INT(ask(&w, "SELECT count(*) FROM files"), 2 * LONG_ROWS);
    MW_CHECK_EQUAL_INT(ask(&w, "SELECT count(*) FROM (SELECT DISTINCT * EXCLUDE filename FROM "
                               "files)"), LONG_ROWS);
    end(&w);
}

/* Its owner may ask the database meanwhile, and write another; rows are nobody else's. */
MW_TEST(duck_file_leaves_its_database_free) {
    world w, other = {.path = ""};
    begin(&w, ROWS);
    other = w;
    snprintf(other.path, sizeof other.path, "%s/other.parquet", w.folder);
    mw_duck_file *file = begin_file(&w, &drawn_schema), *second = begin_file(&other, &drawn_schema);
    mw_duck_cursor *cursor = NULL;
    mw_error err;
    MW_CHECK_STATUS(mw_duck_query(w.duck, "FROM millwright_rows()", &cursor, &err), MW_INVALID);
    for (size_t r = 0; r < ROWS; r++) {
        add(file, &w, r);
        add(second, &other, ROWS - 1 - r);
        if (r % 500 == 0) MW_CHECK_EQUAL_INT(ask(&w, "SELECT count(*) FROM range(9000)"), 9000);
    }
    finish(second);
    finish(file);
    char sql[600];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM read_parquet('%s/*.parquet')", w.folder);
    MW_CHECK_EQUAL_INT(ask(&w, sql), 2 * ROWS);
    mw_duck_rest(w.duck); /* and once more, from the start */
    finish(begin_file(&w, &drawn_schema));
    MW_CHECK_EQUAL_INT(ask(&w, sql), ROWS);
    end(&w);
}

/* More than the database may hold: 320 MB beside 256. */
MW_TEST(duck_file_of_many_columns_needs_no_memory_for_its_rows) {
    static mw_field wide[WIDE];
    static char names[WIDE][8];
    static mw_cell row[WIDE];
    world w;
    begin(&w, 0);
    for (int i = 0; i < WIDE; i++) {
        int size = snprintf(names[i], sizeof names[i], "x%d", i);
        wide[i] = (mw_field){{names[i], (size_t)size}, MW_TYPE_NUMBER};
    }
    mw_duck_file *file = begin_file(&w, &(mw_schema){wide, WIDE});
    uint64_t prng = mw_test_seed();
    mw_error err;
    for (int r = 0; r < WIDE_ROWS; r++) {
        for (int i = 0; i < WIDE; i++) row[i] = mw_cell_number((double)(mw_prng_next(&prng) >> 8));
        MW_CHECK_OK(mw_duck_file_add(file, no_name, row, &err), &err);
    }
    finish(file);
    mw_duck_cursor_close(read_back(&w));
    end(&w);
}

/* Nor do rows of long texts: 640 MB of them beside 512. Their order is kept. */
MW_TEST(duck_file_of_long_texts_needs_no_memory_for_its_rows) {
    static mw_field fields[] = {{{"t", 1}, MW_TYPE_TEXT}, {{"n", 1}, MW_TYPE_NUMBER}};
    static char text[LONG_SIZE];
    world w;
    begin(&w, 0);
    mw_duck_close(w.duck);
    w.duck = open_duck_within(1 << 29);
    memset(text, 'x', sizeof text);
    mw_duck_file *file = begin_file(&w, &(mw_schema){fields, 2});
    mw_error err;
    for (int r = 0; r < LONG_TEXTS; r++) {
        mw_cell row[2] = {{.symbol = 0}, mw_cell_number(r)};
        char number[16];
        memcpy(text, number, (size_t)snprintf(number, sizeof number, "%d,", r));
        MW_CHECK_OK(mw_duck_file_add(file, (mw_str){text, sizeof text}, row, &err), &err);
    }
    finish(file);
    char sql[700];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM read_parquet('%s/it''s.parquet', "
                              "file_row_number = true) WHERE n = file_row_number AND "
                              "length(t) = %d AND starts_with(t, n::INT || ',')",
             w.folder, LONG_SIZE);
    MW_CHECK_EQUAL_INT(ask(&w, sql), LONG_TEXTS);
    end(&w);
}

MW_TEST(duck_file_without_rows_has_its_columns) {
    world w;
    begin(&w, 0);
    finish(begin_file(&w, &drawn_schema));
    mw_duck_cursor *cursor = read_back(&w);
    MW_CHECK_EQUAL_INT(mw_duck_column_count(cursor), DRAWN_COLUMNS);
    MW_CHECK_EQUAL_STR(mw_duck_column_name(cursor, 6), MW_STR("l"));
    MW_CHECK_EQUAL_INT(fetch(cursor), 0);
    mw_duck_cursor_close(cursor);
    end(&w);
}

/* At whatever row; and who gives it up is not kept waiting. */
MW_TEST(duck_file_can_be_given_up) {
    world w;
    begin(&w, ROWS);
    for (size_t count = 0; count <= ROWS; count += 1250) {
        mw_duck_file *file = begin_file(&w, &drawn_schema);
        for (size_t r = 0; r < count; r++) add(file, &w, r);
        mw_duck_file_destroy(file);
        MW_CHECK_EQUAL_INT(ask(&w, "SELECT 7"), 7);
    }
    end(&w);
}

/* It is told as soon as it is known, and again at the end. */
MW_TEST(duck_file_says_where_it_could_not_write) {
    world w;
    begin(&w, 1);
    mw_duck_file *file;
    mw_error err;
    snprintf(w.path, sizeof w.path, "/absent/x.parquet");
    mw_status status = mw_duck_file_create(w.duck, &drawn_schema, w.symbols, w.path, &file, &err);
    for (size_t r = 0; status == MW_OK && r < 100 * ROWS; r++)
        status = mw_duck_file_add(file, no_name, mw_table_row(&w.rows, 0), &err);
    MW_CHECK_STATUS(status, MW_IO);
    MW_CHECK(strstr(err.message, "/absent/x.parquet"));
    MW_CHECK_STATUS(mw_duck_file_end(file, &err), MW_IO);
    mw_duck_file_destroy(file);
    end(&w);
}

static mw_status write_some(void *context) {
    world *w = context;
    mw_duck_file *file = NULL;
    MW_TRY(mw_duck_file_create(w->duck, &drawn_schema, w->symbols, w->path, &file, NULL));
    mw_status status = MW_OK;
    for (size_t r = 0; status == MW_OK && r < ROWS; r++)
        status = mw_duck_file_add(file, no_name, mw_table_row(&w->rows, r), NULL);
    if (status == MW_OK) status = mw_duck_file_end(file, NULL);
    mw_duck_file_destroy(file);
    return status;
}

MW_TEST(duck_file_survives_every_failing_allocation) {
    world w;
    begin(&w, ROWS);
    MW_CHECK(mw_test_every_allocation_fails(write_some, &w) > 3);
    end(&w);
}
