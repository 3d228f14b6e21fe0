/*
 * shop_fixture: a small project that is served, on a simulated machine, for the tests of what
 * stands between HTTP and the log.
 *
 * Orders are predicted when they are asked for (model quick); deliveries, known a day ahead,
 * an hour before their time (model late). One version, a constant, answers for both.
 */
#pragma once
#include <math.h>
#include <string.h>

#include "serve/api.h"
#include "sys/simulated.h"
#include "testing/declare.h"
#include "testing/test.h"

#define SHOP_BEGIN (100 * MW_DAY_US) /* 1970-04-11 */

static const char shop_text[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time, refund number\n"
    "  time: at\n"
    "  id: number\n"
    "  later refund: at + 2d\n"
    "stream deliveries:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  known: time - 1d\n"
    "  id: number\n"
    "feature busy: count(orders by shop over 24h)\n"
    "model quick:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d)\n"
    "model late:\n"
    "  moment: on deliveries at time - 1h\n"
    "  label: count(orders by shop over next 1d)\n";

enum { SHOP_QUICK, SHOP_LATE };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_column_check check; /* of orders */
    mw_project_stream streams[2];
    mw_project_model models[2];
    mw_project project;
    const mw_zone *zones[2];
    mw_sys *sys;
    mw_events history;
    mw_buf version;
    mw_str versions[2];
    mw_sequencer *sequencer;
    mw_service *service;
    mw_telemetry *telemetry;
    mw_api api;
    mw_response response;
} shop;

/* A version whose one leaf says yes with the odds of e to 1. */
static inline void shop_encode_version(shop *s) {
    mw_forest_head head = {1, 1, MW_OUTPUT_SIGMOID, false, 1};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1};
    mw_buf bytes;
    const mw_forest *forest;
    mw_buf_init(&bytes, 1 << 16);
    mw_forest_node_append(&bytes, &leaf);
    MW_CHECK_OK(mw_forest_make(&s->arena, &head, mw_buf_str(&bytes), &forest, NULL), NULL);
    mw_cell cells[] = {mw_cell_number(1), mw_cell_number(2)};
    mw_column column = {cells, 1, 2};
    mw_profile *profile;
    MW_CHECK_OK(mw_profile_create(&s->arena, s->symbols, 2, &profile, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("busy"), MW_TYPE_NUMBER, column, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("prediction"), MW_TYPE_NUMBER, column, NULL),
                NULL);
    mw_buf_clear(&bytes);
    mw_profile_encode(profile, &bytes);
    mw_model_feature busy = {.name = MW_STR("busy"), .type = MW_TYPE_NUMBER};
    mw_version version = {.model = MW_STR("quick"),
                          .project = MW_STR("project: shop\n"),
                          .zone = MW_STR("UTC"),
                          .features = {&busy, 1},
                          .forest = forest,
                          .threshold = 0.5,
                          .learner = MW_STR("lightgbm"),
                          .settings = MW_STR("seed=1"),
                          .data_version = MW_STR("d1"),
                          .to_us = 1000,
                          .example_count = 2,
                          .profile = mw_buf_str(&bytes)};
    MW_CHECK_OK(mw_version_encode(&version, &s->version, NULL), NULL);
    mw_buf_release(&bytes);
    s->versions[0] = s->versions[1] = mw_buf_str(&s->version);
}

static inline void shop_declare(shop *s) {
    mw_arena_init(&s->arena, 1 << 26);
    mw_buf_init(&s->version, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &s->symbols, NULL), NULL);
    s->program = mw_test_program(&s->arena, s->symbols, shop_text);
    s->check = (mw_column_check){.column = MW_STR("number"), .min = 0, .max = HUGE_VAL,
                                 .missing_share_max = 1};
    s->streams[0] = (mw_project_stream){.checks = &s->check, .check_count = 1};
    for (size_t i = 0; i < 2; i++) {
        s->streams[i].declaration.name = s->program->sources[i].name;
        s->models[i].declaration.name = s->program->models[i].name;
        s->zones[i] = mw_zone_utc();
    }
    s->project = (mw_project){.streams = s->streams, .stream_count = 2, .models = s->models,
                              .model_count = 2};
    shop_encode_version(s);
}

/* Opens the log again, as a new process would. */
static inline mw_status shop_open(shop *s, bool is_virtual, mw_error *err) {
    mw_sequencer_config config = {.sys = s->sys,
                                  .log_folder = "log",
                                  .program = s->program,
                                  .symbols = s->symbols,
                                  .history = &s->history,
                                  .versions = s->versions,
                                  .is_virtual = is_virtual,
                                  .clock_us = SHOP_BEGIN};
    MW_TRY(mw_sequencer_open(&config, &s->sequencer, err));
    mw_service_config service = {s->sequencer, &s->project, s->program, s->symbols, s->zones};
    MW_TRY(mw_service_create(service, &s->service, err));
    s->api = (mw_api){s->service, s->telemetry};
    return MW_OK;
}

static inline void shop_close(shop *s) {
    mw_service_destroy(s->service);
    mw_sequencer_close(s->sequencer);
    s->service = NULL;
    s->sequencer = NULL;
}

static inline void shop_set_up(shop *s) {
    *s = (shop){.sys = NULL};
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
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

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

/* Sends a request to the api and gives the body of its answer, whose code must be this. */
static inline mw_str shop_call(shop *s, mw_http_method method, const char *target,
                               const char *body, int code) {
    mw_router router = mw_api_router();
    mw_http_request request = {.method = method, .body = mw_str_of(body)};
    mw_route_call call;
    MW_CHECK(mw_target_parse(mw_str_of(target), &request.target));
    if (body && strchr(body, '\n'))
        request.headers[MW_HEADER_CONTENT_TYPE] = MW_STR("application/x-ndjson");
    mw_response_clear(&s->response);
    int route = mw_router_find(router, &request, &call, &s->response);
    if (route >= 0) router.routes[route].answer(&s->api, &call, &s->response);
    if (s->response.code != code)
        mw_test_fail(MW_TEST_PLACE(target), "%d: %.*s", s->response.code,
                     MW_STR_ARGS(mw_buf_str(&s->response.body)));
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
