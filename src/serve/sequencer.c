#include <stdio.h>

#include "ingest/event_bytes.h"
#include "ingest/load.h"
#include "serve/old_entries.h"
#include "serve/rebuild.h"
#include "serve/recovery.h"
#include "table/passing.h"

enum { ARENA_SIZE_MAX = 1 << 24, PAYLOAD_SIZE_MAX = MW_LOG_PAYLOAD_MAX };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "sequencer: no memory");
}

/* --- opening ---------------------------------------------------------------------------- */

static mw_status prepare(mw_sequencer *sequencer, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    size_t count = config->program->model_count + 1;
    sequencer->deciders = mw_arena_alloc(&sequencer->arena, count, sizeof *sequencer->deciders);
    sequencer->successions =
        mw_arena_alloc(&sequencer->arena, count, sizeof *sequencer->successions);
    sequencer->answering = mw_arena_alloc(&sequencer->arena, count, sizeof *sequencer->answering);
    sequencer->kept = mw_kept_texts_create(config->program, &sequencer->arena);
    if (!sequencer->deciders || !sequencer->successions || !sequencer->answering ||
        !sequencer->kept)
        return no_memory(err);
    mw_kept_texts_add_entrance(sequencer->kept);
    MW_TRY(mw_passing_allow(config->symbols, err));
    MW_TRY(mw_program_events(config->program, &sequencer->arrived, err));
    MW_TRY(mw_program_events(config->program, &sequencer->replaced, err));
    return mw_receipts_create(&sequencer->receipts, err);
}

static mw_status open_log(mw_sequencer *sequencer, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    if (config->only_reads) return MW_OK;
    mw_log_config log = {.sys = config->sys, .folder = config->log_folder};
    MW_TRY(mw_log_open(log, &sequencer->log, err));
    sequencer->log_id = mw_log_id(sequencer->log);
    return MW_OK;
}

/* Receipts of earlier places count no more. */
static int64_t receipts_since(const mw_sequencer *sequencer) {
    int64_t last = sequencer->last_place;
    return last < INT64_MIN + MW_RECEIPT_SPAN_US ? INT64_MIN : last - MW_RECEIPT_SPAN_US;
}

static mw_status check_moments(const mw_decider *decider, mw_error *err) {
    mw_status status = mw_decider_check_moments(mw_decider_program(decider),
                                                mw_decider_model(decider), err);
    if (status == MW_OK) return MW_OK;
    return mw_hint(err, status, "Give the stream an id, train again and promote that version.");
}

static mw_status promote_in(mw_decider *decider, mw_champion *champion, mw_error *err) {
    mw_scorer *read = champion->read;
    champion->read = NULL;
    return read ? mw_decider_promote_read(decider, read, err)
                : mw_decider_promote(decider, champion->bytes, err);
}

mw_status mw_sequencer_make_answer(mw_decider *decider, mw_champion *champion, mw_error *err) {
    mw_status status = check_moments(decider, err);
    if (status == MW_OK) status = promote_in(decider, champion, err);
    if (status == MW_OK) return MW_OK;
    return mw_fail_within(err, status, "models.%.*s",
                          MW_STR_ARGS(mw_decider_model(decider)->name));
}

mw_status mw_sequencer_open(const mw_sequencer_config *config, mw_sequencer **out_sequencer,
                            mw_error *err) {
    mw_sequencer *sequencer = mw_allocate(sizeof *sequencer);
    if (!sequencer) return no_memory(err);
    sequencer->config = *config;
    mw_arena_init(&sequencer->arena, ARENA_SIZE_MAX);
    mw_buf_init(&sequencer->payload, PAYLOAD_SIZE_MAX);
    mw_buf_init(&sequencer->shown, 2 * PAYLOAD_SIZE_MAX);
    mw_status status = prepare(sequencer, err);
    if (status == MW_OK) status = mw_recovery_begin(sequencer, &sequencer->recovery, err);
    if (status == MW_OK) status = open_log(sequencer, err);
    if (status != MW_OK) mw_sequencer_close(sequencer);
    else *out_sequencer = sequencer;
    return status;
}

void mw_sequencer_close(mw_sequencer *sequencer) {
    if (!sequencer) return;
    const mw_program *program = sequencer->config.program;
    mw_recovery_end(sequencer->recovery);
    for (size_t i = 0; sequencer->successions && i < program->model_count; i++)
        mw_rebuild_destroy(sequencer->successions[i].rebuild);
    mw_sequencer_unlearn(sequencer);
    mw_arrival_destroy(sequencer->arrival);
    mw_events_release(&sequencer->arrived);
    mw_events_release(&sequencer->replaced);
    mw_free(sequencer->arrived_order);
    mw_receipts_destroy(sequencer->receipts);
    mw_log_close(sequencer->log);
    mw_buf_release(&sequencer->payload);
    mw_buf_release(&sequencer->shown);
    mw_arena_release(&sequencer->arena);
    mw_free(sequencer);
}

