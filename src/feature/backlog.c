#include "feature/backlog.h"

#include <string.h>

enum { BLOCK_SIZE_MAX = 1 << 16, BLOCKS_USUAL = 64, HELD_MIN = 8 };
enum { FRONT = 2 }; /* blocks, and items, that are always here */
#define NOBODY UINT64_MAX

/* A block: here, or out. */
typedef struct {
    void *bytes; /* NULL: it is out, */
    uint64_t place; /* there */
} block;

void mw_backlog_init(mw_backlog *backlog, size_t item_size, mw_backlog_memory memory) {
    MW_ASSERT(item_size > 0);
    *backlog = (mw_backlog){.item_size = item_size, .held_max = SIZE_MAX, .visitor = NOBODY};
    size_t block_size = BLOCK_SIZE_MAX;
    if (memory.disk && memory.max / BLOCKS_USUAL < block_size)
        block_size = memory.max / BLOCKS_USUAL;
    while (item_size << (backlog->block_shift + 1) <= block_size) backlog->block_shift++;
    mw_queue_init(&backlog->blocks, sizeof(block));
    if (!memory.disk) return;
    mw_spill_init(&backlog->spill, memory.disk);
    backlog->held_max = memory.max / (item_size << backlog->block_shift);
    if (backlog->held_max < HELD_MIN) backlog->held_max = HELD_MIN;
}

static size_t block_size(const mw_backlog *backlog) {
    return backlog->item_size << backlog->block_shift;
}

static block *block_at(const mw_backlog *backlog, uint64_t number) {
    return mw_queue_at(&backlog->blocks, number);
}

static uint64_t block_of(const mw_backlog *backlog, uint64_t number) {
    return number >> backlog->block_shift;
}

static void *item_at(const mw_backlog *backlog, uint64_t number) {
    char *bytes = block_at(backlog, block_of(backlog, number))->bytes;
    size_t index = number & (((uint64_t)1 << backlog->block_shift) - 1);
    MW_ASSERT(bytes && number - backlog->first < backlog->end - backlog->first);
    return bytes + index * backlog->item_size;
}

void mw_backlog_release(mw_backlog *backlog) {
    mw_queue *blocks = &backlog->blocks;
    for (; !mw_queue_is_empty(blocks); mw_queue_drop(blocks))
        mw_free(block_at(backlog, blocks->first)->bytes);
    mw_queue_release(blocks);
    mw_free(backlog->spare);
    if (backlog->spill.disk) mw_spill_release(&backlog->spill);
    *backlog = (mw_backlog){.visitor = NOBODY};
}

/* --- out and back ---------------------------------------------------------------------------- */

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features: no memory for what awaits a label");
}

static void *take_bytes(mw_backlog *backlog) {
    void *bytes = backlog->spare ? backlog->spare : mw_resize(NULL, block_size(backlog));
    backlog->spare = NULL;
    backlog->held_count += bytes != NULL;
    return bytes;
}

static void give_bytes(mw_backlog *backlog, void *bytes) {
    mw_free(backlog->spare);
    backlog->spare = bytes;
    backlog->held_count--;
}

static mw_status put_out(mw_backlog *backlog, uint64_t number, mw_error *err) {
    block *one = block_at(backlog, number);
    mw_str bytes = {one->bytes, block_size(backlog)};
    MW_TRY(mw_spill_put(&backlog->spill, number, bytes, &one->place, err));
    give_bytes(backlog, one->bytes);
    one->bytes = NULL;
    return MW_OK;
}

static mw_status bring(mw_backlog *backlog, uint64_t number, mw_error *err) {
    block *one = block_at(backlog, number);
    const void *bytes;
    uint64_t tag;
    if (one->bytes) return MW_OK;
    MW_TRY(mw_spill_look(&backlog->spill, one->place, block_size(backlog), &tag, &bytes, err));
    MW_ASSERT(tag == number);
    void *taken = take_bytes(backlog);
    if (!taken) return no_memory(err);
    one->bytes = memcpy(taken, bytes, block_size(backlog));
    mw_spill_drop(&backlog->spill, one->place, block_size(backlog));
    return MW_OK;
}

/* The newest half of what may be held stays, and so do the first two. */
static bool may_go_out(const mw_backlog *backlog, uint64_t number) {
    const mw_queue *blocks = &backlog->blocks;
    return number >= blocks->first + FRONT && number + backlog->held_max / 2 < blocks->end;
}

/* Before another block is held at the end. Where all is here, the newest that may goes out, and
   then one after the other behind it. */
static mw_status make_room(mw_backlog *backlog, mw_error *err) {
    const mw_queue *blocks = &backlog->blocks;
    if (backlog->held_count < backlog->held_max) return MW_OK;
    if (backlog->next_out < blocks->first + FRONT)
        backlog->next_out = blocks->end - 1 - backlog->held_max / 2;
    if (!may_go_out(backlog, backlog->next_out)) return MW_OK;
    MW_TRY(put_out(backlog, backlog->next_out, err));
    backlog->next_out++;
    return MW_OK;
}

/* Out of turn. One at a time is so. */
static mw_status invite(mw_backlog *backlog, uint64_t number, mw_error *err) {
    uint64_t before = backlog->visitor;
    if (block_at(backlog, number)->bytes) return MW_OK;
    if (before != NOBODY && before >= backlog->blocks.first + FRONT)
        MW_TRY(put_out(backlog, before, err));
    backlog->visitor = NOBODY;
    MW_TRY(bring(backlog, number, err));
    backlog->visitor = number;
    return MW_OK;
}

/* --- items ----------------------------------------------------------------------------------- */

static mw_status begin_block(mw_backlog *backlog, mw_error *err) {
    MW_TRY(make_room(backlog, err));
    void *bytes = take_bytes(backlog);
    block *added = bytes ? mw_queue_add(&backlog->blocks) : NULL;
    if (!added) {
        if (bytes) give_bytes(backlog, bytes);
        return no_memory(err);
    }
    *added = (block){.bytes = bytes};
    return MW_OK;
}

mw_status mw_backlog_add(mw_backlog *backlog, void **out_item, mw_error *err) {
    if (block_of(backlog, backlog->end) == backlog->blocks.end) MW_TRY(begin_block(backlog, err));
    *out_item = item_at(backlog, backlog->end++);
    return MW_OK;
}

mw_status mw_backlog_find(mw_backlog *backlog, uint64_t number, void **out_item, mw_error *err) {
    MW_ASSERT(number - backlog->first < backlog->end - backlog->first);
    MW_TRY(invite(backlog, block_of(backlog, number), err));
    *out_item = item_at(backlog, number);
    return MW_OK;
}

void *mw_backlog_front(const mw_backlog *backlog, uint64_t number) {
    MW_ASSERT(number - backlog->first < FRONT);
    return item_at(backlog, number);
}

mw_status mw_backlog_drop(mw_backlog *backlog, mw_error *err) {
    mw_queue *blocks = &backlog->blocks;
    MW_ASSERT(!mw_backlog_is_empty(backlog));
    if (block_of(backlog, backlog->first + 1) > blocks->first) {
        uint64_t next = blocks->first + FRONT;
        if (next < blocks->end) MW_TRY(bring(backlog, next, err));
        give_bytes(backlog, block_at(backlog, blocks->first)->bytes);
        mw_queue_drop(blocks);
    }
    backlog->first++;
    return MW_OK;
}
