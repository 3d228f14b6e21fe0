#include "base/wide.h"

#include "base/status.h"

#include <string.h>

__extension__ typedef unsigned __int128 two_limbs;

enum {
    LIMBS = MW_WIDE_LIMBS,
    FRACTION_BITS = 52, /* IEEE 754 binary64 */
    EXPONENT_MASK = 0x7ff,
    EXPONENT_BIAS = 1023,
};

static bool is_negative(const mw_wide *value) {
    return value->limbs[LIMBS - 1] >> 63 != 0;
}

mw_wide mw_wide_of(int64_t value) {
    uint64_t above = value < 0 ? UINT64_MAX : 0;
    return (mw_wide){{(uint64_t)value, above, above, above, above}};
}

mw_wide mw_wide_of_whole(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int field = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    int shift = field - EXPONENT_BIAS - FRACTION_BITS;
    uint64_t top = UINT64_C(1) << FRACTION_BITS, mantissa = (bits & (top - 1)) | top;
    mw_wide zero = {0}, magnitude = {0};
    if (field == 0) return zero;
    MW_ASSERT(shift >= -FRACTION_BITS && shift < 64);
    if (shift < 0) {
        magnitude.limbs[0] = mantissa >> -shift;
    } else {
        magnitude.limbs[0] = mantissa << shift;
        magnitude.limbs[1] = mantissa >> 1 >> (63 - shift);
    }
    return value < 0 ? mw_wide_difference(&zero, &magnitude) : magnitude;
}

mw_wide mw_wide_sum(const mw_wide *a, const mw_wide *b) {
    mw_wide sum;
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        two_limbs limb = (two_limbs)a->limbs[i] + b->limbs[i] + carry;
        sum.limbs[i] = (uint64_t)limb;
        carry = (uint64_t)(limb >> 64);
    }
    return sum;
}

mw_wide mw_wide_difference(const mw_wide *a, const mw_wide *b) {
    mw_wide difference;
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        two_limbs limb = (two_limbs)a->limbs[i] - b->limbs[i] - borrow;
        difference.limbs[i] = (uint64_t)limb;
        borrow = (uint64_t)(limb >> 64) & 1;
    }
    return difference;
}

mw_wide mw_wide_product(const mw_wide *a, const mw_wide *b) {
    mw_wide product = {0};
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; i + j < LIMBS; j++) {
            two_limbs limb =
                (two_limbs)a->limbs[i] * b->limbs[j] + product.limbs[i + j] + carry;
            product.limbs[i + j] = (uint64_t)limb;
            carry = (uint64_t)(limb >> 64);
        }
    }
    return product;
}

bool mw_wide_is_zero(const mw_wide *value) {
    uint64_t any = 0;
    for (int i = 0; i < LIMBS; i++) any |= value->limbs[i];
    return any == 0;
}

static int bit_count(const mw_wide *value) {
    for (int i = LIMBS - 1; i >= 0; i--)
        if (value->limbs[i] != 0) return 64 * (i + 1) - __builtin_clzll(value->limbs[i]);
    return 0;
}

static mw_wide shifted_left(const mw_wide *value, int bits) {
    mw_wide shifted = {0};
    for (int i = LIMBS - 1; i >= bits / 64; i--) {
        int from = i - bits / 64;
        shifted.limbs[i] = value->limbs[from] << bits % 64;
        if (bits % 64 > 0 && from > 0)
            shifted.limbs[i] |= value->limbs[from - 1] >> (64 - bits % 64);
    }
    return shifted;
}

/* A division that goes on: each step gives 64 more bits of rest / divisor, which is less than 1. */
typedef struct {
    mw_wide rest, divisor; /* the divisor's highest bit is set */
} division;

/* a / b = rest / divisor * 2^(bit_count(a) - bit_count(b) + 1 + halved) */
static division begin(const mw_wide *a, const mw_wide *b, int halved) {
    MW_ASSERT(bit_count(a) <= MW_RATIO_BITS_MAX);
    return (division){.rest = shifted_left(a, 64 * LIMBS - 1 - halved - bit_count(a)),
                      .divisor = shifted_left(b, 64 * LIMBS - bit_count(b))};
}

