#include "sys/simulated_disk.h"

#include "base/prng.h"

#include <string.h>

enum { NAME_SIZE_MAX = 255, ENTRIES_MAX = 1 << 24, DISK_PAGE_SIZE = 4096, DISK_SECTOR_SIZE = 512 };

typedef struct {
    char *name;
    size_t name_size;
    mw_disk_node *node;
} entry;

/* Sorted by name. Holds a reference to each node. */
typedef struct {
    entry *items;
    size_t count, capacity;
} entries;

struct mw_disk_node {
    size_t references; /* from entries, now or as of a sync, and from whoever opened it */
    mw_disk_node *next, **link; /* in the list of all nodes of the disk */
    bool is_folder, is_locked;
    bool is_met; /* by the walk after a loss of power */
    bool is_spoilt;
    uint64_t spoilt_from; /* of a file that is spoilt */
    int64_t modified_us;
    uint64_t number;     /* of no other node of the disk, ever */

    entries now;        /* of a folder */
    entries synced;     /* of a folder, if it differs */
    bool synced_differs;

    unsigned char *bytes; /* of a file; those past `size` are zero */
    size_t size, capacity;
    unsigned char *synced_bytes; /* if bytes below synced_size have changed since; else NULL */
    size_t synced_size;
};

struct mw_disk {
    mw_disk_config config;
    size_t size; /* bytes in all files */
    mw_disk_node *root;
    mw_disk_node *nodes; /* all of them, so that destroying needs no walk */
    uint64_t newest;     /* the number of the node made last */
};

/* A path, split: parts[0 .. count-1], of which the last is the name in its folder. */
typedef struct {
    const char *text;
    mw_str parts[MW_DISK_DEPTH_MAX];
    size_t count;
} split_path;

static mw_disk_node *node_create(mw_disk *disk, bool is_folder) {
    mw_disk_node *node = mw_allocate(sizeof *node);
    if (!node) return NULL;
    node->is_folder = is_folder;
    node->references = 1;
    node->number = ++disk->newest;
    node->modified_us = disk->config.now_us(disk->config.context);
    node->next = disk->nodes;
    node->link = &disk->nodes;
    if (disk->nodes) disk->nodes->link = &node->next;
    disk->nodes = node;
    return node;
}

static void node_unref(mw_disk *disk, mw_disk_node *node);

static void entries_release(mw_disk *disk, entries *list) {
    for (size_t i = 0; i < list->count; i++) {
        node_unref(disk, list->items[i].node);
        mw_free(list->items[i].name);
    }
    mw_free(list->items);
    *list = (entries){.count = 0};
}

static void node_unref(mw_disk *disk, mw_disk_node *node) {
    MW_ASSERT(node->references > 0);
    if (--node->references > 0) return;
    entries_release(disk, &node->now);
    entries_release(disk, &node->synced);
    disk->size -= node->size;
    mw_free(node->bytes);
    mw_free(node->synced_bytes);
    *node->link = node->next;
    if (node->next) node->next->link = node->link;
    mw_free(node);
}

