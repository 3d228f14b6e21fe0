#include "store/duck_writer.h"

#include <stdio.h>

#include "base/prng.h"
#include "store/duck_call_test.h"

enum { COLUMNS = MW_TYPE_COUNT, ROWS = 5000 };
static mw_field fields[COLUMNS] = {
    {{"n", 1}, MW_TYPE_NUMBER}, {{"b", 1}, MW_TYPE_BOOL}, {{"c", 1}, MW_TYPE_CATEGORY},
    {{"t", 1}, MW_TYPE_TEXT},   {{"w", 1}, MW_TYPE_TIME}, {{"d", 1}, MW_TYPE_DURATION},
    {{"l", 1}, MW_TYPE_LIST},   {{"m", 1}, MW_TYPE_NUMBER_LIST}};
static const mw_schema schema = {fields, COLUMNS};

static void draw_row(uint64_t *prng, mw_symbols *symbols, mw_cell row[COLUMNS]) {
    char text[40];
    uint64_t draw = mw_prng_next(prng);
    int size = snprintf(text, sizeof text, "%.*s%llu", (int)(draw % 16), "a rather long text",
                        (unsigned long long)(draw % 97));
    row[0] = mw_cell_number((double)(int64_t)draw / 1024);
    row[1] = mw_cell_bool(draw & 1);
    row[2] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)size / 2})};
    row[3] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)size})};
    row[4] = mw_cell_time((int64_t)(draw % (uint64_t)MW_TIME_MAX));
    row[5] = mw_cell_time((int64_t)draw >> 8);
    int list_size = snprintf(text, sizeof text, "[\"%llu\"]", (unsigned long long)(draw % 97));
    row[6] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){text, (size_t)list_size})};
    row[7] = (mw_cell){.symbol = mw_symbols_intern(symbols, MW_STR("[1,2.5]"))};
    for (int i = 0; i < COLUMNS; i++)
        if (mw_prng_next(prng) % 10 == 0) row[i] = mw_cell_missing(fields[i].type);
}

/* What is written comes back in its order, bit for bit, missing values too. */
MW_TEST(duck_writer_round_trip) {
    mw_duck *duck = open_duck();
    mw_symbols *symbols;
    mw_duck_writer *writer;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    MW_CHECK_OK(mw_duck_writer_create(duck, &schema, symbols, &writer, &err), &err);
    uint64_t prng = mw_test_seed();
    mw_table rows;
    mw_table_init(&rows, &schema);
    for (size_t i = 0; i < ROWS; i++) {
        mw_cell row[COLUMNS];
        draw_row(&prng, symbols, row);
        MW_CHECK_OK(mw_table_add(&rows, row, NULL, &err), &err);
        MW_CHECK_OK(mw_duck_writer_add(writer, row, &err), &err);
    }
    MW_CHECK_OK(mw_duck_writer_keep(writer, MW_STR("a \"table\""), &err), &err);
    mw_duck_writer_destroy(writer);

    mw_duck_cursor *cursor = query(duck, "FROM \"a \"\"table\"\"\"");
    size_t done = 0, missing = 0;
    for (size_t count = fetch(cursor); count > 0; count = fetch(cursor)) {
        for (size_t r = 0; r < count; r++, done++) {
            for (size_t c = 0; c < COLUMNS; c++) {
                mw_cell cell;
                mw_duck_target target = {fields[c].type, symbols};
                MW_CHECK(mw_duck_cell(cursor, c, r, target, &cell));
                MW_CHECK(cell.bits == mw_table_row(&rows, done)[c].bits);
                missing += mw_cell_is_missing(fields[c].type, cell);
            }
        }
    }
    MW_CHECK_EQUAL_INT(done, ROWS);
    MW_CHECK(missing > ROWS / 4);
    mw_duck_cursor_close(cursor);
    mw_table_release(&rows);
    mw_symbols_destroy(symbols);
    mw_duck_close(duck);
}

static mw_status create_writer(void *context) {
    mw_duck_writer *writer = NULL;
    MW_TRY(mw_duck_writer_create(context, &schema, NULL, &writer, NULL));
    mw_duck_writer_destroy(writer);
    return MW_OK;
}

MW_TEST(duck_writer_survives_every_failing_allocation) {
    mw_duck *duck = open_duck();
    MW_CHECK(mw_test_every_allocation_fails(create_writer, duck) > 3);
    mw_duck_close(duck);
}
