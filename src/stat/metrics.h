/*
 * metrics: how good predictions of a yes or no were, each with a bootstrap interval.
 *
 * Examples are sorted by score once (n log n); each metric is then one walk. Equal scores are one
 * group everywhere, so no metric depends on the order in which examples came.
 *
 * Intervals are percentiles over resamples (stat/resample.h), each one more walk over what is
 * sorted.
 * Noise only adds to a calibration error, and resampling adds it twice: the percentiles of a well
 * calibrated model may stand wholly above its value. Its interval is made of how far the gaps of
 * the bins move in the resamples instead. It holds the value, and the truth in at least 95 of 100
 * cases: rather too wide than too narrow, and down to 0 where the gaps may be noise alone.
 *
 * - roc_auc: the chance that a yes scores above a no, ties as half. Exact, in integers.
 * - average_precision: sum over falling thresholds of (gain in recall) * precision, without
 *   interpolation, as scikit-learn has it.
 * - log_loss: mean of -ln of the probability given to what happened, clipped to 1e-15.
 * - brier: mean squared distance of probability and label.
 * - calibration_error: ten bins of equal count by score (a group of equal scores goes whole to the
 *   bin of its middle); mean over examples of |mean score - share of yes| of their bin.
 */
#pragma once
#include "stat/resample.h"

enum { MW_CALIBRATION_BINS = 10 };
#define MW_EXAMPLES_MAX ((size_t)1 << 31) /* pairs of them can be counted */

/* name, what is better */
#define MW_METRIC_MAP(X)         \
    X(roc_auc, GREATER)          \
    X(average_precision, GREATER) \
    X(log_loss, LESS)            \
    X(brier, LESS)               \
    X(calibration_error, LESS)

typedef enum {
#define X(name, better) MW_METRIC_##name,
    MW_METRIC_MAP(X)
#undef X
    MW_METRIC_COUNT
} mw_metric;

typedef struct {
    mw_estimate of[MW_METRIC_COUNT];
    size_t example_count, positive_count;
} mw_metrics;

/* `labels` are 0 or 1. The last three metrics take scores for probabilities: where one lies outside
   of 0 to 1 they are NaN. */
typedef struct {
    const double *scores;
    const unsigned char *labels;
    size_t count;
} mw_scored;

/* Without a yes and a no there is no roc_auc; without a yes no average_precision; without an
   example no metric. */
MW_MUST_USE mw_status mw_metrics_measure(mw_scored scored, mw_bootstrap bootstrap,
                                         mw_metrics *out_metrics, mw_error *err);
const char *mw_metric_name(mw_metric metric); /* "roc_auc" */
bool mw_metric_greater_is_better(mw_metric metric);
