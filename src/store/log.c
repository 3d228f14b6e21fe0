#include "store/log.h"

#include <string.h>

#include "store/log_format.h"

#define SEGMENT_BYTES_MAX ((size_t)1 << 34)
#define LOG_ARENA_MAX ((size_t)1 << 24)
enum {
    SEGMENT_DIGITS = 16,
    SEGMENT_NAME_SIZE = SEGMENT_DIGITS + 4, /* and ".log" */
    BATCH_SIZE_MAX = 1 << 28,
    WINDOW_SIZE = 1 << 17, /* of a segment, read at once */
    WINDOW_SIZE_MAX = 1 << 30,
    PIECE_SIZE = 1 << 12, /* most records fit */
};

/* What a stream number means, as it was last said. */
typedef struct {
    uint32_t stream;
    mw_str meaning;
} definition;

struct mw_log {
    mw_sys *sys;
    mw_arena arena; /* the folder's path, and meanings */
    const char *folder;
    size_t segment_size;
    uint64_t log_id;
    mw_file *file;       /* the newest segment; NULL before the first record */
    int64_t segment;     /* its first place */
    uint64_t file_size;  /* bytes of it that are committed */
    uint64_t older_size; /* of the segments before */
    int64_t last_place, committed_place;
    bool has_remains;    /* bytes of a failed batch may stand behind file_size */
    mw_buf batch;
    mw_log_position batch_position; /* of the batch before */
    definition *definitions;
    size_t definition_count, definition_capacity;
};

/* --- segments --------------------------------------------------------------------------- */

/* Names sort as places do: the sign bit is turned. */
static const char *segment_path(mw_arena *arena, const char *folder, int64_t first_place) {
    static const char digits[] = "0123456789abcdef";
    char name[SEGMENT_NAME_SIZE + 1];
    uint64_t value = (uint64_t)first_place ^ (UINT64_C(1) << 63);
    for (int i = SEGMENT_DIGITS - 1; i >= 0; i--, value >>= 4) name[i] = digits[value & 15];
    memcpy(name + SEGMENT_DIGITS, ".log", 5);
    return mw_path_join(arena, folder, name);
}

