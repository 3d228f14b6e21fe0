#include "base/prng.h"
#include "testing/test.h"

MW_TEST(prng_gives_the_published_sequence) {
    uint64_t state = 1234567; /* the first values of the reference implementation */
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821)};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        MW_CHECK(mw_prng_next(&state) == expected[i]);
}

MW_TEST(prng_below_is_even_and_stays_below) {
    enum { BOUND = 7, DRAWS = 70000 };
    uint64_t state = mw_test_seed();
    int counts[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++) counts[mw_prng_below(&state, BOUND)]++;
    for (int i = 0; i < BOUND; i++) /* 5 standard deviations around 10000 */
        MW_CHECK(counts[i] > 10000 - 465 && counts[i] < 10000 + 465);
    for (int i = 0; i < 100; i++) MW_CHECK(mw_prng_below(&state, 1) == 0);
    uint64_t large = UINT64_MAX / 2 + 2; /* nearly half of all draws must be drawn again */
    for (int i = 0; i < 1000; i++) MW_CHECK(mw_prng_below(&state, large) < large);
}

MW_TEST(prng_doubles_fill_the_unit_interval) {
    uint64_t state = mw_test_seed();
    double sum = 0, least = 1, greatest = 0;
    for (int i = 0; i < 100000; i++) {
        double value = mw_prng_double(&state);
        MW_CHECK(value >= 0 && value < 1);
        sum += value;
        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    MW_CHECK(sum > 49500 && sum < 50500 && least < 0.001 && greatest > 0.999);
}
