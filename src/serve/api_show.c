/* The api of what can be looked at: recorded predictions, models, streams. */
#include "serve/api_parts.h"
#include "serve/query_parameters.h"

#include "lang/asked.h"
#include "table/cell_json.h"
#include "table/passing.h"

void mw_api_write_features(mw_json *json, const mw_api *api, const mw_schema *schema,
                           const mw_cell *features) {
    mw_json_object(json);
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_json_key_str(json, schema->fields[i].name);
        mw_cell_write_json(json, schema->fields[i].type, features[i],
                           mw_service_parts(api->service)->symbols);
    }
    mw_json_object_end(json);
}

/* Of a version that answers no more its archive tells. */
static void write_asked_features(mw_json *json, const mw_answer *answer) {
    if (answer->model || !answer->asked) {
        mw_asked_write_json(json, answer->model);
        return;
    }
    mw_json_key(json, "not_proved_exact");
    mw_json_array(json);
    for (size_t i = 0; i < answer->asked->field_count; i++)
        mw_json_str(json, answer->asked->fields[i].name);
    mw_json_array_end(json);
}

/* A fallback's answer says why by itself. */
static mw_status write_reasons(mw_json *json, const mw_api *api, const mw_answer *answer,
                               mw_error *err) {
    size_t model = 0;
    if (answer->prediction.fallback != MW_BECAUSE_NONE) return MW_OK;
    MW_TRY(mw_api_find_model(api, answer->prediction.model, &model, err));
    return mw_api_write_why(api, model, *answer, json, err);
}

static mw_status write_prediction(mw_json *json, const mw_api *api, int64_t stamp,
                                  bool with_reasons, mw_error *err) {
    mw_answer answer;
    mw_passing_tidy(mw_service_parts(api->service)->symbols);
    MW_TRY(mw_service_find(api->service, stamp, &answer, err));
    const mw_prediction *prediction = &answer.prediction;
    mw_json_object(json);
    mw_api_write_answer(json, &answer);
    mw_json_put_str(json, "event", prediction->event_id);
    mw_json_put_time(json, "t", prediction->t);
    mw_json_put_time(json, "place", prediction->place);
    mw_json_key(json, "features");
    if (answer.features)
        mw_api_write_features(json, api, answer.features, answer.prediction.features);
    else mw_json_null(json);
    write_asked_features(json, &answer);
    if (with_reasons) MW_TRY(write_reasons(json, api, &answer, err));
    mw_json_object_end(json);
    return MW_OK;
}

static mw_status read_switch(const mw_query_parameter *given, bool *out_is_on, mw_error *err) {
    *out_is_on = mw_str_is(given->text, "true");
    if (!given->is_given || *out_is_on || mw_str_is(given->text, "false")) return MW_OK;
    return mw_fail(err, MW_INVALID, "%s: must be true or false, got \"%.*s\"", given->name,
                   MW_STR_ARGS(mw_str_slice(given->text, 0, 100)));
}

/* GET /v1/predictions/ID[?explain=true]: with the reasons. */
static mw_status show_prediction(const mw_api *api, const mw_route_call *call, mw_buf *body,
                                 mw_error *err) {
    mw_query_parameter explain = {.name = "explain"};
    bool with_reasons;
    int64_t stamp = 0;
    MW_TRY(mw_query_parameters_read(call->request->target.query, &explain, 1, err));
    MW_TRY(read_switch(&explain, &with_reasons, err));
    if (!mw_prediction_id_parse(call->parameters[0], &stamp))
        return mw_fail(err, MW_NOT_FOUND, "prediction: there is no \"%.*s\"",
                       MW_STR_ARGS(mw_str_slice(call->parameters[0], 0, 100)));
    mw_json json = mw_json_begin(body);
    return write_prediction(&json, api, stamp, with_reasons, err);
}

