/* The api of what clients send row by row: events and requests for predictions. */
#include <stdalign.h>
#include <string.h>

#include "serve/api_parts.h"
#include "table/cell_json.h"

enum { DESK_SIZE = 64 << 10 };

/* What the JSON of a usual request (of 5 KiB) is parsed into, so that it takes no memory of the
   heap; it stands on the stack of the handler. */
typedef struct {
    alignas(16) char bytes[DESK_SIZE];
} desk;

/* One request's rows, whether they come as an object, a list, {"events": [...]}, lines or an Arrow
   stream. */
typedef struct {
    desk *desk;
    const mw_stream_source *source; /* whose rows an Arrow stream may have; NULL: it may not come */
    mw_sent_arrow arrow;
    mw_str lines;      /* what is left of a body of lines; data is NULL where it is JSON */
    yyjson_doc *doc;   /* of the body, or of the line at hand */
    yyjson_val *root;
    yyjson_arr_iter items;
    bool is_single;    /* the body is one row */
    size_t number;     /* of the row given last, from 1 */
} rows;

static bool type_has(const mw_http_request *request, const char *word) {
    mw_str type = request->headers[MW_HEADER_CONTENT_TYPE];
    return type.data && memmem(type.data, type.size, word, strlen(word));
}

static bool is_arrow(const rows *all, const mw_http_request *request) {
    return all->source && type_has(request, "vnd.apache.arrow.stream");
}

/* Tools send JSON as forms when nobody tells them otherwise; that is taken too. */
static mw_status check_type(const rows *all, const mw_http_request *request, mw_error *err) {
    mw_str type = request->headers[MW_HEADER_CONTENT_TYPE];
    if (!type.data || type_has(request, "json") || type_has(request, "urlencoded") ||
        is_arrow(all, request))
        return MW_OK;
    return mw_fail(err, MW_WRONG_TYPE,
                   "content-type: must be application/json, application/x-ndjson or, for events, "
                   "application/vnd.apache.arrow.stream, got %.*s",
                   MW_STR_ARGS(mw_str_slice(type, 0, 100)));
}

static void *allocate_json(void *context, size_t size) {
    (void)context;
    return mw_resize(NULL, size);
}

static void *resize_json(void *context, void *memory, size_t size_before, size_t size) {
    (void)context;
    (void)size_before;
    return mw_resize(memory, size);
}

static void free_json(void *context, void *memory) {
    (void)context;
    mw_free(memory);
}

yyjson_alc mw_api_json_memory(void) {
    return (yyjson_alc){allocate_json, resize_json, free_json, NULL};
}

mw_status mw_api_parse(mw_str text, yyjson_alc memory, yyjson_doc **out_doc, mw_error *err) {
    yyjson_read_err failure;
    char *bytes = (char *)(uintptr_t)text.data; /* read only, without the flag to work in place */
    yyjson_doc *doc = yyjson_read_opts(bytes, text.size, 0, &memory, &failure);
    if (!doc)
        return mw_fail(err, MW_MALFORMED, "body: must be JSON, but at byte %zu: %s", failure.pos,
                       failure.msg);
    *out_doc = doc;
    return MW_OK;
}

/* On the desk if it is sure to fit. One document stands at a time. */
static mw_status parse(desk *at, mw_str text, yyjson_doc **out_doc, mw_error *err) {
    yyjson_alc memory = mw_api_json_memory();
    if (yyjson_read_max_memory_usage(text.size, 0) <= DESK_SIZE)
        yyjson_alc_pool_init(&memory, at->bytes, DESK_SIZE);
    return mw_api_parse(text, memory, out_doc, err);
}

/* `members` are those that may stand beside a list of rows, itself among them. */
static mw_status rows_begin(rows *all, const mw_http_request *request, const char *const *members,
                            mw_error *err) {
    MW_TRY(check_type(all, request, err));
    if (is_arrow(all, request))
        return mw_sent_arrow_begin(request->body, all->source, &all->arrow, err);
    if (type_has(request, "ndjson")) {
        all->lines = request->body;
        return MW_OK;
    }
    MW_TRY(parse(all->desk, request->body, &all->doc, err));
    all->root = yyjson_doc_get_root(all->doc);
    yyjson_val *list = all->root;
    if (yyjson_is_obj(list) && yyjson_is_arr(yyjson_obj_get(list, "events"))) {
        MW_TRY(mw_api_check_members(list, members, err));
        list = yyjson_obj_get(list, "events");
    }
    all->is_single = !yyjson_is_arr(list);
    if (!all->is_single) all->items = yyjson_arr_iter_with(list);
    return MW_OK;
}

