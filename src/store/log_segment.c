#include "store/log_segment.h"

#include <string.h>

enum {
    SEGMENT_DIGITS = 16,
    SEGMENT_NAME_SIZE = SEGMENT_DIGITS + 4, /* and ".log" */
};

/* Names sort as places do: the sign bit is turned. */
const char *mw_log_segment_path(mw_arena *arena, const char *folder, int64_t first_place) {
    static const char digits[] = "0123456789abcdef";
    char name[SEGMENT_NAME_SIZE + 1];
    uint64_t value = (uint64_t)first_place ^ (UINT64_C(1) << 63);
    for (int i = SEGMENT_DIGITS - 1; i >= 0; i--, value >>= 4) name[i] = digits[value & 15];
    memcpy(name + SEGMENT_DIGITS, ".log", 5);
    return mw_path_join(arena, folder, name);
}

int64_t mw_log_segment_first_place(mw_str segment_name) {
    uint64_t value = 0;
    for (size_t i = 0; i < SEGMENT_DIGITS && i < segment_name.size; i++) {
        char c = segment_name.data[i];
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return (int64_t)(value ^ (UINT64_C(1) << 63));
}

/* The files of a folder, in order; none if it does not exist. */
mw_status mw_log_segment_list(mw_sys *sys, const char *folder, mw_arena *arena,
                              mw_str **out_names, size_t *out_count, mw_error *err) {
    mw_str *names;
    size_t count, kept = 0;
    MW_TRY(mw_sys_list_if_any(sys, folder, arena, &names, &count, err));
    for (size_t i = 0; i < count; i++)
        if (names[i].size == SEGMENT_NAME_SIZE && mw_str_ends(names[i], MW_STR(".log")))
            names[kept++] = names[i];
    *out_names = names;
    *out_count = kept;
    return MW_OK;
}

mw_status mw_log_segment_read(mw_sys *sys, const char *path, mw_buf *bytes,
                              mw_log_head *out_head, mw_error *err) {
    mw_buf_clear(bytes);
    MW_TRY(mw_sys_read_file(sys, path, bytes, err));
    return mw_log_head_read(mw_buf_str(bytes), path, out_head, err);
}

mw_status mw_log_segment_fail(const char *path, uint64_t offset, mw_log_found found,
                              mw_error *err) {
    const char *what = found == MW_LOG_BAD ? "fails its checksum" : "breaks off a batch";
    mw_status status = mw_fail(err, MW_CORRUPT, "log: %s %s at byte %llu", path, what,
                               (unsigned long long)offset);
    return mw_hint(err, status, "It had been written whole, so this is damage, not a torn write. "
                                "Restore the segment from a backup.");
}

mw_status mw_log_segment_find_end(const char *path, mw_str bytes, size_t *out_end,
                                  mw_error *err) {
    size_t end = MW_LOG_HEAD_SIZE, offset = end;
    mw_log_found found;
    while ((found = mw_log_batch_read(bytes, false, &offset)) == MW_LOG_GOOD) end = offset;
    if (!mw_log_record_is_torn(bytes, offset, 0))
        return mw_log_segment_fail(path, offset, found, err);
    *out_end = end;
    return MW_OK;
}

/* The last place of a segment that another follows, or that of all before it if it has none;
   INT64_MIN if it was lost while it was made, or has lost its end. */
static mw_status find_last_place(mw_sys *sys, const char *path, int64_t *out_place,
                                 mw_error *err) {
    mw_buf bytes;
    mw_log_head head;
    mw_buf_init(&bytes, MW_LOG_SEGMENT_BYTES_MAX);
    mw_status status = mw_log_segment_read(sys, path, &bytes, &head, err);
    bool has_head = status == MW_OK;
    if (status == MW_CORRUPT && mw_log_head_is_torn(mw_buf_str(&bytes))) status = MW_OK;
    size_t end = 0;
    int64_t place = has_head ? head.first_place - 1 : INT64_MIN;
    if (has_head) status = mw_log_segment_find_end(path, mw_buf_str(&bytes), &end, err);
    for (size_t offset = MW_LOG_HEAD_SIZE; offset < end;) {
        mw_record record;
        offset += mw_log_record_view(mw_buf_str(&bytes), offset, &record);
        if (record.type != MW_RECORD_DEFINITION) place = record.place;
    }
    if (end < bytes.size) place = INT64_MIN;
    mw_buf_release(&bytes);
    if (status == MW_OK) *out_place = place;
    return status;
}

/* A head that is not good is none: `*out_has` says so. */
static mw_status read_head(mw_sys *sys, const char *path, mw_log_head *out_head, bool *out_has,
                           mw_error *err) {
    char bytes[MW_LOG_HEAD_SIZE];
    size_t size = 0;
    mw_file *file = NULL;
    mw_error unseen;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_READ, &file, err));
    mw_status status = mw_file_read(file, 0, bytes, sizeof bytes, &size, err);
    mw_file_close(file);
    MW_TRY(status);
    *out_has = mw_log_head_read((mw_str){bytes, size}, path, out_head, &unseen) == MW_OK;
    return MW_OK;
}

/* Whether there is nothing to be read in a file without a good head: it was torn, as above, or is
   just being made. */
static mw_status has_not_begun(mw_sys *sys, const char *path, bool *out_has_not, mw_error *err) {
    mw_buf bytes;
    mw_log_head head;
    mw_buf_init(&bytes, MW_LOG_SEGMENT_BYTES_MAX);
    mw_status status = mw_log_segment_read(sys, path, &bytes, &head, err);
    *out_has_not = status == MW_OK || (status == MW_CORRUPT &&
                                       mw_log_head_is_torn(mw_buf_str(&bytes)));
    mw_buf_release(&bytes);
    return status == MW_CORRUPT || status == MW_NEWER_FORMAT ? MW_OK : status;
}

