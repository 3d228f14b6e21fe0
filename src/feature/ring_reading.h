/*
 * ring_reading: where a time lies in a ring, what stands before comes to, and what is best there.
 *
 * A replay asks that for each end of each window of each moment, mostly near where it asked last:
 * so all that is near is inline.
 */
#pragma once
#include "feature/ring_slot.h"

/* The best value of a range as it was read last: of the smallest its opposite; -infinity: none is
   there. Both ends are within the ring: the low 32 bits of positions. */
typedef struct {
    double best;
    uint32_t from, to;
} mw_ring_peak;

/* Of a ring that is not short: the peaks, each within the ring, */
static inline mw_ring_peak *mw_ring_peaks(const mw_ring_shape *shape, const mw_ring *ring) {
    return (mw_ring_peak *)(void *)(ring->words + (size_t)ring->capacity * shape->slot_words);
}
/* and their words, of which there are none where they would be more than the slots'. */
static inline size_t mw_ring_peak_words(const mw_ring_shape *shape, uint32_t capacity) {
    size_t words = shape->peak_count * sizeof(mw_ring_peak) / sizeof(mw_cell);
    return words <= (size_t)capacity * shape->slot_words ? words : 0;
}

/* The position of which these are the low 32 bits; if the ring has none such, its first. */
static inline uint64_t mw_ring_hinted(const mw_ring *ring, uint32_t hint) {
    uint32_t from_first = hint - (uint32_t)ring->first;
    return ring->first + (from_first <= ring->count ? from_first : 0);
}
/* mw_ring_seek, made for where the position mostly lies: at `near` or a few events later. If not
   there, it is false and `*out_position` is nearer. */
static inline bool mw_ring_seek_near(const mw_ring_shape *shape, const mw_ring *ring,
                                     uint64_t near, int64_t time, uint64_t *out_position) {
    enum { STEPS = 8 };
    uint64_t end = mw_ring_end(ring), last = end - near > STEPS ? near + STEPS : end;
    uint64_t position = near;
    while (position < last && mw_ring_time(shape, ring, position) < time) position++;
    *out_position = position;
    return position < last || last == end;
}
/* Whether all before a position are before a time. */
static inline bool mw_ring_is_past(const mw_ring_shape *shape, const mw_ring *ring,
                                   uint64_t position, int64_t time) {
    return position == ring->first || mw_ring_time(shape, ring, position - 1) < time;
}

/* mw_ring_best of a peak's rank, for a range that mostly begins and ends a few events after the one
   before: all are looked at again only once one as good as the best has left. */
mw_cell mw_ring_follow(const mw_ring_shape *shape, const mw_ring *ring, uint32_t peak,
                       uint64_t from, uint64_t to);
