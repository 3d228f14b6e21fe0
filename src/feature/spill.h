/*
 * spill: pieces of bytes put out on disk and had back, for state that memory has no room for.
 *
 * A piece takes a slot of its size class, eight classes to a doubling; the slot of one that is had
 * back or dropped is the next that is given out, so that the file grows no larger than what was out
 * at once, and its pages are mostly in the system's cache. Each piece bears a checksum over its
 * place and its bytes. Nothing here is worth anything after the process: the log says it again.
 *
 * The disk is the caller's: layers that know no files are handed one. Each spill opens a file of
 * its own there when it puts out its first piece. One thread owns a spill; a disk serves the
 * spills of many.
 */
#pragma once
#include "base/str.h"
#include "feature/pool.h"

typedef struct mw_spill_disk mw_spill_disk;
struct mw_spill_disk {
    /* An empty file, which is gone when it is closed. */
    mw_status (*open)(mw_spill_disk *disk, size_t *out_file, mw_error *err);
    mw_status (*write)(mw_spill_disk *disk, size_t file, uint64_t offset, mw_str bytes,
                       mw_error *err);
    /* All of `size` bytes, or a failure. */
    mw_status (*read)(mw_spill_disk *disk, size_t file, uint64_t offset, void *bytes, size_t size,
                      mw_error *err);
    void (*close)(mw_spill_disk *disk, size_t file);
};
enum { MW_SPILL_CLASSES = 8 * 38 };

typedef struct {
    uint64_t *free;         /* offsets: a stack */
    size_t count, capacity; /* every slot of the class would fit */
    size_t slot_count;
} mw_spill_slots;

typedef struct {
    mw_spill_disk *disk;
    size_t file;
    bool is_open;
    uint64_t end;  /* of the file */
    size_t count;  /* pieces that are out, */
    uint64_t size; /* and their bytes */
    char *room;    /* for one piece, on its way */
    size_t room_size;
    mw_spill_slots slots[MW_SPILL_CLASSES];
} mw_spill;

void mw_spill_init(mw_spill *spill, mw_spill_disk *disk);
/* Puts a piece out. `tag` is kept with it. */
MW_MUST_USE mw_status mw_spill_put(mw_spill *spill, uint64_t tag, mw_str bytes,
                                   uint64_t *out_place, mw_error *err);
/* The piece at a place, of that size; good until the next call. It stays out. */
MW_MUST_USE mw_status mw_spill_look(mw_spill *spill, uint64_t place, size_t size,
                                    uint64_t *out_tag, const void **out_bytes, mw_error *err);
void mw_spill_drop(mw_spill *spill, uint64_t place, size_t size);
void mw_spill_release(mw_spill *spill);
