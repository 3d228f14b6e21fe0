#include "store/spill_files.h"

#include <stdio.h>

enum { PATH_SIZE_MAX = 4096 };

struct mw_spill_files {
    mw_spill_disk disk; /* first: a disk is cast back to this */
    mw_sys *sys;
    mw_arena arena;
    const char *folder;
    bool is_taken[MW_SPILL_FILES_MAX];
    mw_file *files[MW_SPILL_FILES_MAX];
};

static mw_spill_files *files_of(mw_spill_disk *disk) {
    return (mw_spill_files *)disk;
}

static mw_status make_file(mw_spill_files *files, mw_file **out_file, mw_error *err) {
    uint64_t number;
    char path[PATH_SIZE_MAX];
    mw_sys_entropy(files->sys, &number, sizeof number);
    int size = snprintf(path, sizeof path, "%s/spill-%016llx.tmp", files->folder,
                        (unsigned long long)number);
    if (size >= PATH_SIZE_MAX)
        return mw_fail(err, MW_TOO_LARGE, "%s: the path of its files is too long", files->folder);
    mw_file *file;
    MW_TRY(mw_sys_open(files->sys, path, MW_FILE_CREATE, &file, err));
    mw_status status = mw_sys_remove(files->sys, path, err);
    if (status != MW_OK) mw_file_close(file);
    else *out_file = file;
    return status;
}

static mw_status open_file(mw_spill_disk *disk, size_t *out_file, mw_error *err) {
    mw_spill_files *files = files_of(disk);
    size_t i = 0;
    while (i < MW_SPILL_FILES_MAX &&
           __atomic_exchange_n(&files->is_taken[i], true, __ATOMIC_ACQ_REL))
        i++;
    if (i == MW_SPILL_FILES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "%s: at most %d spill files at once", files->folder,
                       MW_SPILL_FILES_MAX);
    mw_status status = make_file(files, &files->files[i], err);
    if (status != MW_OK) __atomic_store_n(&files->is_taken[i], false, __ATOMIC_RELEASE);
    else *out_file = i;
    return status;
}

static mw_status write_file(mw_spill_disk *disk, size_t file, uint64_t offset, mw_str bytes,
                            mw_error *err) {
    mw_spill_files *files = files_of(disk);
    mw_status status = mw_file_write(files->files[file], offset, bytes.data, bytes.size, err);
    return status == MW_OK ? MW_OK
                           : mw_hint(err, status,
                                     "What `memory` has no room for is written there: make "
                                     "room on the disk, or raise `memory`.");
}

static mw_status read_file(mw_spill_disk *disk, size_t file, uint64_t offset, void *bytes,
                           size_t size, mw_error *err) {
    mw_spill_files *files = files_of(disk);
    size_t got;
    MW_TRY(mw_file_read(files->files[file], offset, bytes, size, &got, err));
    return got == size ? MW_OK
                       : mw_fail(err, MW_IO, "%s: a spill file ends at %llu, %zu bytes early",
                                 files->folder, (unsigned long long)offset + got, size - got);
}

static void close_file(mw_spill_disk *disk, size_t file) {
    mw_spill_files *files = files_of(disk);
    mw_file_close(files->files[file]);
    files->files[file] = NULL;
    __atomic_store_n(&files->is_taken[file], false, __ATOMIC_RELEASE);
}

mw_status mw_spill_files_create(mw_sys *sys, const char *folder, mw_spill_files **out_files,
                                mw_error *err) {
    mw_spill_files *files = mw_allocate(sizeof *files);
    if (!files) return mw_fail(err, MW_NO_MEMORY, "spill files: no memory");
    *files = (mw_spill_files){.disk = {open_file, write_file, read_file, close_file}, .sys = sys};
    mw_arena_init(&files->arena, PATH_SIZE_MAX);
    mw_str path = mw_str_of(folder);
    files->folder = mw_arena_copy(&files->arena, path.data, path.size);
    if (!files->folder) {
        mw_spill_files_destroy(files);
        return mw_fail(err, MW_NO_MEMORY, "spill files: no memory for the path of their folder");
    }
    *out_files = files;
    return MW_OK;
}

void mw_spill_files_destroy(mw_spill_files *files) {
    if (!files) return;
    for (size_t i = 0; i < MW_SPILL_FILES_MAX; i++) mw_file_close(files->files[i]);
    mw_arena_release(&files->arena);
    mw_free(files);
}

mw_spill_disk *mw_spill_files_disk(mw_spill_files *files) {
    return &files->disk;
}
