#include "stat/threshold.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

MW_TEST(threshold_weighs_misses_against_false_alarms) {
    static const double scores[] = {0.1, 0.4, 0.35, 0.8};
    static const unsigned char labels[] = {0, 0, 1, 1};
    mw_scored scored = {scores, labels, 4};
    static const struct {
        mw_costs costs;
        double threshold, cost;
    } cases[] = {{{1, 5}, 0.35, 1}, {{5, 1}, 0.8, 1}, {{1, 0}, 0, 0}, {{0, 1}, 0.35, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_threshold best;
        MW_CHECK_OK(mw_threshold_best(scored, cases[i].costs, &best, NULL), NULL);
        double expected = cases[i].threshold > 0 ? cases[i].threshold : nextafter(0.8, 1);
        MW_CHECK_EQUAL_DOUBLE_BITS(best.threshold, expected);
        MW_CHECK_EQUAL_DOUBLE_BITS(best.cost, cases[i].cost);
    }
}

/* No threshold is cheaper than the best, which costs what it says. */
MW_TEST(threshold_cannot_be_beaten) {
    enum { EXAMPLES = 60 };
    double scores[EXAMPLES];
    unsigned char labels[EXAMPLES];
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < EXAMPLES; i++) {
            scores[i] = (double)mw_prng_below(&prng, 30) / 30;
            labels[i] = mw_prng_double(&prng) < scores[i];
        }
        mw_scored scored = {scores, labels, EXAMPLES};
        mw_costs costs = {mw_prng_double(&prng), mw_prng_double(&prng) * 5};
        mw_threshold best;
        MW_CHECK_OK(mw_threshold_best(scored, costs, &best, NULL), NULL);
        mw_threshold again = mw_threshold_cost(scored, costs, best.threshold);
        MW_CHECK_EQUAL_DOUBLE_BITS(again.cost, best.cost);
        MW_CHECK(again.misses == best.misses && again.false_alarms == best.false_alarms);
        for (int t = 0; t <= 62; t++) {
            mw_threshold other = mw_threshold_cost(scored, costs, t / 60.0);
            MW_CHECK(best.cost <= other.cost);
            bool alarms_less = other.false_alarms < best.false_alarms || other.misses > best.misses;
            MW_CHECK(best.cost < other.cost || !alarms_less);
        }
    }
}

MW_TEST(threshold_needs_an_example) {
    mw_threshold best;
    mw_error err;
    MW_CHECK_STATUS(mw_threshold_best((mw_scored){0}, (mw_costs){1, 1}, &best, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "threshold: there must be an example, got none");
}
