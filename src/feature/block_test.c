#include "feature/block.h"

#include "base/prng.h"
#include "feature/cutter.h"
#include "testing/declare.h"
#include "testing/disorder.h"
#include "testing/test.h"
#include "testing/world.h"

#include <math.h>
#include <string.h>

enum { EVENTS = 400 };

static mw_replay_config config_of(const mw_world *world) {
    return (mw_replay_config){.program = world->program, .model = world->model,
                              .events = &world->events, .symbols = world->symbols,
                              .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                              .with_label = true};
}

/* All that a replay reports, as bytes. */
static mw_status outcome_of(mw_replay_config config, mw_buf *out, mw_engine_stats *out_stats) {
    mw_replay *replay;
    MW_TRY(mw_replay_create(config, &replay, NULL));
    mw_status status;
    bool is_done = false;
    mw_step step;
    while ((status = mw_replay_next(replay, &step, &is_done, NULL)) == MW_OK && !is_done) {
        mw_buf_append_u64(out, (uint64_t)step.kind);
        mw_buf_append_u64(out, (uint64_t)step.place);
        mw_buf_append_u64(out, (uint64_t)step.moment.t);
        mw_buf_append_u64(out, step.number);
        for (size_t i = 0; i < config.model->feature_count; i++)
            mw_buf_append_u64(out, step.features[i].bits);
        if (step.kind != MW_DUE_LABEL) continue;
        mw_buf_append_u64(out, step.label.value.bits);
        mw_buf_append_u64(out, step.label.is_dropped);
    }
    *out_stats = mw_engine_read_stats(mw_replay_engine(replay));
    mw_replay_destroy(replay);
    return status;
}

static bool suits(const mw_world *world) {
    mw_engine_config config = {.program = world->program, .model = world->model,
                               .symbols = world->symbols, .with_label = true};
    mw_engine *engine;
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    bool result = mw_block_suits(engine, &world->events);
    mw_engine_destroy(engine);
    return result;
}

static void check_crews(const mw_world *world, uint64_t number, bool with_label) {
    mw_replay_config config = config_of(world);
    config.with_label = with_label;
    mw_buf plain, blocks;
    mw_buf_init(&plain, SIZE_MAX);
    mw_buf_init(&blocks, SIZE_MAX);
    mw_engine_stats expected, stats;
    config.stretch_max = 1;
    MW_CHECK_OK(outcome_of(config, &plain, &expected), NULL);
    static const size_t sizes[] = {0, 1, 2, 3, 7}, stretches[] = {0, 2, 7, 100, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t prng = number;
        config.stretch_max = stretches[i];
        config.crew = mw_disorder_crew(&prng, sizes[i]);
        mw_buf_clear(&blocks);
        MW_CHECK_OK(outcome_of(config, &blocks, &stats), NULL);
        MW_CHECK_EQUAL_STR(mw_buf_str(&blocks), mw_buf_str(&plain));
        MW_CHECK_EQUAL_INT(stats.events_applied, expected.events_applied);
        MW_CHECK_EQUAL_INT(stats.events_too_late, expected.events_too_late);
        MW_CHECK_EQUAL_INT(stats.values_refused, expected.values_refused);
    }
    mw_buf_release(&plain);
    mw_buf_release(&blocks);
}

MW_TEST(block_gives_the_bits_of_turn_by_turn_for_any_crew) {
    for (uint64_t number = 0; number < 30; number++) {
        mw_world world;
        mw_world_config config = {EVENTS, number % 3 == 0, number % 5 == 0, number % 2 == 0};
        mw_world_create_plain(&world, mw_test_seed() * 100 + number, config);
        MW_CHECK(suits(&world));
        check_crews(&world, number, true);
        mw_world_release(&world);
    }
}

/* The moments of one event stay together, though its list may be longer than a stretch. */
MW_TEST(block_keeps_the_moments_of_an_event_together) {
    size_t rows = 0;
    for (uint64_t number = 0; number < 30; number++) {
        mw_world world;
        mw_world_config config = {EVENTS / 2, number % 3 == 0, number % 5 == 0, number % 2 == 0};
        mw_world_create_plain_each(&world, mw_test_seed() * 100 + number, config);
        MW_CHECK(world.model->each && world.model->within_count > 0 && suits(&world));
        check_crews(&world, number, true);
        rows += world.events.streams[world.model->each->stream].rows.row_count;
        mw_world_release(&world);
    }
    MW_CHECK(rows > 500);
}

/* Of payments alone each look-up is its group's own, so runs of them are cut up group by group:
   plain groups, one with a condition, one of two keys and of what is worked out. */
static const char payments[] =
    "stream payments\n  columns: at time, seen time, card number, shop number, amount number\n"
    "  time: at\n  known: seen\n  late: 2h\n"
    "stream refunds\n  columns: at time, seen time, card number\n  time: at\n  known: seen\n"
    "feature a: sum(payments.amount by card over {10m, 1h})\n"
    "feature b: max(payments.amount by shop over 10m)\n"
    "feature c: count(payments where amount > 50 by card over 3h)\n"
    "feature d: mean(payments.amount * 2 by card, shop over 2h)\n"
    "feature e: since(payments by shop over 20m)\n"
    "model fraud\n  moment: on payments\n  label: any(refunds by card over next 30m)\n";

