#include "serve/service_parts.h"

#include <string.h>

#include "decide/recall.h"
#include "serve/event_json.h"
#include "table/passing.h"

enum { ID_TEXT_MAX = 1 << 20, FEATURES_MAX = 1 << 20 };
#define SAID_SIZE_MAX ((size_t)1 << 31)

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "service: no memory");
}

static mw_status prepare(mw_service *service, mw_error *err) {
    const mw_service_config *config = &service->config;
    service->breakers =
        mw_allocate((config->program->model_count + 1) * sizeof *service->breakers);
    if (!service->breakers) return no_memory(err);
    mw_receiving_config receiving = {
        .rows = {config->project, config->program, config->symbols, config->zones},
        .sequencer = config->sequencer,
        .sys = config->sys,
        .asking = config->asking,
    };
    return mw_receiving_create(receiving, &service->receiving, err);
}

mw_status mw_service_create(mw_service_config config, mw_service **out_service, mw_error *err) {
    mw_service *service = mw_allocate(sizeof *service);
    if (!service) return no_memory(err);
    service->config = config;
    mw_buf_init(&service->event_id, ID_TEXT_MAX);
    mw_buf_init(&service->ranking.event_id, ID_TEXT_MAX);
    mw_arena_init(&service->said, SAID_SIZE_MAX);
    mw_arena_init(&service->found, SAID_SIZE_MAX);
    mw_status status = prepare(service, err);
    if (status != MW_OK) mw_service_destroy(service);
    else *out_service = service;
    return status;
}

void mw_service_destroy(mw_service *service) {
    if (!service) return;
    mw_receiving_destroy(service->receiving);
    mw_buf_release(&service->event_id);
    mw_buf_release(&service->ranking.event_id);
    mw_arena_release(&service->said);
    mw_arena_release(&service->found);
    mw_free(service->ranking.items);
    mw_free(service->ranking.elements.cells);
    mw_free(service->ranking.row);
    mw_free(service->features);
    mw_free(service->breakers);
    mw_free(service);
}

/* --- events ------------------------------------------------------------------------------- */

static mw_str id_of(mw_service *service, const mw_event *event) {
    mw_buf_clear(&service->event_id);
    mw_stream_append_id(&service->config.program->streams[event->stream], event->row,
                        service->config.symbols, &service->event_id);
    return mw_str_slice(mw_buf_str(&service->event_id), 0, MW_NAME_SIZE_MAX);
}

static mw_status take(mw_service *service, int32_t source, mw_sent_row row,
                      mw_event_standing *out_standing, mw_error *err) {
    mw_receiving *receiving = service->receiving;
    mw_received received;
    MW_TRY(mw_receiving_take(receiving, source, row, &received, err));
    MW_TRY(mw_receiving_look_up(receiving, received, out_standing, err));
    if (*out_standing == MW_EVENT_CONFLICTS) MW_TRY(mw_receiving_correct(receiving, received, err));
    return mw_receiving_append(receiving, received, false, err);
}

mw_status mw_service_take(mw_service *service, int32_t source, mw_sent_row row,
                          mw_event_standing *out_standing, mw_error *err) {
    mw_event_standing standing = MW_EVENT_REPEATS;
    mw_receiving_begin(service->receiving);
    mw_status status = take(service, source, row, &standing, err);
    mw_receiving_end(service->receiving);
    service->counts.rejected += status != MW_OK && !mw_receiving_awaits(service->receiving);
    service->counts.accepted += status == MW_OK && standing == MW_EVENT_NEW;
    service->counts.corrections += status == MW_OK && standing == MW_EVENT_CONFLICTS;
    service->counts.repeats += status == MW_OK && standing == MW_EVENT_REPEATS;
    if (status == MW_OK) *out_standing = standing;
    return status;
}

/* --- predictions -------------------------------------------------------------------------- */

