/*
 * mean_step: what one more column would add to numbers that are foretold already.
 *
 * One step of boosting of the squared error (Friedman, "Greedy function approximation", 2001):
 * each bin of the column gets the mean that its rows lack, pulled towards 0 as if it held
 * MW_STEP_PRIOR rows more that are as expected. Fitted on some rows, its gain is read off others.
 */
#pragma once
#include "stat/step_gain.h"

typedef struct {
    const uint8_t *bins;      /* one a row */
    const double *foretold;
    const double *labels;
    size_t count;
} mw_mean_rows;

void mw_mean_step_fit(mw_mean_rows rows, double out_steps[MW_STEP_BINS_MAX]);
/* Of the squared error. */
mw_step_gain mw_mean_step_gain(mw_mean_rows rows, const double steps[MW_STEP_BINS_MAX]);
/* Takes the step: adds to the numbers what their bins say. */
void mw_mean_step_take(const uint8_t *bins, size_t count, const double steps[MW_STEP_BINS_MAX],
                       double *foretold);
/* Adds to all numbers what the first `fit_count` lack in the mean. */
void mw_mean_level(mw_mean_rows rows, size_t fit_count, double *foretold);
/* The mean squared error that stands; 0 without rows. */
double mw_mean_loss(const double *foretold, const double *labels, size_t count);
