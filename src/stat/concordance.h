/*
 * concordance: how well the values of one column alone tell apart rows whose labels differ.
 *
 * Of all pairs of rows with different labels, the share that the column puts in order; a pair that
 * it does not tell apart counts half. So a column that says nothing has 0.5, and one that says all
 * has 1, whichever way it points.
 *
 * - of labels that are numbers: Harrell's c index, (1 + |Somers' D|) / 2; of 0 and 1, ROC AUC
 * - of classes: each two of them by the ROC AUC between them, as Hand and Till have it ("A simple
 *   generalisation of the area under the ROC curve", 2001), but by their pairs of rows and not all
 *   alike: a class of three rows would bring its noise in full. Of two classes, ROC AUC.
 *
 * Pairs are counted in integers, so nothing depends on the order of the rows. Values may be
 * infinite and no NaN. n log n, and of classes n times as many as there are.
 */
#pragma once
#include "base/memory.h"

enum { MW_CONCORDANCE_CLASSES_MAX = 256 };
#define MW_CONCORDANCE_ROWS_MAX ((size_t)1 << 31) /* pairs of them can be counted */

/* NaN where no two labels differ. MW_NO_MEMORY, MW_TOO_LARGE. */
MW_MUST_USE mw_status mw_concordance_of_numbers(const double *values, const double *labels,
                                                size_t count, double *out_concordance,
                                                mw_error *err);
/* Labels are below `class_count`, which is at most MW_CONCORDANCE_CLASSES_MAX. */
MW_MUST_USE mw_status mw_concordance_of_classes(const double *values, const uint32_t *labels,
                                                size_t count, size_t class_count,
                                                double *out_concordance, mw_error *err);