mw_status mw_service_keep_classes(mw_arena *arena, mw_prediction *prediction, mw_error *err) {
    size_t count = prediction->classes.names.count;
    if (count == 0) return MW_OK;
    double *kept = mw_arena_alloc(arena, count, sizeof *kept);
    if (!kept) return no_memory(err);
    memcpy(kept, prediction->classes.probabilities, count * sizeof *kept);
    prediction->classes.probabilities = kept;
    return MW_OK;
}

/* The features of the version that made it; NULL: nobody knows them any more, or none made it. */
static mw_status find_features(const mw_service *service, mw_answer *answer, mw_error *err) {
    const mw_prediction *made = &answer->prediction;
    const mw_service_config *config = &service->config;
    const mw_service_archive *archive = &config->archive;
    if (made->version.size == 0) return MW_OK;
    for (size_t i = 0; i < config->program->model_count; i++) {
        const mw_decider *decider = mw_sequencer_decider(config->sequencer, i);
        const mw_model_program *model = mw_decider_model(decider);
        if (!mw_str_equal(model->name, made->model) || !mw_decider_knows(decider, made->version))
            continue;
        answer->features = mw_decider_features(decider);
        answer->model = model;
        return MW_OK;
    }
    if (!archive->features) return MW_OK;
    mw_error absent = {0};
    mw_status status = archive->features(archive->context, made->model, made->version,
                                         &answer->features, &answer->asked, &absent);
    if (status == MW_OK || status == MW_NOT_FOUND) return MW_OK;
    return mw_fail(err, status, "%s", absent.message);
}

/* Of a version that answers no more its archive has one that can be asked. */
static mw_status recall_classes(const mw_service *service, mw_arena *arena,
                                mw_prediction *prediction, mw_error *err) {
    const mw_service_config *config = &service->config;
    const mw_service_archive *archive = &config->archive;
    mw_scorer *scorer = NULL;
    mw_error absent = {0};
    if (prediction->kind != MW_ANSWER_CLASS) return MW_OK;
    for (size_t i = 0; i < config->program->model_count; i++) {
        mw_decider *decider = mw_sequencer_decider(config->sequencer, i);
        bool is_its = mw_str_equal(mw_decider_model(decider)->name, prediction->model);
        if (is_its && mw_decider_recall(decider, prediction))
            return mw_service_keep_classes(arena, prediction, err);
    }
    if (!archive->scorer) return MW_OK;
    mw_status status = archive->scorer(archive->context, prediction->model, prediction->version,
                                       &scorer, &absent);
    if (status == MW_NOT_FOUND) return MW_OK;
    if (status != MW_OK) return mw_fail(err, status, "%s", absent.message);
    mw_recall_classes(scorer, prediction);
    MW_TRY(mw_recall_keep_names(arena, &prediction->classes, err));
    return mw_service_keep_classes(arena, prediction, err);
}

/* A record with its features, and all that it said. */
static mw_status read_whole(mw_service *service, mw_arena *arena, mw_str payload,
                            mw_answer *answer, mw_error *err) {
    mw_symbols *symbols = service->config.symbols;
    MW_TRY(find_features(service, answer, err));
    if (!answer->features) return MW_OK;
    if (!mw_grow((void **)&service->features, &service->feature_capacity,
                 answer->features->field_count + 1, sizeof *service->features, FEATURES_MAX))
        return no_memory(err);
    bool was_passing = mw_passing_set(symbols, true);
    mw_status status = mw_prediction_read(payload, answer->features, symbols, service->features,
                                          &answer->prediction, err);
    (void)mw_passing_set(symbols, was_passing);
    if (status != MW_OK) return status;
    return recall_classes(service, arena, &answer->prediction, err);
}

/* What was recorded, without features and what it said of other classes. Its texts are those of the
   payload, valid until the next that is read. */
static mw_status read_stored(const mw_service *service, const mw_ledger_found *stored,
                             mw_str *out_payload, mw_answer *out_answer, mw_error *err) {
    mw_answer answer = {.stamp = stored->stamp, .is_recorded = true};
    MW_TRY(mw_sequencer_read_prediction(service->config.sequencer, stored, out_payload, err));
    MW_TRY(mw_prediction_read_head(*out_payload, &answer.prediction, err));
    *out_answer = answer;
    return MW_OK;
}

