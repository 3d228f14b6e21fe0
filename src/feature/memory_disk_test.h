/*
 * memory_disk_test: a disk for spilled keys that is memory, counts its calls and can fail, for the
 * tests of feature.
 */
#pragma once
#include "feature/spill.h"
#include "testing/test.h"

#include <string.h>

enum { MEMORY_DISK_FILES = 64 };

typedef struct {
    mw_spill_disk disk;
    mw_buf files[MEMORY_DISK_FILES];
    bool is_open[MEMORY_DISK_FILES];
    size_t reads, writes;
    size_t failing_call; /* counted from 1, of both kinds; 0: none fails */
    mw_status failure;
} memory_disk;

static inline mw_status memory_disk_call(memory_disk *disk, mw_error *err) {
    return disk->reads + disk->writes == disk->failing_call
               ? mw_fail(err, disk->failure, "memory disk: fails as it was told")
               : MW_OK;
}

static inline mw_status memory_disk_open(mw_spill_disk *of, size_t *out_file, mw_error *err) {
    memory_disk *disk = (memory_disk *)of;
    size_t file = 0;
    while (disk->is_open[file]) file++;
    MW_CHECK(file < MEMORY_DISK_FILES);
    disk->writes++;
    MW_TRY(memory_disk_call(disk, err));
    disk->is_open[file] = true;
    *out_file = file;
    return MW_OK;
}

static inline void memory_disk_close(mw_spill_disk *of, size_t file) {
    memory_disk *disk = (memory_disk *)of;
    MW_CHECK(disk->is_open[file]);
    disk->is_open[file] = false;
    mw_buf_clear(&disk->files[file]);
}

static inline mw_status memory_disk_write(mw_spill_disk *of, size_t file, uint64_t offset,
                                          mw_str bytes, mw_error *err) {
    memory_disk *disk = (memory_disk *)of;
    mw_buf *out = &disk->files[file];
    disk->writes++;
    MW_TRY(memory_disk_call(disk, err));
    while (out->size < offset && !out->failed) mw_buf_append(out, "", 1); /* a hole: zeros */
    MW_TRY(mw_buf_check(out, "memory disk", err));
    size_t within = out->size - offset < bytes.size ? out->size - offset : bytes.size;
    if (within > 0) memcpy(out->data + offset, bytes.data, within);
    mw_buf_append(out, bytes.data + within, bytes.size - within);
    return mw_buf_check(out, "memory disk", err);
}

static inline mw_status memory_disk_read(mw_spill_disk *of, size_t file, uint64_t offset,
                                         void *bytes, size_t size, mw_error *err) {
    memory_disk *disk = (memory_disk *)of;
    disk->reads++;
    MW_TRY(memory_disk_call(disk, err));
    MW_CHECK(offset + size <= disk->files[file].size);
    memcpy(bytes, disk->files[file].data + offset, size);
    return MW_OK;
}

static inline void memory_disk_init(memory_disk *disk) {
    *disk = (memory_disk){.disk = {memory_disk_open, memory_disk_write, memory_disk_read,
                                   memory_disk_close},
                          .failure = MW_IO};
    for (size_t i = 0; i < MEMORY_DISK_FILES; i++) mw_buf_init(&disk->files[i], 1 << 28);
}

static inline void memory_disk_release(memory_disk *disk) {
    for (size_t i = 0; i < MEMORY_DISK_FILES; i++) {
        MW_CHECK(!disk->is_open[i]);
        mw_buf_release(&disk->files[i]);
    }
}
