#include "sys/backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ENTROPY_STEP = 256, EXECUTABLE_PATH_MAX = 4096, TERMINAL_WIDTH_DEFAULT = 80,
       LINKS_MAX = 40 /* as the kernel */ };

typedef struct {
    mw_file base;
    int descriptor;
    char path[]; /* for messages */
} real_file;

static mw_status status_of_errno(int error_number) {
    switch (error_number) {
    case ENOENT:
    case ENOTDIR: return MW_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY: return MW_CONFLICT;
    case ENOSPC:
    case EFBIG:
    case EDQUOT: return MW_NO_SPACE;
    case EWOULDBLOCK:
    case EADDRINUSE: return MW_BUSY;
    case ENOMEM: return MW_NO_MEMORY;
    case EISDIR: return MW_INVALID;
    default: return MW_IO;
    }
}

mw_status mw_fail_errno(mw_error *err, int error_number, const char *name, const char *action) {
    char text[128];
    return mw_fail(err, status_of_errno(error_number), "%s: %s: %s", name, action,
                   strerror_r(error_number, text, sizeof text));
}

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    MW_ASSERT(failed == 0);
    return (int64_t)now.tv_sec * MW_SECOND_US + now.tv_nsec / 1000;
}

static int64_t real_now_us(mw_sys *sys) {
    (void)sys;
    return clock_us(CLOCK_REALTIME);
}

static int64_t real_monotonic_us(mw_sys *sys) {
    (void)sys;
    return clock_us(CLOCK_MONOTONIC);
}

static int64_t us_of(struct timeval time) {
    return (int64_t)time.tv_sec * MW_SECOND_US + time.tv_usec;
}

static int64_t real_cpu_us(mw_sys *sys) {
    (void)sys;
    int64_t total = 0;
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (size_t i = 0; i < 2; i++) {
        struct rusage usage;
        int failed = getrusage(whose[i], &usage);
        MW_ASSERT(failed == 0);
        total += us_of(usage.ru_utime) + us_of(usage.ru_stime);
    }
    return total;
}

static void real_entropy(mw_sys *sys, void *bytes, size_t size) {
    (void)sys;
    for (size_t done = 0; done < size;) {
        size_t step = size - done < ENTROPY_STEP ? size - done : ENTROPY_STEP;
        ssize_t got = getrandom((char *)bytes + done, step, 0);
        MW_ASSERT(got > 0 || errno == EINTR);
        if (got > 0) done += (size_t)got;
    }
}

static const char *real_environment(mw_sys *sys, const char *name) {
    (void)sys;
    return getenv(name);
}

static mw_status real_executable(mw_sys *sys, mw_arena *arena, const char **out_path,
                                 mw_error *err) {
    (void)sys;
    char path[EXECUTABLE_PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    if (size < 0) return mw_fail_errno(err, errno, "/proc/self/exe", "cannot be read");
    const char *copy = mw_arena_copy(arena, path, (size_t)size);
    if (!copy) return mw_fail(err, MW_NO_MEMORY, "executable: no memory for its path");
    *out_path = copy;
    return MW_OK;
}

/* The cores that this process may run on, which a container may have cut. */
static size_t real_core_count(mw_sys *sys) {
    (void)sys;
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    int count = CPU_COUNT(&cores);
    return count > 0 ? (size_t)count : 1;
}

static mw_status fail_file(const real_file *file, const char *action, mw_error *err) {
    return mw_fail_errno(err, errno, file->path, action);
}

static mw_status file_read(mw_file *base, uint64_t offset, void *bytes, size_t size,
                           size_t *out_size, mw_error *err) {
    real_file *file = (real_file *)base;
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(file->descriptor, (char *)bytes + done, size - done,
                            (off_t)(offset + done));
        if (got == 0) break;
        if (got < 0 && errno != EINTR) return fail_file(file, "cannot be read", err);
        if (got > 0) done += (size_t)got;
    }
    *out_size = done;
    return MW_OK;
}

static mw_status file_write(mw_file *base, uint64_t offset, const void *bytes, size_t size,
                            mw_error *err) {
    real_file *file = (real_file *)base;
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(file->descriptor, (const char *)bytes + done, size - done,
                             (off_t)(offset + done));
        if (put < 0 && errno != EINTR) return fail_file(file, "cannot be written", err);
        if (put > 0) done += (size_t)put;
    }
    return MW_OK;
}

static mw_status file_size(mw_file *base, uint64_t *out_size, mw_error *err) {
    real_file *file = (real_file *)base;
    struct stat info;
    if (fstat(file->descriptor, &info) != 0) return fail_file(file, "cannot be looked at", err);
    *out_size = (uint64_t)info.st_size;
    return MW_OK;
}

/* In append mode the kernel finds the end (O_APPEND makes pwrite ignore its offset). */
static mw_status file_append(mw_file *base, const void *bytes, size_t size, mw_error *err) {
    uint64_t end = 0;
    if (base->mode != MW_FILE_APPEND) MW_TRY(file_size(base, &end, err));
    return file_write(base, end, bytes, size, err);
}

