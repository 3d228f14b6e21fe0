#include "serve/sent_rows.h"

#include "base/prng.h"
#include "store/arrow_writer.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <string.h>

enum { ROWS = 300 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_stream_source *source;
    mw_buf body;
} world;

static void set_up(world *w) {
    mw_arena_init(&w->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w->symbols, NULL), NULL);
    w->source = mw_test_program(&w->arena, w->symbols,
                                "\nstream orders:\n"
                                "  columns: number number, at time\n"
                                "  time: at\n")->sources;
    mw_buf_init(&w->body, 1 << 22);
}

static void tear_down(world *w) {
    mw_buf_release(&w->body);
    mw_symbols_destroy(w->symbols);
    mw_arena_release(&w->arena);
}

/* What a file may have as a number a body may, and nothing else; only the texts tell them apart. */
static void check_number(const char *number, const char *before, const char *behind) {
    mw_buf body;
    mw_buf_init(&body, 1 << 12);
    mw_buf_printf(&body, "%s%s%s", before, number, behind);
    yyjson_doc *doc = NULL;
    mw_error err = {0};
    MW_CHECK_OK(mw_sent_parse(mw_buf_str(&body), mw_sent_json_memory(), &doc, &err), &err);
    yyjson_val *root = yyjson_doc_get_root(doc), *list = yyjson_obj_get(root, "a"), *value = root;
    if (yyjson_is_obj(root)) value = yyjson_arr_get(list, 1);
    mw_cell cell;
    mw_status of_file =
        mw_cell_parse(MW_TYPE_NUMBER, mw_str_of(number), NULL, NULL, &cell, NULL);
    MW_CHECK(yyjson_is_raw(value) == (of_file != MW_OK));
    if (of_file == MW_OK) MW_CHECK_EQUAL_DOUBLE_BITS(yyjson_get_num(value) + 0.0, cell.number);
    else MW_CHECK_EQUAL_STR(mw_str_of(yyjson_get_raw(value)), number);
    if (list) MW_CHECK(yyjson_get_int(yyjson_arr_get(list, 0)) == -7); /* the others stay */
    if (list) MW_CHECK(yyjson_get_real(yyjson_arr_get(list, 2)) == 2e17);
    yyjson_doc_free(doc);
    mw_buf_release(&body);
}

MW_TEST(sent_rows_parse_numbers_as_a_file_has_them) {
    static const char *const numbers[] = {
        "0", "-0.0", "1.5", "1e16", "9007199254740992", "9007199254740992.0", "9007199254740993.0",
        "-9007199254740993.000", "9007199254740994.0", "9007199254740993.5",
        "1.7976931348623157e308", "12345678901234567890e3", "18446744073709551616",
        "-9223372036854775809", "123456789012345678901234567890", "99999999999999991611392.0",
        "99999999999999991611393.0"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        check_number(numbers[i], "", "");
        check_number(numbers[i], "{\"a\": [-7, ", ", 2e17]}");
        check_number(numbers[i], "{\"a\":[-7,", ",2e17],\n\"b\":9007199254740993.0}");
    }
}

static void write_arrow(world *w, int count) {
    mw_field fields[] = {{{"number", 6}, MW_TYPE_NUMBER}};
    mw_schema schema = {fields, 1};
    mw_table table;
    mw_table_init(&table, &schema);
    for (int i = 1; i <= count; i++)
        MW_CHECK_OK(mw_table_add(&table, &(mw_cell){.number = i}, NULL, NULL), NULL);
    MW_CHECK_OK(mw_arrow_write_schema(&schema, &w->body, NULL), NULL);
    for (size_t at = 0, rows = (size_t)count; at < rows; at += 40)
        MW_CHECK_OK(mw_arrow_write_rows(&table, at, at + 40 < rows ? at + 40 : rows,
                                        w->symbols, &w->body, NULL), NULL);
    mw_buf_append_u64(&w->body, UINT32_MAX); /* the end: a message of no bytes */
    mw_table_release(&table);
}

/* Rows whose numbers are 1, 2, ...; as many lines as a list has, and empty ones among them. */
static const char *write_body(world *w, int form, int count) {
    mw_buf_clear(&w->body);
    if (form == MW_SENT_AS_ARROW) {
        write_arrow(w, count);
        return "application/vnd.apache.arrow.stream";
    }
    bool is_list = form == MW_SENT_AS_JSON;
    if (is_list) mw_buf_append_text(&w->body, "[");
    for (int i = 1; i <= count; i++)
        mw_buf_printf(&w->body, "%s{\"number\": %d}%s", is_list && i > 1 ? "," : "", i,
                      is_list ? "" : i % 7 == 0 ? "\r\n\n" : i < count ? "\n" : "");
    if (is_list) mw_buf_append_text(&w->body, "]");
    return is_list ? "application/json" : "application/x-ndjson";
}

static int number_of(const world *w, mw_sent_row row) {
    mw_cell cells[2];
    mw_error err;
    MW_CHECK_OK(mw_sent_row_read(row, w->source, NULL, w->symbols, cells, &err), &err);
    return (int)cells[0].number;
}

/* Of the rows that follow, each as its number says. */
static void look_ahead(const world *w, mw_sent_rows *rows, int next) {
    mw_sent_rows ahead = mw_sent_rows_ahead(rows);
    mw_sent_step step = MW_SENT_ROW;
    for (; step == MW_SENT_ROW; next++) {
        mw_sent_row row;
        MW_CHECK_OK(mw_sent_rows_next(&ahead, &row, &step, NULL), NULL);
        if (step == MW_SENT_ROW) MW_CHECK_EQUAL_INT(number_of(w, row), next);
    }
    mw_sent_rows_leave_ahead(&ahead);
}

