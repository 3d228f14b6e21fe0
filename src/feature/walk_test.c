#include "feature/walk.h"

#include <string.h>

#include "feature/memory_disk_test.h"
#include "testing/test.h"
#include "testing/world.h"

enum { PAIRS_MAX = 7 };

typedef struct {
    const mw_world *world;
    mw_walk walk;
    mw_agenda *plain; /* all labels, and nothing else */
    mw_turn before;
    size_t applied, expected; /* events that have had their turn, and labels */
    size_t labels, shared_places, pairs, runs, in_line, out_of_line;
} stroll;

static void check_event(stroll *it, const mw_cell *row, int64_t place) {
    MW_CHECK(row == mw_events_at(&it->world->events, it->applied++).row);
    MW_CHECK(mw_agenda_next(it->walk.agenda) > place);
    MW_CHECK(mw_agenda_next(it->plain) > place);
}

static void expect_label(stroll *it, const mw_moment *moment) {
    uint64_t in_line = it->walk.labels.end;
    if (!mw_walk_wants_label(&it->walk, moment)) return;
    MW_CHECK_OK(mw_agenda_add_label(it->plain, moment, it->expected, NULL, NULL), NULL);
    MW_CHECK_OK(mw_walk_expect(&it->walk, moment, it->expected++, NULL), NULL);
    it->in_line += it->walk.labels.end > in_line;
    it->out_of_line += it->walk.labels.end == in_line;
}

/* Labels come as from an agenda that has them all. */
static void check_label(stroll *it, const mw_turn *turn) {
    mw_due due;
    MW_CHECK(mw_agenda_pop(it->plain, turn->place, &due));
    MW_CHECK_EQUAL_INT(turn->number, due.number);
    MW_CHECK_EQUAL_INT(turn->place, due.due);
    MW_CHECK_EQUAL_INT(turn->moment.t, due.moment.t);
    MW_CHECK_EQUAL_INT(turn->moment.place, due.moment.place);
    size_t count = it->world->program->streams[it->world->model->moment_stream].schema.field_count;
    MW_CHECK(memcmp(turn->moment.row, due.moment.row, count * sizeof(mw_cell)) == 0);
}

/* A moment is the first of all that happens at its place, but for labels and other moments. */
static void check_moment(stroll *it, const mw_moment *moment) {
    MW_CHECK(moment->t <= moment->place);
    MW_CHECK(it->before.kind != MW_TURN_EVENT || it->before.place < moment->place);
    expect_label(it, moment);
}

/* Nothing is due before the last of them, not even one of their own labels. */
static void check_pairs(stroll *it, size_t max) {
    mw_moment moments[PAIRS_MAX];
    size_t count = mw_walk_pairs(&it->walk, moments, max);
    MW_CHECK(count <= max);
    for (size_t i = 0; i < count; i++) {
        MW_CHECK(moments[i].place > it->before.place);
        check_moment(it, &moments[i]);
        check_event(it, moments[i].row, moments[count - 1].place);
        it->before = (mw_turn){.kind = MW_TURN_EVENT, .place = moments[i].place};
    }
    it->pairs += count;
    it->runs += count > 2;
}

static void check_turn(stroll *it, const mw_turn *turn) {
    MW_CHECK(turn->place >= it->before.place);
    it->shared_places += turn->place == it->before.place && turn->kind == MW_TURN_MOMENT;
    if (turn->kind == MW_TURN_EVENT) check_event(it, turn->event.row, turn->place);
    if (turn->kind == MW_TURN_MOMENT) {
        MW_CHECK(turn->place == turn->moment.place);
        check_moment(it, &turn->moment);
    }
    if (turn->kind == MW_TURN_LABEL) {
        MW_CHECK(turn->place >= turn->moment.t + it->world->model->maturity_us);
        check_label(it, turn);
        it->labels++;
    }
    it->before = *turn;
}

/* Turns go on in time, each event has one, and before each all is over that was due by then. */
MW_TEST(walk_comes_to_what_is_due_before_what_is_applied) {
    size_t labels = 0, shared_places = 0, pairs = 0, runs = 0, in_line = 0, out_of_line = 0;
    for (uint64_t number = 0; number < 80; number++) {
        mw_world world;
        mw_world_create(&world, mw_test_seed() * 100 + number,
                        (mw_world_config){300, true, false, false});
        mw_replay_config config = {.program = world.program, .model = world.model,
                                   .events = &world.events, .symbols = world.symbols,
                                   .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                                   .with_label = number % 4 != 0};
        stroll it = {.world = &world, .before.place = INT64_MIN};
        MW_CHECK_OK(mw_walk_init(&it.walk, config, NULL), NULL);
        MW_CHECK_OK(mw_agenda_create(world.model, world.program, world.symbols, &it.plain, NULL),
                    NULL);
        for (bool is_done = false;;) {
            mw_turn turn;
            if (number % 2 == 0) check_pairs(&it, 1 + number % PAIRS_MAX);
            MW_CHECK_OK(mw_walk_next(&it.walk, &turn, &is_done, NULL), NULL);
            if (is_done) break;
            check_turn(&it, &turn);
        }
        MW_CHECK_EQUAL_INT(it.applied, world.events.event_count);
        MW_CHECK_EQUAL_INT(mw_agenda_count(it.walk.agenda), 0);
        MW_CHECK_EQUAL_INT(mw_agenda_count(it.plain), 0);
        in_line += it.in_line;
        out_of_line += it.out_of_line;
        labels += it.labels;
        shared_places += it.shared_places;
        pairs += it.pairs;
        runs += it.runs;
        mw_walk_release(&it.walk);
        mw_agenda_destroy(it.plain);
        mw_world_release(&world);
    }
    MW_CHECK(in_line > 500 && out_of_line > 100);
    MW_CHECK(labels > 1000 && shared_places > 20 && pairs > 20 && runs > 5);
}

/* Who gives up on a walk waits for none of the labels on disk: nobody asks for their texts. */
MW_TEST(walk_that_is_given_up_reads_nothing_back) {
    enum { LABELS = 1000 };
    mw_world world;
    memory_disk disk;
    mw_walk walk;
    memory_disk_init(&disk);
    mw_world_create(&world, mw_test_seed(), (mw_world_config){30, true, false, false});
    mw_replay_config config = {.program = world.program, .model = world.model,
                               .events = &world.events, .symbols = world.symbols,
                               .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                               .memory = {30000, &disk.disk}, .with_label = true};
    MW_CHECK_OK(mw_walk_init(&walk, config, NULL), NULL);
    mw_cell row[64] = {{0}};
    MW_CHECK(world.program->streams[world.model->moment_stream].schema.field_count <
             sizeof row / sizeof *row);
    for (int64_t i = 0; i < LABELS; i++)
        MW_CHECK_OK(mw_walk_expect(&walk, &(mw_moment){i, i, row}, (uint64_t)i, NULL), NULL);
    MW_CHECK(walk.labels.spill.count > LABELS / 100);
    size_t reads = disk.reads;
    mw_walk_release(&walk);
    MW_CHECK_EQUAL_INT(disk.reads, reads);
    memory_disk_release(&disk);
    mw_world_release(&world);
}
