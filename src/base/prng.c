#include "base/prng.h"

#include "base/status.h"

uint64_t mw_prng_next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t mw_prng_below(uint64_t *state, uint64_t bound) {
    MW_ASSERT(bound > 0);
    /* The first 2^64 mod bound numbers would make small remainders more likely: draw again. */
    uint64_t excess = (0 - bound) % bound;
    uint64_t drawn;
    do drawn = mw_prng_next(state);
    while (drawn < excess);
    return drawn % bound;
}

double mw_prng_double(uint64_t *state) {
    return (double)(mw_prng_next(state) >> 11) * 0x1p-53;
}
