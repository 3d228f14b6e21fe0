/*
 * pool: blocks of memory in a few sizes, each size recycled through a list of its own.
 *
 * Blocks are cut from chunks that grow from 4 KiB to 1 MiB, so that the common case (a small
 * block, often a used one) costs a few instructions and no header. Nothing goes back to the
 * heap before the pool does. All pools of one engine draw on one budget, from
 * several threads if it likes; a pool belongs to one.
 *
 * Where state may be spilled (feature/cold.h), blocks come from the heap and go back to it one by
 * one, so that what one key gives up serves any other.
 *
 * The caller names a block's class when it takes it and when it gives it back; one class has
 * one size.
 */
#pragma once
#include "base/memory.h"

enum { MW_POOL_CLASSES_MAX = 33 };

typedef struct mw_budget mw_budget;
struct mw_budget {
    size_t used, max;   /* bytes */
    bool spills;        /* what is movable may be over the maximum until it is spilled */
    size_t fixed;       /* of `used`: what is not movable; all, unless it spills */
    mw_budget *whole;   /* of which this is a part, which counts its own; NULL: none */
    size_t part_count;  /* of a whole */
};

/* Takes `size` bytes off the budget; false if that much is not left, or would not be were all that
   is movable spilled. */
MW_MUST_USE bool mw_budget_take(mw_budget *budget, size_t size);
void mw_budget_give(mw_budget *budget, size_t size);
/* The same of bytes that can be spilled. */
MW_MUST_USE bool mw_budget_take_movable(mw_budget *budget, size_t size);
void mw_budget_give_movable(mw_budget *budget, size_t size);
/* Whether the whole is over its maximum and a part has more than its share of what is movable: so
   one that has little spills nothing for the others' sake, and some part always does. */
bool mw_budget_part_is_over(const mw_budget *part);
static inline bool mw_budget_is_over(const mw_budget *budget) {
    const mw_budget *whole = budget->whole ? budget->whole : budget;
    return __atomic_load_n(&whole->used, __ATOMIC_RELAXED) > whole->max &&
           (whole == budget || mw_budget_part_is_over(budget));
}

typedef struct mw_pool_chunk mw_pool_chunk;
typedef struct mw_pool_block mw_pool_block;
typedef struct {
    mw_budget *budget;
    mw_pool_chunk *chunks; /* newest first */
    char *rest;            /* of the newest chunk */
    size_t rest_size;
    size_t chunk_size;     /* of the next one */
    mw_pool_block *free[MW_POOL_CLASSES_MAX];
    size_t sizes[MW_POOL_CLASSES_MAX]; /* of blocks that came from the heap one by one */
} mw_pool;

void mw_pool_init(mw_pool *pool, mw_budget *budget);
/* A block with undefined contents, aligned to 8 bytes, or to 32 if all sizes of the pool are
   multiples of that and nothing is spilled; NULL if memory or budget is out. */
void *mw_pool_take(mw_pool *pool, int size_class, size_t size);
void mw_pool_give(mw_pool *pool, int size_class, void *block); /* NULL is allowed */
/* Where the budget spills, all blocks have been given back before. */
void mw_pool_release(mw_pool *pool);
