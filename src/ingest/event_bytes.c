#include "ingest/event_bytes.h"

static void append_cells(mw_buf *out, const mw_schema *schema, const mw_cell *cells,
                         const mw_symbols *symbols) {
    for (size_t i = 0; i < schema->field_count; i++)
        mw_cell_append_canonical(out, schema->fields[i].type, cells[i], symbols);
}

void mw_event_bytes_append(mw_buf *out, const mw_event *event, const mw_schema *schema,
                           const mw_symbols *symbols) {
    append_cells(out, schema, event->row, symbols);
    if (!event->replaced) return;
    mw_buf_append_u64(out, (uint64_t)event->replaced_time);
    mw_buf_append_u64(out, (uint64_t)event->replaced_from);
    append_cells(out, schema, event->replaced, symbols);
}

static bool read_cells(mw_reader *reader, const mw_schema *schema, mw_symbols *symbols,
                       mw_cell *out_cells) {
    bool is_good = true;
    for (size_t i = 0; is_good && i < schema->field_count; i++)
        is_good = mw_cell_read_canonical(reader, schema->fields[i].type, symbols, &out_cells[i]);
    return is_good;
}

bool mw_event_bytes_read(mw_str bytes, const mw_schema *schema, mw_symbols *symbols,
                         mw_cell *cells, mw_event *event) {
    mw_reader reader = {.rest = bytes};
    mw_cell *replaced = cells + schema->field_count;
    event->row = cells;
    event->replaced = NULL;
    if (!read_cells(&reader, schema, symbols, cells)) return false;
    if (reader.rest.size == 0) return !reader.failed;
    event->replaced_time = (int64_t)mw_read_u64(&reader);
    event->replaced_from = (int64_t)mw_read_u64(&reader);
    event->replaced = replaced;
    return read_cells(&reader, schema, symbols, replaced) && !reader.failed &&
           reader.rest.size == 0;
}
