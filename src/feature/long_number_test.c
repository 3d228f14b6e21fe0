#include "feature/long_number.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

__extension__ typedef __int128 model;

static int64_t random_int(uint64_t *prng) {
    int64_t value = (int64_t)(mw_prng_next(prng) >> (1 + mw_prng_below(prng, 63)));
    return mw_prng_below(prng, 2) ? value : -value;
}

static bool is_model(const mw_long_number *number, model value) {
    model magnitude = 0;
    for (int i = 3; i >= 0; i--) magnitude = magnitude * 0x100000000 + number->digits[i];
    for (int i = 4; i < MW_LONG_DIGITS; i++)
        if (number->digits[i] != 0) return false;
    return (number->is_negative ? -magnitude : magnitude) == value;
}

MW_TEST(long_number_agrees_with_int128) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 5000; round++) {
        int64_t x = random_int(&prng), y = random_int(&prng);
        mw_long_number a = mw_long_of(x), b = mw_long_of(y);
        mw_long_number sum = mw_long_sum(&a, &b), difference = mw_long_difference(&a, &b);
        mw_long_number product = mw_long_product(&a, &b);
        MW_CHECK(is_model(&sum, (model)x + y) && is_model(&difference, (model)x - y));
        MW_CHECK(is_model(&product, (model)x * y));
    }
}

MW_TEST(long_number_takes_doubles_on_a_grid) {
    static const struct { double value; int grid; int64_t expected; } cases[] = {
        {0.5, 0, 0}, {1.5, 0, 2}, {-2.5, 0, -2}, {-0x1p-41, 40, 0}, {0x3p-41, 40, 2},
        {3, 40, INT64_C(3) << 40}, {-0.0, 80, 0}, {5e-324, 80, 0}, {0x1p62, 0, INT64_C(1) << 62}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_long_number number = mw_long_of_double(cases[i].value, cases[i].grid);
        MW_CHECK(is_model(&number, cases[i].expected));
    }
    mw_long_number one = mw_long_of(1), big = mw_long_of_double(0x1.fffffffffffffp62, 80);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_long_ratio_root(&big, &one, -80, 1), 0x1.fffffffffffffp62);
}

/* IEEE's own division and root are rounded once, where both sides are doubles. */
MW_TEST(long_number_rounds_as_ieee_does) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 2000; round++) {
        double x = (double)(int64_t)(mw_prng_next(&prng) >> (11 + mw_prng_below(&prng, 50)));
        double y = 1 + (double)(int64_t)(mw_prng_next(&prng) >> (12 + mw_prng_below(&prng, 50)));
        double sign = mw_prng_below(&prng, 2) ? 1 : -1;
        mw_long_number a = mw_long_of((int64_t)(sign * x)), b = mw_long_of((int64_t)y);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_long_ratio_root(&a, &b, 0, 1), x == 0 ? 0 : sign * x / y);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_long_ratio_root(&a, &b, -80, 1),
                                   x == 0 ? 0 : sign * ldexp(x / y, -80));
        mw_long_number one = mw_long_of(1), positive = mw_long_of((int64_t)x);
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_long_ratio_root(&positive, &one, 0, 2), sqrt(x));
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_long_ratio_root(&positive, &one, -80, 2),
                                   sqrt(ldexp(x, -80)));
    }
}
