#include "feature/awaited.h"

#include <string.h>

/* A ticket that has come back, out of turn. */
#define OVER (UINT64_MAX - 1)

typedef struct {
    uint64_t number; /* of the moment */
    mw_cell features[];
} ticket_held;

void mw_awaited_init(mw_awaited *awaited, size_t feature_count, mw_backlog_memory memory) {
    *awaited = (mw_awaited){.feature_count = feature_count};
    mw_backlog_init(&awaited->tickets, sizeof(ticket_held) + feature_count * sizeof(mw_cell),
                    memory);
}

void mw_awaited_release(mw_awaited *awaited) {
    mw_backlog_release(&awaited->tickets);
}

static mw_status find(mw_awaited *awaited, uint64_t ticket, ticket_held **out_held,
                      mw_error *err) {
    void *held;
    MW_TRY(mw_backlog_find(&awaited->tickets, ticket, &held, err));
    *out_held = held;
    return MW_OK;
}

static bool is_over(const mw_backlog *tickets, uint64_t ticket) {
    const ticket_held *held = mw_backlog_front(tickets, ticket);
    return held->number == OVER;
}

/* Of the oldest, which have come back; else each of their blocks would be put out once more. */
static mw_status let_go(mw_backlog *tickets, mw_error *err) {
    while (!mw_backlog_is_empty(tickets) && is_over(tickets, tickets->first))
        MW_TRY(mw_backlog_drop(tickets, err));
    return MW_OK;
}

mw_status mw_awaited_add(mw_awaited *awaited, uint64_t *out_ticket, mw_error *err) {
    mw_backlog *tickets = &awaited->tickets;
    MW_TRY(let_go(tickets, err));
    void *added;
    MW_TRY(mw_backlog_add(tickets, &added, err));
    ((ticket_held *)added)->number = MW_AWAITED_NOBODY;
    *out_ticket = tickets->end - 1;
    return MW_OK;
}

mw_status mw_awaited_put(mw_awaited *awaited, uint64_t ticket, uint64_t number,
                         const mw_cell *features, mw_error *err) {
    ticket_held *held;
    MW_TRY(find(awaited, ticket, &held, err));
    held->number = number;
    memcpy(held->features, features, awaited->feature_count * sizeof *features);
    return MW_OK;
}

mw_status mw_awaited_take(mw_awaited *awaited, uint64_t ticket, uint64_t *out_number,
                          const mw_cell **out_features, mw_error *err) {
    ticket_held *held;
    MW_TRY(let_go(&awaited->tickets, err));
    MW_TRY(find(awaited, ticket, &held, err));
    *out_number = held->number;
    *out_features = held->features;
    held->number = OVER;
    return MW_OK;
}
