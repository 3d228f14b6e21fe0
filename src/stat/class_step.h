/*
 * class_step: what one more column would add to probabilities of classes that stand already.
 *
 * One step of boosting of the log loss (Friedman, Hastie, Tibshirani, "Additive logistic
 * regression", 2000): each bin of the column gets, for each class, the log odds that its rows lack,
 * by Newton's method on the diagonal, whose curves are taken K / (K - 1) times so that two classes
 * move as the log odds of a yes do (stat/logit_step.h). They are pulled towards 0 as if a bin held
 * MW_STEP_PRIOR rows more that are as expected. A step costs rows times classes, and a logarithm a
 * row; no exponential but one for each bin and class.
 */
#pragma once
#include "stat/step_gain.h"

typedef struct {
    const uint8_t *bins;         /* one a row */
    const double *probabilities; /* `width` a row, one a class; they add up to 1 */
    const uint32_t *labels;      /* the class that came, below `width` */
    size_t width, count;
} mw_class_rows;

/* Steps of the bins, one a class, and room to fit them in. */
typedef struct {
    size_t width;
    double *steps;   /* by [bin][class]: what is added to the log odds; owns all the others too */
    double *factors; /* e to the power of it */
    double *slopes, *curves;
    double *priors;  /* one a class */
} mw_class_steps;

MW_MUST_USE mw_status mw_class_steps_init(mw_class_steps *steps, size_t width, mw_error *err);
void mw_class_steps_release(mw_class_steps *steps); /* zeroed ones are allowed */
void mw_class_step_fit(mw_class_rows rows, mw_class_steps *steps);
/* Of the log loss, in nats. */
mw_step_gain mw_class_step_gain(mw_class_rows rows, const mw_class_steps *steps);
/* Takes the step: moves the probabilities as their bins say. */
void mw_class_step_take(const uint8_t *bins, size_t count, const mw_class_steps *steps,
                        double *probabilities);
/* Moves all probabilities by factors of the classes, so that those of the first `fit_count` come to
   the shares that came of them: each by what its class lacks, again and again, which never goes too
   far (Darroch and Ratcliff, "Generalized iterative scaling", 1972). Uses the steps' room. */
void mw_class_level(mw_class_rows rows, size_t fit_count, mw_class_steps *steps,
                    double *probabilities);
/* The mean log loss that stands, clipped to a probability of 1e-15; 0 without rows. */
double mw_class_loss(const double *probabilities, const uint32_t *labels, size_t width,
                     size_t count);
