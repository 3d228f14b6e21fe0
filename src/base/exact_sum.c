#include "base/exact_sum.h"

#include "base/status.h"

#include <string.h>

enum {
    LIMBS = 3,
    UNIT_EXPONENT = -80,      /* the sum counts units of 2^-80 */
    FRACTION_BITS = 52,       /* IEEE 754 binary64 */
    EXPONENT_MASK = 0x7ff,
    EXPONENT_BIAS = 1023,
    /* A normal double is mantissa * 2^(field - 1075), so in units mantissa * 2^(field - 995). */
    FIELD_OF_ONE_UNIT = 1075 + UNIT_EXPONENT,
};

/* `mantissa` / 2^`bits`, rounded half-even. */
static uint64_t shift_right_rounded(uint64_t mantissa, int bits) {
    if (bits > FRACTION_BITS + 1) return 0; /* less than half a unit, as mantissa < 2^53 */
    uint64_t whole = mantissa >> bits;
    uint64_t rest = mantissa - (whole << bits), half = UINT64_C(1) << (bits - 1);
    return whole + (rest > half || (rest == half && whole % 2 == 1));
}

mw_exact_sum mw_exact_sum_units(double value) {
    MW_ASSERT(mw_exact_sum_takes(value));
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int field = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    uint64_t mantissa = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    if (field > 0) mantissa |= UINT64_C(1) << FRACTION_BITS;
    int shift = (field > 0 ? field : 1) - FIELD_OF_ONE_UNIT;

    if (shift < 0) return (mw_exact_sum){{shift_right_rounded(mantissa, -shift)}};
    MW_ASSERT(shift < 128); /* 91 at most, as |value| < 2^63 */
    uint64_t low = mantissa << shift % 64, high = mantissa >> 1 >> (63 - shift % 64);
    return shift < 64 ? (mw_exact_sum){{low, high, 0}} : (mw_exact_sum){{0, low, high}};
}

/* The double next to `negative ? -magnitude : magnitude` units * 2^(64 * more_limbs), half-even;
   `magnitude` reaches into its upper limb, `has_more` says that there is a fraction of a unit. */
static double round_magnitude(mw_low_limbs magnitude, int more_limbs, bool has_more,
                              bool negative) {
    uint64_t high = (uint64_t)(magnitude >> 64), low = (uint64_t)magnitude;
    /* The upper 63 bits, the last of which stands for all below: enough for the conversion, which
       rounds half-even, to see on which side of a half the sum lies. */
    int shift = __builtin_clzll(high);
    uint64_t upper = high << shift | low >> 1 >> (63 - shift);
    has_more |= (upper & 1) != 0 || low << shift != 0;
    int exponent = 64 * more_limbs + 65 - shift + UNIT_EXPONENT;
    uint64_t scale_bits = (uint64_t)(exponent + EXPONENT_BIAS) << FRACTION_BITS;
    double scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    double value = (double)(int64_t)(upper >> 1 | has_more) * scale;
    return negative ? -value : value;
}

double mw_exact_sum_read_wide(const mw_exact_sum *sum) {
    bool negative = sum->limbs[LIMBS - 1] >> 63 != 0;
    mw_exact_sum magnitude = {0};
    if (negative) mw_exact_sum_subtract(&magnitude, sum);
    else magnitude = *sum;

    int top = LIMBS - 1;
    while (top > 0 && magnitude.limbs[top] == 0) top--;
    uint64_t high = magnitude.limbs[top];
    if (high == 0) return 0;
    uint64_t low = top > 0 ? magnitude.limbs[top - 1] : 0;
    bool has_more = top > 1 && magnitude.limbs[top - 2] != 0;
    return round_magnitude((mw_low_limbs)high << 64 | low, top - 1, has_more, negative);
}
