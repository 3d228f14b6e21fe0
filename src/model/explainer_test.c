#include "model/explainer.h"

#include "model/forest_tree.h"
#include "model/random_forest_test.h"

enum { FEATURES = 6, ROWS = 11, CLASSES = 3, FORESTS = 40, WIDTH = 80 };

/* What the row is expected to sum to if only the features in `known` are: down both sides of a
   split on any other, weighed by the training data, or alike where none came. */
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
    if (covers > 0) return sum / covers;
    return (expect(forest, sides[0], row, known) + expect(forest, sides[1], row, known)) / 2;
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

MW_TEST(explainer_gives_the_same_bits_in_all_kinds) {
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
        }
        mw_arena_release(&arena);
    }
}

/* --- leaf by leaf ------------------------------------------------------------------------ */

/* What a path asks of one feature. */
typedef struct {
    uint32_t feature;
    long double share;
    bool is_passed;
} asked;

/* A walk down one tree, whose leaves add to the values. */
typedef struct {
    const mw_forest *forest;
    const double *row;
    asked path[MW_EXPLAINED_FEATURES_MAX];
    long double *values;
    size_t feature_count_max; /* above a leaf */
} descent;

/* Shapley's formula for a leaf that is worth 1 where all features of its path pass: over the other
   features' sets, which are told apart by their size alone. */
static long double shapley_of(const asked *path, size_t count, size_t feature) {
    long double by_size[MW_EXPLAINED_FEATURES_MAX] = {1};
    long double weight = 1.0L / (long double)count, sum = 0;
    for (size_t k = 0, size_max = 0; k < count; k++) {
        if (k == feature) continue;
        for (size_t size = ++size_max; size > 0; size--)
            by_size[size] =
                by_size[size] * path[k].share + path[k].is_passed * by_size[size - 1];
        by_size[0] *= path[k].share;
    }
    for (size_t size = 0; size < count; size++) {
        sum += weight * by_size[size];
        if (size + 1 < count) weight *= (long double)(size + 1) / (long double)(count - 1 - size);
    }
    return (path[feature].is_passed - path[feature].share) * sum;
}

static long double cover_of(const mw_forest *forest, int32_t child) {
    return child >= 0 ? forest->split_covers[child] : forest->leaf_covers[~child];
}

static void add_below(descent *d, int32_t at, size_t count) {
    if (at < 0) {
        if (count > d->feature_count_max) d->feature_count_max = count;
        for (size_t i = 0; i < count; i++)
            d->values[d->path[i].feature] +=
                shapley_of(d->path, count, i) * d->forest->leaves[~at];
        return;
    }
    const mw_tree_split *split = &d->forest->splits[at];
    bool goes_left = mw_tree_goes_left(d->forest, split, d->row[split->feature]);
    long double left = cover_of(d->forest, split->left), right = cover_of(d->forest, split->right);
    if (left + right == 0) left = right = 1;
    size_t k = 0;
    while (k < count && d->path[k].feature != split->feature) k++;
    asked above = k < count ? d->path[k] : (asked){split->feature, 1, true};
    size_t below = k < count ? count : count + 1;
    d->path[k] = (asked){split->feature, above.share * left / (left + right),
                         above.is_passed && goes_left};
    add_below(d, split->left, below);
    d->path[k] = (asked){split->feature, above.share * right / (left + right),
                         above.is_passed && !goes_left};
    add_below(d, split->right, below);
    d->path[k] = above;
}

static void explain_in_all_kinds(mw_arena *arena, const mw_forest *forest, const double *row,
                                 double *out_values) {
    size_t count = (size_t)forest->head.class_count * (forest->head.feature_count + 1);
    double others[CLASSES * (WIDTH + 1)];
    for (int kind = 0; kind <= (int)mw_lanes_best(); kind++) {
        const mw_explainer *explainer;
        MW_CHECK_OK(mw_explainer_make(arena, forest, (mw_lanes_kind)kind, &explainer, NULL), NULL);
        MW_CHECK_OK(mw_explainer_run(explainer, row, 1, kind ? others : out_values, NULL), NULL);
        for (size_t i = 0; kind && i < count; i++)
            MW_CHECK_EQUAL_DOUBLE_BITS(others[i], out_values[i]);
    }
}

/* As if each leaf were a game of its own: features that are asked again, more of them than a block
   of points is for, trees that are a leaf alone. */
