/*
 * step_gain: what a step of boosting has gained: how far the mean loss falls, row by row.
 */
#pragma once
#include <math.h>

#include "base/memory.h"

enum { MW_STEP_BINS_MAX = 256 }; /* of the column that a step goes by */
/* A bin's step is pulled towards none as if it held so many rows more that are as expected. */
#define MW_STEP_PRIOR 50.0
enum { MW_LEVEL_ROUNDS_MAX = 100 }; /* each brings answers nearer to the level of what came */
#define MW_LEVEL_NEAR 1e-9          /* in log odds: near enough */

/* The fall of the mean loss, and its standard error. */
typedef struct {
    double mean, error;
} mw_step_gain;

/* Of the rows' falls: their sum and that of their squares. Both are 0 without rows. */
static inline mw_step_gain mw_step_gain_of(double sum, double squares, size_t count) {
    if (count == 0) return (mw_step_gain){0, 0};
    double n = (double)count, mean = sum / n, variance = fmax(0, squares / n - mean * mean);
    return (mw_step_gain){mean, sqrt(variance / n)};
}
