/*
 * pool: blocks of memory in a few sizes, each size recycled through a list of its own.
 *
 * Blocks are cut from chunks that grow from 4 KiB to 1 MiB, so that the common case (a small
 * block, often a used one) costs a few instructions and no header. Nothing goes back to the
 * heap before the pool does. All pools of one engine draw on one budget, from
 * several threads if it likes; a pool belongs to one.
 *
 * The caller names a block's class when it takes it and when it gives it back; one class has
 * one size.
 */
#pragma once
#include "base/memory.h"

enum { MW_POOL_CLASSES_MAX = 33 };

typedef struct {
    size_t used, max; /* bytes */
} mw_budget;

/* Takes `size` bytes off the budget; false if that much is not left. */
MW_MUST_USE bool mw_budget_take(mw_budget *budget, size_t size);
void mw_budget_give(mw_budget *budget, size_t size);

typedef struct mw_pool_chunk mw_pool_chunk;
typedef struct mw_pool_block mw_pool_block;
typedef struct {
    mw_budget *budget;
    mw_pool_chunk *chunks; /* newest first */
    char *rest;            /* of the newest chunk */
    size_t rest_size;
    size_t chunk_size;     /* of the next one */
    mw_pool_block *free[MW_POOL_CLASSES_MAX];
} mw_pool;

void mw_pool_init(mw_pool *pool, mw_budget *budget);
/* A block with undefined contents, aligned to 8 bytes, or to 32 if all sizes of the pool are
   multiples of that; NULL if memory or budget is out. */
void *mw_pool_take(mw_pool *pool, int size_class, size_t size);
void mw_pool_give(mw_pool *pool, int size_class, void *block); /* NULL is allowed */
void mw_pool_release(mw_pool *pool);
