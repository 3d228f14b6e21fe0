/*
 * number_metrics: how far predictions of a number were off, each with a bootstrap interval.
 *
 * - mae: the mean of |prediction - label|
 * - rmse: the root of the mean of its square
 * - bias: the mean of prediction - label: above 0 it promises too much
 *
 * One walk over the examples, and one more a resample. Sums go in the order of the examples.
 */
#pragma once
#include "stat/resample.h"

typedef enum {
    MW_NUMBER_mae,
    MW_NUMBER_rmse,
    MW_NUMBER_bias,
    MW_NUMBER_METRIC_COUNT
} mw_number_metric;

typedef struct {
    const double *predictions, *labels;
    size_t count;
} mw_foretold;

/* MW_INVALID if a prediction is no number. Without an example all are NaN. */
MW_MUST_USE mw_status mw_number_metrics_measure(mw_foretold foretold, mw_bootstrap bootstrap,
                                                mw_estimate out_of[MW_NUMBER_METRIC_COUNT],
                                                mw_error *err);