static mw_status file_truncate(mw_file *base, uint64_t size, mw_error *err) {
    real_file *file = (real_file *)base;
    int failed;
    do failed = ftruncate(file->descriptor, (off_t)size);
    while (failed && errno == EINTR);
    return failed ? fail_file(file, "cannot be cut", err) : MW_OK;
}

static mw_status file_sync(mw_file *base, mw_error *err) {
    real_file *file = (real_file *)base;
    if (fdatasync(file->descriptor) != 0) return fail_file(file, "cannot be synced", err);
    return MW_OK;
}

static mw_status file_lock(mw_file *base, mw_error *err) {
    real_file *file = (real_file *)base;
    if (flock(file->descriptor, LOCK_EX | LOCK_NB) == 0) return MW_OK;
    if (errno != EWOULDBLOCK) return fail_file(file, "cannot be locked", err);
    return mw_fail(err, MW_BUSY, "%s: another process holds its lock", file->path);
}

static void file_close(mw_file *base) {
    real_file *file = (real_file *)base;
    close(file->descriptor);
    mw_free(file);
}

static const mw_file_functions real_file_functions = {
    .read = file_read,
    .write = file_write,
    .append = file_append,
    .truncate = file_truncate,
    .sync = file_sync,
    .size = file_size,
    .lock = file_lock,
    .close = file_close,
};

static mw_status check_not_folder(int descriptor, const char *path, mw_error *err) {
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return mw_fail_errno(err, errno, path, "cannot be looked at");
    if (S_ISDIR(info.st_mode)) return mw_fail_errno(err, EISDIR, path, "cannot be opened");
    return MW_OK;
}

static mw_status real_open(mw_sys *sys, const char *path, mw_file_mode mode, mw_file **out_file,
                           mw_error *err) {
    (void)sys;
    static const int flags[] = {[MW_FILE_READ] = O_RDONLY,
                                [MW_FILE_APPEND] = O_RDWR | O_CREAT | O_APPEND,
                                [MW_FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
                                [MW_FILE_UPDATE] = O_RDWR};
    size_t path_size = strlen(path) + 1;
    real_file *file = mw_allocate(sizeof *file + path_size);
    if (!file) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to open it", path);
    file->base = (mw_file){.functions = &real_file_functions, .mode = mode};
    memcpy(file->path, path, path_size);

    file->descriptor = open(path, flags[mode] | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        int error_number = errno;
        mw_free(file);
        return mw_fail_errno(err, error_number, path, "cannot be opened");
    }
    mw_status status = check_not_folder(file->descriptor, path, err);
    if (status != MW_OK) {
        file_close(&file->base);
        return status;
    }
    *out_file = &file->base;
    return MW_OK;
}

static int64_t us_of_stamp(struct timespec at) {
    return (int64_t)at.tv_sec * MW_SECOND_US + at.tv_nsec / 1000;
}

static mw_status real_info(mw_sys *sys, const char *path, mw_file_info *out_info,
                           mw_error *err) {
    (void)sys;
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return mw_fail_errno(err, errno, path, "cannot be looked at");
        *out_info = (mw_file_info){.exists = false};
        return MW_OK;
    }
    *out_info = (mw_file_info){
        .exists = true,
        .is_folder = S_ISDIR(info.st_mode),
        .is_special = !S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode),
        .size = S_ISDIR(info.st_mode) ? 0 : (uint64_t)info.st_size,
        .modified_us = us_of_stamp(info.st_mtim),
        .changed_us = us_of_stamp(info.st_ctim),
        .disk = info.st_dev,
        .number = info.st_ino,
    };
    return MW_OK;
}

static mw_status no_room_for_path(const char *path, mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "%s: no memory to look at it", path);
}

/* Where the link that is named so leads; `*out_target` is NULL where it is none. */
static mw_status read_link(const char *path, mw_arena *arena, const char **out_target,
                           mw_error *err) {
    char bytes[PATH_MAX];
    ssize_t size = readlink(path, bytes, sizeof bytes);
    *out_target = NULL;
    if (size < 0) return MW_OK; /* whatever it is: who opens it learns of that */
    const char *target = mw_arena_copy(arena, bytes, (size_t)size);
    const char *folder = mw_str_copy(arena, mw_path_folder(mw_str_of(path))).data;
    bool is_whole = target && target[0] == '/';
    *out_target = is_whole || !target || !folder ? target : mw_path_join(arena, folder, target);
    return *out_target && folder ? MW_OK : no_room_for_path(path, err);
}

