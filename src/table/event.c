#include "table/event.h"

#include <assert.h>

enum { DIGIT_BITS = 11, DIGIT_COUNT = 6, BUCKETS = 1 << DIGIT_BITS };
static_assert(DIGIT_BITS * DIGIT_COUNT >= 64, "the digits cover a place");
static_assert(MW_ROWS_MAX <= MW_EVENT_ROW_MASK, "a row's number fits below its stream's");

mw_status mw_events_init(mw_events *events, const mw_schema *const *schemas,
                         size_t stream_count, mw_error *err) {
    *events = (mw_events){.stream_count = 0};
    if (stream_count > MW_STREAMS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "events: there may be %d streams, got %zu",
                       MW_STREAMS_MAX, stream_count);
    if (stream_count == 0) return MW_OK;
    events->streams = mw_allocate(stream_count * sizeof *events->streams);
    if (!events->streams)
        return mw_fail(err, MW_NO_MEMORY, "events: no memory for %zu streams", stream_count);
    events->stream_count = stream_count;
    for (size_t i = 0; i < stream_count; i++) {
        mw_table_init(&events->streams[i].rows, schemas[i]);
        mw_table_init(&events->streams[i].replaced, schemas[i]);
    }
    return MW_OK;
}

static bool grow_times(int64_t **times, size_t *capacity, size_t needed) {
    return mw_grow((void **)times, capacity, needed, sizeof **times, MW_ROWS_MAX);
}

/* The three lists share a capacity, which counts only once all have it. */
static mw_status reserve_times(mw_stream_events *stream, size_t needed, mw_error *err) {
    if (needed <= stream->time_capacity) return MW_OK;
    size_t times = stream->time_capacity, knowns = times, places = times;
    if (!grow_times(&stream->times, &times, needed) ||
        !grow_times(&stream->knowns, &knowns, needed) ||
        !grow_times(&stream->places, &places, needed))
        return mw_fail(err, MW_NO_MEMORY, "events: no memory for %zu events", needed);
    MW_ASSERT(times == knowns && times == places);
    stream->time_capacity = times;
    return MW_OK;
}

mw_status mw_events_reserve(mw_events *events, int32_t stream, size_t count, mw_error *err) {
    MW_TRY(reserve_times(&events->streams[stream], count, err));
    return mw_table_reserve(&events->streams[stream].rows, count, err);
}

static void unsort(mw_events *events) {
    mw_free(events->order);
    events->order = NULL;
}

static mw_status reserve_correction(mw_stream_events *stream, mw_error *err) {
    size_t needed = stream->correction_count + 1;
    if (!mw_grow((void **)&stream->corrections, &stream->correction_capacity, needed,
                 sizeof *stream->corrections, MW_ROWS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "events: no memory for %zu corrections", needed);
    return mw_table_reserve(&stream->replaced, needed, err);
}

static void note_correction(mw_stream_events *stream, size_t row, const mw_event *event) {
    mw_status status = mw_table_add(&stream->replaced, event->replaced, NULL, NULL);
    MW_ASSERT(status == MW_OK);
    stream->corrections[stream->correction_count++] =
        (mw_correction){row, event->replaced_time, event->replaced_from};
}

/* Takes the one back that was noted last. */
static void forget_correction(mw_stream_events *stream) {
    stream->correction_count--;
    stream->replaced.row_count--;
}

void mw_events_find_replaced(const mw_stream_events *stream, size_t row, mw_event *event) {
    size_t low = 0, high = stream->correction_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stream->corrections[middle].row < row) low = middle + 1;
        else high = middle;
    }
    if (low == stream->correction_count || stream->corrections[low].row != row) return;
    event->replaced = mw_table_row(&stream->replaced, low);
    event->replaced_time = stream->corrections[low].time;
    event->replaced_from = stream->corrections[low].from;
}

mw_status mw_events_add(mw_events *events, const mw_event *event, mw_error *err) {
    MW_ASSERT(event->stream >= 0 && (size_t)event->stream < events->stream_count);
    mw_stream_events *stream = &events->streams[event->stream];
    size_t row = stream->rows.row_count;
    MW_TRY(reserve_times(stream, row + 1, err));
    /* What is replaced may be one of the rows, which move as they grow: it is copied first. */
    if (event->replaced) {
        MW_TRY(reserve_correction(stream, err));
        note_correction(stream, row, event);
    }
    mw_status status = mw_table_add(&stream->rows, event->row, NULL, err);
    if (status != MW_OK) {
        if (event->replaced) forget_correction(stream);
        return status;
    }
    stream->times[row] = event->time;
    stream->knowns[row] = event->known;
    stream->places[row] = event->place;
    if (mw_event_counts_from(event) > event->place) stream->counts_late = true;
    events->event_count++;
    unsort(events);
    return MW_OK;
}

