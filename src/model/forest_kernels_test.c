#include "model/forest_kernels.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 3, VALUES = 200, COLUMNS = MW_LANE_ROW_COLUMNS_MAX };

static int compare_doubles(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

MW_TEST(forest_kernels_rank_values_as_counting_does) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 200; round++) {
        static double thresholds[PAGES_MAX * MW_RANK_PAGE];
        size_t page_count = 1 + mw_prng_below(&prng, PAGES_MAX);
        size_t room = page_count * MW_RANK_PAGE, count = mw_prng_below(&prng, room);
        for (size_t i = 0; i < room; i++)
            thresholds[i] = i < count ? mw_prng_double(&prng) - 0.5 : INFINITY;
        qsort(thresholds, count, sizeof *thresholds, compare_doubles);
        mw_rank_scale scale = {.thresholds = thresholds, .page_count = page_count};
        for (size_t i = 0; i < MW_RANK_NODE; i++)
            scale.pivots[i] = thresholds[i * MW_RANK_NODE + MW_RANK_NODE - 1];
        double values[VALUES] = {-INFINITY, INFINITY, 0};
        for (size_t i = 3; i < VALUES; i++)
            values[i] = mw_prng_below(&prng, 2) ? thresholds[mw_prng_below(&prng, room)]
                                                : mw_prng_double(&prng) - 0.5;
        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
            uint16_t ranks[VALUES];
            mw_forest_kernels_of((mw_lanes_kind)kind)
                ->rank(&scale, values, VALUES, ranks);
            for (size_t i = 0; i < VALUES; i++) {
                size_t below = 0;
                for (size_t t = 0; t < room; t++) below += thresholds[t] < values[i];
                MW_CHECK_EQUAL_INT(ranks[i], below);
            }
        }
    }
}

/* Splits need not make a tree: the rule of the header is what counts. */
MW_TEST(forest_kernels_find_the_leaves_that_the_plain_one_finds) {
    uint64_t prng = mw_test_seed();
    static int8_t columns[COLUMNS * MW_LANE_ROWS];
    static mw_lane_split splits[MW_LANE_LEAVES_MAX - 1];
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof columns; i++) columns[i] = (int8_t)mw_prng_next(&prng);
        size_t split_count = mw_prng_below(&prng, MW_LANE_LEAVES_MAX);
        for (size_t j = 0; j < split_count; j++)
            splits[j] = (mw_lane_split){
                .column = (uint16_t)mw_prng_below(&prng, COLUMNS),
                .bin = (int8_t)mw_prng_next(&prng),
                .start = (int8_t)((int)mw_prng_below(&prng, j + 1) - MW_LANE_BIAS)};
        uint8_t plain[MW_LANE_ROWS], leaves[MW_LANE_ROWS];
        mw_forest_kernels_of(MW_LANES_PLAIN)->rows(splits, split_count, columns, plain);
        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
            mw_forest_kernels_of((mw_lanes_kind)kind)->rows(splits, split_count, columns, leaves);
            MW_CHECK(memcmp(leaves, plain, sizeof leaves) == 0);
        }
    }
}

MW_TEST(forest_kernels_look_sets_up_as_the_plain_one_does) {
    uint64_t prng = mw_test_seed();
    static uint8_t bits[4 * MW_SET_SIZE];
    for (int round = 0; round < 200; round++) {
        size_t size = round % 2 ? MW_SET_SIZE : sizeof bits;
        uint16_t categories[MW_LANE_ROWS];
        int8_t plain[MW_LANE_ROWS], column[MW_LANE_ROWS];
        for (size_t i = 0; i < sizeof bits; i++) bits[i] = (uint8_t)mw_prng_next(&prng);
        for (size_t i = 0; i < MW_LANE_ROWS; i++)
            categories[i] = (uint16_t)mw_prng_below(&prng, 8 * size);
        mw_forest_kernels_of(MW_LANES_PLAIN)->set(bits, size, categories, plain);
        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
            mw_forest_kernels_of((mw_lanes_kind)kind)->set(bits, size, categories, column);
            MW_CHECK(memcmp(column, plain, sizeof column) == 0);
        }
    }
}

/* A group's lane is a tree: the same splits, run for one row by the kernel of rows. */
MW_TEST(forest_kernels_run_one_row_through_a_group_as_through_each_tree) {
    uint64_t prng = mw_test_seed();
    static int8_t columns[COLUMNS * MW_LANE_ROWS];
    static mw_lane_step steps[MW_LANE_LEAVES_MAX - 1];
    static uint64_t rights[MW_LANE_LEAVES_MAX - 1];
    mw_lane_split splits[MW_LANE_LEAVES_MAX - 1];
    for (int round = 0; round < 50; round++) {
        size_t step_count = mw_prng_below(&prng, MW_LANE_LEAVES_MAX);
        mw_lane_row row = {.column_count = 1 + (size_t)mw_prng_below(&prng, COLUMNS),
                           .rights = rights,
                           .has_sets = mw_prng_below(&prng, 2)};
        for (size_t c = 0; c < row.column_count; c++)
            row.columns[c] = columns[c * MW_LANE_ROWS] = (int8_t)mw_prng_next(&prng);
        for (size_t j = 0; j < step_count; j++) {
            rights[j] = 0;
            for (size_t lane = 0; lane < MW_LANE_TREES; lane++) {
                steps[j].columns[lane] = (uint8_t)mw_prng_below(&prng, row.column_count);
                steps[j].bins[lane] = (int8_t)mw_prng_next(&prng);
                steps[j].starts[lane] =
                    (int8_t)((int)mw_prng_below(&prng, j + 1) - MW_LANE_BIAS);
                bool is_forced = row.has_sets && mw_prng_below(&prng, 8) == 0 &&
                                 row.columns[0] > -MW_LANE_BIAS;
                rights[j] |= (uint64_t)is_forced << lane;
            }
        }
        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
            const mw_forest_kernels *kernels = mw_forest_kernels_of((mw_lanes_kind)kind);
            if (!kernels->row) continue;
            uint8_t found[MW_LANE_TREES], expected[MW_LANE_ROWS];
            kernels->row(steps, step_count, &row, found);
            for (size_t lane = 0; lane < MW_LANE_TREES; lane++) {
                for (size_t j = 0; j < step_count; j++) {
                    bool is_forced = rights[j] >> lane & 1;
                    splits[j] = (mw_lane_split){
                        .column = is_forced ? 0 : steps[j].columns[lane],
                        .bin = is_forced ? -MW_LANE_BIAS : steps[j].bins[lane],
                        .start = steps[j].starts[lane]};
                }
                mw_forest_kernels_of(MW_LANES_PLAIN)->rows(splits, step_count, columns, expected);
                MW_CHECK_EQUAL_INT(found[lane], expected[0]);
            }
        }
    }
}
