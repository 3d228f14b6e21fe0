#include "base/exact_sum.h"

#include "base/status.h"

#include <math.h>
#include <string.h>

enum {
    LIMBS = 3,
    UNIT_EXPONENT = -80,      /* the sum counts units of 2^-80 */
    FRACTION_BITS = 52,       /* IEEE 754 binary64 */
    EXPONENT_MASK = 0x7ff,
    /* A normal double is mantissa * 2^(field - 1075), so in units mantissa * 2^(field - 995). */
    FIELD_OF_ONE_UNIT = 1075 + UNIT_EXPONENT,
};

bool mw_exact_sum_takes(double value) {
    return fabs(value) < 0x1p63; /* false for NaN */
}

/* `mantissa` / 2^`bits`, rounded half-even. */
static uint64_t shift_right_rounded(uint64_t mantissa, int bits) {
    if (bits > FRACTION_BITS + 1) return 0; /* less than half a unit, as mantissa < 2^53 */
    uint64_t whole = mantissa >> bits;
    uint64_t rest = mantissa - (whole << bits), half = UINT64_C(1) << (bits - 1);
    return whole + (rest > half || (rest == half && whole % 2 == 1));
}

/* |value| in units, as an integer. */
static mw_exact_sum units_of(uint64_t value_bits) {
    int field = (int)(value_bits >> FRACTION_BITS) & EXPONENT_MASK;
    uint64_t mantissa = value_bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    if (field > 0) mantissa |= UINT64_C(1) << FRACTION_BITS;
    int shift = (field > 0 ? field : 1) - FIELD_OF_ONE_UNIT;

    if (shift < 0) return (mw_exact_sum){{shift_right_rounded(mantissa, -shift)}};
    MW_ASSERT(shift < 128); /* 91 at most, as |value| < 2^63 */
    uint64_t low = mantissa << shift % 64, high = mantissa >> 1 >> (63 - shift % 64);
    return shift < 64 ? (mw_exact_sum){{low, high, 0}} : (mw_exact_sum){{0, low, high}};
}

/* Adds `units`, or takes them away: that is adding their complement and one. */
static void accumulate(mw_exact_sum *sum, const mw_exact_sum *units, bool negative) {
    uint64_t flip = negative ? UINT64_MAX : 0, carry = negative;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t limb;
        bool over = __builtin_add_overflow(sum->limbs[i], units->limbs[i] ^ flip, &limb);
        over |= __builtin_add_overflow(limb, carry, &sum->limbs[i]);
        carry = over;
    }
}

static void enter(mw_exact_sum *sum, double value, bool negated) {
    MW_ASSERT(mw_exact_sum_takes(value));
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    mw_exact_sum units = units_of(bits);
    accumulate(sum, &units, (bits >> 63 != 0) != negated);
}

void mw_exact_sum_add(mw_exact_sum *sum, double value) {
    enter(sum, value, false);
}

void mw_exact_sum_remove(mw_exact_sum *sum, double value) {
    enter(sum, value, true);
}

void mw_exact_sum_merge(mw_exact_sum *sum, const mw_exact_sum *other) {
    accumulate(sum, other, false);
}

/* The 64 bits of `sum` from bit `first` on; bits outside of it are zero. */
static uint64_t bits_from(const mw_exact_sum *sum, int first) {
    int limb = first / 64, bit = first % 64;
    uint64_t low = sum->limbs[limb] >> bit;
    uint64_t high = limb + 1 < LIMBS && bit > 0 ? sum->limbs[limb + 1] << (64 - bit) : 0;
    return low | high;
}

static bool has_bits_below(const mw_exact_sum *sum, int end) {
    for (int limb = 0; limb < end / 64; limb++)
        if (sum->limbs[limb] != 0) return true;
    return end % 64 > 0 && sum->limbs[end / 64] << (64 - end % 64) != 0;
}

double mw_exact_sum_read(const mw_exact_sum *sum) {
    bool negative = sum->limbs[LIMBS - 1] >> 63 != 0;
    mw_exact_sum magnitude = {0};
    accumulate(&magnitude, sum, negative);

    int top = LIMBS - 1;
    while (top > 0 && magnitude.limbs[top] == 0) top--;
    if (magnitude.limbs[top] == 0) return 0;
    int bit_count = 64 * (top + 1) - __builtin_clzll(magnitude.limbs[top]);

    /* The upper 64 bits, the last of which stands for all below: enough for the conversion, which
       rounds half-even, to see on which side of a half the sum lies. */
    int first = bit_count > 64 ? bit_count - 64 : 0;
    uint64_t upper = bits_from(&magnitude, first) | has_bits_below(&magnitude, first);
    double value = ldexp((double)upper, first + UNIT_EXPONENT);
    return negative ? -value : value;
}

double mw_exact_sum_mean(const mw_exact_sum *sum, uint64_t count) {
    MW_ASSERT(count > 0);
    return mw_exact_sum_read(sum) / (double)count;
}
