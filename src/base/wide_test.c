#include "base/wide.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

__extension__ typedef __int128 model; /* enough for factors below 2^63 */

static mw_wide of_model(model value) {
    mw_wide high = mw_wide_of((int64_t)(value >> 64)), scale = mw_wide_of_whole(0x1p64);
    mw_wide low = mw_wide_of_whole(0x1p32), rest = mw_wide_of((int64_t)((uint64_t)value >> 32));
    low = mw_wide_product(&low, &rest);
    rest = mw_wide_of((int64_t)(value & UINT32_MAX));
    low = mw_wide_sum(&low, &rest);
    high = mw_wide_product(&high, &scale);
    return mw_wide_sum(&high, &low);
}

static bool same(const mw_wide *a, const mw_wide *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_negative(const mw_wide *value) {
    return value->limbs[MW_WIDE_LIMBS - 1] >> 63 != 0;
}

static int64_t random_int(uint64_t *prng) {
    int64_t value = (int64_t)(mw_prng_next(prng) >> (1 + mw_prng_below(prng, 63)));
    return mw_prng_below(prng, 2) ? value : -value;
}

MW_TEST(wide_agrees_with_int128) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 5000; round++) {
        int64_t x = random_int(&prng), y = random_int(&prng);
        mw_wide a = mw_wide_of(x), b = mw_wide_of(y);
        mw_wide sum = mw_wide_sum(&a, &b), difference = mw_wide_difference(&a, &b);
        mw_wide product = mw_wide_product(&a, &b);
        mw_wide expected[] = {of_model((model)x + y), of_model((model)x - y),
                              of_model((model)x * y)};
        MW_CHECK(same(&sum, &expected[0]) && same(&difference, &expected[1]));
        MW_CHECK(same(&product, &expected[2]));
        MW_CHECK(mw_wide_is_zero(&a) == (x == 0));
    }
}

/* Limbs of ones and zeros are what a division guesses wrongly. */
static mw_wide random_wide(uint64_t *prng, int bits) {
    mw_wide value = {0};
    for (int i = 0; i * 64 < bits; i++) {
        const uint64_t limbs[] = {mw_prng_next(prng), UINT64_MAX, 0, UINT64_C(1) << 63, 1};
        value.limbs[i] = limbs[mw_prng_below(prng, 5)];
        if (bits - i * 64 < 64) value.limbs[i] &= (UINT64_C(1) << (bits - i * 64)) - 1;
    }
    return value;
}

/* Beyond what int128 holds the laws of arithmetic must do. */
MW_TEST(wide_keeps_the_laws_of_a_ring) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 2000; round++) {
        mw_wide a = random_wide(&prng, 320), b = random_wide(&prng, 320);
        mw_wide c = random_wide(&prng, (int)mw_prng_below(&prng, 320));
        mw_wide sum = mw_wide_sum(&a, &b), back = mw_wide_difference(&sum, &b);
        MW_CHECK(same(&back, &a));
        mw_wide left = mw_wide_product(&sum, &c);
        mw_wide ac = mw_wide_product(&a, &c), cb = mw_wide_product(&c, &b);
        mw_wide right = mw_wide_sum(&ac, &cb);
        MW_CHECK(same(&left, &right));
    }
}

MW_TEST(wide_takes_whole_numbers) {
    static const double values[] = {0, 1, -1, 3, -0x1.8p52, 0x1.fffffffffffffp52, -0x1p53,
                                    0x1.23456789abcdep70, -0x1.fffffffffffffp115, 0x1p64};
    mw_wide one = mw_wide_of(1), seven = mw_wide_of(7);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        mw_wide whole = mw_wide_of_whole(values[i]);
        mw_wide times = mw_wide_product(&whole, &seven);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&whole, &one, 0), values[i]);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&times, &seven, 0), values[i]);
    }
}

/* value * 2^bits */
static mw_wide times_power(const mw_wide *value, int bits) {
    mw_wide result = *value;
    for (; bits > 0; bits -= bits < 100 ? bits : 100) {
        mw_wide power = mw_wide_of_whole(ldexp(1, bits < 100 ? bits : 100));
        result = mw_wide_product(&result, &power);
    }
    return result;
}

/* -1, 0 or 1: how a stands to b. */
static int compare(const mw_wide *a, const mw_wide *b) {
    mw_wide difference = mw_wide_difference(a, b);
    return is_negative(&difference) ? -1 : !mw_wide_is_zero(&difference);
}

