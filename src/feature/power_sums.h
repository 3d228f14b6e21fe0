/*
 * power_sums: the exact sums of which var, std and trend are made (DESIGN.md rule 12).
 *
 * A value x enters rounded half-even to a multiple of 2^-40, as the number of these; its event's
 * time t in us. The sums are integers, so powers of disjoint events add up and take each other
 * back without losing a bit. From them, with n values and C(a, b) = n * sum(ab) - sum(a) * sum(b):
 *
 *     var = C(x, x) / (n * (n - 1))      std = its root      trend = C(t, x) / C(t, t)
 *
 * each formed exactly and rounded once. At most 2^30 values stand together, the most of a ring;
 * so each sum fits into 256 bits, and C into 320. Kept once for each 4 events they take 18 bytes an
 * event for var and std of a value, 34 for trend.
 */
#pragma once
#include "base/exact_sum.h"
#include "base/wide.h"
#include "lang/program.h"

typedef enum { MW_POWERS_OF_SPREAD, MW_POWERS_OF_TREND } mw_powers_kind;

enum { MW_POWER_SUMS_MAX = 4, MW_POWER_SUM_WORDS = 4 };

typedef struct {
    uint64_t count;
    mw_wide sums[MW_POWER_SUMS_MAX]; /* of x, x * x; or of x, t, t * t, t * x */
} mw_power_sums;

static inline uint32_t mw_powers_sum_count(mw_powers_kind kind) {
    return kind == MW_POWERS_OF_SPREAD ? 2 : MW_POWER_SUMS_MAX;
}
/* As they are kept: the count, then the sums without their highest limb. */
static inline uint32_t mw_power_sums_words(mw_powers_kind kind) {
    return 1 + mw_powers_sum_count(kind) * MW_POWER_SUM_WORDS;
}
mw_power_sums mw_power_sums_load(mw_powers_kind kind, const mw_cell *words);
void mw_power_sums_store(mw_powers_kind kind, const mw_power_sums *powers, mw_cell *out_words);

/* A value that may not enter a sum is passed over, a missing one too. */
void mw_power_sums_add(mw_power_sums *powers, mw_powers_kind kind, int64_t time, double value);
void mw_power_sums_remove(mw_power_sums *powers, mw_powers_kind kind, int64_t time, double value);
/* What came between two running powers. */
mw_power_sums mw_power_sums_between(mw_powers_kind kind, const mw_power_sums *from,
                                    const mw_power_sums *to);

/* var, std or trend; missing for fewer than two values, or if all times are equal. */
mw_cell mw_power_sums_read(const mw_power_sums *powers, mw_aggregate aggregate);
