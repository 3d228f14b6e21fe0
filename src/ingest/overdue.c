#include "ingest/overdue.h"

#include "stat/delays.h"

#define MOST 0.99

static mw_overdue look_at(const mw_stream *stream, const mw_events *events, int32_t index) {
    mw_overdue found = {.stream = stream->name, .waits_us = stream->lag_us + stream->late_us};
    mw_delays delays = {0};
    for (size_t row = 0; row < events->streams[index].rows.row_count; row++) {
        mw_event event = mw_events_row(events, index, row);
        if (event.replaced) continue;
        found.count += event.known - event.time > found.waits_us;
        mw_delays_add(&delays, event.known - event.time);
    }
    found.of = (size_t)delays.count;
    found.most_us = mw_delays_quantile(&delays, MOST);
    found.longest_us = delays.longest_us;
    return found;
}

size_t mw_overdue_find(const mw_program *program, const mw_events *events,
                       mw_overdue *out_overdue) {
    size_t count = 0;
    for (size_t i = 0; i < program->stream_count; i++) {
        const mw_stream *stream = &program->streams[i];
        if (!stream->known_is_column || stream->is_always) continue;
        mw_overdue found = look_at(stream, events, (int32_t)i);
        if (found.count > 0) out_overdue[count++] = found;
    }
    return count;
}
