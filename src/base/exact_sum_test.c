#include "base/exact_sum.h"
#include "base/prng.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

__extension__ typedef __int128 wide; /* the model's integer: enough for |sum| < 2^47 */

static mw_exact_sum sum_of(const double *values, size_t count) {
    mw_exact_sum sum = {0};
    for (size_t i = 0; i < count; i++) mw_exact_sum_add(&sum, values[i]);
    return sum;
}

#define CHECK_SUM(expected, ...)                                                \
    do {                                                                        \
        const double values[] = {__VA_ARGS__};                                  \
        mw_exact_sum sum = sum_of(values, sizeof values / sizeof *values);      \
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_read(&sum), (expected));        \
    } while (0)

MW_TEST(exact_sum_takes_what_its_grid_can_hold) {
    MW_CHECK(mw_exact_sum_takes(0) && mw_exact_sum_takes(-0x1.fffffffffffffp62));
    MW_CHECK(mw_exact_sum_takes(5e-324) && !mw_exact_sum_takes(0x1p63));
    MW_CHECK(!mw_exact_sum_takes(NAN) && !mw_exact_sum_takes(-INFINITY));
}

MW_TEST(exact_sum_gives_single_values_back) {
    mw_exact_sum empty = {0};
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_read(&empty), 0.0);
    CHECK_SUM(0.0, -0.0);
    CHECK_SUM(0x1p-26 / 3, 0x1p-26 / 3); /* its last bit is just on the grid */
    CHECK_SUM(-0x1.fffffffffffffp62, -0x1.fffffffffffffp62);
    CHECK_SUM(0x1p-80, 0x1p-80);
    CHECK_SUM(-0x1p-80, -0x1p-80);
    CHECK_SUM(0x1p47, 0x1p47); /* where two limbs end */
    CHECK_SUM(-0x1p47, -0x1p47);
    CHECK_SUM(-0x1p48, -0x1p48);
    CHECK_SUM(-0x1p-16, -0x1p-16); /* where one ends */
}

MW_TEST(exact_sum_rounds_values_half_even_onto_the_grid) {
    CHECK_SUM(0.0, 0x1p-81);
    CHECK_SUM(0.0, -0x1p-81);
    CHECK_SUM(0x1p-80, 0x1.0000000000001p-81);
    CHECK_SUM(0.0, 0x1.fffffffffffffp-82);
    CHECK_SUM(0x2p-80, 0x3p-81);
    CHECK_SUM(0x2p-80, 0x5p-81);
    CHECK_SUM(-0x2p-80, -0x3p-81);
    CHECK_SUM(0.0, 5e-324);
    CHECK_SUM(0.0, 0x1p-1022);
}

MW_TEST(exact_sum_rounds_once_and_half_even_when_read) {
    CHECK_SUM(0x1p53, 0x1p53, 1);              /* a half, to even */
    CHECK_SUM(0x1p53 + 2, 0x1p53, 1, 0x1p-80); /* the least bit above a half */
    CHECK_SUM(0x1p53 + 4, 0x1p53, 3);
    CHECK_SUM(-0x1p53, -0x1p53, -1);
    CHECK_SUM(-0x1p53 - 2, -0x1p53, -1, -0x1p-80);
    CHECK_SUM(0x1p62, 0x1p62, 512);
    CHECK_SUM(0x1p62 + 1024, 0x1p62, 512, 0x1p-80);
    CHECK_SUM(0x1p63, 0x1.fffffffffffffp62, 512); /* the carry reaches the next power of two */
    CHECK_SUM(0x1.fffffffffffffp64, 0x1.fffffffffffffp62, 0x1.fffffffffffffp62,
              0x1.fffffffffffffp62, 0x1.fffffffffffffp62);
    CHECK_SUM(0x1p-40, 1e18, 0x1p-40, -1e18); /* 0 in floating point */
}

static double random_value(uint64_t *prng) {
    int exponent = (int)mw_prng_below(prng, 150) - 88; /* far under the grid up to 2^61 */
    double sign = mw_prng_next(prng) & 1 ? 1 : -1;
    return sign * ldexp(1 + mw_prng_double(prng), exponent);
}

MW_TEST(exact_sum_knows_no_order) {
    enum { VALUES = 300, ROUNDS = 50 };
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < ROUNDS; round++) {
        double values[VALUES];
        for (size_t i = 0; i < VALUES; i++) values[i] = random_value(&prng);
        mw_exact_sum forward = sum_of(values, VALUES);
        for (size_t i = VALUES - 1; i > 0; i--) {
            size_t j = mw_prng_below(&prng, i + 1);
            double swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
        size_t cut = mw_prng_below(&prng, VALUES + 1);
        mw_exact_sum parts = sum_of(values, cut), tail = sum_of(values + cut, VALUES - cut);
        mw_exact_sum_merge(&parts, &tail);
        MW_CHECK(memcmp(&parts, &forward, sizeof parts) == 0);
        for (size_t i = 0; i < cut; i++) mw_exact_sum_remove(&parts, values[i]);
        MW_CHECK(memcmp(&parts, &tail, sizeof parts) == 0);
    }
}

