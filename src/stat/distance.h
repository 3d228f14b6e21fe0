/*
 * distance: how far apart two distributions are, given as counts over the same bins.
 *
 * Jensen-Shannon divergence, base 2 (bits: 0 for equal, 1 for disjoint). Counts are samples, and
 * two samples of one distribution differ: their divergence is near (1/8) sum (p - q)^2 / p in
 * nats, whose mean is (k - 1)/8 (1/n + 1/m) for k bins and n and m examples. That noise floor, in
 * bits (over ln 2), is taken off, so that what is left means something at any size.
 *
 * PSI, the population stability index in nats: sum of (p - q) ln(p/q). It has no meaning where a
 * bin is empty on one side, so each bin counts half an example more.
 *
 * Bins that are empty on both sides count for nothing; a side without examples has no distance
 * (NaN).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

double mw_jensen_shannon(const uint64_t *a, const uint64_t *b, size_t bin_count);
/* What two samples of one distribution would differ by on average, in bits. */
double mw_jensen_shannon_noise(const uint64_t *a, const uint64_t *b, size_t bin_count);
/* Divergence less noise, not below 0: the drift that DESIGN.md speaks of. */
double mw_drift(const uint64_t *a, const uint64_t *b, size_t bin_count);
double mw_population_stability(const uint64_t *a, const uint64_t *b, size_t bin_count);