MW_TEST(explainer_values_are_those_of_leaf_by_leaf) {
    enum { LEAVES = 800 };
    uint64_t prng = mw_test_seed();
    size_t feature_count_max = 0, repeats = 0;
    for (uint32_t round = 0; round < 24; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 28);
        mw_random_forest shape = {.prng = mw_prng_next(&prng),
                                  .feature_count = round % 3 == 0 ? 4 : WIDTH,
                                  .tree_count = 1 + round % 5,
                                  .leaf_count_max = round == 0 ? 1 : LEAVES,
                                  .set_share = 20,
                                  .number_count = 30,
                                  .class_count = 1 + round % CLASSES,
                                  .is_float = round % 4 == 0,
                                  .has_covers = true};
        double row[WIDTH], values[CLASSES * (WIDTH + 1)];
        const mw_forest *forest;
        MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
        for (size_t i = 0; i < WIDTH; i++) row[i] = mw_random_value(&shape);
        explain_in_all_kinds(&arena, forest, row, values);
        for (uint32_t c = 0; c < forest->head.class_count; c++) {
            long double exact[WIDTH] = {0};
            descent d = {.forest = forest, .row = row, .values = exact};
            for (uint32_t t = c; t < forest->head.tree_count; t += forest->head.class_count)
                add_below(&d, forest->roots[t], 0);
            for (uint32_t f = 0; f < shape.feature_count; f++) {
                double ours = values[c * (shape.feature_count + 1) + f];
                MW_CHECK(fabsl(ours - exact[f]) < 1e-13L);
            }
            if (d.feature_count_max > feature_count_max) feature_count_max = d.feature_count_max;
            repeats += shape.feature_count == 4 && d.feature_count_max == 4;
        }
        mw_arena_release(&arena);
    }
    MW_CHECK(feature_count_max > 16 && repeats > 3);
}

/* A chain of leaf_count - 1 splits, on the features in turn: value i on the left of split i, as
   much of the data as there on its right. */
static const mw_forest *make_chain(mw_arena *arena, uint32_t leaf_count, uint32_t feature_count,
                                   bool has_covers) {
    mw_forest_head head = {.feature_count = feature_count,
                           .tree_count = 1,
                           .class_count = 1,
                           .has_covers = has_covers,
                           .sigmoid = 1};
    mw_buf nodes;
    mw_buf_init(&nodes, SIZE_MAX);
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1, .cover = 1};
    for (uint32_t i = 1; i < leaf_count; i++) {
        mw_forest_node split = {.kind = MW_NODE_NUMERIC, .feature = i % feature_count,
                                .cover = 1};
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
    enum { FEATURES_MAX = MW_EXPLAINED_FEATURES_MAX };
    static double row[FEATURES_MAX], values[FEATURES_MAX + 1];
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    const mw_forest *forest = make_chain(&arena, FEATURES_MAX + 1, FEATURES_MAX, true);
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < FEATURES_MAX; i++) row[i] = mw_prng_below(&prng, 50) ? 1 : -1;
    const mw_explainer *explainer;
    MW_CHECK_OK(mw_explainer_make(&arena, forest, mw_lanes_best(), &explainer, NULL), NULL);
    MW_CHECK_OK(mw_explainer_run(explainer, row, 1, values, NULL), NULL);
    double total = 0;
    for (size_t i = 0; i <= FEATURES_MAX; i++) total += values[i];
    MW_CHECK(fabs(total - mw_forest_raw(forest, row)) < 1e-9);
    mw_arena_release(&arena);
}

MW_TEST(explainer_says_what_it_cannot) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 28);
    const mw_explainer *explainer;
    mw_error err;
    MW_CHECK_STATUS(mw_explainer_make(&arena, make_chain(&arena, 258, 257, true), mw_lanes_best(),
                                      &explainer, &err),
                    MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR((const char *)err.message,
                       "explain: at most 256 features above a leaf fit, got 257");
    MW_CHECK_OK(mw_explainer_make(&arena, make_chain(&arena, 1025, 9, true), mw_lanes_best(),
                                  &explainer, &err), &err);
    MW_CHECK_STATUS(mw_explainer_make(&arena, make_chain(&arena, 1026, 9, true), mw_lanes_best(),
                                      &explainer, &err),
                    MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR((const char *)err.message,
                       "explain: tree 0 is too deep: at most 1024 splits above a leaf fit");
    MW_CHECK_STATUS(mw_explainer_make(&arena, make_chain(&arena, 3, 3, false), mw_lanes_best(),
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
