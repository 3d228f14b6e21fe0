#include "feature/block.h"

#include "base/prng.h"
#include "testing/disorder.h"
#include "testing/test.h"
#include "testing/world.h"

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

static void check_crews(const mw_world *world, uint64_t number) {
    mw_replay_config config = config_of(world);
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
        check_crews(&world, number);
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
        check_crews(&world, number);
        rows += world.events.streams[world.model->each->stream].rows.row_count;
        mw_world_release(&world);
    }
    MW_CHECK(rows > 500);
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
