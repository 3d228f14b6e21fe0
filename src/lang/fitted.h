/*
 * fitted: what a feature becomes before a learner sees it, by numbers that training finds.
 *
 *     impute(x)            a missing number is the mean of the others
 *     scale(x)             less the mean, in standard deviations
 *     rank_bucket(x, N)    which of N buckets it is in, that have equal shares of the examples
 *     target_encode(k, M)  the mean label of the examples with this text, as if M more (10) had the
 *                          mean of all
 *     tf_idf(v)            a vector of counts, each by how rare it is among the examples, as a
 *                          row of length 1
 *     pca(v, K)            a vector's first K principal components
 *
 * They stand around a whole feature, one around the other. A program works out what stands within;
 * a version carries the numbers and applies them (model/transform.h). So a replay needs no
 * version, and no other feature can read a fitted one.
 */
#pragma once
#include "base/str.h"

enum {
    MW_FITS_MAX = 4,
    MW_FIT_BUCKETS_MAX = 1024,
    MW_FIT_WEIGHT_MAX = 1000000,
    MW_FIT_PCA_WIDTH_MAX = 256, /* of the vector */
};

typedef enum {
    MW_FIT_IMPUTE,
    MW_FIT_SCALE,
    MW_FIT_RANK,
    MW_FIT_TARGET,
    MW_FIT_TF_IDF,
    MW_FIT_PCA,
} mw_fit_kind;

typedef struct {
    mw_fit_kind kind;
    double parameter; /* how many buckets or components, what weight */
} mw_fit;

/* In the order in which they are applied: the innermost first. */
typedef struct {
    mw_fit items[MW_FITS_MAX];
    size_t count;
} mw_fits;

/* Whether any of them takes the numbers of a vector together. */
bool mw_fits_are_joint(const mw_fits *fits);
