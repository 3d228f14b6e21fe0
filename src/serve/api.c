#include "base/nearest.h"
#include "decide/answer_json.h"
#include "serve/api_parts.h"
#include "serve/sequencer_start.h"

#include <stdio.h>

/* --- health, metrics, clock --------------------------------------------------------------- */

static void answer_health(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    (void)call;
    mw_json json = mw_json_begin(&response->body);
    mw_json_object(&json);
    mw_json_put_text(&json, "status", "ok");
    mw_json_object_end(&json);
}

/* What the server is at before it is ready. */
static void answer_not_yet(const mw_api *api, mw_response *response) {
    mw_error err;
    double share = mw_sequencer_recovered_share(api->sequencer);
    mw_status status =
        mw_sequencer_is_ready(api->sequencer)
            ? mw_fail(&err, MW_BUSY, "the server is not ready: windows of a new version are filled")
            : mw_fail(&err, MW_BUSY, "the server is not ready: %.0f %% of its events are recovered",
                      100 * share);
    mw_response_problem(response, status, &err);
}

/* Before the server is ready only its health can be asked for, and nothing can be sent to it while
   the disk is full. */
static bool is_open(void *context, const mw_route *route, mw_response *response) {
    const mw_api *api = context;
    if (route->scope == MW_SCOPE_PUBLIC) return true;
    if (!api->service) {
        answer_not_yet(api, response);
        return false;
    }
    if (route->scope == MW_SCOPE_READ) return true;
    mw_error err;
    mw_status status = mw_sequencer_check_room(mw_service_parts(api->service)->sequencer, &err);
    if (status != MW_OK) mw_response_problem(response, status, &err);
    return status == MW_OK;
}

/* It stays ready unless memory and log part. */
static void answer_ready(void *context, const mw_route_call *call, mw_response *response) {
    mw_api *api = context;
    mw_error err;
    if (!api->service) {
        answer_not_yet(api, response);
        return;
    }
    mw_status status = mw_sequencer_commit(mw_service_parts(api->service)->sequencer, &err);
    if (status == MW_OK) answer_health(context, call, response);
    else mw_response_problem(response, MW_BUSY, &err);
}

static const mw_meter rows_meter = {"millwright_rows_total", MW_METER_COUNTER, "",
                                      "Rows of events that clients sent, by what became of them"};
static const mw_meter cleaned_meter = {"millwright_cleaned_values_total", MW_METER_COUNTER, "",
                                       "Values of rows that clients sent, which `clean` changed"};
static const mw_meter predictions_meter = {"millwright_predictions_total", MW_METER_COUNTER,
                                             "", "Predictions that were recorded"};
static const mw_meter known_meter = {"millwright_known_entries", MW_METER_GAUGE, "",
                                       "Ids and predictions that are known, by where they stand"};
static const mw_meter events_meter = {"millwright_log_events_total", MW_METER_COUNTER, "",
                                        "Events of the log"};
static const mw_meter size_meter = {"millwright_log_bytes", MW_METER_GAUGE, "bytes",
                                      "Size of all log segments"};
static const mw_meter place_meter = {"millwright_last_place_seconds", MW_METER_GAUGE,
                                       "seconds", "Stamp of the log's last record"};

static const mw_meter waiting_meter = {"millwright_waiting_requests", MW_METER_GAUGE, "",
                                       "Requests that wait for what they correct or ask"};
static const mw_meter unwaiting_meter = {"millwright_waiting_refused_total", MW_METER_COUNTER, "",
                                         "Requests that were refused since too many waited"};
static const mw_meter fallbacks_meter = {"millwright_fallbacks_total", MW_METER_COUNTER, "",
                                         "Answers of fallbacks, by what the model lacked"};

static const mw_meter asked_meter = {"millwright_asked_values_total", MW_METER_COUNTER, "",
                                     "Values that processes were asked for, by what became of it"};
static const mw_meter unasked_meter = {"millwright_asked_fallbacks_total", MW_METER_COUNTER, "",
                                       "Those of them in whose place `fallback` stands"};

