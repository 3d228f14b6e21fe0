/*
 * event: one row of a stream with its three times, and an ordered store of them in memory.
 *
 * `time` is when it happened; `known` is when it may be used; `place` is its stamp in the log
 * (in history: its known). mw_events keeps each stream's rows in a table of its own and, once
 * sorted, an order over all streams by (place, stream, row): what a replay walks. Sorting takes
 * 32 bytes an event while it runs, and its time is linear; what comes sorted stays.
 */
#pragma once
#include "table/table.h"

typedef struct {
    int32_t stream; /* index into the program's streams */
    int64_t time;
    int64_t known;
    int64_t place;
    const mw_cell *row; /* of the stream's schema */
} mw_event;

typedef struct {
    mw_table rows;
    int64_t *times, *knowns, *places; /* one each a row */
    size_t time_capacity;
} mw_stream_events;

typedef struct {
    mw_stream_events *streams;
    size_t stream_count;
    uint64_t *order; /* stream << 48 | row, sorted; NULL until mw_events_sort */
    size_t event_count;
} mw_events;

enum { MW_STREAMS_MAX = 1024, MW_EVENT_ROW_BITS = 48 };
#define MW_EVENT_ROW_MASK (((uint64_t)1 << MW_EVENT_ROW_BITS) - 1)

/* `schemas[i]` is that of stream i and outlives the events. */
MW_MUST_USE mw_status mw_events_init(mw_events *events, const mw_schema *const *schemas,
                                     size_t stream_count, mw_error *err);
/* Copies the row. Unsorts. On failure nothing was added. */
MW_MUST_USE mw_status mw_events_add(mw_events *events, const mw_event *event, mw_error *err);
/* Makes room for so many events of a stream, so that adding them moves nothing. */
MW_MUST_USE mw_status mw_events_reserve(mw_events *events, int32_t stream, size_t count,
                                        mw_error *err);
MW_MUST_USE mw_status mw_events_sort(mw_events *events, mw_error *err);
static inline mw_event mw_events_row(const mw_events *events, int32_t stream, size_t row) {
    const mw_stream_events *of_stream = &events->streams[stream];
    return (mw_event){.stream = stream,
                      .time = of_stream->times[row],
                      .known = of_stream->knowns[row],
                      .place = of_stream->places[row],
                      .row = mw_table_row(&of_stream->rows, row)};
}
/* The i-th in order; sorted only. */
static inline mw_event mw_events_at(const mw_events *events, size_t index) {
    MW_ASSERT(events->order && index < events->event_count);
    uint64_t event = events->order[index];
    return mw_events_row(events, (int32_t)(event >> MW_EVENT_ROW_BITS), event & MW_EVENT_ROW_MASK);
}
void mw_events_release(mw_events *events);
