#include "ingest/sources.h"

#include <string.h>

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "from: no memory for its files");
}

bool mw_pattern_fits(mw_str pattern, mw_str name) {
    size_t p = 0, n = 0, star = SIZE_MAX, resume = 0; /* the last star, and what it took so far */
    while (n < name.size) {
        char c = p < pattern.size ? pattern.data[p] : '\0';
        if (p < pattern.size && c == '*') {
            star = p++;
            resume = n;
        } else if (p < pattern.size && (c == '?' || c == name.data[n])) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*') p++;
    return p == pattern.size;
}

static mw_status append(mw_arena *arena, const char *folder, mw_str name, mw_source_list *list,
                        mw_error *err) {
    if (list->count == MW_SOURCE_FILES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "from: there may be %d files", MW_SOURCE_FILES_MAX);
    /* Twice the room whenever a power of two is full. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count == 0 ? 1 : 2 * list->count;
        mw_source_file *files = mw_arena_alloc(arena, room, sizeof *files);
        if (!files) return no_memory(err);
        if (list->count > 0) memcpy(files, list->files, list->count * sizeof *files);
        list->files = files;
    }
    mw_str copy = mw_str_copy(arena, name);
    const char *path = copy.data ? mw_path_join(arena, folder, copy.data) : NULL;
    if (!path) return no_memory(err);
    list->files[list->count++] = (mw_source_file){copy, path};
    return MW_OK;
}

static mw_status append_fitting(mw_sys *sys, const char *folder, mw_str entry, mw_arena *arena,
                                mw_source_list *list, mw_error *err) {
    mw_str parent = mw_path_folder(entry), pattern = mw_path_name(entry);
    mw_str *names = NULL;
    size_t count = 0, before = list->count;
    const char *parent_name = mw_str_copy(arena, parent).data;
    const char *path = parent_name ? mw_path_join(arena, folder, parent_name) : NULL;
    if (!path) return no_memory(err);
    bool has_folder = memchr(entry.data, '/', entry.size) != NULL;
    MW_TRY(mw_sys_list(sys, path, arena, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (!mw_pattern_fits(pattern, names[i])) continue;
        const char *name = has_folder ? mw_path_join(arena, parent_name, names[i].data)
                                      : names[i].data;
        if (!name) return no_memory(err);
        MW_TRY(append(arena, folder, mw_str_of(name), list, err));
    }
    if (list->count > before) return MW_OK;
    return mw_fail(err, MW_NOT_FOUND, "from: no file fits %.*s", MW_STR_ARGS(entry));
}

mw_status mw_sources_add(mw_sys *sys, const char *folder, mw_str entry, mw_arena *arena,
                         mw_source_list *list, mw_error *err) {
    for (size_t i = 0; i + 2 < entry.size; i++)
        if (memcmp(entry.data + i, "://", 3) == 0)
            return mw_fail(err, MW_NOT_BUILT, "from: reading %.*s:// is not built yet", (int)i,
                           entry.data);
    mw_str name = mw_path_name(entry);
    bool is_pattern = memchr(name.data, '*', name.size) || memchr(name.data, '?', name.size);
    return is_pattern ? append_fitting(sys, folder, entry, arena, list, err)
                      : append(arena, folder, entry, list, err);
}