static const mw_meter keys_meter = {"millwright_window_keys", MW_METER_GAUGE, "",
                                    "Keys that a model's windows know, in memory or on disk"};
static const mw_meter state_meter = {"millwright_window_bytes", MW_METER_GAUGE, "bytes",
                                     "Memory that a model's windows take, which `memory` bounds"};
static const mw_meter spilled_keys_meter = {"millwright_spilled_keys", MW_METER_GAUGE, "",
                                            "Those of the keys whose events stand on disk"};
static const mw_meter spilled_meter = {"millwright_spilled_bytes", MW_METER_GAUGE, "bytes",
                                       "What stands on disk of a model's windows"};

static const mw_meter too_late_meter = {"millwright_window_events_too_late_total",
                                        MW_METER_COUNTER, "",
                                        "Events older than all that a model's windows keep"};
static const mw_meter outside_meter = {"millwright_window_values_outside_total", MW_METER_COUNTER,
                                       "", "Values in a model's windows that no sum can hold"};
static const mw_meter overflowed_meter = {"millwright_features_overflowed_total",
                                          MW_METER_COUNTER, "",
                                          "Features of answers, missing as a number was too large"};
static const mw_meter unseen_meter = {"millwright_unseen_values_total", MW_METER_COUNTER, "",
                                      "Values of categories that training never saw, in answers"};
static const mw_meter streams_meter = {"millwright_stream_events_total", MW_METER_COUNTER, "",
                                       "Events of clients that were taken, but corrections"};
static const mw_meter gap_meter = {"millwright_known_late_seconds_total", MW_METER_COUNTER,
                                   "seconds",
                                   "By how much later they came than they declare to be known"};

static void set(const mw_api *api, const mw_meter *meter, const char *labels, double value) {
    mw_series_set(mw_telemetry_series(api->telemetry, meter, labels), value);
}

/* Of the models that have one. */
static void set_fallbacks(const mw_api *api, size_t model) {
    const mw_service_config *parts = mw_service_parts(api->service);
    const mw_decider *decider = mw_sequencer_decider(parts->sequencer, model);
    mw_str name = parts->program->models[model].name;
    if (mw_decider_fallback(decider)->kind == MW_FALLBACK_NONE) return;
    for (mw_fallback_reason because = MW_BECAUSE_NONE + 1; because < MW_BECAUSE_COUNT; because++) {
        char labels[MW_NAME_SIZE_MAX + 64];
        snprintf(labels, sizeof labels, "model=\"%.*s\",reason=\"%s\"", MW_STR_ARGS(name),
                 mw_fallback_reason_word(because));
        set(api, &fallbacks_meter, labels,
            (double)mw_decider_fallbacks(decider, because));
    }
}

static void set_windows(const mw_api *api, size_t model) {
    const mw_service_config *parts = mw_service_parts(api->service);
    mw_decider *decider = mw_sequencer_decider(parts->sequencer, model);
    mw_course *course = mw_decider_course(decider);
    mw_engine_stats stats = mw_engine_read_stats(mw_course_engine(course));
    char labels[MW_NAME_SIZE_MAX + 16];
    snprintf(labels, sizeof labels, "model=\"%.*s\"",
             MW_STR_ARGS(parts->program->models[model].name));
    set(api, &keys_meter, labels, (double)stats.keys);
    set(api, &state_meter, labels, (double)stats.bytes);
    set(api, &spilled_keys_meter, labels, (double)stats.keys_spilled);
    set(api, &spilled_meter, labels, (double)stats.bytes_spilled);
    set(api, &too_late_meter, labels, (double)stats.events_too_late);
    set(api, &outside_meter, labels, (double)stats.values_refused);
    set(api, &overflowed_meter, labels, (double)mw_course_overflowed(course));
    set(api, &unseen_meter, labels, (double)mw_decider_unseen_values(decider));
}

