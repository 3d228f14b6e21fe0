/*
 * memory: the only door to the heap, and arenas that are freed whole.
 *
 * Every allocation goes through mw_allocate, so a test can make the n-th one fail. An arena
 * takes blocks from it, hands out zeroed pieces and gives all back at once; it has a maximum
 * from birth. Nothing here aborts: out of memory is NULL, which callers turn into
 * MW_NO_MEMORY.
 *
 * An arena belongs to one thread. mw_allocate may be called from any.
 */
#pragma once
#include "base/status.h"

void *mw_allocate(size_t size);             /* zeroed; NULL: none, or size 0 */
void *mw_resize(void *memory, size_t size);  /* as realloc: not zeroed; old stands on failure */
void mw_free(void *memory);                  /* NULL is allowed */

/* `*items`, an array with room for `*capacity` of `item_size` bytes, grown (by half at least)
   so that `needed` fit. False when memory is out or `needed` exceeds `maximum`. */
MW_MUST_USE bool mw_grow(void **items, size_t *capacity, size_t needed, size_t item_size,
                         size_t maximum);

typedef struct mw_arena_block mw_arena_block;
typedef struct {
    mw_arena_block *blocks; /* newest first */
    size_t size_max;        /* bytes that it may hand out in all */
    size_t size_used;
} mw_arena;

void mw_arena_init(mw_arena *arena, size_t size_max);
void *mw_arena_alloc(mw_arena *arena, size_t count, size_t item_size); /* zeroed, or NULL */
/* The same in whole cache lines, which nothing else shares: what one thread writes there disturbs
   no other. */
enum { MW_LINE_SIZE = 64 };
void *mw_arena_alloc_lines(mw_arena *arena, size_t count, size_t item_size);
char *mw_arena_copy(mw_arena *arena, const char *bytes, size_t size); /* NUL added, or NULL */
void mw_arena_clear(mw_arena *arena);   /* empty, keeps one block for reuse */
void mw_arena_release(mw_arena *arena); /* gives all blocks back */

/* Test hook: the allocation after `count` more fails, and all after it, until reset with
   SIZE_MAX. Per thread. */
void mw_memory_fail_after(size_t count);
/* Blocks that are handed out and not freed yet, in this process. */
size_t mw_memory_live_count(void);
