/*
 * backtest_world: visits over half a year whose law changes in the middle, and their backtest.
 *
 * Who is heavy comes again within an hour; from day 90 on, who is light does. The trainer is
 * made up: a stump that points the way most of the latest 500 examples do. Test code: only tests
 * include it.
 */
#pragma once
#include "base/prng.h"
#include "loop/backtest.h"
#include "loop/loop_world_test.h"

enum { WORLD_DAYS = 180, WORLD_TURN = 90, WORLD_VISITS_A_DAY = 40 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_events events;
    mw_project_model model;
    mw_rule when[1], gate[1];
    size_t training_count;
} backtest_world;

static inline mw_status backtest_world_train(void *context, const mw_examples *examples,
                                             size_t count, mw_arena *arena, mw_trained *out_trained,
                                             mw_error *err) {
    backtest_world *world = context;
    if (count < 100) return mw_fail(err, MW_INVALID, "train: no example has matured");
    world->training_count++;
    double agree = 0;
    size_t first = count > 500 ? count - 500 : 0;
    for (size_t i = first; i < count; i++) {
        bool heavy = mw_table_row(&examples->features, i)[0].number > 0.5;
        agree += heavy == (examples->items[i].label != 0) ? 1 : -1;
    }
    /* The bytes differ by what they were trained from. */
    loop_world_stump stump = {.cut = 0.5 + 1e-9 * (double)count,
                              .slope = agree > 0 ? 2 : -2,
                              .threshold = 0.5,
                              .to_us = examples->items[first].t};
    *out_trained = (mw_trained){.bytes = loop_world_version(arena, world->symbols, stump),
                                .learner_cpu_us = 7};
    return MW_OK;
}

/* `who` came at t: to visit (with a weight), or again. */
static inline void backtest_world_add(backtest_world *world, int32_t stream, int64_t t,
                                      uint64_t who, double weight) {
    mw_buf name;
    mw_buf_init(&name, 64);
    mw_buf_printf(&name, "guest%llu", (unsigned long long)who);
    mw_cell row[3] = {mw_cell_time(t),
                      {.symbol = mw_symbols_intern(world->symbols, mw_buf_str(&name))},
                      mw_cell_number(weight)};
    mw_buf_release(&name);
    mw_event event = {.stream = stream, .time = t, .known = t, .place = t, .row = row};
    MW_CHECK_OK(mw_events_add(&world->events, &event, NULL), NULL);
}

static inline void backtest_world_begin(backtest_world *world) {
    uint64_t prng = mw_test_seed();
    *world = (backtest_world){0};
    mw_arena_init(&world->arena, (size_t)1 << 28);
    MW_CHECK_OK(mw_symbols_create(1 << 24, &world->symbols, NULL), NULL);
    world->program = mw_test_program(&world->arena, world->symbols,
                                     "stream visits\n"
                                     "  columns: at time, who text, weight number\n"
                                     "  time: at\n"
                                     "stream returns\n"
                                     "  columns: at time, who text\n"
                                     "  time: at\n"
                                     "feature weight: weight\n"
                                     "feature who: who\n"
                                     "model comes\n"
                                     "  moment: on visits\n"
                                     "  label: any(returns by who over next 1h)\n");
    const mw_schema *schemas[2] = {&world->program->streams[0].schema,
                                   &world->program->streams[1].schema};
    MW_CHECK_OK(mw_events_init(&world->events, schemas, 2, NULL), NULL);
    for (uint64_t i = 0; i < WORLD_DAYS * WORLD_VISITS_A_DAY; i++) {
        int64_t t = (int64_t)i * (MW_DAY_US / WORLD_VISITS_A_DAY);
        double weight = mw_prng_double(&prng);
        bool comes = (weight > 0.5) == (t < WORLD_TURN * MW_DAY_US);
        if (mw_prng_below(&prng, 10) == 0) comes = !comes;
        backtest_world_add(world, 0, t, i, weight);
        if (comes) backtest_world_add(world, 1, t + MW_MINUTE_US, i, 0);
    }
    MW_CHECK_OK(mw_events_sort(&world->events, NULL), NULL);
    MW_CHECK_OK(mw_rule_parse(MW_STR("roc_auc < 0.4"), &world->when[0], NULL), NULL);
    MW_CHECK_OK(mw_rule_parse(MW_STR("cost <= champion.cost"), &world->gate[0], NULL), NULL);
    world->model = (mw_project_model){.declaration = {.name = MW_STR("comes")},
                                      .question = MW_STR("Will </script> come again?"),
                                      .has_cost = true,
                                      .false_alarm_cost = 1,
                                      .miss_cost = 5,
                                      .retrain = {.every_us = 30 * MW_DAY_US,
                                                  .when = world->when,
                                                  .when_count = 1,
                                                  .gate = world->gate,
                                                  .gate_count = 1}};
}

static inline void backtest_world_end(backtest_world *world) {
    mw_events_release(&world->events);
    mw_symbols_destroy(world->symbols);
    mw_arena_release(&world->arena);
}

static inline mw_backtest_config backtest_world_config(backtest_world *world,
                                                       const mw_policy *policies, size_t count) {
    return (mw_backtest_config){.sys = mw_sys_real(),
                                .program = world->program,
                                .model = &world->program->models[0],
                                .project_model = &world->model,
                                .events = &world->events,
                                .symbols = world->symbols,
                                .from = 30 * MW_DAY_US,
                                .to = 170 * MW_DAY_US,
                                .policies = policies,
                                .policy_count = count,
                                .seed = 1,
                                .train = backtest_world_train,
                                .context = world};
}