static mw_status next_line(rows *all, yyjson_val **out_row, mw_error *err) {
    mw_str line;
    *out_row = NULL;
    while (mw_str_split(&all->lines, '\n', &line)) {
        line = mw_str_trim(line);
        if (line.size == 0) continue;
        yyjson_doc_free(all->doc);
        all->doc = NULL;
        all->number++;
        MW_TRY(parse(all->desk, line, &all->doc, err));
        *out_row = yyjson_doc_get_root(all->doc);
        return MW_OK;
    }
    return MW_OK;
}

static mw_status next_row_of_arrow(rows *all, mw_sent_row *out_row, bool *out_found,
                                   mw_error *err) {
    MW_TRY(mw_sent_arrow_next(&all->arrow, out_found, err));
    *out_row = (mw_sent_row){.arrow = &all->arrow};
    all->number += *out_found;
    return MW_OK;
}

/* `*out_found` is false at the end. A line that is no JSON fails alone (fails_alone): the next one
   can be asked for. */
static mw_status rows_next(rows *all, mw_sent_row *out_row, bool *out_found, mw_error *err) {
    *out_found = false;
    if (all->arrow.reader) return next_row_of_arrow(all, out_row, out_found, err);
    yyjson_val *row = NULL;
    if (all->lines.data) {
        MW_TRY(next_line(all, &row, err));
    } else {
        if (all->is_single) row = all->number == 0 ? all->root : NULL;
        else row = yyjson_arr_iter_next(&all->items);
        all->number += row != NULL;
    }
    *out_row = mw_sent_json(row);
    *out_found = row != NULL;
    return MW_OK;
}

static bool fails_alone(const rows *all) { return !all->arrow.reader; }

/* Goes to the row of a number, over those that were answered before. */
static mw_status skip_rows(rows *all, size_t count, mw_error *err) {
    bool is_found = true;
    while (is_found && all->number < count) {
        mw_sent_row row;
        mw_status status = rows_next(all, &row, &is_found, err);
        if (status == MW_OK) continue;
        if (!fails_alone(all)) return status;
        is_found = true;
    }
    return MW_OK;
}

static void rows_end(rows *all) {
    yyjson_doc_free(all->doc);
    mw_sent_arrow_end(&all->arrow);
}

/* A row's own fault; anything else fails the request. */
static bool is_of_row(mw_status status) { return mw_status_http(status) < 500; }

void mw_api_write_refusal(mw_json *json, size_t number, const mw_error *err) {
    mw_json_key(json, "row");
    mw_json_int(json, (int64_t)number);
    mw_json_key(json, "reason");
    mw_json_text(json, err->message);
    if (err->hint[0] == 0) return;
    mw_json_key(json, "hint");
    mw_json_text(json, err->hint);
}

/* --- pauses -------------------------------------------------------------------------------- */

/* What has been answered of a request. */
typedef struct {
    size_t answered; /* rows */
    size_t accepted, corrections, repeats;
    mw_json json;
} progress;

/* A request that waits for what its rows correct, or for answers to what they ask. */
typedef struct {
    mw_pause base; /* first, so that a pause is this one */
    mw_api *api;
    mw_awaited awaited;
    progress done;
    mw_buf body; /* that was written */
} looking;

static bool is_over(mw_pause *pause) {
    const mw_awaited *awaited = &((looking *)pause)->awaited;
    bool is_wanted = !pause->is_forsaken;
    bool is_read = !awaited->lookback || mw_lookback_run(awaited->lookback, is_wanted);
    bool is_answered = !awaited->enquiry || mw_enquiry_run(awaited->enquiry, is_wanted);
    return is_read && is_answered;
}

static void end_pause(mw_pause *pause) {
    looking *at = (looking *)pause;
    at->api->waiting--;
    mw_lookback_destroy(at->awaited.lookback);
    mw_enquiry_destroy(at->awaited.enquiry);
    mw_buf_release(&at->body);
    mw_free(at);
}

/* What the other rows will need is awaited with it. One that cannot be read says so in its
   turn. */
static void foresee_rest(mw_api *api, int32_t source, rows *all) {
    for (;;) {
        mw_sent_row row;
        bool is_found = false;
        mw_error ignored;
        mw_status status = rows_next(all, &row, &is_found, &ignored);
        bool has_ended = status == MW_OK ? !is_found : !fails_alone(all);
        if (has_ended) return;
        if (status == MW_OK) mw_service_foresee(api->service, source, row);
    }
}

