#include "stat/resample.h"

#include "base/prng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUTSIDE_SHARE 0.025 /* of resamples, at each end of an interval */

/* Poisson(1), from 16 random bits each. Entry k is 65536 * P(count <= k), rounded; the mean of what
   is drawn is 1 exactly. */
void mw_resample_draw(unsigned char *weights, size_t count, uint64_t *seed) {
    static const uint32_t steps[] = {24109, 48219, 60273, 64292, 65296, 65497, 65531, 65535};
    enum { STEPS = sizeof steps / sizeof *steps, DRAW_BITS = 16, DRAWS = 64 / DRAW_BITS };
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits = i % DRAWS == 0 ? mw_prng_next(seed) : bits >> DRAW_BITS;
        uint32_t draw = bits & 0xffff, weight = 0;
        for (size_t k = 0; k < STEPS; k++) weight += draw >= steps[k];
        weights[i] = (unsigned char)weight;
    }
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t mw_resample_sort(double *values, size_t count) {
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i])) values[known++] = values[i];
    qsort(values, known, sizeof *values, compare_doubles);
    return known;
}

size_t mw_resample_outside(size_t count) { return (size_t)(OUTSIDE_SHARE * (double)count); }

void mw_resample_interval(double *values, size_t count, mw_estimate *estimate) {
    size_t known = mw_resample_sort(values, count), outside = mw_resample_outside(known);
    estimate->low = estimate->high = NAN;
    if (known == 0 || isnan(estimate->value)) return;
    estimate->low = values[outside];
    estimate->high = values[known - 1 - outside];
}

mw_status mw_resample_measure(mw_resampled measured, mw_bootstrap bootstrap,
                              mw_estimate *out_estimates, mw_error *err) {
    MW_ASSERT(bootstrap.resamples <= MW_RESAMPLES_MAX);
    size_t count = bootstrap.resamples, width = measured.value_count;
    double *values = mw_allocate((count + 1) * width * sizeof *values);
    if (!values) return mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for resamples");
    double *now = values + count * width;
    memset(measured.weights, 1, measured.example_count);
    measured.run(measured.context, now);
    for (size_t v = 0; v < width; v++) out_estimates[v] = (mw_estimate){.value = now[v]};
    for (size_t r = 0; r < count; r++) {
        mw_resample_draw(measured.weights, measured.example_count, &bootstrap.seed);
        measured.run(measured.context, now);
        for (size_t v = 0; v < width; v++) values[v * count + r] = now[v];
    }
    for (size_t v = 0; v < width; v++)
        mw_resample_interval(values + v * count, count, &out_estimates[v]);
    mw_free(values);
    return MW_OK;
}
