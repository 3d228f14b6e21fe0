#include "store/log.h"

#include <string.h>

#include "store/log_segment.h"

enum { BATCH_SIZE_MAX = 1 << 28 };

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
    bool is_older;       /* the segment, than this format: nothing is written to it any more */
    mw_log_batch batch;
    mw_log_position batch_position; /* of the batch before */
    definition *definitions;
    size_t definition_count, definition_capacity;
};

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

/* Its place is that of the record before it. */
static void append_definition(mw_log *log, const definition *defined, int64_t place) {
    mw_record record = {.type = MW_RECORD_DEFINITION,
                        .stream = defined->stream,
                        .place = place,
                        .payload = defined->meaning};
    mw_log_batch_add(&log->batch, &record);
}

/* --- opening ---------------------------------------------------------------------------- */

/* Reads the newest segment through: finds where its whole batches end, learns definitions and the
   last place of these. */
static mw_status read_through(mw_log *log, const char *path, mw_str bytes, size_t *out_end,
                              mw_error *err) {
    size_t end = 0;
    MW_TRY(mw_log_segment_find_end(path, bytes, &end, err));
    for (size_t offset = MW_LOG_HEAD_SIZE; offset < end;) {
        mw_record record;
        offset += mw_log_record_view(bytes, offset, &record);
        if (record.type == MW_RECORD_DEFINITION)
            MW_TRY(keep_definition(log, record.stream, record.payload, err));
        else log->last_place = record.place;
    }
    *out_end = end;
    return MW_OK;
}

static mw_status open_newest(mw_log *log, const char *path, mw_buf *bytes, mw_error *err) {
    mw_log_head head;
    MW_TRY(mw_log_segment_read(log->sys, path, bytes, &head, err));
    size_t end = 0;
    log->log_id = head.log_id;
    log->last_place = head.first_place - 1;
    MW_TRY(read_through(log, path, mw_buf_str(bytes), &end, err));
    MW_TRY(mw_sys_open(log->sys, path, MW_FILE_UPDATE, &log->file, err));
    if (end < bytes->size) MW_TRY(mw_file_truncate(log->file, end, err));
    log->file_size = end;
    log->segment = head.first_place;
    log->is_older = head.format < MW_LOG_FORMAT;
    return MW_OK;
}

static bool has_record(const mw_log *log) { return log->last_place >= log->segment; }

/* The next segment would have the name of this one: it is begun anew. */
static mw_status remove_newest(mw_log *log, const char *path, mw_error *err) {
    mw_file_close(log->file);
    log->file = NULL;
    log->file_size = log->definition_count = 0;
    log->is_older = false;
    MW_TRY(mw_sys_remove(log->sys, path, err));
    return mw_sys_sync_folder(log->sys, log->folder, err);
}

/* Of an older format, one without a record is none any more. */
static mw_status open_last(mw_log *log, const mw_str *names, size_t *count, mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, MW_LOG_SEGMENT_BYTES_MAX);
    mw_status status = MW_OK;
    while (status == MW_OK && !log->file && *count > 0) {
        const char *path = mw_path_join(&log->arena, log->folder, names[*count - 1].data);
        status = path ? open_newest(log, path, &bytes, err)
                      : mw_fail(err, MW_NO_MEMORY, "log: no memory");
        if (status != MW_OK || !log->is_older || has_record(log)) break;
        status = remove_newest(log, path, err);
        --*count;
    }
    mw_buf_release(&bytes);
    return status;
}

static mw_status remove_none(mw_log *log, const mw_str *names, size_t *count,
                                   mw_error *err) {
    size_t all = *count;
    MW_TRY(mw_log_segment_count(log->sys, log->folder, &log->arena, names, count, err));
    for (size_t i = all; i > *count; i--) /* the newest first: what is left is a log at all times */
        MW_TRY(mw_sys_remove(log->sys, mw_path_join(&log->arena, log->folder, names[i - 1].data),
                             err));
    return all > *count ? mw_sys_sync_folder(log->sys, log->folder, err) : MW_OK;
}

static mw_status recover(mw_log *log, mw_error *err) {
    mw_str *names = NULL;
    size_t count;
    MW_TRY(mw_sys_make_folder(log->sys, log->folder, err));
    MW_TRY(mw_log_segment_list(log->sys, log->folder, &log->arena, &names, &count, err));
    MW_TRY(remove_none(log, names, &count, err));
    MW_TRY(open_last(log, names, &count, err));
    for (size_t i = 0; i + 1 < count; i++) {
        mw_file_info info;
        MW_TRY(mw_sys_info(log->sys, mw_path_join(&log->arena, log->folder, names[i].data), &info,
                           err));
        log->older_size += info.size;
    }
    if (log->file) MW_TRY(mw_log_found_segment(log->sys, log->folder, log->segment, err));
    log->committed_place = log->last_place;
    if (log->log_id == 0) mw_sys_entropy(log->sys, &log->log_id, sizeof log->log_id);
    return MW_OK;
}

