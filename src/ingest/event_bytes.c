#include "ingest/event_bytes.h"

void mw_event_bytes_append(mw_buf *out, const mw_event *event, const mw_schema *schema,
                           const mw_symbols *symbols) {
    mw_row_append_canonical(out, schema, event->row, symbols);
    if (!event->replaced) return;
    mw_buf_append_u64(out, (uint64_t)event->replaced_time);
    mw_buf_append_u64(out, (uint64_t)event->replaced_from);
    mw_row_append_canonical(out, schema, event->replaced, symbols);
}

bool mw_event_bytes_read(mw_str bytes, const mw_schema *schema, mw_symbols *symbols,
                         mw_cell *cells, mw_event *event) {
    mw_reader reader = {.rest = bytes};
    mw_cell *replaced = cells + schema->field_count;
    event->row = cells;
    event->replaced = NULL;
    if (!mw_row_read_canonical(&reader, schema, symbols, cells)) return false;
    if (reader.rest.size == 0) return !reader.failed;
    event->replaced_time = (int64_t)mw_read_u64(&reader);
    event->replaced_from = (int64_t)mw_read_u64(&reader);
    event->replaced = replaced;
    return mw_row_read_canonical(&reader, schema, symbols, replaced) && !reader.failed &&
           reader.rest.size == 0;
}
