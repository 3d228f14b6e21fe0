#include "store/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum {
    ARENA_SIZE_MAX = 1 << 20,
    NAME_SIZE = 64,
    HEAD_SIZE = 24, /* up to the place; the number of sections follows */
    SECTION_SIZE_MIN = 12,
    CHECKSUM_SIZE = 4,
    COPY_STEP = 4096
};
static const char magic[4] = {'M', 'W', 'C', 'K'};
static const char suffix[] = ".checkpoint";

/* --- the bytes -------------------------------------------------------------------------- */

void mw_checkpoint_append(mw_buf *out, const mw_checkpoint *checkpoint) {
    MW_ASSERT(checkpoint->section_count <= MW_CHECKPOINT_SECTIONS_MAX);
    size_t start = out->size;
    mw_buf_append(out, magic, sizeof magic);
    mw_buf_append_u32(out, MW_CHECKPOINT_FORMAT);
    mw_buf_append_u64(out, checkpoint->log_id);
    mw_buf_append_u64(out, (uint64_t)checkpoint->place);
    mw_buf_append_u32(out, (uint32_t)checkpoint->section_count);
    for (size_t i = 0; i < checkpoint->section_count; i++) {
        const mw_checkpoint_section *section = &checkpoint->sections[i];
        mw_buf_append_u32(out, (uint32_t)section->name.size);
        mw_buf_append_str(out, section->name);
        mw_buf_append_u64(out, section->bytes.size);
        mw_buf_append_str(out, section->bytes);
    }
    if (!out->failed) mw_buf_append_u32(out, mw_crc32c(0, out->data + start, out->size - start));
}

static mw_status check_format(mw_reader *in, const char *name, mw_error *err) {
    mw_str found = mw_read_bytes(in, sizeof magic);
    uint32_t format = mw_read_u32(in);
    if (in->failed || memcmp(found.data, magic, sizeof magic) != 0)
        return mw_fail(err, MW_CORRUPT, "checkpoint: %s does not begin as one does", name);
    if (format > MW_CHECKPOINT_FORMAT)
        return mw_fail(err, MW_NEWER_FORMAT,
                       "checkpoint: %s has format %u, this program reads up to %d", name, format,
                       MW_CHECKPOINT_FORMAT);
    return MW_OK;
}

static mw_status check_frame(mw_str bytes, const char *name, mw_error *err) {
    mw_reader in = {.rest = bytes};
    MW_TRY(check_format(&in, name, err));
    size_t summed = bytes.size - CHECKSUM_SIZE; /* there are more bytes than that */
    mw_reader end = {.rest = mw_str_slice(bytes, summed, bytes.size)};
    if (mw_crc32c(0, bytes.data, summed) == mw_read_u32(&end)) return MW_OK;
    return mw_fail(err, MW_CORRUPT, "checkpoint: %s fails its checksum over %zu bytes", name,
                   bytes.size);
}

static void read_section(mw_reader *in, mw_checkpoint_section *out_section) {
    out_section->name = mw_read_bytes(in, mw_read_u32(in));
    uint64_t size = mw_read_u64(in);
    if (size > in->rest.size) in->failed = true;
    out_section->bytes = mw_read_bytes(in, in->failed ? 0 : (size_t)size);
}

mw_status mw_checkpoint_decode(mw_str bytes, const char *name, mw_arena *arena,
                               mw_checkpoint *out_checkpoint, mw_error *err) {
    MW_TRY(check_frame(bytes, name, err));
    mw_reader in = {.rest = mw_str_slice(bytes, sizeof magic + sizeof(uint32_t),
                                         bytes.size - CHECKSUM_SIZE)};
    mw_checkpoint checkpoint = {.log_id = mw_read_u64(&in)};
    checkpoint.place = (int64_t)mw_read_u64(&in);
    uint32_t count = mw_read_u32(&in);
    if (count > MW_CHECKPOINT_SECTIONS_MAX || count > in.rest.size / SECTION_SIZE_MIN)
        in.failed = true;
    mw_checkpoint_section *sections =
        mw_arena_alloc(arena, in.failed ? 1 : (size_t)count + 1, sizeof *sections);
    if (!sections) return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory to read it");
    for (uint32_t i = 0; !in.failed && i < count; i++) read_section(&in, &sections[i]);
    if (in.failed || in.rest.size > 0)
        return mw_fail(err, MW_CORRUPT, "checkpoint: the contents of %s break its format", name);
    checkpoint.sections = sections;
    checkpoint.section_count = count;
    *out_checkpoint = checkpoint;
    return MW_OK;
}

