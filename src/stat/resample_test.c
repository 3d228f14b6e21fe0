#include "stat/resample.h"

#include "testing/test.h"

#include <math.h>

enum { EXAMPLES = 20000 };

/* Poisson(1): its mean and its variance are 1, and e^-1 of all draws are 0. */
MW_TEST(resample_draws_poisson) {
    static unsigned char weights[EXAMPLES];
    uint64_t seed = mw_test_seed();
    double sum = 0, squares = 0, zeros = 0;
    mw_resample_draw(weights, EXAMPLES, &seed);
    for (size_t i = 0; i < EXAMPLES; i++) {
        sum += weights[i];
        squares += weights[i] * weights[i];
        zeros += weights[i] == 0;
    }
    MW_CHECK(fabs(sum / EXAMPLES - 1) < 0.04);
    MW_CHECK(fabs(squares / EXAMPLES - 2) < 0.15);
    MW_CHECK(fabs(zeros / EXAMPLES - exp(-1)) < 0.02);
}

MW_TEST(resample_interval_is_the_middle_of_what_is_a_number) {
    double values[202];
    for (size_t i = 0; i < 200; i++) values[i] = (double)(199 - i);
    values[200] = values[201] = NAN;
    mw_estimate estimate = {.value = 100};
    mw_resample_interval(values, 202, &estimate);
    MW_CHECK(estimate.low == 5 && estimate.high == 194);
    estimate.value = NAN;
    mw_resample_interval(values, 200, &estimate);
    MW_CHECK(isnan(estimate.low) && isnan(estimate.high));
    estimate.value = 1;
    mw_resample_interval(values, 0, &estimate);
    MW_CHECK(isnan(estimate.low) && isnan(estimate.high));
}
