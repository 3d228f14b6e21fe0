#include "cli/recorded_features.h"

#include <stdio.h>
#include <string.h>

#include "feature/slate.h"
#include "sys/pace.h"

enum { TEXT_SIZE_MAX = 1 << 20, VERSIONS_MAX = 1 << 16 };

/* --- whose it is -------------------------------------------------------------------------- */

/* A search for the moment of one prediction. */
typedef struct {
    const mw_recorded_past *past;
    const mw_recorded *recorded;
    mw_elements elements; /* of `each`: those of the event in hand */
    mw_buf id;
} search;

static const mw_stream *moments_of(const mw_recorded_past *past) {
    return &past->program->streams[past->model->moment_stream];
}

/* Whether the prediction was made for this row of the event: by its id, or, in a stream without
   one, since it is the first that was appended after it. */
static bool is_its_row(search *it, const mw_event *event, const mw_cell *row) {
    const mw_stream *stream = moments_of(it->past);
    if (stream->id_count == 0) return event->place > it->recorded->stamp;
    mw_buf_clear(&it->id);
    mw_stream_append_id(stream, row, it->past->symbols, &it->id);
    return mw_str_equal(mw_buf_str(&it->id), it->recorded->prediction->event_id);
}

/* The same for one of the moments that the event makes. */
static mw_status find_element(search *it, const mw_event *event, mw_cell *out_element,
                              bool *out_is_it, mw_error *err) {
    const mw_recorded_past *past = it->past;
    const mw_each *each = past->model->each;
    mw_engine_config config = {
        .program = past->program, .model = past->model, .symbols = past->symbols};
    MW_TRY(mw_elements_take(&it->elements, &config, event->row, err));
    memcpy(past->row, event->row, (size_t)each->element * sizeof *past->row);
    bool has_id = moments_of(past)->id_count > 0;
    *out_is_it = false;
    for (size_t i = 0; i < it->elements.count && !*out_is_it; i++) {
        if (!has_id && i != it->recorded->element) continue;
        *out_element = past->row[each->element] = it->elements.cells[i];
        *out_is_it = is_its_row(it, event, past->row);
    }
    return MW_OK;
}

/* Who asks sends the row: it stood before the prediction, after all that it corrected, or was new
   and appended after it. */
static bool is_nearer_by_place(int64_t made, const mw_event *event, const mw_event *than) {
    int64_t place = event->place, other = than->place;
    if ((place < made) != (other < made)) return place < made;
    return place < made ? place > other || (place == other && event->replaced) : place < other;
}

/* What fell due was made of the row that counted: of two that count from one place, the later. */
static bool is_nearer(const search *it, const mw_event *event, const mw_event *than) {
    int64_t made = it->recorded->prediction->place;
    int64_t from = mw_event_counts_from(event), other = mw_event_counts_from(than);
    if (it->past->model->moment_offset_us == 0) return is_nearer_by_place(made, event, than);
    if ((from < made) != (other < made)) return from < made;
    if (from != other) return (from > other) == (from < made);
    return event->place > than->place || (event->place == than->place && event->replaced);
}

static mw_status look_through(search *it, mw_event *out_event, bool *out_is_found,
                              mw_error *err) {
    const mw_recorded_past *past = it->past;
    const mw_model_program *model = past->model;
    int32_t stream = mw_model_announcer(model);
    mw_cell element = {.bits = 0};
    for (size_t row = 0; row < past->events->streams[stream].rows.row_count; row++) {
        mw_event event = mw_events_row(past->events, stream, row);
        mw_cell its = {.bits = 0};
        bool is_it = false;
        if (event.time + model->moment_offset_us != it->recorded->prediction->t ||
            (*out_is_found && !is_nearer(it, &event, out_event)))
            continue;
        if (model->each) MW_TRY(find_element(it, &event, &its, &is_it, err));
        else is_it = is_its_row(it, &event, event.row);
        if (!is_it) continue;
        *out_event = event;
        *out_is_found = true;
        element = its;
    }
    if (!model->each || !*out_is_found) return MW_OK;
    memcpy(past->row, out_event->row, (size_t)model->each->element * sizeof *past->row);
    past->row[model->each->element] = element;
    out_event->row = past->row;
    return MW_OK;
}