const mw_checkpoint_section *mw_checkpoint_find(const mw_checkpoint *checkpoint, mw_str name) {
    for (size_t i = 0; i < checkpoint->section_count; i++)
        if (mw_str_equal(checkpoint->sections[i].name, name)) return &checkpoint->sections[i];
    return NULL;
}

/* --- the folder ------------------------------------------------------------------------- */

static const char *path_of(mw_arena *arena, const char *folder, uint64_t number) {
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%08llu%s", (unsigned long long)number, suffix);
    return mw_path_join(arena, folder, name);
}

/* The number of a file name; 0 if it is not a checkpoint's. */
static uint64_t number_of(mw_str name) {
    int64_t number = 0;
    mw_str end = MW_STR(".checkpoint");
    bool is_one = mw_str_ends(name, end) &&
                  mw_str_to_int64(mw_str_slice(name, 0, name.size - end.size), &number);
    return is_one && number > 0 ? (uint64_t)number : 0;
}

mw_status mw_checkpoint_newest(mw_checkpoints in, uint64_t before, uint64_t *out_number,
                               mw_error *err) {
    mw_arena arena;
    mw_str *names = NULL;
    size_t count = 0;
    uint64_t newest = 0;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_sys_list_if_any(in.sys, in.folder, &arena, &names, &count, err);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = number_of(names[i]);
        if (number < before && number > newest) newest = number;
    }
    mw_arena_release(&arena);
    if (status == MW_OK) *out_number = newest;
    return status;
}

/* Removes what is older than the newest that stay, and what a crash has left half written. */
static mw_status clean_up(mw_checkpoints in, uint64_t newest, mw_error *err) {
    mw_arena arena;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_sys_list_if_any(in.sys, in.folder, &arena, &names, &count, err);
    for (size_t i = 0; status == MW_OK && i < count; i++) {
        uint64_t number = number_of(names[i]);
        bool is_old = number > 0 && number + MW_CHECKPOINTS_KEPT <= newest;
        if (!is_old && !mw_str_ends(names[i], MW_STR(".tmp"))) continue;
        const char *path = mw_path_join(&arena, in.folder, names[i].data);
        status = path ? mw_sys_remove(in.sys, path, err)
                      : mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory");
    }
    mw_arena_release(&arena);
    return status;
}

static mw_status write_as(mw_checkpoints in, uint64_t number, mw_str bytes, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    const char *path = path_of(&arena, in.folder, number);
    mw_status status = path ? mw_sys_write_file(in.sys, path, bytes, err)
                            : mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory");
    mw_arena_release(&arena);
    return status;
}

mw_status mw_checkpoint_write(mw_checkpoints in, const mw_checkpoint *checkpoint, mw_error *err) {
    uint64_t newest = 0;
    MW_TRY(mw_checkpoint_newest(in, UINT64_MAX, &newest, err));
    mw_buf bytes;
    mw_buf_init(&bytes, MW_CHECKPOINT_SIZE_MAX);
    mw_checkpoint_append(&bytes, checkpoint);
    mw_status status = mw_buf_check(&bytes, "checkpoint", err);
    if (status == MW_OK) status = write_as(in, newest + 1, mw_buf_str(&bytes), err);
    mw_buf_release(&bytes);
    return status == MW_OK ? clean_up(in, newest + 1, err) : status;
}

mw_status mw_checkpoint_lock(mw_checkpoints in, mw_file **out_lock, mw_error *err) {
    mw_arena arena;
    mw_file *lock = NULL;
    MW_TRY(mw_sys_make_folder(in.sys, in.folder, err));
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    const char *path = mw_path_join(&arena, in.folder, "lock");
    mw_status status = path ? mw_sys_open(in.sys, path, MW_FILE_APPEND, &lock, err)
                            : mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory");
    mw_arena_release(&arena);
    if (status == MW_OK) status = mw_file_lock(lock, err);
    if (status == MW_OK) *out_lock = lock;
    else mw_file_close(lock);
    return status;
}

mw_status mw_checkpoint_read(mw_checkpoints in, uint64_t number, mw_arena *arena, mw_buf *bytes,
                             mw_checkpoint *out_checkpoint, mw_error *err) {
    const char *path = path_of(arena, in.folder, number);
    if (!path) return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory to read it");
    mw_buf_clear(bytes);
    MW_TRY(mw_sys_read_file(in.sys, path, bytes, err));
    return mw_checkpoint_decode(mw_buf_str(bytes), path, arena, out_checkpoint, err);
}

/* --- a part of it ----------------------------------------------------------------------- */

