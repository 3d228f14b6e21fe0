#include "store/log.h"

#include <string.h>

#include "store/log_segment.h"
#include "sys/pace.h"

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
    int64_t segment;  /* its first place */
    int64_t reached;  /* the place of the last record that was read; INT64_MIN: not known */

    /* Where in it, in this order: */
    uint64_t next;   /* the next record; what stands before has been read */
    uint64_t whole;  /* the last batch that was found to be whole ends; none is read before */
    uint64_t ahead;  /* the records that were found good end: of a batch without its end, if more */

    char *window; /* a part of the segment */
    size_t window_size, window_capacity;
    uint64_t begin, summed; /* where it begins, and up to where its records were summed */
    size_t last_size;       /* of the record before the next */
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

/* The window begins anew there, and is so large or goes up to the segment's end. */
static mw_status move_window(mw_log_scan *scan, uint64_t begin, size_t size, mw_error *err) {
    scan->begin = scan->summed = begin;
    scan->window_size = 0;
    if (!mw_grow((void **)&scan->window, &scan->window_capacity, size, 1, WINDOW_SIZE_MAX))
        return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    return mw_file_read(scan->file, begin, scan->window, size, &scan->window_size, err);
}

/* What is not of a whole batch may be cut, and others may come to stand there: it is read again. */
static void forget_ahead(mw_log_scan *scan) {
    scan->ahead = scan->whole = scan->begin = scan->summed = scan->next;
    scan->window_size = 0;
}

static mw_str window_of(const mw_log_scan *scan) {
    return (mw_str){scan->window, scan->window_size};
}

/* Of what keeps a batch from being whole. */
static bool is_torn(const mw_log_scan *scan) {
    return mw_log_record_is_torn(window_of(scan), (size_t)(scan->ahead - scan->begin),
                                 scan->begin);
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
    scan->segment = mw_log_segment_first_place(name);
    bool is_first = scan->segment == scan->first.segment && scan->first.offset > 0;
    scan->next = is_first ? scan->first.offset : MW_LOG_HEAD_SIZE;
    scan->reached = is_first ? INT64_MIN : scan->segment - 1;
    forget_ahead(scan);
    scan->name = mw_str_copy(&scan->arena, name);
    scan->path = scan->name.data ? mw_path_join(&scan->arena, scan->folder, scan->name.data)
                                 : NULL;
    if (!scan->path) return mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    return MW_OK;
}

/* Each segment begins behind the last place before it, so a file that is gone is missed. */
static bool follows(const mw_log_scan *scan, int64_t first_place) {
    if (scan->file) return scan->reached == INT64_MIN || first_place == scan->reached + 1;
    if (scan->first.offset > 0) return first_place == scan->first.segment;
    return first_place <= scan->from || first_place == MW_LOG_FIRST_PLACE;
}