/* Of a stream that clients' events can be of. */
static void set_stream(const mw_api *api, int32_t index) {
    const mw_stream *stream = &mw_service_parts(api->service)->program->streams[index];
    mw_known_gap gap = mw_service_known_gap(api->service, index);
    char labels[4 * MW_NAME_SIZE_MAX];
    if (stream->is_of_moments) return;
    snprintf(labels, sizeof labels, "stream=\"%.*s\"", MW_STR_ARGS(stream->name));
    set(api, &streams_meter, labels, (double)gap.events);
    set(api, &gap_meter, labels, gap.late_s);
}

/* Of a field that a process is asked for. */
static void set_asked(const mw_api *api, mw_asked_field field) {
    const struct {
        const char *outcome;
        uint64_t count;
    } outcomes[] = {{"answered", field.answered},
                    {"timed_out", field.timed_out},
                    {"failed", field.failed}};
    char labels[4 * MW_NAME_SIZE_MAX], with_outcome[sizeof labels + 32];
    snprintf(labels, sizeof labels, "stream=\"%.*s\",field=\"%.*s\",process=\"%.*s\"",
             MW_STR_ARGS(field.stream), MW_STR_ARGS(field.field), MW_STR_ARGS(field.process));
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        snprintf(with_outcome, sizeof with_outcome, "%s,outcome=\"%s\"", labels,
                 outcomes[i].outcome);
        set(api, &asked_meter, with_outcome, (double)outcomes[i].count);
    }
    set(api, &unasked_meter, labels, (double)field.fallen_back);
}

static void set_metrics(const mw_api *api) {
    const mw_sequencer *sequencer = mw_service_parts(api->service)->sequencer;
    mw_service_counts counts = mw_service_read_counts(api->service);
    mw_sequencer_stats stats = mw_sequencer_read_stats(sequencer);
    set(api, &rows_meter, "result=\"accepted\"", (double)counts.accepted);
    set(api, &rows_meter, "result=\"corrected\"", (double)counts.corrections);
    set(api, &rows_meter, "result=\"repeated\"", (double)counts.repeats);
    set(api, &rows_meter, "result=\"rejected\"", (double)counts.rejected);
    set(api, &cleaned_meter, "", (double)counts.cleaned);
    set(api, &predictions_meter, "", (double)mw_ledger_count(mw_sequencer_ledger(sequencer)));
    set(api, &known_meter, "where=\"memory\"", (double)mw_sequencer_in_memory(sequencer));
    set(api, &known_meter, "where=\"disk\"", (double)mw_sequencer_on_disk(sequencer));
    set(api, &events_meter, "", (double)stats.log_events);
    set(api, &size_meter, "", (double)stats.log_size);
    set(api, &place_meter, "", (double)stats.last_place / (double)MW_SECOND_US);
    set(api, &waiting_meter, "", (double)api->waiting);
    set(api, &unwaiting_meter, "", (double)api->waiting_refused);
    const mw_asking *asking = mw_service_parts(api->service)->asking;
    for (size_t i = 0; i < mw_asking_field_count(asking); i++)
        set_asked(api, mw_asking_read_field(asking, i));
    const mw_program *program = mw_service_parts(api->service)->program;
    for (size_t i = 0; i < program->stream_count; i++) set_stream(api, (int32_t)i);
    for (size_t i = 0; i < program->model_count; i++) {
        set_fallbacks(api, i);
        set_windows(api, i);
    }
}

static void answer_metrics(void *context, const mw_route_call *call, mw_response *response) {
    mw_api *api = context;
    mw_telemetry_format format =
        mw_telemetry_format_of(call->request->headers[MW_HEADER_ACCEPT]);
    set_metrics(api);
    response->content_type =
        format == MW_OPENMETRICS_TEXT ? MW_MEDIA_OPENMETRICS : MW_MEDIA_PROMETHEUS;
    mw_response_header(response, "Vary", MW_STR("Accept"));
    mw_telemetry_write(api->telemetry, format, &response->body);
}