mw_status mw_service_answer_stored(mw_service *service, const mw_ledger_found *stored,
                                   mw_answer *out_answer, mw_error *err) {
    mw_answer answer;
    mw_str payload;
    MW_TRY(read_stored(service, stored, &payload, &answer, err));
    mw_prediction *prediction = &answer.prediction;
    if (prediction->kind == MW_ANSWER_CLASS) {
        MW_TRY(read_whole(service, &service->said, payload, &answer, err));
        prediction->class_name = mw_str_copy(&service->said, prediction->class_name);
        if (!prediction->class_name.data) return no_memory(err);
    }
    prediction->features = NULL;
    *out_answer = answer;
    return MW_OK;
}

mw_status mw_service_find_stored(mw_service *service, size_t model, const mw_stream *stream,
                                 const mw_cell *row, const mw_ledger_found **out_stored,
                                 mw_error *err) {
    *out_stored = NULL;
    if (stream->id_count == 0) return MW_OK;
    mw_buf_clear(&service->event_id);
    mw_stream_append_id(stream, row, service->config.symbols, &service->event_id);
    return mw_ledger_find_event(mw_sequencer_ledger(service->config.sequencer),
                                service->config.program->models[model].name,
                                mw_buf_str(&service->event_id), out_stored, err);
}

mw_status mw_service_refuse_without_version(const mw_decider *decider, mw_error *err) {
    mw_status status = mw_fail(err, MW_UNAVAILABLE, "model %.*s: no version answers yet",
                               MW_STR_ARGS(mw_decider_model(decider)->name));
    return mw_hint(err, status, "Train one, and promote it.");
}

static mw_status check_version(const mw_decider *decider, mw_error *err) {
    if (mw_decider_scorer(decider) || mw_decider_has_fallback(decider)) return MW_OK;
    return mw_service_refuse_without_version(decider, err);
}

static void append_second(mw_buf *text, int64_t us) {
    mw_time_append(text, us / MW_SECOND_US * MW_SECOND_US);
}

/* Places never go back: where the clock had been ahead, nothing is in time until it is there. */
static mw_status hint_at_clock(int64_t place, int64_t now, mw_status status, mw_error *err) {
    mw_buf said;
    mw_buf_init(&said, 1 << 8);
    append_second(&said, place);
    mw_buf_append_text(&said, ", but the clock says ");
    append_second(&said, now);
    status = mw_hint(err, status, "The log has come to %.*s: was it ahead before?",
                     MW_STR_ARGS(mw_buf_str(&said)));
    mw_buf_release(&said);
    return status;
}

/* Whether a feature reads what windows held, which is known of late moments no more: all but what
   stands in static tables. */
static bool looks_back(const mw_decider *decider) {
    const mw_model_program *model = mw_decider_model(decider);
    const mw_stream *streams = mw_decider_program(decider)->streams;
    for (size_t i = 0; i < model->feature_window_count; i++)
        if (!streams[model->windows[i].stream].is_always) return true;
    return false;
}

mw_status mw_service_check_lateness(const mw_sequencer *sequencer, const mw_decider *decider,
                                    mw_moment moment, bool record, mw_error *err) {
    const mw_model_program *model = mw_decider_model(decider);
    if (moment.place - moment.t <= model->lateness_us) return MW_OK;
    bool may_ask = !looks_back(decider);
    if (may_ask && !record) return MW_OK;
    mw_buf bound;
    mw_buf_init(&bound, 64);
    mw_span_append(&bound, model->lateness_us);
    mw_status status = mw_fail(err, MW_INVALID,
                               "moment: its event must be known within %.*s of its time",
                               MW_STR_ARGS(mw_buf_str(&bound)));
    mw_buf_release(&bound);
    int64_t now = mw_sequencer_now(sequencer);
    if (moment.place - now > MW_MINUTE_US) return hint_at_clock(moment.place, now, status, err);
    if (may_ask)
        return mw_hint(err, status, "Raise `late` of the stream, or ask with \"record\": false.");
    return mw_hint(err, status, "Raise `late` of the stream; rows of the past are for millwright "
                                "predict, which has their windows.");
}

