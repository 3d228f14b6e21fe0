#include "stat/logit_step.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { ROWS = 5000 };

static uint8_t bins[ROWS];
static double margins[ROWS];
static unsigned char labels[ROWS];

static double mean_loss(const double *odds) {
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double p = 1 / (1 + exp(-odds[i]));
        sum -= log(labels[i] ? p : 1 - p);
    }
    return sum / ROWS;
}

static mw_logit_rows draw_rows(uint64_t *prng) {
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = (uint8_t)mw_prng_below(prng, 200);
        margins[i] = 4 * mw_prng_double(prng) - 2;
        labels[i] = mw_prng_double(prng) < 1 / (1 + exp(-margins[i] - (bins[i] < 50)));
    }
    return (mw_logit_rows){bins, margins, labels, ROWS};
}

MW_TEST(logit_step_gains_what_the_log_loss_falls) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 10; round++) {
        mw_logit_rows rows = draw_rows(&prng);
        double steps[MW_STEP_BINS_MAX], before = mean_loss(margins);
        mw_logit_step_fit(rows, steps);
        mw_step_gain gain = mw_logit_step_gain(rows, steps);
        MW_CHECK(fabs(mw_logit_loss(margins, labels, ROWS) - before) < 1e-12);
        mw_logit_step_take(bins, ROWS, steps, margins);
        MW_CHECK(fabs(gain.mean - (before - mean_loss(margins))) < 1e-12);
        MW_CHECK(gain.mean > 0 && gain.error > 0);
    }
}

MW_TEST(logit_step_leaves_alone_what_is_as_expected) {
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = 7;
        margins[i] = 0;
        labels[i] = i % 2;
    }
    double steps[MW_STEP_BINS_MAX];
    mw_logit_step_fit((mw_logit_rows){bins, margins, labels, ROWS}, steps);
    for (size_t b = 0; b < MW_STEP_BINS_MAX; b++) MW_CHECK_EQUAL_DOUBLE_BITS(steps[b], 0);
    mw_step_gain none = mw_logit_step_gain((mw_logit_rows){0}, steps);
    MW_CHECK(none.mean == 0 && none.error == 0);
}

MW_TEST(logit_step_bears_certain_predictions) {
    MW_CHECK(isfinite(mw_logit(0)) && isfinite(mw_logit(1)) && mw_logit(0.5) == 0);
    double certain[] = {mw_logit(1), mw_logit(0), 800, -800}, steps[MW_STEP_BINS_MAX];
    mw_logit_rows rows = {(uint8_t[]){0, 0, 1, 1}, certain, (unsigned char[]){0, 1, 0, 1}, 4};
    mw_logit_step_fit(rows, steps);
    MW_CHECK(isfinite(steps[0]) && isfinite(steps[1]));
    MW_CHECK(isfinite(mw_logit_step_gain(rows, steps).mean));
}
