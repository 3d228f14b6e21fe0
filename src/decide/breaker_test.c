#include "decide/breaker.h"

#include "testing/test.h"

MW_TEST(breaker_opens_after_failures_in_a_row_alone) {
    mw_breaker breaker = {0};
    for (int i = 0; i < 3 * MW_BREAKER_FAILURES; i++) {
        MW_CHECK(mw_breaker_lets_through(&breaker, i));
        mw_breaker_note(&breaker, i % MW_BREAKER_FAILURES == 0, i);
    }
    mw_breaker_note(&breaker, false, 100);
    MW_CHECK(!mw_breaker_lets_through(&breaker, 100));
    MW_CHECK(!mw_breaker_lets_through(&breaker, 100 + MW_BREAKER_OPEN_US - 1));
}

MW_TEST(breaker_lets_one_try_and_goes_by_what_becomes_of_it) {
    mw_breaker breaker = {0};
    for (int i = 0; i < MW_BREAKER_FAILURES; i++) mw_breaker_note(&breaker, false, 0);
    MW_CHECK(mw_breaker_lets_through(&breaker, MW_BREAKER_OPEN_US));
    mw_breaker_note(&breaker, false, MW_BREAKER_OPEN_US);
    MW_CHECK(!mw_breaker_lets_through(&breaker, 2 * MW_BREAKER_OPEN_US - 1));
    MW_CHECK(mw_breaker_lets_through(&breaker, 2 * MW_BREAKER_OPEN_US));
    mw_breaker_note(&breaker, true, 2 * MW_BREAKER_OPEN_US);
    for (int i = 1; i < MW_BREAKER_FAILURES; i++) mw_breaker_note(&breaker, false, 0);
    MW_CHECK(mw_breaker_lets_through(&breaker, 0)); /* it counts anew */
}
