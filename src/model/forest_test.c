#include "model/forest.h"

#include "base/prng.h"
#include "model/forest_layout.h"
#include "model/seal.h"
#include "testing/test.h"

#include <math.h>

enum { FEATURES = 4 };
static const mw_forest_head plain_head = {
    .feature_count = FEATURES, .tree_count = 1, .class_count = 1, .sigmoid = 1};

static mw_forest_node leaf(double value) {
    return (mw_forest_node){.kind = MW_NODE_LEAF, .value = value};
}

MW_TEST(forest_makes_of_the_sum_what_its_objective_says) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_buf nodes;
    mw_buf_init(&nodes, 1 << 12);
    mw_forest_node parts[] = {leaf(0.25), leaf(0.5)};
    for (size_t i = 0; i < 2; i++) mw_forest_node_append(&nodes, &plain_head, &parts[i]);
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
        mw_forest_head head = {.feature_count = FEATURES,
                               .tree_count = 2,
                               .class_count = 1,
                               .output = cases[i].output,
                               .is_average = cases[i].is_average,
                               .sigmoid = cases[i].sigmoid};
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
        mw_forest_node_append(nodes, &plain_head, &node);
        return node.value;
    }
    mw_forest_node node = {.kind = MW_NODE_NUMERIC,
                           .feature = (uint32_t)mw_prng_below(prng, FEATURES),
                           .value = mw_prng_double(prng)};
    mw_forest_node_append(nodes, &plain_head, &node);
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

/* Three trees a class; a deep one has more leaves than lanes take, and such a forest is walked. */
MW_TEST(forest_predicts_a_row_alone_as_among_rows) {
    enum { CLASSES = 3, ROWS = 20 };
    uint64_t prng = mw_test_seed();
    for (int depth = 3; depth <= 14; depth += 11) {
        mw_arena arena;
        mw_buf nodes;
        const mw_forest *forest;
        double rows[ROWS * FEATURES], together[ROWS * CLASSES], alone[CLASSES];
        mw_arena_init(&arena, 1 << 26);
        mw_buf_init(&nodes, 1 << 24);
        for (size_t i = 0; i < ROWS * FEATURES; i++) rows[i] = mw_prng_double(&prng);
        mw_forest_head head = plain_head;
        head.tree_count = 3 * CLASSES;
        head.class_count = CLASSES;
        head.output = MW_OUTPUT_SOFTMAX;
        for (uint32_t t = 0; t < head.tree_count; t++) append_random(&nodes, &prng, rows, depth);
        MW_CHECK_OK(mw_forest_make(&arena, &head, mw_buf_str(&nodes), &forest, NULL), NULL);
        MW_CHECK((forest->layout != NULL) == (depth == 3));
        mw_forest_predict_rows(forest, rows, ROWS, together);
        for (size_t i = 0; i < ROWS; i++) {
            mw_forest_predict_row(forest, rows + i * FEATURES, alone);
            for (size_t c = 0; c < CLASSES; c++)
                MW_CHECK_EQUAL_DOUBLE_BITS(alone[c], together[i * CLASSES + c]);
        }
        mw_buf_release(&nodes);
        mw_arena_release(&arena);
    }
}

/* Bytes of format 1, as older versions hold them, give a forest of format 2. */
MW_TEST(forest_of_format_1_is_read) {
    static const mw_seal seal_1 = {.what = "forest", .magic = 0x5446574d, .format = 1};
    mw_buf payload, nodes, sealed, again;
    mw_buf *const all[] = {&payload, &nodes, &sealed, &again};
    for (size_t i = 0; i < 4; i++) mw_buf_init(all[i], 1 << 12);
    mw_forest_node split = {.kind = MW_NODE_NUMERIC, .feature = 1, .value = 0.5};
    mw_forest_node parts[] = {split, leaf(1), leaf(2)};
    for (size_t i = 0; i < 3; i++) mw_forest_node_append(&nodes, &plain_head, &parts[i]);
    static const uint32_t head_1[] = {FEATURES, 1, MW_OUTPUT_EXP, 1};
    for (size_t i = 0; i < 4; i++) mw_buf_append_u32(&payload, head_1[i]);
    mw_buf_append_u64(&payload, 0x3ff0000000000000); /* 1.0 */
    mw_buf_append_str(&payload, mw_buf_str(&nodes));
    mw_seal_append(&sealed, seal_1, mw_buf_str(&payload));

    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const mw_forest *forest;
    mw_error err;
    MW_CHECK_OK(mw_forest_decode(&arena, mw_buf_str(&sealed), &forest, &err), &err);
    mw_forest_head head = mw_forest_facts(forest);
    MW_CHECK(head.class_count == 1 && head.output == MW_OUTPUT_EXP && head.is_average);
    MW_CHECK(!head.has_covers && !head.is_float);
    MW_CHECK(mw_forest_raw(forest, (double[]){0, 1, 0, 0}) == 2);
    mw_forest_encode(forest, &again);
    MW_CHECK_EQUAL_INT(mw_seal_format(mw_buf_str(&again)), MW_FOREST_FORMAT);
    MW_CHECK_OK(mw_forest_decode(&arena, mw_buf_str(&again), &forest, &err), &err);
    for (size_t i = 0; i < 4; i++) mw_buf_release(all[i]);
    mw_arena_release(&arena);
}

MW_TEST(forest_with_linear_leaves_adds_their_terms) {
    mw_buf nodes, terms;
    mw_buf_init(&nodes, 1 << 12);
    mw_buf_init(&terms, 1 << 10);
    mw_forest_term_append(&terms, (mw_forest_term){0, 2});
    mw_forest_term_append(&terms, (mw_forest_term){2, -1});
    mw_forest_node parts[] = {
        {.kind = MW_NODE_NUMERIC, .feature = 1},
        {.kind = MW_NODE_LINEAR, .value = 7, .constant = 0.5, .terms = mw_buf_str(&terms)},
        leaf(3)};
    for (size_t i = 0; i < 3; i++) mw_forest_node_append(&nodes, &plain_head, &parts[i]);
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const mw_forest *forest;
    MW_CHECK_OK(mw_forest_make(&arena, &plain_head, mw_buf_str(&nodes), &forest, NULL), NULL);
    static const struct {
        double row[FEATURES], sum;
    } cases[] = {{{1, -1, 4}, 0.5 + 2 - 4},
                 {{1, 1, 4}, 3},
                 {{1, -1, NAN}, 7},
                 {{1e-36, -1, 4}, 0.5 - 4} /* nearly 0 is 0 */};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(forest, cases[i].row), cases[i].sum);
    mw_arena_release(&arena);
    mw_buf_release(&nodes);
    mw_buf_release(&terms);
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
    mw_forest_node_append(&nodes, &plain_head, &split);
    mw_forest_node_append(&nodes, &plain_head, &one);
    mw_str bytes = mw_buf_str(&nodes);
    MW_CHECK_STATUS(make_from(&bytes), MW_CORRUPT);
    mw_forest_node_append(&nodes, &plain_head, &one);
    bytes = mw_buf_str(&nodes);
    MW_CHECK(mw_test_every_allocation_fails(make_from, &bytes) > 1);
    mw_forest_node_append(&nodes, &plain_head, &one);
    bytes = mw_buf_str(&nodes);
    MW_CHECK_STATUS(make_from(&bytes), MW_CORRUPT);
    mw_buf_release(&nodes);
}
