#include "model/forest_lanes.h"

#include "model/random_forest_test.h"

enum { ROWS = 2 * MW_LANE_ROWS + 70, FORESTS = 100, CLASSES_MAX = 5 };

static mw_random_forest random_shape(uint64_t *prng, uint32_t round) {
    static const uint32_t leaf_counts[] = {2, 8, 31, 63, 64, 65, 255, 256};
    return (mw_random_forest){.prng = mw_prng_next(prng),
                              .feature_count =
                                  1 + (uint32_t)mw_prng_below(prng, MW_RANDOM_FEATURES_MAX),
                              .tree_count = 1 + (uint32_t)mw_prng_below(prng, 150),
                              .leaf_count_max = leaf_counts[round % 8],
                              .set_share = round % 3 == 0 ? 30 : 0,
                              .number_count = round % 5 == 0 ? 2000 : 20,
                              .class_count = round % 4 == 0 ? 1 + round % CLASSES_MAX : 1,
                              .is_float = round % 7 < 3};
}

MW_TEST(forest_lanes_of_all_kinds_equal_a_walk_of_the_trees) {
    uint64_t prng = mw_test_seed();
    static double rows[ROWS * MW_RANDOM_FEATURES_MAX], sums[ROWS * CLASSES_MAX];
    size_t with_sets = 0, with_pages = 0, with_groups = 0;
    for (uint32_t round = 0; round < FORESTS; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 28);
        mw_random_forest shape = random_shape(&prng, round);
        const mw_forest *forest;
        MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
        MW_CHECK(forest->layout != NULL);
        with_sets += forest->layout->set_feature_count > 0;
        with_groups += forest->layout->steps != NULL;
        for (size_t s = 0; s < forest->layout->scale_count; s++)
            with_pages += forest->layout->scales[s].ranks.page_count > 1;
        for (size_t i = 0; i < (size_t)ROWS * shape.feature_count; i++)
            rows[i] = mw_random_value(&shape);

        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
            /* A full block, then part of one, then a few rows; or one of these alone. */
            static const size_t counts[] = {ROWS, MW_LANE_ROWS + 5, MW_LANE_ROWS, 100, 1};
            size_t count = counts[mw_prng_below(&prng, 5)];
            mw_forest_lanes_rows(forest->layout, (mw_lanes_kind)kind, rows, count, sums);
            for (size_t i = 0; i < count; i++) {
                const double *row = rows + i * shape.feature_count;
                double walked[CLASSES_MAX], alone[CLASSES_MAX];
                mw_tree_sums(forest, row, walked);
                mw_forest_lanes_row(forest->layout, (mw_lanes_kind)kind, row, alone);
                for (size_t c = 0; c < forest->head.class_count; c++) {
                    MW_CHECK_EQUAL_DOUBLE_BITS(sums[i * forest->head.class_count + c], walked[c]);
                    MW_CHECK_EQUAL_DOUBLE_BITS(alone[c], walked[c]);
                }
            }
        }
        mw_arena_release(&arena);
    }
    MW_CHECK(with_sets > 10 && with_pages > 10 && with_groups > 10);
}

MW_TEST(forest_lanes_give_the_same_without_memory_for_a_block) {
    uint64_t prng = mw_test_seed();
    static double rows[ROWS * MW_RANDOM_FEATURES_MAX], sums[ROWS], without[ROWS];
    mw_arena arena;
    mw_arena_init(&arena, 1 << 28);
    mw_random_forest shape = random_shape(&prng, 3); /* with sets */
    const mw_forest *forest;
    MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
    for (size_t i = 0; i < (size_t)ROWS * shape.feature_count; i++)
        rows[i] = mw_random_value(&shape);
    mw_forest_lanes_rows(forest->layout, mw_lanes_best(), rows, ROWS, sums);
    mw_memory_fail_after(0);
    mw_forest_lanes_rows(forest->layout, mw_lanes_best(), rows, ROWS, without);
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK(memcmp(sums, without, sizeof sums) == 0);
    mw_arena_release(&arena);
}
