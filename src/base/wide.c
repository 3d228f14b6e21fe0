#include "base/wide.h"

#include "base/status.h"

#include <string.h>

__extension__ typedef unsigned __int128 two_limbs;

enum {
    LIMBS = MW_WIDE_LIMBS,
    FRACTION_BITS = 52, /* IEEE 754 binary64 */
    EXPONENT_MASK = 0x7ff,
    EXPONENT_BIAS = 1023,
    QUOTIENT_BITS = 63, /* behind the point: more than a double and the half below it need */
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

/* A division that goes on bit by bit: what is left, and by what it is divided. */
typedef struct {
    mw_wide rest, divisor; /* rest < 2 * divisor */
    int exponent;          /* their ratio stands for rest / divisor * 2^exponent */
} division;

/* Brings both sides to one length, so that the ratio lies between 1/2 and 2. */
static division begin(const mw_wide *a, const mw_wide *b, int exponent) {
    int more = bit_count(a) - bit_count(b);
    MW_ASSERT(bit_count(a) <= MW_RATIO_BITS_MAX && bit_count(b) <= MW_RATIO_BITS_MAX);
    return (division){.rest = more < 0 ? shifted_left(a, -more) : *a,
                      .divisor = more > 0 ? shifted_left(b, more) : *b,
                      .exponent = exponent + more};
}

/* The integer part of the ratio, then `bits` more. */
static two_limbs divide(division *d, int bits) {
    two_limbs quotient = 0;
    for (int i = 0; i <= bits; i++) {
        mw_wide less = mw_wide_difference(&d->rest, &d->divisor);
        bool goes_in = !is_negative(&less);
        quotient = quotient << 1 | goes_in;
        d->rest = shifted_left(goes_in ? &less : &d->rest, 1);
    }
    return quotient;
}

/* mantissa * 2^exponent, of which `has_more` says that a little is missing, rounded half-even. The
   last bit stands for all below: 62 bits are enough to see on which side of a half it lies. */
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
    division d = begin(&magnitude, b, exponent);
    uint64_t quotient = (uint64_t)divide(&d, QUOTIENT_BITS);
    double ratio =
        round_once(quotient, !mw_wide_is_zero(&d.rest), d.exponent - QUOTIENT_BITS);
    return is_negative(a) ? -ratio : ratio;
}

static uint64_t integer_root(two_limbs square) {
    uint64_t root = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t tried = root | UINT64_C(1) << bit;
        if ((two_limbs)tried * tried <= square) root = tried;
    }
    return root;
}

double mw_wide_ratio_root(const mw_wide *a, const mw_wide *b, int exponent) {
    MW_ASSERT(!is_negative(a) && !is_negative(b) && !mw_wide_is_zero(b));
    if (mw_wide_is_zero(a)) return 0;
    division d = begin(a, b, exponent);
    if (d.exponent % 2 != 0) { /* half of it goes to the root */
        d.divisor = shifted_left(&d.divisor, 1);
        d.exponent++;
    }
    two_limbs square = divide(&d, 2 * QUOTIENT_BITS);
    uint64_t root = integer_root(square);
    bool has_more = !mw_wide_is_zero(&d.rest) || (two_limbs)root * root != square;
    return round_once(root, has_more, d.exponent / 2 - QUOTIENT_BITS);
}
