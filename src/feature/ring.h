/*
 * ring: the events of one card, in order of time, oldest evicted first.
 *
 * An element is a few words: its time, then the values that the group's windows need. Elements
 * stand in slots one behind the other, round in a block, by positions that count up: eviction and a
 * move to another block change none. A slot also has the sums of what came before its element, so
 * a sum over any range is the difference of two slots. A short ring has nothing else; a longer one
 *
 *     | slots | peaks | powers at the end and at each 4th event | summaries |
 *
 * Sums before slots are two limbs, enough for values that are all there and of usual magnitudes.
 * Where they are not, a longer ring keeps a total of each 16 events in the room of two such sums,
 * and any other is few steps away. A peak moves with a window, so that a moment in order finds its
 * min or max at hand; a block has them where they take no more of it than the slots. An event that
 * comes in order costs O(1), however many windows there are; one that is n places late moves n.
 * Among equal times any order may stand: nothing that is read depends on it. Where a peak is lost,
 * the best of each 16 neighbours, of each 16 of those, and so on tells.
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
    uint32_t slot_words;    /* an element, then two for each total */
    uint32_t total_count;
    const uint32_t *totalled; /* the words that are added up: numbers */
    uint32_t peak_count;
    const uint32_t *peaked;   /* the rank of each peak: of numbers */
    uint32_t powers_count;
    const mw_ring_powers *powers;
    uint32_t rank_count;
    const mw_rank *ranks;
    const mw_symbols *symbols;
} mw_ring_shape;

enum {
    MW_RING_SHORT_MAX = 16,
    MW_RING_LONG_MIN = 512,
    MW_RING_KEPT_BITS = 4,
    MW_RING_KEPT = 1 << MW_RING_KEPT_BITS,
    MW_RING_SUM_WORDS = sizeof(mw_units) / sizeof(mw_cell),
};
#define MW_RING_COUNT_MAX (UINT32_C(1) << 30)

typedef struct {
    mw_cell *words;    /* the block */
    uint64_t first;    /* position of the oldest */
    uint32_t count;
    uint32_t capacity : 31;   /* a power of two, or 0 */
    uint32_t has_unusual : 1; /* slots do not tell sums: a value, or a sum, is not a usual one */
} mw_ring;

static inline uint64_t mw_ring_end(const mw_ring *ring) {
    return ring->first + ring->count;
}
static inline bool mw_ring_is_short(const mw_ring *ring) {
    return ring->capacity <= MW_RING_SHORT_MAX;
}
/* A word of the element at a position. */
static inline mw_cell *mw_ring_at(const mw_ring_shape *shape, const mw_ring *ring,
                                  uint64_t position, uint32_t word) {
    return ring->words + (position & (ring->capacity - 1)) * shape->slot_words + word;
}
static inline int64_t mw_ring_time(const mw_ring_shape *shape, const mw_ring *ring,
                                   uint64_t position) {
    return mw_ring_at(shape, ring, position, 0)->time;
}
/* Asks the cache for what a reading of windows will look at, which ended last at the positions of
   these low 32 bits, and for where an event is put behind it. The ring has a block. */
void mw_ring_foresee(const mw_ring_shape *shape, const mw_ring *ring, const uint32_t *hints,
                     size_t hint_count);
void mw_ring_read(const mw_ring_shape *shape, const mw_ring *ring, uint64_t position,
                  mw_cell *out_element);
/* The bytes of a ring's block, which hold all of it, and a block for them. */
size_t mw_ring_size(const mw_ring_shape *shape, uint32_t capacity);
mw_cell *mw_ring_take(const mw_ring_shape *shape, uint32_t capacity, mw_pool *pool);

static inline bool mw_ring_fits(const mw_ring *ring, uint32_t extra) {
    return ring->count + extra <= ring->capacity;
}
/* Whether it is long, and so full that it had better grow when there is time for it. */
static inline bool mw_ring_is_nearly_full(const mw_ring *ring) {
    return ring->capacity >= MW_RING_LONG_MIN && ring->capacity - ring->count <= ring->capacity / 8;
}
/* Makes room for `extra` more; false if memory is out. */
MW_MUST_USE bool mw_ring_reserve(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool,
                                 uint32_t extra);
/* Gives memory back, if less than a quarter of it would hold `needed` elements. */
void mw_ring_shrink(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t needed);
/* Does what follows from an element's having come last, in a ring that is not short. */
void mw_ring_pass(const mw_ring_shape *shape, mw_ring *ring, uint64_t position);
/* Puts the last element, which is late, among those before it. */
uint64_t mw_ring_sink(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element);
/* An element that will be the last has sums, or a value, that its slot cannot tell as it is. */
void mw_ring_tell_otherwise(const mw_ring_shape *shape, mw_ring *ring);
/* Takes the element at a position out; those behind it move up. */
void mw_ring_remove(const mw_ring_shape *shape, mw_ring *ring, uint64_t position);
/* Forgets the elements before `position`. */
void mw_ring_evict(const mw_ring_shape *shape, mw_ring *ring, uint64_t position);
void mw_ring_release(mw_ring *ring, mw_pool *pool);

/* The first position whose time is `time` or later: O(log n) in its distance from `near`. */
uint64_t mw_ring_seek(const mw_ring_shape *shape, const mw_ring *ring, uint64_t near, int64_t time);
/* The total of the events at [from, to), for any values: two that are usual take no step. */
mw_total mw_ring_total(const mw_ring_shape *shape, const mw_ring *ring, uint32_t total,
                       uint64_t from, uint64_t to);
/* Powers of the events before `position`; the ring is not short. */
mw_power_sums mw_ring_powers_before(const mw_ring_shape *shape, const mw_ring *ring,
                                    uint32_t powers, uint64_t position);
/* The better of two values of a rank; a missing one loses. */
mw_cell mw_rank_better(const mw_rank *rank, const mw_symbols *symbols, mw_cell a, mw_cell b);
/* The best value of a rank over positions [from, to); missing if there is none. */
mw_cell mw_ring_best(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                     uint64_t from, uint64_t to);
