#include "store/state.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_SIZE_MAX = 1 << 16, DUCK_MEMORY_MAX = 1 << 30 };

static const char format_words[] = "millwright state ";

struct mw_state {
    mw_sys *sys;
    mw_state_mode mode;
    mw_arena arena;     /* holds paths */
    const char *folder; /* NULL: in memory */
    mw_file *lock;
    mw_duck *duck;
    mw_catalog *catalog;
    mw_lake *lake;
    mw_artefacts *artefacts;
    mw_spill_files *spill; /* NULL: in memory */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "state: no memory");
}

static mw_status path_in(mw_state *state, const char *name, const char **out_path,
                         mw_error *err) {
    const char *path = NULL;
    if (state->folder) {
        path = mw_path_join(&state->arena, state->folder, name);
        if (!path) return no_memory(err);
    }
    *out_path = path;
    return MW_OK;
}

static mw_status check_format(mw_state *state, const char *path, mw_error *err) {
    mw_buf bytes;
    int64_t format = 0;
    mw_buf_init(&bytes, 100);
    mw_status status = mw_sys_read_file(state->sys, path, &bytes, err);
    mw_str text = mw_str_trim(mw_buf_str(&bytes));
    mw_str words = mw_str_of(format_words);
    bool is_ours = mw_str_starts(text, words) &&
                   mw_str_to_int64(mw_str_slice(text, words.size, text.size), &format);
    mw_buf_release(&bytes);
    if (status == MW_TOO_LARGE || (status == MW_OK && !is_ours))
        return mw_fail(err, MW_CORRUPT, "state: %s does not name a format", path);
    MW_TRY(status);
    if (format <= MW_STATE_FORMAT) return MW_OK;
    status = mw_fail(err, MW_NEWER_FORMAT, "state: %s has format %lld, this program reads up to %d",
                     state->folder, (long long)format, MW_STATE_FORMAT);
    return mw_hint(err, status, "Use the newer millwright that wrote it.");
}

static mw_status write_format(mw_state *state, const char *path, mw_error *err) {
    char text[64];
    int size = snprintf(text, sizeof text, "%s%d\n", format_words, MW_STATE_FORMAT);
    return mw_sys_write_file(state->sys, path, (mw_str){text, (size_t)size}, err);
}

static mw_status take_lock(mw_state *state, mw_error *err) {
    const char *path = NULL;
    MW_TRY(path_in(state, "lock", &path, err));
    MW_TRY(mw_sys_open(state->sys, path, MW_FILE_APPEND, &state->lock, err));
    mw_status status = mw_file_lock(state->lock, err);
    if (status != MW_BUSY) return status;
    status = mw_fail(err, MW_BUSY, "state: another process writes to %s", state->folder);
    return mw_hint(err, status, "A server, or another ingest, runs on this project.");
}

/* All else is made after it: where there is some, it was lost, and what format that has is not
   known. */
static mw_status check_nothing_is_made(mw_state *state, const char *format, mw_error *err) {
    const char *catalog = NULL;
    mw_file_info info;
    MW_TRY(path_in(state, "catalog.db", &catalog, err));
    MW_TRY(mw_sys_info(state->sys, catalog, &info, err));
    if (!info.exists || info.size == 0) return MW_OK;
    mw_status status = mw_fail(err, MW_CORRUPT, "state: %s is gone, but %s is there", format,
                               catalog);
    return mw_hint(err, status, "Bring it back from a copy: it is one line, \"%s%d\" by this "
                                "program.", format_words, MW_STATE_FORMAT);
}

/* The lock comes before the format file, so that two first writers cannot both make it. */
static mw_status open_folder(mw_state *state, mw_error *err) {
    const char *format = NULL;
    mw_file_info info;
    MW_TRY(path_in(state, "format", &format, err));
    if (state->mode == MW_STATE_WRITE) {
        MW_TRY(mw_sys_make_folder(state->sys, state->folder, err));
        MW_TRY(take_lock(state, err));
    }
    MW_TRY(mw_sys_info(state->sys, format, &info, err));
    if (info.exists) return check_format(state, format, err);
    MW_TRY(check_nothing_is_made(state, format, err));
    if (state->mode == MW_STATE_WRITE) return write_format(state, format, err);
    mw_status status = mw_fail(err, MW_NOT_FOUND, "state: there is none in %s", state->folder);
    return mw_hint(err, status, "Run millwright ingest first.");
}

