#include "feature/cutter.h"

#include "testing/test.h"
#include "testing/world.h"

#include <string.h>

enum { EVENTS = 300, STRANDS = 4 };

static mw_engine *engine_of(const mw_world *world) {
    mw_engine_config config = {.program = world->program, .model = world->model,
                               .symbols = world->symbols, .with_label = true,
                               .strand_count = STRANDS};
    mw_engine *engine;
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    return engine;
}

/* A moment's row is valid until the next turn, of a pair as long as the event's. */
static const mw_cell *keep_row(const mw_world *world, mw_arena *arena, const mw_cell *row) {
    int32_t stream = world->model->moment_stream;
    size_t size = world->program->streams[stream].schema.field_count * sizeof(mw_cell);
    mw_cell *kept = mw_arena_alloc(arena, 1, size + 1);
    MW_CHECK(kept != NULL);
    return memcpy(kept, row, size);
}

static void add(mw_stretch *stretch, size_t *capacity, mw_stretch_item item) {
    MW_CHECK(mw_grow((void **)&stretch->items, capacity, stretch->count + 1,
                     sizeof *stretch->items, SIZE_MAX));
    item.index = (uint32_t)stretch->moment_count;
    stretch->moment_count += mw_stretch_item_asks(&item);
    stretch->items[stretch->count++] = item;
}

static void add_event(mw_stretch *stretch, size_t *capacity, const mw_event *event) {
    mw_stretch_item item = {.moment = {event->time, event->place, event->row},
                            .kind = MW_ITEM_EVENT, .stream = event->stream};
    if (event->replaced)
        add(stretch, capacity,
            (mw_stretch_item){.moment = {event->replaced_time, event->place, event->replaced},
                              .from = event->replaced_from, .kind = MW_ITEM_REPLACED,
                              .stream = event->stream});
    add(stretch, capacity, item);
}

/* All turns of a world, as its stretch. */
static void gather(const mw_world *world, mw_arena *arena, mw_stretch *out_stretch) {
    mw_replay_config config = {.program = world->program, .model = world->model,
                               .events = &world->events, .symbols = world->symbols,
                               .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX};
    size_t capacity = 0;
    mw_walk walk;
    MW_CHECK_OK(mw_walk_init(&walk, config, NULL), NULL);
    for (bool is_done = false;;) {
        mw_moment moment;
        while (mw_walk_pairs(&walk, &moment, 1) > 0)
            add(out_stretch, &capacity,
                (mw_stretch_item){.moment = moment, .kind = MW_ITEM_PAIR,
                                  .stream = world->model->moment_stream});
        mw_turn turn;
        MW_CHECK_OK(mw_walk_next(&walk, &turn, &is_done, NULL), NULL);
        if (is_done) break;
        if (turn.kind == MW_TURN_EVENT) {
            add_event(out_stretch, &capacity, &turn.event);
            continue;
        }
        turn.moment.row = keep_row(world, arena, turn.moment.row);
        add(out_stretch, &capacity,
            (mw_stretch_item){.moment = turn.moment, .kind = MW_ITEM_MOMENT});
    }
    mw_walk_release(&walk);
}

/* Entries stand in the order of their turns, on the strand of their keys, and know their card's
   hash. Gives how many read. */
static size_t check_list(const mw_engine *engine, const mw_stretch *of, size_t number) {
    const mw_entry_list *list = &of->lists[number];
    size_t group_count = engine->plan.group_count, reading = 0;
    const mw_group *group = &engine->groups[number % group_count];
    for (size_t i = 0; i < list->count; i++) {
        const mw_entry *entry = mw_entry_at(list, i);
        MW_CHECK(i == 0 || mw_entry_at(list, i - 1)->item <= entry->item);
        MW_CHECK(entry->foreseen.hash == mw_cards_hash(&group->cards, entry->words));
        MW_CHECK_EQUAL_INT(entry->foreseen.hash % STRANDS, number / group_count);
        MW_CHECK(entry->lookup != MW_NONE || entry->change != MW_LEAVE);
        reading += entry->lookup != MW_NONE;
    }
    return reading;
}

static size_t route_count_from(const mw_stretch *of, size_t item) {
    size_t next = item + 1 < of->count ? of->items[item + 1].route : of->route_count;
    return next - of->items[item].route;
}

static void check_world(const mw_world *world) {
    mw_engine *engine = engine_of(world);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 22);
    mw_cutter cutter;
    MW_CHECK_OK(mw_cutter_init(&cutter, engine, &arena, NULL), NULL);
    size_t list_count = STRANDS * engine->plan.group_count, reading = 0;
    mw_stretch stretch = {.lists = mw_arena_alloc_lines(&arena, list_count + 1,
                                                        sizeof *stretch.lists)};
    gather(world, &arena, &stretch);
    for (int round = 0; round < 2; round++)
        MW_CHECK_OK(mw_cutter_cut(&cutter, &stretch, true, NULL), NULL);
    for (size_t i = 0; i < list_count; i++) reading += check_list(engine, &stretch, i);
    MW_CHECK_EQUAL_INT(reading, stretch.route_count);
    for (size_t i = 0; i < stretch.count; i++) {
        bool asks = mw_stretch_item_asks(&stretch.items[i]);
        MW_CHECK_EQUAL_INT(route_count_from(&stretch, i),
                           asks ? engine->plan.feature_lookup_count : 0);
    }
    for (size_t i = 0; i < list_count; i++) mw_entry_list_release(&stretch.lists[i]);
    mw_free(stretch.routes);
    mw_free(stretch.items);
    mw_arena_release(&arena);
    mw_engine_destroy(engine);
}

MW_TEST(cutter_gives_each_look_up_of_a_moment_one_entry_on_its_strand) {
    for (uint64_t number = 0; number < 20; number++) {
        mw_world world;
        mw_world_config config = {EVENTS, number % 3 == 0, number % 5 == 0, number % 2 == 0};
        mw_world_create_plain(&world, mw_test_seed() * 100 + number, config);
        check_world(&world);
        mw_world_release(&world);
    }
}
