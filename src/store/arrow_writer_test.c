#include "store/arrow_writer.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "store/arrow_reader.h"
#include "testing/test.h"

enum { COLUMNS = MW_TYPE_COUNT, ROWS = 700, BATCH = 256 };
static mw_field fields[COLUMNS] = {
    {{"n", 1}, MW_TYPE_NUMBER}, {{"b", 1}, MW_TYPE_BOOL}, {{"c", 1}, MW_TYPE_CATEGORY},
    {{"t", 1}, MW_TYPE_TEXT},   {{"w", 1}, MW_TYPE_TIME}, {{"d", 1}, MW_TYPE_DURATION},
    {{"l", 1}, MW_TYPE_LIST},   {{"m", 1}, MW_TYPE_NUMBER_LIST}};
static const mw_schema schema = {fields, COLUMNS};

static mw_symbols *open_symbols(void) {
    mw_symbols *symbols;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    return symbols;
}

static mw_cell text_cell(mw_symbols *symbols, const char *text) {
    return (mw_cell){.symbol = mw_symbols_intern(symbols, mw_str_of(text))};
}

static void draw_row(uint64_t *prng, mw_symbols *symbols, mw_cell row[COLUMNS]) {
    char text[40];
    uint64_t draw = mw_prng_next(prng);
    snprintf(text, sizeof text, "[\"%llu\",\"\"]", (unsigned long long)(draw % 97));
    row[0] = mw_cell_number((double)(int64_t)draw / 1024);
    row[1] = mw_cell_bool(draw & 1);
    row[2] = text_cell(symbols, draw % 5 == 0 ? "" : text + 2);
    row[3] = text_cell(symbols, text);
    row[4] = mw_cell_time((int64_t)(draw % (uint64_t)MW_TIME_MAX));
    row[5] = mw_cell_time((int64_t)draw >> 8);
    row[6] = text_cell(symbols, draw % 7 == 0 ? "[]" : text);
    row[7] = text_cell(symbols, draw % 3 == 0 ? "[1,2.5]" : "[-0.1]");
    for (int i = 0; i < COLUMNS; i++)
        if (mw_prng_next(prng) % 10 == 0) row[i] = mw_cell_missing(fields[i].type);
}

static void fill(mw_table *rows, mw_symbols *symbols) {
    uint64_t prng = mw_test_seed();
    mw_cell row[COLUMNS];
    mw_error err;
    mw_table_init(rows, &schema);
    for (size_t i = 0; i < ROWS; i++) {
        draw_row(&prng, symbols, row);
        MW_CHECK_OK(mw_table_add(rows, row, NULL, &err), &err);
    }
}

static mw_status write_stream(const mw_table *rows, const mw_symbols *symbols, mw_buf *out,
                              mw_error *err) {
    MW_TRY(mw_arrow_write_schema(&schema, out, err));
    for (size_t from = 0; from < rows->row_count; from += BATCH) {
        size_t to = from + BATCH < rows->row_count ? from + BATCH : rows->row_count;
        MW_TRY(mw_arrow_write_rows(rows, from, to, symbols, out, err));
    }
    mw_buf_append_u64(out, UINT32_MAX); /* the end that others write: a message of no bytes */
    return mw_buf_check(out, "stream", err);
}

static void check_batch(const mw_arrow_reader *reader, const mw_table *rows, size_t from,
                        mw_symbols *symbols) {
    mw_error err;
    for (size_t r = 0; r < mw_arrow_row_count(reader); r++)
        for (size_t c = 0; c < COLUMNS; c++) {
            mw_arrow_target target = {fields[c].type, NULL, symbols};
            mw_cell cell;
            MW_CHECK_OK(mw_arrow_cell(reader, c, r, target, &cell, &err), &err);
            MW_CHECK(cell.bits == mw_table_row(rows, from + r)[c].bits);
        }
}

/* Every cell comes back with its bits, however the bytes are cut on their way. */
MW_TEST(arrow_writer_round_trip) {
    mw_symbols *symbols = open_symbols();
    mw_table rows;
    mw_buf stream;
    mw_arrow_reader *reader;
    mw_arrow_step step = MW_ARROW_MORE;
    mw_error err;
    uint64_t prng = mw_test_seed();
    size_t at = 0, read_count = 0;
    fill(&rows, symbols);
    mw_buf_init(&stream, 1 << 24);
    MW_CHECK_OK(write_stream(&rows, symbols, &stream, &err), &err);
    MW_CHECK_OK(mw_arrow_reader_create(1 << 20, &reader, &err), &err);
    while (step != MW_ARROW_END) {
        MW_CHECK(at < stream.size);
        mw_str piece = mw_str_slice(mw_buf_str(&stream), at, at + 1 + mw_prng_next(&prng) % 3000);
        size_t size = piece.size;
        MW_CHECK_OK(mw_arrow_reader_take(reader, &piece, &step, &err), &err);
        at += size - piece.size;
        if (step == MW_ARROW_SCHEMA) MW_CHECK_EQUAL_INT(mw_arrow_column_count(reader), COLUMNS);
        if (step != MW_ARROW_BATCH) continue;
        check_batch(reader, &rows, read_count, symbols);
        read_count += mw_arrow_row_count(reader);
    }
    MW_CHECK_EQUAL_INT(read_count, ROWS);
    MW_CHECK_EQUAL_INT(at, stream.size);
    mw_arrow_reader_destroy(reader);
    mw_buf_release(&stream);
    mw_table_release(&rows);
    mw_symbols_destroy(symbols);
}

typedef struct {
    mw_table rows;
    mw_symbols *symbols;
} world;

static mw_status write_and_read(void *context) {
    world *w = context;
    mw_buf stream;
    mw_arrow_reader *reader = NULL;
    mw_arrow_step step = MW_ARROW_MORE;
    mw_buf_init(&stream, 1 << 24);
    mw_status status = write_stream(&w->rows, w->symbols, &stream, NULL);
    mw_str bytes = mw_buf_str(&stream);
    if (status == MW_OK) status = mw_arrow_reader_create(1 << 20, &reader, NULL);
    while (status == MW_OK && step != MW_ARROW_END)
        status = mw_arrow_reader_take(reader, &bytes, &step, NULL);
    mw_arrow_reader_destroy(reader);
    mw_buf_release(&stream);
    return status;
}

MW_TEST(arrow_writer_every_allocation_fails) {
    world w = {.symbols = open_symbols()};
    fill(&w.rows, w.symbols);
    MW_CHECK(mw_test_every_allocation_fails(write_and_read, &w) > 0);
    mw_table_release(&w.rows);
    mw_symbols_destroy(w.symbols);
}
