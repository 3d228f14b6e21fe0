#include "cli/late_truth.h"

static bool tells_of_labels(const mw_model_program *model, int32_t stream) {
    for (size_t i = model->feature_window_count; i < model->window_count; i++)
        if (model->windows[i].stream == stream) return true;
    return false;
}

/* Of a correction also what it takes away may have been asked for. */
static bool is_late(const mw_event *event, int64_t wait_us, int64_t now) {
    int64_t from = mw_event_counts_from(event), time = event->time;
    if (event->replaced && event->replaced_time < time) time = event->replaced_time;
    return from <= now && from - time > wait_us;
}

static void count_stream(mw_late_truth *late, const mw_events *part, int32_t number) {
    const mw_stream *stream = &late->program->streams[number];
    int64_t wait_us = stream->lag_us + stream->late_us;
    uint64_t before = late->count;
    for (size_t row = 0; row < part->streams[number].rows.row_count; row++) {
        mw_event event = mw_events_row(part, number, row);
        late->count += is_late(&event, wait_us, late->now);
    }
    if (late->count > before) late->stream = stream->name;
}

static mw_status next(mw_event_parts *parts, const mw_events **out_part, mw_error *err) {
    mw_late_truth *late = (mw_late_truth *)parts; /* its first member */
    const mw_events *part = NULL;
    MW_TRY(late->from->next(late->from, &part, err));
    for (size_t i = 0; part && i < part->stream_count; i++)
        if (tells_of_labels(late->model, (int32_t)i)) count_stream(late, part, (int32_t)i);
    *out_part = part;
    return MW_OK;
}

void mw_late_truth_init(mw_late_truth *late, const mw_program *program,
                        const mw_model_program *model, mw_event_parts *from, int64_t now) {
    *late = (mw_late_truth){
        .parts = {next, from->last_place, from->counts_in_place},
        .from = from, .program = program, .model = model, .now = now};
}
