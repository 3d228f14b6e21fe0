#include "stat/delays.h"

#include <math.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/prng.h"
#include "testing/test.h"

enum { TOLD = 3000 };

static int by_size(const void *one, const void *other) {
    const int64_t *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

static int64_t any_delay(uint64_t *prng) {
    uint64_t wide = mw_prng_next(prng) >> 1;
    return (int64_t)(wide >> mw_prng_below(prng, 63)) - 5;
}

/* The same delays sorted are the slow twin. */
static void check_quantile(const mw_delays *delays, const int64_t *sorted, size_t count,
                           double share) {
    size_t rank = (size_t)ceil(share * (double)count);
    int64_t exact = sorted[rank - 1] < 0 ? 0 : sorted[rank - 1];
    int64_t found = mw_delays_quantile(delays, share);
    MW_CHECK(found >= exact);
    if (exact >= 1 << 20) MW_CHECK((double)found <= 1.125 * (double)exact);
    else MW_CHECK(found < 1 << 20);
}

MW_TEST(delays_are_what_sorting_says) {
    static int64_t told[TOLD];
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 20; round++) {
        mw_delays all = {0}, halves[2] = {{0}, {0}};
        size_t count = 1 + (size_t)mw_prng_below(&prng, TOLD);
        for (size_t i = 0; i < count; i++) {
            told[i] = any_delay(&prng);
            mw_delays_add(&all, told[i]);
            mw_delays_add(&halves[mw_prng_below(&prng, 2)], told[i]);
        }
        qsort(told, count, sizeof *told, by_size);
        static const double shares[] = {0.001, 0.5, 0.9, 0.99, 1};
        for (size_t i = 0; i < 5; i++) check_quantile(&all, told, count, shares[i]);
        MW_CHECK_EQUAL_INT(mw_delays_quantile(&all, 1), told[count - 1] < 0 ? 0 : told[count - 1]);
        mw_delays_add_all(&halves[0], &halves[1]);
        MW_CHECK(memcmp(&halves[0], &all, sizeof all) == 0);
    }
}

MW_TEST(delays_hold_the_longest_and_none) {
    mw_delays delays = {0};
    MW_CHECK_EQUAL_INT(mw_delays_quantile(&delays, 0.99), 0);
    mw_delays_add(&delays, INT64_MAX);
    MW_CHECK_EQUAL_INT(mw_delays_quantile(&delays, 0.5), INT64_MAX);
    mw_delays_add(&delays, INT64_MIN);
    MW_CHECK(mw_delays_quantile(&delays, 0.5) < MW_SECOND_US * 2);
    MW_CHECK_EQUAL_INT(delays.longest_us, INT64_MAX);
}
