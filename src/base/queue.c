#include "base/queue.h"

#include "base/memory.h"

#include <string.h>

enum { BLOCK_SIZE = 1 << 16, BLOCKS_MIN = 8 };

void mw_queue_init(mw_queue *queue, size_t item_size) {
    MW_ASSERT(item_size > 0);
    *queue = (mw_queue){.item_size = item_size};
    while (item_size << (queue->block_shift + 1) <= BLOCK_SIZE) queue->block_shift++;
}

static void **block_at(const mw_queue *queue, uint64_t number) {
    return &queue->blocks[(number >> queue->block_shift) & (queue->block_capacity - 1)];
}

/* Its place within its block. */
static size_t index_of(const mw_queue *queue, uint64_t number) {
    return number & (((size_t)1 << queue->block_shift) - 1);
}

void mw_queue_release(mw_queue *queue) {
    for (size_t i = 0; i < queue->block_capacity; i++) mw_free(queue->blocks[i]);
    mw_free(queue->blocks);
    mw_free(queue->spare);
    *queue = (mw_queue){.item_size = 0};
}

/* Blocks go round; at twice the room each stands where its number says. */
static bool grow(mw_queue *queue) {
    mw_queue larger = *queue;
    larger.block_capacity = queue->block_capacity > 0 ? 2 * queue->block_capacity : BLOCKS_MIN;
    larger.blocks = mw_allocate(larger.block_capacity * sizeof *larger.blocks);
    if (!larger.blocks) return false;
    for (size_t i = 0; i < queue->block_capacity; i++) {
        uint64_t number = ((queue->first >> queue->block_shift) + i) << queue->block_shift;
        *block_at(&larger, number) = *block_at(queue, number);
    }
    mw_free(queue->blocks);
    *queue = larger;
    return true;
}

/* For the item at the end, the first of its block. */
static bool begin_block(mw_queue *queue) {
    unsigned shift = queue->block_shift;
    uint64_t count = (queue->end >> shift) - (queue->first >> shift);
    if (count == queue->block_capacity && !grow(queue)) return false;
    void **block = block_at(queue, queue->end);
    *block = queue->spare ? queue->spare : mw_allocate(queue->item_size << shift);
    queue->spare = NULL;
    return *block;
}

void *mw_queue_add(mw_queue *queue) {
    if (index_of(queue, queue->end) == 0 && !begin_block(queue)) return NULL;
    uint64_t number = queue->end++;
    return mw_queue_at(queue, number);
}

void *mw_queue_at(const mw_queue *queue, uint64_t number) {
    MW_ASSERT(number - queue->first < queue->end - queue->first);
    char *block = *block_at(queue, number);
    return block + index_of(queue, number) * queue->item_size;
}

void mw_queue_drop(mw_queue *queue) {
    MW_ASSERT(!mw_queue_is_empty(queue));
    void **block = block_at(queue, queue->first++);
    if (index_of(queue, queue->first) > 0) return;
    mw_free(queue->spare);
    queue->spare = *block;
    *block = NULL;
}