static mw_status check_chain(const mw_log_scan *scan, const mw_str *names, size_t next,
                             const char *path, mw_error *err) {
    bool is_passed_over = next > 0 && mw_str_compare(names[next - 1], scan->name) > 0;
    if ((scan->file && is_passed_over) || follows(scan, mw_log_segment_first_place(names[next])))
        return MW_OK;
    mw_status status = mw_fail(err, MW_CORRUPT, "log: what stood before %s is gone", path);
    return mw_hint(err, status, "Its files follow each other without a gap. "
                                "Restore the missing ones from a backup.");
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
    MW_TRY(check_chain(scan, names, next, path, err));
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

/* --- whole batches ------------------------------------------------------------------------ */

/* Moves the window there, with more bytes than it has of that so far, or all that are left. */
static mw_status read_more(mw_log_scan *scan, uint64_t from, bool *out_is_whole, mw_error *err) {
    bool is_inside = from >= scan->begin;
    size_t left = is_inside ? (size_t)(scan->begin + scan->window_size - from) : 0;
    size_t size = left < WINDOW_SIZE / 2 ? WINDOW_SIZE : 2 * left;
    MW_TRY(move_window(scan, from, size, err));
    *out_is_whole = scan->window_size < size;
    return MW_OK;
}

/* Whether some of the next record's batch stands before it, where the scan was told to begin. */
static bool begins_amid(const mw_log_scan *scan) {
    mw_record record;
    mw_log_frame frame;
    if (scan->next != scan->first.offset || scan->segment != scan->first.segment) return false;
    size_t offset = (size_t)(scan->next - scan->begin);
    return mw_log_record_read(window_of(scan), offset, &record, &frame) == MW_LOG_GOOD &&
           frame.goes_on;
}

/* Goes over the records of the next batch, as far as the window has them. */
static mw_log_found look_ahead(mw_log_scan *scan) {
    bool is_amid = scan->ahead > scan->next || begins_amid(scan);
    size_t offset = (size_t)(scan->ahead - scan->begin);
    mw_log_found found = mw_log_batch_read(window_of(scan), is_amid, &offset);
    scan->ahead = scan->summed = scan->begin + offset;
    if (found == MW_LOG_GOOD) scan->whole = scan->ahead;
    return found;
}

/* What the end of a window cuts is read anew from its batch's beginning, for it will be taken from
   there; of a long batch no more is held than of others. */
static mw_status read_on(mw_log_scan *scan, bool *out_is_whole, mw_error *err) {
    if (scan->ahead - scan->next <= WINDOW_SIZE / 2) scan->ahead = scan->next;
    return read_more(scan, scan->ahead, out_is_whole, err);
}

/* Sees to it that the next batch is known to be whole; false if there is none, or not yet. */
static mw_status find_batch(mw_log_scan *scan, bool *out_has, mw_error *err) {
    bool is_whole = !scan->file; /* the window holds all that is left of the segment, */
    bool is_last = !scan->file;  /* and nothing can have come to that since */
    *out_has = false;
    for (;;) {
        mw_log_found found = scan->file ? look_ahead(scan) : MW_LOG_END;
        bool is_cut = found != MW_LOG_END || scan->ahead > scan->next;
        if (found == MW_LOG_GOOD) {
            *out_has = true;
            return MW_OK;
        } else if (!is_whole) {
            MW_TRY(read_on(scan, &is_whole, err));
        } else if (is_cut && (is_last || !is_torn(scan))) {
            return mw_log_segment_fail(scan->path, scan->ahead, found, err);
        } else if (!is_last) {
            forget_ahead(scan);
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

/* The next record, of a whole batch. If its window has moved on since that was found, it is read
   and summed again; false if it is not what it was. */
static mw_status take(mw_log_scan *scan, mw_record *out_record, bool *out_is_taken,
                      mw_error *err) {
    mw_log_frame frame;
    mw_log_found found = MW_LOG_END;
    bool is_whole = false;
    *out_is_taken = false;
    while (scan->next < scan->begin || scan->next >= scan->summed) {
        size_t offset = (size_t)(scan->next - scan->begin);
        if (scan->next >= scan->begin)
            found = mw_log_record_read(window_of(scan), offset, out_record, &frame);
        if (found == MW_LOG_GOOD) {
            scan->summed = scan->next + frame.size;
        } else if (!is_whole) {
            MW_TRY(read_more(scan, scan->next, &is_whole, err));
        } else {
            forget_ahead(scan);
            return MW_OK;
        }
    }
    scan->last_size = mw_log_record_view(window_of(scan), (size_t)(scan->next - scan->begin),
                                         out_record);
    scan->next += scan->last_size;
    if (out_record->type != MW_RECORD_DEFINITION) scan->reached = out_record->place;
    *out_is_taken = true;
    return MW_OK;
}

/* --- records ------------------------------------------------------------------------------ */

static bool is_wanted(const mw_log_scan *scan, const mw_record *record) {
    return record->type == MW_RECORD_DEFINITION || record->place >= scan->from;
}

void mw_log_scan_until(mw_log_scan *scan, mw_log_position end) { scan->end = end; }

static bool is_at_end(const mw_log_scan *scan) {
    if (!scan->file || scan->segment < scan->end.segment) return false;
    return scan->segment > scan->end.segment || scan->next >= scan->end.offset;
}

mw_status mw_log_scan_next(mw_log_scan *scan, mw_record *out_record, bool *out_has_record,
                           mw_error *err) {
    for (;;) {
        bool has_batch = true;
        *out_has_record = false;
        if (is_at_end(scan)) return MW_OK;
        if (scan->next == scan->whole) {
            MW_TRY(find_batch(scan, &has_batch, err));
            if (!has_batch) return MW_OK;
            continue; /* it may stand behind the end */
        }
        MW_TRY(take(scan, out_record, out_has_record, err));
        if (*out_has_record && is_wanted(scan, out_record)) return MW_OK;
        mw_pace_breathe();
    }
}

uint64_t mw_log_scan_id(const mw_log_scan *scan) { return scan->log_id; }

mw_log_position mw_log_scan_position(const mw_log_scan *scan) {
    return (mw_log_position){scan->segment, scan->next - scan->last_size};
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
    size_t got = 1;
    mw_log_frame frame;
    mw_buf_clear(bytes);
    while (got > 0 && bytes->size < size_of_record(bytes)) {
        MW_TRY(mw_file_read(file, offset + bytes->size, piece, sizeof piece, &got, err));
        mw_buf_append(bytes, piece, got);
        MW_TRY(mw_buf_check(bytes, "a log record", err));
    }
    mw_log_found found = mw_log_record_read(mw_buf_str(bytes), 0, out_record, &frame);
    return found == MW_LOG_GOOD ? MW_OK : mw_log_segment_fail(path, offset, MW_LOG_BAD, err);
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
