#include "model/forest_tree.h"

#include "testing/test.h"

#include <math.h>

enum { FEATURES = 4 };
static const mw_forest_head plain_head = {
    .feature_count = FEATURES, .tree_count = 1, .class_count = 1, .sigmoid = 1};

static mw_forest_node leaf(double value) {
    return (mw_forest_node){.kind = MW_NODE_LEAF, .value = value};
}

/* A tree of one split of feature 1: 1 on the left, 2 on the right. */
static const mw_forest *make_stump(mw_arena *arena, mw_forest_node split) {
    mw_buf nodes;
    mw_buf_init(&nodes, 1 << 12);
    split.feature = 1;
    mw_forest_node one = leaf(1), two = leaf(2);
    mw_forest_node_append(&nodes, &plain_head, &split);
    mw_forest_node_append(&nodes, &plain_head, &one);
    mw_forest_node_append(&nodes, &plain_head, &two);
    const mw_forest *forest;
    mw_error err;
    MW_CHECK_OK(mw_forest_make(arena, &plain_head, mw_buf_str(&nodes), &forest, &err), &err);
    mw_buf_release(&nodes);
    return forest;
}

static double at(const mw_forest *forest, double value) {
    double row[FEATURES] = {0, value};
    double sum;
    mw_tree_sums(forest, row, &sum);
    return sum;
}

static const double zero = (double)1e-35f, past_zero = 1.1e-35;

MW_TEST(forest_tree_sends_numbers_left_up_to_the_threshold) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const mw_forest *forest =
        make_stump(&arena, (mw_forest_node){.kind = MW_NODE_NUMERIC, .value = 0.5});
    MW_CHECK(at(forest, 0.5) == 1 && at(forest, nextafter(0.5, 1)) == 2);
    MW_CHECK(at(forest, -INFINITY) == 1 && at(forest, INFINITY) == 2);
    MW_CHECK(at(forest, NAN) == 1); /* as 0 */
    forest = make_stump(&arena, (mw_forest_node){.kind = MW_NODE_NUMERIC, .value = -zero});
    MW_CHECK(at(forest, -zero) == 2); /* as 0, which is more than the threshold */
    MW_CHECK(at(forest, -past_zero) == 1 && at(forest, NAN) == 2);
    mw_arena_release(&arena);
}

MW_TEST(forest_tree_sends_missing_values_to_the_default_side) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    for (int left = 0; left < 2; left++) {
        double side = left ? 1 : 2;
        mw_forest_node split = {.kind = MW_NODE_NUMERIC,
                                .value = left ? -1 : 1, /* so that 0 goes to the other side */
                                .missing = MW_MISSING_NAN,
                                .default_left = left};
        const mw_forest *forest = make_stump(&arena, split);
        MW_CHECK(at(forest, NAN) == side && at(forest, 0) == 3 - side);
        split.missing = MW_MISSING_ZERO;
        forest = make_stump(&arena, split);
        MW_CHECK(at(forest, NAN) == side && at(forest, 0) == side && at(forest, -0.0) == side);
        MW_CHECK(at(forest, zero) == side && at(forest, -zero) == side);
        MW_CHECK(at(forest, past_zero) == 3 - side && at(forest, -past_zero) == 3 - side);
    }
    mw_arena_release(&arena);
}

MW_TEST(forest_tree_sends_unknown_categories_right) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_forest_node set = {.kind = MW_NODE_CATEGORY, .words = MW_STR("\5\0\0\0\0\0\0\x80")};
    const mw_forest *forest = make_stump(&arena, set); /* holds 0, 2 and 63 */
    static const double held[] = {0, -0.0, 0.9, -0.9, 2, 2.999, 63, 63.5, 1e-300};
    static const double strange[] = {1,  3,   62,   64,     -1,           -2.5, NAN, INFINITY,
                                     31, 1e9, 1e18, -1e300, 4294967298.0, 95};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) MW_CHECK(at(forest, held[i]) == 1);
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        MW_CHECK(at(forest, strange[i]) == 2);
    forest = make_stump(&arena, (mw_forest_node){.kind = MW_NODE_CATEGORY});
    MW_CHECK(at(forest, 0) == 2); /* an empty set holds nothing */
    mw_arena_release(&arena);
}