/* Whether a file is no segment: it has not begun, or a loss of power left it without the end of the
   one before, if there is one. What is damaged is left for who reads it. */
static mw_status is_none(mw_sys *sys, const char *before, const char *path, bool *out_is,
                         mw_error *err) {
    mw_log_head head;
    bool has_head = false;
    int64_t last = 0;
    *out_is = false;
    MW_TRY(read_head(sys, path, &head, &has_head, err));
    if (!has_head) return has_not_begun(sys, path, out_is, err);
    if (!head.is_unfounded || !before) return MW_OK;
    MW_TRY(find_last_place(sys, before, &last, err));
    *out_is = last != head.first_place - 1;
    return MW_OK;
}

/* How many of the files are segments: the newest ones may be none. */
mw_status mw_log_segment_count(mw_sys *sys, const char *folder, mw_arena *arena,
                               const mw_str *names, size_t *count, mw_error *err) {
    for (bool none = true; *count > 0 && none; *count -= none) {
        const char *path = mw_path_join(arena, folder, names[*count - 1].data);
        const char *before =
            *count > 1 ? mw_path_join(arena, folder, names[*count - 2].data) : NULL;
        if (!path || (*count > 1 && !before))
            return mw_fail(err, MW_NO_MEMORY, "log: no memory");
        MW_TRY(is_none(sys, before, path, &none, err));
    }
    return MW_OK;
}

static mw_status list_segments(mw_sys *sys, const char *folder, mw_arena *arena,
                               mw_str **out_names, size_t *out_count, mw_error *err) {
    MW_TRY(mw_log_segment_list(sys, folder, arena, out_names, out_count, err));
    return mw_log_segment_count(sys, folder, arena, *out_names, out_count, err);
}

/* --- on the disk ------------------------------------------------------------------------- */

mw_status mw_log_open_segment(mw_sys *sys, const char *folder, int64_t segment,
                              mw_file **out_file, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, MW_LOG_ARENA_MAX);
    const char *path = mw_log_segment_path(&arena, folder, segment);
    mw_status status = path ? mw_sys_open(sys, path, MW_FILE_UPDATE, out_file, err)
                            : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    mw_arena_release(&arena);
    return status;
}

static mw_status sync_file(mw_sys *sys, const char *path, mw_error *err) {
    mw_file *file;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, err));
    mw_status status = mw_file_sync(file, err);
    mw_file_close(file);
    return status;
}

/* Syncs the segment before the last of these, and marks the last: in this order. */
static mw_status found_last(mw_sys *sys, const char *folder, mw_arena *arena,
                            const mw_str *names, size_t count, mw_error *err) {
    mw_log_head head;
    bool has_head = false;
    mw_file *file = NULL;
    const char *path = mw_path_join(arena, folder, names[count - 1].data);
    const char *before = count > 1 ? mw_path_join(arena, folder, names[count - 2].data) : path;
    if (!path || !before) return mw_fail(err, MW_NO_MEMORY, "log: no memory");
    MW_TRY(read_head(sys, path, &head, &has_head, err));
    if (!has_head || !head.is_unfounded) return MW_OK;
    MW_TRY(sync_file(sys, before, err));
    MW_TRY(mw_sys_sync_folder(sys, folder, err)); /* which may not list that one yet */
    MW_TRY(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, err));
    mw_status status = mw_file_write(file, MW_LOG_MARK_OFFSET, &mw_log_mark, 1, err);
    mw_file_close(file);
    return status;
}

mw_status mw_log_found_segment(mw_sys *sys, const char *folder, int64_t segment, mw_error *err) {
    mw_arena arena;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&arena, MW_LOG_ARENA_MAX);
    mw_status status = mw_log_segment_list(sys, folder, &arena, &names, &count, err);
    while (count > 0 && mw_log_segment_first_place(names[count - 1]) > segment) count--;
    if (status == MW_OK && count > 0)
        status = found_last(sys, folder, &arena, names, count, err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_log_sync_newest(mw_sys *sys, const char *folder, mw_error *err) {
    mw_arena arena;
    mw_str *names = NULL;
    size_t count = 0;
    const char *path = NULL;
    mw_arena_init(&arena, MW_LOG_ARENA_MAX);
    mw_status status = list_segments(sys, folder, &arena, &names, &count, err);
    if (status == MW_OK && count > 0) {
        status = found_last(sys, folder, &arena, names, count, err);
        path = mw_path_join(&arena, folder, names[count - 1].data);
        if (status == MW_OK)
            status = path ? sync_file(sys, path, err)
                          : mw_fail(err, MW_NO_MEMORY, "log: no memory");
        if (status == MW_OK) status = mw_sys_sync_folder(sys, folder, err);
    }
    mw_arena_release(&arena);
    return status;
}

mw_status mw_log_end(mw_sys *sys, const char *folder, mw_log_position *out_end, mw_error *err) {
    mw_arena arena;
    mw_str *names = NULL;
    size_t count = 0;
    mw_file_info info = {.size = 0};
    mw_arena_init(&arena, MW_LOG_ARENA_MAX);
    mw_status status = mw_log_segment_list(sys, folder, &arena, &names, &count, err);
    if (status == MW_OK && count > 0) {
        const char *path = mw_path_join(&arena, folder, names[count - 1].data);
        status = path ? mw_sys_info(sys, path, &info, err)
                      : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    }
    if (status == MW_OK)
        *out_end = (mw_log_position){
            count > 0 ? mw_log_segment_first_place(names[count - 1]) : INT64_MIN, info.size};
    mw_arena_release(&arena);
    return status;
}
