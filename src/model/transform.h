/*
 * transform: what a version makes of a feature's number before its forest reads it, by numbers that
 * training found (lang/fitted.h says what they mean).
 *
 *     impute   mean
 *     scale    mean, deviation
 *     rank     the bounds between buckets, ascending
 *     target   a rate for each value of the dictionary, and one for all others
 *
 * A plain value; NaN is missing.
 */
#pragma once
#include "base/str.h"

enum { MW_TRANSFORMS_MAX = 4 };

typedef enum {
    MW_TRANSFORM_IMPUTE,
    MW_TRANSFORM_SCALE,
    MW_TRANSFORM_RANK,
    MW_TRANSFORM_TARGET,
    MW_TRANSFORM_COUNT,
} mw_transform_kind;

typedef struct {
    mw_transform_kind kind;
    const double *numbers;
    size_t count;
} mw_transform;

/* Whether the numbers are as they must be; `value_count` is the dictionary's. */
bool mw_transform_is_sound(const mw_transform *transform, size_t value_count);
/* `value` is a number, or that of a dictionary's value to `target`. */
double mw_transform_apply(const mw_transform *transform, double value);