mw_status mw_log_open(mw_log_config config, mw_log **out_log, mw_error *err) {
    mw_log *log = mw_allocate(sizeof *log);
    if (!log) return mw_fail(err, MW_NO_MEMORY, "log: no memory");
    *log = (mw_log){.sys = config.sys,
                    .segment_size = config.segment_size ? config.segment_size
                                                        : (size_t)MW_LOG_SEGMENT_SIZE,
                    .last_place = INT64_MIN,
                    .committed_place = INT64_MIN};
    mw_arena_init(&log->arena, MW_LOG_ARENA_MAX);
    mw_log_batch_init(&log->batch, BATCH_SIZE_MAX);
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
    mw_log_batch_release(&log->batch);
    mw_free(log->definitions);
    mw_arena_release(&log->arena);
    mw_free(log);
}

/* --- writing ---------------------------------------------------------------------------- */

mw_status mw_log_define(mw_log *log, uint32_t stream, mw_str meaning, mw_error *err) {
    const definition *known = find_definition(log, stream);
    if (known && mw_str_equal(known->meaning, meaning)) return MW_OK;
    MW_TRY(keep_definition(log, stream, meaning, err));
    append_definition(log, find_definition(log, stream), log->last_place);
    return mw_buf_check(&log->batch.bytes, "the log's batch", err);
}

mw_status mw_log_append(mw_log *log, const mw_record *record, mw_error *err) {
    MW_ASSERT(record->place > log->last_place);
    MW_ASSERT(record->type != MW_RECORD_DEFINITION);
    if (record->payload.size > MW_LOG_PAYLOAD_MAX)
        return mw_fail(err, MW_TOO_LARGE, "log: a record may have %d bytes, got %zu",
                       MW_LOG_PAYLOAD_MAX, record->payload.size);
    mw_log_batch_add(&log->batch, record);
    MW_TRY(mw_buf_check(&log->batch.bytes, "the log's batch", err));
    log->last_place = record->place;
    return MW_OK;
}

/* Makes the next segment, with its head and all definitions. Whoever syncs next syncs it. */
static mw_status begin_segment(mw_log *log, int64_t first_place, mw_error *err) {
    mw_log_batch gathered = log->batch;
    mw_log_batch_init(&log->batch, BATCH_SIZE_MAX);
    mw_log_head_append(&log->batch.bytes, (mw_log_head){.log_id = log->log_id,
                                                        .first_place = first_place,
                                                        .is_unfounded = log->file != NULL});
    for (size_t i = 0; i < log->definition_count; i++)
        append_definition(log, &log->definitions[i], first_place - 1);
    mw_log_batch_end(&log->batch);
    mw_file *file = NULL;
    const char *path = mw_log_segment_path(&log->arena, log->folder, first_place);
    mw_status status = path ? mw_buf_check(&log->batch.bytes, "the log's batch", err)
                            : mw_fail(err, MW_NO_MEMORY, "log: no memory");
    if (status == MW_OK) status = mw_sys_open(log->sys, path, MW_FILE_CREATE, &file, err);
    if (status == MW_OK) {
        status = mw_file_write(file, 0, log->batch.bytes.data, log->batch.bytes.size, err);
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
        log->is_older = false;
        log->older_size += log->file_size;
        log->file_size = log->batch.bytes.size;
    }
    mw_log_batch_release(&log->batch);
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
    mw_log_batch_clear(&log->batch);
    log->last_place = log->committed_place;
    for (size_t i = 0; i < log->definition_count; i++)
        append_definition(log, &log->definitions[i], log->last_place);
}

/* A batch never goes on in another segment: this one grows past its size, or takes no more. */
static bool is_full(const mw_log *log) {
    bool has_record = log->committed_place >= log->segment; /* the next one has another name */
    return has_record && (log->file_size >= log->segment_size || log->is_older);
}

/* Sees to it that the batch may be written where the file ends. */
static mw_status prepare(mw_log *log, mw_error *err) {
    if (log->has_remains) MW_TRY(mw_file_truncate(log->file, log->file_size, err));
    log->has_remains = false;
    if (log->file && !is_full(log)) return MW_OK;
    if (log->file) /* as a rule the syncer did that long ago */
        MW_TRY(mw_log_found_segment(log->sys, log->folder, log->segment, err));
    bool is_first = log->committed_place == INT64_MIN;
    return begin_segment(log, is_first ? MW_LOG_FIRST_PLACE : log->committed_place + 1, err);
}

mw_status mw_log_commit(mw_log *log, mw_error *err) {
    if (log->batch.bytes.size == 0) return MW_OK;
    mw_log_batch_end(&log->batch);
    mw_status status = mw_buf_check(&log->batch.bytes, "the log's batch", err);
    if (status == MW_OK) status = prepare(log, err);
    if (status == MW_OK)
        status = mw_file_write(log->file, log->file_size, log->batch.bytes.data,
                               log->batch.bytes.size, err);
    if (status != MW_OK) {
        cut_remains(log);
        if (status != MW_NO_SPACE) drop_batch(log);
        return status;
    }
    log->batch_position = (mw_log_position){log->segment, log->file_size};
    log->file_size += log->batch.bytes.size;
    log->committed_place = log->last_place;
    mw_log_batch_clear(&log->batch);
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

uint64_t mw_log_id(const mw_log *log) { return log->log_id; }
int64_t mw_log_last_place(const mw_log *log) { return log->last_place; }
size_t mw_log_batch_size(const mw_log *log) { return log->batch.bytes.size; }
mw_log_position mw_log_batch_position(const mw_log *log) { return log->batch_position; }

uint64_t mw_log_size(const mw_log *log) { return log->older_size + log->file_size; }
