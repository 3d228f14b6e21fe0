#include "serve/event_json.h"

#include <stdio.h>
#include <string.h>

#include "serve/sent_rows.h"
#include "testing/declare.h"
#include "testing/test.h"

static const char project[] = MW_TEST_SHOPS
    "stream carts:\n"
    "  columns: at time, tags list, sizes list of number\n"
    "  time: at\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    const mw_stream_source *source;
    mw_cell row[32];
} fixture;

static void set_up(fixture *f) {
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, project);
    f->source = &f->program->sources[mw_program_find_source(f->program, MW_STR("orders"))];
    MW_CHECK(f->source->row.field_count <= 32);
}

static void tear_down(fixture *f) {
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static mw_status read(fixture *f, const char *text, mw_error *err) {
    yyjson_doc *doc = NULL;
    MW_CHECK_OK(mw_sent_parse(mw_str_of(text), mw_sent_json_memory(), &doc, err), err);
    mw_status status = mw_event_json_read(yyjson_doc_get_root(doc), f->source, NULL, f->symbols,
                                          f->row, err);
    yyjson_doc_free(doc);
    return status;
}

static mw_cell cell(const fixture *f, const char *name) {
    return f->row[mw_schema_find(&f->source->row, mw_str_of(name))];
}

MW_TEST(event_json_reads_each_type_as_a_file_does) {
    fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(read(&f, "{\"shop\": \"north\", \"amount\": -0.0, \"at\": "
                         "\"2013-01-01T06:00:00+01:00\", \"paid\": true, \"took\": 1.5}", &err),
                &err);
    MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, cell(&f, "shop").symbol), "north");
    MW_CHECK_EQUAL_DOUBLE_BITS(cell(&f, "amount").number, 0.0);
    MW_CHECK_EQUAL_INT(cell(&f, "at").time, INT64_C(1357016400) * MW_SECOND_US);
    MW_CHECK_EQUAL_INT(cell(&f, "paid").boolean, MW_TRUE);
    MW_CHECK_EQUAL_INT(cell(&f, "took").time, 1500000);
    MW_CHECK(mw_cell_is_missing(MW_TYPE_TEXT, cell(&f, "note")));

    /* What the row held before is gone; a category may be a whole number. */
    MW_CHECK_OK(read(&f, "{\"shop\": 17, \"amount\": null}", &err), &err);
    MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, cell(&f, "shop").symbol), "17");
    MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER, cell(&f, "amount")));
    MW_CHECK(mw_cell_is_missing(MW_TYPE_BOOL, cell(&f, "paid")));
    tear_down(&f);
}

/* What lies between two microseconds becomes one of them; a request and a file must not differ. */
MW_TEST(event_json_takes_durations_as_a_file_does) {
    static const char *const texts[] = {
        "0.0000005", "0.0000015", "-0.0000005",    "1234.5678905", "1e-9",  "4503599627.370497",
        "-0.0",      "1e12",      "5000000000000", "9.3e12",       "1e300", "-9.3e12"};
    fixture f;
    mw_error err;
    set_up(&f);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char body[80];
        mw_cell of_file;
        snprintf(body, sizeof body, "{\"took\": %s}", texts[i]);
        bool is_taken = mw_cell_parse(MW_TYPE_DURATION, mw_str_of(texts[i]), NULL, NULL, &of_file,
                                      NULL) == MW_OK;
        if (!is_taken) {
            MW_CHECK_STATUS(read(&f, body, &err), MW_INVALID);
            MW_CHECK(strstr(err.message, "took: must be a number of seconds"));
            continue;
        }
        MW_CHECK_OK(read(&f, body, &err), &err);
        MW_CHECK_EQUAL_INT(cell(&f, "took").time, of_file.time);
    }
    tear_down(&f);
}

