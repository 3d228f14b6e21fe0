#include "feature/long_number.h"

#include <math.h>

enum { DIGITS = MW_LONG_DIGITS };

/* -1, 0 or 1: how the magnitude of a stands to that of b. */
static int compare(const mw_long_number *a, const mw_long_number *b) {
    for (int i = DIGITS - 1; i >= 0; i--)
        if (a->digits[i] != b->digits[i]) return a->digits[i] > b->digits[i] ? 1 : -1;
    return 0;
}

bool mw_long_is_zero(const mw_long_number *value) {
    mw_long_number zero = {0};
    return compare(value, &zero) == 0;
}

mw_long_number mw_long_of(int64_t value) {
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    return (mw_long_number){{(uint32_t)magnitude, (uint32_t)(magnitude >> 32)}, value < 0};
}

mw_long_number mw_long_of_double(double value, int grid) {
    /* ldexp only shifts here, and nearbyint rounds half-even. */
    double whole = nearbyint(ldexp(fabs(value), grid));
    mw_long_number number = {0};
    for (int i = 0; whole > 0; i++) {
        MW_ASSERT(i < DIGITS);
        double digit = fmod(whole, 0x1p32);
        number.digits[i] = (uint32_t)digit;
        whole = (whole - digit) / 0x1p32;
    }
    number.is_negative = value < 0 && !mw_long_is_zero(&number);
    return number;
}

static mw_long_number plus(const mw_long_number *a, const mw_long_number *b) {
    mw_long_number sum = {0};
    uint64_t carry = 0;
    for (int i = 0; i < DIGITS; i++, carry >>= 32) {
        carry += (uint64_t)a->digits[i] + b->digits[i];
        sum.digits[i] = (uint32_t)carry;
    }
    MW_ASSERT(carry == 0);
    return sum;
}

/* The magnitude of a is not the smaller one. */
static mw_long_number minus(const mw_long_number *a, const mw_long_number *b) {
    mw_long_number difference = {0};
    uint64_t borrow = 0;
    for (int i = 0; i < DIGITS; i++) {
        uint64_t digit = (uint64_t)a->digits[i] - b->digits[i] - borrow;
        difference.digits[i] = (uint32_t)digit;
        borrow = digit >> 63;
    }
    MW_ASSERT(borrow == 0);
    return difference;
}

mw_long_number mw_long_sum(const mw_long_number *a, const mw_long_number *b) {
    mw_long_number sum;
    bool a_is_greater = compare(a, b) >= 0;
    if (a->is_negative == b->is_negative)
        sum = plus(a, b);
    else
        sum = a_is_greater ? minus(a, b) : minus(b, a);
    sum.is_negative = (a_is_greater ? a : b)->is_negative && !mw_long_is_zero(&sum);
    return sum;
}

mw_long_number mw_long_difference(const mw_long_number *a, const mw_long_number *b) {
    mw_long_number negative = *b;
    negative.is_negative = !b->is_negative && !mw_long_is_zero(b);
    return mw_long_sum(a, &negative);
}

mw_long_number mw_long_product(const mw_long_number *a, const mw_long_number *b) {
    mw_long_number product = {0};
    for (int i = 0; i < DIGITS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < DIGITS && (a->digits[i] > 0 || carry > 0); j++, carry >>= 32) {
            carry += (uint64_t)a->digits[i] * b->digits[j];
            if (carry == 0) continue;
            MW_ASSERT(i + j < DIGITS);
            carry += product.digits[i + j];
            product.digits[i + j] = (uint32_t)carry;
        }
        MW_ASSERT(carry == 0);
    }
    product.is_negative = a->is_negative != b->is_negative && !mw_long_is_zero(&product);
    return product;
}

static mw_long_number times_power(const mw_long_number *value, int bits) {
    mw_long_number result = *value;
    for (; bits > 0; bits -= bits < 62 ? bits : 62) {
        mw_long_number power = mw_long_of(INT64_C(1) << (bits < 62 ? bits : 62));
        result = mw_long_product(&result, &power);
    }
    return result;
}

/* How mantissa^degree * b stands to a: both without their signs. */
static int compare_power(int64_t mantissa, int degree, const mw_long_number *b,
                         const mw_long_number *a) {
    mw_long_number m = mw_long_of(mantissa), power = m;
    if (degree == 2) power = mw_long_product(&m, &m);
    power = mw_long_product(&power, b);
    return compare(&power, a);
}

static int bit_count(const mw_long_number *value) {
    int bits = 32 * DIGITS;
    while (bits > 0 && (value->digits[(bits - 1) / 32] >> (bits - 1) % 32 & 1) == 0) bits--;
    return bits;
}

double mw_long_ratio_root(const mw_long_number *a, const mw_long_number *b, int exponent,
                          int degree) {
    if (mw_long_is_zero(a)) return 0;
    /* value * 2^shift has 54 bits or 55 before the point: 53, and what is needed to round. */
    int magnitude = bit_count(a) - bit_count(b) + exponent;
    int shift = 54 - (magnitude >= 0 ? magnitude / degree : -((1 - magnitude) / degree));
    int left = degree * shift + exponent;
    mw_long_number above = times_power(a, left), below = times_power(b, -left);
    int64_t low = 0, high = INT64_C(1) << 57; /* low^degree * below <= above */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (compare_power(middle, degree, &below, &above) <= 0)
            low = middle;
        else
            high = middle;
    }
    MW_ASSERT(low >= INT64_C(1) << 53);
    bool is_exact = compare_power(low, degree, &below, &above) == 0;
    /* One bit more says whether something is left; a double of them all rounds half-even. */
    double value = ldexp((double)(2 * low + !is_exact), -1 - shift);
    return a->is_negative ? -value : value;
}