static int64_t first_place_of(mw_str segment_name) {
    uint64_t value = 0;
    for (size_t i = 0; i < SEGMENT_DIGITS && i < segment_name.size; i++) {
        char c = segment_name.data[i];
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return (int64_t)(value ^ (UINT64_C(1) << 63));
}

/* The files of a folder, in order; none if it does not exist. */
static mw_status list_files(mw_sys *sys, const char *folder, mw_arena *arena,
                               mw_str **out_names, size_t *out_count, mw_error *err) {
    mw_file_info info;
    *out_count = 0;
    MW_TRY(mw_sys_info(sys, folder, &info, err));
    if (!info.exists) return MW_OK;
    mw_str *names;
    size_t count, kept = 0;
    MW_TRY(mw_sys_list(sys, folder, arena, &names, &count, err));
    for (size_t i = 0; i < count; i++)
        if (names[i].size == SEGMENT_NAME_SIZE && mw_str_ends(names[i], MW_STR(".log")))
            names[kept++] = names[i];
    *out_names = names;
    *out_count = kept;
    return MW_OK;
}

static mw_status read_segment(mw_sys *sys, const char *path, mw_buf *bytes,
                              mw_log_head *out_head, mw_error *err) {
    mw_buf_clear(bytes);
    MW_TRY(mw_sys_read_file(sys, path, bytes, err));
    return mw_log_head_read(mw_buf_str(bytes), path, out_head, err);
}

static mw_status bad_record(const char *path, size_t offset, mw_error *err) {
    mw_status status = mw_fail(err, MW_CORRUPT, "log: %s fails its checksum at byte %zu", path,
                               offset);
    return mw_hint(err, status, "It had been written whole, so this is damage, not a torn write. "
                                "Restore the segment from a backup.");
}

/* The last place of a segment, or that of all before it if it has none; INT64_MIN if it was
   lost while it was made. */
static mw_status find_last_place(mw_sys *sys, const char *path, int64_t *out_place,
                                 mw_error *err) {
    mw_buf bytes;
    mw_log_head head;
    mw_buf_init(&bytes, SEGMENT_BYTES_MAX);
    mw_status status = read_segment(sys, path, &bytes, &head, err);
    bool has_no_record = status == MW_CORRUPT && mw_log_head_is_torn(mw_buf_str(&bytes));
    if (has_no_record) status = MW_OK;
    mw_log_found found = has_no_record ? MW_LOG_RECORD_END : MW_LOG_RECORD_GOOD;
    size_t offset = MW_LOG_HEAD_SIZE, size = 0;
    int64_t place = has_no_record ? INT64_MIN : head.first_place - 1;
    while (status == MW_OK && found == MW_LOG_RECORD_GOOD) {
        mw_record record;
        found = mw_log_record_read(mw_buf_str(&bytes), offset, &record, &size);
        if (found == MW_LOG_RECORD_BAD && !mw_log_record_is_torn(mw_buf_str(&bytes), offset, 0))
            status = bad_record(path, offset, err);
        if (found != MW_LOG_RECORD_GOOD) break;
        if (record.type != MW_RECORD_DEFINITION) place = record.place;
        offset += size;
    }
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
    mw_buf_init(&bytes, SEGMENT_BYTES_MAX);
    mw_status status = read_segment(sys, path, &bytes, &head, err);
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
static mw_status count_segments(mw_sys *sys, const char *folder, mw_arena *arena,
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
    MW_TRY(list_files(sys, folder, arena, out_names, out_count, err));
    return count_segments(sys, folder, arena, *out_names, out_count, err);
}

/* --- definitions ------------------------------------------------------------------------ */

static definition *find_definition(mw_log *log, uint32_t stream) {
    for (size_t i = 0; i < log->definition_count; i++)
        if (log->definitions[i].stream == stream) return &log->definitions[i];
    return NULL;
}

static mw_status keep_definition(mw_log *log, uint32_t stream, mw_str meaning, mw_error *err) {
    definition *known = find_definition(log, stream);
    mw_str copy = mw_str_copy(&log->arena, meaning);
    bool fits = copy.data != NULL;
    if (fits && !known)
        fits = mw_grow((void **)&log->definitions, &log->definition_capacity,
                       log->definition_count + 1, sizeof *log->definitions, MW_LOG_STREAMS_MAX);
    if (!fits) return mw_fail(err, MW_NO_MEMORY, "log: no memory for a stream's definition");
    if (!known) known = &log->definitions[log->definition_count++];
    *known = (definition){stream, copy};
    return MW_OK;
}

static void append_definition(mw_log *log, const definition *defined) {
    mw_record record = {.type = MW_RECORD_DEFINITION,
                        .stream = defined->stream,
                        .place = log->last_place,
                        .payload = defined->meaning};
    mw_log_record_append(&log->batch, &record);
}

/* --- opening ---------------------------------------------------------------------------- */

/* Reads the newest segment through: learns definitions and the last place, finds its good end. */
static mw_status read_through(mw_log *log, const char *path, mw_str bytes, size_t *out_end,
                              mw_error *err) {
    size_t offset = MW_LOG_HEAD_SIZE;
    for (;;) {
        mw_record record;
        size_t size;
        mw_log_found found = mw_log_record_read(bytes, offset, &record, &size);
        if (found == MW_LOG_RECORD_BAD && !mw_log_record_is_torn(bytes, offset, 0))
            return bad_record(path, offset, err);
        if (found != MW_LOG_RECORD_GOOD) break;
        if (record.type == MW_RECORD_DEFINITION)
            MW_TRY(keep_definition(log, record.stream, record.payload, err));
        else log->last_place = record.place;
        offset += size;
    }
    *out_end = offset;
    return MW_OK;
}

static mw_status open_newest(mw_log *log, const char *path, mw_buf *bytes, mw_error *err) {
    mw_log_head head;
    MW_TRY(read_segment(log->sys, path, bytes, &head, err));
    size_t end = 0;
    log->log_id = head.log_id;
    log->last_place = head.first_place - 1;
    MW_TRY(read_through(log, path, mw_buf_str(bytes), &end, err));
    MW_TRY(mw_sys_open(log->sys, path, MW_FILE_UPDATE, &log->file, err));
    if (end < bytes->size) MW_TRY(mw_file_truncate(log->file, end, err));
    log->file_size = end;
    log->segment = head.first_place;
    return MW_OK;
}

static mw_status remove_none(mw_log *log, const mw_str *names, size_t *count,
                                   mw_error *err) {
    size_t all = *count;
    MW_TRY(count_segments(log->sys, log->folder, &log->arena, names, count, err));
    for (size_t i = all; i > *count; i--) /* the newest first: what is left is a log at all times */
        MW_TRY(mw_sys_remove(log->sys, mw_path_join(&log->arena, log->folder, names[i - 1].data),
                             err));
    return all > *count ? mw_sys_sync_folder(log->sys, log->folder, err) : MW_OK;
}

static mw_status recover(mw_log *log, mw_error *err) {
    mw_str *names = NULL;
    size_t count;
    MW_TRY(mw_sys_make_folder(log->sys, log->folder, err));
    MW_TRY(list_files(log->sys, log->folder, &log->arena, &names, &count, err));
    MW_TRY(remove_none(log, names, &count, err));
    for (size_t i = 0; i + 1 < count; i++) {
        mw_file_info info;
        MW_TRY(mw_sys_info(log->sys, mw_path_join(&log->arena, log->folder, names[i].data), &info,
                           err));
        log->older_size += info.size;
    }
    mw_buf bytes;
    mw_buf_init(&bytes, SEGMENT_BYTES_MAX);
    mw_status status = MW_OK;
    if (count > 0)
        status = open_newest(log, mw_path_join(&log->arena, log->folder, names[count - 1].data),
                             &bytes, err);
    mw_buf_release(&bytes);
    if (status == MW_OK && log->file)
        status = mw_log_found_segment(log->sys, log->folder, log->segment, err);
    log->committed_place = log->last_place;
    if (status == MW_OK && log->log_id == 0)
        mw_sys_entropy(log->sys, &log->log_id, sizeof log->log_id);
    return status;
}

mw_status mw_log_open(mw_log_config config, mw_log **out_log, mw_error *err) {
    mw_log *log = mw_allocate(sizeof *log);
    if (!log) return mw_fail(err, MW_NO_MEMORY, "log: no memory");
    *log = (mw_log){.sys = config.sys,
                    .segment_size = config.segment_size ? config.segment_size
                                                        : (size_t)MW_LOG_SEGMENT_SIZE,
                    .last_place = INT64_MIN,
                    .committed_place = INT64_MIN};
    mw_arena_init(&log->arena, LOG_ARENA_MAX);
    mw_buf_init(&log->batch, BATCH_SIZE_MAX);
    log->folder = mw_arena_copy(&log->arena, config.folder, strlen(config.folder));
    mw_status status = log->folder ? recover(log, err)
                                   : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    if (status != MW_OK) mw_log_close(log);
    else *out_log = log;
    return status;
}

void mw_log_close(mw_log *log) {
    if (!log) return;
    mw_file_close(log->file);
    mw_buf_release(&log->batch);
    mw_free(log->definitions);
    mw_arena_release(&log->arena);
    mw_free(log);
}

/* --- writing ---------------------------------------------------------------------------- */

mw_status mw_log_define(mw_log *log, uint32_t stream, mw_str meaning, mw_error *err) {
    const definition *known = find_definition(log, stream);
    if (known && mw_str_equal(known->meaning, meaning)) return MW_OK;
    MW_TRY(keep_definition(log, stream, meaning, err));
    append_definition(log, find_definition(log, stream));
    return mw_buf_check(&log->batch, "the log's batch", err);
}

mw_status mw_log_append(mw_log *log, const mw_record *record, mw_error *err) {
    MW_ASSERT(record->place > log->last_place);
    MW_ASSERT(record->type != MW_RECORD_DEFINITION);
    if (record->payload.size > MW_LOG_PAYLOAD_MAX)
        return mw_fail(err, MW_TOO_LARGE, "log: a record may have %d bytes, got %zu",
                       MW_LOG_PAYLOAD_MAX, record->payload.size);
    mw_log_record_append(&log->batch, record);
    MW_TRY(mw_buf_check(&log->batch, "the log's batch", err));
    log->last_place = record->place;
    return MW_OK;
}

/* Makes the next segment, with its head and all definitions. Whoever syncs next syncs it. */
static mw_status begin_segment(mw_log *log, int64_t first_place, mw_error *err) {
    mw_buf gathered = log->batch;
    mw_buf_init(&log->batch, BATCH_SIZE_MAX);
    mw_log_head_append(&log->batch, (mw_log_head){log->log_id, first_place, log->file != NULL});
    for (size_t i = 0; i < log->definition_count; i++)
        append_definition(log, &log->definitions[i]);
    mw_file *file = NULL;
    const char *path = segment_path(&log->arena, log->folder, first_place);
    mw_status status = path ? mw_buf_check(&log->batch, "the log's batch", err)
                            : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    if (status == MW_OK) status = mw_sys_open(log->sys, path, MW_FILE_CREATE, &file, err);
    if (status == MW_OK) {
        status = mw_file_write(file, 0, log->batch.data, log->batch.size, err);
        if (status != MW_OK) {
            mw_file_close(file);
            mw_error ignored; /* what is left holds no record; the next writer removes it */
            mw_status removed = mw_sys_remove(log->sys, path, &ignored);
            (void)removed;
        }
    }
    if (status == MW_OK) {
        mw_file_close(log->file);
        log->file = file;
        log->segment = first_place;
        log->older_size += log->file_size;
        log->file_size = log->batch.size;
    }
    mw_buf_release(&log->batch);
    log->batch = gathered;
    return status;
}

/* Takes back what part of a batch reached the file: now if that can be done, before the next write
   at the latest. */
static void cut_remains(mw_log *log) {
    mw_error ignored;
    log->has_remains =
        log->file && mw_file_truncate(log->file, log->file_size, &ignored) != MW_OK;
}

/* Takes back what was gathered. Definitions go into the next batch again: one of them may have been
   in this. */
static void drop_batch(mw_log *log) {
    mw_buf_clear(&log->batch);
    log->last_place = log->committed_place;
    for (size_t i = 0; i < log->definition_count; i++)
        append_definition(log, &log->definitions[i]);
}

mw_status mw_log_commit(mw_log *log, mw_error *err) {
    if (log->batch.size == 0) return MW_OK;
    mw_status status = MW_OK;
    if (log->has_remains) status = mw_file_truncate(log->file, log->file_size, err);
    if (status == MW_OK) log->has_remains = false;
    bool is_full = log->file && log->file_size >= log->segment_size;
    if (status == MW_OK && is_full) /* as a rule the syncer did that long ago */
        status = mw_log_found_segment(log->sys, log->folder, log->segment, err);
    if (status == MW_OK && (!log->file || is_full)) {
        int64_t first = log->committed_place == INT64_MIN ? INT64_MIN + 1
                                                          : log->committed_place + 1;
        status = begin_segment(log, first, err);
    }
    if (status == MW_OK)
        status = mw_file_write(log->file, log->file_size, log->batch.data, log->batch.size, err);
    if (status != MW_OK) {
        cut_remains(log);
        if (status != MW_NO_SPACE) drop_batch(log);
        return status;
    }
    log->batch_position = (mw_log_position){log->segment, log->file_size};
    log->file_size += log->batch.size;
    log->committed_place = log->last_place;
    mw_buf_clear(&log->batch);
    return MW_OK;
}

mw_status mw_log_sync(mw_log *log, mw_error *err) {
    if (!log->file) return MW_OK;
    MW_TRY(mw_log_found_segment(log->sys, log->folder, log->segment, err));
    MW_TRY(mw_file_sync(log->file, err));
    return mw_sys_sync_folder(log->sys, log->folder, err); /* which may not list it yet */
}

mw_log_position mw_log_committed(const mw_log *log) {
    return (mw_log_position){log->file ? log->segment : INT64_MIN, log->file_size};
}

mw_status mw_log_open_segment(mw_sys *sys, const char *folder, int64_t segment,
                              mw_file **out_file, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, LOG_ARENA_MAX);
    const char *path = segment_path(&arena, folder, segment);
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
    mw_arena_init(&arena, LOG_ARENA_MAX);
    mw_status status = list_files(sys, folder, &arena, &names, &count, err);
    while (count > 0 && first_place_of(names[count - 1]) > segment) count--;
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
    mw_arena_init(&arena, LOG_ARENA_MAX);
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
    mw_arena_init(&arena, LOG_ARENA_MAX);
    mw_status status = list_files(sys, folder, &arena, &names, &count, err);
    if (status == MW_OK && count > 0) {
        const char *path = mw_path_join(&arena, folder, names[count - 1].data);
        status = path ? mw_sys_info(sys, path, &info, err)
                      : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    }
    if (status == MW_OK)
        *out_end = (mw_log_position){count > 0 ? first_place_of(names[count - 1]) : INT64_MIN,
                                     info.size};
    mw_arena_release(&arena);
    return status;
}

uint64_t mw_log_id(const mw_log *log) { return log->log_id; }
int64_t mw_log_last_place(const mw_log *log) { return log->last_place; }
size_t mw_log_batch_size(const mw_log *log) { return log->batch.size; }
mw_log_position mw_log_batch_position(const mw_log *log) { return log->batch_position; }

uint64_t mw_log_size(const mw_log *log) { return log->older_size + log->file_size; }

/* --- reading ---------------------------------------------------------------------------- */

struct mw_log_scan {
    mw_sys *sys;
    mw_arena arena;
    const char *folder;
    int64_t from;
    mw_log_position first; /* it begins there; an offset of 0: with the segment */
    uint64_t log_id;
    mw_str name;      /* of the segment that is read; empty before the first */
    const char *path; /* of it */
    mw_file *file;
    mw_log_position at; /* of the window's first byte */
    char *window;     /* a part of the segment */
    size_t window_size, window_capacity;
    size_t offset;    /* of the next record in the window */
    size_t last_size; /* of the record before it */
    mw_log_position end;
    int64_t believed; /* the newest segment, once it was found to follow: it does so for good */
};

mw_status mw_log_scan_begin(mw_sys *sys, const char *folder, int64_t from,
                            mw_log_scan **out_scan, mw_error *err) {
    mw_log_scan *scan = mw_allocate(sizeof *scan);
    if (!scan) return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    *scan = (mw_log_scan){.sys = sys, .from = from, .end = MW_LOG_POSITION_MAX,
                           .believed = INT64_MIN};
    mw_arena_init(&scan->arena, LOG_ARENA_MAX);
    scan->folder = mw_arena_copy(&scan->arena, folder, strlen(folder));
    if (!scan->folder) {
        mw_log_scan_end(scan);
        return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    }
    *out_scan = scan;
    return MW_OK;
}

mw_status mw_log_scan_begin_at(mw_sys *sys, const char *folder, mw_log_position first,
                               mw_log_scan **out_scan, mw_error *err) {
    MW_TRY(mw_log_scan_begin(sys, folder, first.segment, out_scan, err));
    (*out_scan)->first = first;
    return MW_OK;
}

void mw_log_scan_end(mw_log_scan *scan) {
    if (!scan) return;
    mw_file_close(scan->file);
    mw_free(scan->window);
    mw_arena_release(&scan->arena);
    mw_free(scan);
}

/* The window begins anew at the next record, so large or up to the segment's end. What was read
   before and is no whole record may have been cut since: it is read again. */
static mw_status move_window(mw_log_scan *scan, size_t size, mw_error *err) {
    scan->at.offset += scan->offset;
    scan->offset = scan->window_size = 0;
    if (!mw_grow((void **)&scan->window, &scan->window_capacity, size, 1, WINDOW_SIZE_MAX))
        return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    return mw_file_read(scan->file, scan->at.offset, scan->window, size, &scan->window_size,
                        err);
}

static mw_str window_of(const mw_log_scan *scan) {
    return (mw_str){scan->window, scan->window_size};
}

/* Of the bad record that the window has come to. */
static bool is_torn(const mw_log_scan *scan) {
    return mw_log_record_is_torn(window_of(scan), scan->offset, scan->at.offset);
}

/* The segment that holds the first record to be read, if it stands behind the present one. */
static size_t find_segment(const mw_log_scan *scan, const mw_str *names, size_t count) {
    size_t i = 0;
    while (i < count && mw_str_compare(names[i], scan->name) <= 0) i++;
    while (i + 1 < count && first_place_of(names[i + 1]) <= scan->from) i++;
    return i;
}

static mw_status open_segment(mw_log_scan *scan, const char *path, mw_file **out_file,
                              mw_error *err) {
    char bytes[MW_LOG_HEAD_SIZE];
    size_t size = 0;
    mw_log_head head;
    mw_file *file = NULL;
    MW_TRY(mw_sys_open(scan->sys, path, MW_FILE_READ, &file, err));
    mw_status status = mw_file_read(file, 0, bytes, sizeof bytes, &size, err);
    if (status == MW_OK) status = mw_log_head_read((mw_str){bytes, size}, path, &head, err);
    if (status != MW_OK) {
        mw_file_close(file);
        return status;
    }
    scan->log_id = head.log_id;
    *out_file = file;
    return MW_OK;
}

static mw_status enter_segment(mw_log_scan *scan, mw_str name, mw_file *file, mw_error *err) {
    mw_file_close(scan->file);
    scan->file = file;
    scan->at = (mw_log_position){first_place_of(name), MW_LOG_HEAD_SIZE};
    if (scan->at.segment == scan->first.segment && scan->first.offset > 0) scan->at = scan->first;
    scan->offset = 0;
    scan->name = mw_str_copy(&scan->arena, name);
    scan->path = scan->name.data ? mw_path_join(&scan->arena, scan->folder, scan->name.data)
                                 : NULL;
    if (!scan->path) return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    return move_window(scan, WINDOW_SIZE, err);
}

/* Goes on to the next of these; false if there is none. */
static mw_status go_on_among(mw_log_scan *scan, const mw_str *names, size_t count,
                             mw_arena *arena, bool *out_moved, mw_error *err) {
    mw_file *file = NULL;
    size_t next = find_segment(scan, names, count);
    *out_moved = false;
    if (next == count) return MW_OK;
    const char *path = mw_path_join(arena, scan->folder, names[next].data);
    if (!path) return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    MW_TRY(open_segment(scan, path, &file, err));
    *out_moved = true;
    return enter_segment(scan, names[next], file, err);
}

/* While the newest segment has no mark, to find that it follows takes a read of all of the one
   before: once is enough. */
static mw_status list_believed(mw_log_scan *scan, mw_arena *arena, mw_str **out_names,
                               size_t *out_count, mw_error *err) {
    MW_TRY(list_files(scan->sys, scan->folder, arena, out_names, out_count, err));
    const mw_str *names = *out_names;
    if (*out_count > 0 && first_place_of(names[*out_count - 1]) == scan->believed) return MW_OK;
    MW_TRY(count_segments(scan->sys, scan->folder, arena, names, out_count, err));
    if (*out_count > 0) scan->believed = first_place_of(names[*out_count - 1]);
    return MW_OK;
}

/* Whether the writer has gone on behind this segment, to which nothing comes then. */
static mw_status is_closed(mw_log_scan *scan, bool *out_is_closed, mw_error *err) {
    mw_arena listing;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&listing, LOG_ARENA_MAX);
    mw_status status = list_believed(scan, &listing, &names, &count, err);
    if (status == MW_OK) *out_is_closed = find_segment(scan, names, count) < count;
    mw_arena_release(&listing);
    return status;
}

