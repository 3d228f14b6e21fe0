/* The api of predictions that clients ask for. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "serve/api_rows.h"
#include "serve/plain_event.h"
#include "table/cell_json.h"
#include "table/passing.h"

typedef struct {
    size_t model;
    bool record, explain;
} wish;

static mw_status read_wish(yyjson_val *body, wish *out_wish, mw_error *err) {
    yyjson_val *record = yyjson_obj_get(body, "record");
    yyjson_val *explain = yyjson_obj_get(body, "explain");
    if (explain && !yyjson_is_bool(explain))
        return mw_json_refuse(explain, "explain: must be true or false", err);
    if (record && !yyjson_is_bool(record))
        return mw_json_refuse(record, "record: must be true or false", err);
    out_wish->record = !yyjson_is_false(record);
    out_wish->explain = yyjson_is_true(explain);
    return MW_OK;
}

mw_status mw_api_write_why(const mw_api *api, size_t model, mw_answer answer, mw_json *json,
                           mw_error *err) {
    const mw_service_config *parts = mw_service_parts(api->service);
    mw_decider *decider = mw_sequencer_decider(parts->sequencer, model);
    mw_reasons reasons;
    if (!answer.prediction.features)
        MW_TRY(mw_service_find(api->service, answer.stamp, &answer, err));
    mw_str version = answer.prediction.version;
    if (!answer.prediction.features || !mw_decider_knows(decider, version))
        return mw_hint(err,
                       mw_fail(err, MW_NOT_BUILT,
                               "explain: of a version that answers no more is not built yet here, "
                               "got \"%.*s\"",
                               MW_STR_ARGS(version)),
                       "millwright explain MODEL --id PREDICTION does it.");
    MW_TRY(mw_decider_explain(decider, version, answer.prediction.features, &reasons, err));
    mw_json_key(json, "why");
    mw_reasons_write_json(json, &reasons, mw_decider_features(decider),
                          answer.prediction.features, parts->symbols);
    return MW_OK;
}

/* Where they are asked for; of a fallback's answer the version has none. */
static mw_status write_reasons(const mw_api *api, const wish *wished, const mw_answer *answer,
                               mw_json *json, mw_error *err) {
    bool is_own = answer->prediction.fallback == MW_BECAUSE_NONE; /* else that is the reason */
    if (!wished->explain || !is_own) return MW_OK;
    return mw_api_write_why(api, wished->model, *answer, json, err);
}

static mw_status write_answer(const mw_api *api, const wish *wished, const mw_answer *answer,
                              mw_json *json, mw_error *err) {
    mw_api_write_answer(json, answer);
    return write_reasons(api, wished, answer, json, err);
}

/* Whether any element has reasons, or was answered by the fallback instead. */
static bool is_any_explained(const mw_decider *decider, const mw_ranking *ranking) {
    for (size_t i = 0; i < ranking->count; i++) {
        const mw_ranked *one = &ranking->items[i];
        if (one->answer.prediction.fallback != MW_BECAUSE_NONE) return true;
        if (mw_decider_knows(decider, mw_str_of(one->version))) return true;
    }
    return false;
}

/* {"model", "version", "event", "predictions": [{NAME, "id", "prediction", "decision"}, ...]}; an
   element of another version names it. One whose version is known no more has no reasons: the
   others, which may just have been recorded, are told all the same. Where that is true of all,
   nothing was recorded, and it is what is wrong. */