static mw_status read_now(mw_str body, int64_t *out_us, mw_error *err) {
    yyjson_doc *doc = yyjson_read(body.data, body.size, 0);
    yyjson_val *now = yyjson_obj_get(yyjson_doc_get_root(doc), "now");
    mw_str text = {yyjson_get_str(now), yyjson_get_len(now)};
    bool has_zone = false;
    bool is_time = text.data && mw_time_parse(text, out_us, &has_zone) && has_zone;
    const char *rule = "now: must be a time with its offset, such as 2013-01-01T05:00:00Z";
    mw_status status =
        mw_api_check_members(yyjson_doc_get_root(doc), (const char *[]){"now", NULL}, err);
    if (status == MW_OK && !is_time) status = mw_json_refuse(now, rule, err);
    yyjson_doc_free(doc);
    return status;
}

static mw_status move_clock(mw_api *api, mw_str body, mw_error *err) {
    mw_sequencer *sequencer = mw_service_parts(api->service)->sequencer;
    int64_t now_us = 0;
    if (!mw_sequencer_is_virtual(sequencer)) {
        mw_status status = mw_fail(err, MW_CONFLICT, "clock: this server goes by the wall clock");
        return mw_hint(err, status, "A virtual clock is had by serve --clock TIME.");
    }
    MW_TRY(read_now(body, &now_us, err));
    return mw_sequencer_set_now(sequencer, now_us, err);
}

static void answer_clock(void *context, const mw_route_call *call, mw_response *response) {
    mw_api *api = context;
    mw_error err;
    mw_status status = move_clock(api, call->request->body, &err);
    if (status != MW_OK) {
        mw_response_problem(response, status, &err);
        return;
    }
    mw_json json = mw_json_begin(&response->body);
    mw_json_object(&json);
    mw_api_write_clock(&json, api);
    mw_json_object_end(&json);
}

/* --- what the handlers share -------------------------------------------------------------- */

static mw_status fail_member(mw_str name, const char *const *names, mw_error *err) {
    mw_nearest nearest = mw_nearest_to(name);
    for (; *names; names++) mw_nearest_offer_text(&nearest, *names);
    mw_status status = mw_fail(err, MW_INVALID, "body: has no \"%.*s\"",
                               MW_STR_ARGS(mw_str_slice(name, 0, MW_NAME_SIZE_MAX)));
    return mw_hint_nearest(err, status, &nearest);
}

mw_status mw_api_check_members(yyjson_val *body, const char *const *names, mw_error *err) {
    size_t index, count;
    yyjson_val *key, *value;
    uint64_t seen = 0; /* a bit for each of the names */
    if (!yyjson_is_obj(body)) return MW_OK; /* its reader says what it must be */
    yyjson_obj_foreach(body, index, count, key, value) {
        mw_str name = {yyjson_get_str(key), yyjson_get_len(key)};
        size_t at = 0;
        while (names[at] && !mw_str_is(name, names[at])) at++;
        if (!names[at]) return fail_member(name, names, err);
        if (seen >> at & 1) return mw_fail(err, MW_INVALID, "%s: must be given once", names[at]);
        seen |= UINT64_C(1) << at;
    }
    return MW_OK;
}

mw_status mw_api_find_model(const mw_api *api, mw_str name, size_t *out_model, mw_error *err) {
    const mw_program *program = mw_service_parts(api->service)->program;
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < program->model_count; i++) {
        if (mw_str_equal(program->models[i].name, name)) {
            *out_model = i;
            return MW_OK;
        }
        mw_nearest_offer(&nearest, program->models[i].name);
    }
    mw_status status = mw_fail(err, MW_NOT_FOUND, "model: there is no \"%.*s\"",
                               MW_STR_ARGS(name));
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status, "/v1/models shows those that there are.");
}

static void write_id(mw_json *json, const mw_answer *answer) {
    char id[MW_PREDICTION_ID_SIZE + 1];
    mw_json_key(json, "id");
    if (!answer->is_recorded) {
        mw_json_null(json);
        return;
    }
    mw_prediction_id(answer->stamp, id);
    mw_json_text(json, id);
}

