#include "loop/follower.h"

#include "base/hash.h"
#include "feature/course.h"
#include "ingest/load.h"
#include "ingest/log_digest.h"
#include "ingest/standing.h"
#include "sys/pace.h"

enum { SLOTS_MIN = 64, EVENT_ID_MAX = 1 << 16 };
#define PREDICTIONS_MAX ((size_t)1 << 31)
#define IDS_SIZE_MAX ((size_t)1 << 36)

/* A prediction that was made, until and after its label is known. */
typedef struct {
    int64_t stamp, t;
    mw_str event_id;
    double prediction;
    bool decision, is_settled, is_labelled;
} promise;

struct mw_follower {
    mw_follower_config config;
    mw_log_scan *scan;
    mw_log_events *log_events;
    mw_log_digest digest;   /* of the log's events that were taken */
    mw_course *course;
    mw_examples examples;
    mw_events fresh;        /* events of the log, of streams with an id */
    mw_recheck *recheck;
    mw_prediction_order recorded; /* of the model's predictions */
    int64_t moments_place;        /* where the course's moments in hand are, and so many of them */
    size_t moment_count;
    uint64_t fed; /* events, to the course */
    mw_standing **standing; /* one a stream; NULL: it has no id */
    mw_cell *features;
    mw_arena arena;         /* ids, and what has the follower's length of life */
    mw_buf event_id;
    promise *promises;
    size_t promise_count, promise_capacity;
    uint32_t *slots;        /* by t and id: a promise's index plus 1; 0: free */
    size_t slot_count;      /* a power of two, at most half of it in use */
    size_t history_next, foreign_count;
    int64_t place;          /* that was reached */
    int64_t told;           /* of the last that was fed or fell due: nothing may come before it */
    bool is_virtual;
    int64_t now;            /* under a virtual clock: where it stands */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "follower: no memory");
}

/* --- the survey ------------------------------------------------------------------------- */

static mw_status survey_record(const mw_record *record, mw_str version, mw_log_survey *survey,
                               mw_error *err) {
    if (mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL) ||
        mw_log_control_is(record, MW_CONTROL_BEGIN_WALL))
        survey->begin = record->place;
    if (record->type != MW_RECORD_PREDICTION || survey->since != INT64_MAX) return MW_OK;
    mw_prediction prediction;
    MW_TRY(mw_prediction_read_head(record->payload, &prediction, err));
    if (mw_str_equal(prediction.version, version)) survey->since = record->place;
    return MW_OK;
}

mw_status mw_log_survey_read(mw_sys *sys, const char *log_folder, mw_str version,
                             mw_log_survey *out_survey, mw_error *err) {
    mw_log_survey survey = {INT64_MAX, INT64_MAX};
    mw_log_scan *scan = NULL;
    bool has_record = true;
    MW_TRY(mw_log_scan_begin(sys, log_folder, INT64_MIN, &scan, err));
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_record record;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        status = survey_record(&record, version, &survey, err);
    }
    mw_log_scan_end(scan);
    if (status == MW_OK) *out_survey = survey;
    return status;
}

/* --- life ------------------------------------------------------------------------------- */

static mw_status set_up_streams(mw_follower *follower, mw_error *err) {
    const mw_program *program = follower->config.program;
    size_t count = program->stream_count;
    follower->standing = mw_arena_alloc(&follower->arena, count + 1, sizeof(mw_standing *));
    if (!follower->standing) return no_memory(err);
    for (size_t i = 0; i < count; i++) follower->standing[i] = NULL;
    MW_TRY(mw_program_events(program, &follower->fresh, err));
    for (size_t i = 0; i < count; i++)
        if (program->streams[i].id_count > 0)
            MW_TRY(mw_standing_create(&program->streams[i], (int32_t)i, follower->config.history,
                                      &follower->fresh, &follower->standing[i], err));
    return MW_OK;
}

static mw_status set_up(mw_follower *follower, mw_error *err) {
    const mw_follower_config *config = &follower->config;
    mw_course_config course = {.engine = {.program = config->program,
                                          .model = config->model,
                                          .symbols = config->symbols,
                                          .with_label = true,
                                          .memory = config->memory},
                               .from = config->from,
                               .to = INT64_MAX};
    follower->features = mw_arena_alloc(&follower->arena, config->model->feature_count + 1,
                                        sizeof(mw_cell));
    if (!follower->features) return no_memory(err);
    MW_TRY(mw_course_create(course, &follower->course, err));
    MW_TRY(mw_recheck_create(config->model, &follower->recheck, err));
    MW_TRY(mw_examples_init(&follower->examples, config->program, config->model,
                            config->project_model->segments, config->project_model->segment_count,
                            err));
    MW_TRY(set_up_streams(follower, err));
    MW_TRY(mw_log_events_create(config->program, config->symbols, &follower->log_events, err));
    return mw_log_scan_begin(config->sys, config->log_folder, INT64_MIN, &follower->scan, err);
}

