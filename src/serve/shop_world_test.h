/*
 * shop_world: a small project that is served, on a simulated machine, for the tests of what
 * stands between HTTP and the log.
 *
 * Orders are predicted when they are asked for (model quick); deliveries, known a day ahead,
 * an hour before their time (model late). Visits have no id. One version, a constant, answers for
 * both models. A test may give these two a field, and another feature, before it includes this.
 */
#pragma once
#include <math.h>
#include <string.h>

#include "serve/api.h"
#include "serve/lookback_gate_test.h"
#include "sys/simulated.h"
#include "table/translation.h"
#include "testing/declare.h"
#include "testing/test.h"

#ifndef SHOP_FIELDS
#define SHOP_FIELDS ""
#define SHOP_BUSY "count(orders by shop over 24h) + count(visits by shop over 24h) / 1000"
#endif
#define SHOP_BEGIN (100 * MW_DAY_US) /* 1970-04-11 */

static const char shop_text[] =
    "stream orders:\n"
    "  columns: shop category, number number, at time, refund number\n"
    "  time: at\n  id: number\n"
    "  later refund: at + 2d\n" SHOP_FIELDS
    "stream deliveries:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  known: time - 1d\n  id: number\n" SHOP_FIELDS
    "stream visits:\n"
    "  columns: shop category, who text, at time\n  time: at\n"
    "feature busy: " SHOP_BUSY "\n"
    "model quick:\n"
    "  moment: on orders\n  label: count(orders by shop over next 1d)\n"
    "model late:\n"
    "  moment: on deliveries at time - 1h\n  label: count(orders by shop over next 1d)\n";

enum { SHOP_QUICK, SHOP_LATE }; /* models */
enum { SHOP_ORDERS, SHOP_DELIVERIES, SHOP_VISITS, SHOP_SOURCES };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_column_check check; /* of orders */
    mw_project_stream streams[SHOP_SOURCES];
    mw_project_model models[2];
    mw_project project;
    const mw_zone *zones[SHOP_SOURCES];
    mw_sys *sys;
    mw_events history;
    const mw_events *with_log; /* history and what was moved from the log; NULL: nothing was */
    int64_t log_through;       /* if something was: up to there */
    int64_t lake_place, lake_ingest;
    char lake_version[MW_SHA256_HEX_SIZE + 1];
    mw_buf version;
    mw_champion champions[2];
    mw_fallback fallbacks[2];
    const mw_champion *before; /* of the deliveries' model: found if the log names another */
    const char *checkpoints; /* their folder; NULL: there are none */
    size_t old_entries_min;  /* as a sequencer's config has it */
    mw_sequencer *sequencer;
    mw_service *service;
    mw_lookback_room lookback_room;
    lookback_gate gate;
    int64_t look_us; /* that the lake takes for a part */
    mw_telemetry *telemetry;
    mw_api api;
    mw_response response;
} shop;

/* A version whose one leaf says yes with the odds of e to 1. */
static inline void shop_encode_version(shop *s, const char *data_version, mw_buf *out) {
    mw_forest_head head = {.has_covers = true,
                           .feature_count = 1,
                           .tree_count = 1,
                           .class_count = 1,
                           .output = MW_OUTPUT_SIGMOID,
                           .sigmoid = 1};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1};
    mw_buf bytes;
    const mw_forest *forest;
    mw_buf_init(&bytes, 1 << 16);
    mw_forest_node_append(&bytes, &head, &leaf);
    MW_CHECK_OK(mw_forest_make(&s->arena, &head, mw_buf_str(&bytes), &forest, NULL), NULL);
    mw_cell cells[] = {mw_cell_number(1), mw_cell_number(2)};
    mw_column column = {cells, 1, 2};
    mw_profile *profile;
    MW_CHECK_OK(mw_profile_create(&s->arena, s->symbols, 2, &profile, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("busy"), MW_TYPE_NUMBER, column, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("prediction"), MW_TYPE_NUMBER, column, NULL), NULL);
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
                          .data_version = mw_str_of(data_version),
                          .to_us = 1000,
                          .example_count = 2,
                          .profile = mw_buf_str(&bytes)};
    MW_CHECK_OK(mw_version_encode(&version, out, NULL), NULL);
    mw_buf_release(&bytes);
}

static inline void shop_declare(shop *s) {
    mw_arena_init(&s->arena, 1 << 26);
    mw_buf_init(&s->version, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &s->symbols, NULL), NULL);
    s->program = mw_test_program(&s->arena, s->symbols, shop_text);
    s->check = (mw_column_check){.column = MW_STR("number"), .min = 0, .max = HUGE_VAL,
                                 .missing_share_max = 1};
    s->streams[0] = (mw_project_stream){.checks = &s->check, .check_count = 1};
    for (size_t i = 0; i < SHOP_SOURCES; i++) {
        s->streams[i].declaration.name = s->program->sources[i].name;
        s->zones[i] = mw_zone_utc();
    }
    for (size_t i = 0; i < 2; i++) s->models[i].declaration.name = s->program->models[i].name;
    s->project = (mw_project){.streams = s->streams, .stream_count = SHOP_SOURCES,
                              .models = s->models, .model_count = 2};
    shop_encode_version(s, "d1", &s->version);
    s->champions[0].bytes = s->champions[1].bytes = mw_buf_str(&s->version);
}