/* --- deciders --------------------------------------------------------------------------- */

/* Which streams of the sequencer are which of the version's program. */
static mw_status map_source(const mw_sequencer *sequencer, const mw_program *program,
                            int32_t number, int32_t *streams, mw_error *err) {
    const mw_program *today = sequencer->config.program;
    const mw_stream_source *source = &program->sources[number];
    char definition[MW_SHA256_HEX_SIZE + 1];
    mw_source_definition(program, number, definition);
    for (size_t i = 0; i < today->source_count; i++) {
        if (!mw_str_equal(today->sources[i].name, source->name)) continue;
        if (!mw_source_is(sequencer->config.sys, today, (int32_t)i, mw_str_of(definition))) break;
        for (int32_t k = 0; k < source->stream_count; k++)
            streams[today->sources[i].first_stream + k] = source->first_stream + k;
        return MW_OK;
    }
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "stream %.*s: the project file no longer says what it said when the "
                               "version was trained", MW_STR_ARGS(source->name));
    return mw_hint(err, status, "Undo the change, or train again; a running server goes by the "
                                "project file that it was started with.");
}

/* Whether the features of the model hang on it. */
static bool uses_source(const mw_champion *champion, int32_t source) {
    const mw_stream *streams = champion->program->streams;
    const mw_model_program *model = champion->model;
    if (streams[model->moment_stream].source == source) return true;
    for (size_t i = 0; i < model->feature_window_count; i++)
        if (streams[model->windows[i].stream].source == source) return true;
    return false;
}

static mw_status map_streams(mw_sequencer *sequencer, const mw_champion *champion,
                             mw_decider_config *config, mw_error *err) {
    size_t count = sequencer->config.program->stream_count;
    int32_t *streams = mw_arena_alloc(&sequencer->arena, count + 1, sizeof *streams);
    if (!streams) return no_memory(err);
    for (size_t i = 0; i < count; i++) streams[i] = -1;
    for (size_t i = 0; i < champion->program->source_count; i++)
        if (uses_source(champion, (int32_t)i))
            MW_TRY(map_source(sequencer, champion->program, (int32_t)i, streams, err));
    config->program = champion->program;
    config->model = champion->model;
    config->streams = streams;
    config->stream_count = count;
    return MW_OK;
}

mw_status mw_sequencer_create_decider(mw_sequencer *sequencer, size_t model,
                                      const mw_champion *champion, mw_decider **out_decider,
                                      mw_error *err) {
    const mw_program *program = sequencer->config.program;
    int64_t begin = sequencer->begin == INT64_MIN ? mw_sequencer_now(sequencer)
                                                  : sequencer->begin;
    mw_decider_config config = {.program = program,
                                .model = &program->models[model],
                                .symbols = sequencer->config.symbols,
                                .memory = sequencer->config.memory};
    if (sequencer->config.fallbacks) config.fallback = sequencer->config.fallbacks[model];
    if (champion->program) {
        mw_status status = map_streams(sequencer, champion, &config, err);
        if (status != MW_OK)
            return mw_fail_within(err, status, "models.%.*s",
                                  MW_STR_ARGS(program->models[model].name));
    }
    /* A moment before the log's beginning may still be made when its event comes late. */
    config.from = begin - config.model->lateness_us;
    return mw_decider_create(config, out_decider, err);
}

/* --- the line of time ------------------------------------------------------------------- */

/* Remembers a failure that leaves memory and log apart. */
static mw_status broken(mw_sequencer *sequencer, mw_status status, const mw_error *err) {
    if (status == MW_OK || sequencer->broken != MW_OK) return status;
    sequencer->broken = status;
    if (err) sequencer->broken_error = *err;
    return status;
}

int64_t mw_sequencer_now(const mw_sequencer *sequencer) {
    return sequencer->config.is_virtual ? sequencer->now_us
                                        : mw_sys_now_us(sequencer->config.sys);
}

bool mw_sequencer_is_virtual(const mw_sequencer *sequencer) {
    return sequencer->config.is_virtual;
}

mw_status mw_sequencer_feed(mw_sequencer *sequencer, const mw_event *event, mw_error *err) {
    if (sequencer->entrance)
        mw_kept_texts_keep(sequencer->kept, event, sequencer->config.symbols);
    MW_TRY(mw_entrance_event(sequencer->entrance, event, err));
    for (size_t i = 0; i < sequencer->config.program->model_count; i++)
        MW_TRY(mw_decider_event(sequencer->deciders[i], event, err));
    return MW_OK;
}

