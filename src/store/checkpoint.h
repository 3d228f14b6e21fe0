/*
 * checkpoint: what a process knew at a place of its log, so that the next one need not read all
 * that came before: named sections of bytes in one file, in a folder of numbered ones.
 *
 *     file     NUMBER.checkpoint (8 digits at least, counting up); little endian:
 *              "MWCK" | u32 format | u64 log id | i64 place | u32 section count
 *              | each: u32 name size, name, u64 size, bytes | u32 CRC32C of all before
 *
 * A file is written whole or not at all (temporary name, synced, renamed, folder synced), and the
 * two newest stay, so one that turns out bad costs a longer tail of the log and nothing else. A
 * checkpoint can always be thrown away: the log and the lake say the same, slower.
 *
 * In memory: use a simulated mw_sys. One process at a time writes in a folder, by a lock there,
 * which it holds for as long as what it writes beside a checkpoint must not be taken for leavings.
 */
#pragma once
#include "sys/sys.h"

enum { MW_CHECKPOINT_FORMAT = 1, MW_CHECKPOINTS_KEPT = 2, MW_CHECKPOINT_SECTIONS_MAX = 1 << 16 };
#define MW_CHECKPOINT_SIZE_MAX ((size_t)1 << 34)

typedef struct {
    mw_str name, bytes;
} mw_checkpoint_section;

typedef struct {
    uint64_t log_id;
    int64_t place; /* of the log's last record that went into it; it was synced before */
    const mw_checkpoint_section *sections;
    size_t section_count;
} mw_checkpoint;

/* Where checkpoints lie. */
typedef struct {
    mw_sys *sys;
    const char *folder;
} mw_checkpoints;

/* Holds the folder, made if it is absent, until mw_file_close. MW_BUSY: another process does. */
MW_MUST_USE mw_status mw_checkpoint_lock(mw_checkpoints in, mw_file **out_lock, mw_error *err);
/* For who holds the folder. What is older than the newest ones goes. After a failure it may be
   there all the same. */
MW_MUST_USE mw_status mw_checkpoint_write(mw_checkpoints in, const mw_checkpoint *checkpoint,
                                          mw_error *err);
/* The newest number below `before` (UINT64_MAX: of all), for who falls back from one to the one
   before; 0: there is none. */
MW_MUST_USE mw_status mw_checkpoint_newest(mw_checkpoints in, uint64_t before,
                                           uint64_t *out_number, mw_error *err);
/* Reads a file into `bytes`, to which the checkpoint points; the list is in `arena`. MW_CORRUPT, or
   MW_NEWER_FORMAT with both formats. */
MW_MUST_USE mw_status mw_checkpoint_read(mw_checkpoints in, uint64_t number, mw_arena *arena,
                                         mw_buf *bytes, mw_checkpoint *out_checkpoint,
                                         mw_error *err);
/* Appends one section of a file, of which no more is read, and no sum checked. MW_NOT_FOUND: it has
   none of that name. */
MW_MUST_USE mw_status mw_checkpoint_read_section(mw_checkpoints in, uint64_t number, mw_str name,
                                                 mw_buf *out_bytes, mw_error *err);

/* Of which log and place it is, by the head of the file alone: nothing proves that it is whole. */
MW_MUST_USE mw_status mw_checkpoint_read_head(mw_checkpoints in, uint64_t number,
                                              mw_checkpoint *out_checkpoint, mw_error *err);

/* The bytes of a file, made and read; `name` is the file's, for messages. */
void mw_checkpoint_append(mw_buf *out, const mw_checkpoint *checkpoint);
MW_MUST_USE mw_status mw_checkpoint_decode(mw_str bytes, const char *name, mw_arena *arena,
                                           mw_checkpoint *out_checkpoint, mw_error *err);
/* NULL if there is no section of that name. */
const mw_checkpoint_section *mw_checkpoint_find(const mw_checkpoint *checkpoint, mw_str name);