/* Takes quotient * divisor off rest * 2^64, of which `above` is the highest limb. */
static uint64_t take_off(division *d, uint64_t above, uint64_t quotient) {
    uint64_t carry = 0, borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        two_limbs product = (two_limbs)quotient * d->divisor.limbs[i] + carry;
        two_limbs left = (two_limbs)d->rest.limbs[i] - (uint64_t)product - borrow;
        d->rest.limbs[i] = (uint64_t)left;
        borrow = (uint64_t)(left >> 64) & 1;
        carry = (uint64_t)(product >> 64);
    }
    return above - carry - borrow;
}

/* The highest limbs alone say the next 64 bits, or up to 2 too many. (Knuth, 4.3.1 D.) */
static uint64_t divide(division *d) {
    uint64_t above = d->rest.limbs[LIMBS - 1], highest = d->divisor.limbs[LIMBS - 1];
    two_limbs top = (two_limbs)above << 64 | d->rest.limbs[LIMBS - 2];
    uint64_t quotient = above >= highest ? UINT64_MAX : (uint64_t)(top / highest);
    d->rest = shifted_left(&d->rest, 64);
    above = take_off(d, above, quotient);
    for (; above != 0; quotient--) { /* less than nothing is left: give one back */
        uint64_t carry = 0;
        for (int i = 0; i < LIMBS; i++) {
            two_limbs limb = (two_limbs)d->rest.limbs[i] + d->divisor.limbs[i] + carry;
            d->rest.limbs[i] = (uint64_t)limb;
            carry = (uint64_t)(limb >> 64);
        }
        above += carry;
    }
    return quotient;
}

/* mantissa * 2^exponent, of which `has_more` says that a little is missing, rounded half-even. The
   last bit stands for all below: 61 bits are enough to see on which side of a half it lies. */
static double round_once(uint64_t mantissa, bool has_more, int exponent) {
    uint64_t bits = (uint64_t)(exponent + 1 + EXPONENT_BIAS) << FRACTION_BITS;
    double power;
    memcpy(&power, &bits, sizeof power);
    return (double)(int64_t)(mantissa >> 1 | (mantissa & 1) | has_more) * power;
}

double mw_wide_ratio(const mw_wide *a, const mw_wide *b, int exponent) {
    MW_ASSERT(!is_negative(b) && !mw_wide_is_zero(b));
    if (mw_wide_is_zero(a)) return 0;
    mw_wide zero = {0}, magnitude = is_negative(a) ? mw_wide_difference(&zero, a) : *a;
    exponent += bit_count(&magnitude) - bit_count(b) + 1;
    division d = begin(&magnitude, b, 0);
    uint64_t quotient = divide(&d);
    double ratio = round_once(quotient, !mw_wide_is_zero(&d.rest), exponent - 64);
    return is_negative(a) ? -ratio : ratio;
}

/* Of a square from 2^125 on: the root of a double is 2^12 off at most, and a step of Newton's
   brings it to within 1. */
static uint64_t integer_root(two_limbs square) {
    double estimate = __builtin_sqrt((double)square);
    uint64_t root = estimate < 0x1p64 ? (uint64_t)estimate : UINT64_MAX;
    root = (uint64_t)((root + square / root) / 2);
    while ((two_limbs)root * root > square) root--;
    while (root < UINT64_MAX && (two_limbs)(root + 1) * (root + 1) <= square) root++;
    return root;
}

double mw_wide_ratio_root(const mw_wide *a, const mw_wide *b, int exponent) {
    MW_ASSERT(!is_negative(a) && !is_negative(b) && !mw_wide_is_zero(b));
    if (mw_wide_is_zero(a)) return 0;
    exponent += bit_count(a) - bit_count(b) + 1;
    int halved = exponent % 2 != 0; /* half of the exponent goes to the root */
    division d = begin(a, b, halved);
    two_limbs square = divide(&d);
    square = square << 64 | divide(&d);
    uint64_t root = integer_root(square);
    bool has_more = !mw_wide_is_zero(&d.rest) || (two_limbs)root * root != square;
    return round_once(root, has_more, (exponent + halved) / 2 - 64);
}
