/*
 * prng: splitmix64 (Steele, Lea, Flood, OOPSLA 2014): small, seedable, the same on every
 * machine. For tests, sampling and bootstraps; never for secrets.
 */
#pragma once
#include <stdint.h>

uint64_t mw_prng_next(uint64_t *state);
uint64_t mw_prng_below(uint64_t *state, uint64_t bound); /* 0 .. bound-1 without bias; bound > 0 */
double mw_prng_double(uint64_t *state);                  /* [0, 1), 53 random bits */
