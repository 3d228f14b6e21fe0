#include "feature/awaited.h"

#include "base/prng.h"
#include "feature/memory_disk_test.h"

enum { FEATURES = 3, TICKETS = 3000 };

static void take(mw_awaited *awaited, uint64_t ticket, bool is_in) {
    uint64_t number;
    const mw_cell *features;
    MW_CHECK_OK(mw_awaited_take(awaited, ticket, &number, &features, NULL), NULL);
    MW_CHECK(number == (is_in ? 7 * ticket : MW_AWAITED_NOBODY));
    for (size_t i = 0; is_in && i < FEATURES; i++)
        MW_CHECK(features[i].bits == 10 * ticket + i);
}

static void hand_in_and_take(mw_backlog_memory memory) {
    mw_awaited awaited;
    mw_awaited_init(&awaited, FEATURES, memory);
    bool is_in[TICKETS] = {false}, is_dropped[TICKETS] = {false};
    uint64_t prng = mw_test_seed(), ticket, oldest = 0;
    for (uint64_t next = 0; next < TICKETS; next++) {
        MW_CHECK_OK(mw_awaited_add(&awaited, &ticket, NULL), NULL);
        MW_CHECK_EQUAL_INT(ticket, next);
        uint64_t late = oldest + mw_prng_below(&prng, next + 1 - oldest);
        mw_cell features[FEATURES];
        for (size_t i = 0; i < FEATURES; i++) features[i].bits = 10 * late + i;
        if (!is_dropped[late]) {
            MW_CHECK_OK(mw_awaited_put(&awaited, late, 7 * late, features, NULL), NULL);
            is_in[late] = true;
        }
        for (int i = 0; i < 2; i++) {
            uint64_t gone = oldest + mw_prng_below(&prng, next + 1 - oldest);
            if (is_dropped[gone] || next - oldest < 200) continue;
            take(&awaited, gone, is_in[gone]);
            is_dropped[gone] = true;
        }
        while (oldest < next && is_dropped[oldest]) oldest++;
    }
    for (; oldest < TICKETS; oldest++)
        if (!is_dropped[oldest]) take(&awaited, oldest, is_in[oldest]);
    mw_awaited_release(&awaited);
}

MW_TEST(awaited_gives_back_what_a_ticket_handed_in) {
    memory_disk disk;
    memory_disk_init(&disk);
    hand_in_and_take((mw_backlog_memory){0});
    hand_in_and_take((mw_backlog_memory){&disk.disk, 2000});
    MW_CHECK(disk.reads > 100 && disk.writes > 100);
    memory_disk_release(&disk);
}

/* History ends with labels alone: no ticket is added, and each block is still read once. */
MW_TEST(awaited_lets_go_of_what_only_comes_back) {
    memory_disk disk;
    mw_awaited awaited;
    memory_disk_init(&disk);
    mw_awaited_init(&awaited, FEATURES, (mw_backlog_memory){&disk.disk, 8000});
    mw_cell features[FEATURES] = {{.bits = 0}};
    uint64_t ticket;
    for (uint64_t next = 0; next < TICKETS; next++) {
        MW_CHECK_OK(mw_awaited_add(&awaited, &ticket, NULL), NULL);
        for (size_t i = 0; i < FEATURES; i++) features[i].bits = 10 * next + i;
        MW_CHECK_OK(mw_awaited_put(&awaited, ticket, 7 * next, features, NULL), NULL);
    }
    size_t writes = disk.writes, reads = disk.reads, count_out = awaited.tickets.spill.count;
    for (uint64_t next = 0; next < TICKETS; next++) take(&awaited, next, true);
    MW_CHECK(count_out > 100);
    MW_CHECK_EQUAL_INT(disk.writes, writes);
    MW_CHECK_EQUAL_INT(disk.reads - reads, count_out);
    MW_CHECK(awaited.tickets.end - awaited.tickets.first == 1);
    mw_awaited_release(&awaited);
    memory_disk_release(&disk);
}

/* Tickets that come back in time take no more room than those that are out at once. */
MW_TEST(awaited_goes_round) {
    mw_awaited awaited;
    mw_awaited_init(&awaited, FEATURES, (mw_backlog_memory){0});
    uint64_t ticket;
    for (uint64_t next = 0; next < TICKETS; next++) {
        MW_CHECK_OK(mw_awaited_add(&awaited, &ticket, NULL), NULL);
        if (ticket >= 10) take(&awaited, ticket - 10, false);
    }
    MW_CHECK(awaited.tickets.end - awaited.tickets.first <= 11);
    mw_awaited_release(&awaited);
}

static mw_status add_many(void *context) {
    mw_awaited awaited;
    (void)context;
    mw_awaited_init(&awaited, FEATURES, (mw_backlog_memory){0});
    uint64_t ticket;
    mw_status status = MW_OK;
    for (int i = 0; status == MW_OK && i < 3 * TICKETS; i++)
        status = mw_awaited_add(&awaited, &ticket, NULL);
    mw_awaited_release(&awaited);
    return status;
}

MW_TEST(awaited_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(add_many, NULL) >= 4);
}