/* A double's mantissa, of 53 bits, and its exponent. */
static mw_wide split(double value, int *out_exponent) {
    double fraction = frexp(value, out_exponent);
    *out_exponent -= 53;
    return mw_wide_of((int64_t)ldexp(fraction, 53));
}

/* The nearest double: a / b lies no further from it than half of its last bit, and exactly that
   far only if it is even. Found by multiplying alone. */
MW_TEST(wide_ratio_is_the_nearest_double) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 20000; round++) {
        mw_wide a = random_wide(&prng, 1 + (int)mw_prng_below(&prng, 250));
        mw_wide b = random_wide(&prng, 1 + (int)mw_prng_below(&prng, 200));
        if (mw_wide_is_zero(&a) || mw_wide_is_zero(&b)) continue;
        int exponent;
        mw_wide mantissa = split(mw_wide_ratio(&a, &b, 0), &exponent);
        mw_wide two = mw_wide_of(2), one = mw_wide_of(1);
        mw_wide twice = mw_wide_product(&mantissa, &two);
        mw_wide low = mw_wide_difference(&twice, &one), high = mw_wide_sum(&twice, &one);
        low = mw_wide_product(&low, &b);
        high = mw_wide_product(&high, &b);
        mw_wide exact = times_power(&a, 1 + (exponent < 0 ? -exponent : 0));
        low = times_power(&low, exponent > 0 ? exponent : 0);
        high = times_power(&high, exponent > 0 ? exponent : 0);
        bool is_even = mantissa.limbs[0] % 2 == 0;
        MW_CHECK(compare(&low, &exact) < is_even && compare(&exact, &high) < is_even);
    }
}

MW_TEST(wide_ratio_root_is_the_nearest_double) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 20000; round++) {
        mw_wide a = random_wide(&prng, 1 + (int)mw_prng_below(&prng, 100));
        mw_wide b = random_wide(&prng, 1 + (int)mw_prng_below(&prng, 190));
        if (mw_wide_is_zero(&a) || mw_wide_is_zero(&b)) continue;
        int exponent;
        mw_wide mantissa = split(mw_wide_ratio_root(&a, &b, 0), &exponent);
        mw_wide two = mw_wide_of(2), one = mw_wide_of(1);
        mw_wide twice = mw_wide_product(&mantissa, &two);
        mw_wide low = mw_wide_difference(&twice, &one), high = mw_wide_sum(&twice, &one);
        low = mw_wide_product(&low, &low);
        high = mw_wide_product(&high, &high);
        low = mw_wide_product(&low, &b);
        high = mw_wide_product(&high, &b);
        /* (2m - 1)^2 b <= 4 a / 2^(2 exponent) <= (2m + 1)^2 b */
        MW_CHECK(exponent < 0);
        mw_wide exact = times_power(&a, 2 - 2 * exponent);
        MW_CHECK(compare(&low, &exact) < 0 && compare(&exact, &high) < 0);
    }
}

/* What Python's fractions give, rounded by its own division of integers. */
MW_TEST(wide_ratio_agrees_with_fractions) {
    mw_wide one = mw_wide_of(1), three = mw_wide_of(3), minus_two = mw_wide_of(-2);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&one, &three, 0), 0x1.5555555555555p-2);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&minus_two, &three, -40), -0x1.5555555555555p-41);
    mw_wide tie = of_model(((model)1 << 53) + 1), odd = of_model(((model)1 << 53) + 3);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&tie, &one, 0), 0x1p53);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&odd, &one, 0), 0x1.0000000000002p53);

    mw_wide ten = mw_wide_of(10), seven = mw_wide_of(7), power = one, other = one;
    for (int i = 0; i < 60; i++) power = mw_wide_product(&power, &ten);
    for (int i = 0; i < 50; i++) other = mw_wide_product(&other, &seven);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&power, &other, 0), 0x1.edda84f185b8fp58);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio_root(&power, &other, 0), 0x1.6390a874ab7dcp29);
    for (int i = 0; i < 30; i++) power = mw_wide_product(&power, &ten);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&power, &three, -80), 0x1.4f20a061b9130p217);

    mw_wide two = mw_wide_of(2), nine = mw_wide_of(9), four = mw_wide_of(4), zero = {0};
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio_root(&two, &one, 0), 0x1.6a09e667f3bcdp0);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio_root(&one, &three, -80), 0x1.279a74590331cp-41);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio_root(&nine, &four, -80), 0x1.8p-40);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio_root(&zero, &four, -80), 0.0);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_wide_ratio(&zero, &four, -80), 0.0);
}
