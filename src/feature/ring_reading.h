/*
 * ring_reading: where a time lies in a ring, what stands before comes to, and what is best there.
 *
 * A replay asks that for each end of each window of each moment, mostly near where it asked last:
 * so all that is near is inline. A few values fit in two limbs; the three of a total are touched
 * once for all of them.
 */
#pragma once
#include "feature/ring.h"

/* The best value of a range as it was read last: of the smallest its opposite; -infinity: none is
   there. Both ends are within the ring: the low 32 bits of positions. */
typedef struct {
    double best;
    uint32_t from, to;
} mw_ring_peak;

/* Of a ring that is not short: the totals at its end, */
static inline mw_ring_mark *mw_ring_ends(const mw_ring_shape *shape, const mw_ring *ring) {
    return (mw_ring_mark *)(void *)(ring->words + (size_t)ring->capacity * shape->element_words);
}
/* the marks, each within the ring, */
static inline mw_ring_mark *mw_ring_marks(const mw_ring_shape *shape, const mw_ring *ring) {
    return mw_ring_ends(shape, ring) + shape->total_count;
}
/* the peaks, */
static inline mw_ring_peak *mw_ring_peaks(const mw_ring_shape *shape, const mw_ring *ring) {
    return (mw_ring_peak *)(void *)(mw_ring_marks(shape, ring) + shape->mark_count);
}
/* the words of both, of which there are none where they would be more than the elements', */
static inline size_t mw_ring_moving_words(const mw_ring_shape *shape, uint32_t capacity) {
    size_t words = (shape->mark_count * sizeof(mw_ring_mark) +
                    shape->peak_count * sizeof(mw_ring_peak)) / sizeof(mw_cell);
    return words <= (size_t)capacity * shape->element_words ? words : 0;
}
/* and the totals at an element whose position is a multiple of MW_RING_KEPT. */
static inline mw_ring_mark *mw_ring_kept(const mw_ring_shape *shape, const mw_ring *ring,
                                         uint64_t position) {
    size_t index = (position & (ring->capacity - 1)) >> MW_RING_KEPT_BITS;
    mw_cell *first = (mw_cell *)(void *)mw_ring_marks(shape, ring) +
                     mw_ring_moving_words(shape, ring->capacity);
    return (mw_ring_mark *)(void *)first + index * shape->total_count;
}

/* The position of which these are the low 32 bits; if the ring has none such, its end. */
static inline uint64_t mw_ring_hinted(const mw_ring *ring, uint32_t hint) {
    uint32_t from_first = hint - (uint32_t)ring->first;
    return ring->first + (from_first < ring->count ? from_first : ring->count);
}
/* mw_ring_seek, made for where the position mostly lies: at `near` or a few events later. If not
   there, it is false and `*out_position` is nearer. */
static inline bool mw_ring_seek_near(const mw_ring_shape *shape, const mw_ring *ring,
                                     uint64_t near, int64_t time, uint64_t *out_position) {
    enum { STEPS = 8 };
    uint64_t end = mw_ring_end(ring), last = end - near > STEPS ? near + STEPS : end;
    uint64_t position = near;
    while (position < last && mw_ring_time(shape, ring, position) < time) position++;
    bool is_earlier = position == near && near > ring->first &&
                      mw_ring_time(shape, ring, near - 1) >= time;
    *out_position = position;
    return !is_earlier && (position < last || last == end);
}

/* mw_ring_bring, whatever the values are and wherever it goes. */
void mw_ring_bring_apart(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                         uint64_t to, mw_ring_mark *mark);
/* Brings a mark of a total to any position of a ring that is not short: mostly a few events on. */
static inline void mw_ring_bring(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                                 uint64_t to, mw_ring_mark *mark) {
    uint32_t steps = (uint32_t)to - mark->position, word = shape->totalled[total];
    mw_units units = 0, more;
    if (steps == 0) return;
    bool is_usual = steps < MW_RING_KEPT;
    for (uint64_t at = to - steps; is_usual && at < to; at++) {
        is_usual = mw_exact_sum_usual_units(mw_ring_at(shape, ring, at, word)->number, &more);
        units += more;
    }
    if (!is_usual) {
        mw_ring_bring_apart(shape, ring, total, to, mark);
        return;
    }
    mw_exact_sum_merge_units(&mark->sum, units);
    mark->count += steps;
    mark->position = (uint32_t)to;
}

/* mw_ring_best of a peak's rank, for a range that mostly begins and ends a few events after the one
   before: all are looked at again only once one as good as the best has left. */
mw_cell mw_ring_follow(const mw_ring_shape *shape, const mw_ring *ring, uint32_t peak,
                       uint64_t from, uint64_t to);

/* What so few values before a position come to that two limbs do for the usual ones. */
typedef struct {
    mw_units units;
    uint64_t position; /* of the earliest of them */
    uint32_t count;
    bool is_unusual;   /* there was one that is not */
} mw_short_total;

/* Lets those from `start` on enter. */
static inline void mw_short_reach(const mw_ring_shape *shape, const mw_ring *ring, uint32_t word,
                                  uint64_t start, mw_short_total *total) {
    mw_short_total found = *total;
    while (found.position > start) {
        double value = mw_ring_at(shape, ring, --found.position, word)->number;
        mw_units more;
        if (mw_exact_sum_usual_units(value, &more)) {
            found.units += more;
            found.count++;
        } else if (mw_exact_sum_takes(value)) {
            found.is_unusual = true;
        }
    }
    *total = found;
}
/* The running total before them, if that behind them is nothing. */
static inline mw_ring_mark mw_short_mark(const mw_short_total *total) {
    mw_units before = -total->units;
    return (mw_ring_mark){mw_exact_sum_of(before), -total->count, 0};
}
/* What came between two running totals. */
static inline mw_total mw_ring_between(const mw_ring_mark *from, const mw_ring_mark *to) {
    mw_total between = {to->sum, to->count - from->count};
    mw_exact_sum_subtract(&between.sum, &from->sum);
    return between;
}
