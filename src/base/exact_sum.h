/*
 * exact_sum: sums of doubles that do not depend on order, by adding integers.
 *
 * A value enters rounded half-even to a multiple of 2^-80 and is added to a 192-bit two's
 * complement integer; |x| < 2^63 leaves 48 bits of headroom, so 2^48 values fit. Adding and
 * removing are exact inverses: a window may slide in either direction and lose nothing
 * (DESIGN.md rule 12). Rounded once, half-even, when read.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t limbs[3]; /* two's complement, least significant first, in units of 2^-80 */
} mw_exact_sum;

/* True if `value` may enter: finite and |value| < 2^63. */
bool mw_exact_sum_takes(double value);
void mw_exact_sum_add(mw_exact_sum *sum, double value);    /* value must be one that it takes */
void mw_exact_sum_remove(mw_exact_sum *sum, double value);
void mw_exact_sum_merge(mw_exact_sum *sum, const mw_exact_sum *other);
double mw_exact_sum_read(const mw_exact_sum *sum);
/* The sum divided by `count` (> 0) with one rounding of the sum and one of the division:
   read / count, as DESIGN.md rule 12 defines the mean. */
double mw_exact_sum_mean(const mw_exact_sum *sum, uint64_t count);
