#include "feature/group.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <math.h>

static const char project[] =
    "stream orders\n  columns: at time, key number, x number\n  time: at\n"
    "stream others\n  columns: at time, key number\n  time: at\n"
    "feature a: sum(orders.x where x != 3 by key over 1h)\n"
    "model m\n  moment: on orders\n  label: count(others by key over next 1h)\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_plan plan;
    mw_budget budget;
    mw_group group;
} fixture;

static void begin(fixture *f) {
    *f = (fixture){.budget = {.max = SIZE_MAX}};
    mw_arena_init(&f->arena, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &f->symbols, NULL), NULL);
    const mw_program *program = mw_test_program(&f->arena, f->symbols, project);
    mw_engine_config config = {
        .program = program, .model = &program->models[0], .symbols = f->symbols};
    MW_CHECK_OK(mw_plan_make(&config, &f->arena, &f->plan, NULL), NULL);
    mw_group_init(&f->group, &f->plan.groups[0], &f->budget);
}

static void end(fixture *f) {
    mw_group_release(&f->group);
    MW_CHECK_EQUAL_INT(f->budget.used, 0);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static mw_frame frame_of(const fixture *f, const mw_cell *row) {
    return (mw_frame){.row = row, .time_us = row[0].time, .symbols = f->symbols};
}

/* Whether the group took the event. */
static bool put(fixture *f, int64_t time, double key, double x) {
    mw_cell row[] = {mw_cell_time(time), mw_cell_number(key), mw_cell_number(x)};
    mw_cell keys[MW_KEYS_MAX], element[2];
    mw_frame frame = frame_of(f, row);
    if (!mw_group_takes(&f->group, &frame, keys)) return false;
    MW_CHECK(mw_group_fill(&f->group, &frame, element) == (fabs(x) >= 0x1p63));
    mw_card *card;
    MW_CHECK_OK(mw_group_reserve(&f->group, keys, time, &card, NULL), NULL);
    mw_group_insert(&f->group, card, element);
    return true;
}

static mw_card *look_up(fixture *f, int64_t t, double key) {
    mw_cell row[] = {mw_cell_time(t), mw_cell_number(key), mw_cell_number(0)};
    mw_frame frame = frame_of(f, row);
    return mw_group_look_up(&f->group, &f->plan.lookups[0], &frame);
}

MW_TEST(group_takes_what_its_condition_and_keys_allow) {
    fixture f;
    begin(&f);
    MW_CHECK(put(&f, 0, 1, 2));
    MW_CHECK(!put(&f, 0, 1, 3));   /* where x != 3 */
    MW_CHECK(!put(&f, 0, 1, NAN)); /* a condition that is missing is not true */
    MW_CHECK(!put(&f, 0, NAN, 2)); /* a missing key groups with nothing */
    MW_CHECK(put(&f, 0, 2, 1e30));
    MW_CHECK_EQUAL_INT(look_up(&f, 1, 1)->ring.count, 1);
    MW_CHECK(!look_up(&f, 1, NAN) && !look_up(&f, 1, 5));
    end(&f);
}

/* Each time as many events come as it has elements to move, over GROWTH_SHARE, so none is ever
   full: here keys come in turn, and all rings fill alike. */
MW_TEST(group_lets_rings_that_fill_alike_grow_one_by_one) {
    enum { KEYS = 50, EVENTS = 3000, GROWTH_SHARE = 16 };
    fixture f;
    begin(&f);
    size_t came = 0, grown_at = 0, grown = 0;
    for (int64_t i = 0; i < EVENTS; i++)
        for (int key = 0; key < KEYS; key++) {
            const mw_card *card = i > 0 ? look_up(&f, 1, key) : NULL;
            mw_ring before = card ? card->ring : (mw_ring){0};
            MW_CHECK(put(&f, i, key, 2));
            came++;
            if (before.capacity < MW_RING_LONG_MIN) continue;
            if (card->ring.capacity == before.capacity) continue;
            MW_CHECK(before.count < before.capacity);
            MW_CHECK(came - grown_at >= before.capacity / GROWTH_SHARE || grown == 0);
            grown_at = came;
            grown++;
        }
    MW_CHECK_EQUAL_INT(grown, 3 * KEYS);
    MW_CHECK_EQUAL_INT(look_up(&f, 1, KEYS - 1)->ring.count, EVENTS);
    end(&f);
}

/* The rings of a day that passes hold an hour and its lateness, and in the end nothing. */
MW_TEST(group_holds_no_more_than_its_retention) {
    fixture f;
    begin(&f);
    MW_CHECK_EQUAL_INT(f.group.plan->retention_us, 2 * MW_HOUR_US);
    for (int64_t t = 0; t < MW_DAY_US; t += MW_MINUTE_US) {
        put(&f, t, 1, 1);
        put(&f, t, (double)t, 1);
        if (mw_group_is_due(&f.group, t)) mw_group_sweep(&f.group, t);
        MW_CHECK(f.group.cards.count <= 200 && look_up(&f, t, 1)->ring.count <= 256);
    }
    mw_group_sweep(&f.group, 3 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(f.group.cards.count, 0);
    MW_CHECK(!look_up(&f, MW_DAY_US, 1));
    end(&f);
}