static mw_status feed_history(mw_sequencer *sequencer, mw_error *err) {
    mw_event event;
    MW_TRY(mw_past_at(sequencer->past, sequencer->history_next++, &event, err));
    MW_TRY(mw_sequencer_feed(sequencer, &event, err));
    sequencer->stats.history_events++;
    if (sequencer->history_next < mw_past_count(sequencer->past)) return MW_OK;
    mw_past_end(sequencer->past);
    sequencer->past = NULL;
    return MW_OK;
}

static bool is_rebuilding(const mw_sequencer *sequencer) {
    for (size_t i = 0; i < sequencer->config.program->model_count; i++)
        if (sequencer->successions[i].rebuild) return true;
    return false;
}

/* For windows that are filled from a past which may have been read before it came. */
static mw_status keep_arrived(mw_sequencer *sequencer, const mw_event *event, mw_error *err) {
    size_t count = sequencer->arrived.event_count;
    uint64_t row = sequencer->arrived.streams[event->stream].rows.row_count;
    if (!is_rebuilding(sequencer)) return MW_OK;
    if (!mw_grow((void **)&sequencer->arrived_order, &sequencer->arrived_capacity, count + 1,
                 sizeof *sequencer->arrived_order, MW_ROWS_MAX))
        return no_memory(err);
    sequencer->arrived_order[count] =
        (mw_arrived){(uint64_t)event->stream << MW_EVENT_ROW_BITS | row,
                     mw_arrival_number(sequencer->arrival)};
    return mw_events_add(&sequencer->arrived, event, err);
}

bool mw_sequencer_arrived(const mw_sequencer *sequencer, size_t index, mw_event *out_event,
                          int64_t *out_ingest) {
    if (index >= sequencer->arrived.event_count) return false;
    mw_arrived one = sequencer->arrived_order[index];
    *out_event = mw_events_row(&sequencer->arrived, (int32_t)(one.event >> MW_EVENT_ROW_BITS),
                               one.event & MW_EVENT_ROW_MASK);
    *out_ingest = one.ingest;
    return true;
}

static mw_status feed_arrived(mw_sequencer *sequencer, const mw_event *event, mw_error *err) {
    MW_TRY(keep_arrived(sequencer, event, err));
    MW_TRY(mw_old_entries_enter(sequencer, event, MW_FROM_LAKE, err));
    sequencer->stats.history_events++;
    MW_TRY(mw_sequencer_feed(sequencer, event, err));
    mw_arrival_pass(sequencer->arrival);
    if (mw_arrival_left(sequencer->arrival) > 0) return MW_OK;
    mw_arrival_destroy(sequencer->arrival);
    sequencer->arrival = NULL;
    return MW_OK;
}

/* Where the next event of the lake stands. */
static int64_t next_known(const mw_sequencer *sequencer) {
    const mw_past *past = sequencer->past;
    bool has_more = past && sequencer->history_next < mw_past_count(past);
    return has_more ? mw_past_place(past, sequencer->history_next) : INT64_MAX;
}

/* The decider whose next moment falls due first, and when. */
static int64_t first_due(const mw_sequencer *sequencer, size_t *out_model) {
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        int64_t due = mw_decider_next_due(sequencer->deciders[i]);
        if (due >= first) continue;
        first = due;
        *out_model = i;
    }
    return first;
}

/* Moments are made from the log's first place on, by a version, and once. */
static mw_status is_to_be_made(const mw_sequencer *sequencer, size_t model,
                               const mw_prediction *prediction, bool *out_is_so, mw_error *err) {
    mw_str name = sequencer->config.program->models[model].name;
    bool is_made = true;
    if (!sequencer->is_recovering && prediction->place > sequencer->begin &&
        prediction->version.size > 0)
        MW_TRY(mw_ledger_has_event(sequencer->ledger, name, prediction->event_id, &is_made, err));
    *out_is_so = !is_made;
    return MW_OK;
}

static mw_status meet_due(mw_sequencer *sequencer, size_t model, mw_error *err) {
    mw_prediction prediction;
    bool found = false;
    mw_decider *decider = sequencer->deciders[model];
    MW_TRY(mw_decider_next(decider, mw_decider_next_due(decider), &prediction, &found, err));
    if (!found) return MW_OK; /* a schedule's beat may take nobody */
    MW_TRY(is_to_be_made(sequencer, model, &prediction, &found, err));
    if (!found) return MW_OK;
    int64_t stamp = prediction.place > sequencer->last_place ? prediction.place
                                                             : sequencer->last_place + 1;
    return mw_sequencer_record(sequencer, model, stamp, &prediction, err);
}