static void write_decision(mw_json *json, const mw_answer *answer) {
    mw_answer_write_json(json, &answer->prediction);
    if (answer->prediction.fallback != MW_BECAUSE_NONE) {
        mw_json_put_text(json, "fallback", mw_fallback_reason_word(answer->prediction.fallback));
    }
    if (answer->failure) {
        mw_json_put_text(json, "failure", answer->failure->message);
        if (answer->failure->hint[0] != 0) mw_json_put_text(json, "hint", answer->failure->hint);
    }
    if (answer->is_recorded) return;
    mw_json_put_bool(json, "recorded", false);
}

void mw_api_write_answer(mw_json *json, const mw_answer *answer) {
    write_id(json, answer);
    mw_json_put_str(json, "model", answer->prediction.model);
    mw_json_put_str(json, "version", answer->prediction.version);
    write_decision(json, answer);
}

void mw_api_write_score(mw_json *json, const mw_answer *answer) {
    write_id(json, answer);
    write_decision(json, answer);
}

void mw_api_write_clock(mw_json *json, const mw_api *api) {
    const mw_sequencer *sequencer = mw_service_parts(api->service)->sequencer;
    if (!mw_sequencer_is_virtual(sequencer)) return;
    mw_json_put_time(json, "clock", mw_sequencer_now(sequencer));
}

/* --- routes ------------------------------------------------------------------------------- */

static const mw_route routes[] = {
    {MW_HTTP_POST, "/v1/models/{model}/predict", MW_SCOPE_PREDICT, mw_api_predict, "predict",
     MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/v1/models/{model}/features", MW_SCOPE_PREDICT, mw_api_features,
     "compute_features", MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/models/{model}/features", MW_SCOPE_PREDICT, mw_api_key_features,
     "show_features_of_a_key", MW_QUERY_READ},
    {MW_HTTP_POST, "/v1/events/{stream}", MW_SCOPE_EVENTS, mw_api_events, "send_events",
     MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/predictions/{id}", MW_SCOPE_READ, mw_api_prediction, "show_prediction",
     MW_QUERY_READ},
    {MW_HTTP_GET, "/v1/predictions", MW_SCOPE_READ, mw_api_predictions, "find_predictions",
     MW_QUERY_READ},
    {MW_HTTP_GET, "/v1/models", MW_SCOPE_READ, mw_api_models, "list_models", MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/models/{model}", MW_SCOPE_READ, mw_api_model, "show_model",
     MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/models/{model}/versions", MW_SCOPE_READ, mw_api_versions, "list_versions",
     MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/v1/models/{model}/promote", MW_SCOPE_ADMIN, mw_api_promote, "promote",
     MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/v1/models/{model}/rollback", MW_SCOPE_ADMIN, mw_api_rollback, "roll_back",
     MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/streams", MW_SCOPE_READ, mw_api_streams, "list_streams", MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/v1/clock", MW_SCOPE_ADMIN, answer_clock, "move_clock", MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/healthz", MW_SCOPE_PUBLIC, answer_health, "tell_health", MW_QUERY_PASSED_OVER},
    {MW_HTTP_GET, "/readyz", MW_SCOPE_PUBLIC, answer_ready, "tell_readiness",
     MW_QUERY_PASSED_OVER},
    {MW_HTTP_GET, "/metrics", MW_SCOPE_READ, answer_metrics, "show_metrics", MW_QUERY_PASSED_OVER},
    {MW_HTTP_GET, "/openapi.json", MW_SCOPE_READ, mw_api_describe, "describe",
     MW_QUERY_PASSED_OVER},
};

/* A key promises that the request is carried out once as a whole. */
static bool takes_pieces(const mw_route *route, const mw_http_request *head) {
    bool is_of_events = route->answer == mw_api_events;
    if (head->headers[MW_HEADER_IDEMPOTENCY_KEY].data) return false;
    if (head->target.query.size > 0) return false; /* which may be refused: as a whole */
    if (is_of_events && mw_sent_is_arrow(head)) return true;
    return (is_of_events || route->answer == mw_api_predict) && mw_sent_is_lines(head);
}

mw_router mw_api_router(void) {
    mw_router router = mw_router_of(routes, sizeof routes / sizeof *routes);
    router.is_open = is_open;
    router.takes_pieces = takes_pieces;
    return router;
}