/* The request as its body comes. `shown`: what the handler has of it. */
typedef struct {
    mw_http_request request;
    size_t come, dropped;
} sent;

static void show(const world *w, sent *s) {
    s->request.body = mw_str_slice(mw_buf_str(&w->body), s->dropped, s->come);
    s->request.has_more = s->come < w->body.size;
}

/* Keeps the reader, as a handler does that leaves its call, and goes on in another, on another
   desk, when `come` bytes more have come. */
static void leave(const world *w, mw_sent_rows *rows, sent *s, size_t come, bool as_it_is) {
    static mw_sent_desk desks[2];
    mw_error err;
    size_t taken = mw_sent_rows_keep(rows, as_it_is);
    MW_CHECK(taken <= s->request.body.size && (!as_it_is || taken == 0));
    s->dropped += taken;
    s->come = s->come + come < w->body.size ? s->come + come : w->body.size;
    show(w, s);
    memset(&desks[0], 0x55, sizeof desks);
    rows->desk = &desks[come % 2];
    MW_CHECK_OK(mw_sent_rows_go_on(rows, &s->request, &err), &err);
}

/* However a body is cut, whenever its handler leaves, looks ahead or wants a row again: the rows
   are the same. */
MW_TEST(sent_rows_are_the_same_however_they_come) {
    world w;
    uint64_t prng = mw_test_seed();
    set_up(&w);
    for (int round = 0; round < 300; round++) {
        static mw_sent_desk desk;
        int form = round % 3, count = round % 2 == 0 ? ROWS : 30; /* on a desk, or not */
        sent s = {.come = SIZE_MAX};
        mw_error err;
        s.request.headers[MW_HEADER_CONTENT_TYPE] = mw_str_of(write_body(&w, form, count));
        size_t piece = form == MW_SENT_AS_JSON ? SIZE_MAX / 2 : 1 + mw_prng_below(&prng, 2000);
        s.come = piece < w.body.size ? piece : w.body.size;
        show(&w, &s);
        mw_sent_rows rows = {.desk = &desk, .source = w.source};
        MW_CHECK_OK(mw_sent_rows_begin(&rows, &s.request, &err), &err);
        bool as_it_is = !s.request.has_more && mw_prng_below(&prng, 2) == 0;
        for (int next = 1; next <= count;) {
            mw_sent_row row;
            mw_sent_step step;
            MW_CHECK_OK(mw_sent_rows_next(&rows, &row, &step, &err), &err);
            MW_CHECK(step != MW_SENT_END);
            if (step == MW_SENT_MORE) {
                leave(&w, &rows, &s, piece, false);
                continue;
            }
            MW_CHECK_EQUAL_INT(number_of(&w, row), next);
            MW_CHECK_EQUAL_INT(rows.number, next);
            bool is_again = mw_prng_below(&prng, 4) == 0;
            if (mw_prng_below(&prng, 20) == 0) look_ahead(&w, &rows, next + 1);
            if (is_again) mw_sent_rows_again(&rows);
            next += !is_again;
            if (mw_prng_below(&prng, 3) == 0) leave(&w, &rows, &s, 0, as_it_is);
        }
        mw_sent_row row;
        mw_sent_step step = MW_SENT_ROW;
        while (step != MW_SENT_END) {
            MW_CHECK_OK(mw_sent_rows_next(&rows, &row, &step, &err), &err);
            MW_CHECK(step != MW_SENT_ROW);
            if (step == MW_SENT_MORE) leave(&w, &rows, &s, piece, false);
        }
        mw_sent_rows_end(&rows);
    }
    tear_down(&w);
}

MW_TEST(sent_rows_refuse_a_line_alone) {
    static mw_sent_desk desk;
    mw_http_request request = {.body = MW_STR("1\n{\n2")};
    request.headers[MW_HEADER_CONTENT_TYPE] = MW_STR("application/x-ndjson");
    mw_sent_rows rows = {.desk = &desk};
    mw_sent_row row;
    mw_sent_step step;
    mw_error err;
    MW_CHECK_OK(mw_sent_rows_begin(&rows, &request, &err), &err);
    MW_CHECK(mw_sent_rows_fail_alone(&rows));
    MW_CHECK_OK(mw_sent_rows_next(&rows, &row, &step, &err), &err);
    MW_CHECK_STATUS(mw_sent_rows_next(&rows, &row, &step, &err), MW_MALFORMED);
    MW_CHECK_OK(mw_sent_rows_next(&rows, &row, &step, &err), &err);
    MW_CHECK(step == MW_SENT_ROW && rows.number == 3 && yyjson_get_int(row.json) == 2);
    mw_sent_rows_end(&rows);
}

MW_TEST(sent_rows_refuse_other_types) {
    static mw_sent_desk desk;
    static const char *const types[] = {"text/csv", "application/vnd.apache.arrow.stream"};
    for (size_t i = 0; i < 2; i++) {
        mw_http_request request = {.body = MW_STR("{}")};
        mw_sent_rows rows = {.desk = &desk}; /* no source: Arrow may not come */
        mw_error err;
        request.headers[MW_HEADER_CONTENT_TYPE] = mw_str_of(types[i]);
        MW_CHECK_STATUS(mw_sent_rows_begin(&rows, &request, &err), MW_WRONG_TYPE);
        MW_CHECK(strstr(err.message, types[i]) != NULL);
    }
}