mw_status mw_sequencer_step(mw_sequencer *sequencer, int64_t place, bool *out_moved,
                            mw_error *err) {
    size_t model = 0;
    mw_event event;
    int64_t due = first_due(sequencer, &model), known = next_known(sequencer);
    bool is_arriving = sequencer->arrival && mw_arrival_peek(sequencer->arrival, &event) &&
                       event.place < known;
    if (is_arriving) known = event.place;
    int64_t first = due < known ? due : known;
    *out_moved = first <= place && first < INT64_MAX;
    if (!*out_moved) return MW_OK;
    if (due <= known) return meet_due(sequencer, model, err);
    return is_arriving ? feed_arrived(sequencer, &event, err) : feed_history(sequencer, err);
}

static mw_status reach(mw_sequencer *sequencer, int64_t place, mw_error *err) {
    bool moved = true;
    while (moved) MW_TRY(mw_sequencer_step(sequencer, place, &moved, err));
    if (place > sequencer->reached) sequencer->reached = place;
    return MW_OK;
}

mw_status mw_sequencer_advance(mw_sequencer *sequencer, mw_error *err) {
    int64_t now = mw_sequencer_now(sequencer);
    return broken(sequencer, reach(sequencer, now, err), err);
}

mw_status mw_sequencer_next_place(mw_sequencer *sequencer, int64_t *out_place, mw_error *err) {
    int64_t place;
    do {
        int64_t now = mw_sequencer_now(sequencer);
        place = now > sequencer->last_place ? now : sequencer->last_place + 1;
        if (place < sequencer->reached) place = sequencer->reached; /* a clock was put back */
        if (place > MW_TIME_MAX)
            return mw_fail(err, MW_INVALID, "clock: the log has no place behind %s",
                           mw_time_text_of(MW_TIME_MAX).text);
        MW_TRY(broken(sequencer, reach(sequencer, place, err), err));
    } while (place <= sequencer->last_place);
    *out_place = place;
    return MW_OK;
}

mw_status mw_sequencer_set_now(mw_sequencer *sequencer, int64_t now_us, mw_error *err) {
    MW_ASSERT(sequencer->config.is_virtual);
    if (now_us < sequencer->now_us || now_us > MW_TIME_MAX)
        return mw_fail(err, MW_INVALID, "clock: must go forward from %s",
                       mw_time_text_of(sequencer->now_us).text);
    sequencer->now_us = now_us;
    return mw_sequencer_control(sequencer, MW_CONTROL_CLOCK, err);
}

/* --- records ------------------------------------------------------------------------------ */

mw_status mw_sequencer_find(const mw_sequencer *sequencer, const mw_event *event,
                            mw_event_standing *out_standing, mw_error *err) {
    const mw_arrival *arrival = sequencer->arrival;
    bool is_arriving = arrival && mw_arrival_is_accepted(arrival);
    mw_event_standing standing = is_arriving ? mw_arrival_find(arrival, event) : MW_EVENT_NEW;
    mw_roster_found found = {.standing = standing};
    if (standing == MW_EVENT_NEW) MW_TRY(mw_old_entries_look_up(sequencer, event, &found, err));
    *out_standing = found.standing;
    return MW_OK;
}

static mw_status add_record(mw_sequencer *sequencer, mw_record record, mw_error *err) {
    MW_TRY(mw_buf_check(&sequencer->payload, "a log record", err));
    record.payload = mw_buf_str(&sequencer->payload);
    MW_TRY(mw_log_append(sequencer->log, &record, err));
    sequencer->last_place = sequencer->log_place = record.place;
    return MW_OK;
}

static mw_status append_event(mw_sequencer *sequencer, const mw_event *event, mw_error *err) {
    const mw_schema *schema = &sequencer->config.program->streams[event->stream].schema;
    mw_buf_clear(&sequencer->payload);
    mw_event_bytes_append(&sequencer->payload, event, schema, sequencer->config.symbols);
    mw_record record = {.type = MW_RECORD_EVENT,
                        .stream = (uint32_t)event->stream,
                        .time = event->time,
                        .known = event->known,
                        .place = event->place};
    MW_TRY(add_record(sequencer, record, err));
    MW_TRY(mw_old_entries_enter(sequencer, event, MW_FROM_LOG, err));
    mw_arrival *arrival = sequencer->arrival;
    if (arrival && mw_arrival_find(arrival, event) != MW_EVENT_NEW) mw_arrival_overtake(arrival);
    sequencer->stats.log_events++;
    return mw_sequencer_feed(sequencer, event, err);
}

