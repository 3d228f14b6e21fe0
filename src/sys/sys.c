#include "sys/sys.h"

#include "sys/backend.h"

#include <stdlib.h>
#include <string.h>

enum { READ_STEP = 1 << 16, PATH_SIZE_MAX = 1 << 16, LIST_SIZE_MAX = 1 << 28 };

int64_t mw_sys_now_us(mw_sys *sys) {
    return sys->functions->now_us(sys);
}

int64_t mw_sys_monotonic_us(mw_sys *sys) {
    return sys->functions->monotonic_us(sys);
}

int64_t mw_sys_cpu_us(mw_sys *sys) {
    return sys->functions->cpu_us(sys);
}

void mw_sys_entropy(mw_sys *sys, void *bytes, size_t size) {
    sys->functions->entropy(sys, bytes, size);
}

const char *mw_sys_environment(mw_sys *sys, const char *name) {
    return sys->functions->environment(sys, name);
}

mw_status mw_sys_open(mw_sys *sys, const char *path, mw_file_mode mode, mw_file **out_file,
                      mw_error *err) {
    return sys->functions->open(sys, path, mode, out_file, err);
}

mw_status mw_file_read(mw_file *file, uint64_t offset, void *bytes, size_t size,
                       size_t *out_size, mw_error *err) {
    return file->functions->read(file, offset, bytes, size, out_size, err);
}

mw_status mw_file_write(mw_file *file, uint64_t offset, const void *bytes, size_t size,
                        mw_error *err) {
    MW_ASSERT(file->mode == MW_FILE_CREATE || file->mode == MW_FILE_UPDATE);
    return file->functions->write(file, offset, bytes, size, err);
}

mw_status mw_file_append(mw_file *file, const void *bytes, size_t size, mw_error *err) {
    MW_ASSERT(file->mode != MW_FILE_READ);
    return file->functions->append(file, bytes, size, err);
}

mw_status mw_file_truncate(mw_file *file, uint64_t size, mw_error *err) {
    MW_ASSERT(file->mode != MW_FILE_READ);
    return file->functions->truncate(file, size, err);
}

mw_status mw_file_sync(mw_file *file, mw_error *err) {
    return file->functions->sync(file, err);
}

mw_status mw_file_size(mw_file *file, uint64_t *out_size, mw_error *err) {
    return file->functions->size(file, out_size, err);
}

mw_status mw_file_lock(mw_file *file, mw_error *err) {
    return file->functions->lock(file, err);
}

void mw_file_close(mw_file *file) {
    if (file) file->functions->close(file);
}

static mw_status read_all(mw_file *file, const char *path, mw_buf *out_bytes, mw_error *err) {
    char *piece = mw_allocate(READ_STEP);
    if (!piece) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to read it", path);
    mw_status status = MW_OK;
    size_t size = 1;
    for (uint64_t offset = 0; status == MW_OK && size > 0 && !out_bytes->failed; offset += size) {
        status = mw_file_read(file, offset, piece, READ_STEP, &size, err);
        if (status == MW_OK) mw_buf_append(out_bytes, piece, size);
    }
    mw_free(piece);
    return status != MW_OK ? status : mw_buf_check(out_bytes, path, err);
}

mw_status mw_sys_read_file(mw_sys *sys, const char *path, mw_buf *out_bytes, mw_error *err) {
    mw_file *file;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_READ, &file, err));
    size_t size_before = out_bytes->size;
    mw_status status = read_all(file, path, out_bytes, err);
    if (status != MW_OK && out_bytes->data) {
        out_bytes->size = size_before;
        out_bytes->data[size_before] = 0;
    }
    mw_file_close(file);
    return status;
}

/* An error of the temporary file is one of the file that is to be written. */
static void name_target(mw_error *err, const char *path, const char *aside) {
    mw_str message = mw_str_of(err->message), name = mw_str_of(aside);
    if (!mw_str_starts(message, name)) return;
    mw_str rest = mw_str_slice(message, name.size, message.size);
    size_t size = strlen(path);
    memmove(err->message + size, rest.data, rest.size + 1);
    memcpy(err->message, path, size);
}

/* The file under its temporary name, synced; on failure it is gone again. */
static mw_status write_aside(mw_sys *sys, const char *path, mw_str bytes, mw_error *err) {
    mw_file *file;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_CREATE, &file, err));
    mw_status status = mw_file_append(file, bytes.data, bytes.size, err);
    if (status == MW_OK) status = mw_file_sync(file, err);
    mw_file_close(file);
    if (status != MW_OK) sys->functions->remove(sys, path, NULL);
    return status;
}

