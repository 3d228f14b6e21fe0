/*
 * selection: which columns, one after the other, would add most to predictions that stand.
 *
 * Forward selection by steps of boosting (stat/column_step.h): each column is fitted on the earlier
 * rows and judged on the later ones; the best takes its step on all rows, and the others are
 * tried again on what is left to explain, so of two that say the same only one is chosen. It ends
 * when the best gains no more than the best of so many columns of noise would: sqrt(2 ln n) of its
 * standard errors, about the expected greatest of n normal ones. And less than a thousandth of the
 * loss is none: what hardly changes takes so small a step that it is sure of next to nothing.
 */
#pragma once
#include "stat/column_step.h"

#define MW_SELECTION_GAIN_MIN 0.001 /* of the loss that stands on the later rows */

typedef struct {
    const uint8_t *const *bins; /* by column, one a row; NULL: leave it out */
    size_t column_count;
    mw_standing standing;       /* stays as it is */
    size_t fit_count;           /* the first so many rows are fitted on */
    size_t row_count;           /* the others are judged by */
} mw_selection_rows;

typedef struct {
    size_t column;
    mw_step_gain alone; /* on the later rows, had it been the first */
    mw_step_gain added; /* after those that were chosen before it */
} mw_selected;

/* Fills at most `max` of them, in the order of choice. MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_select_columns(mw_selection_rows rows, size_t max,
                                        mw_selected *out_selected, size_t *out_count,
                                        mw_error *err);
