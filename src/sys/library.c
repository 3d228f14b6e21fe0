#include "sys/library.h"

#include "sys/backend.h"
#include "sys/zone_hint.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILE_NAME_MAX = 128, ZONE_SIZE_MAX = 1 << 20, PLACES = 3, SEARCH_SIZE_MAX = 1 << 16 };

struct mw_library {
    char file_name[FILE_NAME_MAX];
    void *handle;
};

/* Libraries cannot be opened twice nor safely closed, so a process has one list of them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static mw_library libraries[MW_LIBRARIES_MAX]; /* guarded by `lock`; entries never change */
static size_t library_count;                   /* guarded by `lock` */

/* Where files of one kind are kept: a folder that a variable names, or one of two near the
   executable. */
typedef struct {
    const char *variable;
    const char *beside;  /* from the folder of the executable */
    const char *sibling; /* likewise, when installed */
} search_rule;

static const search_rule library_search = {"MILLWRIGHT_LIB", "lib", "../lib/millwright"};
static const search_rule share_search = {"MILLWRIGHT_SHARE", "share", "../share/millwright"};

mw_status mw_executable_path(mw_sys *sys, mw_arena *arena, const char **out_path, mw_error *err) {
    return sys->functions->executable(sys, arena, out_path, err);
}

static const char *join_three(mw_arena *arena, const char *a, const char *b, const char *c) {
    const char *folder = mw_path_join(arena, a, b);
    return folder ? mw_path_join(arena, folder, c) : NULL;
}

/* The paths where `name` may be, in order of preference; the first is NULL if the variable is
   not set. */
static mw_status places_of(mw_sys *sys, mw_arena *arena, search_rule rule, const char *name,
                           const char *out_paths[PLACES], mw_error *err) {
    const char *executable;
    MW_TRY(mw_executable_path(sys, arena, &executable, err));
    const char *folder = mw_str_copy(arena, mw_path_folder(mw_str_of(executable))).data;
    const char *chosen = mw_sys_environment(sys, rule.variable);
    bool is_set = chosen && chosen[0];
    out_paths[0] = is_set ? mw_path_join(arena, chosen, name) : NULL;
    out_paths[1] = folder ? join_three(arena, folder, rule.beside, name) : NULL;
    out_paths[2] = folder ? join_three(arena, folder, rule.sibling, name) : NULL;
    if ((is_set && !out_paths[0]) || !out_paths[1] || !out_paths[2])
        return mw_fail(err, MW_NO_MEMORY, "%s: no memory to look for it", name);
    return MW_OK;
}

/* The first place where there is such a file; `*out_path` is NULL if there is none. */
static mw_status find(mw_sys *sys, mw_arena *arena, search_rule rule, const char *name,
                      const char **out_path, mw_error *err) {
    const char *paths[PLACES];
    *out_path = NULL;
    MW_TRY(places_of(sys, arena, rule, name, paths, err));
    for (size_t i = 0; i < PLACES && !*out_path; i++) {
        mw_file_info info = {.exists = false};
        if (paths[i]) MW_TRY(mw_sys_info(sys, paths[i], &info, err));
        if (info.exists) *out_path = paths[i];
    }
    return MW_OK;
}

static mw_status fail_search(mw_error *err, mw_status status, search_rule rule, const char *name) {
    status = mw_fail(err, status, "%s: not found in $%s, nor in %s or %s from the program", name,
                     rule.variable, rule.beside, rule.sibling);
    return mw_hint(err, status, "Set %s to the folder that holds it.", rule.variable);
}

/* With the lock held. */
static mw_library *find_open(const char *file_name) {
    for (size_t i = 0; i < library_count; i++)
        if (strcmp(libraries[i].file_name, file_name) == 0) return &libraries[i];
    return NULL;
}

/* With the lock held. */
static mw_status open_at(const char *path, const char *file_name, mw_library **out_library,
                         mw_error *err) {
    MW_ASSERT(library_count < MW_LIBRARIES_MAX && strlen(file_name) < FILE_NAME_MAX);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return mw_fail(err, MW_UNAVAILABLE, "%s: cannot be opened: %s", path, dlerror());
    mw_library *library = &libraries[library_count++];
    library->handle = handle;
    memcpy(library->file_name, file_name, strlen(file_name) + 1);
    *out_library = library;
    return MW_OK;
}

mw_status mw_library_open(mw_sys *sys, const char *file_name, mw_library **out_library,
                          mw_error *err) {
    MW_TRY(mw_sys_check_real(sys, "libraries", err));
    mw_arena arena;
    mw_arena_init(&arena, SEARCH_SIZE_MAX);
    pthread_mutex_lock(&lock);
    mw_library *library = find_open(file_name);
    mw_status status = MW_OK;
    if (!library) {
        const char *path;
        status = find(sys, &arena, library_search, file_name, &path, err);
        if (status == MW_OK && !path)
            status = fail_search(err, MW_UNAVAILABLE, library_search, file_name);
        if (status == MW_OK) status = open_at(path, file_name, &library, err);
    }
    pthread_mutex_unlock(&lock);
    mw_arena_release(&arena);
    if (status == MW_OK) *out_library = library;
    return status;
}

