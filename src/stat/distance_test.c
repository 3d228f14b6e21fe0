#include "stat/distance.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

enum { BINS = 20 };

static bool near(double a, double b) {
    return fabs(a - b) < 1e-12;
}

MW_TEST(distance_has_the_values_worked_out_by_hand) {
    static const uint64_t a[] = {10, 0}, b[] = {0, 30}, c[] = {5, 5}, d[] = {20, 20};
    static const uint64_t none[] = {0, 0};
    MW_CHECK(near(mw_jensen_shannon(a, b, 2), 1)); /* disjoint: one bit */
    MW_CHECK(near(mw_jensen_shannon(c, d, 2), 0));
    /* (1, 0) and (1/2, 1/2), the middle (3/4, 1/4) */
    double expected = (log2(4.0 / 3) + 0.5 * log2(2.0 / 3) + 0.5 * log2(2)) / 2;
    MW_CHECK(near(mw_jensen_shannon(a, c, 2), expected));
    MW_CHECK(near(mw_jensen_shannon(c, a, 2), expected));
    MW_CHECK(near(mw_jensen_shannon_noise(c, d, 2), (1.0 / 10 + 1.0 / 40) / 8 / log(2)));
    MW_CHECK(mw_drift(c, d, 2) == 0);
    MW_CHECK(near(mw_drift(a, b, 2), 1 - (1.0 / 10 + 1.0 / 30) / 8 / log(2)));
    MW_CHECK(isnan(mw_drift(a, none, 2)) && isnan(mw_population_stability(none, a, 2)));
    MW_CHECK(near(mw_population_stability(c, d, 2), 0));
    double p = 10.5 / 11, q = 0.5 / 31;
    MW_CHECK(near(mw_population_stability(a, b, 2),
                  (p - q) * log(p / q) + (1 - p - (1 - q)) * log((1 - p) / (1 - q))));
}

MW_TEST(distance_ignores_bins_that_are_empty_on_both_sides) {
    static const uint64_t a[] = {3, 0, 7, 0}, b[] = {4, 0, 1, 0}, c[] = {3, 7}, d[] = {4, 1};
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_drift(a, b, 4), mw_drift(c, d, 2));
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_population_stability(a, b, 4), mw_population_stability(c, d, 2));
}

static void draw(uint64_t *prng, size_t count, double power, uint64_t *counts) {
    memset(counts, 0, BINS * sizeof *counts);
    for (size_t i = 0; i < count; i++)
        counts[(size_t)(pow(mw_prng_double(prng), power) * BINS)]++;
}

/* What two samples of one distribution differ by is the noise floor on average, in bits (in nats it
   would be 1.44 times too much), at any size; so drift stays near 0. */
MW_TEST(distance_of_equal_distributions_is_its_noise_floor) {
    enum { TRIALS = 400 };
    static const size_t sizes[][2] = {{300, 300}, {2000, 500}, {10000, 1000}};
    uint64_t prng = mw_test_seed(), a[BINS], b[BINS];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        double ratio = 0, drift_max = 0, noise = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            draw(&prng, sizes[s][0], 1.3, a);
            draw(&prng, sizes[s][1], 1.3, b);
            noise = mw_jensen_shannon_noise(a, b, BINS);
            ratio += mw_jensen_shannon(a, b, BINS) / noise / TRIALS;
            drift_max = fmax(drift_max, mw_drift(a, b, BINS));
        }
        MW_CHECK(ratio > 0.93 && ratio < 1.07);
        MW_CHECK(drift_max < 2 * noise);
    }
}

/* A true difference is found at the same size whatever the number of examples. */
MW_TEST(distance_of_a_shift_does_not_depend_on_the_sample) {
    static uint64_t many_a[BINS], many_b[BINS];
    uint64_t prng = mw_test_seed(), a[BINS], b[BINS];
    draw(&prng, 1000000, 1, many_a);
    draw(&prng, 1000000, 2, many_b);
    double truth = mw_drift(many_a, many_b, BINS), mean = 0;
    for (int trial = 0; trial < 200; trial++) {
        draw(&prng, 400, 1, a);
        draw(&prng, 400, 2, b);
        mean += mw_drift(a, b, BINS) / 200;
    }
    MW_CHECK(truth > 0.05 && fabs(mean / truth - 1) < 0.08);
    MW_CHECK(mw_population_stability(many_a, many_b, BINS) > 0.2);
}
