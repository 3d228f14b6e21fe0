#include "feature/ring.h"

/* A node of level k >= 1 stands for 16^k neighbouring slots; level 0 are the slots. */
enum { FAN_BITS = 4, FAN = 1 << FAN_BITS };

static size_t level_nodes(uint32_t capacity, int level) {
    return (size_t)capacity >> (FAN_BITS * level);
}

static size_t block_size(const mw_ring_shape *shape, uint32_t capacity) {
    size_t words = (size_t)capacity * shape->element_words;
    if (shape->rank_count > 0)
        for (int level = 1; level_nodes(capacity, level) > 0; level++)
            words += level_nodes(capacity, level) * shape->rank_count;
    return words * sizeof(mw_cell);
}

static int block_class(uint32_t capacity) {
    return __builtin_ctz(capacity);
}

/* The value of a rank at a node; a slot is a node of level 0. */
static mw_cell *node_at(const mw_ring_shape *shape, const mw_ring *ring, int level, size_t node,
                        uint32_t rank) {
    if (level == 0) return ring->words + node * shape->element_words + shape->ranks[rank].word;
    mw_cell *nodes = ring->words + (size_t)ring->capacity * shape->element_words;
    for (int below = 1; below < level; below++)
        nodes += level_nodes(ring->capacity, below) * shape->rank_count;
    return nodes + node * shape->rank_count + rank;
}

mw_cell mw_rank_better(const mw_rank *rank, const mw_symbols *symbols, mw_cell a, mw_cell b) {
    if (mw_cell_is_missing(rank->type, a)) return b;
    if (mw_cell_is_missing(rank->type, b)) return a;
    if (rank->type == MW_TYPE_NUMBER)
        return (rank->is_max ? a.number >= b.number : a.number <= b.number) ? a : b;
    int order = mw_cell_compare(rank->type, a, b, symbols);
    return (rank->is_max ? order >= 0 : order <= 0) ? a : b;
}

/* Works out the nodes that end with `slot`. A node is complete, and only then looked at, once
   its last slot is written: so this is all that an insertion has to do for each slot that it
   wrote, in order. */
static void seal(const mw_ring_shape *shape, mw_ring *ring, size_t slot) {
    for (int level = 1; (slot & (FAN - 1)) == FAN - 1; level++) {
        slot >>= FAN_BITS;
        if (slot >= level_nodes(ring->capacity, level)) return;
        for (uint32_t rank = 0; rank < shape->rank_count; rank++) {
            mw_cell best = *node_at(shape, ring, level - 1, slot << FAN_BITS, rank);
            for (size_t child = 1; child < FAN; child++)
                best = mw_rank_better(&shape->ranks[rank], shape->symbols, best,
                                      *node_at(shape, ring, level - 1,
                                               (slot << FAN_BITS) + child, rank));
            *node_at(shape, ring, level, slot, rank) = best;
        }
    }
}

static void seal_from(const mw_ring_shape *shape, mw_ring *ring, uint64_t position) {
    if (shape->rank_count == 0) return;
    for (; position < mw_ring_end(ring); position++)
        seal(shape, ring, position & (ring->capacity - 1));
}

static void copy_element(const mw_ring_shape *shape, mw_cell *into, const mw_cell *from) {
    for (uint32_t i = 0; i < shape->element_words; i++) into[i] = from[i];
}

/* Moves the elements to a block of another capacity. */
static bool resize(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t capacity) {
    mw_ring resized = {.first = ring->first, .count = ring->count, .capacity = capacity};
    resized.words = mw_pool_take(pool, block_class(capacity), block_size(shape, capacity));
    if (!resized.words) return false;
    for (uint64_t position = ring->first; position < mw_ring_end(ring); position++)
        copy_element(shape, mw_ring_at(shape, &resized, position),
                     mw_ring_at(shape, ring, position));
    mw_ring_release(ring, pool);
    *ring = resized;
    seal_from(shape, ring, ring->first);
    return true;
}

bool mw_ring_reserve(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t extra) {
    uint64_t needed = (uint64_t)ring->count + extra;
    if (needed <= ring->capacity) return true;
    if (needed > MW_RING_COUNT_MAX) return false;
    uint32_t capacity = ring->capacity > 0 ? ring->capacity : 1;
    while (capacity < needed) capacity *= 2;
    return resize(shape, ring, pool, capacity);
}

void mw_ring_shrink(const mw_ring_shape *shape, mw_ring *ring, mw_pool *pool, uint32_t needed) {
    MW_ASSERT(needed >= ring->count);
    uint32_t capacity = ring->capacity;
    while (capacity > 1 && needed <= capacity / 4) capacity /= 2;
    if (capacity == ring->capacity) return;
    /* Without memory for the smaller block the larger one does as well. */
    (void)resize(shape, ring, pool, capacity);
}

void mw_ring_insert(const mw_ring_shape *shape, mw_ring *ring, const mw_cell *element) {
    MW_ASSERT(ring->count < ring->capacity);
    uint64_t position = mw_ring_end(ring);
    while (position > ring->first) {
        const mw_cell *before = mw_ring_at(shape, ring, position - 1);
        if (before->time <= element->time) break;
        copy_element(shape, mw_ring_at(shape, ring, position), before);
        position--;
    }
    copy_element(shape, mw_ring_at(shape, ring, position), element);
    ring->count++;
    seal_from(shape, ring, position);
}

void mw_ring_evict(mw_ring *ring, uint64_t position) {
    MW_ASSERT(position >= ring->first && position <= mw_ring_end(ring));
    ring->count -= (uint32_t)(position - ring->first);
    ring->first = position;
}

void mw_ring_release(mw_ring *ring, mw_pool *pool) {
    if (ring->capacity > 0) mw_pool_give(pool, block_class(ring->capacity), ring->words);
    *ring = (mw_ring){0};
}

uint64_t mw_ring_find(const mw_ring_shape *shape, const mw_ring *ring, int64_t time) {
    uint64_t low = ring->first, high = mw_ring_end(ring);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (mw_ring_at(shape, ring, middle)->time < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

mw_cell mw_ring_best(const mw_ring_shape *shape, const mw_ring *ring, uint32_t rank,
                     uint64_t from, uint64_t to) {
    MW_ASSERT(rank < shape->rank_count);
    MW_ASSERT(from >= ring->first && to <= mw_ring_end(ring));
    const mw_rank *ranked = &shape->ranks[rank];
    mw_cell best = mw_cell_missing(ranked->type);
    while (from < to) {
        /* The largest node that begins here and lies within the range. */
        size_t slot = from & (ring->capacity - 1);
        int level = 0;
        while ((slot & (((size_t)FAN << (FAN_BITS * level)) - 1)) == 0 &&
               to - from >= (uint64_t)FAN << (FAN_BITS * level))
            level++;
        best = mw_rank_better(ranked, shape->symbols, best,
                              *node_at(shape, ring, level, slot >> (FAN_BITS * level), rank));
        from += UINT64_C(1) << (FAN_BITS * level);
    }
    return best;
}
