/*
 * simulated_disk: a tree of files in memory that knows what would survive a loss of power.
 *
 * Each file and folder has its contents now, and as of its last sync if those differ. Changing
 * a folder, or bytes of a file that are synced, first sets the synced state aside; a sync drops
 * that copy; a loss of power goes back to it. So appending and syncing cost nothing extra.
 *
 * Paths are read from the root, with or without a slash in front; "." and ".." are resolved by
 * name. Errors are those of the system. One thread at a time.
 */
#pragma once
#include "sys/sys.h"

enum { MW_DISK_DEPTH_MAX = 64 };

typedef struct mw_disk mw_disk;
typedef struct mw_disk_node mw_disk_node; /* a file or folder; counted, so it may be unlinked */

typedef struct {
    size_t size_max;  /* bytes in all files together */
    int64_t (*now_us)(void *context); /* for the times of files */
    void *context;
} mw_disk_config;

MW_MUST_USE mw_status mw_disk_create(mw_disk_config config, mw_disk **out_disk, mw_error *err);
void mw_disk_destroy(mw_disk *disk); /* and all its nodes; none may be held any more */
void mw_disk_set_size_max(mw_disk *disk, size_t size_max);
size_t mw_disk_size(const mw_disk *disk); /* bytes in all files */

/* Finds or makes a file by `mode`, and holds it. */
MW_MUST_USE mw_status mw_disk_open(mw_disk *disk, const char *path, mw_file_mode mode,
                                   mw_disk_node **out_file, mw_error *err);
void mw_disk_close(mw_disk *disk, mw_disk_node *file);
uint64_t mw_disk_file_size(const mw_disk_node *file);
size_t mw_disk_read(const mw_disk_node *file, uint64_t offset, void *bytes, size_t size);
/* From that offset on the file's bytes cannot be read, for as long as it is there. */
MW_MUST_USE mw_status mw_disk_spoil(mw_disk *disk, const char *path, uint64_t offset,
                                    mw_error *err);
bool mw_disk_can_read(const mw_disk_node *file, uint64_t offset, size_t size);
/* If not all fits on the disk: writes what does, and MW_NO_SPACE. */
MW_MUST_USE mw_status mw_disk_write(mw_disk *disk, mw_disk_node *file, uint64_t offset,
                                    mw_str bytes, mw_error *err);
MW_MUST_USE mw_status mw_disk_truncate(mw_disk *disk, mw_disk_node *file, uint64_t size,
                                       mw_error *err);
void mw_disk_sync(mw_disk_node *file);
/* True unless somebody holds the file's lock; whoever got it unlocks. */
MW_MUST_USE bool mw_disk_lock(mw_disk_node *file);
void mw_disk_unlock(mw_disk_node *file);
void mw_disk_unlock_all(mw_disk *disk);

MW_MUST_USE mw_status mw_disk_info(mw_disk *disk, const char *path, mw_file_info *out_info,
                                   mw_error *err);
MW_MUST_USE mw_status mw_disk_make_folder(mw_disk *disk, const char *path, bool *out_made,
                                          mw_error *err);
MW_MUST_USE mw_status mw_disk_sync_folder(mw_disk *disk, const char *path, mw_error *err);
MW_MUST_USE mw_status mw_disk_rename(mw_disk *disk, const char *from, const char *to,
                                     mw_error *err);
MW_MUST_USE mw_status mw_disk_remove(mw_disk *disk, const char *path, mw_error *err);
MW_MUST_USE mw_status mw_disk_list(mw_disk *disk, const char *path, mw_arena *arena,
                                   mw_str **out_names, size_t *out_count, mw_error *err);

/* Back to what was synced. With `prng`, what was not may survive by chance, as on real disks:
   each folder old or new, each file old or new or new up to some byte, zeros after it and in some
   pages before it. */
void mw_disk_lose_power(mw_disk *disk, uint64_t *prng);
