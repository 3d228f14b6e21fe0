/*
 * shortest: a double as the shortest decimal text that reads back to the same bits.
 *
 * R. Giulietti, "The Schubfach way to render doubles" (2020): of the decimals within the interval
 * that rounds to the value, one of the coarsest grid that has any; among these the closest. It
 * takes three products with a power of ten of 128 bits (base/powers.h), whatever the value.
 */
#pragma once
#include <stddef.h>

enum { MW_DOUBLE_TEXT_SIZE = 32 }; /* more than any text of it takes */

/* Writes "0.1", "3", "1e-7", "1e+300", "-0" as "0", without a NUL; the size, 0 for NaN and
   infinities. From 1e-4 on up to 1e15, and as far as all its digits reach beyond, a number is
   written without an exponent. */
size_t mw_double_write(double value, char out_text[MW_DOUBLE_TEXT_SIZE]);
/* The same for an integer, "-17". */
size_t mw_int_write(long long value, char out_text[MW_DOUBLE_TEXT_SIZE]);
