/*
 * bound: one end of a group's windows, as it stands in one card.
 *
 * For a cut in time (the moment's t plus the bound's offset) it knows how many events lie
 * before the cut and their exact sums since the card began. A window is the difference of two
 * bounds. All is integers, so a bound slides either way, event by event, and takes a late
 * event in at once, without ever losing a bit; evicted events stay counted in both ends.
 */
#pragma once
#include "base/exact_sum.h"
#include "feature/ring.h"

/* How many values there are, and their sum. */
typedef struct {
    mw_exact_sum sum;
    uint64_t count;
} mw_tally;

typedef struct {
    const mw_ring_shape *ring;
    const uint32_t *tallied; /* the words of an element that hold numbers to add */
    uint32_t tallied_count;
} mw_bound_shape;

typedef struct {
    int64_t cut;
    uint64_t position; /* of the first event at or after the cut */
    mw_tally tallies[];
} mw_bound;

/* A value that may not enter a sum reads as missing (rule 12): it is passed over. */
static inline void mw_tally_add(mw_tally *tally, double value) {
    if (!mw_exact_sum_takes(value)) return;
    tally->count++;
    mw_exact_sum_add(&tally->sum, value);
}
static inline void mw_tally_remove(mw_tally *tally, double value) {
    if (!mw_exact_sum_takes(value)) return;
    tally->count--;
    mw_exact_sum_remove(&tally->sum, value);
}
mw_tally mw_tally_between(const mw_tally *from, const mw_tally *to);

static inline size_t mw_bound_size(const mw_bound_shape *shape) {
    return sizeof(mw_bound) + shape->tallied_count * sizeof(mw_tally);
}
static inline mw_bound *mw_bound_at(const mw_bound_shape *shape, mw_bound *bounds, size_t i) {
    return (mw_bound *)(void *)((char *)bounds + i * mw_bound_size(shape));
}

/* A bound before all events of the ring. */
void mw_bound_init(const mw_bound_shape *shape, const mw_ring *ring, mw_bound *bound);
void mw_bound_slide(const mw_bound_shape *shape, const mw_ring *ring, mw_bound *bound,
                    int64_t cut);
/* An event has been put into the ring. */
void mw_bound_take_in(const mw_bound_shape *shape, mw_bound *bound, const mw_cell *element);
