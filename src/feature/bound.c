#include "feature/bound.h"

mw_tally mw_tally_between(const mw_tally *from, const mw_tally *to) {
    mw_tally between = {.count = to->count - from->count};
    uint64_t borrow = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t limb;
        bool under = __builtin_sub_overflow(to->sum.limbs[i], from->sum.limbs[i], &limb);
        under |= __builtin_sub_overflow(limb, borrow, &between.sum.limbs[i]);
        borrow = under;
    }
    return between;
}

void mw_bound_init(const mw_bound_shape *shape, const mw_ring *ring, mw_bound *bound) {
    bound->cut = INT64_MIN;
    bound->position = ring->first;
    for (uint32_t i = 0; i < shape->tallied_count; i++) bound->tallies[i] = (mw_tally){0};
}

static void add(const mw_bound_shape *shape, mw_bound *bound, const mw_cell *element) {
    for (uint32_t i = 0; i < shape->tallied_count; i++)
        mw_tally_add(&bound->tallies[i], element[shape->tallied[i]].number);
    bound->position++;
}

static void take_back(const mw_bound_shape *shape, mw_bound *bound, const mw_cell *element) {
    for (uint32_t i = 0; i < shape->tallied_count; i++)
        mw_tally_remove(&bound->tallies[i], element[shape->tallied[i]].number);
    bound->position--;
}

void mw_bound_slide(const mw_bound_shape *shape, const mw_ring *ring, mw_bound *bound,
                    int64_t cut) {
    MW_ASSERT(bound->position >= ring->first);
    for (uint64_t end = mw_ring_end(ring); bound->position < end;) {
        const mw_cell *next = mw_ring_at(shape->ring, ring, bound->position);
        if (next->time >= cut) break;
        add(shape, bound, next);
    }
    while (bound->position > ring->first) {
        const mw_cell *last = mw_ring_at(shape->ring, ring, bound->position - 1);
        if (last->time < cut) break;
        take_back(shape, bound, last);
    }
    bound->cut = cut;
}

void mw_bound_take_in(const mw_bound_shape *shape, mw_bound *bound, const mw_cell *element) {
    if (element->time < bound->cut) add(shape, bound, element);
}