mw_status mw_sequencer_enter(mw_sequencer *sequencer, const mw_event *event, int64_t place,
                             mw_cell *cells, mw_error *err) {
    return mw_entrance_fill(sequencer->entrance, event, place, cells, err);
}

mw_status mw_sequencer_append(mw_sequencer *sequencer, const mw_event *event, mw_cell *cells,
                              mw_error *err) {
    mw_event placed = *event;
    MW_TRY(mw_sequencer_next_place(sequencer, &placed.place, err));
    if (cells)
        MW_TRY(broken(sequencer,
                      mw_sequencer_enter(sequencer, event, placed.place, cells, err), err));
    return broken(sequencer, append_event(sequencer, &placed, err), err);
}

mw_status mw_sequencer_list(mw_sequencer *sequencer, const mw_prediction *prediction,
                            int64_t stamp, mw_log_position position, mw_error *err) {
    mw_ledger *ledger = sequencer->ledger, *rankings = sequencer->rankings;
    mw_str model = prediction->model, announced = mw_prediction_announced(prediction);
    mw_ledger_entry entry = {stamp, mw_ledger_event(ledger, model, prediction->event_id),
                             position};
    MW_TRY(mw_ledger_add(ledger, &entry, err));
    if (prediction->element_size == 0) return MW_OK;
    bool was_ranked = false;
    MW_TRY(mw_ledger_has_event(rankings, model, announced, &was_ranked, err));
    if (was_ranked) return MW_OK;
    entry.event = mw_ledger_event(rankings, model, announced);
    return mw_ledger_add(rankings, &entry, err);
}

static mw_status record_prediction(mw_sequencer *sequencer, size_t model, int64_t stamp,
                                   const mw_prediction *prediction, mw_error *err) {
    mw_buf_clear(&sequencer->payload);
    mw_prediction_append(&sequencer->payload, prediction,
                         mw_decider_features(sequencer->deciders[model]),
                         sequencer->config.symbols);
    mw_record record = {.type = MW_RECORD_PREDICTION,
                        .stream = (uint32_t)model,
                        .time = prediction->t,
                        .known = prediction->place,
                        .place = stamp};
    mw_log_position position = {.offset = mw_log_batch_size(sequencer->log)};
    MW_TRY(add_record(sequencer, record, err));
    return mw_sequencer_list(sequencer, prediction, stamp, position, err);
}

mw_status mw_sequencer_record(mw_sequencer *sequencer, size_t model, int64_t stamp,
                              const mw_prediction *prediction, mw_error *err) {
    MW_ASSERT(stamp > sequencer->last_place);
    return broken(sequencer, record_prediction(sequencer, model, stamp, prediction, err), err);
}

/* `model` is NULL where the record is not about a version. */
static mw_status add_control(mw_sequencer *sequencer, const char *kind, const mw_str *model,
                             mw_str version, mw_error *err) {
    mw_record record = {.type = MW_RECORD_CONTROL, .time = mw_sequencer_now(sequencer)};
    MW_TRY(mw_sequencer_next_place(sequencer, &record.place, err));
    record.known = record.place;
    mw_buf_clear(&sequencer->payload);
    mw_json json = mw_json_begin(&sequencer->payload);
    mw_json_object(&json);
    mw_json_put_text(&json, "kind", kind);
    if (model) {
        mw_json_put_str(&json, "model", *model);
        mw_json_put_str(&json, "version", version);
    }
    mw_json_object_end(&json);
    return broken(sequencer, add_record(sequencer, record, err), err);
}

mw_status mw_sequencer_control(mw_sequencer *sequencer, const char *kind, mw_error *err) {
    return add_control(sequencer, kind, NULL, MW_STR(""), err);
}

/* --- ingests ------------------------------------------------------------------------------ */

mw_status mw_sequencer_await(mw_sequencer *sequencer, const mw_addition *addition,
                             mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    const mw_arrival *before = sequencer->arrival;
    MW_TRY(mw_sequencer_check_room(sequencer, err));
    if (before && mw_arrival_is_accepted(before))
        return mw_fail(err, MW_BUSY, "ingest: the server is still taking the one before");
    mw_sequencer_forget(sequencer);
    return mw_arrival_create(config->program, config->symbols, sequencer->key, addition,
                             &sequencer->arrival, err);
}

/* Whether its id has come since it was read, or what it corrects was corrected since. */
static mw_status is_overtaken(const mw_sequencer *sequencer, const mw_event *event,
                              bool *out_is_so, mw_error *err) {
    mw_event_standing standing;
    mw_roster_found found;
    MW_TRY(mw_sequencer_find(sequencer, event, &standing, err));
    *out_is_so = standing != MW_EVENT_NEW;
    if (!event->replaced || standing != MW_EVENT_CONFLICTS) return MW_OK;
    MW_TRY(mw_old_entries_look_up(sequencer, event, &found, err));
    *out_is_so = found.place > event->replaced_from;
    return MW_OK;
}

