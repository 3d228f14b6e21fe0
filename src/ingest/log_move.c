#include "ingest/log_move.h"

#include "ingest/history.h"
#include "ingest/offer.h"

enum { ARENA_SIZE_MAX = 1 << 28 };

/* What is read is on the disk before the lake says that it has it: a log that had lost its end
   would give the same places once more. */
static mw_status sync_log(const mw_log_move *move, mw_arena *arena, mw_error *err) {
    const char *folder = mw_state_path(move->state, arena, "log");
    if (!folder) return mw_fail(err, MW_NO_MEMORY, "log: no memory to move its events");
    return mw_log_sync_newest(mw_state_sys(move->state), folder, err);
}

/* A batch that could not be written whole is taken back: nothing of it may be moved. */
static mw_status check_end(const mw_log_move *move, int64_t place, mw_arena *arena,
                           mw_error *err) {
    mw_record record = {.type = MW_RECORD_DEFINITION};
    mw_log_scan *scan;
    const char *folder = mw_state_path(move->state, arena, "log");
    if (!folder) return mw_fail(err, MW_NO_MEMORY, "log: no memory to move its events");
    MW_TRY(mw_log_scan_begin(mw_state_sys(move->state), folder, place, &scan, err));
    mw_status status = MW_OK;
    bool has_record = true;
    while (status == MW_OK && has_record && record.type == MW_RECORD_DEFINITION)
        status = mw_log_scan_next(scan, &record, &has_record, err);
    if (status == MW_OK && (!has_record || record.place != place))
        status = mw_fail(err, MW_BUSY, "log: its end was taken back");
    mw_log_scan_end(scan);
    return status;
}

static mw_status describe(const mw_log_move *move, const mw_events *events, mw_offer *offer,
                          mw_arena *arena, mw_error *err) {
    const mw_program *program = move->program;
    bool *is_moved = mw_arena_alloc(arena, program->source_count + 1, sizeof *is_moved);
    if (!is_moved) return mw_fail(err, MW_NO_MEMORY, "log: no memory to move its events");
    for (size_t i = 0; i < program->source_count; i++) is_moved[i] = false;
    for (size_t i = 0; i < events->stream_count; i++)
        if (events->streams[i].rows.row_count > 0) is_moved[program->streams[i].source] = true;
    for (size_t i = 0; i < program->source_count; i++)
        if (is_moved[i]) MW_TRY(mw_source_check(move->state, program, (int32_t)i, err));
    return mw_offer_describe(offer, program, is_moved, arena, err);
}

static mw_status store(const mw_log_move *move, const mw_history *history, mw_events *events,
                       mw_arena *arena, mw_error *err) {
    mw_str names[MW_STREAMS_MAX];
    for (size_t i = 0; i < events->stream_count; i++) names[i] = move->program->streams[i].name;
    mw_lake_batch batch = {events, names, move->symbols};
    mw_accepted accepted;
    mw_offer offer = {.at_us = move->now_us,
                      .log_through = history->log.last_event,
                      .log_digest = mw_str_of(history->log.digest.hex)};
    MW_TRY(describe(move, events, &offer, arena, err));
    MW_TRY(sync_log(move, arena, err));
    MW_TRY(mw_lake_stage(mw_state_lake(move->state), &batch, arena, &offer.addition, err));
    MW_TRY(check_end(move, offer.log_through, arena, err));
    return mw_offer_accept(&offer, move->state, (mw_places){MW_TIME_MISSING, 0}, &accepted, err);
}

/* The events that are to be moved. */
static mw_status load(const mw_log_move *move, mw_history *history, mw_events *out_events,
                      mw_error *err) {
    mw_load_wish wish = {move->state, move->program, move->symbols, INT64_MIN};
    MW_TRY(mw_history_load_fresh(wish, INT64_MAX, history, out_events, err));
    if (history->log.first_foreign == INT64_MAX) return MW_OK;
    mw_events_release(out_events);
    return mw_history_load_fresh(wish, history->log.first_foreign - 1, history, out_events, err);
}

static mw_status run(const mw_log_move *move, size_t *out_event_count, mw_error *err) {
    mw_history history;
    mw_events events;
    mw_arena arena;
    MW_TRY(load(move, &history, &events, err));
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = MW_OK;
    if (history.log.last_event != INT64_MIN) status = store(move, &history, &events, &arena, err);
    if (status == MW_OK) *out_event_count = events.event_count;
    mw_arena_release(&arena);
    mw_events_release(&events);
    return status;
}

mw_status mw_log_move_run(mw_log_move move, size_t *out_event_count, mw_error *err) {
    mw_lake *lake = mw_state_lake(move.state);
    MW_TRY(mw_lake_claim(lake, err));
    mw_status status = run(&move, out_event_count, err);
    mw_lake_yield(lake);
    return status;
}