/* Where one reads in a file. */
typedef struct {
    mw_file *file;
    uint64_t offset;
    const char *path; /* for messages */
    mw_arena arena;   /* has it */
} place;

/* To be closed after a failure, too. */
static mw_status open_place(mw_checkpoints in, uint64_t number, place *at, mw_error *err) {
    *at = (place){.file = NULL};
    mw_arena_init(&at->arena, ARENA_SIZE_MAX);
    at->path = path_of(&at->arena, in.folder, number);
    if (!at->path) return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory to read it");
    return mw_sys_open(in.sys, at->path, MW_FILE_READ, &at->file, err);
}

static void close_place(place *at) {
    mw_file_close(at->file);
    mw_arena_release(&at->arena);
}

static mw_status read_on(place *at, void *bytes, size_t size, mw_error *err) {
    size_t got = 0;
    MW_TRY(mw_file_read(at->file, at->offset, bytes, size, &got, err));
    at->offset += got;
    return got == size ? MW_OK : mw_fail(err, MW_CORRUPT, "checkpoint: %s ends early", at->path);
}

static mw_status read_head(place *at, mw_checkpoint *out_checkpoint, mw_error *err) {
    char bytes[HEAD_SIZE];
    mw_reader in = {.rest = {bytes, sizeof bytes}};
    MW_TRY(read_on(at, bytes, sizeof bytes, err));
    MW_TRY(check_format(&in, at->path, err));
    mw_checkpoint head = {.log_id = mw_read_u64(&in)};
    head.place = (int64_t)mw_read_u64(&in);
    *out_checkpoint = head;
    return MW_OK;
}

static mw_status read_number(place *at, size_t size, uint64_t *out_number, mw_error *err) {
    char bytes[sizeof *out_number] = {0};
    mw_reader in = {.rest = {bytes, sizeof bytes}};
    MW_TRY(read_on(at, bytes, size, err));
    *out_number = mw_read_u64(&in);
    return MW_OK;
}

/* Whether that name stands there; behind it afterwards. */
static mw_status read_name(place *at, mw_str name, bool *out_is_it, mw_error *err) {
    char bytes[NAME_SIZE];
    uint64_t size;
    MW_ASSERT(name.size <= sizeof bytes);
    MW_TRY(read_number(at, sizeof(uint32_t), &size, err));
    *out_is_it = false;
    if (size != name.size) {
        at->offset += size;
        return MW_OK;
    }
    MW_TRY(read_on(at, bytes, (size_t)size, err));
    *out_is_it = mw_str_equal(name, (mw_str){bytes, (size_t)size});
    return MW_OK;
}

static mw_status copy_section(place *at, uint64_t size, mw_buf *out_bytes, mw_error *err) {
    char bytes[COPY_STEP];
    for (uint64_t left = size; left > 0 && !out_bytes->failed;) {
        size_t step = left < sizeof bytes ? (size_t)left : sizeof bytes;
        MW_TRY(read_on(at, bytes, step, err));
        mw_buf_append(out_bytes, bytes, step);
        left -= step;
    }
    return mw_buf_check(out_bytes, "a checkpoint's section", err);
}

static mw_status find_section(place *at, mw_str name, mw_buf *out_bytes, mw_error *err) {
    mw_checkpoint head;
    uint64_t count;
    MW_TRY(read_head(at, &head, err));
    MW_TRY(read_number(at, sizeof(uint32_t), &count, err));
    for (uint64_t i = 0; i < count; i++) {
        bool is_it;
        uint64_t size;
        MW_TRY(read_name(at, name, &is_it, err));
        MW_TRY(read_number(at, sizeof size, &size, err));
        if (is_it) return copy_section(at, size, out_bytes, err);
        if (size > MW_CHECKPOINT_SIZE_MAX) break;
        at->offset += size;
    }
    return mw_fail(err, MW_NOT_FOUND, "checkpoint: %s has no section \"%.*s\"", at->path,
                   MW_STR_ARGS(name));
}

mw_status mw_checkpoint_read_head(mw_checkpoints in, uint64_t number,
                                  mw_checkpoint *out_checkpoint, mw_error *err) {
    place at;
    mw_status status = open_place(in, number, &at, err);
    if (status == MW_OK) status = read_head(&at, out_checkpoint, err);
    close_place(&at);
    return status;
}

mw_status mw_checkpoint_read_section(mw_checkpoints in, uint64_t number, mw_str name,
                                     mw_buf *out_bytes, mw_error *err) {
    place at;
    mw_status status = open_place(in, number, &at, err);
    if (status == MW_OK) status = find_section(&at, name, out_bytes, err);
    close_place(&at);
    return status;
}
