/*
 * logit_step: what one more column would add to probabilities that stand already.
 *
 * One step of boosting (Friedman, Hastie, Tibshirani, "Additive logistic regression", 2000): each
 * bin of the column gets the log odds that its rows lack, by Newton's method, pulled towards 0
 * as if it held MW_STEP_PRIOR rows more that are as expected. Fitted on some rows, its gain
 * is read off others.
 */
#pragma once
#include "stat/step_gain.h"

typedef struct {
    const uint8_t *bins;         /* one a row */
    const double *margins;       /* log odds that stand */
    const unsigned char *labels; /* 0 or 1 */
    size_t count;
} mw_logit_rows;

void mw_logit_step_fit(mw_logit_rows rows, double out_steps[MW_STEP_BINS_MAX]);
/* Of the log loss, in nats. */
mw_step_gain mw_logit_step_gain(mw_logit_rows rows, const double steps[MW_STEP_BINS_MAX]);
/* Takes the step: adds to the margins what their bins say. */
void mw_logit_step_take(const uint8_t *bins, size_t count,
                        const double steps[MW_STEP_BINS_MAX], double *margins);
/* The mean log loss that stands, in nats; 0 without rows. */
double mw_logit_loss(const double *margins, const unsigned char *labels, size_t count);
/* Adds to all margins what brings the first `fit_count` to the share of yes that came of them: so
   far the mean of probabilities is moved towards it by its odds, which never goes too far. */
void mw_logit_level(mw_logit_rows rows, size_t fit_count, double *margins);
double mw_logit(double probability); /* log odds; clipped to 1e-15 from 0 and 1 */
