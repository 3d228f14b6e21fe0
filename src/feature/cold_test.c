#include "feature/cold.h"

#include "base/prng.h"
#include "feature/engine_state.h"
#include "feature/memory_disk_test.h"
#include "feature/replay.h"
#include "testing/disorder.h"
#include "testing/world.h"

enum { EVENTS = 300, WORLDS = 40 };

/* All that a replay reports, as bytes. */
static mw_status tell(mw_replay_config config, mw_buf *out, mw_engine_stats *out_stats) {
    mw_replay *replay;
    mw_buf_clear(out);
    MW_TRY(mw_replay_create(config, &replay, NULL));
    mw_status status;
    bool is_done = false;
    mw_step step;
    while ((status = mw_replay_next(replay, &step, &is_done, NULL)) == MW_OK && !is_done) {
        mw_buf_append_u64(out, (uint64_t)step.kind);
        mw_buf_append_u64(out, (uint64_t)step.moment.t);
        for (size_t i = 0; i < config.model->feature_count; i++)
            mw_buf_append_u64(out, step.features[i].bits);
        if (step.kind == MW_DUE_LABEL) mw_buf_append_u64(out, step.label.value.bits);
    }
    *out_stats = mw_engine_read_stats(mw_replay_engine(replay));
    mw_replay_destroy(replay);
    return status;
}

static void create_world(mw_world *world, uint64_t number) {
    mw_world_config config = {EVENTS, number % 2 == 0, number % 9 == 1, number % 3 == 1};
    uint64_t seed = mw_test_seed() * 100 + number;
    if (number % 4 == 0) mw_world_create(world, seed, config);
    else if (number % 4 == 1) mw_world_create_each(world, seed, config);
    else if (number % 8 == 7) mw_world_create_scheduled(world, seed, config);
    else mw_world_create_plain(world, seed, config);
}

static mw_replay_config config_of(const mw_world *world, memory_disk *disk) {
    return (mw_replay_config){.program = world->program, .model = world->model,
                              .events = &world->events, .symbols = world->symbols,
                              .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                              .with_label = true, .memory = {.disk = &disk->disk}};
}

/* The replay under the least memory that will do for what cannot be spilled and for one key. */
static size_t tell_in_little(mw_replay_config config, mw_buf *out) {
    mw_engine_stats stats;
    mw_status status = MW_NO_MEMORY;
    for (config.memory.max = 1000; status == MW_NO_MEMORY; config.memory.max += 1000)
        status = tell(config, out, &stats);
    MW_CHECK_OK(status, NULL);
    return config.memory.max - 1000;
}

/* Rings that are out more often than not change no bit, with any crew. */
MW_TEST(cold_keys_that_are_spilled_change_no_bit) {
    size_t reads = 0, little = 0, plenty = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        memory_disk disk;
        mw_buf plain, told;
        mw_engine_stats stats;
        mw_buf_init(&plain, SIZE_MAX);
        mw_buf_init(&told, SIZE_MAX);
        create_world(&world, number);
        memory_disk_init(&disk);
        mw_replay_config config = config_of(&world, &disk);
        uint64_t prng = number;
        if (number % 3 > 0) config.crew = mw_disorder_crew(&prng, number % 3);
        if (number % 5 > 0) config.stretch_max = number % 5 * 30;
        MW_CHECK_OK(tell(config, &plain, &stats), NULL);
        MW_CHECK_EQUAL_INT(disk.writes, 0);
        plenty += stats.bytes;
        little += tell_in_little(config, &told);
        MW_CHECK_EQUAL_STR(mw_buf_str(&told), mw_buf_str(&plain));
        reads += disk.reads;
        memory_disk_release(&disk);
        mw_world_release(&world);
        mw_buf_release(&plain);
        mw_buf_release(&told);
    }
    MW_CHECK(reads > 10000 && little < plenty);
}

static mw_engine *create(const mw_world *world, mw_spill_disk *disk, size_t memory_max) {
    mw_engine_config config = {.program = world->program, .model = world->model,
                               .symbols = world->symbols, .with_label = true,
                               .memory = {memory_max, disk}};
    mw_engine *engine;
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    return engine;
}

static void save(const mw_engine *engine, mw_buf *out) {
    mw_buf_clear(out);
    MW_CHECK_OK(mw_engine_save(engine, out, NULL), NULL);
}

static void check_same_state(const mw_engine *a, const mw_engine *b) {
    const mw_engine *engines[] = {a, b};
    char digests[2][MW_SHA256_HEX_SIZE + 1];
    for (size_t i = 0; i < 2; i++) {
        mw_sha256 sha;
        mw_sha256_init(&sha);
        MW_CHECK_OK(mw_engine_digest(engines[i], &sha, NULL), NULL);
        mw_sha256_hex(&sha, digests[i]);
    }
    MW_CHECK_EQUAL_STR(digests[0], digests[1]);
}

/* What has room for all that cannot be spilled of this world's state, and for its largest key. */
static size_t room_for(const mw_world *world) {
    enum { LARGEST = 40000 };
    memory_disk disk;
    memory_disk_init(&disk);
    mw_engine *engine = create(world, &disk.disk, 0);
    for (size_t i = 0; i < world->events.event_count; i++) {
        mw_event event = mw_events_at(&world->events, i);
        MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    }
    mw_engine_stats stats = mw_engine_read_stats(engine);
    mw_engine_destroy(engine);
    memory_disk_release(&disk);
    return stats.bytes - stats.bytes_movable + LARGEST;
}

