#include "feature/bound.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

enum { WORDS = 2, STEPS = 3000 };
static const uint32_t tallied[] = {1};
static const mw_ring_shape ring_shape = {.element_words = WORDS};
static const mw_bound_shape shape = {&ring_shape, tallied, 1};

typedef union {
    mw_bound bound;
    char bytes[sizeof(mw_bound) + sizeof(mw_tally)];
} bound_room;

/* Counts anew what lies before the bound's cut. */
static void check(const mw_ring *ring, const mw_bound *bound) {
    mw_tally expected = {0};
    uint64_t position = ring->first;
    for (; position < mw_ring_end(ring); position++) {
        const mw_cell *element = mw_ring_at(&ring_shape, ring, position);
        if (element->time >= bound->cut) break;
        mw_tally_add(&expected, element[1].number);
    }
    MW_CHECK_EQUAL_INT(bound->position, position);
    MW_CHECK_EQUAL_INT(bound->tallies[0].count, expected.count);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_read(&bound->tallies[0].sum),
                               mw_exact_sum_read(&expected.sum));
}

MW_TEST(bound_slides_both_ways_and_takes_late_events_in) {
    mw_budget budget = {.max = SIZE_MAX};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    mw_ring ring = {0};
    bound_room room;
    mw_bound *bound = &room.bound;
    mw_bound_init(&shape, &ring, bound);
    check(&ring, bound);
    uint64_t prng = mw_test_seed();
    static const double values[] = {1e18, -1e18, 0x1p-80, 0x1p63, 0.1, -0.3, 7};
    for (int64_t step = 0; step < STEPS; step++) {
        double value = values[mw_prng_below(&prng, sizeof values / sizeof *values)];
        if (mw_prng_below(&prng, 9) == 0) value = NAN;
        mw_cell element[WORDS] = {mw_cell_time(step - (int64_t)mw_prng_below(&prng, 30)),
                                  mw_cell_number(value)};
        MW_CHECK(mw_ring_reserve(&ring_shape, &ring, &pool, 1));
        mw_ring_insert(&ring_shape, &ring, element);
        mw_bound_take_in(&shape, bound, element);
        check(&ring, bound);
        if (mw_prng_below(&prng, 3) != 0) continue;
        mw_bound_slide(&shape, &ring, bound, step - (int64_t)mw_prng_below(&prng, 100));
        check(&ring, bound);
    }
    mw_pool_release(&pool);
}

MW_TEST(tally_between_takes_back_what_came_before) {
    mw_tally from = {0}, to = {0}, alone = {0};
    mw_tally_add(&from, -0x1p62);
    mw_tally_add(&to, -0x1p62);
    mw_tally_add(&to, 0.1);
    mw_tally_add(&alone, 0.1);
    mw_tally between = mw_tally_between(&from, &to);
    MW_CHECK_EQUAL_INT(between.count, 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_read(&between.sum), mw_exact_sum_read(&alone.sum));
}
