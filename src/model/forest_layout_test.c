#include "model/forest_layout.h"

#include "model/random_forest_test.h"

/* A chain of `leaf_count` leaves: each split has a leaf on its left, whose value counts from 1. The
   i-th goes left up to i or, if there are categories, by the one that is i from their end. */
static const mw_forest *make_chain(mw_arena *arena, uint32_t leaf_count, uint32_t category_count) {
    mw_forest_head head = {.feature_count = 1, .tree_count = 1, .class_count = 1, .sigmoid = 1};
    size_t words_size = (category_count + 31) / 32 * 4;
    char *words = mw_arena_alloc(arena, words_size + 1, 1);
    mw_buf nodes;
    mw_buf_init(&nodes, SIZE_MAX);
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1};
    for (uint32_t i = 1; i < leaf_count; i++) {
        mw_forest_node split = {.kind = MW_NODE_NUMERIC, .value = (double)i};
        if (category_count > 0) {
            uint32_t category = category_count - i;
            split = (mw_forest_node){.kind = MW_NODE_CATEGORY, .words = {words, words_size}};
            memset(words, 0, words_size);
            words[category / 8] = (char)(1u << category % 8);
        }
        mw_forest_node_append(&nodes, &head, &split);
        mw_forest_node_append(&nodes, &head, &leaf);
        leaf.value++;
    }
    mw_forest_node_append(&nodes, &head, &leaf);
    const mw_forest *forest;
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&nodes), &forest, NULL), NULL);
    mw_buf_release(&nodes);
    return forest;
}

MW_TEST(forest_layout_takes_trees_of_256_leaves_and_walks_the_rest) {
    for (uint32_t leaf_count = 255; leaf_count < 260; leaf_count++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 24);
        const mw_forest *forest = make_chain(&arena, leaf_count, 0);
        MW_CHECK((forest->layout != NULL) == (leaf_count <= MW_LANE_LEAVES_MAX));
        for (double value = -1; value < 300; value += 0.5) {
            double expected = fmax(1, fmin(ceil(value), leaf_count));
            MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, &value), expected);
        }
        mw_arena_release(&arena);
    }
}

MW_TEST(forest_layout_gives_up_when_columns_do_not_fit) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    uint64_t prng = mw_test_seed();
    for (uint32_t feature_count = 20; feature_count < 2000; feature_count += 990) {
        mw_random_forest shape = {.prng = prng,
                                  .feature_count = feature_count,
                                  .tree_count = 200,
                                  .leaf_count_max = 30,
                                  .number_count = 20};
        const mw_forest *forest;
        MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
        MW_CHECK((forest->layout != NULL) == (feature_count == 20));
        double row[2000], sum, walked;
        for (size_t i = 0; i < feature_count; i++) row[i] = mw_random_value(&shape);
        mw_forest_raw_rows(forest, row, 1, &sum);
        mw_tree_sums(forest, row, &walked);
        MW_CHECK_EQUAL_DOUBLE_BITS(sum, walked);
    }
    mw_arena_release(&arena);
}

MW_TEST(forest_layout_keeps_what_categories_do_to_one_row_if_it_fits) {
    enum { LEAVES = 250 };
    static const uint32_t counts[] = {251, 255, 1000, 1021, 1022, 1023, 1024, 5000, 30000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        const mw_forest *forest = make_chain(&arena, LEAVES, counts[i]);
        MW_CHECK(forest->layout != NULL);
        MW_CHECK_EQUAL_INT(forest->layout->set_features[0].category_count, counts[i]);
        if (mw_forest_kernels_of(mw_lanes_best())->row)
            MW_CHECK((forest->layout->steps != NULL) == (counts[i] < 10000));
        double rows[2 * LEAVES], sums[2 * LEAVES];
        for (size_t row = 0; row < 2 * LEAVES; row++)
            rows[row] = (double)counts[i] - LEAVES - 2 + (double)row;
        rows[0] = NAN;
        mw_forest_raw_rows(forest, rows, 2 * LEAVES, sums);
        for (size_t row = 0; row < 2 * LEAVES; row++) {
            double nth = (double)counts[i] - rows[row];
            double expected = nth >= 1 && nth < LEAVES ? nth : LEAVES;
            MW_CHECK_EQUAL_DOUBLE_BITS(sums[row], expected);
            MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, &rows[row]), expected);
        }
        mw_arena_release(&arena);
    }
}

static mw_status make_once(void *context) {
    mw_random_forest shape = *(const mw_random_forest *)context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    const mw_forest *forest;
    mw_status status = mw_random_make(&shape, &arena, &forest);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(forest_layout_survives_every_shortage_of_memory) {
    mw_random_forest shape = {.prng = mw_test_seed(),
                              .feature_count = 20,
                              .tree_count = 100,
                              .leaf_count_max = 200,
                              .set_share = 20,
                              .number_count = 500};
    MW_CHECK(mw_test_every_allocation_fails(make_once, &shape) > 8);
}