/* A link may lead to nothing yet: each is followed until there is no more. */
static mw_status real_resolve(mw_sys *sys, const char *path, mw_arena *arena,
                              const char **out_path, mw_error *err) {
    (void)sys;
    const char *at = path, *target = path;
    char found[PATH_MAX];
    for (int i = 0; i < LINKS_MAX && target; i++) {
        at = target;
        if (realpath(at, found)) {
            *out_path = mw_arena_copy(arena, found, strlen(found));
            return *out_path ? MW_OK : no_room_for_path(path, err);
        }
        MW_TRY(read_link(at, arena, &target, err));
    }
    *out_path = at;
    return MW_OK;
}

static mw_status real_make_folder(mw_sys *sys, const char *path, bool *out_made, mw_error *err) {
    *out_made = mkdir(path, 0777) == 0;
    if (*out_made) return MW_OK;
    int error_number = errno;
    mw_file_info info;
    if (error_number == EEXIST && real_info(sys, path, &info, NULL) == MW_OK && info.is_folder)
        return MW_OK;
    return mw_fail_errno(err, error_number, path, "cannot be made a folder");
}

static mw_status real_sync_folder(mw_sys *sys, const char *path, mw_error *err) {
    (void)sys;
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return mw_fail_errno(err, errno, path, "cannot be opened");
    int error_number = fsync(descriptor) == 0 ? 0 : errno;
    close(descriptor);
    return error_number ? mw_fail_errno(err, error_number, path, "cannot be synced") : MW_OK;
}

static mw_status real_rename(mw_sys *sys, const char *from, const char *to, mw_error *err) {
    (void)sys;
    if (rename(from, to) == 0) return MW_OK;
    int error_number = errno;
    mw_status status = mw_fail_errno(err, error_number, from, "cannot be renamed");
    return mw_hint(err, status, "The new name was %s.", to);
}

static mw_status real_remove(mw_sys *sys, const char *path, mw_error *err) {
    (void)sys;
    if (unlink(path) == 0) return MW_OK;
    if (errno == EISDIR && rmdir(path) == 0) return MW_OK;
    return mw_fail_errno(err, errno, path, "cannot be removed");
}

static bool is_self_or_parent(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Adds the names to `*names`, which the caller frees; false when memory is out. */
static bool read_names(DIR *folder, mw_arena *arena, mw_str **names, size_t *count) {
    size_t capacity = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (is_self_or_parent(entry->d_name)) continue;
        mw_str name = mw_str_copy(arena, mw_str_of(entry->d_name));
        if (!name.data || !mw_grow((void **)names, &capacity, *count + 1, sizeof name, SIZE_MAX))
            return false;
        (*names)[(*count)++] = name;
    }
    return true;
}

static mw_status real_list(mw_sys *sys, const char *path, mw_arena *arena, mw_str **out_names,
                           size_t *out_count, mw_error *err) {
    (void)sys;
    DIR *folder = opendir(path);
    if (!folder) return mw_fail_errno(err, errno, path, "cannot be listed");
    mw_str *names = NULL;
    size_t count = 0;
    bool complete = read_names(folder, arena, &names, &count);
    closedir(folder);
    mw_str *copy = complete ? mw_arena_alloc(arena, count, sizeof *copy) : NULL;
    if (copy && count > 0) memcpy(copy, names, count * sizeof *copy);
    mw_free(names);
    if (!copy) return mw_fail(err, MW_NO_MEMORY, "%s: no memory for its list", path);
    *out_names = copy;
    *out_count = count;
    return MW_OK;
}

static size_t real_terminal_width(mw_sys *sys, mw_standard_stream stream) {
    (void)sys;
    struct winsize size;
    if (!isatty((int)stream)) return 0;
    if (ioctl((int)stream, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return TERMINAL_WIDTH_DEFAULT;
    return size.ws_col;
}

static void real_show(mw_sys *sys, mw_str text) {
    (void)sys;
    while (text.size > 0) {
        ssize_t put = write(STDERR_FILENO, text.data, text.size);
        if (put < 0 && errno != EINTR) return;
        if (put > 0) text = mw_str_slice(text, (size_t)put, text.size);
    }
}

static const mw_sys_functions real_functions = {
    .now_us = real_now_us,
    .monotonic_us = real_monotonic_us,
    .cpu_us = real_cpu_us,
    .entropy = real_entropy,
    .environment = real_environment,
    .executable = real_executable,
    .core_count = real_core_count,
    .open = real_open,
    .info = real_info,
    .resolve = real_resolve,
    .make_folder = real_make_folder,
    .sync_folder = real_sync_folder,
    .rename = real_rename,
    .remove = real_remove,
    .list = real_list,
    .terminal_width = real_terminal_width,
    .show = real_show,
};

mw_sys *mw_sys_real(void) {
    static mw_sys real = {.functions = &real_functions};
    return &real;
}

bool mw_sys_is_real(const mw_sys *sys) {
    return sys->functions == &real_functions;
}

mw_status mw_sys_check_real(const mw_sys *sys, const char *what, mw_error *err) {
    if (mw_sys_is_real(sys)) return MW_OK;
    return mw_fail(err, MW_UNAVAILABLE, "%s: a simulated system has none", what);
}