mw_status mw_sequencer_gather(mw_sequencer *sequencer, mw_reader *piece, mw_error *err) {
    mw_arrival *arrival = sequencer->arrival;
    mw_event event;
    bool has_event = true;
    MW_ASSERT(arrival && !mw_arrival_is_accepted(arrival));
    while (has_event) {
        MW_TRY(mw_arrival_read(arrival, piece, &event, &has_event, err));
        bool is_late = false;
        if (has_event) MW_TRY(is_overtaken(sequencer, &event, &is_late, err));
        if (is_late) mw_arrival_overtake(arrival);
    }
    return MW_OK;
}

mw_status mw_sequencer_accept(mw_sequencer *sequencer, mw_places places,
                              const mw_lake_snapshot *lake, mw_error *err) {
    MW_ASSERT(places.first > sequencer->last_place);
    MW_TRY(mw_sequencer_check_room(sequencer, err));
    sequencer->config.lake = *lake;
    mw_arrival_accept(sequencer->arrival, places);
    sequencer->last_place = places.first;
    return broken(sequencer, reach(sequencer, places.first, err), err);
}

void mw_sequencer_forget(mw_sequencer *sequencer) {
    if (!sequencer->arrival || mw_arrival_is_accepted(sequencer->arrival)) return;
    mw_arrival_destroy(sequencer->arrival);
    sequencer->arrival = NULL;
}

const mw_arrival *mw_sequencer_arrival(const mw_sequencer *sequencer) {
    return sequencer->arrival;
}

/* --- receipts ----------------------------------------------------------------------------- */

mw_status mw_sequencer_recover_receipts(mw_sequencer *sequencer, mw_error *err) {
    return mw_receipts_recover(sequencer->receipts, sequencer->config.sys,
                               sequencer->config.log_folder, receipts_since(sequencer), err);
}

const mw_receipt *mw_sequencer_find_receipt(const mw_sequencer *sequencer,
                                            const unsigned char name[MW_RECEIPT_NAME_SIZE]) {
    return mw_receipts_find(sequencer->receipts, name, receipts_since(sequencer));
}

static mw_status add_receipt(mw_sequencer *sequencer, mw_receipt receipt, int code, mw_str answer,
                             mw_error *err) {
    mw_record record = {.type = MW_RECORD_CONTROL, .time = mw_sequencer_now(sequencer)};
    MW_TRY(mw_sequencer_next_place(sequencer, &record.place, err));
    record.known = receipt.stamp = record.place;
    receipt.position = (mw_log_position){.offset = mw_log_batch_size(sequencer->log)};
    if (answer.size > MW_RECEIPT_ANSWER_MAX) answer.data = NULL;
    mw_buf_clear(&sequencer->payload);
    mw_receipt_write(&sequencer->payload, &receipt, code, answer);
    MW_TRY(add_record(sequencer, record, err));
    mw_receipts_add(sequencer->receipts, &receipt);
    return MW_OK;
}

mw_status mw_sequencer_add_receipt(mw_sequencer *sequencer, const mw_receipt *receipt, int code,
                                   mw_str answer, mw_error *err) {
    return broken(sequencer, add_receipt(sequencer, *receipt, code, answer, err), err);
}

/* A record that is listed: a file that is gone was lost. */
static mw_status read_record(mw_sequencer *sequencer, mw_log_position position,
                             mw_record *out_record, mw_error *err) {
    const mw_sequencer_config *config = &sequencer->config;
    mw_status status = mw_log_read(config->sys, config->log_folder, position, &sequencer->shown,
                                   out_record, err);
    return status == MW_NOT_FOUND ? mw_fail_within(err, MW_CORRUPT, "log") : status;
}

mw_status mw_sequencer_read_receipt(mw_sequencer *sequencer, const mw_receipt *receipt,
                                    int *out_code, mw_buf *out, mw_error *err) {
    mw_record record;
    if (!mw_receipts_is_settled(sequencer->receipts, receipt))
        MW_TRY(mw_sequencer_commit(sequencer, err));
    MW_TRY(read_record(sequencer, receipt->position, &record, err));
    return mw_receipt_read_answer(record.payload, out_code, out, err);
}

/* --- promotions --------------------------------------------------------------------------- */

static void end_succession(mw_sequencer *sequencer, size_t model) {
    mw_rebuild_destroy(sequencer->successions[model].rebuild);
    sequencer->successions[model] = (mw_awaited_version){.rebuild = NULL};
}