/* The catalog is made before the lake, whose files it lists. Where it is not there, the first
   writer was stopped on its way; but a lake without its catalog has lost it, and must not be
   taken for leftovers. */
static mw_status check_catalog(const mw_state *state, const char *catalog, const char *lake,
                               mw_error *err) {
    mw_file_info catalog_info, lake_info;
    if (!state->folder) return MW_OK;
    MW_TRY(mw_sys_info(state->sys, catalog, &catalog_info, err));
    MW_TRY(mw_sys_info(state->sys, lake, &lake_info, err));
    if (catalog_info.exists && catalog_info.size > 0) return MW_OK;
    mw_status status = MW_OK;
    if (lake_info.exists) {
        status = mw_fail(err, MW_CORRUPT, "state: %s is gone, but %s is there", catalog, lake);
        return mw_hint(err, status, "Bring it back from a copy, or remove the state folder and "
                                    "ingest again.");
    }
    if (state->mode == MW_STATE_WRITE) return MW_OK;
    status = mw_fail(err, MW_NOT_FOUND, "state: there is none yet in %s", state->folder);
    return mw_hint(err, status, "Run millwright ingest first.");
}

static mw_status open_stores(mw_state *state, mw_error *err) {
    const char *catalog = NULL, *lake = NULL, *lock = NULL, *artefacts = NULL;
    MW_TRY(path_in(state, "catalog.db", &catalog, err));
    MW_TRY(path_in(state, "lake", &lake, err));
    MW_TRY(path_in(state, "lake.lock", &lock, err));
    MW_TRY(path_in(state, "artefacts", &artefacts, err));
    MW_TRY(check_catalog(state, catalog, lake, err));
    MW_TRY(mw_duck_open(state->sys, (mw_duck_config){.memory_max = DUCK_MEMORY_MAX},
                        &state->duck, err));
    MW_TRY(mw_catalog_open(state->sys, catalog, state->mode != MW_STATE_READ, &state->catalog,
                           err));
    mw_lake_config config = {.sys = state->sys,
                             .catalog = state->catalog,
                             .duck = state->duck,
                             .folder = lake,
                             .lock_path = lock};
    MW_TRY(mw_lake_open(config, &state->lake, err));
    if (state->folder)
        MW_TRY(mw_spill_files_create(state->sys, state->folder, &state->spill, err));
    return mw_artefacts_open(state->sys, artefacts, &state->artefacts, err);
}

mw_status mw_state_open(mw_sys *sys, const char *folder, mw_state_mode mode,
                        mw_state **out_state, mw_error *err) {
    MW_ASSERT(folder || mode == MW_STATE_WRITE);
    mw_state *state = mw_allocate(sizeof *state);
    if (!state) return no_memory(err);
    *state = (mw_state){.sys = sys, .mode = mode};
    mw_arena_init(&state->arena, ARENA_SIZE_MAX);
    mw_status status = MW_OK;
    if (folder) {
        state->folder = mw_arena_copy(&state->arena, folder, strlen(folder));
        status = state->folder ? open_folder(state, err) : no_memory(err);
    }
    if (status == MW_OK) status = open_stores(state, err);
    if (status != MW_OK) {
        mw_state_close(state);
        return status;
    }
    *out_state = state;
    return MW_OK;
}

void mw_state_close(mw_state *state) {
    if (!state) return;
    mw_spill_files_destroy(state->spill);
    mw_artefacts_close(state->artefacts);
    mw_lake_close(state->lake);
    mw_catalog_close(state->catalog);
    mw_duck_close(state->duck);
    mw_file_close(state->lock);
    mw_arena_release(&state->arena);
    mw_free(state);
}

mw_catalog *mw_state_catalog(mw_state *state) {
    return state->catalog;
}

mw_lake *mw_state_lake(mw_state *state) {
    return state->lake;
}

mw_artefacts *mw_state_artefacts(mw_state *state) {
    return state->artefacts;
}

mw_spill_disk *mw_state_spill_disk(mw_state *state) {
    return state->spill ? mw_spill_files_disk(state->spill) : NULL;
}

mw_duck *mw_state_duck(mw_state *state) {
    return state->duck;
}

mw_sys *mw_state_sys(mw_state *state) {
    return state->sys;
}

bool mw_state_is_in_memory(const mw_state *state) {
    return state->folder == NULL;
}

const char *mw_state_path(const mw_state *state, mw_arena *arena, const char *name) {
    return state->folder ? mw_path_join(arena, state->folder, name) : NULL;
}