/* Keys are missing now and then, and values beyond what a sum takes; some payments come too late
   for a moment, or for the windows of some groups or all. */
static void draw_payments(mw_events *events, uint64_t seed) {
    uint64_t prng = seed;
    int64_t place = 0;
    for (size_t i = 0; i < 4 * EVENTS; i++) {
        place += (int64_t)(mw_prng_below(&prng, 4) * 45 * MW_SECOND_US);
        int64_t late = mw_prng_below(&prng, 8) > 0 ? 0 : (int64_t)mw_prng_below(&prng, 7);
        double card = mw_prng_below(&prng, 20) == 0 ? NAN : (double)mw_prng_below(&prng, 9);
        double shop = mw_prng_below(&prng, 20) == 0 ? NAN : (double)mw_prng_below(&prng, 3);
        double amount = mw_prng_below(&prng, 30) == 0 ? 1e30 : 100 * mw_prng_double(&prng);
        mw_event event = {.stream = mw_prng_below(&prng, 9) == 0,
                          .time = place - late * MW_HOUR_US, .known = place, .place = place};
        event.row = (mw_cell[]){mw_cell_time(event.time), mw_cell_time(place),
                                mw_cell_number(card), mw_cell_number(shop),
                                mw_cell_number(amount)};
        MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(events, NULL), NULL);
}

static void check_cut_by_group(const mw_world *world) {
    mw_engine_config config = {.program = world->program, .model = world->model,
                               .symbols = world->symbols};
    mw_engine *engine;
    mw_arena arena;
    mw_cutter cutter;
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    MW_CHECK_OK(mw_cutter_init(&cutter, engine, &arena, NULL), NULL);
    size_t plain_count = 0;
    for (size_t i = 0; i < engine->plan.group_count; i++)
        plain_count += cutter.entry_plans[i].is_plain;
    MW_CHECK(cutter.are_own && plain_count > 1 && plain_count < engine->plan.group_count);
    mw_arena_release(&arena);
    mw_engine_destroy(engine);
}

MW_TEST(block_gives_the_same_bits_where_runs_are_cut_up_by_group) {
    for (uint64_t number = 0; number < 6; number++) {
        mw_test_project project = mw_test_compile(payments);
        mw_world world = {.program = project.program, .model = project.model,
                          .symbols = project.symbols};
        const mw_schema *schemas[] = {&project.program->streams[0].schema,
                                      &project.program->streams[1].schema};
        MW_CHECK_OK(mw_events_init(&world.events, schemas, 2, NULL), NULL);
        draw_payments(&world.events, mw_test_seed() * 100 + number);
        check_cut_by_group(&world);
        check_crews(&world, number, number % 2 == 0);
        mw_events_release(&world.events);
        mw_test_project_release(&project);
    }
}

/* Adds the first event of a stream once more, now known later than it stands. */
static void add_late(mw_events *events, int32_t stream) {
    size_t count = events->streams[stream].rows.row_count + 1;
    MW_CHECK_OK(mw_events_reserve(events, stream, count, NULL), NULL);
    mw_event late = mw_events_row(events, stream, 0);
    late.known = late.place + 1;
    MW_CHECK_OK(mw_events_add(events, &late, NULL), NULL);
}

/* What waits, or is known later than it stands in the log, goes turn by turn. */
MW_TEST(block_leaves_to_others_what_it_cannot_do) {
    size_t unsuited = 0;
    mw_world world;
    for (uint64_t number = 0; number < 20; number++) {
        mw_world_create(&world, number, (mw_world_config){10, true, false, false});
        unsuited += !suits(&world);
        mw_world_release(&world);
    }
    MW_CHECK(unsuited >= 10);
    mw_world_create_plain(&world, 1, (mw_world_config){100, true, false, false});
    MW_CHECK(suits(&world));
    for (int32_t s = 0; (size_t)s < world.events.stream_count; s++)
        if (world.events.streams[s].rows.row_count > 0) add_late(&world.events, s);
    MW_CHECK(!suits(&world));
    mw_world_release(&world);
}

static mw_status replay_all(void *context) {
    mw_buf out;
    mw_engine_stats stats;
    mw_buf_init(&out, SIZE_MAX);
    uint64_t prng = 1;
    mw_replay_config config = config_of(context);
    config.crew = mw_disorder_crew(&prng, 2);
    config.stretch_max = 30;
    mw_status status = outcome_of(config, &out, &stats);
    mw_buf_release(&out);
    return status;
}

MW_TEST(block_survives_every_failing_allocation) {
    mw_world world;
    mw_world_create_plain(&world, mw_test_seed(), (mw_world_config){60, true, false, true});
    MW_CHECK(mw_test_every_allocation_fails(replay_all, &world) > 20);
    mw_world_release(&world);
    mw_world_create_plain_each(&world, mw_test_seed(), (mw_world_config){60, true, false, true});
    MW_CHECK(mw_test_every_allocation_fails(replay_all, &world) > 20);
    mw_world_release(&world);
}