static mw_status write_ranking(mw_api *api, const wish *wished, const mw_ranking *ranking,
                               mw_json *json, mw_error *err) {
    const mw_service_config *parts = mw_service_parts(api->service);
    const mw_decider *decider = mw_sequencer_decider(parts->sequencer, wished->model);
    bool is_explained = wished->explain && is_any_explained(decider, ranking);
    mw_json_put_str(json, "model", parts->program->models[wished->model].name);
    mw_json_put_str(json, "version", ranking->version);
    mw_json_put_str(json, "event", ranking->event_id);
    mw_json_key(json, "predictions");
    mw_json_array(json);
    for (size_t i = 0; i < ranking->count; i++) {
        const mw_ranked *one = &ranking->items[i];
        mw_json_object(json);
        mw_json_key_str(json, ranking->element.name);
        mw_cell_write_json(json, ranking->element.type, one->element, parts->symbols);
        if (!mw_str_is(ranking->version, one->version))
            mw_json_put_text(json, "version", one->version);
        mw_api_write_score(json, &one->answer);
        bool is_known = mw_decider_knows(decider, mw_str_of(one->version));
        if (is_known || !is_explained)
            MW_TRY(write_reasons(api, wished, &one->answer, json, err));
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    return MW_OK;
}

/* What the model says of a row: an answer or, with `each`, a ranking. */
typedef struct {
    bool is_ranking;
    mw_answer answer;
    mw_ranking ranking;
} said;

/* What an answer takes at most, but for the element that it is of: one is written that has all that
   any has, and numbers as long as any. Texts and descriptions among its reasons may be longer than
   they are taken for: such an answer fails once it is recorded, and is told to whoever asks again
   without them. */
static mw_status measure_answer(const mw_decider *decider, const wish *wished, size_t *out_size,
                                mw_error *err) {
    enum { ESCAPED_SIZE = 6, REASONS_SIZE = 4 << 10 };
    const double longest = -2.2250738585072014e-308;
    const mw_model_program *model = mw_decider_model(decider);
    const mw_scorer *scorer = mw_decider_scorer(decider);
    const mw_version *version = scorer ? mw_scorer_version(scorer) : NULL;
    double probabilities[MW_CLASSES_MAX];
    mw_answer answer = {.prediction = {.model = model->name,
                                       .version = MW_STR("000000000000"), /* any */
                                       .prediction = longest,
                                       .fallback = MW_BECAUSE_MISSING}};
    size_t name_size = 0, count = version ? version->classes.names.count : 0;
    for (size_t i = 0; i < count; i++) {
        probabilities[i] = longest;
        size_t size = version->classes.names.items[i].size;
        if (size > name_size) name_size = size;
    }
    if (version) {
        answer.prediction.kind = version->answer;
        answer.prediction.classes = (mw_classes){version->classes.names, probabilities};
    }
    mw_buf text;
    mw_buf_init(&text, MW_RESPONSE_BODY_SIZE_MAX);
    mw_json json = mw_json_begin(&text);
    mw_json_object(&json);
    const mw_stream *moments = &mw_decider_program(decider)->streams[model->moment_stream];
    if (model->each) mw_json_put_str(&json, "", moments->schema.fields[model->each->element].name);
    mw_api_write_answer(&json, &answer);
    mw_json_put_time(&json, "clock", 0); /* of a line */
    mw_json_object_end(&json);
    mw_status status = mw_buf_check(&text, "answer for a row", err);
    *out_size = text.size + MW_PREDICTION_ID_SIZE + ESCAPED_SIZE * name_size +
                (wished->explain ? REASONS_SIZE : 0);
    mw_buf_release(&text);
    return status;
}

enum {
    REST_SIZE = 64 << 10, /* for what is told of all rows */
    ANSWERS_SIZE_MAX = MW_RESPONSE_BODY_SIZE_MAX - REST_SIZE,
    REFUSAL_SIZE = 256, /* of a row */
};

/* An answer to a key is one piece: if it might become too large, none of its rows is taken. */
static mw_status check_whole(mw_api_rows *at, const wish *wished, const mw_decider *decider,
                             size_t row_count, mw_error *err) {
    size_t row_size = REFUSAL_SIZE;
    if (!at->is_new || !at->is_whole) return MW_OK;
    at->row_count = row_count;
    if (!mw_decider_model(decider)->each) /* else each is refused that does not fit */
        MW_TRY(measure_answer(decider, wished, &row_size, err));
    if (row_size < REFUSAL_SIZE) row_size = REFUSAL_SIZE;
    if (row_count <= ANSWERS_SIZE_MAX / row_size) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "idempotency-key: answers must be at most %d bytes together, got "
                               "up to %zu: %zu for each of %zu", ANSWERS_SIZE_MAX,
                               row_count * row_size, row_size, row_count);
    return mw_hint(err, status, "Send fewer rows at once, or no key.");
}

/* A ranking must fit what is left of the answer. */
static mw_status rank(mw_api_rows *at, const wish *wished, mw_sent_row row,
                      mw_ranking *out_ranking, mw_error *err) {
    mw_service *service = at->api->service;
    size_t left = at->row_count > at->rows.number ? at->row_count - at->rows.number : 0;
    size_t taken = at->json.out->size + left * REFUSAL_SIZE;
    mw_ranking_wish how = {.record = wished->record,
                           .size_max = taken < ANSWERS_SIZE_MAX ? ANSWERS_SIZE_MAX - taken : 0};
    MW_TRY(measure_answer(
        mw_sequencer_decider(mw_service_parts(service)->sequencer, wished->model), wished,
        &how.element_size, err));
    return mw_service_rank(service, wished->model, row.json, how, out_ranking, err);
}