void mw_events_clear_stream(mw_events *events, int32_t stream) {
    mw_stream_events *of_stream = &events->streams[stream];
    events->event_count -= of_stream->rows.row_count;
    mw_table_clear(&of_stream->rows);
    mw_table_clear(&of_stream->replaced);
    of_stream->correction_count = 0;
    of_stream->counts_late = false;
    unsort(events);
}

/* A place as an unsigned number of the same order, and the event that stands there. */
typedef struct {
    uint64_t place;
    uint64_t event; /* stream << MW_EVENT_ROW_BITS | row */
} entry;

typedef struct {
    size_t buckets[DIGIT_COUNT][BUCKETS];
} histogram;

static uint64_t digit_of(uint64_t place, int digit) {
    return place >> (digit * DIGIT_BITS) & (BUCKETS - 1);
}

static void fill_entries(const mw_events *events, entry *entries, histogram *counts) {
    size_t count = 0;
    for (size_t s = 0; s < events->stream_count; s++) {
        const mw_stream_events *stream = &events->streams[s];
        for (size_t row = 0; row < stream->rows.row_count; row++) {
            uint64_t place = (uint64_t)stream->places[row] ^ (uint64_t)1 << 63;
            entries[count++] = (entry){place, (uint64_t)s << MW_EVENT_ROW_BITS | row};
            for (int d = 0; d < DIGIT_COUNT; d++) counts->buckets[d][digit_of(place, d)]++;
        }
    }
    MW_ASSERT(count == events->event_count);
}

/* One stable pass over a digit; false, and nothing done, if all entries have the same one. */
static bool sort_by_digit(const entry *from, entry *to, size_t count, int digit,
                          size_t buckets[BUCKETS]) {
    if (buckets[digit_of(from[0].place, digit)] == count) return false;
    size_t start = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        size_t in_bucket = buckets[i];
        buckets[i] = start;
        start += in_bucket;
    }
    for (size_t i = 0; i < count; i++) to[buckets[digit_of(from[i].place, digit)]++] = from[i];
    return true;
}

/* Puts the events in the order in which they came, stream by stream; false if that is not the order
   of their places. */
static bool take_as_sorted(const mw_events *events, uint64_t *order) {
    size_t count = 0;
    int64_t before = INT64_MIN;
    for (size_t s = 0; s < events->stream_count; s++) {
        const mw_stream_events *stream = &events->streams[s];
        for (size_t row = 0; row < stream->rows.row_count; row++) {
            if (stream->places[row] < before) return false;
            before = stream->places[row];
            order[count++] = (uint64_t)s << MW_EVENT_ROW_BITS | row;
        }
    }
    return true;
}

/* A radix sort from the lowest digit up. The entries come in by (stream, row) and every pass
   is stable, so that is the order among equal places. */
mw_status mw_events_sort(mw_events *events, mw_error *err) {
    size_t count = events->event_count;
    if (events->order || count == 0) return MW_OK;
    uint64_t *order = mw_allocate(count * sizeof *order);
    if (order && take_as_sorted(events, order)) {
        events->order = order;
        return MW_OK;
    }
    entry *entries = mw_allocate(count * sizeof *entries);
    entry *spare = mw_allocate(count * sizeof *spare);
    histogram *counts = mw_allocate(sizeof *counts);
    bool ready = entries && spare && counts && order;
    if (ready) {
        fill_entries(events, entries, counts);
        for (int d = 0; d < DIGIT_COUNT; d++) {
            if (!sort_by_digit(entries, spare, count, d, counts->buckets[d])) continue;
            entry *sorted = spare;
            spare = entries;
            entries = sorted;
        }
        for (size_t i = 0; i < count; i++) order[i] = entries[i].event;
        events->order = order;
    } else {
        mw_free(order);
    }
    mw_free(counts);
    mw_free(spare);
    mw_free(entries);
    return ready ? MW_OK : mw_fail(err, MW_NO_MEMORY, "events: no memory to sort %zu", count);
}

bool mw_events_count_in_place(const mw_events *events) {
    for (size_t s = 0; s < events->stream_count; s++)
        if (events->streams[s].counts_late) return false;
    return true;
}

void mw_events_release(mw_events *events) {
    for (size_t i = 0; i < events->stream_count; i++) {
        mw_stream_events *stream = &events->streams[i];
        mw_table_release(&stream->rows);
        mw_table_release(&stream->replaced);
        mw_free(stream->corrections);
        mw_free(stream->times);
        mw_free(stream->knowns);
        mw_free(stream->places);
    }
    mw_free(events->streams);
    unsort(events);
    *events = (mw_events){.stream_count = 0};
}
