#include "feature/pending.h"

#include "base/prng.h"
#include "testing/test.h"

MW_TEST(pending_lets_go_in_the_order_of_known_time) {
    enum { ENTRIES = 2000 };
    mw_pending pending;
    mw_pending_init(&pending, 2);
    mw_card card = {0};
    uint64_t prng = mw_test_seed();
    int64_t now = 0;
    size_t added = 0, taken = 0;
    while (taken < ENTRIES) {
        for (int i = 0; i < 3 && added < ENTRIES; i++, added++) {
            int64_t known = now + 1 + (int64_t)mw_prng_below(&prng, 100);
            mw_cell element[] = {mw_cell_time(known), {.bits = (uint64_t)known * 7}};
            MW_CHECK(mw_pending_reserve(&pending, 1));
            mw_pending_add(&pending, (mw_pending_entry){.known = known, .card = &card}, element);
        }
        MW_CHECK_EQUAL_INT(card.reserved, added - taken);
        now += 2;
        mw_pending_entry entry;
        const mw_cell *element;
        int64_t before = now - 1;
        while (mw_pending_take(&pending, now, &entry, &element)) {
            MW_CHECK(entry.known >= before && entry.known <= now);
            MW_CHECK(element[0].time == entry.known);
            MW_CHECK(element[1].bits == (uint64_t)entry.known * 7);
            before = entry.known;
            taken++;
        }
    }
    MW_CHECK(pending.count == 0 && card.reserved == 0);
    mw_pending_release(&pending);
}

/* What corrects comes after what it corrects, however the heap stood. */
MW_TEST(pending_keeps_the_order_among_equal_known_times) {
    enum { ENTRIES = 100 };
    mw_pending pending;
    mw_pending_init(&pending, 1);
    mw_card card = {0};
    uint64_t prng = mw_test_seed();
    for (uint64_t i = 0; i < ENTRIES; i++) {
        mw_pending_entry entry = {.known = (int64_t)mw_prng_below(&prng, 4),
                                  .number = pending.next_number++,
                                  .withdraws = i % 2 == 1,
                                  .card = &card};
        MW_CHECK(mw_pending_reserve(&pending, 1));
        mw_pending_add(&pending, entry, (mw_cell[]){mw_cell_time((int64_t)i)});
    }
    mw_pending_entry before = {.known = -1}, entry;
    const mw_cell *element;
    for (size_t taken = 0; taken < ENTRIES; taken++, before = entry) {
        MW_CHECK(mw_pending_take(&pending, 4, &entry, &element));
        MW_CHECK(element[0].time == (int64_t)entry.number &&
                 entry.withdraws == (entry.number % 2 == 1));
        MW_CHECK(entry.known > before.known ||
                 (entry.known == before.known && entry.number > before.number));
    }
    mw_pending_release(&pending);
}

static mw_status fill(void *context) {
    (void)context;
    mw_pending pending;
    mw_pending_init(&pending, 1);
    mw_card card = {0};
    mw_status status = MW_OK;
    for (int64_t i = 0; status == MW_OK && i < 100; i++) {
        if (mw_pending_reserve(&pending, 1))
            mw_pending_add(&pending, (mw_pending_entry){.known = i, .card = &card},
                           (mw_cell[]){mw_cell_time(i)});
        else
            status = MW_NO_MEMORY;
    }
    mw_pending_release(&pending);
    return status;
}

MW_TEST(pending_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill, NULL) >= 3);
}
