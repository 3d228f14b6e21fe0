/*
 * long_number: whole numbers as we learn them at school: digits and a sign. For the oracle alone,
 * which must not share its arithmetic with the engine.
 *
 * The digits are of 32 bits; a number that needs more of them than there are is an assert. A root
 * of a ratio is found by trying mantissas: slow, and plainly right.
 */
#pragma once
#include "base/status.h"

enum { MW_LONG_DIGITS = 14 };

typedef struct {
    uint32_t digits[MW_LONG_DIGITS]; /* the least first */
    bool is_negative;                /* never for 0 */
} mw_long_number;

mw_long_number mw_long_of(int64_t value);
/* value * 2^grid, rounded half-even; |value| < 2^63. */
mw_long_number mw_long_of_double(double value, int grid);
mw_long_number mw_long_sum(const mw_long_number *a, const mw_long_number *b);
mw_long_number mw_long_difference(const mw_long_number *a, const mw_long_number *b);
mw_long_number mw_long_product(const mw_long_number *a, const mw_long_number *b);
bool mw_long_is_zero(const mw_long_number *value);
/* The double nearest to the `degree`-th root (1 or 2) of a / b * 2^exponent; b > 0, and a >= 0
   where a root is drawn. */
double mw_long_ratio_root(const mw_long_number *a, const mw_long_number *b, int exponent,
                          int degree);
