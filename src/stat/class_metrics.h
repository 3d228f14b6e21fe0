/*
 * class_metrics: how good predictions of a class were, each with a bootstrap interval.
 *
 * - accuracy: the share of examples whose likeliest class is the one that came
 * - log_loss: mean of -ln of the probability given to the class that came, clipped to 1e-15
 * - f1_macro: the mean of the classes' F1, over all that came or were answered, as scikit-learn has
 *   it; F1 of a class is 2 right / (2 right + wrongly answered + missed)
 *
 * A class that the model has never seen had the probability 0, and no answer is right for it.
 */
#pragma once
#include "stat/resample.h"

typedef enum {
    MW_CLASS_accuracy,
    MW_CLASS_log_loss,
    MW_CLASS_f1_macro,
    MW_CLASS_METRIC_COUNT
} mw_class_metric;

typedef struct {
    const double *given;     /* the probability of the class that came; 0: the model knows it not */
    const uint32_t *answers; /* the class that was answered, */
    const uint32_t *labels;  /* and the one that came; both below label_count */
    size_t count;
    size_t label_count;
} mw_classified;

/* MW_INVALID if a probability is no number. Without an example all are NaN. */
MW_MUST_USE mw_status mw_class_metrics_measure(mw_classified classified, mw_bootstrap bootstrap,
                                               mw_estimate out_of[MW_CLASS_METRIC_COUNT],
                                               mw_error *err);
