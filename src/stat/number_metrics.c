#include "stat/number_metrics.h"

#include <math.h>

typedef struct {
    mw_foretold foretold;
    unsigned char *weights;
} sample;

static void measure(void *context, double *out_of) {
    const sample *s = context;
    double count = 0, misses = 0, squares = 0, sum = 0;
    for (size_t i = 0; i < s->foretold.count; i++) {
        double weight = s->weights[i], miss = s->foretold.predictions[i] - s->foretold.labels[i];
        count += weight;
        misses += weight * fabs(miss);
        squares += weight * miss * miss;
        sum += weight * miss;
    }
    out_of[MW_NUMBER_mae] = misses / count; /* of none: 0 / 0 */
    out_of[MW_NUMBER_rmse] = sqrt(squares / count);
    out_of[MW_NUMBER_bias] = sum / count;
}

mw_status mw_number_metrics_measure(mw_foretold foretold, mw_bootstrap bootstrap,
                                    mw_estimate out_of[MW_NUMBER_METRIC_COUNT], mw_error *err) {
    for (size_t i = 0; i < foretold.count; i++)
        if (!isfinite(foretold.predictions[i]) || !isfinite(foretold.labels[i]))
            return mw_fail(err, MW_INVALID,
                           "metrics: a prediction must be a number, that of example %zu is %g",
                           i, foretold.predictions[i]);
    sample s = {foretold, mw_allocate(foretold.count + 1)};
    if (!s.weights)
        return mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for %zu examples",
                       foretold.count);
    mw_resampled measured = {&s, measure, MW_NUMBER_METRIC_COUNT, s.weights, foretold.count};
    mw_status status = mw_resample_measure(measured, bootstrap, out_of, err);
    mw_free(s.weights);
    return status;
}
