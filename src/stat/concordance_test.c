#include "stat/concordance.h"

#include <math.h>

#include "base/prng.h"
#include "stat/metrics.h"
#include "testing/test.h"

enum { COUNT_MAX = 60, CLASSES_MAX = 5 };

static double folded(double share) { return share < 0.5 ? 1 - share : share; }

/* By looking at each pair of rows. */
static double plain_numbers(const double *values, const double *labels, size_t count) {
    double won = 0, all = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            if (!(labels[i] > labels[j])) continue;
            all += 2;
            won += values[i] > values[j] ? 2 : values[i] == values[j];
        }
    return all > 0 ? folded(won / all) : NAN;
}

/* Twice the pairs of rows of two classes that stand the one way, and of all. */
static double plain_pair(const double *values, const uint32_t *labels, size_t count,
                         const uint32_t pair[2], double *all) {
    double won = 0, lost = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            if (labels[i] != pair[0] || labels[j] != pair[1]) continue;
            won += values[i] > values[j] ? 2 : values[i] == values[j];
            lost += values[i] < values[j] ? 2 : values[i] == values[j];
        }
    *all += won + lost;
    return fmax(won, lost);
}

static double plain_classes(const double *values, const uint32_t *labels, size_t count) {
    double told = 0, all = 0;
    for (uint32_t one = 0; one < CLASSES_MAX; one++)
        for (uint32_t other = 0; other < one; other++)
            told += plain_pair(values, labels, count, (uint32_t[]){one, other}, &all);
    return all > 0 ? told / all : NAN;
}

static double draw_value(uint64_t *prng) {
    switch (mw_prng_below(prng, 6)) {
    case 0: return -INFINITY;
    case 1: return mw_prng_below(prng, 2) == 0 ? 0.0 : -0.0;
    case 2: return mw_prng_double(prng) - 0.5;
    default: return (double)mw_prng_below(prng, 4) - 2;
    }
}

static double of_numbers(const double *values, const double *labels, size_t count) {
    double concordance;
    mw_error err;
    MW_CHECK_OK(mw_concordance_of_numbers(values, labels, count, &concordance, &err), &err);
    return concordance;
}

static double of_classes(const double *values, const uint32_t *labels, size_t count) {
    double concordance;
    mw_error err;
    MW_CHECK_OK(
        mw_concordance_of_classes(values, labels, count, CLASSES_MAX, &concordance, &err), &err);
    return concordance;
}

static void check_equal(double actual, double expected) {
    if (isnan(expected)) MW_CHECK(isnan(actual));
    else MW_CHECK_EQUAL_DOUBLE_BITS(actual, expected);
}

MW_TEST(concordance_is_what_looking_at_each_pair_gives) {
    uint64_t prng = mw_test_seed();
    size_t undecided = 0;
    for (size_t round = 0; round < 2000; round++) {
        double values[COUNT_MAX], numbers[COUNT_MAX];
        uint32_t classes[COUNT_MAX];
        size_t count = mw_prng_below(&prng, round % 2 ? 5 : COUNT_MAX);
        for (size_t i = 0; i < count; i++) {
            values[i] = draw_value(&prng);
            numbers[i] = draw_value(&prng);
            classes[i] = (uint32_t)mw_prng_below(&prng, CLASSES_MAX);
        }
        double expected = plain_numbers(values, numbers, count);
        check_equal(of_numbers(values, numbers, count), expected);
        check_equal(of_classes(values, classes, count), plain_classes(values, classes, count));
        undecided += isnan(expected) ? 1 : 0;
    }
    MW_CHECK(undecided > 0 && undecided < 1900);
}

MW_TEST(concordance_of_two_answers_is_roc_auc) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 300; round++) {
        double values[COUNT_MAX], numbers[COUNT_MAX];
        uint32_t classes[COUNT_MAX];
        unsigned char yes[COUNT_MAX];
        for (size_t i = 0; i < COUNT_MAX; i++) {
            values[i] = draw_value(&prng);
            yes[i] = (unsigned char)(i < 2 ? i : mw_prng_below(&prng, 2));
            numbers[i] = yes[i];
            classes[i] = yes[i] ? 3 : 1;
        }
        mw_metrics metrics;
        mw_error err;
        MW_CHECK_OK(mw_metrics_measure((mw_scored){values, yes, COUNT_MAX}, (mw_bootstrap){0, 1},
                                       &metrics, &err), &err);
        double area = folded(metrics.of[MW_METRIC_roc_auc].value);
        MW_CHECK_EQUAL_DOUBLE_BITS(of_numbers(values, numbers, COUNT_MAX), area);
        /* Folded the other way where the division is not exact. */
        MW_CHECK(fabs(of_classes(values, classes, COUNT_MAX) - area) < 1e-15);
    }
}

/* A value for each class tells all of them apart, in whatever order; a value that one class alone
   has tells the pairs with it. */
MW_TEST(concordance_sees_what_tells_classes_apart) {
    uint32_t labels[] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4};
    double each[] = {30, 10, 50, 20, 40, 30, 10, 50, 20, 40};
    double one[] = {0, 0, 7, 0, 0, 0, 0, 7, 0, 0}, none[10] = {0};
    MW_CHECK_EQUAL_DOUBLE_BITS(of_classes(each, labels, 10), 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(of_classes(one, labels, 10), (4 * 1 + 6 * 0.5) / 10);
    MW_CHECK_EQUAL_DOUBLE_BITS(of_classes(none, labels, 10), 0.5);
    double rising[] = {-2, 0, 1, 1e9, INFINITY}, falling[] = {5, 4, 3, 2, 1};
    MW_CHECK_EQUAL_DOUBLE_BITS(of_numbers(rising, falling, 5), 1);
    MW_CHECK(isnan(of_numbers(rising, none, 5)) && isnan(of_classes(each, labels, 1)));
}

static mw_status run(void *context) {
    (void)context;
    double values[] = {1, 2, 3}, labels[] = {3, 1, 2}, concordance = 0;
    uint32_t classes[] = {0, 1, 0};
    MW_TRY(mw_concordance_of_numbers(values, labels, 3, &concordance, NULL));
    return mw_concordance_of_classes(values, classes, 3, 2, &concordance, NULL);
}

MW_TEST(concordance_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(run, NULL) == 5);
}
