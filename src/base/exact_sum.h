/*
 * exact_sum: sums of doubles that do not depend on order, by adding integers.
 *
 * A value enters rounded half-even to a multiple of 2^-80 and is added to a 192-bit two's
 * complement integer; |x| < 2^63 leaves 48 bits of headroom, so 2^48 values fit. Adding and
 * removing are exact inverses: a window may slide in either direction and lose nothing
 * (DESIGN.md rule 12). Rounded once, half-even, when read.
 *
 * What happens to each value of each event is inline; the usual magnitudes, 2^-28 to 2^48, take
 * one shift and three additions.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint64_t limbs[3]; /* two's complement, least significant first, in units of 2^-80 */
} mw_exact_sum;

/* |value| in units: for all values that are taken, the unusual ones too. */
mw_exact_sum mw_exact_sum_units(double value);
double mw_exact_sum_read(const mw_exact_sum *sum);
/* The sum divided by `count` (> 0) with one rounding of the sum and one of the division:
   read / count, as DESIGN.md rule 12 defines the mean. */
double mw_exact_sum_mean(const mw_exact_sum *sum, uint64_t count);

/* True if `value` may enter: finite and |value| < 2^63. */
static inline bool mw_exact_sum_takes(double value) {
    return __builtin_fabs(value) < 0x1p63; /* false for NaN */
}

/* Adds `units`, or takes them away: that is adding their complement and one. */
static inline void mw_exact_sum_accumulate(mw_exact_sum *sum, const mw_exact_sum *units,
                                           bool negative) {
    uint64_t flip = negative ? UINT64_MAX : 0, carry = negative;
    for (int i = 0; i < 3; i++) {
        uint64_t limb;
        bool over = __builtin_add_overflow(sum->limbs[i], units->limbs[i] ^ flip, &limb);
        over |= __builtin_add_overflow(limb, carry, &sum->limbs[i]);
        carry = over;
    }
}

/* The sum's address never leaves, so that it may stay in registers. */
static inline void mw_exact_sum_put(mw_exact_sum *sum, double value, bool negated) {
    enum { FRACTION_BITS = 52, FIELD_OF_ONE_UNIT = 995, SHIFTS = 76 };
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    /* A normal double is mantissa * 2^(field - 1075), in units mantissa * 2^(field - 995). */
    unsigned shift = (unsigned)(bits >> FRACTION_BITS & 0x7ff) - FIELD_OF_ONE_UNIT;
    mw_exact_sum units;
    if (shift < SHIFTS) {
        uint64_t top = UINT64_C(1) << FRACTION_BITS, mantissa = (bits & (top - 1)) | top;
        uint64_t low = mantissa << shift % 64, high = mantissa >> 1 >> (63 - shift % 64);
        units = shift < 64 ? (mw_exact_sum){{low, high, 0}} : (mw_exact_sum){{0, low, 0}};
    } else { /* or below the grid */
        units = mw_exact_sum_units(value);
    }
    mw_exact_sum_accumulate(sum, &units, (bits >> 63 != 0) != negated);
}

/* The value must be one that it takes. */
static inline void mw_exact_sum_add(mw_exact_sum *sum, double value) {
    mw_exact_sum_put(sum, value, false);
}
static inline void mw_exact_sum_remove(mw_exact_sum *sum, double value) {
    mw_exact_sum_put(sum, value, true);
}
static inline void mw_exact_sum_merge(mw_exact_sum *sum, const mw_exact_sum *other) {
    mw_exact_sum_accumulate(sum, other, false);
}
/* Takes back a sum that was merged, or all that a sum held earlier. */
static inline void mw_exact_sum_subtract(mw_exact_sum *sum, const mw_exact_sum *other) {
    mw_exact_sum_accumulate(sum, other, true);
}
