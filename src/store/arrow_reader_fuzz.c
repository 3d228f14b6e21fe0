#include "store/arrow_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_rows(const mw_arrow_reader *reader, mw_symbols *symbols) {
    size_t row_count = mw_arrow_row_count(reader);
    for (size_t c = 0; c < mw_arrow_column_count(reader); c++)
        for (size_t r = 0; r < row_count && r < 64; r++)
            for (int type = 0; type < MW_TYPE_COUNT; type++) {
                mw_arrow_target target = {(mw_type)type, mw_zone_utc(), symbols};
                mw_cell cell;
                (void)!mw_arrow_cell(reader, c, r, target, &cell, NULL);
            }
}

/* Hostile streams end in cells, each refused or not, or in a message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str bytes = {(const char *)data, size};
    mw_arrow_reader *reader;
    mw_symbols *symbols;
    mw_arrow_step step = MW_ARROW_SCHEMA;
    mw_error err;
    if (mw_symbols_create(1 << 20, &symbols, &err) != MW_OK) return 0;
    if (mw_arrow_reader_create(1 << 20, &reader, &err) == MW_OK) {
        while (step == MW_ARROW_SCHEMA || step == MW_ARROW_BATCH) {
            if (mw_arrow_reader_take(reader, &bytes, &step, &err) != MW_OK) break;
            if (step == MW_ARROW_BATCH) read_rows(reader, symbols);
        }
        mw_arrow_reader_destroy(reader);
    }
    mw_symbols_destroy(symbols);
    return 0;
}
