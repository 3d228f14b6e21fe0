/*
 * powers: powers of ten in 128 bits, for exact work with decimal texts.
 *
 * 10^k = (high * 2^64 + low) * 2^(floor(log2(10^k)) - 127), rounded up; the highest bit is set.
 * The powers up to 10^55 are exact. A table of 10 KB; powers_test.c computes it anew.
 */
#pragma once
#include <stdint.h>

enum { MW_POWER_MIN = -292, MW_POWER_MAX = 324 };

typedef struct {
    uint64_t high, low;
} mw_power;

mw_power mw_power_of_ten(int k); /* MW_POWER_MIN to MW_POWER_MAX */
