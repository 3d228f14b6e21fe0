/*
 * breaker: a circuit breaker: who has failed several times in a row is left alone for a while.
 *
 * Closed, everybody is let through. After MW_BREAKER_FAILURES failures in a row it opens: nobody
 * is, for MW_BREAKER_OPEN_US; then one is let through to try. What becomes of that one closes
 * it, or opens it again. Time is an argument. A plain value; all zero is closed.
 */
#pragma once
#include "base/calendar.h"

enum { MW_BREAKER_FAILURES = 5 };
#define MW_BREAKER_OPEN_US (10 * MW_SECOND_US)

typedef struct {
    uint32_t failures;  /* in a row */
    int64_t open_until; /* of no meaning below MW_BREAKER_FAILURES failures */
} mw_breaker;

bool mw_breaker_lets_through(const mw_breaker *breaker, int64_t now_us);
void mw_breaker_note(mw_breaker *breaker, bool is_good, int64_t now_us);
