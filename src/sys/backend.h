/*
 * backend: what a filling of mw_sys must supply; only `sys` itself includes this.
 *
 * A filling puts a mw_sys first in a struct of its own, likewise a mw_file in its open file,
 * and hands out the address of that first member. What can be said in terms of these functions
 * (whole files, parents, folders with contents) is in sys.c, once for all fillings.
 */
#pragma once
#include "sys/sys.h"

typedef enum { MW_STANDARD_OUTPUT = 1, MW_STANDARD_ERROR = 2 } mw_standard_stream;

typedef struct {
    int64_t (*now_us)(mw_sys *sys);
    int64_t (*monotonic_us)(mw_sys *sys);
    int64_t (*cpu_us)(mw_sys *sys);
    void (*entropy)(mw_sys *sys, void *bytes, size_t size);
    const char *(*environment)(mw_sys *sys, const char *name);
    mw_status (*executable)(mw_sys *sys, mw_arena *arena, const char **out_path, mw_error *err);
    size_t (*core_count)(mw_sys *sys);

    mw_status (*open)(mw_sys *sys, const char *path, mw_file_mode mode, mw_file **out_file,
                      mw_error *err);
    mw_status (*info)(mw_sys *sys, const char *path, mw_file_info *out_info, mw_error *err);
    mw_status (*resolve)(mw_sys *sys, const char *path, mw_arena *arena, const char **out_path,
                         mw_error *err);
    /* One folder, whose parent stands; `*out_made` is false if it was there. */
    mw_status (*make_folder)(mw_sys *sys, const char *path, bool *out_made, mw_error *err);
    mw_status (*sync_folder)(mw_sys *sys, const char *path, mw_error *err);
    mw_status (*rename)(mw_sys *sys, const char *from, const char *to, mw_error *err);
    /* A file or an empty folder; MW_CONFLICT if the folder is not empty. */
    mw_status (*remove)(mw_sys *sys, const char *path, mw_error *err);
    /* In any order. */
    mw_status (*list)(mw_sys *sys, const char *path, mw_arena *arena, mw_str **out_names,
                      size_t *out_count, mw_error *err);

    size_t (*terminal_width)(mw_sys *sys, mw_standard_stream stream); /* 0: no terminal */
    void (*show)(mw_sys *sys, mw_str text); /* on standard error; best effort */
} mw_sys_functions;

struct mw_sys {
    const mw_sys_functions *functions;
};

typedef struct {
    mw_status (*read)(mw_file *file, uint64_t offset, void *bytes, size_t size, size_t *out_size,
                      mw_error *err);
    mw_status (*write)(mw_file *file, uint64_t offset, const void *bytes, size_t size,
                       mw_error *err);
    mw_status (*append)(mw_file *file, const void *bytes, size_t size, mw_error *err);
    mw_status (*truncate)(mw_file *file, uint64_t size, mw_error *err);
    mw_status (*sync)(mw_file *file, mw_error *err);
    mw_status (*size)(mw_file *file, uint64_t *out_size, mw_error *err);
    mw_status (*lock)(mw_file *file, mw_error *err);
    void (*close)(mw_file *file);
} mw_file_functions;

struct mw_file {
    const mw_file_functions *functions;
    mw_file_mode mode;
};

/* False for a simulation, which has no processes, libraries or sockets. */
bool mw_sys_is_real(const mw_sys *sys);
/* MW_UNAVAILABLE, naming `what`, unless `sys` is real. */
MW_MUST_USE mw_status mw_sys_check_real(const mw_sys *sys, const char *what, mw_error *err);
/* "name: action: what the system says", under the status that `error_number` (errno) maps to. */
mw_status mw_fail_errno(mw_error *err, int error_number, const char *name, const char *action);
