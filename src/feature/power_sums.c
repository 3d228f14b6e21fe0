#include "feature/power_sums.h"

#define UNITS_OF_ONE 0x1p40
enum { UNIT_EXPONENT = -40, US_OF_SECOND = 1000000 };

/* |value| in units is below 2^103. From 2^52 on it is whole; below, 2^52 leaves room for whole
   numbers alone, so that adding it rounds half-even. */
static mw_wide units_of(double value) {
    double units = __builtin_fabs(value) * UNITS_OF_ONE;
    if (units < 0x1p52) units = units + 0x1p52 - 0x1p52;
    return mw_wide_of_whole(value < 0 ? -units : units);
}

mw_power_sums mw_power_sums_load(mw_powers_kind kind, const mw_cell *words) {
    mw_power_sums powers = {.count = words[0].bits};
    const mw_cell *word = words + 1;
    for (uint32_t i = 0; i < mw_powers_sum_count(kind); i++, word += MW_POWER_SUM_WORDS) {
        uint64_t *limbs = powers.sums[i].limbs;
        for (int k = 0; k < MW_POWER_SUM_WORDS; k++) limbs[k] = word[k].bits;
        limbs[MW_POWER_SUM_WORDS] = limbs[MW_POWER_SUM_WORDS - 1] >> 63 ? UINT64_MAX : 0;
    }
    return powers;
}

void mw_power_sums_store(mw_powers_kind kind, const mw_power_sums *powers, mw_cell *out_words) {
    out_words[0].bits = powers->count;
    mw_cell *word = out_words + 1;
    for (uint32_t i = 0; i < mw_powers_sum_count(kind); i++, word += MW_POWER_SUM_WORDS)
        for (int k = 0; k < MW_POWER_SUM_WORDS; k++) word[k].bits = powers->sums[i].limbs[k];
}

static mw_power_sums powers_of_one(mw_powers_kind kind, int64_t time, double value) {
    mw_wide x = units_of(value);
    mw_power_sums one = {.count = 1, .sums = {x}};
    if (kind == MW_POWERS_OF_SPREAD) {
        one.sums[1] = mw_wide_product(&x, &x);
        return one;
    }
    mw_wide t = mw_wide_of(time);
    one.sums[1] = t;
    one.sums[2] = mw_wide_product(&t, &t);
    one.sums[3] = mw_wide_product(&t, &x);
    return one;
}

void mw_power_sums_add(mw_power_sums *powers, mw_powers_kind kind, int64_t time, double value) {
    if (!mw_exact_sum_takes(value)) return;
    mw_power_sums one = powers_of_one(kind, time, value);
    powers->count++;
    for (uint32_t i = 0; i < mw_powers_sum_count(kind); i++)
        powers->sums[i] = mw_wide_sum(&powers->sums[i], &one.sums[i]);
}

void mw_power_sums_remove(mw_power_sums *powers, mw_powers_kind kind, int64_t time, double value) {
    if (!mw_exact_sum_takes(value)) return;
    mw_power_sums one = powers_of_one(kind, time, value);
    *powers = mw_power_sums_between(kind, &one, powers);
}

mw_power_sums mw_power_sums_between(mw_powers_kind kind, const mw_power_sums *from,
                                    const mw_power_sums *to) {
    mw_power_sums between = {.count = to->count - from->count};
    for (uint32_t i = 0; i < mw_powers_sum_count(kind); i++) {
        mw_wide *sum = &between.sums[i];
        *sum = mw_wide_difference(&to->sums[i], &from->sums[i]);
        /* Running sums go round at 256 bits: what lies above says nothing. */
        sum->limbs[MW_POWER_SUM_WORDS] = sum->limbs[MW_POWER_SUM_WORDS - 1] >> 63 ? UINT64_MAX : 0;
    }
    return between;
}

/* n * sum(ab) - sum(a) * sum(b) */
static mw_wide spread(uint64_t count, const mw_wide *ab, const mw_wide *a, const mw_wide *b) {
    mw_wide n = mw_wide_of((int64_t)count);
    mw_wide left = mw_wide_product(&n, ab), right = mw_wide_product(a, b);
    return mw_wide_difference(&left, &right);
}

static mw_cell read_trend(const mw_power_sums *powers) {
    const mw_wide *x = &powers->sums[0], *t = &powers->sums[1];
    mw_wide times = spread(powers->count, &powers->sums[2], t, t);
    if (mw_wide_is_zero(&times)) return mw_cell_missing(MW_TYPE_NUMBER);
    mw_wide both = spread(powers->count, &powers->sums[3], t, x);
    mw_wide per_second = mw_wide_of(US_OF_SECOND);
    both = mw_wide_product(&both, &per_second);
    return mw_cell_number(mw_wide_ratio(&both, &times, UNIT_EXPONENT));
}

mw_cell mw_power_sums_read(const mw_power_sums *powers, mw_aggregate aggregate) {
    MW_ASSERT(powers->count <= UINT64_C(1) << 30);
    if (powers->count < 2) return mw_cell_missing(MW_TYPE_NUMBER);
    if (aggregate == MW_AGGREGATE_TREND) return read_trend(powers);
    const mw_wide *x = &powers->sums[0];
    mw_wide squares = spread(powers->count, &powers->sums[1], x, x);
    mw_wide pairs = mw_wide_of((int64_t)(powers->count * (powers->count - 1)));
    return mw_cell_number(aggregate == MW_AGGREGATE_VAR
                              ? mw_wide_ratio(&squares, &pairs, 2 * UNIT_EXPONENT)
                              : mw_wide_ratio_root(&squares, &pairs, 2 * UNIT_EXPONENT));
}
