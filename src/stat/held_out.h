/*
 * held_out: what stands for a text where a number is wanted: what came with it in other rows.
 *
 * Rows fall in two halves. A row's text stands for how far the targets that the other half has with
 * it lie above that half's mean, pulled towards 0 as if there were MW_HELD_OUT_PRIOR rows more that
 * are as the mean (target encoding with cross fitting: Micci-Barreca, "A preprocessing scheme for
 * high-cardinality categorical attributes", 2001). So no row's own target tells. A text that comes
 * once, and one that all rows have, stand for 0 and say nothing.
 */
#pragma once
#include "base/memory.h"

#define MW_HELD_OUT_PRIOR 5.0

/* 0 or 1. By multiples of the golden ratio, so that the rows of any period fall in both: shops that
   take turns would else never meet themselves. */
static inline size_t mw_held_out_half(size_t row) {
    return (size_t)((uint64_t)row * UINT64_C(0x9e3779b97f4a7c15) >> 63);
}
/* `codes` are the rows' texts, equal where those are. Linear time; MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_held_out_lifts(const uint64_t *codes, const double *targets,
                                        size_t count, double *out_lifts, mw_error *err);
