/*
 * ring_reading: where a time lies in a ring, and the totals of what stands before.
 *
 * A replay asks that for each end of each window of each moment: so all is inline, and goes by
 * whole pages without a branch an event. What a page adds to its total are a few values: mostly
 * they fit in two limbs, and three are touched once.
 */
#pragma once
#include "feature/ring.h"

/* How many slots of a page are before a time: those evicted are, those after the last event not. */
static inline uint64_t mw_page_before(const mw_cell *page, int64_t time) {
    uint64_t count = 0;
    for (int slot = 0; slot < MW_PAGE_EVENTS; slot++) count += page[slot].time < time;
    return count;
}
/* A position, and the page on which it stands behind so many events. */
typedef struct {
    uint64_t position;
    uint64_t within;
    mw_cell *page;
} mw_ring_spot;

/* Where a position of a ring that is not empty lies. A page after the last event is not begun. */
static inline mw_ring_spot mw_ring_spot_of(const mw_ring_shape *shape, const mw_ring *ring,
                                           uint64_t position) {
    uint64_t within = mw_ring_within_page(ring, position);
    return (mw_ring_spot){position, within, mw_ring_page(shape, ring, position - within)};
}
/* The event at the position of which these are the low 32 bits; if the ring, which is not empty,
   has none such, its last. */
static inline uint64_t mw_ring_hinted(const mw_ring *ring, uint32_t hint) {
    uint32_t from_first = hint - (uint32_t)ring->first;
    return ring->first + (from_first < ring->count ? from_first : ring->count - 1);
}
/* mw_ring_seek, made for where the position mostly lies: on the page of the event `near`, or on the
   next. If not there, it is false and `*out_spot` is nearer. What is asked of a ring several times
   is a copy of it then, which may stay in registers. */
static inline bool mw_ring_seek_near(const mw_ring_shape *shape, const mw_ring *ring,
                                     uint64_t near, int64_t time, mw_ring_spot *out_spot) {
    uint64_t begin = near & ~(uint64_t)(MW_PAGE_EVENTS - 1), end = mw_ring_end(ring);
    mw_cell *page = mw_ring_page(shape, ring, begin);
    uint64_t within = mw_page_before(page, time);
    if (within == MW_PAGE_EVENTS && begin + MW_PAGE_EVENTS < end) {
        begin += MW_PAGE_EVENTS;
        page = mw_ring_page(shape, ring, begin);
        within = mw_page_before(page, time);
    }
    bool is_earlier = within == 0 && begin > ring->first &&
                      mw_ring_time(shape, ring, begin - 1) >= time;
    bool is_later = within == MW_PAGE_EVENTS && begin + MW_PAGE_EVENTS < end;
    if (begin + within < ring->first) within = ring->first - begin;
    *out_spot = (mw_ring_spot){begin + within, within, page};
    return !is_earlier && !is_later;
}

/* Where a page keeps a total: three limbs of the sum and the count. */
static inline mw_cell *mw_page_total(const mw_ring_shape *shape, mw_cell *page, uint32_t total) {
    return page + shape->element_words * MW_PAGE_EVENTS +
           total * (sizeof(mw_total) / sizeof(mw_cell));
}
/* Adds a page's first `count` values, whatever they are. */
__attribute__((noinline, unused)) static mw_total mw_page_add_unusual(mw_total sum,
                                                                      const mw_cell *values,
                                                                      uint64_t count) {
    for (uint64_t i = 0; i < count; i++) mw_total_add(&sum, values[i].number);
    return sum;
}
/* The total of the page with its first `count` values. */
static inline mw_total mw_page_total_within(const mw_ring_shape *shape, mw_cell *page,
                                            uint32_t total, uint64_t count) {
    _Static_assert(MW_PAGE_EVENTS <= 4, "so few values of usual magnitudes fit in mw_units");
    const mw_cell *kept = mw_page_total(shape, page, total);
    const mw_cell *values = page + shape->totalled[total] * MW_PAGE_EVENTS;
    mw_total sum = {{{kept[0].bits, kept[1].bits, kept[2].bits}}, kept[3].bits};
    mw_units units = 0, more;
    for (uint64_t i = 0; i < count; i++) {
        if (!mw_exact_sum_usual_units(values[i].number, &more))
            return mw_page_add_unusual(sum, values, count);
        units += more;
    }
    mw_exact_sum_merge_units(&sum.sum, units);
    sum.count += count;
    return sum;
}
/* The total of the events before `position`, since some time in the past: good for differences.
   The ring is not empty; `position` is at most its end. */
static inline mw_total mw_ring_before(const mw_ring_shape *shape, const mw_ring *ring,
                                      uint32_t total, uint64_t position) {
    mw_ring_spot spot = mw_ring_spot_of(shape, ring, position);
    return mw_page_total_within(shape, spot.page, total, spot.within);
}
