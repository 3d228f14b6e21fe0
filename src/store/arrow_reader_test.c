#include "store/arrow_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "store/arrow_writer.h"
#include "sys/sys.h"
#include "testing/test.h"

/* Streams of pyarrow's. */
static void load(const char *name, mw_buf *out) {
    char path[100];
    mw_error err;
    snprintf(path, sizeof path, "tests/corpus/arrow_reader/%s", name);
    mw_buf_init(out, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), path, out, &err), &err);
}

typedef struct {
    mw_symbols *symbols;
    mw_arrow_reader *reader;
    mw_str rest;
} world;

static void open_world(world *w, mw_str bytes) {
    mw_error err;
    w->rest = bytes;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w->symbols, &err), &err);
    MW_CHECK_OK(mw_arrow_reader_create(1 << 20, &w->reader, &err), &err);
}

static void close_world(world *w) {
    mw_arrow_reader_destroy(w->reader);
    mw_symbols_destroy(w->symbols);
}

static mw_arrow_step take(world *w) {
    mw_arrow_step step;
    mw_error err;
    MW_CHECK_OK(mw_arrow_reader_take(w->reader, &w->rest, &step, &err), &err);
    return step;
}

static size_t column_of(const world *w, const char *name) {
    for (size_t i = 0; i < mw_arrow_column_count(w->reader); i++)
        if (mw_str_is(mw_arrow_column_name(w->reader, i), name)) return i;
    mw_test_fail(MW_TEST_PLACE("a column"), "there is no %s", name);
}

/* A value as text; ! and the message where it is refused. */
static void check_value(world *w, const char *name, size_t row, mw_type type,
                        const char *expected) {
    mw_arrow_target target = {type, mw_zone_utc(), w->symbols};
    mw_cell cell;
    mw_error err;
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    if (mw_arrow_cell(w->reader, column_of(w, name), row, target, &cell, &err) != MW_OK)
        mw_buf_printf(&text, "!%s", err.message);
    else if (mw_cell_is_missing(type, cell))
        mw_buf_append_text(&text, "missing");
    else
        mw_cell_append(&text, type, cell, w->symbols);
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), expected);
    mw_buf_release(&text);
}

