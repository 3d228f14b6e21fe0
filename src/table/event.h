/*
 * event: one row of a stream with its three times, and an ordered store of them in memory.
 *
 * `time` is when it happened; `known` is when it may be used; `place` is its stamp in the log
 * (in history: its known). mw_events keeps each stream's rows in a table of its own and, once
 * sorted, an order over all streams by (place, stream, row): what a replay walks. Sorting takes
 * 32 bytes an event while it runs, and its time is linear; what comes sorted stays.
 *
 * A correction (rule 8) is an event that carries what it replaces, an earlier event with the same
 * id: so nobody has to look for that. Of two corrections in turn the second replaces the first.
 * Events that correct nothing pay nothing for it in an ordered store.
 */
#pragma once
#include "table/table.h"

typedef struct {
    int32_t stream; /* index into the program's streams */
    int64_t time;
    int64_t known;
    int64_t place;
    const mw_cell *row; /* of the stream's schema */
    const mw_cell *replaced; /* the row that a correction replaces; NULL: it is none */
    int64_t replaced_time, replaced_from; /* when that happened, and from when it counted */
} mw_event;

/* From when an event counts (rule 1), a correction never before what it replaces. */
static inline int64_t mw_event_counts_from(const mw_event *event) {
    int64_t from = event->known > event->place ? event->known : event->place;
    return event->replaced && event->replaced_from > from ? event->replaced_from : from;
}

/* Of one row of a stream that is a correction, what its event says of the row replaced. */
typedef struct {
    size_t row;
    int64_t time, from;
} mw_correction;

typedef struct {
    mw_table rows;
    int64_t *times, *knowns, *places; /* one each a row */
    size_t time_capacity;
    bool counts_late; /* some of them counts later than it stands */
    mw_correction *corrections; /* in the order of their rows */
    size_t correction_count, correction_capacity;
    mw_table replaced;          /* a row for each correction */
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
/* Copies the row, and the one that it replaces. Unsorts. On failure nothing was added. */
MW_MUST_USE mw_status mw_events_add(mw_events *events, const mw_event *event, mw_error *err);
/* Makes room for so many events of a stream, so that adding them moves nothing. */
MW_MUST_USE mw_status mw_events_reserve(mw_events *events, int32_t stream, size_t count,
                                        mw_error *err);
/* Takes all events of a stream out again; its memory stays. */
void mw_events_clear_stream(mw_events *events, int32_t stream);
MW_MUST_USE mw_status mw_events_sort(mw_events *events, mw_error *err);
/* Adds to the event what it replaces, if that row of its stream is a correction. */
void mw_events_find_replaced(const mw_stream_events *stream, size_t row, mw_event *event);
/* A row of a stream, whose number it does not know. */
static inline mw_event mw_stream_events_row(const mw_stream_events *events, size_t row) {
    mw_event event = {.time = events->times[row],
                      .known = events->knowns[row],
                      .place = events->places[row],
                      .row = mw_table_row(&events->rows, row)};
    if (events->correction_count > 0) mw_events_find_replaced(events, row, &event);
    return event;
}
static inline mw_event mw_events_row(const mw_events *events, int32_t stream, size_t row) {
    mw_event event = mw_stream_events_row(&events->streams[stream], row);
    event.stream = stream;
    return event;
}
/* The i-th in order; sorted only. */
static inline mw_event mw_events_at(const mw_events *events, size_t index) {
    MW_ASSERT(events->order && index < events->event_count);
    uint64_t event = events->order[index];
    return mw_events_row(events, (int32_t)(event >> MW_EVENT_ROW_BITS), event & MW_EVENT_ROW_MASK);
}
/* The place of the i-th alone. */
static inline int64_t mw_events_place_at(const mw_events *events, size_t index) {
    MW_ASSERT(events->order && index < events->event_count);
    uint64_t event = events->order[index];
    return events->streams[event >> MW_EVENT_ROW_BITS].places[event & MW_EVENT_ROW_MASK];
}
/* Whether none counts later than it stands (mw_event_counts_from). */
bool mw_events_count_in_place(const mw_events *events);
void mw_events_release(mw_events *events);

/* Events that are too many for memory, in parts: each is sorted, and all its places lie behind
   those of the part before. What is given stands until the one after the next is given. */
typedef struct mw_event_parts mw_event_parts;
struct mw_event_parts {
    /* NULL in `*out_part`: that was all. */
    mw_status (*next)(mw_event_parts *parts, const mw_events **out_part, mw_error *err);
    int64_t last_place;   /* of all; INT64_MIN: there are none */
    bool counts_in_place; /* none of them counts later than it stands */
};
enum { MW_PART_EVENTS_MIN = 1 << 15 }; /* of each but the last */
