/*
 * column_step: what one more column would add to answers that stand, whatever kind they are of.
 *
 * Of a yes or no by the log loss (stat/logit_step.h), of a number by the squared error
 * (stat/mean_step.h), of a class by the log loss (stat/class_step.h).
 */
#pragma once
#include "stat/class_step.h"
#include "table/answer_kind.h"

/* Answers and what came, row by row. A plain value; others own the arrays. */
typedef struct {
    mw_answer_kind kind;
    size_t width;             /* of a class: how many there are; else 1 */
    double *answers;          /* `width` a row: log odds of yes; the number; the probabilities */
    const unsigned char *yes; /* what came, by kind; the other two are NULL */
    const double *numbers;
    const uint32_t *classes;
} mw_standing;

typedef struct {
    double of_one[MW_STEP_BINS_MAX]; /* of a yes or no, or of a number */
    mw_class_steps of_classes;
} mw_column_steps;

/* Rows [first, first + count), and the column's bins of all rows. */
typedef struct {
    const uint8_t *bins;
    size_t first, count;
} mw_column_rows;

MW_MUST_USE mw_status mw_column_steps_init(mw_column_steps *steps, const mw_standing *standing,
                                           mw_error *err);
void mw_column_steps_release(mw_column_steps *steps); /* zeroed ones are allowed */
void mw_column_step_fit(const mw_standing *standing, mw_column_rows rows, mw_column_steps *steps);
mw_step_gain mw_column_step_gain(const mw_standing *standing, mw_column_rows rows,
                                 const mw_column_steps *steps);
void mw_column_step_take(mw_standing *standing, mw_column_rows rows,
                         const mw_column_steps *steps);
/* The mean loss that stands; of the rows all but the bins count. */
double mw_column_loss(const mw_standing *standing, mw_column_rows rows);
/* Brings the answers of `row_count` rows to the level of the first `fit_count`, so that no column
   gains by what a constant would: where a model drifts away from what comes, all columns seem to
   add something. MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_column_level(mw_standing *standing, size_t fit_count, size_t row_count,
                                      mw_error *err);
