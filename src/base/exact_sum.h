/*
 * exact_sum: sums of doubles that do not depend on order, by adding integers.
 *
 * A value enters rounded half-even to a multiple of 2^-80 and is added to a 192-bit two's
 * complement integer; |x| < 2^63 leaves 48 bits of headroom, so 2^48 values fit. Adding and
 * removing are exact inverses: a window may slide in either direction and lose nothing
 * (DESIGN.md rule 12). Rounded once, half-even, when read.
 *
 * What happens to each value of each event is inline; the usual magnitudes, 2^-28 to 2^36, are one
 * shifted mantissa, a sum of a few of them two limbs.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint64_t limbs[3]; /* two's complement, least significant first, in units of 2^-80 */
} mw_exact_sum;

/* Two limbs: as many units as a few values of the usual magnitudes are. */
__extension__ typedef __int128 mw_units;
__extension__ typedef unsigned __int128 mw_low_limbs;

/* |value| in units: for all values that are taken, the unusual ones too. */
mw_exact_sum mw_exact_sum_units(double value);

/* True if `value` may enter: finite and |value| < 2^63. */
static inline bool mw_exact_sum_takes(double value) {
    return __builtin_fabs(value) < 0x1p63; /* false for NaN */
}

/* The lower two limbs as one number: on most machines they lie as it does, and nothing is moved. */
static inline mw_low_limbs mw_exact_sum_low(const mw_exact_sum *sum) {
    mw_low_limbs low;
    memcpy(&low, sum->limbs, sizeof low);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? low : low << 64 | low >> 64;
}
static inline void mw_exact_sum_set_low(mw_exact_sum *sum, mw_low_limbs low) {
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) low = low << 64 | low >> 64;
    memcpy(sum->limbs, &low, sizeof low);
}

static inline void mw_exact_sum_merge(mw_exact_sum *sum, const mw_exact_sum *other) {
    mw_low_limbs low;
    bool carry = __builtin_add_overflow(mw_exact_sum_low(sum), mw_exact_sum_low(other), &low);
    mw_exact_sum_set_low(sum, low);
    sum->limbs[2] += other->limbs[2] + carry;
}
/* Takes back a sum that was merged, or all that a sum held earlier. */
static inline void mw_exact_sum_subtract(mw_exact_sum *sum, const mw_exact_sum *other) {
    mw_low_limbs low;
    bool borrow = __builtin_sub_overflow(mw_exact_sum_low(sum), mw_exact_sum_low(other), &low);
    mw_exact_sum_set_low(sum, low);
    sum->limbs[2] -= other->limbs[2] + borrow;
}
static inline void mw_exact_sum_merge_units(mw_exact_sum *sum, mw_units units) {
    mw_low_limbs low;
    bool carry = __builtin_add_overflow(mw_exact_sum_low(sum), (mw_low_limbs)units, &low);
    mw_exact_sum_set_low(sum, low);
    sum->limbs[2] += (uint64_t)(units >> 127) + carry;
}

/* The sum that so many units are. */
static inline mw_exact_sum mw_exact_sum_of(mw_units units) {
    int64_t high = (int64_t)(units >> 64);
    return (mw_exact_sum){{(uint64_t)units, (uint64_t)high, (uint64_t)(high >> 63)}};
}

/* Whether mw_exact_sum_usual_units takes it. */
static inline bool mw_exact_sum_is_usual(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits >> 52 & 0x7ff) - 995 < 64 || bits << 1 == 0;
}
/* A value of a usual magnitude, or 0, in units, less than 2^117: so a few of them may be added up
   before they are merged. False for all others, what no sum takes among them. */
static inline bool mw_exact_sum_usual_units(double value, mw_units *out_units) {
    enum { FRACTION_BITS = 52, FIELD_OF_ONE_UNIT = 995, SHIFTS = 64 };
    uint64_t bits, top = UINT64_C(1) << FRACTION_BITS;
    memcpy(&bits, &value, sizeof bits);
    /* A normal double is mantissa * 2^(field - 1075), in units mantissa * 2^(field - 995). */
    unsigned shift = (unsigned)(bits >> FRACTION_BITS & 0x7ff) - FIELD_OF_ONE_UNIT;
    if (shift >= SHIFTS) {
        *out_units = 0;
        return value == 0;
    }
    mw_units units = (mw_units)((mw_low_limbs)((bits & (top - 1)) | top) * (UINT64_C(1) << shift));
    *out_units = bits >> 63 ? -units : units;
    return true;
}

static inline void mw_exact_sum_put(mw_exact_sum *sum, double value, bool negated) {
    mw_units usual;
    if (mw_exact_sum_usual_units(value, &usual)) {
        mw_exact_sum_merge_units(sum, negated ? -usual : usual);
        return;
    }
    mw_exact_sum units = mw_exact_sum_units(value);
    if ((value < 0) != negated) mw_exact_sum_subtract(sum, &units);
    else mw_exact_sum_merge(sum, &units);
}

/* The value must be one that it takes. */
static inline void mw_exact_sum_add(mw_exact_sum *sum, double value) {
    mw_exact_sum_put(sum, value, false);
}
static inline void mw_exact_sum_remove(mw_exact_sum *sum, double value) {
    mw_exact_sum_put(sum, value, true);
}

double mw_exact_sum_read_wide(const mw_exact_sum *sum); /* for all sums */
/* Rounded once, half-even. The middle limb of a usual sum, 2^-12 to 2^37, is a double as it is, and
   so is the lower one once its last bit stands for the last 12: only their addition rounds, at a
   bit that is further up. */
static inline double mw_exact_sum_read(const mw_exact_sum *sum) {
    enum { LEAST_BITS = 4, MOST_BITS = 53, DROPPED_BITS = 12 };
    uint64_t low = sum->limbs[0], high = sum->limbs[1];
    uint64_t sign = (uint64_t)((int64_t)high >> 63), least = UINT64_C(1) << LEAST_BITS;
    bool is_usual = (high ^ sign) - least < (UINT64_C(1) << MOST_BITS) - least;
    if (!is_usual || sum->limbs[2] != sign) {
        mw_exact_sum all = *sum; /* so that the usual one need not stand in memory */
        return mw_exact_sum_read_wide(&all);
    }
    bool has_more = (low & ((1 << DROPPED_BITS) - 1)) != 0;
    int64_t rest = (int64_t)(low >> DROPPED_BITS | has_more);
    return (double)(int64_t)high * 0x1p-16 + (double)rest * 0x1p-68;
}
/* The sum divided by `count` (> 0) with one rounding of the sum and one of the division:
   read / count, as DESIGN.md rule 12 defines the mean. */
static inline double mw_exact_sum_mean(const mw_exact_sum *sum, uint64_t count) {
    return mw_exact_sum_read(sum) / (double)count;
}
