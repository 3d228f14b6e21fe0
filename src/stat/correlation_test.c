#include "stat/correlation.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { COUNT_MAX = 60 };

/* By counting: how many are less, and half of the others that are equal. */
static double plain_rank(const double *values, size_t count, size_t index) {
    double less = 0, equal = 0;
    for (size_t i = 0; i < count; i++) less += values[i] < values[index];
    for (size_t i = 0; i < count; i++) equal += values[i] == values[index];
    return less + (equal + 1) / 2;
}

/* Pearson's coefficient in two passes, over the rows where both are there. */
static double plain_correlation(const double *a, const double *b, size_t count) {
    double n = 0, mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(a[i]) && !isnan(b[i])) n += 1, mean_a += a[i], mean_b += b[i];
    mean_a /= n, mean_b /= n;
    for (size_t i = 0; i < count; i++) {
        if (isnan(a[i]) || isnan(b[i])) continue;
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
    }
    return ab / sqrt(aa * bb);
}

static void draw(uint64_t *prng, double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = mw_prng_below(prng, 8) == 0   ? NAN
                    : mw_prng_below(prng, 2) == 0 ? (double)mw_prng_below(prng, 5) - 2
                                                  : mw_prng_double(prng);
}

static void check_ranks(const double *values, const double *ranks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i])) MW_CHECK(isnan(ranks[i]));
        else MW_CHECK_EQUAL_DOUBLE_BITS(ranks[i], plain_rank(values, count, i));
    }
}

MW_TEST(ranks_and_their_correlation_equal_the_plain_ones) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 500; round++) {
        double a[COUNT_MAX], b[COUNT_MAX], ranks[COUNT_MAX], other_ranks[COUNT_MAX];
        size_t count = mw_prng_below(&prng, COUNT_MAX);
        draw(&prng, a, count);
        draw(&prng, b, count);
        for (size_t i = 0; i < count; i++) ranks[i] = a[i], other_ranks[i] = b[i];
        mw_error err;
        MW_CHECK_OK(mw_ranks(ranks, count, &err), &err);
        MW_CHECK_OK(mw_ranks(other_ranks, count, &err), &err);
        check_ranks(a, ranks, count);
        check_ranks(b, other_ranks, count);
        double expected = plain_correlation(ranks, other_ranks, count);
        double actual = mw_rank_correlation(ranks, other_ranks, count);
        MW_CHECK(isnan(actual) ? !isfinite(expected) : fabs(actual - expected) < 1e-12);
    }
}

MW_TEST(rank_correlation_knows_rising_falling_and_constant_columns) {
    double rising[] = {1, 2, 3, 4, 5}, bent[] = {-9, 0.5, 0.6, 70, 1e300};
    double falling[] = {5, 4, 3, 2, 1}, constant[] = {7, 7, 7, 7, 7};
    double halves[] = {1, NAN, 2, NAN, NAN}, others[] = {NAN, 1, NAN, 2, 3};
    double *columns[] = {rising, bent, falling, constant, halves, others};
    mw_error err;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        MW_CHECK_OK(mw_ranks(columns[i], 5, &err), &err);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_rank_correlation(rising, bent, 5), 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_rank_correlation(rising, falling, 5), -1);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_rank_correlation(rising, halves, 5), 1);
    MW_CHECK(isnan(mw_rank_correlation(rising, constant, 5)));
    MW_CHECK(isnan(mw_rank_correlation(halves, others, 5)));
    MW_CHECK(isnan(mw_rank_correlation(rising, rising, 0)));
}
