#include "ingest/json_lines.h"

#include "testing/test.h"

typedef struct {
    mw_data_reader reader;
    mw_arena arena;
    mw_schema columns;
    mw_table rows;
    mw_refusals refusals;
    mw_error err;
} fixture;

static mw_status begin_with(fixture *f, const mw_project_stream *stream, mw_str bytes) {
    *f = (fixture){.reader = {.zone = mw_zone_utc(), .stream = stream}};
    mw_arena_init(&f->arena, 1 << 22);
    mw_refusals_init(&f->refusals);
    MW_TRY(mw_symbols_create(1 << 20, &f->reader.symbols, &f->err));
    MW_TRY(mw_json_lines_columns(&f->reader, bytes, &f->arena, &f->columns, &f->err));
    mw_table_init(&f->rows, &f->columns);
    return mw_json_lines_read(&f->reader, bytes, f->columns.field_count, &f->rows, &f->refusals,
                              &f->err);
}

static mw_status begin(fixture *f, mw_str bytes) {
    return begin_with(f, NULL, bytes);
}

static void end(fixture *f) {
    mw_table_release(&f->rows);
    mw_refusals_release(&f->refusals);
    mw_symbols_destroy(f->reader.symbols);
    mw_arena_release(&f->arena);
}

static mw_str at(fixture *f, size_t row, size_t column) {
    mw_buf text;
    mw_buf_init(&text, 1000);
    mw_cell_append(&text, f->columns.fields[column].type, mw_table_row(&f->rows, row)[column],
                   f->reader.symbols);
    mw_str copy = mw_str_copy(&f->arena, mw_buf_str(&text));
    mw_buf_release(&text);
    return copy;
}

MW_TEST(json_lines_are_rows_of_typed_cells) {
    static const char bytes[] =
        "{\"mail\":\"m1\",\"n\":0.1,\"at\":\"2024-01-01\",\"ok\":true,\"tags\":[\"a\",\"b\"]}\n\n"
        "  {\"n\":null, \"zip\":\"01234\", \"mail\":\"\", \"sizes\":[1, 2.5], \"x\\u0041\":1}\r\n"
        "{\"mail\":\"gr\\u00f6\\u00dfe\\n\"}";
    fixture f;
    MW_CHECK_OK(begin(&f, MW_STR(bytes)), &f.err);
    static const char *const names[] = {"mail", "n", "at", "ok", "tags", "zip", "sizes", "xA"};
    static const mw_type types[] = {MW_TYPE_TEXT, MW_TYPE_NUMBER, MW_TYPE_TIME,
                                    MW_TYPE_BOOL, MW_TYPE_LIST,   MW_TYPE_TEXT,
                                    MW_TYPE_NUMBER_LIST, MW_TYPE_NUMBER};
    MW_CHECK_EQUAL_INT(f.columns.field_count, 8);
    for (size_t i = 0; i < 8; i++) {
        MW_CHECK_EQUAL_STR(f.columns.fields[i].name, names[i]);
        MW_CHECK_EQUAL_INT(f.columns.fields[i].type, types[i]);
    }
    MW_CHECK_EQUAL_INT(f.rows.row_count, 3);
    MW_CHECK_EQUAL_INT(f.refusals.item_count, 0);
    MW_CHECK_EQUAL_STR(at(&f, 0, 1), "0.1");
    MW_CHECK_EQUAL_STR(at(&f, 0, 2), "2024-01-01T00:00:00Z");
    MW_CHECK_EQUAL_STR(at(&f, 0, 4), "[\"a\",\"b\"]");
    MW_CHECK_EQUAL_STR(at(&f, 1, 5), "01234");
    MW_CHECK_EQUAL_STR(at(&f, 1, 6), "[1,2.5]");
    MW_CHECK_EQUAL_STR(at(&f, 2, 0), "größe\n");
    mw_cell empty = mw_table_row(&f.rows, 1)[0], none = mw_table_row(&f.rows, 2)[5];
    MW_CHECK(mw_cell_is_missing(MW_TYPE_TEXT, empty)); /* a text without letters */
    MW_CHECK(mw_cell_is_missing(MW_TYPE_TEXT, none));
    end(&f);
}

