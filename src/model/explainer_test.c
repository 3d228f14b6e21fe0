#include "model/explainer.h"

#include "model/forest_paths.h"
#include "model/random_forest_test.h"

enum { FEATURES = 6, ROWS = 11, CLASSES = 3, FORESTS = 40 };

/* What the row is expected to sum to if only the features in `known` are: down both sides of a
   split on any other, weighed by the training data. */
static double expect(const mw_forest *forest, int32_t at, const double *row, unsigned known) {
    if (at < 0) return forest->leaves[~at];
    const mw_tree_split *split = &forest->splits[at];
    if (known >> split->feature & 1) {
        bool is_left = mw_tree_goes_left(forest, split, row[split->feature]);
        return expect(forest, is_left ? split->left : split->right, row, known);
    }
    const int32_t sides[] = {split->left, split->right};
    double sum = 0, covers = 0;
    for (int i = 0; i < 2; i++) {
        double cover = sides[i] >= 0 ? forest->split_covers[sides[i]]
                                     : forest->leaf_covers[~sides[i]];
        sum += cover * expect(forest, sides[i], row, known);
        covers += cover;
    }
    return sum / covers;
}

static double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* Shapley's formula as it stands: over all sets without the feature. */
static double shapley(const mw_forest *forest, uint32_t class, const double *row,
                      unsigned feature) {
    double value = 0;
    for (unsigned set = 0; set < 1u << FEATURES; set++) {
        if (set >> feature & 1) continue;
        int size = __builtin_popcount(set);
        double weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES);
        for (uint32_t t = class; t < forest->head.tree_count; t += forest->head.class_count)
            value += weight * (expect(forest, forest->roots[t], row, set | 1u << feature) -
                               expect(forest, forest->roots[t], row, set));
    }
    return value;
}

static const mw_forest *make_forest(mw_arena *arena, uint64_t *prng, uint32_t round) {
    mw_random_forest shape = {.prng = mw_prng_next(prng),
                              .feature_count = FEATURES,
                              .tree_count = 1 + (uint32_t)mw_prng_below(prng, 6),
                              .leaf_count_max = 1 + (uint32_t)mw_prng_below(prng, 40),
                              .set_share = 20,
                              .number_count = 20,
                              .class_count = round % 3 == 0 ? CLASSES : 1,
                              .is_float = round % 4 == 0,
                              .has_covers = true};
    const mw_forest *forest;
    MW_CHECK_OK(mw_random_make(&shape, arena, &forest), NULL);
    return forest;
}

static void fill_rows(double *rows, uint64_t *prng) {
    mw_random_forest shape = {.prng = mw_prng_next(prng), .number_count = 20};
    for (size_t i = 0; i < ROWS * FEATURES; i++) rows[i] = mw_random_value(&shape);
}

MW_TEST(explainer_values_are_shapleys_and_add_up_to_the_sum) {
    uint64_t prng = mw_test_seed();
    for (uint32_t round = 0; round < FORESTS; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        const mw_forest *forest = make_forest(&arena, &prng, round);
        uint32_t classes = forest->head.class_count;
        const mw_explainer *explainer;
        mw_error err;
        MW_CHECK_OK(mw_explainer_make(&arena, forest, mw_lanes_best(), &explainer, &err), &err);
        double rows[ROWS * FEATURES], values[ROWS * CLASSES * (FEATURES + 1)];
        fill_rows(rows, &prng);
        MW_CHECK_OK(mw_explainer_run(explainer, rows, ROWS, values, &err), &err);
        for (size_t r = 0; r < ROWS; r++) {
            double sums[CLASSES];
            mw_tree_sums(forest, rows + r * FEATURES, sums);
            for (uint32_t c = 0; c < classes; c++) {
                const double *here = values + (r * classes + c) * (FEATURES + 1);
                double total = here[FEATURES];
                for (unsigned f = 0; f < FEATURES; f++) {
                    total += here[f];
                    double exact = shapley(forest, c, rows + r * FEATURES, f);
                    MW_CHECK(fabs(here[f] - exact) < 1e-12);
                }
                MW_CHECK(fabs(total - sums[c]) < (forest->head.is_float ? 1e-5 : 1e-12));
            }
        }
        mw_arena_release(&arena);
    }
}