/* Whether the request may wait too. One that has waited before is taken to its end. */
static mw_status check_room(mw_api *api, const mw_route_call *call, mw_error *err) {
    if (call->pause || api->waiting < MW_API_WAITING_MAX) return MW_OK;
    api->waiting_refused++;
    return mw_fail(err, MW_BUSY,
                   "request: at most %d may wait for what they correct or ask, got more",
                   MW_API_WAITING_MAX);
}

/* What was written goes with the pause. */
static mw_status begin_pause(mw_api *api, mw_response *response, looking **out_at,
                             mw_error *err) {
    looking *at = mw_allocate(sizeof *at);
    if (!at) return mw_fail(err, MW_NO_MEMORY, "api: no memory");
    at->base = (mw_pause){.is_over = is_over, .end = end_pause};
    at->api = api;
    mw_status status = mw_service_await(api->service, &at->awaited, err);
    if (status != MW_OK) {
        mw_free(at);
        return status;
    }
    at->body = response->body;
    mw_buf_init(&response->body, MW_RESPONSE_BODY_SIZE_MAX);
    response->pause = &at->base;
    api->waiting++;
    *out_at = at;
    return MW_OK;
}

mw_status mw_api_leave(mw_api *api, const mw_route_call *call, mw_response *response,
                       mw_error *err) {
    looking *at;
    MW_TRY(check_room(api, call, err));
    return begin_pause(api, response, &at, err);
}

bool mw_api_return(mw_api *api, const mw_route_call *call) {
    looking *at = (looking *)call->pause;
    if (!at) return false;
    mw_service_remember(api->service, at->awaited);
    at->awaited = (mw_awaited){NULL, NULL};
    return true;
}

/* Leaves the request in a pause, the row given last being one that the service awaits something
   for. */
static mw_status leave(mw_api *api, int32_t source, rows *all, const progress *done,
                       mw_response *response, mw_error *err) {
    looking *at;
    size_t answered = all->number > 0 ? all->number - 1 : 0;
    foresee_rest(api, source, all);
    MW_TRY(begin_pause(api, response, &at, err));
    at->done = *done;
    at->done.answered = answered;
    return MW_OK;
}

/* Goes on where the request was left; false if it was not. The rows that were answered are to be
   skipped. */
static bool come_back(mw_api *api, const mw_route_call *call, mw_response *response,
                      progress *out_done) {
    looking *at = (looking *)call->pause;
    if (!mw_api_return(api, call)) return false;
    mw_buf_release(&response->body);
    response->body = at->body;
    mw_buf_init(&at->body, MW_RESPONSE_BODY_SIZE_MAX);
    *out_done = at->done;
    out_done->json.out = &response->body;
    return true;
}

/* --- events --------------------------------------------------------------------------------- */

static mw_status take_rows(mw_api *api, int32_t source, rows *all, progress *at, mw_error *err) {
    for (;;) {
        mw_sent_row row;
        bool is_found = false;
        mw_event_standing standing = MW_EVENT_REPEATS;
        mw_status status = rows_next(all, &row, &is_found, err);
        if (status == MW_OK && !is_found) return MW_OK;
        if (status == MW_OK) status = mw_service_take(api->service, source, row, &standing, err);
        if (status == MW_OK) {
            at->accepted += standing == MW_EVENT_NEW;
            at->corrections += standing == MW_EVENT_CONFLICTS;
            at->repeats += standing == MW_EVENT_REPEATS;
            continue;
        }
        if (!is_of_row(status)) return status;
        mw_json_object(&at->json);
        mw_api_write_refusal(&at->json, all->number, err);
        mw_json_object_end(&at->json);
    }
}

static mw_status answer_events(mw_api *api, const mw_route_call *call, rows *all,
                               mw_response *response, mw_error *err) {
    const mw_program *program = mw_service_parts(api->service)->program;
    int32_t source = mw_program_find_source(program, call->parameters[0]);
    progress at = {.json = mw_json_begin(&response->body)};
    mw_json *json = &at.json;
    if (source < 0)
        return mw_fail(err, MW_NOT_FOUND, "stream: there is no \"%.*s\"",
                       MW_STR_ARGS(call->parameters[0]));
    all->source = &program->sources[source];
    MW_TRY(rows_begin(all, call->request, (const char *[]){"events", NULL}, err));
    if (!come_back(api, call, response, &at)) {
        mw_json_object(json);
        mw_json_key(json, "rejected");
        mw_json_array(json);
    }
    MW_TRY(skip_rows(all, at.answered, err));
    mw_status status = take_rows(api, source, all, &at, err);
    if (status != MW_OK && mw_service_awaits(api->service)) {
        MW_TRY(check_room(api, call, err));
        return leave(api, source, all, &at, response, err);
    }
    MW_TRY(status);
    mw_json_array_end(json);
    mw_json_key(json, "accepted");
    mw_json_int(json, (int64_t)at.accepted);
    mw_json_key(json, "repeats");
    mw_json_int(json, (int64_t)at.repeats);
    mw_json_key(json, "corrections");
    mw_json_int(json, (int64_t)at.corrections);
    mw_api_write_clock(json, api);
    mw_json_object_end(json);
    return MW_OK;
}