/* A schedule's moment is no event's: its row is a key that an event of the schedule's stream has,
   with t and how far ahead it looks, and its id is all of these. */
static void look_for_key(search *it, mw_event *out_event, bool *out_is_found) {
    const mw_recorded_past *past = it->past;
    const mw_schedule *schedule = past->model->schedule;
    int64_t step = schedule->ahead_first_us;
    int64_t t = it->recorded->prediction->t;
    past->row[schedule->key_count] = mw_cell_time(t);
    for (size_t i = 0; i < past->events->streams[schedule->stream].rows.row_count; i++) {
        mw_event event = mw_events_row(past->events, schedule->stream, i);
        for (int32_t k = 0; k < schedule->key_count; k++)
            past->row[k] = event.row[schedule->keys[k]];
        for (int64_t ahead = step; ahead <= schedule->ahead_last_us; ahead += step) {
            if (step > 0) past->row[schedule->key_count + 1] = mw_cell_time(ahead);
            *out_is_found = is_its_row(it, &event, past->row);
            if (*out_is_found) *out_event = (mw_event){.time = t, .row = past->row};
            if (*out_is_found) return;
            if (step == 0) break;
        }
    }
}

mw_status mw_recorded_find_event(const mw_recorded_past *past, const mw_recorded *recorded,
                                 mw_event *out_event, mw_error *err) {
    search it = {.past = past, .recorded = recorded};
    bool is_found = false;
    char name[MW_PREDICTION_ID_SIZE + 1];
    mw_prediction_id(recorded->stamp, name);
    mw_buf_init(&it.id, TEXT_SIZE_MAX);
    mw_status status = MW_OK;
    if (past->model->schedule) look_for_key(&it, out_event, &is_found);
    else status = look_through(&it, out_event, &is_found, err);
    mw_buf_release(&it.id);
    mw_free(it.elements.cells);
    if (status != MW_OK || is_found) return status;
    return mw_fail(err, MW_NOT_FOUND, "prediction %s: its event is not in lake or log", name);
}

mw_status mw_recorded_past_begin(mw_recorded_past *past, mw_arena *arena, mw_error *err) {
    size_t width = moments_of(past)->schema.field_count;
    past->row = mw_arena_alloc(arena, width + 1, sizeof *past->row);
    return past->row ? MW_OK : mw_fail(err, MW_NO_MEMORY, "predictions: no memory");
}

/* --- all of a log ------------------------------------------------------------------------- */

typedef struct {
    char name[MW_VERSION_NAME_SIZE + 1];
    bool is_kin;
} known_version;

typedef struct {
    const mw_workspace *workspace;
    const mw_recorded_past *past;
    mw_recorded_taker taker;
    mw_schema features;
    mw_cell *cells;
    known_version *versions;
    size_t version_count, version_capacity;
    size_t seen, every; /* of its predictions each so many is taken; 0: they are counted */
    mw_prediction_order order;
    mw_status failed;   /* of the first record that did */
    mw_error failure;
} reading;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "predictions: no memory");
}

/* A version whose project is refused today cannot be said to be kin. One that is lost or damaged is
   a failure: what it has made would not be compared, and nobody would hear of it. */
static mw_status learn(reading *it, mw_str name, bool *out_is_kin, mw_error *err) {
    mw_live_version version, today = {.program = {.version = NULL}};
    const mw_live_version *like = it->past->like ? it->past->like : &today;
    mw_error failure = {0};
    if (name.size > MW_VERSION_NAME_SIZE ||
        !mw_grow((void **)&it->versions, &it->version_capacity, it->version_count + 1,
                 sizeof *it->versions, VERSIONS_MAX))
        return no_memory(err);
    mw_status status = mw_live_version_find(it->workspace, it->past->model->name, name, &version,
                                            &failure);
    *out_is_kin = status == MW_OK && mw_live_version_is_kin(it->workspace, &version, like);
    mw_live_version_release(&version);
    known_version *known = &it->versions[it->version_count++];
    snprintf(known->name, sizeof known->name, "%.*s", MW_STR_ARGS(name));
    known->is_kin = *out_is_kin;
    if (status == MW_OK || status == MW_INVALID || status == MW_CONFLICT) return MW_OK;
    *err = failure;
    return status;
}