static mw_status ask(mw_api_rows *at, const wish *wished, mw_sent_row row, said *out_said,
                     mw_error *err) {
    mw_service *service = at->api->service;
    out_said->is_ranking = mw_service_ranks(service, wished->model);
    if (out_said->is_ranking) return rank(at, wished, row, &out_said->ranking, err);
    return mw_service_predict(service, wished->model, row, wished->record, &out_said->answer,
                              err);
}

static mw_status write_said(mw_api *api, const wish *wished, const said *what, mw_json *json,
                            mw_error *err) {
    if (what->is_ranking) return write_ranking(api, wished, &what->ranking, json, err);
    return write_answer(api, wished, &what->answer, json, err);
}

/* --- lists ---------------------------------------------------------------------------------- */

static mw_str version_now(const mw_decider *decider) {
    const mw_scorer *scorer = mw_decider_scorer(decider);
    return scorer ? mw_scorer_name(scorer) : MW_STR("");
}

/* A list is answered by one version, though others were served in its midst. */
static mw_status check_version(mw_api_rows *at, const mw_decider *decider, mw_error *err) {
    mw_str now = version_now(decider);
    if (!at->has_version) snprintf(at->version, sizeof at->version, "%.*s", MW_STR_ARGS(now));
    at->has_version = true;
    if (mw_str_is(now, at->version)) return MW_OK;
    mw_status status =
        mw_fail(err, MW_CONFLICT, "version: %s answered the rows before, and answers no more",
                at->version[0] ? at->version : "none");
    return mw_hint(err, status, "Ask again for the rows from this one on.");
}

static int32_t source_of(const mw_api *api, const mw_decider *decider) {
    const mw_program *program = mw_service_parts(api->service)->program;
    return program->streams[mw_decider_announcer(decider)].source;
}

/* Leaves the call when enough is written, so that this leaves too. */
static void yield_part(mw_api_rows *at, mw_response *response) {
    if (at->is_whole || response->body.size < MW_API_PART_SIZE) return;
    at->leaving = MW_API_YIELDS;
    response->goes_on = true;
}

/* A version that is known no more leaves one row without its reasons, and not those behind it. */
static bool fails_alone(mw_status status) {
    return mw_api_rows_is_own_fault(status) || status == MW_NOT_BUILT;
}

static mw_status predict_row(mw_api_rows *at, const wish *wished, const mw_decider *decider,
                             yyjson_val *row, mw_error *err) {
    said what;
    mw_json before = at->json;
    size_t size = at->json.out->size;
    mw_status status = check_version(at, decider, err);
    if (status == MW_OK) status = ask(at, wished, mw_sent_json(row), &what, err);
    if (status != MW_OK && mw_receiving_awaits(mw_service_receiving(at->api->service))) {
        mw_api_rows_await(at, source_of(at->api, decider), NULL);
        return MW_OK;
    }
    mw_json_object(&at->json);
    if (status == MW_OK) status = write_said(at->api, wished, &what, &at->json, err);
    if (status != MW_OK) {
        if (!fails_alone(status)) return status;
        at->json = before;
        at->json.out->size = size;
        mw_json_object(&at->json);
        mw_api_write_refusal(&at->json, at->rows.number, err);
    }
    mw_json_object_end(&at->json);
    return MW_OK;
}

/* {"predictions": [...]} */
static mw_status predict_list(mw_api_rows *at, const wish *wished, const mw_decider *decider,
                              mw_response *response, mw_error *err) {
    if (at->is_new) {
        mw_json_object(&at->json);
        mw_json_key(&at->json, "predictions");
        mw_json_array(&at->json);
    }
    while (at->leaving == MW_API_STAYS) {
        mw_sent_row row;
        mw_sent_step step = MW_SENT_ROW;
        MW_TRY(mw_sent_rows_next(&at->rows, &row, &step, err));
        if (step != MW_SENT_ROW) {
            mw_json_array_end(&at->json);
            return MW_OK;
        }
        MW_TRY(predict_row(at, wished, decider, row.json, err));
        if (at->leaving == MW_API_STAYS) yield_part(at, response);
    }
    return MW_OK;
}

