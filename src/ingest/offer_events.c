#include "ingest/offer_events.h"

#include "ingest/event_bytes.h"
#include "store/log.h"

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
    mw_buf cells;
    mw_buf_init(&cells, MW_LOG_PAYLOAD_MAX);
    find_files(addition, batch, files);
    mw_buf_append_u64(out, (uint64_t)addition->number);
    size_t end = out->size + MW_OFFER_PIECE_SIZE, at = from;
    for (; at < batch->events->event_count && out->size < end && !out->failed; at++) {
        mw_event event = mw_events_at(batch->events, at);
        const mw_schema *schema = batch->events->streams[event.stream].rows.schema;
        mw_buf_clear(&cells);
        mw_event_bytes_append(&cells, &event, schema, batch->symbols);
        mw_buf_append_u32(out, files[event.stream]);
        mw_buf_append_u32(out, (uint32_t)cells.size);
        mw_buf_append_u64(out, (uint64_t)event.time);
        mw_buf_append_u64(out, (uint64_t)event.known);
        mw_buf_append_str(out, mw_buf_str(&cells));
    }
    mw_status status = mw_buf_check(&cells, "ingest: an event", err);
    mw_buf_release(&cells);
    MW_TRY(status);
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
    uint32_t size = mw_read_u32(reader);
    if (reader->failed || file >= reading->file_count) return malformed(err);
    mw_event event = {.stream = reading->streams[file], .place = MW_TIME_MISSING};
    event.time = (int64_t)mw_read_u64(reader);
    event.known = (int64_t)mw_read_u64(reader);
    mw_str bytes = mw_read_bytes(reader, size);
    const mw_schema *schema = &reading->program->streams[event.stream].schema;
    if (reader->failed ||
        !mw_event_bytes_read(bytes, schema, reading->symbols, reading->row, &event))
        return malformed(err);
    *out_event = event;
    return MW_OK;
}
