#include "feature/awaited.h"

#include "base/prng.h"
#include "testing/test.h"

enum { FEATURES = 3, TICKETS = 3000 };

static void check(const mw_awaited *awaited, uint64_t ticket, bool is_in) {
    uint64_t number = mw_awaited_number(awaited, ticket);
    MW_CHECK(number == (is_in ? 7 * ticket : MW_AWAITED_NOBODY));
    for (size_t i = 0; is_in && i < FEATURES; i++)
        MW_CHECK(mw_awaited_features(awaited, ticket)[i].bits == 10 * ticket + i);
}

MW_TEST(awaited_gives_back_what_a_ticket_handed_in) {
    mw_awaited awaited;
    mw_awaited_init(&awaited, FEATURES);
    static bool is_in[TICKETS], is_dropped[TICKETS];
    uint64_t prng = mw_test_seed(), ticket, oldest = 0;
    for (uint64_t next = 0; next < TICKETS; next++) {
        MW_CHECK(mw_awaited_add(&awaited, &ticket));
        MW_CHECK_EQUAL_INT(ticket, next);
        uint64_t late = oldest + mw_prng_below(&prng, next + 1 - oldest);
        mw_cell features[FEATURES];
        for (size_t i = 0; i < FEATURES; i++) features[i].bits = 10 * late + i;
        if (!is_dropped[late]) {
            mw_awaited_put(&awaited, late, 7 * late, features);
            is_in[late] = true;
        }
        for (int i = 0; i < 2; i++) {
            uint64_t gone = oldest + mw_prng_below(&prng, next + 1 - oldest);
            if (is_dropped[gone] || next - oldest < 200) continue;
            check(&awaited, gone, is_in[gone]);
            mw_awaited_drop(&awaited, gone);
            is_dropped[gone] = true;
        }
        while (oldest < next && is_dropped[oldest]) oldest++;
    }
    for (; oldest < TICKETS; oldest++)
        if (!is_dropped[oldest]) check(&awaited, oldest, is_in[oldest]);
    mw_awaited_release(&awaited);
}

/* Tickets that come back in time take no more room than those that are out at once. */
MW_TEST(awaited_goes_round) {
    mw_awaited awaited;
    mw_awaited_init(&awaited, FEATURES);
    uint64_t ticket;
    for (uint64_t next = 0; next < TICKETS; next++) {
        MW_CHECK(mw_awaited_add(&awaited, &ticket));
        if (ticket >= 10) mw_awaited_drop(&awaited, ticket - 10);
    }
    MW_CHECK(awaited.tickets.end - awaited.tickets.first <= 11);
    mw_awaited_release(&awaited);
}

static mw_status add_many(void *context) {
    mw_awaited awaited;
    (void)context;
    mw_awaited_init(&awaited, FEATURES);
    uint64_t ticket;
    bool has_room = true;
    for (int i = 0; has_room && i < 3 * TICKETS; i++)
        has_room = mw_awaited_add(&awaited, &ticket);
    mw_awaited_release(&awaited);
    return has_room ? MW_OK : MW_NO_MEMORY;
}

MW_TEST(awaited_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(add_many, NULL) >= 4);
}
