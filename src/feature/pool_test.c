#include "feature/pool.h"

#include "base/prng.h"
#include "testing/test.h"

#include <pthread.h>
#include <string.h>

MW_TEST(pool_gives_a_block_again_to_its_own_class_alone) {
    mw_budget budget = {.max = SIZE_MAX};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    void *small = mw_pool_take(&pool, 0, 16), *large = mw_pool_take(&pool, 1, 32);
    MW_CHECK(small && large && small != large);
    mw_pool_give(&pool, 0, small);
    mw_pool_give(&pool, 0, NULL);
    MW_CHECK(mw_pool_take(&pool, 1, 32) != small);
    MW_CHECK(mw_pool_take(&pool, 0, 16) == small);
    mw_pool_release(&pool);
    MW_CHECK_EQUAL_INT(budget.used, 0);
}

/* Blocks never overlap: each keeps the mark that it was given. */
MW_TEST(pool_blocks_do_not_overlap) {
    enum { BLOCKS = 500, CLASSES = 12 };
    mw_budget budget = {.max = SIZE_MAX};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    uint64_t prng = mw_test_seed();
    struct { unsigned char *bytes; int size_class; } blocks[BLOCKS] = {0};
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)mw_prng_below(&prng, BLOCKS);
        unsigned char mark = (unsigned char)(i % 251);
        size_t size = (size_t)8 << blocks[i].size_class;
        if (blocks[i].bytes) {
            for (size_t b = 0; b < size; b++) MW_CHECK(blocks[i].bytes[b] == mark);
            mw_pool_give(&pool, blocks[i].size_class, blocks[i].bytes);
            blocks[i].bytes = NULL;
            continue;
        }
        blocks[i].size_class = (int)mw_prng_below(&prng, CLASSES);
        size = (size_t)8 << blocks[i].size_class;
        blocks[i].bytes = mw_pool_take(&pool, blocks[i].size_class, size);
        MW_CHECK(blocks[i].bytes);
        memset(blocks[i].bytes, mark, size);
    }
    mw_pool_release(&pool);
}

MW_TEST(pool_stays_within_its_budget) {
    mw_budget budget = {.max = 100000};
    mw_pool pool;
    mw_pool_init(&pool, &budget);
    size_t taken = 0;
    while (mw_pool_take(&pool, 0, 1024)) taken++;
    MW_CHECK(taken > 20 && taken < 98 && budget.used <= budget.max);
    mw_pool_release(&pool);
    MW_CHECK_EQUAL_INT(budget.used, 0);
}

static void *take_and_give(void *context) {
    mw_budget *budget = context;
    size_t refused = 0;
    for (int i = 0; i < 300000; i++) {
        if (mw_budget_take_movable(budget, 60)) mw_budget_give_movable(budget, 60);
        else refused++;
    }
    return refused > 0 ? budget : NULL;
}

/* What others take at the same time can all be spilled, so each may take as if it were alone. */
MW_TEST(pool_budget_gives_each_thread_what_would_fit) {
    enum { THREADS = 3 };
    mw_budget budget = {.max = 100, .spills = true};
    pthread_t threads[THREADS];
    void *refused;
    MW_CHECK(mw_budget_take(&budget, 40));
    for (size_t i = 0; i < THREADS; i++)
        MW_CHECK_EQUAL_INT(pthread_create(&threads[i], NULL, take_and_give, &budget), 0);
    for (size_t i = 0; i < THREADS; i++) {
        MW_CHECK_EQUAL_INT(pthread_join(threads[i], &refused), 0);
        MW_CHECK(!refused);
    }
    MW_CHECK(!mw_budget_take_movable(&budget, 61) && !mw_budget_take(&budget, 61));
    mw_budget_give(&budget, 40);
    MW_CHECK(budget.used == 0 && budget.fixed == 0);
}

/* Who has little looks for nothing to spill: it would find it only after all of its keys. */
MW_TEST(pool_budget_asks_those_who_have_more_than_their_share) {
    mw_budget whole = {.max = 100, .spills = true, .part_count = 2};
    mw_budget little = {.whole = &whole}, much = {.whole = &whole};
    MW_CHECK(mw_budget_take(&little, 20) && mw_budget_take_movable(&little, 40));
    MW_CHECK(mw_budget_take_movable(&much, 40));
    MW_CHECK(!mw_budget_is_over(&little) && !mw_budget_is_over(&much));
    MW_CHECK(mw_budget_take_movable(&much, 1));
    MW_CHECK(mw_budget_is_over(&whole) && !mw_budget_is_over(&little) && mw_budget_is_over(&much));
    MW_CHECK(!mw_budget_take_movable(&much, 81) && !mw_budget_take(&little, 81));
    mw_budget_give_movable(&much, 41);
    mw_budget_give_movable(&little, 40);
    mw_budget_give(&little, 20);
    MW_CHECK(whole.used == 0 && whole.fixed == 0 && little.used == 0 && little.fixed == 0);
}