/* --- one, and lines of such ----------------------------------------------------------------- */

static const char *const members_of_one[] = {"event", "record", "explain", NULL};
static const char *const members_of_many[] = {"events", "record", "explain", NULL};

static mw_status refuse_body(mw_error *err) {
    return mw_fail(err, MW_INVALID, "body: must be {\"event\": {...}} or {\"events\": [...]}");
}

static mw_sent_row event_of(yyjson_val *body) {
    return mw_sent_json(yyjson_obj_get(body, "event"));
}

static mw_status predict_one(mw_api_rows *at, const wish *wished, mw_sent_row row,
                             mw_error *err) {
    said what;
    MW_TRY(ask(at, wished, row, &what, err));
    mw_json_object(&at->json);
    MW_TRY(write_said(at->api, wished, &what, &at->json, err));
    mw_api_write_clock(&at->json, at->api);
    mw_json_object_end(&at->json);
    return MW_OK;
}

/* What cannot be explained is refused before it is recorded. */
static mw_status prepare(mw_decider *decider, const wish *wished, mw_error *err) {
    return wished->explain ? mw_decider_prepare(decider, err) : MW_OK;
}

/* A line means what it would mean as a body of its own. */
static mw_status predict_body_of_line(mw_api_rows *at, size_t model, yyjson_val *body,
                                      mw_error *err) {
    wish wished = {.model = model};
    MW_TRY(mw_api_check_members(body, members_of_one, err));
    MW_TRY(read_wish(body, &wished, err));
    if (!yyjson_is_obj(yyjson_obj_get(body, "event")))
        return mw_fail(err, MW_INVALID, "body: must be {\"event\": {...}}");
    const mw_sequencer *sequencer = mw_service_parts(at->api->service)->sequencer;
    MW_TRY(prepare(mw_sequencer_decider(sequencer, model), &wished, err));
    return predict_one(at, &wished, event_of(body), err);
}

static mw_status predict_line(mw_api_rows *at, size_t model, yyjson_val *body, mw_buf *out,
                              mw_error *err) {
    size_t size = out->size;
    at->json = mw_json_begin(out);
    mw_status status = predict_body_of_line(at, model, body, err);
    if (status != MW_OK) out->size = size;
    if (status != MW_OK && mw_receiving_awaits(mw_service_receiving(at->api->service))) {
        const mw_sequencer *sequencer = mw_service_parts(at->api->service)->sequencer;
        mw_api_rows_await(at, source_of(at->api, mw_sequencer_decider(sequencer, model)), "event");
        return MW_OK;
    }
    return status;
}

static void refuse_line(mw_api_rows *at, mw_buf *out, const mw_error *err) {
    at->json = mw_json_begin(out);
    mw_json_object(&at->json);
    mw_api_write_refusal(&at->json, at->rows.number, err);
    mw_json_object_end(&at->json);
}

/* A line for each line, in their order. */
static mw_status predict_lines(mw_api_rows *at, size_t model, mw_response *response,
                               mw_error *err) {
    while (at->leaving == MW_API_STAYS) {
        mw_sent_row row;
        mw_sent_step step = MW_SENT_ROW;
        mw_status status = mw_sent_rows_next(&at->rows, &row, &step, err);
        if (step == MW_SENT_END) return MW_OK;
        if (step == MW_SENT_MORE) {
            at->leaving = MW_API_WANTS_BODY;
            response->goes_on = response->body.size > 0;
            return MW_OK;
        }
        if (status == MW_OK) status = predict_line(at, model, row.json, &response->body, err);
        if (status != MW_OK && !fails_alone(status)) return status;
        if (status != MW_OK) refuse_line(at, &response->body, err);
        if (at->leaving != MW_API_STAYS) return MW_OK;
        mw_buf_append_char(&response->body, '\n');
        yield_part(at, response);
    }
    return MW_OK;
}

/* Each line says for itself whether it is to be explained: one that may, counts for all. */
static mw_status check_lines(mw_api_rows *at, size_t model, const mw_decider *decider, mw_str body,
                             mw_error *err) {
    static const char explain[] = "\"explain\"";
    if (!at->is_whole) return MW_OK;
    wish wished = {.model = model};
    wished.explain = memmem(body.data, body.size, explain, sizeof explain - 1) != NULL;
    size_t row_count = 1;
    for (size_t i = 0; i < body.size; i++) row_count += body.data[i] == '\n';
    return check_whole(at, &wished, decider, row_count, err);
}

