/*
 * resample: how sure a measured value is, by the Poisson bootstrap.
 *
 * Each example counts a Poisson(1) number of times, drawn by a seed; the value is measured so again
 * and again, and its interval is the middle 95 % of what came out.
 */
#pragma once
#include "base/memory.h"

enum { MW_RESAMPLES_USUAL = 200, MW_RESAMPLES_MAX = 10 * 1000 };

/* A value and the interval that holds it in 95 of 100 cases; NaN where it has no meaning. */
typedef struct {
    double value, low, high;
} mw_estimate;

typedef struct {
    uint32_t resamples; /* 0: no intervals (low and high are NaN) */
    uint64_t seed;
} mw_bootstrap;

/* Draws how often each example counts, 0 to 8 times. */
void mw_resample_draw(unsigned char *weights, size_t count, uint64_t *seed);
/* Sorts the values that are numbers to the front and returns how many there are. */
size_t mw_resample_sort(double *values, size_t count);
/* How many of so many sorted values lie outside of the interval, at each end. */
size_t mw_resample_outside(size_t count);
/* Sets the interval from what the resamples gave, which is sorted. The value is there. */
void mw_resample_interval(double *values, size_t count, mw_estimate *estimate);

/* What is measured, by the weights that a draw has filled. */
typedef struct {
    void *context;
    void (*run)(void *context, double *out_values);
    size_t value_count;
    unsigned char *weights; /* one an example */
    size_t example_count;
} mw_resampled;

/* Measures once with each example as it is, then by the bootstrap: value_count estimates. */
MW_MUST_USE mw_status mw_resample_measure(mw_resampled measured, mw_bootstrap bootstrap,
                                          mw_estimate *out_estimates, mw_error *err);