mw_status mw_follower_create(mw_follower_config config, mw_follower **out_follower,
                             mw_error *err) {
    mw_follower *follower = mw_allocate(sizeof *follower);
    if (!follower) return no_memory(err);
    *follower = (mw_follower){.config = config,
                              .digest = mw_log_digest_of_lake(&config.lake),
                              .place = INT64_MIN,
                              .told = INT64_MIN,
                              .recorded = MW_PREDICTION_ORDER,
                              .moments_place = INT64_MIN,
                              .now = INT64_MIN};
    mw_arena_init(&follower->arena, IDS_SIZE_MAX);
    mw_buf_init(&follower->event_id, EVENT_ID_MAX);
    mw_status status = set_up(follower, err);
    if (status != MW_OK) mw_follower_destroy(follower);
    else *out_follower = follower;
    return status;
}

void mw_follower_destroy(mw_follower *follower) {
    if (!follower) return;
    for (size_t i = 0; follower->standing && i < follower->config.program->stream_count; i++)
        mw_standing_destroy(follower->standing[i]);
    mw_log_scan_end(follower->scan);
    mw_log_events_destroy(follower->log_events);
    mw_course_destroy(follower->course);
    mw_recheck_destroy(follower->recheck);
    mw_examples_release(&follower->examples);
    mw_events_release(&follower->fresh);
    mw_buf_release(&follower->event_id);
    mw_arena_release(&follower->arena);
    mw_free(follower->promises);
    mw_free(follower->slots);
    mw_free(follower);
}

/* --- predictions, found by their moment --------------------------------------------------- */

/* The slot of the first that waits for this moment, or the free one behind them. */
static uint32_t *find_slot(const mw_follower *follower, int64_t t, mw_str event_id,
                           bool is_waiting) {
    size_t mask = follower->slot_count - 1;
    uint64_t hash = mw_hash_join((uint64_t)t, mw_hash_bytes(event_id.data, event_id.size));
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        if (follower->slots[at] == 0) return &follower->slots[at];
        const promise *made = &follower->promises[follower->slots[at] - 1];
        if (is_waiting && !made->is_settled && made->t == t &&
            mw_str_equal(made->event_id, event_id))
            return &follower->slots[at];
    }
}

static mw_status make_room(mw_follower *follower, mw_error *err) {
    if (!mw_grow((void **)&follower->promises, &follower->promise_capacity,
                 follower->promise_count + 1, sizeof *follower->promises, PREDICTIONS_MAX))
        return no_memory(err);
    if (2 * (follower->promise_count + 1) <= follower->slot_count) return MW_OK;
    size_t slot_count = follower->slot_count ? 2 * follower->slot_count : SLOTS_MIN;
    uint32_t *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) return no_memory(err);
    mw_free(follower->slots);
    follower->slots = slots;
    follower->slot_count = slot_count;
    for (size_t i = 0; i < follower->promise_count; i++) {
        const promise *made = &follower->promises[i];
        *find_slot(follower, made->t, made->event_id, false) = (uint32_t)i + 1;
    }
    return MW_OK;
}

static mw_status keep(mw_follower *follower, int64_t stamp, const mw_prediction *prediction,
                      mw_error *err) {
    MW_TRY(make_room(follower, err));
    promise made = {.stamp = stamp,
                    .t = prediction->t,
                    .event_id = mw_str_copy(&follower->arena, prediction->event_id),
                    .prediction = prediction->prediction,
                    .decision = prediction->decision};
    if (!made.event_id.data) return no_memory(err);
    *find_slot(follower, made.t, made.event_id, false) = (uint32_t)follower->promise_count + 1;
    follower->promises[follower->promise_count++] = made;
    return MW_OK;
}

/* The id of the moment's event goes to `event_id`. */
static mw_status name_event(mw_follower *follower, const mw_moment *moment, mw_error *err) {
    const mw_follower_config *config = &follower->config;
    mw_buf_clear(&follower->event_id);
    mw_stream_append_id(&config->program->streams[config->model->moment_stream], moment->row,
                        config->symbols, &follower->event_id);
    return mw_buf_check(&follower->event_id, "the event's id", err);
}