/* What arrived is of no more use once no windows are filled. */
static mw_status clear_arrived(mw_sequencer *sequencer, mw_error *err) {
    if (is_rebuilding(sequencer) || sequencer->arrived.event_count == 0) return MW_OK;
    mw_events_release(&sequencer->arrived);
    return mw_program_events(sequencer->config.program, &sequencer->arrived, err);
}

mw_status mw_sequencer_tell_champion(mw_sequencer *sequencer, size_t model, mw_error *err) {
    mw_str name = sequencer->config.program->models[model].name;
    mw_str version = mw_scorer_name(mw_decider_scorer(sequencer->deciders[model]));
    MW_TRY(add_control(sequencer, MW_CONTROL_CHAMPION, &name, version, err));
    mw_sequencer_note_answering(sequencer, name, version);
    return MW_OK;
}

const char *mw_sequencer_answering(const mw_sequencer *sequencer, size_t model) {
    return sequencer->answering[model].version;
}

static mw_status begin_succession(mw_sequencer *sequencer, size_t model, mw_champion *champion,
                                  mw_error *err) {
    mw_decider *decider = NULL;
    mw_awaited_version *succession = &sequencer->successions[model];
    MW_TRY(clear_arrived(sequencer, err));
    MW_TRY(mw_sequencer_create_decider(sequencer, model, champion, &decider, err));
    mw_status status = mw_sequencer_make_answer(decider, champion, err);
    if (status != MW_OK) {
        mw_decider_destroy(decider);
        return status;
    }
    mw_str name = mw_scorer_name(mw_decider_scorer(decider));
    snprintf(succession->version, sizeof succession->version, "%.*s", MW_STR_ARGS(name));
    status = mw_rebuild_create(sequencer, decider, sequencer->deciders[model],
                               &succession->rebuild, err);
    if (status != MW_OK) end_succession(sequencer, model);
    return status;
}

static mw_status promote(mw_sequencer *sequencer, size_t model, mw_champion *champion,
                         mw_error *err) {
    const mw_program *program = champion->program ? champion->program
                                                  : sequencer->config.program;
    MW_TRY(mw_sequencer_check_room(sequencer, err));
    end_succession(sequencer, model);
    if (program != mw_decider_program(sequencer->deciders[model]))
        return begin_succession(sequencer, model, champion, err);
    MW_TRY(mw_sequencer_advance(sequencer, err)); /* what was due before is the old one's */
    MW_TRY(mw_sequencer_make_answer(sequencer->deciders[model], champion, err));
    return mw_sequencer_tell_champion(sequencer, model, err);
}

mw_status mw_sequencer_promote(mw_sequencer *sequencer, size_t model,
                               const mw_champion *champion, mw_error *err) {
    mw_champion rest = *champion;
    mw_status status = promote(sequencer, model, &rest, err);
    mw_scorer_destroy(rest.read);
    return status;
}

/* Makes the moments that the program before would have made only from now on. */
static mw_status make_kept(mw_sequencer *sequencer, size_t model, const mw_handover *handover,
                           mw_error *err) {
    int64_t change = sequencer->reached; /* which grows below */
    for (size_t i = 0; i < handover->count; i++) {
        mw_prediction prediction = handover->items[i].prediction;
        int64_t stamp;
        if (handover->items[i].before_t <= change) continue;
        mw_decider_judge(sequencer->deciders[model], &prediction);
        bool is_made = false;
        MW_TRY(is_to_be_made(sequencer, model, &prediction, &is_made, err));
        if (!is_made) continue;
        MW_TRY(mw_sequencer_next_place(sequencer, &stamp, err));
        MW_TRY(mw_sequencer_record(sequencer, model, stamp, &prediction, err));
    }
    return MW_OK;
}

static mw_status take_over(mw_sequencer *sequencer, size_t model, mw_error *err) {
    mw_rebuild *rebuild = sequencer->successions[model].rebuild;
    mw_decider_destroy(sequencer->deciders[model]);
    sequencer->deciders[model] = mw_rebuild_take(rebuild);
    mw_status status = make_kept(sequencer, model, mw_rebuild_handover(rebuild), err);
    if (status == MW_OK) status = mw_sequencer_tell_champion(sequencer, model, err);
    end_succession(sequencer, model);
    return status == MW_OK ? mw_sequencer_commit(sequencer, err) : status;
}

static void fail_succession(mw_awaited_version *succession, mw_status status, const mw_error *err) {
    mw_rebuild_destroy(succession->rebuild);
    succession->rebuild = NULL;
    succession->failure = status;
    succession->error = *err;
}