/* The model: units of 2^-80 in a plain 128-bit integer. It is read by comparing, without a division
   or shift: the right double is the one whose distance is least, and even among equals. */
static bool reads_nearest(wide units, double read) {
    wide distance = units - (wide)ldexp(read, 80);
    wide distance_up = units - (wide)ldexp(nextafter(read, INFINITY), 80);
    wide distance_down = units - (wide)ldexp(nextafter(read, -INFINITY), 80);
    if (distance < 0) distance = -distance;
    if (distance_up < 0) distance_up = -distance_up;
    if (distance_down < 0) distance_down = -distance_down;
    uint64_t bits;
    memcpy(&bits, &read, sizeof bits);
    bool ties = distance > 0 && (distance == distance_up || distance == distance_down);
    return distance <= distance_up && distance <= distance_down && (!ties || bits % 2 == 0);
}

MW_TEST(exact_sum_agrees_with_wide_integers) {
    enum { STEPS = 20000, LIVE = 64 };
    uint64_t prng = mw_test_seed();
    double live[LIVE] = {0};
    wide units = 0;
    mw_exact_sum sum = {0};
    int rounded = 0, negative = 0;
    for (int step = 0; step < STEPS; step++) {
        size_t slot = mw_prng_below(&prng, LIVE);
        double value = ldexp(2 * mw_prng_double(&prng) - 1, (int)mw_prng_below(&prng, 125) - 85);
        mw_exact_sum_remove(&sum, live[slot]);
        units -= (wide)rint(ldexp(live[slot], 80));
        live[slot] = value;
        mw_exact_sum_add(&sum, value);
        units += (wide)rint(ldexp(value, 80));

        MW_CHECK(sum.limbs[0] == (uint64_t)units && sum.limbs[1] == (uint64_t)(units >> 64));
        MW_CHECK(sum.limbs[2] == (units < 0 ? UINT64_MAX : 0));
        double read = mw_exact_sum_read(&sum);
        MW_CHECK(reads_nearest(units, read));
        rounded += (wide)ldexp(read, 80) != units;
        negative += read < 0;
    }
    MW_CHECK(rounded > STEPS / 10 && negative > STEPS / 10);
}

/* Sums that lie exactly on and just beside halves, where rounding goes wrong first. */
MW_TEST(exact_sum_reads_halves_at_every_height) {
    for (int height = -27; height <= 62; height++) {
        double one = ldexp(1, height), last_bit = ldexp(1, height - 52);
        double half = last_bit / 2, least = 0x1p-80;
        if (half < least) continue;
        CHECK_SUM(one, one, half);
        CHECK_SUM(one + 2 * last_bit, one + last_bit, half);
        CHECK_SUM(-one, -one, -half);
        if (half == least) continue;
        CHECK_SUM(one + last_bit, one, half, least);
        CHECK_SUM(one, one, half, -least);
        CHECK_SUM(-one - last_bit, -one, -half, -least);
    }
}

/* A usual sum is read by two conversions; what is around both ends of those, and on both sides of
   what the lower limb drops, by either way the same. */
MW_TEST(exact_sum_reads_usual_sums_as_all_others) {
    enum { STEPS = 200000 };
    uint64_t prng = mw_test_seed();
    for (int step = 0; step < STEPS; step++) {
        uint64_t high = mw_prng_next(&prng) >> mw_prng_below(&prng, 64);
        uint64_t low = mw_prng_next(&prng) & UINT64_MAX << mw_prng_below(&prng, 64);
        if (mw_prng_below(&prng, 4) == 0) high = (UINT64_C(1) << (high % 60)) - (high & 1);
        mw_exact_sum sum = {{low, high, 0}}, opposite = {0};
        mw_exact_sum_subtract(&opposite, &sum);
        double read = mw_exact_sum_read(&sum);
        MW_CHECK_EQUAL_DOUBLE_BITS(read, mw_exact_sum_read_wide(&sum));
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_read(&opposite), read == 0 ? 0 : -read);
    }
}

MW_TEST(exact_sum_divides_by_the_count) {
    const double values[] = {0.1, 0.2, 0.4};
    mw_exact_sum sum = sum_of(values, 3);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_mean(&sum, 3), mw_exact_sum_read(&sum) / 3);
}