MW_TEST(event_json_says_what_helps_where_texts_are_full) {
    fixture f;
    mw_error err;
    set_up(&f);
    char text[16] = "text 0";
    for (int i = 1; mw_symbols_intern(f.symbols, mw_str_of(text)) != 0; i++)
        snprintf(text, sizeof text, "text %d", i);
    MW_CHECK_STATUS(read(&f, "{\"shop\": \"quite another\"}", &err), MW_NO_MEMORY);
    MW_CHECK(strstr(err.message, "no memory for another text"));
    MW_CHECK(strstr(err.hint, "Start the server again"));
    tear_down(&f);
}

MW_TEST(event_json_refuses_by_column_and_rule) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "event: must be an object, got an array"},
        {"{\"amount\": \"12\"}", "amount: must be a number, got \"12\""},
        {"{\"amount\": 1, \"amount\": 2}", "amount: must be given once"},
        {"{\"amount\": null, \"amount\": 2}", "amount: must be given once"},
        {"{\"amount\": 9007199254740993}",
         "amount: must be within 2^53, or a category, got 9007199254740993"},
        {"{\"amount\": 9007199254740993.0}",
         "amount: must be within 2^53, or a category, got 9007199254740993.0"},
        {"{\"shop\": 9007199254740993.0}", "shop: must be a text, got 9007199254740993.0"},
        {"{\"took\": 9007199254740993.0}",
         "took: must be a number of seconds, got 9007199254740993.0"},
        {"{\"at\": 5}", "at: must be a time as text"},
        {"{\"at\": \"2013-01-01\"}", "at: time: must be given with its offset"},
        {"{\"paid\": 1}", "paid: must be true or false, got 1"},
        {"{\"note\": 7}", "note: must be a text, got 7"},
        {"{\"took\": 1e300}", "took: must be a number of seconds, got 1e+300"},
        {"{\"shops\": \"a\"}", "shops: stream orders has no such column"},
        {"{\"refund\": 1}", "refund: stream orders has no such column"}, /* it is derived */
    };
    fixture f;
    mw_error err;
    set_up(&f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MW_CHECK_STATUS(read(&f, cases[i].text, &err), MW_INVALID);
        if (!strstr(err.message, cases[i].message))
            mw_test_fail(MW_TEST_PLACE("message"), "%s: %s", cases[i].text, err.message);
    }
    MW_CHECK_STATUS(read(&f, "{\"shops\": \"a\"}", &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.hint, "Did you mean shop?");
    tear_down(&f);
}

MW_TEST(event_json_reads_arrays_into_lists) {
    static const struct {
        const char *text, *message;
    } refused[] = {
        {"{\"tags\": \"a\"}", "tags: must be an array, got \"a\""},
        {"{\"tags\": [\"a\", null]}", "tags: element 1: must be a text, got null"},
        {"{\"sizes\": [1, \"2\"]}", "sizes: element 1: must be a number"},
        {"{\"sizes\": [9007199254740993]}", "sizes: element 0: must be within 2^53"},
        {"{\"sizes\": [1.5, 9007199254740993.0]}", "sizes: element 1: must be within 2^53"},
    };
    fixture f;
    mw_error err;
    set_up(&f);
    f.source = &f.program->sources[mw_program_find_source(f.program, MW_STR("carts"))];
    MW_CHECK_OK(read(&f, "{\"tags\": [\"a\", 7, \"\\u00e9\"], \"sizes\": [1, 2.50]}", &err), &err);
    MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, cell(&f, "tags").symbol),
                       "[\"a\",\"7\",\"\xc3\xa9\"]");
    MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, cell(&f, "sizes").symbol), "[1,2.5]");
    MW_CHECK_OK(read(&f, "{\"tags\": [], \"sizes\": null}", &err), &err);
    MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, cell(&f, "tags").symbol), "[]");
    MW_CHECK(mw_cell_is_missing(MW_TYPE_NUMBER_LIST, cell(&f, "sizes")));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        MW_CHECK_STATUS(read(&f, refused[i].text, &err), MW_INVALID);
        if (!strstr(err.message, refused[i].message))
            mw_test_fail(MW_TEST_PLACE("message"), "%s: %s", refused[i].text, err.message);
    }
    tear_down(&f);
}
