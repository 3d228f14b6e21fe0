#include "model/forest_paths.h"

#include "model/random_forest_test.h"

enum { FEATURES = 5, ROWS = 40 };

static bool passes(const mw_forest_paths *paths, const mw_path_step *step, const double *row) {
    for (uint32_t i = 0; i < step->turn_count; i++) {
        mw_path_turn turn = paths->turns[step->first_turn + i];
        const mw_tree_split *split = &paths->forest->splits[turn.split];
        MW_CHECK_EQUAL_INT(split->feature, step->feature);
        bool goes_left = mw_tree_goes_left(paths->forest, split, row[split->feature]);
        if (goes_left != turn.goes_left) return false;
    }
    return true;
}

/* A row passes all steps of the leaf that it falls into, and of no other; no path asks twice for a
   feature. */
MW_TEST(forest_paths_lead_to_the_leaves_that_rows_fall_into) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 40; round++) {
        mw_random_forest shape = {.prng = mw_prng_next(&prng),
                                  .feature_count = FEATURES,
                                  .tree_count = 4,
                                  .leaf_count_max = 1 + (uint32_t)mw_prng_below(&prng, 40),
                                  .set_share = 20,
                                  .number_count = 20};
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        const mw_forest *forest;
        const mw_forest_paths *paths;
        MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
        MW_CHECK_OK(mw_forest_paths_make(&arena, forest, &paths, NULL), NULL);
        size_t leaf = 0;
        for (uint32_t t = 0; t < forest->head.tree_count; t++) {
            double rows[ROWS * FEATURES];
            for (size_t i = 0; i < ROWS * FEATURES; i++) rows[i] = mw_random_value(&shape);
            for (; leaf < paths->leaf_ends[t]; leaf++) {
                const mw_path *path = &paths->paths[leaf];
                unsigned asked = 0;
                for (uint32_t i = 0; i < path->step_count; i++) {
                    const mw_path_step *step = &paths->steps[path->first_step + i];
                    MW_CHECK(!(asked >> step->feature & 1));
                    asked |= 1u << step->feature;
                }
                for (size_t r = 0; r < ROWS; r++) {
                    const double *row = rows + r * FEATURES;
                    bool passes_all = true;
                    for (uint32_t i = 0; i < path->step_count; i++)
                        passes_all &= passes(paths, &paths->steps[path->first_step + i], row);
                    MW_CHECK(passes_all == (mw_tree_leaf(forest, t, row) == leaf));
                }
            }
        }
        mw_arena_release(&arena);
    }
}