mw_status mw_library_symbols(mw_library *library, const char *const *names, size_t count,
                             mw_symbol *out_symbols, mw_error *err) {
    for (size_t i = 0; i < count; i++)
        if (!dlsym(library->handle, names[i]))
            return mw_fail(err, MW_UNAVAILABLE, "%s: has no function %s", library->file_name,
                           names[i]);
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library->handle, names[i]);
        memcpy(&out_symbols[i], &address, sizeof address); /* C has no cast between the two */
    }
    return MW_OK;
}

/* What was never writable is as in the file. */
static int rest_segments(struct dl_phdr_info *info, size_t size, void *base) {
    (void)size;
    if (info->dlpi_addr != *(const ElfW(Addr) *)base) return 0;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        uintptr_t begin = (info->dlpi_addr + segment->p_vaddr + page - 1) / page * page;
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) / page * page;
        if (begin < end) (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 1;
}

void mw_library_rest(mw_library *library) {
    struct link_map *map = NULL;
    if (dlinfo(library->handle, RTLD_DI_LINKMAP, &map) != 0) return;
    ElfW(Addr) base = map->l_addr;
    (void)dl_iterate_phdr(rest_segments, &base);
}

/* False for a name that would leave the folder in which it is looked for. */
static bool stays_inside(mw_str name) {
    if (name.size == 0 || name.data[0] == '/' || memchr(name.data, 0, name.size)) return false;
    mw_str part;
    while (mw_str_split(&name, '/', &part))
        if (mw_str_is(part, "..")) return false;
    return true;
}

mw_status mw_share_path(mw_sys *sys, mw_arena *arena, const char *name, const char **out_path,
                        mw_error *err) {
    if (!stays_inside(mw_str_of(name)))
        return mw_fail(err, MW_INVALID, "share: a name must stay in its folder, got \"%s\"", name);
    const char *path;
    MW_TRY(find(sys, arena, share_search, name, &path, err));
    if (!path) return fail_search(err, MW_NOT_FOUND, share_search, name);
    *out_path = path;
    return MW_OK;
}

/* The file of the zone; NULL if there is none. */
static mw_status find_zone(mw_sys *sys, mw_arena *arena, mw_str name, const char **out_path,
                           mw_error *err) {
    const char *text = mw_str_copy(arena, name).data;
    const char *inside = text ? mw_path_join(arena, "zoneinfo", text) : NULL;
    const char *system = text ? mw_path_join(arena, "/usr/share/zoneinfo", text) : NULL;
    if (!inside || !system) return mw_fail(err, MW_NO_MEMORY, "zone: no memory to look for it");
    const char *path;
    MW_TRY(find(sys, arena, share_search, inside, &path, err));
    if (!path) path = system;
    mw_file_info info;
    MW_TRY(mw_sys_info(sys, path, &info, err));
    *out_path = info.exists && !info.is_folder ? path : NULL; /* "America" is a folder of zones */
    return MW_OK;
}

/* The path of the zone's file, in `arena`. */
static mw_status require_zone(mw_sys *sys, mw_arena *arena, mw_str name, const char **out_path,
                              mw_error *err) {
    if (!stays_inside(name))
        return mw_fail(err, MW_INVALID, "zone: must be a name such as Europe/Berlin, got \"%.*s\"",
                       MW_STR_ARGS(name));
    const char *path = NULL;
    MW_TRY(find_zone(sys, arena, name, &path, err));
    if (!path) {
        mw_status status = mw_fail(err, MW_NOT_FOUND, "zone: there is no time zone \"%.*s\"",
                                   MW_STR_ARGS(name));
        return mw_zone_hint(sys, name, err, status);
    }
    *out_path = path;
    return MW_OK;
}

mw_status mw_zone_read(mw_sys *sys, mw_arena *arena, mw_str name, mw_str *out_bytes,
                       mw_error *err) {
    if (mw_str_is(name, "UTC")) {
        *out_bytes = MW_STR("");
        return MW_OK;
    }
    mw_arena scratch;
    mw_buf bytes;
    mw_arena_init(&scratch, SEARCH_SIZE_MAX);
    mw_buf_init(&bytes, ZONE_SIZE_MAX);
    const char *path = NULL;
    mw_status status = require_zone(sys, &scratch, name, &path, err);
    if (status == MW_OK) status = mw_sys_read_file(sys, path, &bytes, err);
    mw_str copy = mw_str_copy(arena, mw_buf_str(&bytes));
    if (status == MW_OK && !copy.data)
        status = mw_fail(err, MW_NO_MEMORY, "zone: no memory to read it");
    if (status == MW_OK) *out_bytes = copy;
    mw_buf_release(&bytes);
    mw_arena_release(&scratch);
    return status;
}

mw_status mw_zone_load(mw_sys *sys, mw_arena *arena, mw_str name, const mw_zone **out_zone,
                       mw_error *err) {
    if (mw_str_is(name, "UTC")) {
        *out_zone = mw_zone_utc();
        return MW_OK;
    }
    mw_str bytes;
    MW_TRY(mw_zone_read(sys, arena, name, &bytes, err));
    return mw_zone_parse(arena, name, bytes, out_zone, err);
}
