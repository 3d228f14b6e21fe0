/*
 * sys: the only door to the operating system, as one handle with two fillings.
 *
 * mw_sys_real is the machine. mw_sys_simulated (sys/simulated.h) is a disk, a clock and
 * entropy in memory, deterministic by its seed, that can fill up, fail its n-th call and lose
 * power. Everything above `sys` takes a mw_sys and cannot tell which it has.
 *
 * The handle is shared by threads; a file belongs to one thread at a time. Paths are UTF-8;
 * errors name the path and what the system said.
 */
#pragma once
#include "base/calendar.h"
#include "base/str.h"

typedef struct mw_sys mw_sys;
typedef struct mw_file mw_file;

mw_sys *mw_sys_real(void);

/* Clock and entropy. */
int64_t mw_sys_now_us(mw_sys *sys);       /* wall clock, us since 1970 UTC */
int64_t mw_sys_monotonic_us(mw_sys *sys); /* never goes back */
int64_t mw_sys_cpu_us(mw_sys *sys);       /* of this process and its ended children */
void mw_sys_entropy(mw_sys *sys, void *bytes, size_t size);
const char *mw_sys_environment(mw_sys *sys, const char *name); /* NULL if unset */

/* Files. A status tells what happened: MW_NOT_FOUND, MW_CONFLICT (it stands already),
   MW_NO_SPACE, MW_BUSY, MW_NO_MEMORY, MW_INVALID (a folder where a file is meant, or the other
   way round), else MW_IO. After a failed write some of its bytes may stand. */
typedef enum {
    MW_FILE_READ,      /* must exist */
    MW_FILE_APPEND,    /* made if absent; read and append, but no mw_file_write */
    MW_FILE_CREATE,    /* must not exist; read and write */
    MW_FILE_UPDATE,    /* must exist; read and write */
} mw_file_mode;

MW_MUST_USE mw_status mw_sys_open(mw_sys *sys, const char *path, mw_file_mode mode,
                                  mw_file **out_file, mw_error *err);
/* Reads up to `size` bytes at `offset`; fewer only at the end. */
MW_MUST_USE mw_status mw_file_read(mw_file *file, uint64_t offset, void *bytes, size_t size,
                                   size_t *out_size, mw_error *err);
MW_MUST_USE mw_status mw_file_write(mw_file *file, uint64_t offset, const void *bytes,
                                    size_t size, mw_error *err);
MW_MUST_USE mw_status mw_file_append(mw_file *file, const void *bytes, size_t size,
                                     mw_error *err);
MW_MUST_USE mw_status mw_file_truncate(mw_file *file, uint64_t size, mw_error *err);
MW_MUST_USE mw_status mw_file_sync(mw_file *file, mw_error *err);
MW_MUST_USE mw_status mw_file_size(mw_file *file, uint64_t *out_size, mw_error *err);
/* An exclusive lock that dies with the process; MW_BUSY if another holds it. */
MW_MUST_USE mw_status mw_file_lock(mw_file *file, mw_error *err);
void mw_file_close(mw_file *file); /* NULL is allowed */

/* Appends the whole file; MW_TOO_LARGE if it exceeds the buffer's maximum. */
MW_MUST_USE mw_status mw_sys_read_file(mw_sys *sys, const char *path, mw_buf *out_bytes,
                                       mw_error *err);
/* Whole or not at all: temporary name, sync, rename, sync of the folder. What a crash leaves
   behind has a name that ends in ".tmp". */
MW_MUST_USE mw_status mw_sys_write_file(mw_sys *sys, const char *path, mw_str bytes,
                                        mw_error *err);
/* What a later mw_sys_write_file there would fail of, by what the disk says now; it leaves nothing.
   For whoever works long before it writes. A folder, a pipe or a device is refused. */
MW_MUST_USE mw_status mw_sys_try_write_file(mw_sys *sys, const char *path, mw_error *err);
typedef struct {
    bool exists, is_folder;
    bool is_special; /* a pipe, device or socket */
    uint64_t size;
    int64_t modified_us; /* its contents; may be set to anything */
    int64_t changed_us;  /* these, or what else stands here but its name; nobody sets it */
    uint64_t disk, number; /* of what stands there, by whatever names and links it is reached */
} mw_file_info;
MW_MUST_USE mw_status mw_sys_info(mw_sys *sys, const char *path, mw_file_info *out_info,
                                  mw_error *err);
/* The place that a path leads to, links followed: of what stands there or, where nothing does, of
   what would be made there. In `arena`. */
MW_MUST_USE mw_status mw_sys_resolve(mw_sys *sys, const char *path, mw_arena *arena,
                                     const char **out_path, mw_error *err);
/* Whether both are of the one file or folder. What does not exist is none. */
bool mw_sys_is_same(const mw_file_info *a, const mw_file_info *b);
/* Makes it and its parents, synced; fine if it is there. */
MW_MUST_USE mw_status mw_sys_make_folder(mw_sys *sys, const char *path, mw_error *err);
/* Makes what was created, renamed and removed in the folder survive a loss of power. */
MW_MUST_USE mw_status mw_sys_sync_folder(mw_sys *sys, const char *path, mw_error *err);
/* Replaces a file that stands at `to`. */
MW_MUST_USE mw_status mw_sys_rename(mw_sys *sys, const char *from, const char *to,
                                    mw_error *err);
/* Absent is fine; a folder goes with all that is in it. */
MW_MUST_USE mw_status mw_sys_remove(mw_sys *sys, const char *path, mw_error *err);
/* Names in a folder, sorted by bytes, in `arena`. */
MW_MUST_USE mw_status mw_sys_list(mw_sys *sys, const char *path, mw_arena *arena,
                                  mw_str **out_names, size_t *out_count, mw_error *err);
/* The same; none where there is no folder. */
MW_MUST_USE mw_status mw_sys_list_if_any(mw_sys *sys, const char *path, mw_arena *arena,
                                         mw_str **out_names, size_t *out_count, mw_error *err);
/* What the files that stand in a folder take, not those in folders within; one that goes meanwhile
   is none, and an absent folder has none. */
typedef struct {
    uint64_t size, largest_size; /* of them all, and of the largest */
    size_t file_count;
} mw_folder_measure;
MW_MUST_USE mw_status mw_sys_measure(mw_sys *sys, const char *path, mw_folder_measure *out_measure,
                                     mw_error *err);
/* "a" and "b/c" to "a/b/c" in `arena`; an absolute second part stands alone. */
const char *mw_path_join(mw_arena *arena, const char *folder, const char *name);
mw_str mw_path_folder(mw_str path); /* "." if there is none */
mw_str mw_path_name(mw_str path);