/* The prediction of a moment, if there was one; it is settled then. */
static mw_status settle(mw_follower *follower, const mw_moment *moment, promise **out_promise,
                        mw_error *err) {
    *out_promise = NULL;
    if (follower->slot_count == 0) return MW_OK;
    MW_TRY(name_event(follower, moment, err));
    uint32_t index = *find_slot(follower, moment->t, mw_buf_str(&follower->event_id), true);
    if (index == 0) return MW_OK;
    *out_promise = &follower->promises[index - 1];
    (*out_promise)->is_settled = true;
    return MW_OK;
}

/* --- the line of time ------------------------------------------------------------------- */

static mw_status mature(mw_follower *follower, const mw_step *step, mw_error *err) {
    mw_examples *examples = &follower->examples;
    size_t count = examples->count;
    promise *made = NULL;
    const mw_follower_hooks *hooks = &follower->config.hooks;
    MW_TRY(mw_examples_add(examples, step, err));
    if (hooks->learned && examples->count > count) {
        MW_TRY(name_event(follower, &step->moment, err));
        MW_TRY(hooks->learned(hooks->context, mw_buf_str(&follower->event_id), err));
    }
    MW_TRY(settle(follower, &step->moment, &made, err));
    if (!made || examples->count == count) return MW_OK;
    made->is_labelled = true;
    mw_outcome outcome = {.t = made->t,
                          .matured = step->place,
                          .prediction = made->prediction,
                          .decision = made->decision,
                          .label = examples->items[count].label != 0};
    return hooks->matured(hooks->context, outcome, mw_table_row(&examples->segment_cells, count),
                          err);
}

static mw_status feed(mw_follower *follower, const mw_event *event, mw_error *err) {
    const mw_follower_hooks *hooks = &follower->config.hooks;
    int64_t at = event->place > follower->place ? event->place : follower->place;
    if (hooks->arrived) MW_TRY(hooks->arrived(hooks->context, event, at, err));
    follower->told = event->place;
    follower->fed++;
    return mw_course_event(follower->course, event, err);
}

/* Whether their order alone tells the moments of one event apart. */
static bool goes_by_order(const mw_follower *follower) {
    const mw_model_program *model = follower->config.model;
    return model->each && follower->config.program->streams[model->moment_stream].id_count == 0;
}

/* The course makes those of one event one after the other. */
static size_t element_of(mw_follower *follower, const mw_moment *moment) {
    if (moment->place != follower->moments_place) follower->moment_count = 0;
    follower->moments_place = moment->place;
    return goes_by_order(follower) ? follower->moment_count++ : 0;
}

static mw_status take_step(mw_follower *follower, int64_t due, mw_error *err) {
    mw_step step;
    bool found = false;
    MW_TRY(mw_course_next(follower->course, due, &step, &found, err));
    if (!found) return MW_OK;
    follower->told = due;
    if (step.kind == MW_DUE_LABEL) return mature(follower, &step, err);
    if (!follower->config.hooks.predicted) return MW_OK;
    MW_TRY(name_event(follower, &step.moment, err));
    mw_recheck_found(follower->recheck,
                     (mw_rechecked){step.moment.t, step.moment.place,
                                    mw_buf_str(&follower->event_id),
                                    element_of(follower, &step.moment), step.features,
                                    follower->fed});
    return MW_OK;
}

/* Feeds history and takes what falls due, up to `place`. */
static mw_status reach(mw_follower *follower, int64_t place, mw_error *err) {
    const mw_events *history = follower->config.history;
    for (;;) {
        int64_t due = mw_course_next_due(follower->course), known = INT64_MAX;
        bool has_history = follower->history_next < history->event_count;
        mw_event event;
        if (has_history) event = mw_events_at(history, follower->history_next);
        if (has_history) known = event.place;
        if ((due < known ? due : known) > place || (due == INT64_MAX && !has_history)) break;
        if (due <= known) {
            MW_TRY(take_step(follower, due, err));
            continue;
        }
        follower->history_next++;
        MW_TRY(feed(follower, &event, err));
    }
    if (place > follower->place) follower->place = place;
    return MW_OK;
}

static bool is_repeated(const mw_follower *follower, const mw_event *event) {
    const mw_standing *standing = follower->standing[event->stream];
    if (!standing || event->replaced) return false;
    mw_stands stands = mw_standing_find(standing, event);
    return stands == MW_STANDS_IN_LAKE || stands == MW_STANDS_FRESH;
}

