/*
 * backlog: items of one size that leave in the order in which they came, the middle ones on disk.
 *
 * A queue (base/queue.h) for more of them than memory may hold: they lie in blocks, and where more
 * blocks are held than may be, those are put out that will be asked for last, but for the newest,
 * which may still be written. Each goes out once and comes back once, before the first item has
 * reached it, so the first block and the one behind are always here. Whatever is asked for between
 * comes back alone, and goes out again when the next one does.
 *
 * Without a disk all is held. Numbers are as in a queue. One thread.
 */
#pragma once
#include "base/queue.h"
#include "feature/spill.h"

typedef struct {
    mw_spill_disk *disk; /* NULL: none */
    size_t max;          /* bytes of blocks that are held, nearly; with a disk */
} mw_backlog_memory;

typedef struct {
    size_t item_size;
    unsigned block_shift; /* a block has two to this many items */
    uint64_t first, end;  /* numbers of those that wait: first <= number < end */
    mw_queue blocks;      /* numbered as their items are, less the shift */
    size_t held_count, held_max;
    uint64_t next_out;    /* the block that goes out next, if it is old enough by then */
    uint64_t visitor;     /* a block that is back before its turn; UINT64_MAX: none */
    void *spare;          /* a block that is empty; NULL: none */
    mw_spill spill;
} mw_backlog;

void mw_backlog_init(mw_backlog *backlog, size_t item_size, mw_backlog_memory memory);
void mw_backlog_release(mw_backlog *backlog);
/* Room for one more, its bytes unset, good until the next add, find or drop. MW_NO_MEMORY, and what
   the disk says. */
MW_MUST_USE mw_status mw_backlog_add(mw_backlog *backlog, void **out_item, mw_error *err);
/* One that waits; good until the next add, find or drop. */
MW_MUST_USE mw_status mw_backlog_find(mw_backlog *backlog, uint64_t number, void **out_item,
                                      mw_error *err);
/* The first of those that wait, or the second: they stay where they are until they leave. */
void *mw_backlog_front(const mw_backlog *backlog, uint64_t number);
/* The first leaves, there is one; a failure has not let it go. */
MW_MUST_USE mw_status mw_backlog_drop(mw_backlog *backlog, mw_error *err);
static inline bool mw_backlog_is_empty(const mw_backlog *backlog) {
    return backlog->first == backlog->end;
}