MW_TEST(explainer_gives_the_same_bits_in_all_kinds_and_row_by_row) {
    uint64_t prng = mw_test_seed();
    for (uint32_t round = 1; round < 10; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        const mw_forest *forest = make_forest(&arena, &prng, round);
        size_t size = forest->head.class_count * (FEATURES + 1);
        double rows[ROWS * FEATURES];
        double first[ROWS * CLASSES * (FEATURES + 1)], values[ROWS * CLASSES * (FEATURES + 1)];
        fill_rows(rows, &prng);
        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
            const mw_explainer *explainer;
            MW_CHECK_OK(mw_explainer_make(&arena, forest, (mw_lanes_kind)kind, &explainer, NULL),
                        NULL);
            MW_CHECK_OK(mw_explainer_run(explainer, rows, ROWS, kind ? values : first, NULL), NULL);
            for (size_t i = 0; kind && i < ROWS * size; i++)
                MW_CHECK_EQUAL_DOUBLE_BITS(values[i], first[i]);
            for (size_t r = 0; r < ROWS; r++)
                MW_CHECK_OK(mw_explainer_run(explainer, rows + r * FEATURES, 1, values + r * size,
                                            NULL),
                            NULL);
            for (size_t i = 0; i < ROWS * size; i++)
                MW_CHECK_EQUAL_DOUBLE_BITS(values[i], first[i]);
        }
        mw_arena_release(&arena);
    }
}

/* A chain of leaf_count - 1 splits, each of a feature of its own: value i on the left of split i,
   half of the data each way. */
static const mw_forest *make_chain(mw_arena *arena, uint32_t leaf_count, bool has_covers) {
    mw_forest_head head = {.feature_count = leaf_count,
                           .tree_count = 1,
                           .class_count = 1,
                           .has_covers = has_covers,
                           .sigmoid = 1};
    mw_buf nodes;
    mw_buf_init(&nodes, SIZE_MAX);
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1, .cover = 1};
    for (uint32_t i = 1; i < leaf_count; i++) {
        mw_forest_node split = {.kind = MW_NODE_NUMERIC, .feature = i, .cover = 1};
        mw_forest_node_append(&nodes, &head, &split);
        mw_forest_node_append(&nodes, &head, &leaf);
        leaf.value = i % 7;
    }
    mw_forest_node_append(&nodes, &head, &leaf);
    const mw_forest *forest;
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&nodes), &forest, NULL), NULL);
    mw_buf_release(&nodes);
    return forest;
}

MW_TEST(explainer_is_exact_on_the_longest_paths) {
    static double row[MW_PATH_STEPS_MAX + 1], values[MW_PATH_STEPS_MAX + 2];
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    const mw_forest *forest = make_chain(&arena, MW_PATH_STEPS_MAX + 1, true);
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i <= MW_PATH_STEPS_MAX; i++) row[i] = mw_prng_below(&prng, 50) ? 1 : -1;
    const mw_explainer *explainer;
    MW_CHECK_OK(mw_explainer_make(&arena, forest, mw_lanes_best(), &explainer, NULL), NULL);
    MW_CHECK_OK(mw_explainer_run(explainer, row, 1, values, NULL), NULL);
    double total = 0;
    for (size_t i = 0; i < MW_PATH_STEPS_MAX + 2; i++) total += values[i];
    MW_CHECK(fabs(total - mw_forest_raw(forest, row)) < 1e-9);
    mw_arena_release(&arena);
}

MW_TEST(explainer_says_what_it_cannot) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 28);
    const mw_explainer *explainer;
    mw_error err;
    MW_CHECK_STATUS(mw_explainer_make(&arena, make_chain(&arena, MW_PATH_STEPS_MAX + 2, true),
                                      mw_lanes_best(), &explainer, &err),
                    MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR((const char *)err.message,
                       "explain: at most 256 features above a leaf fit, got 257");
    MW_CHECK_STATUS(mw_explainer_make(&arena, make_chain(&arena, 3, false), mw_lanes_best(),
                                      &explainer, &err),
                    MW_NOT_BUILT);
    MW_CHECK(strstr(err.message, "does not say how much of its training data"));
    mw_arena_release(&arena);
}

static mw_status explain_once(void *context) {
    uint64_t prng = *(const uint64_t *)context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    mw_random_forest shape = {.prng = prng,
                              .feature_count = FEATURES,
                              .tree_count = 3,
                              .leaf_count_max = 20,
                              .number_count = 20,
                              .has_covers = true};
    double row[FEATURES] = {0}, values[FEATURES + 1];
    const mw_forest *forest;
    const mw_explainer *explainer;
    mw_status status = mw_random_make(&shape, &arena, &forest);
    if (status == MW_OK)
        status = mw_explainer_make(&arena, forest, mw_lanes_best(), &explainer, NULL);
    if (status == MW_OK) status = mw_explainer_run(explainer, row, 1, values, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(explainer_survives_every_shortage_of_memory) {
    uint64_t prng = mw_test_seed();
    MW_CHECK(mw_test_every_allocation_fails(explain_once, &prng) > 3);
}
