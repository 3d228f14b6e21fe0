#include "feature/power_sums.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

typedef struct {
    int64_t time;
    double value;
} sample;

static mw_cell read_all(const sample *samples, size_t count, mw_aggregate aggregate) {
    mw_powers_kind kind =
        aggregate == MW_AGGREGATE_TREND ? MW_POWERS_OF_TREND : MW_POWERS_OF_SPREAD;
    mw_power_sums powers = {0};
    for (size_t i = 0; i < count; i++)
        mw_power_sums_add(&powers, kind, samples[i].time, samples[i].value);
    return mw_power_sums_read(&powers, aggregate);
}

#define CHECK_POWERS(aggregate, expected, ...)                                            \
    do {                                                                                  \
        const sample samples[] = {__VA_ARGS__};                                           \
        mw_cell found = read_all(samples, sizeof samples / sizeof *samples, (aggregate)); \
        MW_CHECK_EQUAL_DOUBLE_BITS(found.number, (expected));                             \
    } while (0)
#define MISSING (mw_cell_missing(MW_TYPE_NUMBER).number)

MW_TEST(powers_give_the_spread) {
    CHECK_POWERS(MW_AGGREGATE_VAR, 2.5, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5});
    CHECK_POWERS(MW_AGGREGATE_STD, 0x1.94c583ada5b53p0, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5});
    CHECK_POWERS(MW_AGGREGATE_VAR, 0.0, {0, 0.1}, {0, 0.1}, {0, 0.1});
    CHECK_POWERS(MW_AGGREGATE_VAR, MISSING, {0, 7});
    CHECK_POWERS(MW_AGGREGATE_STD, MISSING, {0, NAN}, {0, 7}, {0, 0x1p63});
    CHECK_POWERS(MW_AGGREGATE_VAR, 0x1.5555555555555p-80, {0, 0}, {0, 0x1p-39}, {0, 0x1p-39},
                 {0, 0});
    CHECK_POWERS(MW_AGGREGATE_VAR, 0x1.5555555555555p124, {0, 0x1p62}, {0, -0x1p62}, {0, 0x1p62},
                 {0, -0x1p62});
    /* Where floating sums of squares give 0 or less: a large mean, a small spread. */
    CHECK_POWERS(MW_AGGREGATE_VAR, 1.0, {0, 1e15}, {0, 1e15 + 1}, {0, 1e15 + 2});
}

MW_TEST(powers_give_the_slope_per_second) {
    enum { SECOND = 1000000 };
    CHECK_POWERS(MW_AGGREGATE_TREND, 2.0, {0, 1}, {SECOND, 3}, {2 * SECOND, 5});
    CHECK_POWERS(MW_AGGREGATE_TREND, -0.5, {5 * SECOND, 1}, {7 * SECOND, 0}, {9 * SECOND, -1});
    CHECK_POWERS(MW_AGGREGATE_TREND, 0.0, {0, 4}, {SECOND, 4});
    CHECK_POWERS(MW_AGGREGATE_TREND, MISSING, {SECOND, 4}, {SECOND, 5}, {SECOND, 6});
    CHECK_POWERS(MW_AGGREGATE_TREND, MISSING, {SECOND, 4}, {0, NAN});
    /* At real times, and at the ends of what a time can be. */
    int64_t now = INT64_C(1790000000000000);
    CHECK_POWERS(MW_AGGREGATE_TREND, 1e6, {now, 1}, {now + 1, 2}, {now + 2, 3});
    CHECK_POWERS(MW_AGGREGATE_TREND, 0x1p62 * 1e6 / 0x1p63, {-INT64_MAX, -0x1p62}, {0, 0},
                 {INT64_MAX, 0x1p62});
}

static double draw_value(uint64_t *prng) {
    static const double odd[] = {1e18, -1e18, 0x1p-41, 0x3p-41, 0x1p-1000, 0x1p63, NAN, 1e300};
    if (mw_prng_below(prng, 3) == 0) return odd[mw_prng_below(prng, sizeof odd / sizeof *odd)];
    return ldexp(mw_prng_double(prng) - 0.5, (int)mw_prng_below(prng, 100) - 40);
}

static bool same(const mw_power_sums *a, const mw_power_sums *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* Any order, any removal, any difference of running sums: the same integers. */
MW_TEST(powers_know_no_order) {
    enum { SAMPLES = 60 };
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 200; round++) {
        mw_powers_kind kind = round % 2 ? MW_POWERS_OF_TREND : MW_POWERS_OF_SPREAD;
        sample samples[SAMPLES];
        mw_power_sums running[SAMPLES + 1] = {{0}};
        for (size_t i = 0; i < SAMPLES; i++) {
            int64_t spread = INT64_C(1) << mw_prng_below(&prng, 62);
            samples[i] = (sample){(int64_t)mw_prng_below(&prng, (uint64_t)spread) - spread / 2,
                                  draw_value(&prng)};
            running[i + 1] = running[i];
            mw_power_sums_add(&running[i + 1], kind, samples[i].time, samples[i].value);
        }
        size_t from = (size_t)mw_prng_below(&prng, SAMPLES);
        size_t to = from + (size_t)mw_prng_below(&prng, SAMPLES - from + 1);
        mw_power_sums backward = {0}, taken_out = running[SAMPLES];
        for (size_t i = to; i > from; i--)
            mw_power_sums_add(&backward, kind, samples[i - 1].time, samples[i - 1].value);
        for (size_t i = 0; i < SAMPLES; i++)
            if (i < from || i >= to)
                mw_power_sums_remove(&taken_out, kind, samples[i].time, samples[i].value);
        mw_power_sums between = mw_power_sums_between(kind, &running[from], &running[to]);
        MW_CHECK(same(&between, &backward) && same(&taken_out, &backward));

        mw_cell words[1 + MW_POWER_SUMS_MAX * MW_POWER_SUM_WORDS];
        mw_power_sums_store(kind, &between, words);
        mw_power_sums loaded = mw_power_sums_load(kind, words);
        MW_CHECK(same(&loaded, &between));
    }
}

/* A running sum that has gone round is as good as any other for differences. */
MW_TEST(powers_may_go_round) {
    mw_cell words[1 + MW_POWER_SUMS_MAX * MW_POWER_SUM_WORDS];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) words[i].bits = UINT64_MAX;
    words[2 * MW_POWER_SUM_WORDS].bits >>= 1; /* the sum of squares stands before its sign */
    mw_power_sums before = mw_power_sums_load(MW_POWERS_OF_SPREAD, words), after = before;
    mw_power_sums_add(&after, MW_POWERS_OF_SPREAD, 0, 1e18);
    mw_power_sums_add(&after, MW_POWERS_OF_SPREAD, 0, 1e18 + 4096);
    mw_power_sums_store(MW_POWERS_OF_SPREAD, &after, words);
    after = mw_power_sums_load(MW_POWERS_OF_SPREAD, words);
    mw_power_sums between = mw_power_sums_between(MW_POWERS_OF_SPREAD, &before, &after);
    mw_cell var = mw_power_sums_read(&between, MW_AGGREGATE_VAR);
    MW_CHECK_EQUAL_DOUBLE_BITS(var.number, 4096.0 * 4096 / 2);
}
