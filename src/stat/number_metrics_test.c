#include "stat/number_metrics.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

enum { EXAMPLES = 400, WORLDS = 200 };
static double predictions[EXAMPLES], labels[EXAMPLES];

static void measure(size_t count, uint32_t resamples, mw_estimate *out_of) {
    mw_error err;
    MW_CHECK_OK(mw_number_metrics_measure((mw_foretold){predictions, labels, count},
                                          (mw_bootstrap){resamples, 7}, out_of, &err),
                &err);
}

MW_TEST(number_metrics_have_the_values_worked_out_by_hand) {
    static const double told[] = {1, 2, 6}, came[] = {2, 2, 2};
    mw_estimate of[MW_NUMBER_METRIC_COUNT];
    for (size_t i = 0; i < 3; i++) predictions[i] = told[i], labels[i] = came[i];
    measure(3, 0, of);
    MW_CHECK_EQUAL_DOUBLE_BITS(of[MW_NUMBER_mae].value, 5.0 / 3);
    MW_CHECK_EQUAL_DOUBLE_BITS(of[MW_NUMBER_rmse].value, sqrt(17.0 / 3));
    MW_CHECK_EQUAL_DOUBLE_BITS(of[MW_NUMBER_bias].value, 1);
    MW_CHECK(isnan(of[0].low) && isnan(of[0].high));
    measure(0, 10, of);
    for (size_t i = 0; i < MW_NUMBER_METRIC_COUNT; i++)
        MW_CHECK(isnan(of[i].value) && isnan(of[i].low));
}

static double normal(uint64_t *prng) {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += mw_prng_double(prng);
    return sum;
}

/* Errors of a known spread: mean 0.25, deviation 1. */
MW_TEST(number_metrics_intervals_hold_the_truth) {
    uint64_t prng = mw_test_seed();
    size_t bias = 0, rmse = 0;
    for (int world = 0; world < WORLDS; world++) {
        mw_estimate of[MW_NUMBER_METRIC_COUNT];
        for (size_t i = 0; i < EXAMPLES; i++) {
            labels[i] = 10 * mw_prng_double(&prng);
            predictions[i] = labels[i] + 0.25 + normal(&prng);
        }
        measure(EXAMPLES, 200, of);
        MW_CHECK(of[MW_NUMBER_mae].low <= of[MW_NUMBER_mae].value &&
                 of[MW_NUMBER_mae].value <= of[MW_NUMBER_mae].high);
        bias += of[MW_NUMBER_bias].low <= 0.25 && 0.25 <= of[MW_NUMBER_bias].high;
        double truth = sqrt(1 + 0.25 * 0.25);
        rmse += of[MW_NUMBER_rmse].low <= truth && truth <= of[MW_NUMBER_rmse].high;
    }
    MW_CHECK(bias > WORLDS * 88 / 100 && rmse > WORLDS * 88 / 100);
}

MW_TEST(number_metrics_want_numbers) {
    mw_estimate of[MW_NUMBER_METRIC_COUNT] = {{.value = 7}};
    mw_error err;
    predictions[0] = labels[0] = labels[1] = 1;
    predictions[1] = INFINITY;
    MW_CHECK_STATUS(mw_number_metrics_measure((mw_foretold){predictions, labels, 2},
                                              (mw_bootstrap){0}, of, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "metrics: a prediction must be a number, that of example 1 is inf");
    MW_CHECK(of[0].value == 7);
}

static mw_status run(void *context) {
    mw_estimate of[MW_NUMBER_METRIC_COUNT];
    return mw_number_metrics_measure(*(mw_foretold *)context, (mw_bootstrap){20, 1}, of, NULL);
}

MW_TEST(number_metrics_survive_each_failing_allocation) {
    predictions[0] = 1;
    mw_foretold foretold = {predictions, labels, 1};
    MW_CHECK(mw_test_every_allocation_fails(run, &foretold) == 2);
}