/* What is to become of a prediction, and whether only the version may make it. */
typedef struct {
    bool record, version_alone;
    bool stands;     /* its event does, as the row says or otherwise; */
    bool is_entered; /* it has just been corrected, so that the row has its fields with windows */
} asking;

/* A moment that is asked for, and whether the fields with windows of its row were worked out. */
typedef struct {
    mw_moment moment;
    mw_received received;
    asking how;
    bool is_entered;
} asked;

mw_status mw_service_enter_row(mw_service *service, mw_received received, bool stands,
                               int64_t place, mw_error *err) {
    bool is_filled = false;
    if (stands)
        MW_TRY(mw_receiving_recall(service->receiving, received, place, &is_filled, err));
    if (is_filled) return MW_OK;
    return mw_sequencer_enter(service->config.sequencer, &received.events[0], place,
                              received.cells, err);
}

static mw_status enter(mw_service *service, asked *at, mw_error *err) {
    if (at->is_entered) return MW_OK;
    MW_TRY(mw_service_enter_row(service, at->received, at->how.stands, at->moment.place, err));
    at->is_entered = true;
    return MW_OK;
}

/* What is not at hand is awaited before anybody is asked. What cannot be had is for the version to
   say, or for its fallback, which has its deadline for that, too. */
static mw_status await_entered(mw_service *service, size_t number, asked *at, mw_error *err) {
    const mw_decider *decider = mw_sequencer_decider(service->config.sequencer, number);
    if (!at->how.stands) return MW_OK;
    if (mw_decider_has_fallback(decider) && !at->how.version_alone)
        mw_receiving_bound(service->receiving, mw_decider_fallback(decider)->deadline_us);
    mw_status status = enter(service, at, err);
    return mw_receiving_awaits(service->receiving) ? status : MW_OK;
}

static mw_status ask_version(mw_service *service, size_t number, asked *at,
                             mw_prediction *out_prediction, mw_error *err) {
    MW_TRY(enter(service, at, err));
    return mw_decider_predict(mw_sequencer_decider(service->config.sequencer, number),
                              &at->moment, out_prediction, err);
}

/* The fallback's answer, which may look at the row: all of it. */
static mw_status ask_fallback(mw_service *service, size_t number, asked *at,
                              mw_fallback_reason reason, mw_prediction *out_prediction,
                              mw_error *err) {
    mw_decider *decider = mw_sequencer_decider(service->config.sequencer, number);
    if (enter(service, at, &service->failure) != MW_OK) reason = MW_BECAUSE_FAILED;
    return mw_decider_stand_in(decider, &at->moment, reason, out_prediction, err);
}

/* As ask_version, and the fallback's answer where that has none in time. */
static mw_status ask_model(mw_service *service, size_t number, asked *at,
                           mw_prediction *out_prediction, mw_error *err) {
    mw_decider *decider = mw_sequencer_decider(service->config.sequencer, number);
    mw_breaker *breaker = &service->breakers[number];
    mw_sys *sys = service->config.sys;
    if (!mw_decider_has_fallback(decider) || at->how.version_alone)
        return ask_version(service, number, at, out_prediction, err);
    if (!mw_decider_scorer(decider))
        return ask_fallback(service, number, at, MW_BECAUSE_NO_VERSION, out_prediction, err);
    int64_t begin = mw_sys_monotonic_us(sys);
    if (!mw_breaker_lets_through(breaker, begin))
        return ask_fallback(service, number, at, MW_BECAUSE_BREAKER, out_prediction, err);
    mw_status status = ask_version(service, number, at, out_prediction, &service->failure);
    int64_t end = mw_sys_monotonic_us(sys), deadline = mw_decider_fallback(decider)->deadline_us;
    bool is_late = deadline > 0 && end - begin > deadline;
    bool is_good = status == MW_OK && out_prediction->fallback == MW_BECAUSE_NONE && !is_late;
    if (at->is_entered) mw_breaker_note(breaker, is_good, end); /* else it was not asked */
    if (status == MW_OK) return MW_OK;
    return ask_fallback(service, number, at, MW_BECAUSE_FAILED, out_prediction, err);
}

