/*
 * follower_world: a log of visits that were predicted, on a simulated disk under a virtual clock.
 *
 * Every other visit is predicted just before it is posted; a hundred of them lie in the lake.
 * Test code: only tests include it.
 */
#pragma once
#include <string.h>

#include "base/prng.h"
#include "decide/prediction.h"
#include "ingest/load.h"
#include "ingest/log_events.h"
#include "loop/loop_world_test.h"
#include "sys/simulated.h"

enum { FOLLOWER_WORLD_VISITS = 400, FOLLOWER_WORLD_LAKE = 100 };
#define FOLLOWER_WORLD_GAP (7 * MW_MINUTE_US)
static const mw_log_reach follower_world_all = {0, {INT64_MAX, 0}};
typedef struct {
    examples_world examples;
    mw_sys *sys;
    mw_log *log;
    mw_log_events *definitions;
    mw_events history;
    mw_project_model model;
    mw_str segment;
    int64_t times[FOLLOWER_WORLD_VISITS];
    const char *names[FOLLOWER_WORLD_VISITS];
    double weights[FOLLOWER_WORLD_VISITS];
    size_t posted;
    int64_t place;
    bool lies; /* what is predicted from now on is recorded with another weight */
} follower_world;

static inline void follower_world_control(follower_world *world, const char *kind, int64_t time) {
    mw_buf text;
    mw_buf_init(&text, 100);
    mw_buf_printf(&text, "{\"kind\": \"%s\"}", kind);
    world->place = world->place + 1 > time ? world->place + 1 : time;
    mw_record record = {MW_RECORD_CONTROL, 0, time, world->place, world->place, mw_buf_str(&text)};
    MW_CHECK_OK(mw_log_append(world->log, &record, NULL), NULL);
    MW_CHECK_OK(mw_log_commit(world->log, NULL), NULL);
    mw_buf_release(&text);
}

static inline void follower_world_row(follower_world *world, size_t i, mw_cell row[3]) {
    row[0] = mw_cell_time(world->times[i]);
    row[1].symbol = mw_symbols_intern(world->examples.symbols, mw_str_of(world->names[i]));
    row[2] = mw_cell_number(world->weights[i]);
}

/* `clock`: the kind of the record that the log begins with. */
static inline void follower_world_begin(follower_world *world, const char *clock) {
    static const char *const names[] = {"ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"};
    uint64_t prng = mw_test_seed();
    mw_error err = {0};
    *world = (follower_world){.segment = MW_STR("who")};
    examples_world_begin(&world->examples);
    const mw_program *program = world->examples.program;
    world->model = (mw_project_model){{.name = MW_STR("comes")}, .segments = &world->segment,
                                      .segment_count = 1};
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = mw_test_seed()}, &world->sys,
                                    &err), &err);
    MW_CHECK_OK(mw_program_events(program, &world->history, &err), &err);
    for (size_t i = 0; i < FOLLOWER_WORLD_VISITS; i++) {
        world->times[i] = (int64_t)(i + 1) * FOLLOWER_WORLD_GAP;
        world->names[i] = names[mw_prng_below(&prng, 8)];
        world->weights[i] = mw_prng_double(&prng);
    }
    for (; world->posted < FOLLOWER_WORLD_LAKE; world->posted++) {
        mw_cell row[3];
        follower_world_row(world, world->posted, row);
        int64_t t = world->times[world->posted];
        mw_event event = {.stream = 0, .time = t, .known = t, .place = t, .row = row};
        MW_CHECK_OK(mw_events_add(&world->history, &event, &err), &err);
    }
    MW_CHECK_OK(mw_events_sort(&world->history, &err), &err);
    MW_CHECK_OK(mw_log_open((mw_log_config){.sys = world->sys, .folder = "log"}, &world->log, &err),
                &err);
    MW_CHECK_OK(mw_log_events_create(program, world->examples.symbols, &world->definitions, &err),
                &err);
    MW_CHECK_OK(mw_log_define(world->log, 0, mw_log_events_definition(world->definitions, 0), &err),
                &err);
    follower_world_control(world, clock, world->times[world->posted] - 1000);
}

/* Predicts visit i from its weight, as if the version were called "v1". */
static inline void follower_world_predict(follower_world *world, size_t i) {
    mw_cell row[3];
    mw_buf id, payload;
    follower_world_row(world, i, row);
    mw_cell features[2] = {mw_cell_number(row[2].number + world->lies), row[1]};
    mw_buf_init(&id, 1 << 10);
    mw_buf_init(&payload, 1 << 12);
    mw_stream_append_id(&world->examples.program->streams[0], row, world->examples.symbols, &id);
    mw_prediction prediction = {.place = ++world->place,
                                .t = world->times[i],
                                .model = MW_STR("comes"),
                                .version = MW_STR("v1"),
                                .event_id = mw_buf_str(&id),
                                .prediction = world->weights[i],
                                .decision = world->weights[i] >= 0.5,
                                .features = features};
    mw_prediction_append(&payload, &prediction, &world->examples.examples.schema,
                         world->examples.symbols);
    mw_record record = {MW_RECORD_PREDICTION, 0, prediction.t, world->place, world->place,
                        mw_buf_str(&payload)};
    MW_CHECK_OK(mw_log_append(world->log, &record, NULL), NULL);
    mw_buf_release(&id);
    mw_buf_release(&payload);
}

/* Moves the clock to the next visit, predicts it if its number is even, and posts it. */
static inline void follower_world_post(follower_world *world) {
    size_t i = world->posted++;
    mw_cell row[3];
    mw_buf payload;
    follower_world_control(world, MW_CONTROL_CLOCK, world->times[i]);
    if (i % 2 == 0) follower_world_predict(world, i);
    follower_world_row(world, i, row);
    mw_buf_init(&payload, 1 << 12);
    const mw_schema *schema = &world->examples.program->streams[0].schema;
    for (size_t c = 0; c < schema->field_count; c++)
        mw_cell_append_canonical(&payload, schema->fields[c].type, row[c],
                                 world->examples.symbols);
    world->place++;
    mw_record record = {MW_RECORD_EVENT, 0, world->times[i], world->times[i], world->place,
                        mw_buf_str(&payload)};
    MW_CHECK_OK(mw_log_append(world->log, &record, NULL), NULL);
    MW_CHECK_OK(mw_log_commit(world->log, NULL), NULL);
    mw_buf_release(&payload);
}

/* Whether the visitor of visit i comes again within the hour. */
static inline bool follower_world_label(const follower_world *world, size_t i) {
    for (size_t j = i + 1; j < FOLLOWER_WORLD_VISITS; j++)
        if (world->times[j] < world->times[i] + MW_HOUR_US &&
            strcmp(world->names[i], world->names[j]) == 0)
            return true;
    return false;
}

static inline void follower_world_end(follower_world *world) {
    mw_log_events_destroy(world->definitions);
    mw_log_close(world->log);
    mw_events_release(&world->history);
    mw_simulated_destroy(world->sys);
    examples_world_end(&world->examples);
}
