#include "feature/awaited.h"

#include <string.h>

enum { CAPACITY_MIN = 64 };
#define CAPACITY_MAX ((size_t)1 << 40)
/* A ticket that has come back, out of turn. */
#define OVER (UINT64_MAX - 1)

void mw_awaited_init(mw_awaited *awaited, size_t feature_count) {
    *awaited = (mw_awaited){.feature_count = feature_count};
}

void mw_awaited_release(mw_awaited *awaited) {
    mw_free(awaited->features);
    mw_free(awaited->numbers);
    mw_awaited_init(awaited, awaited->feature_count);
}

static size_t slot_of(const mw_awaited *awaited, uint64_t ticket) {
    MW_ASSERT(ticket >= awaited->first && ticket < awaited->end);
    return ticket & (awaited->capacity - 1);
}

static bool grow(mw_awaited *awaited) {
    mw_awaited grown = *awaited;
    grown.capacity = awaited->capacity > 0 ? 2 * awaited->capacity : CAPACITY_MIN;
    if (grown.capacity > CAPACITY_MAX) return false;
    size_t row_size = awaited->feature_count * sizeof(mw_cell);
    grown.numbers = mw_allocate(grown.capacity * sizeof *grown.numbers);
    grown.features = mw_allocate(grown.capacity * row_size + 1);
    if (!grown.numbers || !grown.features) {
        mw_free(grown.numbers);
        mw_free(grown.features);
        return false;
    }
    for (uint64_t ticket = awaited->first; ticket < awaited->end; ticket++) {
        size_t to = slot_of(&grown, ticket), from = slot_of(awaited, ticket);
        grown.numbers[to] = awaited->numbers[from];
        memcpy(grown.features + to * awaited->feature_count,
               awaited->features + from * awaited->feature_count, row_size);
    }
    mw_awaited_release(awaited);
    *awaited = grown;
    return true;
}

bool mw_awaited_add(mw_awaited *awaited, uint64_t *out_ticket) {
    while (awaited->first < awaited->end &&
           awaited->numbers[slot_of(awaited, awaited->first)] == OVER)
        awaited->first++;
    if (awaited->end - awaited->first == awaited->capacity && !grow(awaited)) return false;
    *out_ticket = awaited->end++;
    awaited->numbers[slot_of(awaited, *out_ticket)] = MW_AWAITED_NOBODY;
    return true;
}

void mw_awaited_put(mw_awaited *awaited, uint64_t ticket, uint64_t number,
                    const mw_cell *features) {
    size_t slot = slot_of(awaited, ticket);
    awaited->numbers[slot] = number;
    memcpy(awaited->features + slot * awaited->feature_count, features,
           awaited->feature_count * sizeof *features);
}

uint64_t mw_awaited_number(const mw_awaited *awaited, uint64_t ticket) {
    return awaited->numbers[slot_of(awaited, ticket)];
}

const mw_cell *mw_awaited_features(const mw_awaited *awaited, uint64_t ticket) {
    return awaited->features + slot_of(awaited, ticket) * awaited->feature_count;
}

void mw_awaited_drop(mw_awaited *awaited, uint64_t ticket) {
    awaited->numbers[slot_of(awaited, ticket)] = OVER;
}