/* Predicts at the next place. If it is recorded, that place is its stamp, and what is new of the
   row follows in the log. */
static mw_status predict_now(mw_service *service, size_t number, mw_received received,
                             asking how, mw_answer *out_answer, mw_error *err) {
    mw_sequencer *sequencer = service->config.sequencer;
    mw_decider *decider = mw_sequencer_decider(sequencer, number);
    const mw_model_program *model = mw_decider_model(decider);
    const mw_event *event = &received.events[0];
    mw_answer answer = {.is_recorded = how.record};
    if (how.version_alone && !mw_decider_scorer(decider))
        return mw_service_refuse_without_version(decider, err);
    MW_TRY(check_version(decider, err));
    MW_TRY(mw_sequencer_next_place(sequencer, &answer.stamp, err));
    asked at = {{event->time + model->moment_offset_us, answer.stamp, event->row},
                received, how, how.is_entered};
    MW_TRY(mw_service_check_lateness(sequencer, decider, at.moment, how.record, err));
    MW_TRY(await_entered(service, number, &at, err));
    MW_TRY(ask_model(service, number, &at, &answer.prediction, err));
    MW_TRY(mw_service_keep_classes(&service->said, &answer.prediction, err));
    if (answer.prediction.fallback == MW_BECAUSE_FAILED) answer.failure = &service->failure;
    if (how.record) {
        MW_TRY(mw_sequencer_record(sequencer, number, answer.stamp, &answer.prediction, err));
        service->counts.predicted++;
        MW_TRY(mw_receiving_append(service->receiving, received, at.is_entered, err));
        answer.prediction.features = NULL;
    }
    *out_answer = answer;
    return MW_OK;
}

mw_status mw_service_refuse_later(const mw_service *service, mw_received received, mw_error *err) {
    for (size_t i = 1; i < received.count; i++) {
        if (!received.events[i].row) continue;
        const mw_stream *stream = &service->config.program->streams[received.events[i].stream];
        mw_str source = stream->name, time = stream->name;
        (void)mw_str_split(&time, '@', &source);
        mw_status status = mw_fail(err, MW_INVALID,
                                   "predict: fields that become known at %.*s are not known yet",
                                   MW_STR_ARGS(time));
        return mw_hint(err, status, "Leave them out, and post them to /v1/events/%.*s later.",
                       MW_STR_ARGS(source));
    }
    return MW_OK;
}

mw_status mw_service_correct_first(mw_service *service, const mw_decider *decider,
                                   mw_received received, mw_error *err) {
    const mw_model_program *model = mw_decider_model(decider);
    const mw_event *event = &received.events[0];
    mw_moment moment = {.t = event->time + model->moment_offset_us, .row = event->row};
    MW_TRY(check_version(decider, err));
    MW_TRY(mw_sequencer_next_place(service->config.sequencer, &moment.place, err));
    MW_TRY(mw_service_check_lateness(service->config.sequencer, decider, moment, true, err));
    MW_TRY(mw_receiving_correct(service->receiving, received, err));
    MW_TRY(mw_receiving_append(service->receiving, received, false, err));
    for (size_t i = 0; i < received.count; i++) received.events[i].replaced = NULL;
    return MW_OK;
}

mw_status mw_service_refuse_change(mw_service *service, mw_received received, mw_error *err) {
    mw_status status = mw_fail(err, MW_CONFLICT, "id: %.*s was predicted with other contents",
                               MW_STR_ARGS(id_of(service, &received.events[0])));
    return mw_hint(err, status, "Post the correction to /v1/events/STREAM, and ask with "
                                "\"record\": false, while it is not late, for what the "
                                "model says of it.");
}