/* Where `name` stands, or would stand. */
static size_t entries_find(const entries *list, mw_str name, bool *out_found) {
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const entry *item = &list->items[middle];
        int order = mw_str_compare((mw_str){item->name, item->name_size}, name);
        if (order == 0) {
            *out_found = true;
            return middle;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    *out_found = false;
    return low;
}

/* Puts `node` under `name`, in place of what stood there, and refers to it. */
static bool entries_put(mw_disk *disk, entries *list, mw_str name, mw_disk_node *node) {
    bool found;
    size_t index = entries_find(list, name, &found);
    if (found) {
        node->references++;
        node_unref(disk, list->items[index].node);
        list->items[index].node = node;
        return true;
    }
    if (!mw_grow((void **)&list->items, &list->capacity, list->count + 1, sizeof *list->items,
                 ENTRIES_MAX))
        return false;
    char *copy = mw_allocate(name.size + 1);
    if (!copy) return false;
    memcpy(copy, name.data, name.size);
    memmove(list->items + index + 1, list->items + index,
            (list->count - index) * sizeof *list->items);
    list->items[index] = (entry){.name = copy, .name_size = name.size, .node = node};
    list->count++;
    node->references++;
    return true;
}

static void entries_drop(mw_disk *disk, entries *list, size_t index) {
    entry dropped = list->items[index];
    list->count--;
    memmove(list->items + index, list->items + index + 1,
            (list->count - index) * sizeof *list->items);
    node_unref(disk, dropped.node);
    mw_free(dropped.name);
}

/* Sets the synced state of a folder aside before the first change to it. */
static bool folder_before_change(mw_disk *disk, mw_disk_node *folder) {
    if (folder->synced_differs) return true;
    for (size_t i = 0; i < folder->now.count; i++) {
        const entry *item = &folder->now.items[i];
        if (entries_put(disk, &folder->synced, (mw_str){item->name, item->name_size}, item->node))
            continue;
        entries_release(disk, &folder->synced);
        return false;
    }
    folder->synced_differs = true;
    return true;
}

mw_status mw_disk_create(mw_disk_config config, mw_disk **out_disk, mw_error *err) {
    mw_disk *disk = mw_allocate(sizeof *disk);
    if (disk) {
        disk->config = config;
        disk->root = node_create(disk, true);
    }
    if (!disk || !disk->root) {
        mw_free(disk);
        return mw_fail(err, MW_NO_MEMORY, "simulated disk: no memory for it");
    }
    *out_disk = disk;
    return MW_OK;
}

/* Nodes go one by one: folders that were moved into each other between syncs may refer to one
   another in a circle. */
void mw_disk_destroy(mw_disk *disk) {
    if (!disk) return;
    for (mw_disk_node *node = disk->nodes; node; node = node->next) node->references++;
    for (mw_disk_node *node = disk->nodes; node; node = node->next) {
        entries_release(disk, &node->now);
        entries_release(disk, &node->synced);
    }
    node_unref(disk, disk->root);
    while (disk->nodes) node_unref(disk, disk->nodes);
    MW_ASSERT(disk->size == 0);
    mw_free(disk);
}

void mw_disk_set_size_max(mw_disk *disk, size_t size_max) {
    disk->config.size_max = size_max;
}

size_t mw_disk_size(const mw_disk *disk) {
    return disk->size;
}

static mw_status fail_path(mw_error *err, mw_status status, const char *path, const char *why) {
    return mw_fail(err, status, "%s: %s", path, why);
}

static mw_status fail_memory(mw_error *err, const char *path) {
    return fail_path(err, MW_NO_MEMORY, path, "no memory for it");
}

static mw_status split(const char *path, split_path *out_split, mw_error *err) {
    *out_split = (split_path){.text = path};
    mw_str rest = mw_str_of(path), part;
    while (mw_str_split(&rest, '/', &part)) {
        if (part.size == 0 || mw_str_is(part, ".")) continue;
        if (mw_str_is(part, "..")) {
            if (out_split->count > 0) out_split->count--;
            continue;
        }
        if (out_split->count == MW_DISK_DEPTH_MAX || part.size > NAME_SIZE_MAX)
            return fail_path(err, MW_IO, path, "File name too long");
        out_split->parts[out_split->count++] = part;
    }
    return MW_OK;
}

/* The node at the first `depth` parts of the path, or NULL. */
static mw_disk_node *walk(const mw_disk *disk, const split_path *path, size_t depth) {
    mw_disk_node *node = disk->root;
    for (size_t i = 0; i < depth && node; i++) {
        bool found = false;
        size_t index = entries_find(&node->now, path->parts[i], &found);
        node = found ? node->now.items[index].node : NULL;
    }
    return node;
}

static mw_status find(const mw_disk *disk, const char *path, mw_disk_node **out_node,
                      mw_error *err) {
    split_path parts;
    MW_TRY(split(path, &parts, err));
    mw_disk_node *node = walk(disk, &parts, parts.count);
    if (!node) return fail_path(err, MW_NOT_FOUND, path, "No such file or directory");
    *out_node = node;
    return MW_OK;
}

/* The folder that holds the last part of the path. The root is in no folder. */
static mw_status find_folder_of(const mw_disk *disk, const split_path *path,
                                mw_disk_node **out_folder, mw_error *err) {
    if (path->count == 0) return fail_path(err, MW_CONFLICT, path->text, "is the root");
    mw_disk_node *folder = walk(disk, path, path->count - 1);
    if (!folder || !folder->is_folder)
        return fail_path(err, MW_NOT_FOUND, path->text, "No such file or directory");
    *out_folder = folder;
    return MW_OK;
}

static mw_status add_node(mw_disk *disk, const split_path *path, bool is_folder,
                          mw_disk_node **out_node, mw_error *err) {
    mw_disk_node *folder;
    MW_TRY(find_folder_of(disk, path, &folder, err));
    mw_disk_node *node = node_create(disk, is_folder);
    if (!node) return fail_memory(err, path->text);
    bool added = folder_before_change(disk, folder) &&
                 entries_put(disk, &folder->now, path->parts[path->count - 1], node);
    node_unref(disk, node); /* the folder's reference keeps it */
    if (!added) return fail_memory(err, path->text);
    *out_node = node;
    return MW_OK;
}

mw_status mw_disk_open(mw_disk *disk, const char *path, mw_file_mode mode,
                       mw_disk_node **out_file, mw_error *err) {
    split_path parts;
    MW_TRY(split(path, &parts, err));
    mw_disk_node *node = walk(disk, &parts, parts.count);
    if (node && node->is_folder) return fail_path(err, MW_INVALID, path, "Is a directory");
    if (node && mode == MW_FILE_CREATE) return fail_path(err, MW_CONFLICT, path, "File exists");
    if (!node && (mode == MW_FILE_READ || mode == MW_FILE_UPDATE))
        return fail_path(err, MW_NOT_FOUND, path, "No such file or directory");
    if (!node) MW_TRY(add_node(disk, &parts, false, &node, err));
    node->references++;
    *out_file = node;
    return MW_OK;
}

void mw_disk_close(mw_disk *disk, mw_disk_node *file) {
    node_unref(disk, file);
}

uint64_t mw_disk_file_size(const mw_disk_node *file) {
    return file->size;
}

size_t mw_disk_read(const mw_disk_node *file, uint64_t offset, void *bytes, size_t size) {
    if (offset >= file->size) return 0;
    size_t left = file->size - (size_t)offset;
    if (size > left) size = left;
    if (size > 0) memcpy(bytes, file->bytes + offset, size);
    return size;
}

mw_status mw_disk_spoil(mw_disk *disk, const char *path, uint64_t offset, mw_error *err) {
    mw_disk_node *file = NULL;
    MW_TRY(mw_disk_open(disk, path, MW_FILE_READ, &file, err));
    file->is_spoilt = true;
    file->spoilt_from = offset;
    mw_disk_close(disk, file);
    return MW_OK;
}

bool mw_disk_can_read(const mw_disk_node *file, uint64_t offset, size_t size) {
    if (!file->is_spoilt || offset >= file->size) return true;
    uint64_t end = offset + size < file->size ? offset + size : file->size;
    return end <= file->spoilt_from;
}

/* Sets the synced bytes aside before the first change to one below `synced_size`. */
static bool file_before_change(mw_disk_node *file, uint64_t offset) {
    if (offset >= file->synced_size || file->synced_bytes) return true;
    file->synced_bytes = mw_allocate(file->synced_size);
    if (!file->synced_bytes) return false;
    memcpy(file->synced_bytes, file->bytes, file->synced_size);
    return true;
}

static bool file_reserve(mw_disk_node *file, size_t size) {
    size_t capacity_before = file->capacity;
    if (!mw_grow((void **)&file->bytes, &file->capacity, size, 1, SIZE_MAX / 2)) return false;
    if (file->capacity > capacity_before)
        memset(file->bytes + capacity_before, 0, file->capacity - capacity_before);
    return true;
}

static void file_resize(mw_disk *disk, mw_disk_node *file, size_t size) {
    if (size < file->size) memset(file->bytes + size, 0, file->size - size);
    disk->size = disk->size - file->size + size;
    file->size = size;
}

/* The size to which the disk lets the file grow. */
static size_t file_size_max(const mw_disk *disk, const mw_disk_node *file) {
    size_t others = disk->size - file->size;
    size_t left = disk->config.size_max > others ? disk->config.size_max - others : 0;
    return left > file->size ? left : file->size;
}

mw_status mw_disk_write(mw_disk *disk, mw_disk_node *file, uint64_t offset, mw_str bytes,
                        mw_error *err) {
    if (bytes.size == 0) return MW_OK;
    size_t size_max = file_size_max(disk, file);
    size_t size = offset < size_max ? size_max - (size_t)offset : 0;
    if (size > bytes.size) size = bytes.size;
    if (size > 0) {
        size_t end = (size_t)offset + size;
        if (!file_before_change(file, offset) || !file_reserve(file, end))
            return mw_fail(err, MW_NO_MEMORY, "simulated disk: no memory for %zu bytes", end);
        if (end > file->size) file_resize(disk, file, end);
        memcpy(file->bytes + offset, bytes.data, size);
        file->modified_us = disk->config.now_us(disk->config.context);
    }
    if (size == bytes.size) return MW_OK;
    return mw_fail(err, MW_NO_SPACE, "simulated disk: No space left on device");
}

mw_status mw_disk_truncate(mw_disk *disk, mw_disk_node *file, uint64_t size, mw_error *err) {
    if (size > file_size_max(disk, file))
        return mw_fail(err, MW_NO_SPACE, "simulated disk: No space left on device");
    if (!file_before_change(file, size) || !file_reserve(file, (size_t)size))
        return mw_fail(err, MW_NO_MEMORY, "simulated disk: no memory for a copy");
    file_resize(disk, file, (size_t)size);
    file->modified_us = disk->config.now_us(disk->config.context);
    return MW_OK;
}

static void folder_sync(mw_disk *disk, mw_disk_node *folder) {
    entries_release(disk, &folder->synced);
    folder->synced_differs = false;
}

void mw_disk_sync(mw_disk_node *file) {
    mw_free(file->synced_bytes);
    file->synced_bytes = NULL;
    file->synced_size = file->size;
}

bool mw_disk_lock(mw_disk_node *file) {
    if (file->is_locked) return false;
    file->is_locked = true;
    return true;
}

void mw_disk_unlock(mw_disk_node *file) {
    file->is_locked = false;
}

void mw_disk_unlock_all(mw_disk *disk) {
    for (mw_disk_node *node = disk->nodes; node; node = node->next) node->is_locked = false;
}

mw_status mw_disk_info(mw_disk *disk, const char *path, mw_file_info *out_info, mw_error *err) {
    split_path parts;
    MW_TRY(split(path, &parts, err));
    const mw_disk_node *node = walk(disk, &parts, parts.count);
    *out_info = (mw_file_info){.exists = node != NULL};
    if (!node) return MW_OK;
    out_info->is_folder = node->is_folder;
    out_info->size = node->size;
    out_info->modified_us = out_info->changed_us = node->modified_us;
    out_info->number = node->number;
    return MW_OK;
}

mw_status mw_disk_make_folder(mw_disk *disk, const char *path, bool *out_made, mw_error *err) {
    split_path parts;
    MW_TRY(split(path, &parts, err));
    mw_disk_node *node = walk(disk, &parts, parts.count);
    *out_made = !node;
    if (node && !node->is_folder) return fail_path(err, MW_CONFLICT, path, "File exists");
    return node ? MW_OK : add_node(disk, &parts, true, &node, err);
}

mw_status mw_disk_sync_folder(mw_disk *disk, const char *path, mw_error *err) {
    mw_disk_node *folder;
    MW_TRY(find(disk, path, &folder, err));
    if (!folder->is_folder) return fail_path(err, MW_NOT_FOUND, path, "Not a directory");
    folder_sync(disk, folder);
    return MW_OK;
}

static bool starts_with(const split_path *path, const split_path *start) {
    if (path->count < start->count) return false;
    for (size_t i = 0; i < start->count; i++)
        if (!mw_str_equal(path->parts[i], start->parts[i])) return false;
    return true;
}

/* The rules of rename(2): a file replaces a file, a folder an empty folder. */
static mw_status check_rename(const mw_disk *disk, const split_path *from, const split_path *to,
                              mw_error *err) {
    const mw_disk_node *node = walk(disk, from, from->count);
    const mw_disk_node *target = walk(disk, to, to->count);
    if (!node) return fail_path(err, MW_NOT_FOUND, from->text, "No such file or directory");
    if (node->is_folder && to->count > from->count && starts_with(to, from))
        return fail_path(err, MW_IO, to->text, "Invalid argument");
    if (!target || target == node) return MW_OK;
    if (target->is_folder && !node->is_folder)
        return fail_path(err, MW_INVALID, to->text, "Is a directory");
    if (!target->is_folder && node->is_folder)
        return fail_path(err, MW_NOT_FOUND, to->text, "Not a directory");
    if (target->is_folder && target->now.count > 0)
        return fail_path(err, MW_CONFLICT, to->text, "Directory not empty");
    return MW_OK;
}

mw_status mw_disk_rename(mw_disk *disk, const char *from_path, const char *to_path,
                         mw_error *err) {
    split_path from, to;
    mw_disk_node *from_folder, *to_folder;
    MW_TRY(split(from_path, &from, err));
    MW_TRY(split(to_path, &to, err));
    MW_TRY(find_folder_of(disk, &from, &from_folder, err));
    MW_TRY(find_folder_of(disk, &to, &to_folder, err));
    MW_TRY(check_rename(disk, &from, &to, err));
    mw_disk_node *node = walk(disk, &from, from.count);
    if (node == walk(disk, &to, to.count)) return MW_OK;
    if (!folder_before_change(disk, from_folder) || !folder_before_change(disk, to_folder) ||
        !entries_put(disk, &to_folder->now, to.parts[to.count - 1], node))
        return fail_memory(err, to_path);
    bool found;
    size_t index = entries_find(&from_folder->now, from.parts[from.count - 1], &found);
    MW_ASSERT(found);
    entries_drop(disk, &from_folder->now, index);
    return MW_OK;
}

mw_status mw_disk_remove(mw_disk *disk, const char *path, mw_error *err) {
    split_path parts;
    mw_disk_node *node, *folder;
    MW_TRY(find(disk, path, &node, err));
    MW_TRY(split(path, &parts, err));
    MW_TRY(find_folder_of(disk, &parts, &folder, err));
    if (node->is_folder && node->now.count > 0)
        return fail_path(err, MW_CONFLICT, path, "Directory not empty");
    if (!folder_before_change(disk, folder)) return fail_memory(err, path);
    bool found;
    size_t index = entries_find(&folder->now, parts.parts[parts.count - 1], &found);
    MW_ASSERT(found);
    entries_drop(disk, &folder->now, index);
    return MW_OK;
}

mw_status mw_disk_list(mw_disk *disk, const char *path, mw_arena *arena, mw_str **out_names,
                       size_t *out_count, mw_error *err) {
    mw_disk_node *folder;
    MW_TRY(find(disk, path, &folder, err));
    if (!folder->is_folder) return fail_path(err, MW_NOT_FOUND, path, "Not a directory");
    mw_str *names = mw_arena_alloc(arena, folder->now.count, sizeof *names);
    if (!names) return fail_memory(err, path);
    for (size_t i = 0; i < folder->now.count; i++) {
        const entry *item = &folder->now.items[i];
        names[i] = mw_str_copy(arena, (mw_str){item->name, item->name_size});
        if (!names[i].data) return fail_memory(err, path);
    }
    *out_names = names;
    *out_count = folder->now.count;
    return MW_OK;
}

static bool by_chance(uint64_t *prng) {
    return prng && mw_prng_below(prng, 2) == 0;
}

/* Of what grew since the sync, some pages in a row did not arrive, and those behind them did. */
static void file_lose_pages(mw_disk_node *file, uint64_t *prng) {
    size_t first = (file->synced_size + DISK_PAGE_SIZE - 1) / DISK_PAGE_SIZE;
    size_t end = (file->size + DISK_PAGE_SIZE - 1) / DISK_PAGE_SIZE;
    if (first >= end) return;
    first += (size_t)mw_prng_below(prng, end - first);
    end -= (size_t)mw_prng_below(prng, end - first);
    size_t offset = first * DISK_PAGE_SIZE, stop = end * DISK_PAGE_SIZE;
    memset(file->bytes + offset, 0, (stop < file->size ? stop : file->size) - offset);
}

static void file_lose_power(mw_disk *disk, mw_disk_node *file, uint64_t *prng) {
    if (file->synced_bytes && !by_chance(prng)) {
        mw_free(file->bytes);
        disk->size = disk->size - file->size + file->synced_size;
        file->bytes = file->synced_bytes;
        file->size = file->capacity = file->synced_size;
        file->synced_bytes = NULL;
    } else if (file->size > file->synced_size && !file->synced_bytes) {
        size_t kept = file->synced_size, size = kept;
        if (prng) kept += (size_t)mw_prng_below(prng, file->size - file->synced_size + 1);
        if (by_chance(prng)) size = file->size; /* it grew, but the sectors did not arrive */
        if (size == file->size) kept -= kept % DISK_SECTOR_SIZE;
        else size = kept;
        if (kept < file->synced_size) kept = file->synced_size;
        memset(file->bytes + kept, 0, file->size - kept);
        file_resize(disk, file, size);
        if (by_chance(prng)) file_lose_pages(file, prng);
    }
    mw_disk_sync(file);
}

/* By chance a folder may be found at its old and at its new place; it keeps the first. */
static void folder_lose_power(mw_disk *disk, mw_disk_node *folder, uint64_t *prng) {
    folder->is_met = true;
    if (folder->synced_differs && !by_chance(prng)) {
        entries old = folder->now;
        folder->now = folder->synced;
        folder->synced = old;
    }
    folder_sync(disk, folder);
    for (size_t i = 0; i < folder->now.count;) {
        mw_disk_node *node = folder->now.items[i].node;
        if (node->is_folder && node->is_met) {
            entries_drop(disk, &folder->now, i);
            continue;
        }
        if (node->is_folder) folder_lose_power(disk, node, prng);
        else file_lose_power(disk, node, prng);
        i++;
    }
}

void mw_disk_lose_power(mw_disk *disk, uint64_t *prng) {
    for (mw_disk_node *node = disk->nodes; node; node = node->next) node->is_met = false;
    folder_lose_power(disk, disk->root, prng);
}
