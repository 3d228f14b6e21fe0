#include "ingest/history.h"

#include "ingest/standing.h"

/* Adds the events of the tail's stream that the lake does not have. `out_events` may be the lake's
   own. */
static mw_status add_fresh(const mw_program *program, int32_t number, const mw_events *lake,
                           const mw_events *tail, mw_events *out_events, mw_error *err) {
    const mw_stream *stream = &program->streams[number];
    mw_standing *standing = NULL;
    mw_events nothing;
    mw_status status = MW_OK;
    size_t count = tail->streams[number].rows.row_count;
    if (count == 0) return MW_OK;
    MW_TRY(mw_program_events(program, &nothing, err));
    if (stream->id_count > 0)
        status = mw_standing_create(stream, number, lake, &nothing, &standing, err);
    for (size_t row = 0; status == MW_OK && row < count; row++) {
        mw_event event = mw_events_row(tail, number, row);
        if (!standing || event.replaced ||
            mw_standing_find(standing, &event) != MW_STANDS_IN_LAKE)
            status = mw_events_add(out_events, &event, err);
    }
    mw_standing_destroy(standing);
    mw_events_release(&nothing);
    return status;
}

static mw_status read_tail(mw_log_tail tail, mw_history *history, mw_events *out_tail,
                           mw_error *err) {
    tail.lake = &history->lake;
    MW_TRY(mw_program_events(tail.program, out_tail, err));
    mw_status status = mw_log_tail_read(tail, out_tail, &history->log, err);
    if (status != MW_OK) mw_events_release(out_tail);
    else mw_data_version(&history->lake, &history->log.digest, history->version);
    return status;
}

/* --- lake and log --------------------------------------------------------------------------- */

static mw_status add_tail(mw_log_tail wanted, mw_history *history, mw_events *events,
                          mw_error *err) {
    mw_events tail;
    MW_TRY(read_tail(wanted, history, &tail, err));
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < wanted.program->stream_count; i++)
        status = add_fresh(wanted.program, (int32_t)i, events, &tail, events, err);
    mw_events_release(&tail);
    return status == MW_OK ? mw_events_sort(events, err) : status;
}

mw_status mw_history_load(mw_state *state, const mw_program *program, mw_symbols *symbols,
                          mw_history *out_history, mw_events *out_events, mw_error *err) {
    mw_load_wish wish = {state, program, symbols, INT64_MIN};
    mw_log_tail tail = {state, program, symbols, NULL, INT64_MAX, {0}};
    mw_history history;
    mw_events events;
    MW_TRY(mw_log_tail_end(state, &tail.end, err));
    MW_TRY(mw_load_lake(wish, &history.lake, &events, err));
    mw_status status = add_tail(tail, &history, &events, err);
    if (status != MW_OK) {
        mw_events_release(&events);
        return status;
    }
    *out_history = history;
    *out_events = events;
    return MW_OK;
}

/* --- the log alone -------------------------------------------------------------------------- */

static bool is_in_tail(const void *context, const mw_event *event) {
    return mw_standing_find(context, event) != MW_STANDS_NOT;
}

/* The lake's events with ids that the tail has too: all that decides which of the tail's count. */
static mw_status read_alike(mw_load_wish wish, const mw_lake_snapshot *snapshot, int32_t stream,
                            const mw_events *tail, mw_events *out_alike, mw_error *err) {
    const mw_stream *declared = &wish.program->streams[stream];
    mw_lake_wish one = {declared->name, stream, wish.symbols, INT64_MIN, 0};
    mw_standing *standing = NULL;
    if (declared->id_count == 0 || tail->streams[stream].rows.row_count == 0) return MW_OK;
    MW_TRY(mw_standing_create(declared, stream, tail, out_alike, &standing, err));
    mw_status status = mw_lake_sift(mw_state_lake(wish.state), snapshot, one,
                                    (mw_lake_filter){is_in_tail, standing}, out_alike, err);
    mw_standing_destroy(standing);
    return status;
}

static mw_status sift(mw_load_wish wish, const mw_lake_snapshot *snapshot, int32_t stream,
                      const mw_events *tail, mw_events *out_events, mw_error *err) {
    mw_events alike;
    MW_TRY(mw_program_events(wish.program, &alike, err));
    mw_status status = read_alike(wish, snapshot, stream, tail, &alike, err);
    if (status == MW_OK)
        status = add_fresh(wish.program, stream, &alike, tail, out_events, err);
    mw_events_release(&alike);
    return status;
}

static mw_status sift_all(mw_load_wish wish, const mw_lake_snapshot *snapshot,
                          const mw_events *tail, mw_events *out_events, mw_error *err) {
    mw_events events;
    MW_TRY(mw_program_events(wish.program, &events, err));
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < wish.program->stream_count; i++)
        status = sift(wish, snapshot, (int32_t)i, tail, &events, err);
    if (status == MW_OK) status = mw_events_sort(&events, err);
    if (status != MW_OK) mw_events_release(&events);
    else *out_events = events;
    return status;
}

mw_status mw_history_load_fresh(mw_load_wish wish, int64_t through, mw_history *out_history,
                                mw_events *out_events, mw_error *err) {
    mw_log_tail wanted = {wish.state, wish.program, wish.symbols, NULL, through, {0}};
    mw_history history;
    mw_events tail;
    MW_TRY(mw_log_tail_end(wish.state, &wanted.end, err));
    MW_TRY(mw_lake_look(mw_state_lake(wish.state), &history.lake, err));
    MW_TRY(read_tail(wanted, &history, &tail, err));
    mw_status status = sift_all(wish, &history.lake, &tail, out_events, err);
    mw_events_release(&tail);
    if (status == MW_OK) *out_history = history;
    return status;
}

int64_t mw_history_now(const mw_history *history, int64_t wall_now) {
    return history->log.is_virtual ? history->log.now : wall_now;
}