/* --- moments of a schedule ---------------------------------------------------------------- */

/* The key that is asked about, and `ahead` where the schedule has any; t where it says so. */
static mw_status read_key(const mw_service *service, const mw_model_program *model,
                          const mw_program *program, yyjson_val *object, mw_cell *row,
                          mw_error *err) {
    const mw_stream *stream = &program->streams[model->moment_stream];
    const mw_schema *schema = &stream->schema;
    const mw_stream_source keys = {
        .name = stream->name, .row = *schema, .column_count = schema->field_count};
    mw_passing_tidy(service->config.symbols);
    bool was_passing = mw_passing_set(service->config.symbols, true);
    mw_status status =
        mw_event_json_read(object, &keys, program->zone, service->config.symbols, row, err);
    (void)mw_passing_set(service->config.symbols, was_passing);
    if (status != MW_OK) return status;
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_field field = schema->fields[i];
        bool may_lack = i == (size_t)model->schedule->key_count; /* the time */
        if (!may_lack && mw_cell_is_missing(field.type, row[i]))
            return mw_fail(err, MW_INVALID, "%.*s: must be there, for it tells whom the moment is "
                                            "for", MW_STR_ARGS(field.name));
    }
    return MW_OK;
}

/* The last beat at or before now. */
static int64_t last_beat(const mw_model_program *model, const mw_zone *zone, int64_t now) {
    mw_beat beat = model->schedule->beat;
    int64_t at = mw_beat_after(beat, zone, now - beat.span_us - 2 * MW_DAY_US);
    for (int64_t next = at; next <= now; next = mw_beat_after(beat, zone, next)) at = next;
    return at;
}

/* Of a row that breaks the checks nothing is recorded but that the fallback answered. */
static mw_status answer_unchecked(mw_service *service, size_t number, mw_answer *out_answer,
                                  mw_error *err) {
    mw_decider *decider = mw_sequencer_decider(service->config.sequencer, number);
    mw_answer answer = {.is_recorded = false};
    MW_TRY(mw_decider_stand_in(decider, NULL, MW_BECAUSE_CHECK, &answer.prediction, err));
    *out_answer = answer;
    return MW_OK;
}

/* The stored prediction of the last beat, or of the one that is named; else one as of now, which
   nobody records (rule 9). */
static mw_status predict_scheduled(mw_service *service, size_t number, yyjson_val *object,
                                   bool record, mw_answer *out_answer, mw_error *err) {
    mw_sequencer *sequencer = service->config.sequencer;
    mw_decider *decider = mw_sequencer_decider(sequencer, number);
    const mw_model_program *model = mw_decider_model(decider);
    const mw_program *program = mw_decider_program(decider);
    mw_cell row[MW_KEYS_MAX];
    mw_cell *time = &row[model->schedule->key_count];
    MW_TRY(read_key(service, model, program, object, row, err));
    MW_TRY(mw_sequencer_advance(sequencer, err));
    bool is_named = time->time != MW_TIME_MISSING;
    if (!is_named) time->time = last_beat(model, program->zone, mw_sequencer_now(sequencer));
    const mw_ledger_found *stored;
    MW_TRY(mw_service_find_stored(service, number, &program->streams[model->moment_stream], row,
                                  &stored, err));
    if (stored && (record || is_named))
        return mw_service_answer_stored(service, stored, out_answer, err);
    if (is_named) return mw_fail(err, MW_NOT_FOUND, "prediction: there is none of that time");
    mw_answer answer = {.is_recorded = false};
    MW_TRY(check_version(decider, err));
    MW_TRY(mw_sequencer_next_place(sequencer, &answer.stamp, err));
    time->time = answer.stamp;
    mw_moment moment = {answer.stamp, answer.stamp, row};
    if (mw_decider_scorer(decider))
        MW_TRY(mw_decider_predict(decider, &moment, &answer.prediction, err));
    else
        MW_TRY(mw_decider_stand_in(decider, &moment, MW_BECAUSE_NO_VERSION, &answer.prediction,
                                   err));
    *out_answer = answer;
    return MW_OK;
}

