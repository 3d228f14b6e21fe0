#include "model/background.h"

#include "model/forest_paths.h"
#include "model/random_forest_test.h"

enum { FEATURES = 6, ROWS = 5, BACKGROUND = 9, CLASSES = 2, FORESTS = 60 };

static double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* Shapley's formula as it stands, over all sets without the feature and all background rows. */
static double shapley(const mw_forest *forest, const double *row, const double *background,
                      unsigned feature, uint32_t class) {
    double value = 0;
    for (unsigned set = 0; set < 1u << FEATURES; set++) {
        if (set >> feature & 1) continue;
        int size = __builtin_popcount(set);
        double weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES);
        for (size_t b = 0; b < BACKGROUND; b++) {
            double mixed[FEATURES], without[CLASSES], with[CLASSES];
            for (unsigned f = 0; f < FEATURES; f++)
                mixed[f] = set >> f & 1 ? row[f] : background[b * FEATURES + f];
            mw_tree_sums(forest, mixed, without);
            mixed[feature] = row[feature];
            mw_tree_sums(forest, mixed, with);
            value += weight * (with[class] - without[class]) / BACKGROUND;
        }
    }
    return value;
}

/* Edge values that a term may be made of: the others give sums that are no numbers. */
static void fill_rows(double *rows, size_t count, uint64_t *prng) {
    mw_random_forest shape = {.prng = mw_prng_next(prng), .number_count = 20};
    for (size_t i = 0; i < count * FEATURES; i++)
        do rows[i] = mw_random_value(&shape);
        while (fabs(rows[i]) > 1e9);
}

static mw_random_forest random_shape(uint64_t *prng, uint32_t round) {
    return (mw_random_forest){.prng = mw_prng_next(prng),
                              .feature_count = FEATURES,
                              .tree_count = 1 + (uint32_t)mw_prng_below(prng, 6),
                              .leaf_count_max = 1 + (uint32_t)mw_prng_below(prng, 40),
                              .set_share = 20,
                              .number_count = 20,
                              .linear_share = round % 2 == 0 ? 60 : 0,
                              .class_count = round % 3 == 0 ? CLASSES : 1};
}

MW_TEST(background_values_are_shapleys_and_add_up_to_the_sum) {
    uint64_t prng = mw_test_seed();
    for (uint32_t round = 0; round < FORESTS; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        mw_random_forest shape = random_shape(&prng, round);
        const mw_forest *forest;
        const mw_background *background;
        mw_error err;
        MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
        double rows[ROWS * FEATURES], others[BACKGROUND * FEATURES];
        double values[ROWS * CLASSES * (FEATURES + 1)];
        fill_rows(rows, ROWS, &prng);
        fill_rows(others, BACKGROUND, &prng);
        MW_CHECK_OK(mw_background_make(&arena, forest, others, BACKGROUND, &background, &err),
                    &err);
        MW_CHECK_OK(mw_background_run(background, rows, ROWS, values, &err), &err);
        for (size_t r = 0; r < ROWS; r++) {
            double sums[CLASSES];
            mw_tree_sums(forest, rows + r * FEATURES, sums);
            for (uint32_t c = 0; c < forest->head.class_count; c++) {
                const double *here =
                    values + (r * forest->head.class_count + c) * (FEATURES + 1);
                double total = here[FEATURES];
                for (unsigned f = 0; f < FEATURES; f++) {
                    total += here[f];
                    double exact = shapley(forest, rows + r * FEATURES, others, f, c);
                    MW_CHECK(fabs(here[f] - exact) < 1e-12);
                }
                MW_CHECK(fabs(total - sums[c]) < 1e-12);
            }
        }
        mw_arena_release(&arena);
    }
}

MW_TEST(background_says_what_it_cannot) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    uint64_t prng = mw_test_seed();
    mw_random_forest shape = random_shape(&prng, 1);
    const mw_forest *forest;
    const mw_background *background;
    mw_error err;
    double row[FEATURES] = {0};
    MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
    MW_CHECK_STATUS(mw_background_make(&arena, forest, row, 0, &background, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR((const char *)err.message,
                       "explain: background rows must be 1 to 10000, got 0");
    mw_arena_release(&arena);
}

static mw_status explain_once(void *context) {
    mw_random_forest shape = *(const mw_random_forest *)context;
    double row[FEATURES] = {0}, values[FEATURES + 1];
    mw_arena arena;
    mw_arena_init(&arena, 1 << 26);
    const mw_forest *forest;
    const mw_background *background;
    mw_status status = mw_random_make(&shape, &arena, &forest);
    if (status == MW_OK) status = mw_background_make(&arena, forest, row, 1, &background, NULL);
    if (status == MW_OK) status = mw_background_run(background, row, 1, values, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(background_survives_every_shortage_of_memory) {
    uint64_t prng = mw_test_seed();
    mw_random_forest plain = random_shape(&prng, 1), linear = random_shape(&prng, 2);
    MW_CHECK(mw_test_every_allocation_fails(explain_once, &plain) > 3);
    MW_CHECK(mw_test_every_allocation_fails(explain_once, &linear) > 3);
}
