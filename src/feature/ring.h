/*
 * ring: the events of one card, in order of time, oldest evicted first.
 *
 * An element is a few words: its time, then the values that the group's windows need. It has a
 * position that counts up, so that eviction moves nothing; the slots go round in pages of four:
 *
 *     page: | 4 times | 4 values | ... one row for each word | totals and powers of all before |
 *
 * Slots of a page after the last event have the time MW_RING_NEVER.
 *
 * A sum over any range is the difference of two running totals, so a window needs no state of its
 * own and no order of reading. An event that comes in order costs O(1), however many windows
 * there are; one that is n places late moves n. Among equal times any order may stand: nothing
 * that is read depends on it. For min and max the ring keeps the best of each 16 neighbours, of
 * each 16 of those, and so on, so that any range is searched in O(log n).
 *
 * A ring's block belongs to the pool of its group. A zeroed ring is an empty one.
 */
#pragma once
#include "feature/pool.h"
#include "feature/power_sums.h"
#include "feature/total.h"
#include "table/cell.h"

/* A value of which the best over a range is asked. */
typedef struct {
    uint32_t word;
    mw_type type;
    bool is_max;
} mw_rank;

/* A value of which powers are kept. */
typedef struct {
    uint32_t word;
    mw_powers_kind kind;
} mw_ring_powers;

/* What all rings of a group have in common. */
typedef struct {
    uint32_t element_words; /* word 0 is the time */
    uint32_t page_words;    /* mw_ring_page_words of this shape */
    uint32_t total_count;
    const uint32_t *totalled; /* the words of which totals are kept: numbers */
    uint32_t powers_count;
    const mw_ring_powers *powers;
    uint32_t rank_count;
    const mw_rank *ranks;
    const mw_symbols *symbols;
} mw_ring_shape;

enum { MW_PAGE_BITS = 2, MW_PAGE_EVENTS = 1 << MW_PAGE_BITS };
#define MW_RING_COUNT_MAX (UINT32_C(1) << 30)
#define MW_RING_NEVER INT64_MAX

typedef struct {
    mw_cell *words;    /* the pages, then the summaries */
    uint64_t first;    /* position of the oldest */
    uint32_t count;
    uint32_t capacity; /* a power of two and a page at least, or 0 */
} mw_ring;

static inline uint32_t mw_ring_page_words(const mw_ring_shape *shape) {
    uint32_t words = MW_PAGE_EVENTS * shape->element_words +
                     shape->total_count * (uint32_t)(sizeof(mw_total) / sizeof(mw_cell));
    for (uint32_t i = 0; i < shape->powers_count; i++)
        words += mw_power_sums_words(shape->powers[i].kind);
    return words;
}
static inline uint64_t mw_ring_end(const mw_ring *ring) {
    return ring->first + ring->count;
}
/* The page of a position, and a word of the element that stands there. */
static inline mw_cell *mw_ring_page(const mw_ring_shape *shape, const mw_ring *ring,
                                    uint64_t position) {
    size_t page = (position & (ring->capacity - 1)) >> MW_PAGE_BITS;
    return ring->words + page * shape->page_words;
}
static inline mw_cell *mw_ring_at(const mw_ring_shape *shape, const mw_ring *ring,
                                  uint64_t position, uint32_t word) {
    return mw_ring_page(shape, ring, position) + word * MW_PAGE_EVENTS +
           (position & (MW_PAGE_EVENTS - 1));
}
static inline int64_t mw_ring_time(const mw_ring_shape *shape, const mw_ring *ring,
                                   uint64_t position) {
    return mw_ring_at(shape, ring, position, 0)->time;
}
/* Asks the cache for the page of a position, which need not be one of the ring's. */
static inline void mw_ring_prefetch(const mw_ring_shape *shape, const mw_ring *ring,
                                    uint64_t position) {
    enum { LINE_WORDS = 8 };
    const mw_cell *page = mw_ring_page(shape, ring, position), *end = page + shape->page_words;
    for (; page < end; page += LINE_WORDS) __builtin_prefetch(page);
}
void mw_ring_read(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position,
                  mw_cell *out_element);
/* The bytes of a ring's block, which hold all of it, and a block for them. */
size_t mw_ring_size(const mw_ring_shape *shape, uint32_t capacity);
mw_cell *mw_ring_take(const mw_ring_shape *shape, uint32_t capacity, mw_pool *pool);

/* Whether `extra` more elements fit; a page that is begun or half evicted is taken whole. */
static inline bool mw_ring_fits(const mw_ring *ring, uint32_t extra) {
    return (ring->first & (MW_PAGE_EVENTS - 1)) + ring->count + extra <= ring->capacity;
}
/* Makes room for `extra` more; false if memory is out. May number the positions anew. */
MW_MUST_USE bool mw_ring_reserve(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool,
                                 uint32_t extra);
/* Gives memory back, if less than a quarter of it would hold `needed` elements. Likewise. */
void mw_ring_shrink(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t needed);
/* Puts an element in its place by time, after its equals; there must be room. Gives its
   position. */
uint64_t mw_ring_insert(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element);
/* Takes the element at a position out; those behind it move up. */
void mw_ring_remove(const mw_ring_shape *shape, mw_ring *ring, uint64_t position);
/* Forgets the elements before `position`. */
void mw_ring_evict(mw_ring *ring, uint64_t position);
void mw_ring_release(mw_ring *ring, mw_pool *pool);

/* The first position whose time is `time` or later: O(log n) in its distance from `near`. */
uint64_t mw_ring_seek(const mw_ring_shape *shape, const mw_ring *ring, uint64_t near,
                      int64_t time);
/* How many events before `position` are not in what its page has kept. A page after the last event
   is not begun. */
static inline uint64_t mw_ring_within_page(const mw_ring *ring, uint64_t position) {
    uint64_t within = position & (MW_PAGE_EVENTS - 1);
    return within == 0 && position == mw_ring_end(ring) ? MW_PAGE_EVENTS : within;
}
/* The powers of the events before `position`, since some time in the past: good for differences, as
   totals are (ring_reading.h). The ring is not empty; `position` is at most its end. */
mw_power_sums mw_ring_powers_before(const mw_ring_shape *shape, const mw_ring *ring,
                                    uint32_t powers, uint64_t position);
/* The better of two values of a rank; a missing one loses. */
mw_cell mw_rank_better(const mw_rank *rank, const mw_symbols *symbols, mw_cell a, mw_cell b);
/* The best value of a rank over positions [from, to); missing if there is none. */
mw_cell mw_ring_best(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                     uint64_t from, uint64_t to);