void mw_api_prediction(void *context, const mw_route_call *call, mw_response *response) {
    mw_error err;
    mw_status status = show_prediction(context, call, &response->body, &err);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

/* GET /v1/predictions?event=ID[&model=NAME][&explain=true]: those that were made for the event. */
static mw_status list_predictions(const mw_api *api, const mw_route_call *call, mw_buf *body,
                                  mw_error *err) {
    const mw_service_config *parts = mw_service_parts(api->service);
    mw_query_parameter parameters[] = {{.name = "event"}, {.name = "model"}, {.name = "explain"}};
    bool with_reasons;
    MW_TRY(mw_query_parameters_read(call->request->target.query, parameters, 3, err));
    MW_TRY(read_switch(&parameters[2], &with_reasons, err));
    mw_str event = parameters[0].text;
    if (event.size == 0) {
        mw_status status = mw_fail(err, MW_INVALID, "event: must name the id of an event");
        return mw_hint(err, status, "As in /v1/predictions?event=ID, its values joined by |.");
    }
    size_t only = 0;
    if (parameters[1].is_given) MW_TRY(mw_api_find_model(api, parameters[1].text, &only, err));
    mw_json json = mw_json_begin(body);
    mw_json_object(&json);
    mw_json_key(&json, "predictions");
    mw_json_array(&json);
    for (size_t i = 0; i < parts->program->model_count; i++) {
        if (parameters[1].is_given && i != only) continue;
        const mw_ledger_found *found;
        MW_TRY(mw_ledger_find_event(mw_sequencer_ledger(parts->sequencer),
                                    parts->program->models[i].name, event, &found, err));
        if (found) MW_TRY(write_prediction(&json, api, found->stamp, with_reasons, err));
    }
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    return MW_OK;
}

void mw_api_predictions(void *context, const mw_route_call *call, mw_response *response) {
    mw_error err;
    mw_status status = list_predictions(context, call, &response->body, &err);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

/* --- models ------------------------------------------------------------------------------- */

static void write_field(mw_json *json, const mw_field *field) {
    mw_json_put_str(json, "name", field->name);
    mw_json_put_text(json, "type", mw_type_name(field->type));
}

static void write_feature_list(mw_json *json, const mw_decider *decider) {
    const mw_schema *features = mw_decider_features(decider);
    const mw_model_program *model = mw_decider_model(decider);
    mw_json_array(json);
    for (size_t i = 0; i < features->field_count; i++) {
        mw_json_object(json);
        write_field(json, &features->fields[i]);
        mw_json_put_bool(json, "proved_exact", model->features[i].process.size == 0);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

/* What its answers are: of classes which, and what decides where anything does. */
static void write_kind(mw_json *json, const mw_version *version) {
    mw_json_put_text(json, "answer", mw_answer_kind_word(version->answer));
    if (mw_answer_kind_decides(version->answer))
        mw_json_put_number(json, "threshold", version->threshold);
    if (version->answer != MW_ANSWER_CLASS) return;
    mw_json_key(json, "classes");
    mw_json_array(json);
    for (size_t i = 0; i < version->classes.names.count; i++)
        mw_json_str(json, version->classes.names.items[i]);
    mw_json_array_end(json);
}

static void write_version(mw_json *json, const mw_scorer *scorer) {
    mw_json_key(json, "version");
    if (!scorer) {
        mw_json_null(json);
        return;
    }
    const mw_version *version = mw_scorer_version(scorer);
    mw_json_str(json, mw_scorer_name(scorer));
    mw_json_put_str(json, "learner", version->learner);
    write_kind(json, version);
    mw_json_key(json, "trained");
    mw_json_object(json);
    mw_json_put_time(json, "from", version->from_us);
    mw_json_put_time(json, "to", version->to_us);
    mw_json_put_count(json, "examples", version->example_count);
    mw_json_object_end(json);
}

/* The version that was promoted and does not answer yet. */
static void write_successor(mw_json *json, const mw_sequencer *sequencer, size_t model) {
    mw_successor next = mw_sequencer_successor(sequencer, model);
    if (next.version.size == 0) return;
    mw_json_key(json, "next");
    mw_json_object(json);
    mw_successor_write_json(&next, json);
    mw_json_object_end(json);
}

static void write_model(mw_json *json, const mw_api *api, size_t number, bool with_features) {
    const mw_service_config *parts = mw_service_parts(api->service);
    const mw_model_program *model = &parts->program->models[number];
    const mw_project_model *declared = mw_project_find_model(parts->project, model->name);
    const mw_decider *decider = mw_sequencer_decider(parts->sequencer, number);
    mw_json_object(json);
    mw_json_put_str(json, "name", model->name);
    mw_json_put_str(json, "question", declared->question);
    mw_json_put_str(json, "stream", parts->program->streams[mw_decider_announcer(decider)].name);
    mw_json_put_bool(json, "asked", mw_decider_is_asked(decider));
    write_version(json, mw_decider_scorer(decider));
    write_successor(json, parts->sequencer, number);
    if (with_features) {
        mw_json_key(json, "features");
        write_feature_list(json, decider);
    }
    mw_json_object_end(json);
}

void mw_api_models(void *context, const mw_route_call *call, mw_response *response) {
    const mw_api *api = context;
    (void)call;
    mw_json json = mw_json_begin(&response->body);
    mw_json_object(&json);
    mw_json_key(&json, "models");
    mw_json_array(&json);
    for (size_t i = 0; i < mw_service_parts(api->service)->program->model_count; i++)
        write_model(&json, api, i, false);
    mw_json_array_end(&json);
    mw_json_object_end(&json);
}

void mw_api_model(void *context, const mw_route_call *call, mw_response *response) {
    size_t model = 0;
    mw_error err;
    mw_status status = mw_api_find_model(context, call->parameters[0], &model, &err);
    if (status != MW_OK) {
        mw_response_problem(response, status, &err);
        return;
    }
    mw_json json = mw_json_begin(&response->body);
    write_model(&json, context, model, true);
}

/* --- streams ------------------------------------------------------------------------------ */

static void write_columns(mw_json *json, const mw_stream_source *source) {
    mw_json_array(json);
    for (size_t i = 0; i < source->column_count; i++) {
        mw_json_object(json);
        write_field(json, &source->row.fields[i]);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

/* The fields that a process is asked for, which no row brings along. */
static void write_asked(mw_json *json, const mw_stream_source *source) {
    mw_json_array(json);
    for (size_t i = 0; i < source->ask_count; i++) {
        mw_json_object(json);
        write_field(json, &source->row.fields[source->asks[i].field]);
        mw_json_put_str(json, "process", source->asks[i].process);
        mw_json_put_bool(json, "proved_exact", false);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_id(mw_json *json, const mw_stream *stream) {
    mw_json_array(json);
    for (int32_t i = 0; i < stream->id_count; i++)
        mw_json_str(json, stream->schema.fields[stream->id_fields[i]].name);
    mw_json_array_end(json);
}

void mw_api_streams(void *context, const mw_route_call *call, mw_response *response) {
    const mw_api *api = context;
    const mw_program *program = mw_service_parts(api->service)->program;
    (void)call;
    mw_json json = mw_json_begin(&response->body);
    mw_json_object(&json);
    mw_json_key(&json, "streams");
    mw_json_array(&json);
    for (size_t i = 0; i < program->source_count; i++) {
        const mw_stream_source *source = &program->sources[i];
        mw_json_object(&json);
        mw_json_put_str(&json, "name", source->name);
        mw_json_key(&json, "id");
        write_id(&json, &program->streams[source->first_stream]);
        mw_json_key(&json, "columns");
        write_columns(&json, source);
        mw_json_key(&json, "asked");
        write_asked(&json, source);
        mw_json_object_end(&json);
    }
    mw_json_array_end(&json);
    mw_json_object_end(&json);
}