/* A checkpoint holds what is out: its bytes are those of an engine that spills nothing. */
MW_TEST(cold_keys_are_saved_and_loaded_like_others) {
    size_t spilled = 0;
    for (uint64_t number = 0; number < 12; number++) {
        mw_world world;
        memory_disk disks[2];
        mw_buf saved, plain_saved;
        mw_buf_init(&saved, SIZE_MAX);
        mw_buf_init(&plain_saved, SIZE_MAX);
        mw_world_create(&world, mw_test_seed() * 100 + number,
                        (mw_world_config){4 * EVENTS, true, false, number % 2 == 1});
        for (size_t i = 0; i < 2; i++) memory_disk_init(&disks[i]);
        size_t room = room_for(&world);
        mw_engine *plain = create(&world, NULL, 0);
        mw_engine *engine = create(&world, &disks[0].disk, room);
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            MW_CHECK_OK(mw_engine_apply(plain, &event, NULL), NULL);
            MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
        }
        spilled += mw_engine_read_stats(engine).keys_spilled;
        save(plain, &plain_saved);
        save(engine, &saved);
        MW_CHECK_EQUAL_STR(mw_buf_str(&saved), mw_buf_str(&plain_saved));
        mw_engine *loaded = create(&world, &disks[1].disk, room);
        MW_CHECK_OK(mw_engine_load(loaded, mw_buf_str(&saved), NULL), NULL);
        check_same_state(loaded, plain);
        mw_engine *engines[] = {plain, engine, loaded};
        int64_t last = (MW_WORLD_TIME_MAX + 1000) * world.unit_us;
        for (size_t i = 0; i < 3; i++) mw_engine_advance(engines[i], last);
        check_same_state(engine, plain);
        check_same_state(loaded, plain);
        for (size_t i = 0; i < 3; i++) mw_engine_destroy(engines[i]);
        for (size_t i = 0; i < 2; i++) memory_disk_release(&disks[i]);
        mw_world_release(&world);
        mw_buf_release(&saved);
        mw_buf_release(&plain_saved);
    }
    MW_CHECK(spilled > 50);
}

/* Among many cards without a ring the hand rests now and then, and comes round all the same. */
MW_TEST(cold_hand_rests_among_cards_that_cannot_go) {
    enum { EMPTY = 5000 };
    mw_world world;
    memory_disk disk;
    mw_world_create_plain(&world, mw_test_seed(), (mw_world_config){EVENTS, false, false, false});
    memory_disk_init(&disk);
    mw_engine *engine = create(&world, &disk.disk, 0);
    for (size_t i = 0; i < world.events.event_count; i++) {
        mw_event event = mw_events_at(&world.events, i);
        MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    }
    mw_cards *cards = &engine->groups[0].cards;
    MW_CHECK(cards->key_count > 0 && cards->count > 0);
    for (uint64_t i = 0; i < EMPTY; i++) {
        mw_cell keys[MW_KEYS_MAX] = {{.symbol = UINT32_MAX - i}};
        MW_CHECK(mw_cards_add(cards, keys, mw_cards_hash(cards, keys)));
    }
    engine->budget.max = engine->budget.fixed; /* no room for any ring */
    size_t calls = 0;
    for (; mw_budget_is_over(engine->colds[0].budget) && calls < 100; calls++)
        MW_CHECK_OK(mw_cold_spill(&engine->colds[0], NULL), NULL);
    MW_CHECK(calls > 4 && calls < 20);
    MW_CHECK_EQUAL_INT(mw_engine_read_stats(engine).bytes_movable, 0);
    mw_engine_destroy(engine);
    memory_disk_release(&disk);
    mw_world_release(&world);
}

/* Any call of the disk may fail, once: the event is refused whole, and enters when it comes
   again. */
MW_TEST(cold_keys_survive_a_failing_disk) {
    size_t failures = 0;
    for (uint64_t number = 0; number < 4; number++) {
        mw_world world;
        mw_world_create(&world, mw_test_seed() * 100 + number,
                        (mw_world_config){4 * EVENTS, true, false, number % 2 == 1});
        size_t room = room_for(&world);
        memory_disk disk;
        memory_disk_init(&disk);
        mw_engine *plain = create(&world, NULL, 0);
        mw_engine *engine = create(&world, &disk.disk, room);
        uint64_t prng = number;
        disk.failing_call = 1;
        for (size_t i = 0; i < world.events.event_count; i++) {
            mw_event event = mw_events_at(&world.events, i);
            MW_CHECK_OK(mw_engine_apply(plain, &event, NULL), NULL);
            mw_error err;
            mw_status status = mw_engine_apply(engine, &event, &err);
            for (; status == MW_IO; status = mw_engine_apply(engine, &event, &err), failures++)
                disk.failing_call += 1 + mw_prng_below(&prng, 5);
            MW_CHECK_OK(status, &err);
            if (disk.failing_call <= disk.reads + disk.writes)
                disk.failing_call = disk.reads + disk.writes + 1;
        }
        disk.failing_call = 0;
        check_same_state(engine, plain);
        mw_engine_destroy(plain);
        mw_engine_destroy(engine);
        memory_disk_release(&disk);
        mw_world_release(&world);
    }
    MW_CHECK(failures > 100);
}

static mw_status replay_in_little(void *context) {
    const mw_world *world = context;
    memory_disk disk;
    mw_buf out;
    mw_engine_stats stats;
    mw_buf_init(&out, SIZE_MAX);
    memory_disk_init(&disk);
    mw_replay_config config = config_of(world, &disk);
    config.memory.max = 40000;
    mw_status status = tell(config, &out, &stats);
    memory_disk_release(&disk);
    mw_buf_release(&out);
    return status;
}

MW_TEST(cold_keys_survive_every_failing_allocation) {
    mw_world world;
    mw_world_create_plain(&world, 3, (mw_world_config){100, true, false, true});
    MW_CHECK(mw_test_every_allocation_fails(replay_in_little, &world) > 20);
    mw_world_release(&world);
}
