#include "feature/pool.h"

#include "base/prng.h"
#include "testing/test.h"

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