/* Row 0 and row 2 of each column (row 1 is null in all) as that type. */
static const struct {
    const char *column;
    mw_arrow_kind kind;
    mw_type type;
    const char *first, *third;
} all_types[] = {
    {"number", MW_ARROW_NUMBER, MW_TYPE_NUMBER, "1.5", "-0.25"},
    {"number", MW_ARROW_NUMBER, MW_TYPE_TEXT, "1.5", "-0.25"},
    {"single", MW_ARROW_NUMBER, MW_TYPE_NUMBER, "0.5", "missing"},
    {"half", MW_ARROW_NUMBER, MW_TYPE_NUMBER, "0.5", "-2"},
    {"small", MW_ARROW_INTEGER, MW_TYPE_NUMBER, "-7", "127"},
    {"small", MW_ARROW_INTEGER, MW_TYPE_CATEGORY, "-7", "127"},
    {"large", MW_ARROW_INTEGER, MW_TYPE_NUMBER, "9007199254740992", "0"},
    {"beyond", MW_ARROW_INTEGER, MW_TYPE_NUMBER,
     "!value: must be a whole number of at most 2^53", "-1"},
    {"beyond", MW_ARROW_INTEGER, MW_TYPE_CATEGORY, "9007199254740993", "-1"},
    {"flag", MW_ARROW_BOOL, MW_TYPE_BOOL, "true", "false"},
    {"text", MW_ARROW_TEXT, MW_TYPE_TEXT, "", "größer"},
    {"long_text", MW_ARROW_TEXT, MW_TYPE_TEXT, "a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
    {"category", MW_ARROW_TEXT, MW_TYPE_CATEGORY, "x", "y"},
    {"moment", MW_ARROW_TIME, MW_TYPE_TIME, "2013-01-02T03:04:05.678901Z",
     "2013-01-02T03:04:05.678901Z"},
    {"nanos", MW_ARROW_TIME, MW_TYPE_TIME, "1970-01-01T00:00:00Z", /* -1, and 1999 below */
     "1970-01-01T00:00:00.000001Z"},
    {"seconds", MW_ARROW_TIME, MW_TYPE_TIME, "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"},
    {"local", MW_ARROW_LOCAL_TIME, MW_TYPE_TIME, "2013-01-02T03:00:00Z", "missing"},
    {"day", MW_ARROW_LOCAL_TIME, MW_TYPE_TIME, "2013-01-02T00:00:00Z", "missing"},
    {"day", MW_ARROW_LOCAL_TIME, MW_TYPE_TEXT, "2013-01-02", "missing"},
    {"span", MW_ARROW_DURATION, MW_TYPE_DURATION, "90", "missing"},
    {"texts", MW_ARROW_LIST, MW_TYPE_LIST, "[\"a\",\"b\"]", "[]"},
    {"texts", MW_ARROW_LIST, MW_TYPE_TEXT, "!value: must be no list", "!value: must be no list"},
    {"numbers", MW_ARROW_NUMBER_LIST, MW_TYPE_NUMBER_LIST, "[1,2]", "[]"},
    {"pair", MW_ARROW_NUMBER_LIST, MW_TYPE_NUMBER_LIST, "[1.5,2]", "[0,1]"},
    {"nothing", MW_ARROW_NOTHING, MW_TYPE_NUMBER, "missing", "missing"},
};

MW_TEST(arrow_reader_all_types) {
    world w;
    mw_buf bytes;
    load("all_types", &bytes);
    open_world(&w, mw_buf_str(&bytes));
    MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_SCHEMA);
    MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_BATCH);
    MW_CHECK_EQUAL_INT(mw_arrow_row_count(w.reader), 3);
    for (size_t i = 0; i < sizeof all_types / sizeof *all_types; i++) {
        size_t column = column_of(&w, all_types[i].column);
        MW_CHECK_EQUAL_INT(mw_arrow_column_kind(w.reader, column), all_types[i].kind);
        check_value(&w, all_types[i].column, 0, all_types[i].type, all_types[i].first);
        check_value(&w, all_types[i].column, 2, all_types[i].type, all_types[i].third);
        check_value(&w, all_types[i].column, 1, all_types[i].type, "missing");
    }
    char type[40];
    mw_arrow_column_describe(w.reader, column_of(&w, "texts"), type, sizeof type);
    MW_CHECK_EQUAL_STR(type, "list<item: string>");
    MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_END);
    close_world(&w);
    mw_buf_release(&bytes);
}

/* A time without a zone is refused where there is none to read it by. */
MW_TEST(arrow_reader_local_time_needs_a_zone) {
    world w;
    mw_buf bytes;
    mw_cell cell;
    mw_error err;
    load("all_types", &bytes);
    open_world(&w, mw_buf_str(&bytes));
    (void)take(&w);
    (void)take(&w);
    mw_arrow_target target = {MW_TYPE_TIME, NULL, w.symbols};
    MW_CHECK_STATUS(mw_arrow_cell(w.reader, column_of(&w, "local"), 0, target, &cell, &err),
                    MW_INVALID);
    close_world(&w);
    mw_buf_release(&bytes);
}

MW_TEST(arrow_reader_batches) {
    world w;
    mw_buf bytes;
    load("batches", &bytes);
    open_world(&w, mw_buf_str(&bytes));
    MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_SCHEMA);
    for (size_t count = 2, row = 0; row < 5; row += count, count = row == 4 ? 1 : 2) {
        MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_BATCH);
        MW_CHECK_EQUAL_INT(mw_arrow_row_count(w.reader), count);
        const char text[] = {(char)('a' + row), 0};
        check_value(&w, "text", 0, MW_TYPE_TEXT, text);
    }
    MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_END);
    MW_CHECK(!mw_arrow_reader_is_within(w.reader));
    close_world(&w);
    mw_buf_release(&bytes);
}

MW_TEST(arrow_reader_of_nothing) {
    static const char *const names[] = {"empty", "no_columns"};
    for (size_t i = 0; i < 2; i++) {
        world w;
        mw_buf bytes;
        load(names[i], &bytes);
        open_world(&w, mw_buf_str(&bytes));
        MW_CHECK_EQUAL_INT(take(&w), MW_ARROW_SCHEMA);
        mw_arrow_step step = take(&w);
        while (step == MW_ARROW_BATCH) {
            MW_CHECK_EQUAL_INT(mw_arrow_row_count(w.reader), 0);
            step = take(&w);
        }
        MW_CHECK_EQUAL_INT(step, MW_ARROW_END);
        close_world(&w);
        mw_buf_release(&bytes);
    }
}

