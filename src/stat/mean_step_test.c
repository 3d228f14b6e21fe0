#include "stat/mean_step.h"

#include "base/prng.h"
#include "testing/test.h"

enum { ROWS = 5000 };

static uint8_t bins[ROWS];
static double foretold[ROWS], labels[ROWS];

static mw_mean_rows draw_rows(uint64_t *prng) {
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = (uint8_t)mw_prng_below(prng, 200);
        foretold[i] = 4 * mw_prng_double(prng) - 2;
        labels[i] = foretold[i] + 2 * mw_prng_double(prng) - 1 + (bins[i] < 50);
    }
    return (mw_mean_rows){bins, foretold, labels, ROWS};
}

static double mean_square(void) {
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++)
        sum += (labels[i] - foretold[i]) * (labels[i] - foretold[i]);
    return sum / ROWS;
}

MW_TEST(mean_step_gains_what_the_squared_error_falls) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 10; round++) {
        mw_mean_rows rows = draw_rows(&prng);
        double steps[MW_STEP_BINS_MAX], before = mean_square();
        mw_mean_step_fit(rows, steps);
        mw_step_gain gain = mw_mean_step_gain(rows, steps);
        MW_CHECK(fabs(mw_mean_loss(foretold, labels, ROWS) - before) < 1e-12);
        mw_mean_step_take(bins, ROWS, steps, foretold);
        MW_CHECK(fabs(gain.mean - (before - mean_square())) < 1e-12);
        MW_CHECK(gain.mean > 0 && gain.error > 0);
    }
}

/* Fifty rows that lack 4 hold as much as the fifty that the prior stands for. */
MW_TEST(mean_step_goes_half_the_way_for_as_many_rows_as_the_prior) {
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = i < 50 ? 7 : 9;
        foretold[i] = 1;
        labels[i] = i < 50 ? 5 : 1;
    }
    double steps[MW_STEP_BINS_MAX];
    mw_mean_step_fit((mw_mean_rows){bins, foretold, labels, ROWS}, steps);
    for (size_t b = 0; b < MW_STEP_BINS_MAX; b++)
        MW_CHECK_EQUAL_DOUBLE_BITS(steps[b], b == 7 ? 2 : 0);
    mw_step_gain none = mw_mean_step_gain((mw_mean_rows){0}, steps);
    MW_CHECK(none.mean == 0 && none.error == 0 && mw_mean_loss(NULL, NULL, 0) == 0);
}