/* Thirty good rows, so that the types are clear, and each kind of bad one. */
MW_TEST(json_lines_refuse_rows_by_number_and_reason) {
    static const struct {
        const char *line, *rule;
    } cases[] = {
        {"[1]", "row: must be a JSON object on one line"},
        {"{\"n\":1", "row: must be a JSON object on one line"},
        {"{\"n\":1} {\"n\":2}", "row: must be a JSON object on one line"},
        {"{\"n\":9007199254740993}", "n: must be a whole number of at most 2^53"},
        {"{\"n\":\"one\"}", "n: must be a finite number"},
        {"{\"n\":1e999}", "n: must be a finite number"},
        {"{\"n\":{\"m\":1}}", "n: must be no array or object"},
        {"{\"n\":[1]}", "n: must be no array or object"},
        {"{\"n\":1,\"n\":2}", "n: must be given once"},
        {"{\"n\":null,\"n\":2}", "n: must be given once"},
        {"{\"n\":NaN}", "row: must be a JSON object on one line"},
        {"{\"n\":\"\\ud800\"}", "row: must be a JSON object on one line"},
        {"{\"n\":1,\"a\\u0000b\":2}",
         "row: a key must be a text without zero bytes, and not empty"},
        {"{\"\":1}", "row: a key must be a text without zero bytes, and not empty"},
    };
    enum { GOOD = 200, BAD = sizeof cases / sizeof *cases };
    fixture f;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    mw_buf_append_text(&bytes, "\xef\xbb\xbf"); /* a byte order mark is no part of the row */
    for (int i = 0; i < GOOD; i++) mw_buf_printf(&bytes, "{\"n\":%d}\n", i);
    for (size_t i = 0; i < BAD; i++) mw_buf_printf(&bytes, "%s\n", cases[i].line);
    MW_CHECK_OK(begin(&f, mw_buf_str(&bytes)), &f.err);
    MW_CHECK_EQUAL_INT(f.rows.row_count, GOOD + BAD);
    MW_CHECK_EQUAL_INT(f.refusals.item_count, BAD);
    for (size_t i = 0; i < BAD && i < f.refusals.item_count; i++) {
        const mw_refusal *one = &f.refusals.items[i];
        MW_CHECK_EQUAL_INT(one->row, GOOD + i);
        MW_CHECK_EQUAL_STR(f.refusals.rules[one->rule].text, cases[i].rule);
    }
    end(&f);
    mw_buf_release(&bytes);
}

/* Some keys come once in a blue moon: those that `types` names are columns all the same, the others
   are told as what is left out. */
MW_TEST(json_lines_find_declared_keys_wherever_they_stand) {
    enum { ROWS = 20005 };
    static mw_named_source types[] = {{.name = {"late", 4}}, {.name = {"n", 1}},
                                      {.name = {"never", 5}}, {.name = {"latest", 6}}};
    const mw_project_stream stream = {.types = types, .type_count = 4};
    fixture f;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 22);
    for (int i = 0; i < ROWS; i++) mw_buf_printf(&bytes, "{\"n\":%d}\n", i);
    mw_buf_append_text(&bytes, "{\"latest\":2,\"other\":1\n"); /* no object */
    mw_buf_append_text(&bytes, "{\"n\":1,\"other\":3,\"l\\u0061te\":\"x\"}\n{\"latest\":null}\n");
    MW_CHECK_OK(begin_with(&f, &stream, mw_buf_str(&bytes)), &f.err);
    MW_CHECK_EQUAL_INT(f.columns.field_count, 3);
    MW_CHECK_EQUAL_STR(f.columns.fields[1].name, "late");
    MW_CHECK_EQUAL_STR(f.columns.fields[2].name, "latest");
    MW_CHECK_EQUAL_STR(at(&f, ROWS + 1, 1), "x");
    MW_CHECK_EQUAL_STR(at(&f, ROWS, 1), "");
    MW_CHECK_EQUAL_INT(f.refusals.column_count, 1);
    MW_CHECK_EQUAL_STR(f.refusals.columns[0], "other");
    end(&f);
    mw_buf_release(&bytes);
}

MW_TEST(json_lines_without_an_object_have_no_columns) {
    static const char *const texts[] = {"", "\n \n", "1\n2\n", "{}\n", "a,b\n1,2\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fixture f;
        MW_CHECK_STATUS(begin(&f, mw_str_of(texts[i])), MW_INVALID);
        end(&f);
    }
}

MW_TEST(json_lines_end_well_when_memory_is_out) {
    mw_status status = MW_NO_MEMORY;
    size_t count = 0;
    for (; status == MW_NO_MEMORY; count++) {
        fixture f;
        mw_memory_fail_after(count);
        status = begin(&f, MW_STR("{\"a\":\"x\",\"t\":[\"y\"]}\n{}x\n{\"a\":\"z\"}\n"));
        mw_memory_fail_after(SIZE_MAX);
        end(&f);
    }
    MW_CHECK_STATUS(status, MW_OK);
    MW_CHECK(count > 3);
}
