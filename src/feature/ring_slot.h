/*
 * ring_slot: an event enters a ring: its slot gets an element and, of each total, the sum of what
 * came before it.
 *
 * Two slots tell the total between them. That is asked for each window of each moment, and told
 * for each event: so all of it is inline.
 */
#pragma once
#include "feature/ring.h"

/* The sum of a total's values before an element of a ring without unusual ones, in units, since
   some time in the past: up to 2^125, so the difference of any two is one. */
static inline mw_units mw_ring_sum_at(const mw_ring_shape *shape, const mw_ring *ring,
                                      uint64_t position, uint32_t total) {
    mw_units sum;
    memcpy(&sum, mw_ring_at(shape, ring, position,
                            shape->element_words + MW_RING_SUM_WORDS * total), sizeof sum);
    return sum;
}
/* The same before the position behind an element. */
static inline mw_units mw_ring_sum_behind(const mw_ring_shape *shape, const mw_ring *ring,
                                          uint64_t position, uint32_t total) {
    mw_units value;
    (void)mw_exact_sum_usual_units(
        mw_ring_at(shape, ring, position, shape->totalled[total])->number, &value);
    return mw_ring_sum_at(shape, ring, position, total) + value;
}
/* Works out the sums before an element, which stands in its slot, from those before its neighbour;
   false if they, or its values, are not usual. */
static inline bool mw_ring_add_up(const mw_ring_shape *shape, const mw_ring *ring,
                                  uint64_t position) {
    mw_cell *slot = mw_ring_at(shape, ring, position, 0);
    const mw_cell *before = mw_ring_at(shape, ring, position - 1, 0);
    bool is_first = position == ring->first, is_usual = true;
    size_t at = shape->element_words;
    for (uint32_t total = 0; total < shape->total_count; total++, at += MW_RING_SUM_WORDS) {
        uint32_t word = shape->totalled[total];
        mw_units sum, value;
        memcpy(&sum, &before[at], sizeof sum);
        (void)mw_exact_sum_usual_units(before[word].number, &value);
        sum = is_first ? 0 : sum + value;
        is_usual &= mw_exact_sum_is_usual(slot[word].number);
        is_usual &= (uint64_t)(sum >> 64) + (UINT64_C(1) << 61) < UINT64_C(1) << 62;
        memcpy(&slot[at], &sum, sizeof sum);
    }
    return is_usual;
}

/* Puts an element in its place by time, after its equals, which both give; there must be room. */
static inline uint64_t mw_ring_insert(const mw_ring_shape *shape, mw_ring *ring,
                                      const mw_cell *element) {
    uint64_t end = mw_ring_end(ring);
    MW_ASSERT(mw_ring_fits(ring, 1));
    mw_cell *slot = mw_ring_at(shape, ring, end, 0);
    for (uint32_t i = 0; i < shape->element_words; i++) slot[i] = element[i];
    if (!ring->has_unusual && !mw_ring_add_up(shape, ring, end))
        mw_ring_tell_otherwise(shape, ring);
    if (!mw_ring_is_short(ring)) mw_ring_pass(shape, ring, end);
    bool is_late = ring->count++ > 0 && mw_ring_time(shape, ring, end - 1) > element->time;
    return is_late ? mw_ring_sink(shape, ring, element) : end;
}
