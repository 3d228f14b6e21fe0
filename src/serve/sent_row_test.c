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

/* As if `whole` came in pieces: `*rest` is what has come and was not taken. */
static mw_sent_step next_row(mw_sent_arrow *arrow, mw_str *rest, mw_str whole, size_t piece) {
    mw_error err;
    for (;;) {
        mw_sent_step step = MW_SENT_END;
        size_t come = (size_t)(rest->data + rest->size - whole.data);
        MW_CHECK_OK(mw_sent_arrow_next(arrow, rest, come < whole.size, &step, &err), &err);
        if (step != MW_SENT_MORE) return step;
        size_t left = whole.size - come;
        rest->size += piece < left ? piece : left;
    }
}

MW_TEST(sent_row_reads_arrow_rows_by_their_names) {
    world w;
    set_up(&w);
    const mw_stream_source *source = &w.program->sources[0];
    mw_field fields[] = {at, shop}; /* in another order, and one is left out */
    mw_sent_arrow arrow;
    mw_error err;
    write_rows(&w, fields, 2);
    for (size_t piece = 1; piece <= w.bytes.size; piece += piece < 100 ? 7 : w.bytes.size / 5) {
        mw_str rest = {w.bytes.data, 0}, whole = mw_buf_str(&w.bytes);
        MW_CHECK_OK(mw_sent_arrow_begin(source, &arrow, &err), &err);
        for (int row = 0; row < ROWS; row++) {
            mw_cell cells[4];
            MW_CHECK(next_row(&arrow, &rest, whole, piece) == MW_SENT_ROW);
            MW_CHECK_OK(mw_sent_row_read((mw_sent_row){.arrow = &arrow}, source, NULL, w.symbols,
                                         cells, &err), &err);
            MW_CHECK_EQUAL_STR(mw_symbols_text(w.symbols, cells[0].symbol), "north");
            MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, cells[1]));
            MW_CHECK_EQUAL_INT(cells[2].time, row);
        }
        MW_CHECK(next_row(&arrow, &rest, whole, piece) == MW_SENT_END);
        mw_sent_arrow_end(&arrow);
    }
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
    mw_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_field fields[] = {*cases[i].fields[0], *cases[i].fields[1]};
        write_rows(&w, fields, 2);
        MW_CHECK_EQUAL_INT(mw_sent_arrow_check(mw_buf_str(&w.bytes), &w.program->sources[0], &err),
                           MW_INVALID);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), cases[i].says);
    }
    tear_down(&w);
}

/* How many rows are given of the first bytes of a stream, and how that ends. */
static int rows_of(mw_str bytes, const mw_stream_source *source, mw_status *out_status) {
    mw_sent_arrow arrow;
    mw_sent_step step = MW_SENT_ROW;
    mw_error err;
    int count = 0;
    MW_CHECK_OK(mw_sent_arrow_begin(source, &arrow, &err), &err);
    *out_status = MW_OK;
    for (; *out_status == MW_OK && step == MW_SENT_ROW; count++)
        *out_status = mw_sent_arrow_next(&arrow, &bytes, false, &step, &err);
    mw_sent_arrow_end(&arrow);
    return count - 1;
}

/* A stream that is cut, wherever, is refused whole where it is looked through; else the rows of
   what came whole are given before it is. */
MW_TEST(sent_row_refuses_a_stream_that_is_cut) {
    world w;
    set_up(&w);
    mw_field fields[] = {at, number};
    const mw_stream_source *source = &w.program->sources[0];
    size_t whole = 0;
    int before = 0;
    write_rows(&w, fields, 2);
    mw_str bytes = mw_buf_str(&w.bytes);
    for (size_t size = 0; size <= bytes.size; size++) {
        mw_str cut = mw_str_slice(bytes, 0, size);
        mw_status later, status = mw_sent_arrow_check(cut, source, NULL);
        int count = rows_of(cut, source, &later);
        MW_CHECK(status == MW_OK || status == MW_MALFORMED);
        MW_CHECK(later == status && count >= before && count <= ROWS);
        before = count;
        whole += status == MW_OK;
    }
    MW_CHECK_EQUAL_INT(before, ROWS);
    MW_CHECK(whole >= 1 && whole <= 8); /* at its end, and where a message and no more is cut off */
    mw_buf_append_char(&w.bytes, 'x');
    MW_CHECK_STATUS(mw_sent_arrow_check(mw_buf_str(&w.bytes), source, NULL), MW_MALFORMED);
    MW_CHECK_EQUAL_INT(rows_of(mw_buf_str(&w.bytes), source, &(mw_status){MW_OK}), ROWS);
    tear_down(&w);
}
