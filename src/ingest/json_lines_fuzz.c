#include "ingest/json_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hostile lines end in rows, each refused or not, or in a message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_arena arena;
    mw_schema columns;
    mw_error err;
    mw_data_reader reader = {.zone = mw_zone_utc()};
    mw_str bytes = {(const char *)data, size};
    mw_arena_init(&arena, 1 << 24);
    if (mw_symbols_create(1 << 20, &reader.symbols, &err) != MW_OK) return 0;
    if (mw_json_lines_columns(&reader, bytes, &arena, &columns, &err) == MW_OK) {
        mw_table rows;
        mw_refusals refusals;
        mw_table_init(&rows, &columns);
        mw_refusals_init(&refusals);
        mw_status status = mw_json_lines_read(&reader, bytes, columns.field_count, &rows,
                                              &refusals, &err);
        MW_ASSERT(status != MW_OK || refusals.item_count <= rows.row_count);
        mw_refusals_release(&refusals);
        mw_table_release(&rows);
    }
    mw_symbols_destroy(reader.symbols);
    mw_arena_release(&arena);
    return 0;
}
