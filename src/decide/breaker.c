#include "decide/breaker.h"

bool mw_breaker_lets_through(const mw_breaker *breaker, int64_t now_us) {
    return breaker->failures < MW_BREAKER_FAILURES || now_us >= breaker->open_until;
}

void mw_breaker_note(mw_breaker *breaker, bool is_good, int64_t now_us) {
    if (is_good) breaker->failures = 0;
    else if (breaker->failures < MW_BREAKER_FAILURES) breaker->failures++;
    if (!is_good) breaker->open_until = now_us + MW_BREAKER_OPEN_US;
}
