/* The api of features alone: what a model would see of an event, or of a key, now. Nothing is
   recorded. */
#include "lang/asked.h"
#include "serve/api_parts.h"
#include "serve/keyed.h"
#include "table/cell_json.h"

/* With `each`: a row each element, in the order of the ranking. */
static mw_status write_elements(mw_json *json, const mw_api *api, size_t model, yyjson_val *event,
                                mw_error *err) {
    mw_ranking ranking;
    const mw_service_config *parts = mw_service_parts(api->service);
    MW_TRY(mw_service_rank(api->service, model, event, (mw_ranking_wish){.size_max = SIZE_MAX},
                           &ranking, err));
    const mw_decider *decider = mw_sequencer_decider(parts->sequencer, model);
    mw_json_object(json);
    mw_json_put_str(json, "event", ranking.event_id);
    mw_json_put_time(json, "t", ranking.count > 0 ? ranking.t : MW_TIME_MISSING);
    mw_json_put_time(json, "place", ranking.count > 0 ? ranking.place : MW_TIME_MISSING);
    mw_json_key(json, "rows");
    mw_json_array(json);
    for (size_t i = 0; i < ranking.count; i++) {
        const mw_ranked *one = &ranking.items[i];
        mw_json_object(json);
        mw_json_key_str(json, ranking.element.name);
        mw_cell_write_json(json, ranking.element.type, one->element, parts->symbols);
        mw_json_key(json, "features");
        mw_api_write_features(json, api, mw_decider_features(decider),
                              one->answer.prediction.features);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_asked_write_json(json, mw_decider_model(decider));
    mw_json_object_end(json);
    return MW_OK;
}

static mw_status write_row(mw_json *json, const mw_api *api, size_t model, yyjson_val *event,
                           mw_error *err) {
    if (mw_service_ranks(api->service, model))
        return write_elements(json, api, model, event, err);
    mw_answer answer;
    MW_TRY(mw_service_see(api->service, model, event, &answer, err));
    const mw_decider *decider =
        mw_sequencer_decider(mw_service_parts(api->service)->sequencer, model);
    mw_json_object(json);
    mw_json_put_str(json, "event", answer.prediction.event_id);
    mw_json_put_time(json, "t", answer.prediction.t);
    mw_json_put_time(json, "place", answer.prediction.place);
    mw_json_key(json, "features");
    mw_api_write_features(json, api, mw_decider_features(decider), answer.prediction.features);
    mw_asked_write_json(json, mw_decider_model(decider));
    mw_json_object_end(json);
    return MW_OK;
}

/* What the rows from one on need is awaited together. */
static void foresee(const mw_api *api, size_t model, yyjson_val *events, size_t from) {
    const mw_service_config *parts = mw_service_parts(api->service);
    int32_t stream = mw_decider_announcer(mw_sequencer_decider(parts->sequencer, model));
    int32_t source = parts->program->streams[stream].source;
    mw_receiving *receiving = mw_service_receiving(api->service);
    size_t index, count;
    yyjson_val *event;
    yyjson_arr_foreach(events, index, count, event)
        if (index >= from) mw_receiving_foresee(receiving, source, mw_sent_json(event));
}

/* A row that is refused takes its place with the reason; anything else fails the request. */
static mw_status write_rows(mw_json *json, const mw_api *api, size_t model, yyjson_val *events,
                            mw_error *err) {
    size_t index, count;
    yyjson_val *event;
    mw_json_array(json);
    yyjson_arr_foreach(events, index, count, event) {
        mw_status status = write_row(json, api, model, event, err);
        if (status == MW_OK) continue;
        if (mw_receiving_awaits(mw_service_receiving(api->service)))
            foresee(api, model, events, index + 1);
        if (mw_status_http(status) >= 500) return status;
        mw_json_object(json);
        mw_api_write_refusal(json, index + 1, err);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    return MW_OK;
}

static mw_status write_answer(const mw_api *api, size_t model, yyjson_val *root, mw_buf *body,
                              mw_error *err) {
    yyjson_val *event = yyjson_obj_get(root, "event"), *events = yyjson_obj_get(root, "events");
    const char *const members[] = {yyjson_is_obj(event) ? "event" : "events", NULL};
    mw_json json = mw_json_begin(body);
    MW_TRY(mw_api_check_members(root, members, err));
    if (yyjson_is_obj(event)) return write_row(&json, api, model, event, err);
    if (!yyjson_is_arr(events))
        return mw_fail(err, MW_INVALID,
                       "body: must be {\"event\": {...}} or {\"events\": [...]}");
    mw_json_object(&json);
    mw_json_key(&json, "rows");
    MW_TRY(write_rows(&json, api, model, events, err));
    mw_json_object_end(&json);
    return MW_OK;
}

static mw_status answer_features(const mw_api *api, const mw_route_call *call, mw_buf *body,
                                 mw_error *err) {
    size_t model = 0;
    mw_str text = call->request->body;
    MW_TRY(mw_api_find_model(api, call->parameters[0], &model, err));
    yyjson_doc *doc = NULL;
    MW_TRY(mw_sent_parse(text, mw_sent_json_memory(), &doc, err));
    mw_status status = write_answer(api, model, yyjson_doc_get_root(doc), body, err);
    yyjson_doc_free(doc);
    return status;
}

void mw_api_features(void *context, const mw_route_call *call, mw_response *response) {
    mw_api *api = context;
    mw_receiving *receiving = mw_service_receiving(api->service);
    mw_error err = {0};
    (void)mw_api_return(api, call);
    mw_status status = answer_features(api, call, &response->body, &err);
    if (status != MW_OK && mw_receiving_awaits(receiving))
        status = mw_api_leave(api, call, response, &err);
    mw_receiving_remember(receiving, (mw_row_needs){NULL, NULL});
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

/* --- of a key ------------------------------------------------------------------------------- */

enum { KEYED_SIZE_MAX = 1 << 24 };

static void write_lacks(mw_json *json, const mw_keyed *keyed, size_t feature) {
    const bool *lacks = &keyed->lacks[feature * keyed->fields->field_count];
    mw_json_key_str(json, keyed->features->fields[feature].name);
    mw_json_array(json);
    for (size_t i = 0; i < keyed->fields->field_count; i++)
        if (lacks[i]) mw_json_str(json, keyed->fields->fields[i].name);
    mw_json_array_end(json);
}

/* {"model", "version", "t", "place", "features": {NAME: value}, "not_proved_exact": [NAME, ...],
   "lacks": {NAME: [FIELD, ...]}} */
static void write_keyed(mw_json *json, const mw_api *api, size_t number, const mw_keyed *keyed) {
    const mw_service_config *parts = mw_service_parts(api->service);
    const mw_schema *features = keyed->features;
    mw_json_object(json);
    mw_json_put_str(json, "model", parts->program->models[number].name);
    mw_json_key(json, "version");
    if (keyed->version.size > 0) mw_json_str(json, keyed->version);
    else mw_json_null(json);
    mw_json_put_time(json, "t", keyed->t);
    mw_json_put_time(json, "place", keyed->place);
    mw_json_key(json, "features");
    mw_json_object(json);
    for (size_t i = 0; i < features->field_count; i++) {
        if (!mw_keyed_is_whole(keyed, i)) continue;
        mw_json_key_str(json, features->fields[i].name);
        mw_cell_write_json(json, features->fields[i].type, keyed->cells[i],
                           parts->symbols);
    }
    mw_json_object_end(json);
    mw_asked_write_json(json, mw_decider_model(mw_sequencer_decider(parts->sequencer, number)));
    mw_json_key(json, "lacks");
    mw_json_object(json);
    for (size_t i = 0; i < features->field_count; i++)
        if (!mw_keyed_is_whole(keyed, i)) write_lacks(json, keyed, i);
    mw_json_object_end(json);
    mw_api_write_clock(json, api);
    mw_json_object_end(json);
}

static mw_status answer_key(const mw_api *api, const mw_route_call *call, mw_buf *body,
                            mw_arena *arena, mw_error *err) {
    size_t model = 0;
    mw_keyed keyed;
    MW_TRY(mw_api_find_model(api, call->parameters[0], &model, err));
    MW_TRY(mw_service_see_key(api->service, model, call->request->target.query, arena, &keyed,
                              err));
    mw_json json = mw_json_begin(body);
    write_keyed(&json, api, model, &keyed);
    return MW_OK;
}

void mw_api_key_features(void *context, const mw_route_call *call, mw_response *response) {
    mw_error err = {0};
    mw_arena arena;
    mw_arena_init(&arena, KEYED_SIZE_MAX);
    mw_status status = answer_key(context, call, &response->body, &arena, &err);
    mw_arena_release(&arena);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}
