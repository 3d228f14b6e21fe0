/*
 * transform: what a version makes of a feature's number before its forest reads it, by numbers that
 * training found (lang/fitted.h says what they mean).
 *
 *     impute   mean
 *     scale    mean, deviation
 *     rank     the bounds between buckets, ascending
 *     target   a rate for each value of the dictionary, and one for all others
 *     tf_idf   of one number of a vector: its weight; then all of them are made a row of length 1
 *     pca      of number k of a vector: its mean, and where there is a k-th component, that: as
 *              many numbers as the vector has
 *
 * The last two are of numbers that are transformed together, and each has its share. Where there
 * are fewer components than numbers, the numbers behind them become missing. A missing number makes
 * all of them missing. A plain value; NaN is missing.
 */
#pragma once
#include "base/str.h"

enum { MW_TRANSFORMS_MAX = 4, MW_TOGETHER_MAX = 4096 };

typedef enum {
    MW_TRANSFORM_IMPUTE,
    MW_TRANSFORM_SCALE,
    MW_TRANSFORM_RANK,
    MW_TRANSFORM_TARGET,
    MW_TRANSFORM_TF_IDF,
    MW_TRANSFORM_PCA,
    MW_TRANSFORM_COUNT,
} mw_transform_kind;

typedef struct {
    mw_transform_kind kind;
    const double *numbers;
    size_t count;
} mw_transform;

/* Whether it is one of numbers that are transformed together. */
bool mw_transform_is_joint(mw_transform_kind kind);
/* Whether the numbers are as they must be; `value_count` is the dictionary's, `together` how many
   numbers are transformed together. */
bool mw_transform_is_sound(const mw_transform *transform, size_t value_count, size_t together);
/* `value` is a number, or that of a dictionary's value to `target`. */
double mw_transform_apply(const mw_transform *transform, double value);
/* A joint one: `shares` are those of `count` numbers. */
void mw_transform_apply_jointly(const mw_transform *const *shares, double *values, size_t count);