static mw_status is_kin(reading *it, mw_str version, bool *out_is_kin, mw_error *err) {
    for (size_t i = 0; i < it->version_count; i++) {
        if (!mw_str_is(version, it->versions[i].name)) continue;
        *out_is_kin = it->versions[i].is_kin;
        return MW_OK;
    }
    return learn(it, version, out_is_kin, err);
}

/* Not where the scan began in the midst of an event's elements, of which none bears a name. */
static bool is_known(const reading *it, size_t element) {
    bool is_named = !it->past->model->each || moments_of(it->past)->id_count > 0;
    return is_named || element < SIZE_MAX;
}

static mw_status take(reading *it, const mw_record *record, mw_error *err) {
    mw_prediction made;
    bool is_ours = false;
    mw_event event;
    if (record->place >= it->past->through) return MW_OK;
    MW_TRY(mw_prediction_read_head(record->payload, &made, err));
    if (!mw_str_equal(made.model, it->past->model->name)) return MW_OK;
    size_t element = mw_prediction_number(&it->order, &made, record->place);
    if (made.is_blind || !is_known(it, element)) return MW_OK;
    MW_TRY(is_kin(it, made.version, &is_ours, err));
    if (!is_ours) return MW_OK;
    size_t number = it->seen++;
    if (it->every == 0 || number % it->every != 0) return MW_OK;
    MW_TRY(mw_prediction_read(record->payload, &it->features, it->workspace->symbols, it->cells,
                              &made, err));
    mw_recorded recorded = {&made, record->place, element};
    MW_TRY(mw_recorded_find_event(it->past, &recorded, &event, err));
    mw_moment moment = {made.t, made.place, event.row};
    return it->taker.take(it->taker.context, &moment, it->cells, err);
}

static void try_record(reading *it, const mw_record *record) {
    mw_error failure;
    mw_status status = take(it, record, &failure);
    if (status == MW_OK || it->failed != MW_OK) return;
    it->failed = status;
    it->failure = failure;
}

static mw_status scan(reading *it, mw_error *err) {
    mw_log_scan *log = NULL;
    const mw_workspace *workspace = it->workspace;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const char *folder = mw_state_path(workspace->state, &arena, "log");
    it->seen = 0;
    it->order = MW_PREDICTION_ORDER;
    mw_status status = folder ? mw_log_scan_begin(workspace->cli->sys, folder, it->past->from, &log,
                                                  err)
                              : no_memory(err);
    for (bool has_record = true; status == MW_OK && has_record;) {
        mw_record record;
        status = mw_log_scan_next(log, &record, &has_record, err);
        if (status == MW_OK && has_record && record.type == MW_RECORD_PREDICTION)
            try_record(it, &record);
        mw_pace_breathe();
    }
    mw_log_scan_end(log);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_recorded_schema(const mw_model_program *model, mw_arena *arena,
                             mw_schema *out_schema, mw_error *err) {
    mw_field *fields = mw_arena_alloc(arena, model->feature_count + 1, sizeof *fields);
    if (!fields) return no_memory(err);
    for (size_t i = 0; i < model->feature_count; i++)
        fields[i] = (mw_field){model->features[i].name, model->features[i].type};
    *out_schema = (mw_schema){fields, model->feature_count};
    return MW_OK;
}

static mw_status prepare(reading *it, mw_error *err) {
    mw_arena *arena = &it->workspace->cli->arena;
    MW_TRY(mw_recorded_schema(it->past->model, arena, &it->features, err));
    it->cells = mw_arena_alloc(arena, it->features.field_count + 1, sizeof *it->cells);
    return it->cells ? MW_OK : no_memory(err);
}

mw_status mw_recorded_each(const mw_workspace *workspace, const mw_recorded_past *past,
                           size_t sample, mw_recorded_taker taker, mw_error *err) {
    reading it = {.workspace = workspace, .past = past, .taker = taker};
    MW_TRY(prepare(&it, err));
    mw_status status = scan(&it, err);
    it.every = it.seen / sample > 0 ? it.seen / sample : 1;
    if (status == MW_OK && it.seen > 0) status = scan(&it, err);
    mw_free(it.versions);
    if (status != MW_OK || it.failed == MW_OK) return status;
    *err = it.failure;
    return it.failed;
}
