#include "base/prng.h"
#include "feature/replay.h"
#include "testing/disorder.h"
#include "testing/test.h"
#include "testing/world.h"

enum { STRETCH = 10, WORLDS = 40 };

/* Events of a world in parts, of which the last two stand. */
typedef struct {
    mw_event_parts parts;
    const mw_world *world;
    mw_events given[2];
    size_t part_count, event_count; /* that were given */
    size_t failing_part;            /* counted from 1; 0: none fails */
    uint64_t prng;
} cutter;

/* All events of a place, whatever their number. */
static mw_status add_place(cutter *it, mw_events *part, mw_error *err) {
    const mw_events *all = &it->world->events;
    int64_t place = mw_events_at(all, it->event_count).place;
    for (; it->event_count < all->event_count; it->event_count++) {
        mw_event event = mw_events_at(all, it->event_count);
        if (event.place != place) break;
        MW_TRY(mw_events_add(part, &event, err));
    }
    return MW_OK;
}

static mw_status next_part(mw_event_parts *parts, const mw_events **out_part, mw_error *err) {
    cutter *it = (cutter *)parts;
    const mw_events *all = &it->world->events;
    *out_part = NULL;
    if (it->event_count == all->event_count) return MW_OK;
    if (++it->part_count == it->failing_part) return mw_fail(err, MW_IO, "part: cannot be read");
    mw_events *part = &it->given[it->part_count % 2];
    for (size_t s = 0; s < part->stream_count; s++) mw_events_clear_stream(part, (int32_t)s);
    size_t wanted = 3 * STRETCH + mw_prng_below(&it->prng, 40);
    while (part->event_count < wanted && it->event_count < all->event_count)
        MW_TRY(add_place(it, part, err));
    MW_TRY(mw_events_sort(part, err));
    *out_part = part;
    return MW_OK;
}

static void cut(cutter *it, const mw_world *world, uint64_t seed) {
    const mw_events *all = &world->events;
    *it = (cutter){.world = world, .prng = seed};
    it->parts = (mw_event_parts){.next = next_part,
                                 .last_place = mw_events_at(all, all->event_count - 1).place};
    for (size_t i = 0; i < 2; i++) mw_world_init_events(world, &it->given[i]);
}

static void release(cutter *it) {
    for (size_t i = 0; i < 2; i++) mw_events_release(&it->given[i]);
}

static mw_status tell(mw_replay_config config, mw_buf *out, mw_error *err) {
    mw_replay *replay;
    MW_TRY(mw_replay_create(config, &replay, err));
    mw_status status;
    bool is_done = false;
    mw_step step;
    while ((status = mw_replay_next(replay, &step, &is_done, err)) == MW_OK && !is_done) {
        mw_buf_append_u64(out, (uint64_t)step.kind);
        mw_buf_append_u64(out, (uint64_t)step.place);
        mw_buf_append_u64(out, (uint64_t)step.moment.t);
        mw_buf_append_u64(out, step.number);
        for (size_t i = 0; i < config.model->feature_count; i++)
            mw_buf_append_u64(out, step.features[i].bits);
        if (step.kind == MW_DUE_LABEL) mw_buf_append_u64(out, step.label.value.bits);
    }
    mw_replay_destroy(replay);
    return status;
}

static mw_replay_config config_of(const mw_world *world) {
    return (mw_replay_config){.program = world->program, .model = world->model,
                              .events = &world->events, .symbols = world->symbols,
                              .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                              .with_label = true, .stretch_max = STRETCH};
}

static void create_world(mw_world *world, uint64_t number) {
    mw_world_config config = {400, number % 2 == 0, number % 9 == 1, number % 3 == 1};
    uint64_t seed = mw_test_seed() * 100 + number;
    if (number % 4 == 0) mw_world_create(world, seed, config);
    else if (number % 4 == 1) mw_world_create_each(world, seed, config);
    else if (number % 8 == 3) mw_world_create_plain_each(world, seed, config);
    else if (number % 8 == 7) mw_world_create_scheduled(world, seed, config);
    else mw_world_create_plain(world, seed, config);
}

/* Key by key and turn by turn, by one and by several, who have three stretches at work, with labels
   that fall due in later parts. */
MW_TEST(parts_are_replayed_as_the_whole) {
    size_t parts = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        mw_world world;
        cutter it;
        mw_buf whole, told;
        mw_error err;
        mw_buf_init(&whole, SIZE_MAX);
        mw_buf_init(&told, SIZE_MAX);
        create_world(&world, number);
        cut(&it, &world, number);
        it.parts.counts_in_place = number % 4 > 1;
        mw_replay_config config = config_of(&world);
        MW_CHECK_OK(tell(config, &whole, &err), &err);
        config.events = NULL;
        config.parts = &it.parts;
        uint64_t prng = number;
        if (number % 3 > 0) config.crew = mw_disorder_crew(&prng, 1 + number % 3);
        MW_CHECK_OK(tell(config, &told, &err), &err);
        MW_CHECK_EQUAL_STR(mw_buf_str(&told), mw_buf_str(&whole));
        parts += it.part_count;
        release(&it);
        mw_world_release(&world);
        mw_buf_release(&whole);
        mw_buf_release(&told);
    }
    MW_CHECK(parts > 5 * WORLDS);
}

MW_TEST(parts_that_cannot_be_read_end_the_replay) {
    for (uint64_t number = 0; number < 8; number++) {
        mw_world world;
        cutter it;
        mw_buf told;
        mw_error err;
        mw_buf_init(&told, SIZE_MAX);
        create_world(&world, number);
        cut(&it, &world, number);
        it.parts.counts_in_place = number % 4 > 1;
        it.failing_part = 1 + number % 3;
        mw_replay_config config = config_of(&world);
        config.events = NULL;
        config.parts = &it.parts;
        MW_CHECK_STATUS(tell(config, &told, &err), MW_IO);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), "part: cannot be read");
        release(&it);
        mw_world_release(&world);
        mw_buf_release(&told);
    }
}
