#include "store/duck_rows.h"

#include <string.h>

#include "store/duck_call_test.h"

static mw_field fields[] = {{{"name", 4}, MW_TYPE_TEXT}, {{"x", 1}, MW_TYPE_NUMBER}};
static const mw_schema schema = {fields, 2};

static mw_cell value_at(const mw_duck_column *column, size_t row) {
    return (mw_cell){.bits = column->values[row]};
}

/* Who takes a chunk has what was added to it; the next begins empty, and with nothing missing. */
MW_TEST(duck_rows_are_taken_by_chunks) {
    mw_duck *duck = open_duck();
    mw_duck_rows rows;
    mw_error err;
    MW_CHECK_OK(mw_duck_ready(duck, &err), &err);
    MW_CHECK_OK(mw_duck_rows_init(&rows, duck, &schema, NULL, &err), &err);
    mw_cell row[2] = {mw_cell_missing(MW_TYPE_TEXT), mw_cell_number(1.5)};
    while (!mw_duck_rows_are_full(&rows)) mw_duck_rows_add(&rows, MW_STR("long enough, this"), row);
    MW_CHECK_EQUAL_INT(rows.count, duck->api.vector_size());
    duck_chunk full = mw_duck_rows_take(&rows);
    MW_CHECK_EQUAL_INT(duck->api.data_chunk_get_size(full), duck->api.vector_size());
    MW_CHECK_EQUAL_INT(rows.count, 0);

    row[1] = mw_cell_missing(MW_TYPE_NUMBER);
    mw_duck_rows_add(&rows, (mw_str){NULL, 0}, row);
    row[1] = mw_cell_number(-2);
    mw_duck_rows_add(&rows, MW_STR(""), row);
    MW_CHECK_EQUAL_INT(rows.columns[0].validity[0] & 3, 2);
    MW_CHECK_EQUAL_INT(rows.columns[1].validity[0] & 3, 2);
    MW_CHECK(value_at(&rows.columns[1], 1).number == -2);
    mw_duck_rows_close(&rows);
    MW_CHECK_EQUAL_INT(duck->api.data_chunk_get_size(rows.chunk), 2);
    mw_duck_rows_clear(&rows);
    MW_CHECK_EQUAL_INT(rows.count, 0);
    MW_CHECK(!rows.columns[1].validity);
    duck->api.destroy_data_chunk(&full);
    mw_duck_rows_release(&rows);
    mw_duck_close(duck);
}

/* By what their texts hold, the missing ones nothing. */
MW_TEST(duck_rows_are_full_of_long_texts) {
    static char text[MW_DUCK_TEXTS_SIZE_MAX / 4];
    mw_duck *duck = open_duck();
    mw_duck_rows rows;
    mw_error err;
    memset(text, 'x', sizeof text);
    MW_CHECK_OK(mw_duck_ready(duck, &err), &err);
    MW_CHECK_OK(mw_duck_rows_init(&rows, duck, &schema, NULL, &err), &err);
    mw_cell row[2] = {mw_cell_missing(MW_TYPE_TEXT), mw_cell_number(1.5)};
    for (int i = 0; i < 8; i++) {
        MW_CHECK(!mw_duck_rows_are_full(&rows));
        mw_duck_rows_add(&rows, (mw_str){i % 2 == 0 ? NULL : text, sizeof text}, row);
    }
    MW_CHECK(mw_duck_rows_are_full(&rows));
    MW_CHECK_EQUAL_INT(mw_duck_rows_size(&rows), MW_DUCK_TEXTS_SIZE_MAX + 8 * 24);
    mw_duck_rows_clear(&rows);
    MW_CHECK(!mw_duck_rows_are_full(&rows) && mw_duck_rows_size(&rows) == 0);
    mw_duck_rows_release(&rows);
    mw_duck_close(duck);
}

static mw_status fill_rows(void *context) {
    mw_duck_rows rows;
    mw_status status = mw_duck_rows_init(&rows, context, &schema, NULL, NULL);
    mw_duck_rows_release(&rows);
    return status;
}

MW_TEST(duck_rows_survive_every_failing_allocation) {
    mw_duck *duck = open_duck();
    MW_CHECK_OK(mw_duck_ready(duck, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_test_every_allocation_fails(fill_rows, duck), 2);
    mw_duck_close(duck);
}
