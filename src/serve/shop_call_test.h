/*
 * shop_call: the shop of serve/shop_world_test.h, served: opened, asked, closed.
 */
#pragma once
#include "serve/sequencer_start.h"
#include "serve/shop_lake_test.h"

static inline mw_lake_snapshot shop_lake(const shop *s) {
    mw_lake_snapshot lake = {.ingest = s->lake_ingest, .last_place = s->lake_place,
                             .log_through = s->with_log ? s->log_through : INT64_MIN};
    memcpy(lake.version, s->lake_version, sizeof lake.version);
    return lake;
}

static inline mw_status shop_recall(void *context, int64_t after, mw_past **out_past,
                                    mw_error *err) {
    const shop *s = context;
    mw_lake_snapshot lake = shop_lake(s);
    bool is_all = s->with_log && after == INT64_MIN; /* else the log is read itself */
    return mw_past_of(is_all ? s->with_log : &s->history, s->program, &lake, after, out_past, err);
}

static inline mw_status shop_find_version(void *context, size_t model, const char *version,
                                          mw_champion *out_champion, mw_error *err) {
    const shop *s = context;
    char name[MW_VERSION_NAME_SIZE + 1] = "";
    if (s->before && model == SHOP_LATE) mw_version_name(s->before->bytes, name);
    if (!mw_str_is(mw_str_of(name), version))
        return mw_fail(err, MW_NOT_FOUND, "there is no version %s", version);
    *out_champion = *s->before;
    return MW_OK;
}

/* Opens the log again, as a new process would. */
static inline mw_status shop_open(shop *s, bool is_virtual, mw_error *err) {
    mw_sequencer_config config = {.sys = s->sys, .log_folder = "log",
                                  .program = s->program, .symbols = s->symbols,
                                  .sources = {s, shop_recall, shop_find_version, shop_look_back,
                                              &s->lookback_room},
                                  .checkpoint_folder = s->checkpoints,
                                  .champions = s->champions, .fallbacks = s->fallbacks,
                                  .lake = shop_lake(s), .old_entries_min = s->old_entries_min,
                                  .is_virtual = is_virtual,
                                  .clock_us = SHOP_BEGIN};
    MW_TRY(mw_sequencer_open(&config, &s->sequencer, err));
    MW_TRY(mw_sequencer_recover(s->sequencer, SIZE_MAX, err));
    mw_service_config service = {.sequencer = s->sequencer,
                                 .project = &s->project,
                                 .program = s->program,
                                 .symbols = s->symbols,
                                 .zones = s->zones,
                                 .sys = s->sys};
    MW_TRY(mw_service_create(service, &s->service, err));
    s->api = (mw_api){s->service, .telemetry = s->telemetry, .sequencer = s->sequencer};
    return MW_OK;
}

static inline void shop_close(shop *s) {
    mw_service_destroy(s->service);
    mw_sequencer_close(s->sequencer);
    s->service = NULL;
    s->sequencer = NULL;
}

static inline void shop_set_up_by(shop *s, bool is_virtual) {
    *s = (shop){.checkpoints = "checkpoints"};
    shop_declare(s);
    mw_simulated_config machine = {.seed = mw_test_seed(), .now_us = SHOP_BEGIN};
    MW_CHECK_OK(mw_simulated_create(machine, &s->sys, NULL), NULL);
    const mw_schema *schemas[8];
    for (size_t i = 0; i < s->program->stream_count; i++)
        schemas[i] = &s->program->streams[i].schema;
    MW_CHECK_OK(mw_events_init(&s->history, schemas, s->program->stream_count, NULL), NULL);
    MW_CHECK_OK(mw_events_sort(&s->history, NULL), NULL);
    MW_CHECK_OK(mw_telemetry_create(&s->telemetry, NULL), NULL);
    mw_response_init(&s->response);
    mw_error err;
    MW_CHECK_OK(shop_open(s, is_virtual, &err), &err);
}

static inline void shop_set_up(shop *s) { shop_set_up_by(s, true); }

static inline void shop_tear_down(shop *s) {
    shop_close(s);
    mw_response_release(&s->response);
    mw_telemetry_destroy(s->telemetry);
    mw_events_release(&s->history);
    mw_simulated_destroy(s->sys);
    mw_buf_release(&s->version);
    mw_symbols_destroy(s->symbols);
    mw_arena_release(&s->arena);
}

typedef struct {
    const mw_route *route; /* NULL: there is none */
    mw_http_request request;
    mw_route_call call;
} shop_sent;

static inline void shop_send(shop *s, mw_http_method method, const char *target, const char *body,
                             shop_sent *out) {
    mw_router router = mw_api_router();
    *out = (shop_sent){.request = {.method = method, .body = mw_str_of(body)}};
    MW_CHECK(mw_target_parse(mw_str_of(target), &out->request.target));
    mw_str *type = &out->request.headers[MW_HEADER_CONTENT_TYPE];
    if (body) *type = mw_str_of(strchr(body, '\n') ? "application/x-ndjson" : "application/json");
    mw_response_clear(&s->response);
    int route = mw_router_find(router, &out->request, &out->call, &s->response);
    out->call.pause = NULL;
    out->route = route < 0 ? NULL : &router.routes[route];
}

/* Hands it to its route once; what it is left in is its call's. */
static inline void shop_carry_out(shop *s, shop_sent *sent) {
    mw_str *body = &sent->request.body;
    mw_pause *before = sent->call.pause, *pause;
    sent->route->answer(&s->api, &sent->call, &s->response);
    sent->call.pause = pause = s->response.pause;
    s->response.pause = NULL;
    if (before && before != pause) before->end(before);
    if (pause) *body = mw_str_slice(*body, pause->taken, body->size);
}

/* Sends a request to the api and gives the body of its answer, whose code must be this. */
static inline mw_str shop_call(shop *s, mw_http_method method, const char *target,
                               const char *body, int code) {
    mw_router router = mw_api_router();
    shop_sent sent;
    shop_send(s, method, target, body, &sent);
    while (sent.route && router.is_open(&s->api, sent.route, &s->response)) {
        shop_carry_out(s, &sent);
        if (!sent.call.pause) break;
        while (!sent.call.pause->is_over(sent.call.pause)) {} /* simulated: it is at once */
    }
    if (s->response.code != code)
        mw_test_fail(MW_TEST_PLACE(target), "%d: %.*s", s->response.code,
                     MW_STR_ARGS(mw_str_slice(mw_buf_str(&s->response.body), 0, 4000)));
    return mw_buf_str(&s->response.body);
}

static inline bool shop_says(mw_str answer, const char *text) {
    return memmem(answer.data, answer.size, text, strlen(text)) != NULL;
}

/* A row as the service takes it; free it. */
static inline yyjson_doc *shop_row(const char *text) {
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    MW_CHECK(doc != NULL);
    return doc;
}