static mw_status write_by_rename(mw_sys *sys, const char *path, const char *aside, mw_str bytes,
                                 mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, PATH_SIZE_MAX);
    const char *folder = mw_str_copy(&arena, mw_path_folder(mw_str_of(path))).data;
    mw_status status = folder ? write_aside(sys, aside, bytes, err)
                              : mw_fail(err, MW_NO_MEMORY, "%s: no memory to write it", path);
    if (status == MW_OK) {
        status = mw_sys_rename(sys, aside, path, err);
        if (status == MW_OK) status = mw_sys_sync_folder(sys, folder, err);
        else sys->functions->remove(sys, aside, NULL);
    }
    mw_arena_release(&arena);
    return status;
}

/* Beside the target, so that the rename stays within one disk. */
static mw_status append_aside(mw_sys *sys, const char *path, mw_buf *out, mw_error *err) {
    uint64_t random;
    mw_sys_entropy(sys, &random, sizeof random);
    mw_buf_init(out, PATH_SIZE_MAX);
    mw_buf_printf(out, "%s.%016llx.tmp", path, (unsigned long long)random);
    return mw_buf_check(out, path, err);
}

mw_status mw_sys_write_file(mw_sys *sys, const char *path, mw_str bytes, mw_error *err) {
    mw_buf aside;
    mw_status status = append_aside(sys, path, &aside, err);
    if (status == MW_OK) {
        status = write_by_rename(sys, path, aside.data, bytes, err);
        if (status != MW_OK && err) name_target(err, path, aside.data);
    }
    mw_buf_release(&aside);
    return status;
}

static mw_status try_aside(mw_sys *sys, const char *path, mw_error *err) {
    mw_file *file = NULL;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_CREATE, &file, err));
    mw_file_close(file);
    return mw_sys_remove(sys, path, err);
}

mw_status mw_sys_try_write_file(mw_sys *sys, const char *path, mw_error *err) {
    mw_file_info info;
    MW_TRY(mw_sys_info(sys, path, &info, err));
    if (info.is_folder || info.is_special)
        return mw_fail(err, MW_INVALID, "%s: must be a file, not a %s", path,
                       info.is_folder ? "folder" : "pipe or device");
    mw_buf aside;
    mw_status status = append_aside(sys, path, &aside, err);
    if (status == MW_OK) {
        status = try_aside(sys, aside.data, err);
        if (status != MW_OK && err) name_target(err, path, aside.data);
    }
    mw_buf_release(&aside);
    return status;
}

mw_status mw_sys_info(mw_sys *sys, const char *path, mw_file_info *out_info, mw_error *err) {
    return sys->functions->info(sys, path, out_info, err);
}

mw_status mw_sys_resolve(mw_sys *sys, const char *path, mw_arena *arena, const char **out_path,
                         mw_error *err) {
    return sys->functions->resolve(sys, path, arena, out_path, err);
}

bool mw_sys_is_same(const mw_file_info *a, const mw_file_info *b) {
    return a->exists && b->exists && a->disk == b->disk && a->number == b->number;
}

static mw_status make_one_folder(mw_sys *sys, mw_str path, mw_arena *arena, mw_error *err) {
    const char *folder = mw_str_copy(arena, path).data;
    const char *parent = mw_str_copy(arena, mw_path_folder(path)).data;
    if (!folder || !parent)
        return mw_fail(err, MW_NO_MEMORY, "%.*s: no memory to make it", MW_STR_ARGS(path));
    bool made = false;
    MW_TRY(sys->functions->make_folder(sys, folder, &made, err));
    return made ? mw_sys_sync_folder(sys, parent, err) : MW_OK;
}

mw_status mw_sys_make_folder(mw_sys *sys, const char *path, mw_error *err) {
    mw_str whole = mw_str_of(path);
    while (whole.size > 1 && whole.data[whole.size - 1] == '/') whole.size--;
    mw_arena arena;
    mw_arena_init(&arena, 2 * PATH_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t end = 1; end <= whole.size && status == MW_OK; end++) {
        bool ends_a_part = end == whole.size || whole.data[end] == '/';
        if (!ends_a_part || whole.data[end - 1] == '/') continue;
        mw_arena_clear(&arena);
        status = make_one_folder(sys, mw_str_slice(whole, 0, end), &arena, err);
    }
    mw_arena_release(&arena);
    return status;
}

mw_status mw_sys_sync_folder(mw_sys *sys, const char *path, mw_error *err) {
    return sys->functions->sync_folder(sys, path, err);
}