static mw_status predict(mw_service *service, size_t number, mw_sent_row row, asking how,
                         mw_answer *out_answer, mw_error *err) {
    const mw_program *program = service->config.program;
    const mw_decider *decider = mw_sequencer_decider(service->config.sequencer, number);
    if (mw_decider_model(decider)->schedule)
        return predict_scheduled(service, number, row.json, how.record, out_answer, err);
    const mw_stream *stream = &program->streams[mw_decider_announcer(decider)];
    mw_received received;
    mw_status status =
        mw_receiving_take(service->receiving, stream->source, row, &received, err);
    if (status == MW_CHECK_FAILED && mw_decider_has_fallback(decider) && !how.version_alone)
        return answer_unchecked(service, number, out_answer, err);
    MW_TRY(status);
    MW_TRY(mw_service_refuse_later(service, received, err));
    mw_event_standing standing;
    const mw_ledger_found *stored = NULL;
    MW_TRY(mw_receiving_look_up(service->receiving, received, &standing, err));
    MW_TRY(mw_sequencer_advance(service->config.sequencer, err));
    if (how.record)
        MW_TRY(mw_service_find_stored(service, number, stream, received.events[0].row, &stored,
                                      err));
    if (stored && standing == MW_EVENT_CONFLICTS)
        return mw_service_refuse_change(service, received, err);
    if (stored) return mw_service_answer_stored(service, stored, out_answer, err);
    how.record &= mw_decider_is_asked(decider);
    how.stands = standing != MW_EVENT_NEW;
    how.is_entered = how.record && standing == MW_EVENT_CONFLICTS;
    if (how.is_entered) MW_TRY(mw_service_correct_first(service, decider, received, err));
    return predict_now(service, number, received, how, out_answer, err);
}

mw_status mw_service_predict(mw_service *service, size_t number, mw_sent_row row, bool record,
                             mw_answer *out_answer, mw_error *err) {
    mw_arena_clear(&service->said);
    mw_receiving_begin(service->receiving);
    mw_status status =
        predict(service, number, row, (asking){.record = record}, out_answer, err);
    mw_receiving_end(service->receiving);
    return status;
}

/* Of what is not recorded nothing is looked up. */
mw_status mw_service_see(mw_service *service, size_t number, yyjson_val *object,
                         mw_answer *out_answer, mw_error *err) {
    mw_arena_clear(&service->said);
    mw_receiving_begin(service->receiving);
    mw_status status =
        predict(service, number, mw_sent_json(object), (asking){.version_alone = true}, out_answer,
                err);
    mw_receiving_end(service->receiving);
    return status;
}

mw_status mw_service_find(mw_service *service, int64_t stamp, mw_answer *out_answer,
                          mw_error *err) {
    const mw_ledger_found *stored;
    mw_answer answer;
    mw_arena_clear(&service->found);
    MW_TRY(mw_ledger_find(mw_sequencer_ledger(service->config.sequencer), stamp, &stored, err));
    if (!stored) return mw_fail(err, MW_NOT_FOUND, "prediction: there is none of this id");
    mw_str payload;
    MW_TRY(read_stored(service, stored, &payload, &answer, err));
    MW_TRY(read_whole(service, &service->found, payload, &answer, err));
    *out_answer = answer;
    return MW_OK;
}

mw_receiving *mw_service_receiving(const mw_service *service) { return service->receiving; }

const mw_service_config *mw_service_parts(const mw_service *service) { return &service->config; }

mw_known_gap mw_service_known_gap(const mw_service *service, int32_t stream) {
    return mw_receiving_known_gap(service->receiving, stream);
}

mw_service_counts mw_service_read_counts(const mw_service *service) {
    mw_service_counts counts = service->counts;
    counts.cleaned = mw_receiving_cleaned(service->receiving);
    return counts;
}