mw_status mw_sequencer_rebuild(mw_sequencer *sequencer, size_t step_max, bool *out_is_busy,
                               mw_error *err) {
    *out_is_busy = false;
    for (size_t i = 0; i < sequencer->config.program->model_count; i++) {
        mw_awaited_version *succession = &sequencer->successions[i];
        mw_error reason = {0};
        bool is_done = false;
        if (!succession->rebuild) continue;
        *out_is_busy = true;
        MW_TRY(mw_sequencer_commit(sequencer, err)); /* the log is read as others would */
        mw_status status = mw_rebuild_run(succession->rebuild, step_max, &is_done, &reason);
        if (status != MW_OK) fail_succession(succession, status, &reason);
        return is_done ? take_over(sequencer, i, err) : MW_OK;
    }
    return MW_OK;
}

mw_successor mw_sequencer_successor(const mw_sequencer *sequencer, size_t model) {
    const mw_awaited_version *succession = &sequencer->successions[model];
    return (mw_successor){.version = mw_str_of(succession->version),
                          .share = succession->rebuild ? mw_rebuild_share(succession->rebuild) : 0,
                          .failure = succession->failure,
                          .error = &succession->error};
}

void mw_successor_write_json(const mw_successor *successor, mw_json *json) {
    mw_json_put_str(json, "version", successor->version);
    mw_json_key(json, successor->failure == MW_OK ? "share" : "failure");
    if (successor->failure == MW_OK) mw_json_number(json, successor->share);
    else mw_json_text(json, successor->error->message);
}

mw_status mw_sequencer_commit(mw_sequencer *sequencer, mw_error *err) {
    if (sequencer->broken != MW_OK) {
        if (err) *err = sequencer->broken_error;
        return sequencer->broken;
    }
    mw_status status = mw_log_commit(sequencer->log, err);
    sequencer->lacks_room = status == MW_NO_SPACE;
    if (sequencer->lacks_room)
        return mw_hint(err, status, "Nothing is taken in until there is room: send it again then.");
    if (status != MW_OK) return broken(sequencer, status, err);
    mw_log_position batch = mw_log_batch_position(sequencer->log);
    mw_ledger_settle(sequencer->ledger, batch);
    mw_ledger_settle(sequencer->rankings, batch);
    mw_receipts_settle(sequencer->receipts, batch);
    return MW_OK;
}

mw_status mw_sequencer_check_room(mw_sequencer *sequencer, mw_error *err) {
    return sequencer->lacks_room ? mw_sequencer_commit(sequencer, err) : MW_OK;
}

mw_status mw_sequencer_sync(mw_sequencer *sequencer, mw_error *err) {
    return broken(sequencer, mw_log_sync(sequencer->log, err), err);
}

mw_log_position mw_sequencer_committed(const mw_sequencer *sequencer) {
    return mw_log_committed(sequencer->log);
}

/* --- what is there ------------------------------------------------------------------------ */

mw_decider *mw_sequencer_decider(const mw_sequencer *sequencer, size_t model) {
    MW_ASSERT(model < sequencer->config.program->model_count);
    return sequencer->deciders[model];
}

mw_ledger *mw_sequencer_ledger(const mw_sequencer *sequencer) { return sequencer->ledger; }

mw_status mw_sequencer_was_ranked(const mw_sequencer *sequencer, size_t model, mw_str event_id,
                                  bool *out_was_ranked, mw_error *err) {
    mw_str name = sequencer->config.program->models[model].name;
    return mw_ledger_has_event(sequencer->rankings, name, event_id, out_was_ranked, err);
}

mw_status mw_sequencer_read_prediction(mw_sequencer *sequencer, const mw_ledger_found *found,
                                       mw_str *out_payload, mw_error *err) {
    mw_record record;
    int64_t stamp = found->stamp;
    if (!mw_ledger_is_settled(sequencer->ledger, stamp)) {
        MW_TRY(mw_sequencer_commit(sequencer, err));
        MW_TRY(mw_ledger_find(sequencer->ledger, stamp, &found, err));
        MW_ASSERT(found);
    }
    MW_TRY(read_record(sequencer, found->position, &record, err));
    if (record.type != MW_RECORD_PREDICTION || record.place != stamp)
        return mw_fail(err, MW_CORRUPT, "log: something else stands where a prediction was");
    *out_payload = record.payload;
    return MW_OK;
}

mw_sequencer_stats mw_sequencer_read_stats(const mw_sequencer *sequencer) {
    mw_sequencer_stats stats = sequencer->stats;
    stats.last_place = sequencer->last_place;
    stats.log_size = sequencer->log ? mw_log_size(sequencer->log) : 0;
    return stats;
}