static mw_status take_event(mw_follower *follower, const mw_record *record, mw_error *err) {
    mw_event event;
    if (record->place <= follower->config.lake.log_through) return MW_OK;
    mw_log_digest_add(&follower->digest, mw_log_events_meaning(follower->log_events, record),
                      record);
    if (mw_log_events_is_foreign(follower->log_events, record)) return MW_OK;
    MW_TRY(mw_log_events_read(follower->log_events, record, &event, err));
    /* Since it was logged, an ingest may have brought the same event into the lake. */
    if (is_repeated(follower, &event)) return MW_OK;
    if (follower->standing[event.stream]) {
        MW_TRY(mw_events_add(&follower->fresh, &event, err));
        MW_TRY(mw_standing_add(follower->standing[event.stream], err));
    }
    return feed(follower, &event, err);
}

static mw_status take_prediction(mw_follower *follower, const mw_record *record, mw_error *err) {
    const mw_follower_config *config = &follower->config;
    mw_prediction prediction;
    bool is_kin = true;
    if (!config->hooks.predicted) return MW_OK;
    MW_TRY(mw_prediction_read_head(record->payload, &prediction, err));
    if (!mw_str_equal(prediction.model, config->model->name)) return MW_OK;
    size_t element = mw_prediction_number(&follower->recorded, &prediction, record->place);
    /* What a fallback said tells nothing of the version, whose quality and drift are watched. */
    if (prediction.fallback != MW_BECAUSE_NONE) return MW_OK;
    if (config->kinship.is_kin)
        MW_TRY(config->kinship.is_kin(config->kinship.context, prediction.version, &is_kin, err));
    if (!is_kin) {
        follower->foreign_count++;
        return MW_OK;
    }
    MW_TRY(mw_prediction_read(record->payload, &follower->examples.schema, config->symbols,
                              follower->features, &prediction, err));
    MW_TRY(keep(follower, record->place, &prediction, err));
    if (!goes_by_order(follower)) element = 0;
    if (element < SIZE_MAX)
        mw_recheck_recorded(follower->recheck,
                            (mw_rechecked){prediction.t, prediction.place, prediction.event_id,
                                           element, follower->features, follower->fed});
    return config->hooks.predicted(config->hooks.context, follower->place, &prediction, err);
}

static void take_control(mw_follower *follower, const mw_record *record) {
    if (mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL)) follower->is_virtual = true;
    if (record->time > follower->now) follower->now = record->time;
}

static mw_status take(mw_follower *follower, const mw_record *record, mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION)
        return mw_log_events_learn(follower->log_events, record, err);
    if (record->place < follower->told)
        return mw_fail(err, MW_CONFLICT, "follower: a record was committed after what comes %lld us"
                       " behind it was told", (long long)(follower->told - record->place));
    if (record->type == MW_RECORD_CONTROL) take_control(follower, record);
    MW_TRY(reach(follower, record->place, err));
    if (record->type == MW_RECORD_EVENT) return take_event(follower, record, err);
    return record->type == MW_RECORD_PREDICTION ? take_prediction(follower, record, err) : MW_OK;
}

mw_status mw_follower_advance(mw_follower *follower, mw_log_reach to, mw_error *err) {
    mw_log_scan_until(follower->scan, to.end);
    for (;;) {
        mw_record record;
        bool has_record = false;
        MW_TRY(mw_log_scan_next(follower->scan, &record, &has_record, err));
        if (!has_record) break;
        MW_TRY(take(follower, &record, err));
        mw_pace_breathe();
    }
    if (!follower->is_virtual)
        follower->now = to.wall_now > follower->place ? to.wall_now : follower->place;
    return reach(follower, follower->now, err);
}

/* --- reading ---------------------------------------------------------------------------- */

mw_follower_count mw_follower_count_since(const mw_follower *follower, int64_t from) {
    mw_follower_count count = {0};
    for (size_t i = follower->promise_count; i > 0; i--) {
        const promise *made = &follower->promises[i - 1];
        if (made->stamp < from) break;
        count.predictions++;
        count.labelled += made->is_labelled;
        count.due += made->t + follower->config.model->maturity_us <= follower->place;
    }
    return count;
}

int64_t mw_follower_now(const mw_follower *follower) {
    return follower->now;
}

bool mw_follower_is_virtual(const mw_follower *follower) {
    return follower->is_virtual;
}

mw_recheck_count mw_follower_rechecked(const mw_follower *follower) {
    return mw_recheck_read(follower->recheck);
}

size_t mw_follower_foreign_count(const mw_follower *follower) {
    return follower->foreign_count;
}

void mw_follower_data_version(const mw_follower *follower,
                              char out_version[MW_SHA256_HEX_SIZE + 1]) {
    mw_data_version(&follower->config.lake, &follower->digest, out_version);
}

const mw_examples *mw_follower_examples(const mw_follower *follower) {
    return &follower->examples;
}
