#include "store/artefacts.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE_MAX = 4096 };

typedef struct {
    char hash[MW_SHA256_HEX_SIZE + 1];
    char *bytes;
    size_t size;
} item;

struct mw_artefacts {
    mw_sys *sys;
    char *folder; /* NULL: the items are in memory */
    item *items;
    size_t item_count, item_capacity;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "artefacts: no memory");
}

mw_status mw_artefacts_open(mw_sys *sys, const char *folder, mw_artefacts **out_artefacts,
                            mw_error *err) {
    mw_artefacts *artefacts = mw_allocate(sizeof *artefacts);
    if (!artefacts) return no_memory(err);
    artefacts->sys = sys;
    if (folder) {
        size_t size = strlen(folder) + 1;
        artefacts->folder = mw_allocate(size);
        if (!artefacts->folder) {
            mw_artefacts_close(artefacts);
            return no_memory(err);
        }
        memcpy(artefacts->folder, folder, size);
    }
    *out_artefacts = artefacts;
    return MW_OK;
}

void mw_artefacts_close(mw_artefacts *artefacts) {
    if (!artefacts) return;
    for (size_t i = 0; i < artefacts->item_count; i++) mw_free(artefacts->items[i].bytes);
    mw_free(artefacts->items);
    mw_free(artefacts->folder);
    mw_free(artefacts);
}

static void hash_of(mw_str bytes, char out_hash[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, bytes.data, bytes.size);
    mw_sha256_hex(&sha, out_hash);
}

/* A hash becomes a path, so nothing but one may come here. */
static mw_status check_hash(mw_str hash, mw_error *err) {
    bool is_hash = hash.size == MW_SHA256_HEX_SIZE;
    for (size_t i = 0; is_hash && i < hash.size; i++)
        is_hash = memchr("0123456789abcdef", hash.data[i], 16) != NULL;
    if (is_hash) return MW_OK;
    return mw_fail(err, MW_INVALID, "artefacts: a name must be 64 lower-case hex digits, got %.*s",
                   (int)(hash.size < 80 ? hash.size : 80), hash.data);
}

static mw_status path_of(const mw_artefacts *artefacts, mw_str hash, char path[PATH_SIZE_MAX],
                         mw_error *err) {
    MW_TRY(check_hash(hash, err));
    int size = snprintf(path, PATH_SIZE_MAX, "%s/%.2s/%.62s", artefacts->folder, hash.data,
                        hash.data + 2);
    if (size > 0 && size < PATH_SIZE_MAX) return MW_OK;
    return mw_fail(err, MW_TOO_LARGE, "artefacts: the path is too long: %s", artefacts->folder);
}

static const item *find(const mw_artefacts *artefacts, mw_str hash) {
    for (size_t i = 0; i < artefacts->item_count; i++)
        if (mw_str_is(hash, artefacts->items[i].hash)) return &artefacts->items[i];
    return NULL;
}

static mw_status put_in_memory(mw_artefacts *artefacts, mw_str bytes, const char *hash,
                               mw_error *err) {
    if (find(artefacts, mw_str_of(hash))) return MW_OK;
    void *items = artefacts->items;
    bool grown = mw_grow(&items, &artefacts->item_capacity, artefacts->item_count + 1,
                         sizeof(item), SIZE_MAX / sizeof(item));
    artefacts->items = items;
    char *copy = grown ? mw_allocate(bytes.size + 1) : NULL;
    if (!copy) return no_memory(err);
    if (bytes.size > 0) memcpy(copy, bytes.data, bytes.size);
    item *one = &artefacts->items[artefacts->item_count++];
    *one = (item){.bytes = copy, .size = bytes.size};
    memcpy(one->hash, hash, sizeof one->hash);
    return MW_OK;
}

static mw_status put_in_folder(mw_artefacts *artefacts, mw_str bytes, const char *hash,
                               mw_error *err) {
    char path[PATH_SIZE_MAX], folder[PATH_SIZE_MAX];
    MW_TRY(path_of(artefacts, mw_str_of(hash), path, err));
    mw_str parent = mw_path_folder(mw_str_of(path));
    snprintf(folder, sizeof folder, "%.*s", MW_STR_ARGS(parent));
    MW_TRY(mw_sys_make_folder(artefacts->sys, folder, err));
    return mw_sys_write_file(artefacts->sys, path, bytes, err);
}

/* An artefact that stands is written again all the same: that mends one that was damaged. */
mw_status mw_artefacts_put(mw_artefacts *artefacts, mw_str bytes,
                           char out_hash[MW_SHA256_HEX_SIZE + 1], mw_error *err) {
    if (bytes.size > MW_ARTEFACT_SIZE_MAX)
        return mw_fail(err, MW_TOO_LARGE, "artefacts: one may have %zu bytes, got %zu",
                       MW_ARTEFACT_SIZE_MAX, bytes.size);
    char hash[MW_SHA256_HEX_SIZE + 1];
    hash_of(bytes, hash);
    MW_TRY(artefacts->folder ? put_in_folder(artefacts, bytes, hash, err)
                             : put_in_memory(artefacts, bytes, hash, err));
    memcpy(out_hash, hash, sizeof hash);
    return MW_OK;
}

static mw_status not_found(mw_str hash, mw_error *err) {
    return mw_fail(err, MW_NOT_FOUND, "artefacts: there is none named %.*s", MW_STR_ARGS(hash));
}

static mw_status get_from_folder(mw_artefacts *artefacts, mw_str hash, mw_buf *out_bytes,
                                 mw_error *err) {
    char path[PATH_SIZE_MAX], actual[MW_SHA256_HEX_SIZE + 1];
    MW_TRY(path_of(artefacts, hash, path, err));
    size_t start = out_bytes->size;
    mw_status status = mw_sys_read_file(artefacts->sys, path, out_bytes, err);
    if (status == MW_NOT_FOUND) return not_found(hash, err);
    MW_TRY(status);
    hash_of(mw_str_slice(mw_buf_str(out_bytes), start, out_bytes->size), actual);
    if (mw_str_is(hash, actual)) return MW_OK;
    out_bytes->size = start;
    return mw_fail(err, MW_CORRUPT, "artefacts: %s holds other bytes than its name says", path);
}

mw_status mw_artefacts_get(mw_artefacts *artefacts, mw_str hash, mw_buf *out_bytes,
                           mw_error *err) {
    if (artefacts->folder) return get_from_folder(artefacts, hash, out_bytes, err);
    const item *one = find(artefacts, hash);
    if (!one) return not_found(hash, err);
    mw_buf_append(out_bytes, one->bytes, one->size);
    return mw_buf_check(out_bytes, "artefacts: the buffer", err);
}

mw_status mw_artefacts_exists(mw_artefacts *artefacts, mw_str hash, bool *out_exists,
                              mw_error *err) {
    if (!artefacts->folder) {
        *out_exists = find(artefacts, hash) != NULL;
        return MW_OK;
    }
    char path[PATH_SIZE_MAX];
    mw_file_info info;
    MW_TRY(path_of(artefacts, hash, path, err));
    MW_TRY(mw_sys_info(artefacts->sys, path, &info, err));
    *out_exists = info.exists && !info.is_folder;
    return MW_OK;
}
