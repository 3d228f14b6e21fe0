#include "store/log.h"

#include <string.h>

#include "store/log_segment.h"

enum {
    WINDOW_SIZE = 1 << 17, /* of a segment, read at once */
    WINDOW_SIZE_MAX = 1 << 30,
    PIECE_SIZE = 1 << 12, /* most records fit */
};

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
    mw_arena_init(&scan->arena, MW_LOG_ARENA_MAX);
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
    while (i + 1 < count && mw_log_segment_first_place(names[i + 1]) <= scan->from) i++;
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
    scan->at = (mw_log_position){mw_log_segment_first_place(name), MW_LOG_HEAD_SIZE};
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
    MW_TRY(mw_log_segment_list(scan->sys, scan->folder, arena, out_names, out_count, err));
    const mw_str *names = *out_names;
    if (*out_count > 0 && mw_log_segment_first_place(names[*out_count - 1]) == scan->believed)
        return MW_OK;
    MW_TRY(mw_log_segment_count(scan->sys, scan->folder, arena, names, out_count, err));
    if (*out_count > 0) scan->believed = mw_log_segment_first_place(names[*out_count - 1]);
    return MW_OK;
}

/* Whether the writer has gone on behind this segment, to which nothing comes then. */
static mw_status is_closed(mw_log_scan *scan, bool *out_is_closed, mw_error *err) {
    mw_arena listing;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&listing, MW_LOG_ARENA_MAX);
    mw_status status = list_believed(scan, &listing, &names, &count, err);
    if (status == MW_OK) *out_is_closed = find_segment(scan, names, count) < count;
    mw_arena_release(&listing);
    return status;
}

static mw_status next_segment(mw_log_scan *scan, bool *out_moved, mw_error *err) {
    mw_arena listing;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&listing, MW_LOG_ARENA_MAX);
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
            return mw_log_segment_bad_record(scan->path, scan->at.offset + scan->offset, err);
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
    return found == MW_LOG_RECORD_GOOD ? MW_OK : mw_log_segment_bad_record(path, offset, err);
}

mw_status mw_log_read(mw_sys *sys, const char *folder, mw_log_position position, mw_buf *bytes,
                      mw_record *out_record, mw_error *err) {
    mw_arena arena;
    mw_file *file = NULL;
    mw_arena_init(&arena, MW_LOG_ARENA_MAX);
    const char *path = mw_log_segment_path(&arena, folder, position.segment);
    mw_status status = path ? mw_sys_open(sys, path, MW_FILE_READ, &file, err)
                            : mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    if (status == MW_OK) status = read_at(file, path, position.offset, bytes, out_record, err);
    mw_file_close(file);
    mw_arena_release(&arena);
    return status;
}