static mw_status read_members(const mw_sent_rows *rows, wish *out_wish, mw_error *err) {
    MW_TRY(mw_api_check_members(rows->root, rows->is_single ? members_of_one : members_of_many,
                                err));
    MW_TRY(read_wish(rows->root, out_wish, err));
    bool is_one = yyjson_is_obj(yyjson_obj_get(rows->root, "event"));
    if (!yyjson_is_obj(rows->root) || (rows->is_single && !is_one)) return refuse_body(err);
    return MW_OK;
}

static mw_status predict_single(mw_api_rows *at, const wish *wished, mw_sent_row row,
                                mw_error *err) {
    mw_status status = predict_one(at, wished, row, err);
    if (status == MW_OK || !mw_receiving_awaits(mw_service_receiving(at->api->service)))
        return status;
    at->leaving = MW_API_AWAITS;
    return MW_OK;
}

/* Whether the body is one event that can be read without a tree of its JSON (plain_event.h). Its
   cells stand on the desk. */
static bool read_plain(mw_api_rows *at, const mw_http_request *request, const mw_decider *decider,
                       wish *wished) {
    static_assert(MW_FIELDS_MAX * sizeof(mw_cell) <= MW_SENT_DESK_SIZE, "a row fits the desk");
    const mw_service_config *parts = mw_service_parts(at->api->service);
    const mw_model_program *model = mw_decider_model(decider);
    if (!at->is_new || !mw_sent_is_simply_json(request) || model->schedule || model->each)
        return false;
    int32_t source = source_of(at->api, decider);
    mw_plain_target target = {.source = &parts->program->sources[source],
                              .zone = parts->zones[source],
                              .symbols = parts->symbols,
                              .habit = &at->api->habits[source % MW_API_HABITS]};
    mw_plain_wish asked = {.record = true};
    mw_cell *row = (mw_cell *)(void *)at->rows.desk->bytes;
    mw_passing_tidy(parts->symbols);
    bool was_passing = mw_passing_set(parts->symbols, true);
    bool is_read = mw_plain_event_read(request->body, &target, row, &asked);
    (void)mw_passing_set(parts->symbols, was_passing);
    if (!is_read) return false;
    mw_sent_rows_pass_over(&at->rows, request);
    wished->record = asked.record;
    wished->explain = asked.explain;
    return true;
}

static mw_status answer_predict(mw_api_rows *at, const mw_route_call *call, mw_response *response,
                                mw_error *err) {
    mw_service *service = at->api->service;
    wish wished = {.model = 0};
    MW_TRY(mw_api_find_model(at->api, call->parameters[0], &wished.model, err));
    mw_decider *decider = mw_sequencer_decider(mw_service_parts(service)->sequencer, wished.model);
    response->model = (int)wished.model;
    if (read_plain(at, call->request, decider, &wished)) {
        MW_TRY(prepare(decider, &wished, err));
        mw_sent_row row = {.cells = (const mw_cell *)(const void *)at->rows.desk->bytes};
        return predict_single(at, &wished, row, err);
    }
    MW_TRY(mw_api_rows_open(at, call, NULL, err));
    if (at->rows.form == MW_SENT_AS_LINES) {
        MW_TRY(check_lines(at, wished.model, decider, call->request->body, err));
        return predict_lines(at, wished.model, response, err);
    }
    MW_TRY(read_members(&at->rows, &wished, err));
    MW_TRY(prepare(decider, &wished, err));
    if (at->rows.is_single) return predict_single(at, &wished, event_of(at->rows.root), err);
    size_t row_count = yyjson_arr_size(yyjson_obj_get(at->rows.root, "events"));
    MW_TRY(check_whole(at, &wished, decider, row_count, err));
    MW_TRY(predict_list(at, &wished, decider, response, err));
    if (at->leaving != MW_API_STAYS) return MW_OK;
    mw_api_write_clock(&at->json, at->api);
    mw_json_object_end(&at->json);
    return MW_OK;
}

static void carry_out(void *context, const mw_route_call *call, mw_response *response) {
    mw_api_rows_carry_out(context, call, response, answer_predict);
}

void mw_api_predict(void *context, const mw_route_call *call, mw_response *response) {
    mw_api_once(context, call, carry_out, response);
    bool is_lines = mw_sent_is_lines(call->request) && !mw_response_is_problem(response);
    if (is_lines) response->content_type = MW_MEDIA_LINES;
}
