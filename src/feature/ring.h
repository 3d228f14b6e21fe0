/*
 * ring: the events of one card, in order of time, oldest evicted first.
 *
 * An element is a few words: its time, then the values that the group's windows need. It has a
 * position that counts up from the first one ever, so that eviction moves nothing; position p
 * sits in slot p mod capacity. An event that comes in order costs O(1), one that is n places
 * late moves n. Among equal times any order may stand: nothing that is read depends on it.
 *
 * For min and max the ring keeps the best of each 16 neighbours, of each 16 of those, and so
 * on, so that any range is searched in O(log n).
 *
 * A ring's block belongs to the pool of its group. A zeroed ring is an empty one.
 */
#pragma once
#include "feature/pool.h"
#include "table/cell.h"

/* A value of which the best over a range is asked. */
typedef struct {
    uint32_t word;
    mw_type type;
    bool is_max;
} mw_rank;

/* What all rings of a group have in common. */
typedef struct {
    uint32_t element_words; /* word 0 is the time */
    uint32_t rank_count;
    const mw_rank *ranks;
    const mw_symbols *symbols;
} mw_ring_shape;

#define MW_RING_COUNT_MAX (UINT32_C(1) << 31)

typedef struct {
    mw_cell *words;    /* the slots, then the summaries */
    uint64_t first;    /* position of the oldest */
    uint32_t count;
    uint32_t capacity; /* a power of two, or 0 */
} mw_ring;

static inline uint64_t mw_ring_end(const mw_ring *ring) {
    return ring->first + ring->count;
}
static inline mw_cell *mw_ring_at(const mw_ring_shape *shape, const mw_ring *ring,
                                  uint64_t position) {
    return ring->words + (position & (ring->capacity - 1)) * shape->element_words;
}

/* Makes room for `extra` more elements; false if memory is out. */
MW_MUST_USE bool mw_ring_reserve(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool,
                                 uint32_t extra);
/* Gives memory back, if less than a quarter of it would hold `needed` elements. */
void mw_ring_shrink(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t needed);
/* Puts an element in its place by time, after its equals; there must be room. */
void mw_ring_insert(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element);
/* Forgets the elements before `position`. */
void mw_ring_evict(mw_ring *ring, uint64_t position);
void mw_ring_release(mw_ring *ring, mw_pool *pool);

/* The first position whose time is `time` or later. */
uint64_t mw_ring_find(const mw_ring_shape *shape, const mw_ring *ring, int64_t time);
/* The better of two values of a rank; a missing one loses. */
mw_cell mw_rank_better(const mw_rank *rank, const mw_symbols *symbols, mw_cell a, mw_cell b);
/* The best value of a rank over positions [from, to); missing if there is none. */
mw_cell mw_ring_best(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                     uint64_t from, uint64_t to);
