#include "model/forest.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

enum { FEATURES = 4 };
static const mw_forest_head plain_head = {
    .feature_count = FEATURES, .tree_count = 1, .output = MW_OUTPUT_IDENTITY, .sigmoid = 1};

static mw_forest_node leaf(double value) {
    return (mw_forest_node){.kind = MW_NODE_LEAF, .value = value};
}

MW_TEST(forest_makes_of_the_sum_what_its_objective_says) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_buf nodes;
    mw_buf_init(&nodes, 1 << 12);
    mw_forest_node parts[] = {leaf(0.25), leaf(0.5)};
    for (size_t i = 0; i < 2; i++) mw_forest_node_append(&nodes, &parts[i]);
    static const struct {
        mw_forest_output output;
        double sigmoid;
        bool is_average;
        double raw;
    } cases[] = {{MW_OUTPUT_IDENTITY, 1, false, 0.75},
                 {MW_OUTPUT_IDENTITY, 1, true, 0.375},
                 {MW_OUTPUT_EXP, 1, false, 0.75},
                 {MW_OUTPUT_SIGMOID, 2, false, 0.75}};
    double row[FEATURES] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_forest_head head = {FEATURES, 2, cases[i].output, cases[i].is_average,
                               cases[i].sigmoid};
        const mw_forest *forest;
        MW_CHECK_OK(mw_forest_make(&arena, &head, mw_buf_str(&nodes), &forest, NULL), NULL);
        double expected = cases[i].raw;
        if (head.output == MW_OUTPUT_EXP) expected = exp(expected);
        if (head.output == MW_OUTPUT_SIGMOID) expected = 1 / (1 + exp(-2 * expected));
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, row), 0.75);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_predict(forest, row), expected);
    }
    mw_buf_release(&nodes);
    mw_arena_release(&arena);
}

/* A random tree in pre-order, as deep as it gets, and its value by the same recursion. */
static double append_random(mw_buf *nodes, uint64_t *prng, const double *row, int depth) {
    if (depth == 0 || mw_prng_below(prng, 5) == 0) {
        mw_forest_node node = leaf((double)mw_prng_below(prng, 1000) / 7);
        mw_forest_node_append(nodes, &node);
        return node.value;
    }
    mw_forest_node node = {.kind = MW_NODE_NUMERIC,
                           .feature = (uint32_t)mw_prng_below(prng, FEATURES),
                           .value = mw_prng_double(prng)};
    mw_forest_node_append(nodes, &node);
    double left = append_random(nodes, prng, row, depth - 1);
    double right = append_random(nodes, prng, row, depth - 1);
    return row[node.feature] <= node.value ? left : right;
}

MW_TEST(forest_agrees_with_a_recursive_model_and_survives_saving) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 50; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 24);
        mw_buf nodes, saved, again;
        mw_buf_init(&nodes, 1 << 22);
        mw_buf_init(&saved, 1 << 22);
        mw_buf_init(&again, 1 << 22);
        double row[FEATURES], sum = 0;
        for (size_t f = 0; f < FEATURES; f++) row[f] = mw_prng_double(&prng);
        mw_forest_head head = plain_head;
        head.tree_count = 1 + (uint32_t)mw_prng_below(&prng, 20);
        for (uint32_t t = 0; t < head.tree_count; t++)
            sum += append_random(&nodes, &prng, row, 8);

        const mw_forest *forest, *back;
        mw_error err;
        MW_CHECK_OK(mw_forest_make(&arena, &head, mw_buf_str(&nodes), &forest, &err), &err);
        mw_forest_encode(forest, &saved);
        MW_CHECK_OK(mw_forest_decode(&arena, mw_buf_str(&saved), &back, &err), &err);
        mw_forest_encode(back, &again);
        MW_CHECK(mw_str_equal(mw_buf_str(&saved), mw_buf_str(&again)));
        double predicted;
        mw_forest_predict_rows(back, row, 1, &predicted);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, row), sum);
        MW_CHECK_EQUAL_DOUBLE_BITS(predicted, sum);
        char hash[MW_SHA256_HEX_SIZE + 1], hash_back[MW_SHA256_HEX_SIZE + 1];
        mw_forest_hash(forest, hash);
        mw_forest_hash(back, hash_back);
        MW_CHECK_EQUAL_STR((const char *)hash, (const char *)hash_back);
        mw_buf_release(&nodes);
        mw_buf_release(&saved);
        mw_buf_release(&again);
        mw_arena_release(&arena);
    }
}

static mw_status make_from(void *context) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const mw_forest *forest;
    mw_status status = mw_forest_make(&arena, &plain_head, *(mw_str *)context, &forest, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(forest_refuses_trees_that_end_early_or_late) {
    mw_buf nodes;
    mw_buf_init(&nodes, 1 << 12);
    mw_forest_node split = {.kind = MW_NODE_NUMERIC}, one = leaf(1);
    mw_forest_node_append(&nodes, &split);
    mw_forest_node_append(&nodes, &one);
    mw_str bytes = mw_buf_str(&nodes);
    MW_CHECK_STATUS(make_from(&bytes), MW_CORRUPT);
    mw_forest_node_append(&nodes, &one);
    bytes = mw_buf_str(&nodes);
    MW_CHECK(mw_test_every_allocation_fails(make_from, &bytes) > 1);
    mw_forest_node_append(&nodes, &one);
    bytes = mw_buf_str(&nodes);
    MW_CHECK_STATUS(make_from(&bytes), MW_CORRUPT);
    mw_buf_release(&nodes);
}
