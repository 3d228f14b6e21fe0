#include "feature/pool.h"

enum { CHUNK_SIZE_MIN = 4 << 10, CHUNK_SIZE_MAX = 8 << 20, ALIGNMENT = 32 };
enum { HEAP_HEAD = 16 }; /* what the heap itself takes for a block */

struct mw_pool_chunk {
    mw_pool_chunk *next;
    size_t size;
};

struct mw_pool_block {
    mw_pool_block *next;
};

static mw_budget *whole_of(mw_budget *budget) {
    return budget->whole ? budget->whole : budget;
}

static bool has_left(const mw_budget *whole, size_t fixed, size_t size) {
    return fixed <= whole->max && size <= whole->max - fixed;
}

static bool take_fixed(mw_budget *whole, size_t size) {
    size_t fixed = __atomic_load_n(&whole->fixed, __ATOMIC_RELAXED);
    do {
        if (!has_left(whole, fixed, size)) return false;
    } while (!__atomic_compare_exchange_n(&whole->fixed, &fixed, fixed + size, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

static void use(mw_budget *budget, size_t size) {
    mw_budget *whole = whole_of(budget);
    __atomic_fetch_add(&whole->used, size, __ATOMIC_RELAXED);
    if (whole != budget) budget->used += size;
}

static void give_back(mw_budget *budget, size_t size) {
    mw_budget *whole = whole_of(budget);
    size_t used = __atomic_fetch_sub(&whole->used, size, __ATOMIC_RELAXED);
    MW_ASSERT(size <= used);
    if (whole != budget) budget->used -= size;
}

bool mw_budget_take(mw_budget *budget, size_t size) {
    mw_budget *whole = whole_of(budget);
    if (!take_fixed(whole, size)) return false;
    if (whole != budget) budget->fixed += size;
    use(budget, size);
    return true;
}

void mw_budget_give(mw_budget *budget, size_t size) {
    mw_budget *whole = whole_of(budget);
    give_back(budget, size);
    __atomic_fetch_sub(&whole->fixed, size, __ATOMIC_RELAXED);
    if (whole != budget) budget->fixed -= size;
}

bool mw_budget_take_movable(mw_budget *budget, size_t size) {
    const mw_budget *whole = whole_of(budget);
    if (!whole->spills) return mw_budget_take(budget, size);
    if (!has_left(whole, __atomic_load_n(&whole->fixed, __ATOMIC_RELAXED), size)) return false;
    use(budget, size);
    return true;
}

void mw_budget_give_movable(mw_budget *budget, size_t size) {
    if (whole_of(budget)->spills) give_back(budget, size);
    else mw_budget_give(budget, size);
}

bool mw_budget_part_is_over(const mw_budget *part) {
    const mw_budget *whole = part->whole;
    size_t fixed = __atomic_load_n(&whole->fixed, __ATOMIC_RELAXED);
    size_t movable_max = whole->max > fixed ? whole->max - fixed : 0;
    return part->used - part->fixed > movable_max / whole->part_count;
}

void mw_pool_init(mw_pool *pool, mw_budget *budget) {
    *pool = (mw_pool){.budget = budget, .chunk_size = CHUNK_SIZE_MIN};
}

/* What is left of the chunk before is lost: less than one block of a chunk's many. */
static bool add_chunk(mw_pool *pool, size_t size) {
    size_t chunk_size = sizeof(mw_pool_chunk) + ALIGNMENT + size;
    if (chunk_size < pool->chunk_size) chunk_size = pool->chunk_size;
    if (!mw_budget_take(pool->budget, chunk_size)) return false;
    mw_pool_chunk *chunk = mw_resize(NULL, chunk_size); /* not zeroed: blocks are undefined too */
    if (!chunk) {
        mw_budget_give(pool->budget, chunk_size);
        return false;
    }
    *chunk = (mw_pool_chunk){pool->chunks, chunk_size};
    pool->chunks = chunk;
    size_t used = sizeof *chunk;
    used += ALIGNMENT - ((uintptr_t)chunk + used) % ALIGNMENT;
    pool->rest = (char *)chunk + used;
    pool->rest_size = chunk_size - used;
    if (pool->chunk_size < CHUNK_SIZE_MAX) pool->chunk_size *= 2;
    return true;
}

static void *take_from_heap(mw_pool *pool, int size_class, size_t size) {
    if (!mw_budget_take_movable(pool->budget, size + HEAP_HEAD)) return NULL;
    void *block = mw_allocate(size);
    if (!block) mw_budget_give_movable(pool->budget, size + HEAP_HEAD);
    else pool->sizes[size_class] = size;
    return block;
}

static void give_to_heap(mw_pool *pool, int size_class, void *block) {
    mw_budget_give_movable(pool->budget, pool->sizes[size_class] + HEAP_HEAD);
    mw_free(block);
}

void *mw_pool_take(mw_pool *pool, int size_class, size_t size) {
    MW_ASSERT(size_class >= 0 && size_class < MW_POOL_CLASSES_MAX);
    MW_ASSERT(size >= sizeof(mw_pool_block) && size % sizeof(uint64_t) == 0);
    if (whole_of(pool->budget)->spills) return take_from_heap(pool, size_class, size);
    mw_pool_block *block = pool->free[size_class];
    if (block) {
        pool->free[size_class] = block->next;
        return block;
    }
    if (pool->rest_size < size && !add_chunk(pool, size)) return NULL;
    void *piece = pool->rest;
    pool->rest += size;
    pool->rest_size -= size;
    return piece;
}

void mw_pool_give(mw_pool *pool, int size_class, void *block) {
    MW_ASSERT(size_class >= 0 && size_class < MW_POOL_CLASSES_MAX);
    if (!block) return;
    if (whole_of(pool->budget)->spills) {
        give_to_heap(pool, size_class, block);
        return;
    }
    mw_pool_block *given = block;
    given->next = pool->free[size_class];
    pool->free[size_class] = given;
}

void mw_pool_release(mw_pool *pool) {
    while (pool->chunks) {
        mw_pool_chunk *chunk = pool->chunks;
        pool->chunks = chunk->next;
        mw_budget_give(pool->budget, chunk->size);
        mw_free(chunk);
    }
    mw_pool_init(pool, pool->budget);
}
