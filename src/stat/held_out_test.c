#include "stat/held_out.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { COUNT_MAX = 80 };

/* By looking at each other row. */
static double plain_lift(const uint64_t *codes, const double *targets, size_t count, size_t row) {
    double mean = 0, all = 0, sum = 0, held = 0;
    for (size_t i = 0; i < count; i++) {
        if (mw_held_out_half(i) == mw_held_out_half(row)) continue;
        mean += targets[i];
        all++;
    }
    mean /= all;
    for (size_t i = 0; i < count; i++) {
        if (codes[i] != codes[row] || mw_held_out_half(i) == mw_held_out_half(row)) continue;
        sum += targets[i] - mean;
        held++;
    }
    return sum / (held + MW_HELD_OUT_PRIOR);
}

MW_TEST(held_out_lifts_are_those_of_the_other_half) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 500; round++) {
        uint64_t codes[COUNT_MAX];
        double targets[COUNT_MAX], lifts[COUNT_MAX];
        size_t count = mw_prng_below(&prng, COUNT_MAX);
        for (size_t i = 0; i < count; i++) {
            codes[i] = mw_prng_below(&prng, 9) << mw_prng_below(&prng, 60);
            targets[i] = 10 * mw_prng_double(&prng) - 5;
        }
        mw_error err;
        MW_CHECK_OK(mw_held_out_lifts(codes, targets, count, lifts, &err), &err);
        for (size_t i = 0; i < count; i++)
            MW_CHECK(fabs(lifts[i] - plain_lift(codes, targets, count, i)) < 1e-12);
    }
}

MW_TEST(held_out_halves_share_the_rows_of_every_period) {
    for (size_t period = 1; period <= 50; period++)
        for (size_t first = 0; first < period; first++) {
            size_t count = 0;
            for (size_t i = 0; i < 200; i++) count += mw_held_out_half(first + i * period);
            MW_CHECK(count >= 70 && count <= 130);
        }
}

/* Nothing of a row's own target is in its lift, nor of how the halves differ: to the bit, for what
   goes by order would see the least trace of it. */
MW_TEST(held_out_texts_that_come_once_or_always_say_nothing) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 100; round++) {
        uint64_t once[COUNT_MAX], always[COUNT_MAX];
        double targets[COUNT_MAX], lifts[COUNT_MAX];
        for (size_t i = 0; i < COUNT_MAX; i++) {
            once[i] = i;
            always[i] = 7;
            targets[i] = 1e6 * mw_prng_double(&prng);
        }
        MW_CHECK_OK(mw_held_out_lifts(once, targets, COUNT_MAX, lifts, NULL), NULL);
        for (size_t i = 0; i < COUNT_MAX; i++) MW_CHECK_EQUAL_DOUBLE_BITS(lifts[i], 0);
        MW_CHECK_OK(mw_held_out_lifts(always, targets, COUNT_MAX, lifts, NULL), NULL);
        for (size_t i = 0; i < COUNT_MAX; i++) MW_CHECK_EQUAL_DOUBLE_BITS(lifts[i], 0);
    }
}

/* The lift of a row's text as a fraction, of whole targets and the prior of five rows. */
typedef struct {
    int64_t above, rows;
} fraction;

static fraction lift_of(const uint64_t *codes, const double *targets, size_t row) {
    int64_t all = 0, all_sum = 0, held = 0, sum = 0;
    for (size_t i = 0; i < COUNT_MAX; i++) {
        if (mw_held_out_half(i) == mw_held_out_half(row)) continue;
        all++;
        all_sum += (int64_t)targets[i];
        if (codes[i] != codes[row]) continue;
        held++;
        sum += (int64_t)targets[i];
    }
    return (fraction){sum * all - held * all_sum, all * (held + 5)};
}

/* 1 of 2 and 4 of 23 may lie equally far above the mean: what goes by order must not see which. */
MW_TEST(held_out_texts_that_say_the_same_are_tied) {
    uint64_t prng = mw_test_seed();
    size_t tied = 0;
    for (size_t round = 0; round < 300; round++) {
        uint64_t codes[COUNT_MAX];
        double targets[COUNT_MAX], lifts[COUNT_MAX];
        fraction fractions[COUNT_MAX];
        for (size_t i = 0; i < COUNT_MAX; i++) {
            codes[i] = mw_prng_below(&prng, 1 + mw_prng_below(&prng, 40));
            targets[i] = (double)mw_prng_below(&prng, 2);
        }
        MW_CHECK_OK(mw_held_out_lifts(codes, targets, COUNT_MAX, lifts, NULL), NULL);
        for (size_t i = 0; i < COUNT_MAX; i++) fractions[i] = lift_of(codes, targets, i);
        for (size_t i = 0; i < COUNT_MAX; i++)
            for (size_t k = 0; k < i; k++) {
                fraction one = fractions[i], other = fractions[k];
                if (one.above * other.rows != other.above * one.rows) continue;
                MW_CHECK(lifts[i] == lifts[k]);
                tied += one.rows != other.rows && one.above != 0;
            }
    }
    MW_CHECK(tied > 0);
}

static mw_status run(void *context) {
    (void)context;
    double lift;
    return mw_held_out_lifts((uint64_t[]){1}, (double[]){1}, 1, &lift, NULL);
}

MW_TEST(held_out_survives_no_memory) {
    MW_CHECK(mw_test_every_allocation_fails(run, NULL) == 1);
}
