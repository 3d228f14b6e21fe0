#include "ingest/offer_events.h"

static mw_status malformed(mw_error *err) {
    return mw_fail(err, MW_MALFORMED, "ingest: its events cannot be read");
}

/* The file that holds the events of each stream of the batch. */
static void find_files(const mw_addition *addition, const mw_lake_batch *batch,
                       uint32_t files[MW_STREAMS_MAX]) {
    for (size_t s = 0; s < batch->events->stream_count; s++)
        for (uint32_t i = 0; i < addition->file_count; i++)
            if (mw_str_equal(addition->files[i].stream, batch->names[s])) files[s] = i;
}

mw_status mw_offer_events_append(mw_buf *out, const mw_addition *addition,
                                 const mw_lake_batch *batch, size_t from, size_t *out_next,
                                 mw_error *err) {
    uint32_t files[MW_STREAMS_MAX] = {0};
    find_files(addition, batch, files);
    mw_buf_append_u64(out, (uint64_t)addition->number);
    size_t end = out->size + MW_OFFER_PIECE_SIZE, at = from;
    for (; at < batch->events->event_count && out->size < end && !out->failed; at++) {
        mw_event event = mw_events_at(batch->events, at);
        const mw_schema *schema = batch->events->streams[event.stream].rows.schema;
        mw_buf_append_u32(out, files[event.stream]);
        mw_buf_append_u64(out, (uint64_t)event.time);
        mw_buf_append_u64(out, (uint64_t)event.known);
        for (size_t i = 0; i < schema->field_count; i++)
            mw_cell_append_canonical(out, schema->fields[i].type, event.row[i], batch->symbols);
    }
    MW_TRY(mw_buf_check(out, "ingest: a piece of its events", err));
    *out_next = at;
    return MW_OK;
}

int64_t mw_offer_events_number(mw_reader *reader) { return (int64_t)mw_read_u64(reader); }

mw_status mw_offer_events_next(mw_reader *reader, const mw_offer_events_reading *reading,
                               mw_event *out_event, bool *out_has_event, mw_error *err) {
    *out_has_event = reader->rest.size > 0;
    if (!*out_has_event) return MW_OK;
    uint32_t file = mw_read_u32(reader);
    if (reader->failed || file >= reading->file_count) return malformed(err);
    mw_event event = {.stream = reading->streams[file], .place = MW_TIME_MISSING};
    event.time = (int64_t)mw_read_u64(reader);
    event.known = (int64_t)mw_read_u64(reader);
    event.row = reading->row;
    const mw_schema *schema = &reading->program->streams[event.stream].schema;
    for (size_t i = 0; i < schema->field_count; i++)
        if (!mw_cell_read_canonical(reader, schema->fields[i].type, reading->symbols,
                                    &reading->row[i]))
            return malformed(err);
    if (reader->failed) return malformed(err);
    *out_event = event;
    return MW_OK;
}
