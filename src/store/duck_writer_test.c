#include "store/duck_writer.h"

#include "store/drawn_row_test.h"
#include "store/duck_call_test.h"

enum { ROWS = 5000 };

/* What is written comes back in its order, bit for bit, missing values too. */
MW_TEST(duck_writer_round_trip) {
    mw_duck *duck = open_duck();
    mw_symbols *symbols;
    mw_duck_writer *writer;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    MW_CHECK_OK(mw_duck_writer_create(duck, &drawn_schema, symbols, &writer, &err), &err);
    uint64_t prng = mw_test_seed();
    mw_table rows;
    mw_table_init(&rows, &drawn_schema);
    for (size_t i = 0; i < ROWS; i++) {
        mw_cell row[DRAWN_COLUMNS];
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
            for (size_t c = 0; c < DRAWN_COLUMNS; c++) {
                mw_cell cell;
                mw_duck_target target = {drawn_fields[c].type, symbols};
                MW_CHECK(mw_duck_cell(cursor, c, r, target, &cell));
                MW_CHECK(cell.bits == mw_table_row(&rows, done)[c].bits);
                missing += mw_cell_is_missing(drawn_fields[c].type, cell);
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
    MW_TRY(mw_duck_writer_create(context, &drawn_schema, NULL, &writer, NULL));
    mw_duck_writer_destroy(writer);
    return MW_OK;
}

MW_TEST(duck_writer_survives_every_failing_allocation) {
    mw_duck *duck = open_duck();
    MW_CHECK(mw_test_every_allocation_fails(create_writer, duck) > 3);
    mw_duck_close(duck);
}
