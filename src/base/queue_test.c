#include "base/queue.h"

#include <string.h>

#include "base/memory.h"
#include "base/prng.h"
#include "testing/test.h"

typedef struct {
    mw_queue queue;
    size_t item_size;
} world;

static void check_item(const world *w, uint64_t number) {
    unsigned char *bytes = mw_queue_at(&w->queue, number);
    MW_CHECK_EQUAL_INT(bytes[0], number % 251);
    MW_CHECK_EQUAL_INT(bytes[w->item_size - 1], number % 251);
}

static bool add(world *w) {
    unsigned char *bytes = mw_queue_add(&w->queue);
    if (bytes) memset(bytes, (int)((w->queue.end - 1) % 251), w->item_size);
    return bytes;
}

/* Beside a plain count of who came and who left; an item is where it was when it came. */
MW_TEST(queue_keeps_what_waits_where_it_is) {
    static const size_t sizes[] = {1, 8, 184, 4096, 70000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        world w = {.item_size = sizes[s]};
        uint64_t prng = mw_test_seed() + s, came = 0, left = 0;
        const void *stands = NULL;
        mw_queue_init(&w.queue, w.item_size);
        for (int turn = 0; turn < 400; turn++) {
            size_t adds = mw_prng_next(&prng) % 200, drops = mw_prng_next(&prng) % 200;
            for (size_t i = 0; i < adds; i++, came++) MW_CHECK(add(&w));
            if (came > left) stands = mw_queue_at(&w.queue, left);
            for (size_t i = 0; i < adds && turn % 40 == 0; i++, came++) MW_CHECK(add(&w));
            if (came > left) MW_CHECK(stands == mw_queue_at(&w.queue, left));
            if (turn % 50 == 49) drops = (size_t)(came - left); /* to the last */
            for (size_t i = 0; i < drops && left < came; i++, left++) {
                check_item(&w, left);
                mw_queue_drop(&w.queue);
            }
            MW_CHECK_EQUAL_INT(w.queue.first, left);
            MW_CHECK_EQUAL_INT(w.queue.end, came);
            MW_CHECK(mw_queue_is_empty(&w.queue) == (came == left));
            if (came > left) check_item(&w, left + mw_prng_next(&prng) % (came - left));
        }
        mw_queue_release(&w.queue);
    }
}

static mw_status add_many(void *context) {
    world w = {.item_size = 1000};
    mw_status status = MW_OK;
    (void)context;
    mw_queue_init(&w.queue, w.item_size);
    for (int i = 0; i < 2000; i++) {
        if (!add(&w)) {
            status = MW_NO_MEMORY; /* and it goes on as if nobody had asked */
            if (!add(&w)) break;
        }
        if (i % 3 == 0) mw_queue_drop(&w.queue);
    }
    for (uint64_t i = w.queue.first; i < w.queue.end; i++) check_item(&w, i);
    mw_queue_release(&w.queue);
    return status;
}

MW_TEST(queue_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(add_many, NULL) > 10);
}

/* A million that pass through leave no more than two blocks. */
MW_TEST(queue_holds_what_waits_alone) {
    mw_queue queue;
    mw_queue_init(&queue, 64);
    for (int i = 0; i < 1000000; i++) {
        MW_CHECK(mw_queue_add(&queue));
        mw_queue_drop(&queue);
    }
    MW_CHECK_EQUAL_INT(queue.block_capacity, 8);
    size_t blocks = queue.spare != NULL;
    for (size_t i = 0; i < queue.block_capacity; i++) blocks += queue.blocks[i] != NULL;
    MW_CHECK(blocks <= 2);
    mw_queue_release(&queue);
}
