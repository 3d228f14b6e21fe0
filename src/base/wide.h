/*
 * wide: integers of 320 bits, for sums of squares and products that must not lose a bit.
 *
 * Two's complement; sums and products are taken modulo 2^320, so a result that fits is true
 * whatever came in between. A ratio leaves them as a double, rounded once, half-even. A sum takes
 * 5 additions, a product 15 multiplications, a ratio one division of two limbs by one.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { MW_WIDE_LIMBS = 5, MW_RATIO_BITS_MAX = 317 }; /* of both sides of a ratio */

typedef struct {
    uint64_t limbs[MW_WIDE_LIMBS]; /* the least first */
} mw_wide;

mw_wide mw_wide_of(int64_t value);
/* A whole number below 2^116. */
mw_wide mw_wide_of_whole(double value);
mw_wide mw_wide_sum(const mw_wide *a, const mw_wide *b);
mw_wide mw_wide_difference(const mw_wide *a, const mw_wide *b);
mw_wide mw_wide_product(const mw_wide *a, const mw_wide *b);
bool mw_wide_is_zero(const mw_wide *value);

/* a / b * 2^exponent, with b > 0; its result must be a normal double or 0. */
double mw_wide_ratio(const mw_wide *a, const mw_wide *b, int exponent);
/* The square root of the same, with a >= 0: the root of the exact ratio, rounded once too. */
double mw_wide_ratio_root(const mw_wide *a, const mw_wide *b, int exponent);