static mw_status next_segment(mw_log_scan *scan, bool *out_moved, mw_error *err) {
    mw_arena listing;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&listing, LOG_ARENA_MAX);
    mw_status status = list_believed(scan, &listing, &names, &count, err);
    if (status == MW_OK) status = go_on_among(scan, names, count, &listing, out_moved, err);
    mw_arena_release(&listing);
    return status;
}

static bool is_wanted(const mw_log_scan *scan, const mw_record *record) {
    return record->type == MW_RECORD_DEFINITION || record->place >= scan->from;
}

void mw_log_scan_until(mw_log_scan *scan, mw_log_position end) { scan->end = end; }

static bool is_at_end(const mw_log_scan *scan) {
    if (!scan->file || scan->at.segment < scan->end.segment) return false;
    return scan->at.segment > scan->end.segment ||
           scan->at.offset + scan->offset >= scan->end.offset;
}

mw_status mw_log_scan_next(mw_log_scan *scan, mw_record *out_record, bool *out_has_record,
                           mw_error *err) {
    bool is_whole = !scan->file; /* the window holds all that is left of the segment, */
    bool is_last = !scan->file;  /* and nothing can have come to that since */
    for (;;) {
        mw_log_found found = MW_LOG_RECORD_END;
        *out_has_record = false;
        if (is_at_end(scan)) return MW_OK;
        if (scan->file)
            found = mw_log_record_read(window_of(scan), scan->offset, out_record,
                                       &scan->last_size);
        *out_has_record = found == MW_LOG_RECORD_GOOD;
        if (found == MW_LOG_RECORD_GOOD) {
            scan->offset += scan->last_size;
            if (is_wanted(scan, out_record)) return MW_OK;
        } else if (!is_whole) {
            size_t left = scan->window_size - scan->offset;
            size_t size = left < WINDOW_SIZE / 2 ? WINDOW_SIZE : 2 * left;
            MW_TRY(move_window(scan, size, err));
            is_whole = scan->window_size < size;
        } else if (found == MW_LOG_RECORD_BAD && (is_last || !is_torn(scan))) {
            return bad_record(scan->path, scan->at.offset + scan->offset, err);
        } else if (!is_last) {
            MW_TRY(is_closed(scan, &is_last, err));
            if (!is_last) return MW_OK;
            is_whole = false;
        } else {
            bool has_moved;
            MW_TRY(next_segment(scan, &has_moved, err));
            if (!has_moved) return MW_OK;
            is_whole = is_last = false;
        }
    }
}

