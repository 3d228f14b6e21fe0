#include "base/memory.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    GROWN_ITEMS_MIN = 8,
    BLOCK_SIZE_FIRST = 4096,
    BLOCK_SIZE_USUAL_MAX = 1 << 20, /* blocks double up to here; larger pieces get their own */
    PAGE_SIZE = 4096,
    HUGE_PAGE_SIZE = 2 << 20,
};

static atomic_size_t live_count;
static _Thread_local size_t allocations_left = SIZE_MAX; /* SIZE_MAX: no failure is set up */

static bool may_allocate(void) {
    if (allocations_left == SIZE_MAX) return true;
    if (allocations_left == 0) return false;
    allocations_left--;
    return true;
}

/* Memory that is gone through at random waits for the page tables, and each page costs a fault when
   it is first touched: fewer, larger ones are asked for. It does not matter if there are none. For
   the whole of a mapping, if the heap made one for the block: the system lets none grow, without a
   copy, of which it was told several things. */
static void prefer_huge_pages(char *memory, size_t size) {
    size_t before = (uintptr_t)memory % PAGE_SIZE;
    if (size < 2 * HUGE_PAGE_SIZE) return;
    (void)madvise(memory - before, before + size, MADV_HUGEPAGE);
}

/* Gives a block out that the heap has given, or NULL. */
__attribute__((noinline)) static void *hand_out(void *memory, size_t size) {
    if (!memory) return NULL;
    prefer_huge_pages(memory, size);
    atomic_fetch_add_explicit(&live_count, 1, memory_order_relaxed);
    return memory;
}

void *mw_allocate(size_t size) {
    if (size == 0 || !may_allocate()) return NULL;
    return hand_out(calloc(1, size), size);
}

void *mw_resize(void *memory, size_t size) {
    MW_ASSERT(size > 0);
    if (!may_allocate()) return NULL;
    void *resized = realloc(memory, size);
    return memory ? resized : hand_out(resized, size);
}

void mw_free(void *memory) {
    if (!memory) return;
    atomic_fetch_sub_explicit(&live_count, 1, memory_order_relaxed);
    free(memory);
}

void mw_memory_fail_after(size_t count) {
    allocations_left = count;
}

size_t mw_memory_live_count(void) {
    return atomic_load_explicit(&live_count, memory_order_relaxed);
}

bool mw_grow(void **items, size_t *capacity, size_t needed, size_t item_size, size_t maximum) {
    MW_ASSERT(item_size > 0);
    if (needed <= *capacity) return true;
    if (maximum > SIZE_MAX / item_size) maximum = SIZE_MAX / item_size;
    if (needed > maximum) return false;

    size_t grown = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity + *capacity / 2;
    if (grown < GROWN_ITEMS_MIN) grown = GROWN_ITEMS_MIN;
    if (grown < needed) grown = needed;
    if (grown > maximum) grown = maximum;

    void *memory; /* by memcpy, since the caller's pointer is of some other type than void * */
    memcpy(&memory, items, sizeof memory);
    memory = mw_resize(memory, grown * item_size);
    if (!memory) return false;
    memcpy(items, &memory, sizeof memory);
    *capacity = grown;
    return true;
}

/* Bytes at and past `used` are zero, so that pieces need no clearing when they are handed out. */
struct mw_arena_block {
    mw_arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

static bool block_add(mw_arena *arena, size_t size_min) {
    size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_SIZE_FIRST;
    if (size > BLOCK_SIZE_USUAL_MAX) size = BLOCK_SIZE_USUAL_MAX;
    if (size < size_min) size = size_min;
    if (size > SIZE_MAX - sizeof(mw_arena_block)) return false;
    mw_arena_block *block = mw_allocate(sizeof *block + size);
    if (!block) return false;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return true;
}

/* Where the next piece of a block would begin. */
static size_t next_start(const mw_arena_block *block, size_t alignment) {
    size_t over = ((uintptr_t)block->bytes + block->used) % alignment;
    return over > 0 ? block->used + alignment - over : block->used;
}

/* `size` zeroed bytes; an empty piece has an address too, for NULL means that there is none. */
static void *take(mw_arena *arena, size_t size, size_t alignment) {
    if (size == 0) size = 1;
    if (size > arena->size_max - arena->size_used || size > SIZE_MAX - alignment) return NULL;
    /* A block begins aligned to all but lines. */
    size_t slack = alignment > alignof(max_align_t) ? alignment : 0;
    mw_arena_block *block = arena->blocks;
    size_t start = block ? next_start(block, alignment) : 0;
    if (!block || start > block->size || size > block->size - start) {
        if (!block_add(arena, size + slack)) return NULL;
        block = arena->blocks;
        start = next_start(block, alignment);
    }
    block->used = start + size;
    arena->size_used += size;
    return block->bytes + start;
}

void mw_arena_init(mw_arena *arena, size_t size_max) {
    *arena = (mw_arena){.size_max = size_max};
}

void *mw_arena_alloc(mw_arena *arena, size_t count, size_t item_size) {
    if (item_size != 0 && count > SIZE_MAX / item_size) return NULL;
    return take(arena, count * item_size, alignof(max_align_t));
}

void *mw_arena_alloc_lines(mw_arena *arena, size_t count, size_t item_size) {
    if (item_size != 0 && count > (SIZE_MAX - MW_LINE_SIZE) / item_size) return NULL;
    size_t lines = (count * item_size + MW_LINE_SIZE - 1) / MW_LINE_SIZE;
    return take(arena, lines * MW_LINE_SIZE, MW_LINE_SIZE);
}

char *mw_arena_copy(mw_arena *arena, const char *bytes, size_t size) {
    if (size == SIZE_MAX) return NULL;
    char *copy = take(arena, size + 1, 1);
    if (copy && size > 0) memcpy(copy, bytes, size);
    return copy;
}

static void blocks_free(mw_arena_block *block) {
    while (block) {
        mw_arena_block *next = block->next;
        mw_free(block);
        block = next;
    }
}

void mw_arena_clear(mw_arena *arena) {
    arena->size_used = 0;
    mw_arena_block *kept = arena->blocks;
    if (!kept) return;
    blocks_free(kept->next);
    kept->next = NULL;
    memset(kept->bytes, 0, kept->used);
    kept->used = 0;
}

void mw_arena_release(mw_arena *arena) {
    blocks_free(arena->blocks);
    arena->blocks = NULL;
    arena->size_used = 0;
}