/* A stream that is cut says MORE, and knows whether it was cut within a message. */
MW_TEST(arrow_reader_of_a_cut_stream) {
    mw_buf bytes;
    load("batches", &bytes);
    size_t whole_count = 0;
    for (size_t size = 0; size < bytes.size; size++) {
        world w;
        open_world(&w, mw_str_slice(mw_buf_str(&bytes), 0, size));
        mw_arrow_step step;
        do step = take(&w);
        while (step == MW_ARROW_SCHEMA || step == MW_ARROW_BATCH);
        MW_CHECK_EQUAL_INT(step, MW_ARROW_MORE);
        whole_count += !mw_arrow_reader_is_within(w.reader);
        close_world(&w);
    }
    MW_CHECK_EQUAL_INT(whole_count, 1 + 1 + 3); /* nothing, the schema, each of three batches */
    mw_buf_release(&bytes);
}

static mw_status read_all(mw_str bytes, size_t message_size_max, mw_error *err) {
    mw_arrow_reader *reader;
    mw_arrow_step step = MW_ARROW_SCHEMA;
    MW_TRY(mw_arrow_reader_create(message_size_max, &reader, err));
    mw_status status = MW_OK;
    while (status == MW_OK && (step == MW_ARROW_SCHEMA || step == MW_ARROW_BATCH))
        status = mw_arrow_reader_take(reader, &bytes, &step, err);
    mw_arrow_reader_destroy(reader);
    return status;
}

/* A byte that changes ends in rows or in a message of one line, never elsewhere. */
MW_TEST(arrow_reader_of_damaged_streams) {
    mw_buf bytes;
    uint64_t prng = mw_test_seed();
    size_t refused_count = 0;
    load("all_types", &bytes);
    for (int i = 0; i < 3000; i++) {
        size_t at = mw_prng_next(&prng) % bytes.size;
        char was = bytes.data[at];
        mw_error err = {.message = ""};
        bytes.data[at] = (char)mw_prng_next(&prng);
        if (read_all(mw_buf_str(&bytes), 1 << 20, &err) != MW_OK) {
            refused_count++;
            MW_CHECK(mw_str_starts(mw_str_of(err.message), MW_STR("Arrow stream: ")));
            MW_CHECK(!strchr(err.message, '\n'));
        }
        bytes.data[at] = was;
    }
    MW_CHECK(refused_count > 100);
    mw_buf_release(&bytes);
}

static void check_refused(mw_str bytes, size_t size_max, const char *expected) {
    mw_error err;
    MW_CHECK(read_all(bytes, size_max, &err) != MW_OK);
    MW_CHECK_EQUAL_STR(err.message, expected);
}

MW_TEST(arrow_reader_refusals) {
    mw_buf bytes, empty;
    load("batches", &bytes);
    load("empty", &empty);
    mw_str stream = mw_buf_str(&bytes), schema = mw_str_slice(mw_buf_str(&empty), 0, 120);
    check_refused(MW_STR("HTTP/1.1 200 OK"), 1 << 20,
                  "Arrow stream: message 1: must begin with ff ff ff ff and its size");
    check_refused(stream, 250, "Arrow stream: message 2: must be of at most 250 bytes");
    check_refused(MW_STR("\xff\xff\xff\xff\xff\xff\xff\x7f"), 1 << 20,
                  "Arrow stream: message 1: must be of at most 1048576 bytes");
    mw_buf twice;
    mw_buf_init(&twice, 1 << 16);
    mw_buf_append_str(&twice, schema);
    mw_buf_append_str(&twice, schema);
    check_refused(mw_buf_str(&twice), 1 << 20,
                  "Arrow stream: must have one schema, got another");
    mw_buf_release(&twice);
    mw_buf_release(&empty);
    load("other_type", &empty);
    check_refused(mw_buf_str(&empty), 1 << 20,
                  "Arrow stream: column bytes: its type binary cannot be read");
    mw_buf_release(&empty);
    mw_buf_release(&bytes);
}
