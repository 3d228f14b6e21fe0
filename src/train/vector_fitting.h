/*
 * vector_fitting: the numbers of tf_idf and pca (lang/fitted.h), from rows of a vector's numbers.
 *
 * tf_idf is scikit-learn's TfidfTransformer as it comes: a number's weight is 1 + ln((1 + rows) /
 * (1 + rows in which it is not 0)). pca takes the eigenvectors of the covariance (stat/eigen.h),
 * which is summed in the order of the rows. A component along which nothing varies, but by
 * rounding, has no direction of its own: it is 0 for every row.
 *
 * Rows that lack a number, or have one of 2^63 or more, are left out.
 */
#pragma once
#include <float.h>
#include <math.h>

#include "model/transform.h"

typedef struct {
    const double *values; /* row by row */
    size_t row_count, width;
} mw_vector_rows;

/* A value less a mean. That is rounded twice, and made of values that are: what lies no farther
   from it is equal to it. */
static inline double mw_fit_centred(double value, double mean) {
    double away = value - mean;
    return fabs(away) <= 2 * DBL_EPSILON * fabs(mean) + 0x1p-80 ? 0 : away;
}
/* Fills one share a number, in the arena. */
MW_MUST_USE mw_status mw_fit_tf_idf(mw_vector_rows rows, mw_arena *arena, mw_transform *out_shares,
                                    mw_error *err);
/* MW_INVALID: there are fewer whole rows than components. */
MW_MUST_USE mw_status mw_fit_pca(mw_vector_rows rows, size_t component_count, mw_arena *arena,
                                 mw_transform *out_shares, mw_error *err);
