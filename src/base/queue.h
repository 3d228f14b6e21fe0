/*
 * queue: items of one size that leave in the order in which they came.
 *
 * Each is known by its number, the first ever being 0, and stays where it is until it leaves. They
 * lie in blocks of some 64 KB; a block whose items have left is used again or given back, so what
 * is held follows what waits, and nothing is ever copied.
 */
#pragma once
#include "base/status.h"

typedef struct {
    size_t item_size;
    unsigned block_shift;  /* a block has two to this many items */
    uint64_t first, end;   /* numbers of those that wait: first <= number < end */
    void **blocks;         /* a ring: a block by its number among all that there were */
    size_t block_capacity; /* a power of two, or 0 */
    void *spare;           /* NULL: none */
} mw_queue;

void mw_queue_init(mw_queue *queue, size_t item_size); /* at least 1 */
void mw_queue_release(mw_queue *queue);
/* Room for one more, its bytes unset; NULL where memory is out. Good until it leaves. */
MW_MUST_USE void *mw_queue_add(mw_queue *queue);
void *mw_queue_at(const mw_queue *queue, uint64_t number); /* of one that waits */
void mw_queue_drop(mw_queue *queue);                       /* the first leaves; there is one */
static inline bool mw_queue_is_empty(const mw_queue *queue) {
    return queue->first == queue->end;
}
