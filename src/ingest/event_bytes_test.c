#include "ingest/event_bytes.h"

#include "base/prng.h"
#include "testing/test.h"

#include <string.h>

static mw_field fields[] = {
    {{"at", 2}, MW_TYPE_TIME}, {{"x", 1}, MW_TYPE_NUMBER}, {{"who", 3}, MW_TYPE_TEXT}};
static const mw_schema schema = {fields, 3};

static void draw(uint64_t *prng, mw_symbols *symbols, mw_cell *row) {
    static const char *const texts[] = {"", "a", "bc"};
    row[0] = mw_cell_time((int64_t)mw_prng_below(prng, 1000));
    row[1] = mw_cell_number((double)mw_prng_below(prng, 1000));
    row[2].symbol = mw_symbols_intern(symbols, mw_str_of(texts[mw_prng_below(prng, 3)]));
}

/* Rows come back as they were, a correction with what it replaces; bytes that are cut, or longer,
   do not. */
MW_TEST(event_bytes_come_back_as_they_were) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    uint64_t prng = mw_test_seed();
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 16);
    for (int round = 0; round < 200; round++) {
        mw_cell row[3], replaced[3], cells[6];
        draw(&prng, symbols, row);
        draw(&prng, symbols, replaced);
        mw_event event = {.row = row}, found = {.stream = 7, .place = 8};
        if (round % 2 == 1) {
            event.replaced = replaced;
            event.replaced_time = -round;
            event.replaced_from = round;
        }
        mw_buf_clear(&bytes);
        mw_event_bytes_append(&bytes, &event, &schema, symbols);
        MW_CHECK(mw_event_bytes_read(mw_buf_str(&bytes), &schema, symbols, cells, &found));
        MW_CHECK(found.stream == 7 && found.place == 8);
        MW_CHECK(memcmp(found.row, row, sizeof row) == 0);
        MW_CHECK((found.replaced != NULL) == (event.replaced != NULL));
        if (event.replaced) {
            MW_CHECK(memcmp(found.replaced, replaced, sizeof replaced) == 0);
            MW_CHECK(found.replaced_time == -round && found.replaced_from == round);
        }
        mw_str whole = mw_buf_str(&bytes);
        size_t row_size = whole.size;
        if (event.replaced) {
            mw_buf alone;
            mw_buf_init(&alone, 1 << 10);
            event.replaced = NULL;
            mw_event_bytes_append(&alone, &event, &schema, symbols);
            row_size = alone.size;
            mw_buf_release(&alone);
        }
        for (size_t cut = 0; cut < whole.size; cut++)
            MW_CHECK(mw_event_bytes_read(mw_str_slice(whole, 0, cut), &schema, symbols, cells,
                                         &found) == (cut == row_size));
        mw_buf_append_char(&bytes, 0);
        MW_CHECK(!mw_event_bytes_read(mw_buf_str(&bytes), &schema, symbols, cells, &found));
    }
    mw_buf_release(&bytes);
    mw_symbols_destroy(symbols);
}
