#include "feature/awaited.h"

#include <string.h>

/* A ticket that has come back, out of turn. */
#define OVER (UINT64_MAX - 1)

typedef struct {
    uint64_t number; /* of the moment */
    mw_cell features[];
} ticket_held;

void mw_awaited_init(mw_awaited *awaited, size_t feature_count) {
    *awaited = (mw_awaited){.feature_count = feature_count};
    mw_queue_init(&awaited->tickets, sizeof(ticket_held) + feature_count * sizeof(mw_cell));
}

void mw_awaited_release(mw_awaited *awaited) {
    mw_queue_release(&awaited->tickets);
}

static ticket_held *find(const mw_awaited *awaited, uint64_t ticket) {
    return mw_queue_at(&awaited->tickets, ticket);
}

bool mw_awaited_add(mw_awaited *awaited, uint64_t *out_ticket) {
    mw_queue *tickets = &awaited->tickets;
    while (!mw_queue_is_empty(tickets) && find(awaited, tickets->first)->number == OVER)
        mw_queue_drop(tickets);
    ticket_held *added = mw_queue_add(tickets);
    if (!added) return false;
    added->number = MW_AWAITED_NOBODY;
    *out_ticket = tickets->end - 1;
    return true;
}

void mw_awaited_put(mw_awaited *awaited, uint64_t ticket, uint64_t number,
                    const mw_cell *features) {
    ticket_held *held = find(awaited, ticket);
    held->number = number;
    memcpy(held->features, features, awaited->feature_count * sizeof *features);
}

uint64_t mw_awaited_number(const mw_awaited *awaited, uint64_t ticket) {
    return find(awaited, ticket)->number;
}

const mw_cell *mw_awaited_features(const mw_awaited *awaited, uint64_t ticket) {
    return find(awaited, ticket)->features;
}

void mw_awaited_drop(mw_awaited *awaited, uint64_t ticket) {
    find(awaited, ticket)->number = OVER;
}