mw_status mw_sys_rename(mw_sys *sys, const char *from, const char *to, mw_error *err) {
    return sys->functions->rename(sys, from, to, err);
}

/* Empties a folder; recursion is as deep as the folders are. */
static mw_status remove_contents(mw_sys *sys, const char *path, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, LIST_SIZE_MAX);
    mw_str *names;
    size_t count = 0;
    mw_status status = mw_sys_list(sys, path, &arena, &names, &count, err);
    for (size_t i = 0; i < count && status == MW_OK; i++) {
        const char *child = mw_path_join(&arena, path, names[i].data);
        status = child ? mw_sys_remove(sys, child, err)
                       : mw_fail(err, MW_NO_MEMORY, "%s: no memory to remove it", path);
    }
    mw_arena_release(&arena);
    return status;
}

mw_status mw_sys_remove(mw_sys *sys, const char *path, mw_error *err) {
    mw_status status = sys->functions->remove(sys, path, err);
    if (status == MW_CONFLICT) {
        MW_TRY(remove_contents(sys, path, err));
        status = sys->functions->remove(sys, path, err);
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

static int compare_names(const void *a, const void *b) {
    return mw_str_compare(*(const mw_str *)a, *(const mw_str *)b);
}

mw_status mw_sys_list(mw_sys *sys, const char *path, mw_arena *arena, mw_str **out_names,
                      size_t *out_count, mw_error *err) {
    mw_str *names = NULL;
    size_t count = 0;
    MW_TRY(sys->functions->list(sys, path, arena, &names, &count, err));
    if (count > 1) qsort(names, count, sizeof *names, compare_names);
    *out_names = names;
    *out_count = count;
    return MW_OK;
}

mw_status mw_sys_list_if_any(mw_sys *sys, const char *path, mw_arena *arena, mw_str **out_names,
                             size_t *out_count, mw_error *err) {
    mw_file_info info;
    mw_status status = mw_sys_list(sys, path, arena, out_names, out_count, err);
    if (status != MW_NOT_FOUND) return status;
    MW_TRY(mw_sys_info(sys, path, &info, err));
    if (info.exists) return mw_fail(err, MW_INVALID, "%s: must be a folder", path);
    *out_names = NULL;
    *out_count = 0;
    return MW_OK;
}

static mw_status measure(mw_sys *sys, const char *path, mw_arena *arena,
                         mw_folder_measure *measured, mw_error *err) {
    mw_file_info info;
    mw_str *names = NULL;
    size_t count = 0;
    MW_TRY(mw_sys_list_if_any(sys, path, arena, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *child = mw_path_join(arena, path, names[i].data);
        if (!child) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to measure it", path);
        MW_TRY(mw_sys_info(sys, child, &info, err));
        if (!info.exists || info.is_folder) continue;
        measured->file_count++;
        measured->size += info.size;
        if (info.size > measured->largest_size) measured->largest_size = info.size;
    }
    return MW_OK;
}

mw_status mw_sys_measure(mw_sys *sys, const char *path, mw_folder_measure *out_measure,
                         mw_error *err) {
    mw_arena arena;
    mw_folder_measure measured = {0};
    mw_arena_init(&arena, LIST_SIZE_MAX);
    mw_status status = measure(sys, path, &arena, &measured, err);
    mw_arena_release(&arena);
    if (status == MW_OK) *out_measure = measured;
    return status;
}

const char *mw_path_join(mw_arena *arena, const char *folder, const char *name) {
    if (name[0] == '/' || folder[0] == 0) return mw_str_copy(arena, mw_str_of(name)).data;
    size_t folder_size = strlen(folder), name_size = strlen(name);
    bool has_slash = folder[folder_size - 1] == '/';
    char *path = mw_arena_alloc(arena, folder_size + name_size + 2, 1);
    if (!path) return NULL;
    memcpy(path, folder, folder_size);
    if (!has_slash) path[folder_size++] = '/';
    memcpy(path + folder_size, name, name_size);
    return path;
}

static size_t name_start(mw_str path) {
    size_t start = path.size;
    while (start > 0 && path.data[start - 1] != '/') start--;
    return start;
}

mw_str mw_path_folder(mw_str path) {
    size_t start = name_start(path);
    if (start == 0) return MW_STR(".");
    return mw_str_slice(path, 0, start > 1 ? start - 1 : 1); /* the slash stays in "/" only */
}

mw_str mw_path_name(mw_str path) {
    return mw_str_slice(path, name_start(path), path.size);
}