uint64_t mw_log_scan_id(const mw_log_scan *scan) { return scan->log_id; }

mw_log_position mw_log_scan_position(const mw_log_scan *scan) {
    return (mw_log_position){scan->at.segment,
                             scan->at.offset + scan->offset - scan->last_size};
}

/* --- one record --------------------------------------------------------------------------- */

/* What the record takes, by the first bytes of it that are there. */
static size_t size_of_record(const mw_buf *bytes) {
    mw_reader reader = {.rest = mw_buf_str(bytes)};
    return MW_LOG_RECORD_HEAD_SIZE + (size_t)mw_read_u32(&reader);
}

static mw_status read_at(mw_file *file, const char *path, uint64_t offset, mw_buf *bytes,
                         mw_record *out_record, mw_error *err) {
    char piece[PIECE_SIZE];
    size_t got = 1, size = 0;
    mw_buf_clear(bytes);
    while (got > 0 && bytes->size < size_of_record(bytes)) {
        MW_TRY(mw_file_read(file, offset + bytes->size, piece, sizeof piece, &got, err));
        mw_buf_append(bytes, piece, got);
        MW_TRY(mw_buf_check(bytes, "a log record", err));
    }
    mw_log_found found = mw_log_record_read(mw_buf_str(bytes), 0, out_record, &size);
    return found == MW_LOG_RECORD_GOOD ? MW_OK : bad_record(path, offset, err);
}

mw_status mw_log_read(mw_sys *sys, const char *folder, mw_log_position position, mw_buf *bytes,
                      mw_record *out_record, mw_error *err) {
    mw_arena arena;
    mw_file *file = NULL;
    mw_arena_init(&arena, LOG_ARENA_MAX);
    const char *path = segment_path(&arena, folder, position.segment);
    mw_status status = path ? mw_sys_open(sys, path, MW_FILE_READ, &file, err)
                            : mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    if (status == MW_OK) status = read_at(file, path, position.offset, bytes, out_record, err);
    mw_file_close(file);
    mw_arena_release(&arena);
    return status;
}