static void carry_out_events(void *context, const mw_route_call *call, mw_response *response) {
    desk at;
    rows all = {.desk = &at};
    mw_error err = {0};
    mw_status status = answer_events(context, call, &all, response, &err);
    rows_end(&all);
    mw_service_remember(((mw_api *)context)->service, (mw_awaited){NULL, NULL});
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

void mw_api_events(void *context, const mw_route_call *call, mw_response *response) {
    mw_api_once(context, call, carry_out_events, response);
}

/* --- predictions ---------------------------------------------------------------------------- */

typedef struct {
    size_t model;
    bool record, explain;
    bool has_list;
} wish;

static mw_status read_wish(const rows *all, wish *out_wish, mw_error *err) {
    yyjson_val *record = yyjson_obj_get(all->root, "record");
    yyjson_val *explain = yyjson_obj_get(all->root, "explain");
    if (explain && !yyjson_is_bool(explain))
        return mw_json_refuse(explain, "explain: must be true or false", err);
    if (record && !yyjson_is_bool(record))
        return mw_json_refuse(record, "record: must be true or false", err);
    if (!yyjson_is_obj(all->root) ||
        (all->is_single && !yyjson_is_obj(yyjson_obj_get(all->root, "event"))))
        return mw_fail(err, MW_INVALID,
                       "body: must be {\"event\": {...}} or {\"events\": [...]}");
    out_wish->record = !yyjson_is_false(record);
    out_wish->explain = yyjson_is_true(explain);
    out_wish->has_list = !all->is_single;
    return MW_OK;
}

/* Of an answer that stood already, the features are read back. */
static mw_status write_why(mw_api *api, size_t model, mw_answer answer, mw_json *json,
                           mw_error *err) {
    const mw_service_config *parts = mw_service_parts(api->service);
    mw_decider *decider = mw_sequencer_decider(parts->sequencer, model);
    mw_reasons reasons;
    if (!answer.prediction.features)
        MW_TRY(mw_service_find(api->service, answer.stamp, &answer, err));
    const mw_scorer *scorer = mw_decider_scorer(decider);
    if (!scorer || !answer.prediction.features ||
        !mw_str_equal(answer.prediction.version, mw_scorer_name(scorer)))
        return mw_hint(err,
                       mw_fail(err, MW_NOT_BUILT,
                               "explain: of a version that answers no more is not built yet here, "
                               "got \"%.*s\"",
                               MW_STR_ARGS(answer.prediction.version)),
                       "millwright explain MODEL --id PREDICTION does it.");
    MW_TRY(mw_decider_explain(decider, answer.prediction.features, &reasons, err));
    mw_json_key(json, "why");
    mw_reasons_write_json(json, &reasons, mw_decider_features(decider),
                          answer.prediction.features, parts->symbols);
    return MW_OK;
}

static mw_status write_answer(mw_api *api, const wish *wished, const mw_answer *answer,
                              mw_json *json, mw_error *err) {
    mw_api_write_answer(json, answer);
    bool is_own = answer->prediction.fallback == MW_BECAUSE_NONE; /* else that is the reason */
    return wished->explain && is_own ? write_why(api, wished->model, *answer, json, err) : MW_OK;
}

/* {"model", "version", "event", "predictions": [{NAME, "id", "prediction", "decision"}, ...]} */
static mw_status write_ranking(mw_api *api, const wish *wished, const mw_ranking *ranking,
                               mw_json *json, mw_error *err) {
    const mw_service_config *parts = mw_service_parts(api->service);
    mw_json_key(json, "model");
    mw_json_str(json, parts->program->models[wished->model].name);
    mw_json_key(json, "version");
    mw_json_str(json, ranking->version);
    mw_json_key(json, "event");
    mw_json_str(json, ranking->event_id);
    mw_json_key(json, "predictions");
    mw_json_array(json);
    for (size_t i = 0; i < ranking->count; i++) {
        const mw_ranked *one = &ranking->items[i];
        mw_json_object(json);
        mw_json_key_str(json, ranking->element.name);
        mw_cell_write_json(json, ranking->element.type, one->element, parts->symbols);
        mw_api_write_score(json, &one->answer);
        if (wished->explain) MW_TRY(write_why(api, wished->model, one->answer, json, err));
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

static mw_status ask(mw_api *api, const wish *wished, yyjson_val *row, said *out_said,
                     mw_error *err) {
    out_said->is_ranking = mw_service_ranks(api->service, wished->model);
    if (out_said->is_ranking)
        return mw_service_rank(api->service, wished->model, row, wished->record,
                               &out_said->ranking, err);
    return mw_service_predict(api->service, wished->model, row, wished->record,
                              &out_said->answer, err);
}

static mw_status write_said(mw_api *api, const wish *wished, const said *what, mw_json *json,
                            mw_error *err) {
    if (what->is_ranking) return write_ranking(api, wished, &what->ranking, json, err);
    return write_answer(api, wished, &what->answer, json, err);
}

static mw_status predict_rows(mw_api *api, const wish *wished, rows *all, mw_json *json,
                              mw_error *err) {
    for (;;) {
        mw_sent_row row;
        bool is_found = false;
        said what;
        MW_TRY(rows_next(all, &row, &is_found, err));
        if (!is_found) return MW_OK;
        mw_status status = ask(api, wished, row.json, &what, err);
        if (status != MW_OK && !is_of_row(status)) return status;
        mw_json_object(json);
        if (status == MW_OK) MW_TRY(write_said(api, wished, &what, json, err));
        else mw_api_write_refusal(json, all->number, err);
        mw_json_object_end(json);
    }
}

/* The row, or all of the list. */
static mw_status answer_wish(mw_api *api, const wish *wished, rows *all, bool is_new,
                             mw_json *json, mw_error *err) {
    said what;
    if (!wished->has_list) {
        all->number = 1; /* and there is no other */
        MW_TRY(ask(api, wished, yyjson_obj_get(all->root, "event"), &what, err));
    }
    if (is_new || !wished->has_list) mw_json_object(json);
    if (!wished->has_list) return write_said(api, wished, &what, json, err);
    if (is_new) {
        mw_json_key(json, "predictions");
        mw_json_array(json);
    }
    MW_TRY(predict_rows(api, wished, all, json, err));
    mw_json_array_end(json);
    return MW_OK;
}

static mw_status answer_predict(mw_api *api, const mw_route_call *call, rows *all,
                                mw_response *response, mw_error *err) {
    static const char *const one[] = {"event", "record", "explain", NULL};
    static const char *const many[] = {"events", "record", "explain", NULL};
    const mw_service_config *parts = mw_service_parts(api->service);
    wish wished = {.record = true};
    progress at = {.json = mw_json_begin(&response->body)};
    MW_TRY(mw_api_find_model(api, call->parameters[0], &wished.model, err));
    mw_decider *decider = mw_sequencer_decider(parts->sequencer, wished.model);
    response->model = (int)wished.model;
    MW_TRY(rows_begin(all, call->request, many, err));
    if (all->is_single) MW_TRY(mw_api_check_members(all->root, one, err));
    MW_TRY(read_wish(all, &wished, err));
    if (wished.explain) /* what cannot be explained is refused before it is recorded */
        MW_TRY(mw_decider_prepare(decider, err));
    bool is_new = !come_back(api, call, response, &at);
    MW_TRY(skip_rows(all, at.answered, err));
    mw_status status = answer_wish(api, &wished, all, is_new, &at.json, err);
    if (status != MW_OK && mw_service_awaits(api->service)) {
        int32_t stream = mw_decider_announcer(decider);
        MW_TRY(check_room(api, call, err));
        return leave(api, parts->program->streams[stream].source, all, &at, response, err);
    }
    MW_TRY(status);
    mw_api_write_clock(&at.json, api);
    mw_json_object_end(&at.json);
    return MW_OK;
}

static void carry_out_predict(void *context, const mw_route_call *call, mw_response *response) {
    desk at;
    rows all = {.desk = &at};
    mw_error err = {0};
    mw_status status = answer_predict(context, call, &all, response, &err);
    rows_end(&all);
    mw_service_remember(((mw_api *)context)->service, (mw_awaited){NULL, NULL});
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

void mw_api_predict(void *context, const mw_route_call *call, mw_response *response) {
    mw_api_once(context, call, carry_out_predict, response);
}
