#include "serve/sent_row.h"

#include "store/arrow_writer.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 7 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_buf bytes;
} world;

static const char text[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time\n"
    "  field twice: number * 2\n"
    "  time: at\n";

static void set_up(world *w) {
    mw_arena_init(&w->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w->symbols, NULL), NULL);
    w->program = mw_test_program(&w->arena, w->symbols, text);
    mw_buf_init(&w->bytes, 1 << 20);
}

static void tear_down(world *w) {
    mw_buf_release(&w->bytes);
    mw_symbols_destroy(w->symbols);
    mw_arena_release(&w->arena);
}

/* Rows of these columns, in two batches. */
static void write_rows(world *w, mw_field *fields, size_t count) {
    mw_schema schema = {fields, count};
    mw_table table;
    mw_error err;
    mw_buf_clear(&w->bytes);
    mw_table_init(&table, &schema);
    for (int row = 0; row < ROWS; row++) {
        mw_cell cells[4];
        for (size_t i = 0; i < count; i++) {
            cells[i] = mw_cell_number(row);
            if (fields[i].type == MW_TYPE_TIME) cells[i] = mw_cell_time(row);
            if (fields[i].type == MW_TYPE_TEXT)
                cells[i].symbol = mw_symbols_intern(w->symbols, MW_STR("north"));
        }
        MW_CHECK_OK(mw_table_add(&table, cells, NULL, &err), &err);
    }
    MW_CHECK_OK(mw_arrow_write_schema(&schema, &w->bytes, &err), &err);
    MW_CHECK_OK(mw_arrow_write_rows(&table, 0, 3, w->symbols, &w->bytes, &err), &err);
    MW_CHECK_OK(mw_arrow_write_rows(&table, 3, 3, w->symbols, &w->bytes, &err), &err);
    MW_CHECK_OK(mw_arrow_write_rows(&table, 3, ROWS, w->symbols, &w->bytes, &err), &err);
    mw_buf_append_u64(&w->bytes, UINT32_MAX); /* the end: a message of no bytes */
    mw_table_release(&table);
}

static mw_field at = {{"at", 2}, MW_TYPE_TIME};
static mw_field shop = {{"shop", 4}, MW_TYPE_TEXT};
static mw_field number = {{"number", 6}, MW_TYPE_NUMBER};

MW_TEST(sent_row_reads_arrow_rows_by_their_names) {
    world w;
    set_up(&w);
    const mw_stream_source *source = &w.program->sources[0];
    mw_field fields[] = {at, shop}; /* in another order, and one is left out */
    mw_sent_arrow arrow;
    mw_error err;
    write_rows(&w, fields, 2);
    MW_CHECK_OK(mw_sent_arrow_begin(mw_buf_str(&w.bytes), source, &arrow, &err), &err);
    bool is_found = true;
    for (int row = 0; row < ROWS; row++) {
        mw_cell cells[4];
        MW_CHECK_OK(mw_sent_arrow_next(&arrow, &is_found, &err), &err);
        MW_CHECK(is_found);
        MW_CHECK_OK(mw_sent_row_read((mw_sent_row){.arrow = &arrow}, source, NULL, w.symbols,
                                     cells, &err), &err);
        MW_CHECK_EQUAL_STR(mw_symbols_text(w.symbols, cells[0].symbol), "north");
        MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, cells[1]));
        MW_CHECK_EQUAL_INT(cells[2].time, row);
    }
    MW_CHECK_OK(mw_sent_arrow_next(&arrow, &is_found, &err), &err);
    MW_CHECK(!is_found);
    mw_sent_arrow_end(&arrow);
    tear_down(&w);
}

MW_TEST(sent_row_refuses_what_is_no_stream_of_the_source) {
    static mw_field wrong = {{"numbre", 6}, MW_TYPE_NUMBER};
    static mw_field derived = {{"twice", 5}, MW_TYPE_NUMBER};
    static const struct {
        mw_field *fields[2];
        const char *says;
    } cases[] = {
        {{&at, &wrong}, "numbre: stream orders has no such column"},
        {{&at, &derived}, "twice: stream orders has no such column"},
        {{&number, &number}, "number: must be a column once"},
    };
    world w;
    set_up(&w);
    mw_sent_arrow arrow;
    mw_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_field fields[] = {*cases[i].fields[0], *cases[i].fields[1]};
        write_rows(&w, fields, 2);
        MW_CHECK_EQUAL_INT(mw_sent_arrow_begin(mw_buf_str(&w.bytes), &w.program->sources[0],
                                               &arrow, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), cases[i].says);
    }
    tear_down(&w);
}

/* A stream that is cut, wherever, gives no row: all or nothing. */
MW_TEST(sent_row_refuses_a_stream_that_is_cut) {
    world w;
    set_up(&w);
    mw_field fields[] = {at, number};
    size_t whole = 0;
    write_rows(&w, fields, 2);
    mw_str bytes = mw_buf_str(&w.bytes);
    for (size_t size = 0; size <= bytes.size; size++) {
        mw_sent_arrow arrow;
        mw_error err;
        mw_status status = mw_sent_arrow_begin(mw_str_slice(bytes, 0, size),
                                               &w.program->sources[0], &arrow, &err);
        if (status == MW_OK) mw_sent_arrow_end(&arrow);
        else MW_CHECK_EQUAL_INT(status, MW_MALFORMED);
        whole += status == MW_OK;
    }
    MW_CHECK(whole >= 1 && whole <= 8); /* at its end, and where a message and no more is cut off */
    mw_buf_append_char(&w.bytes, 'x');
    mw_sent_arrow arrow;
    MW_CHECK(mw_sent_arrow_begin(mw_buf_str(&w.bytes), &w.program->sources[0], &arrow, NULL) ==
             MW_MALFORMED);
    tear_down(&w);
}
