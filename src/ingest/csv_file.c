#include "ingest/csv_file.h"

#include <string.h>

#include "base/letters.h"

enum { WINDOW_SIZE = MW_HEADING_SIZE_MAX, ARENA_SIZE_MAX = 1 << 24 };

struct mw_csv_file {
    mw_file *file;
    const char *path;
    mw_arena arena;
    mw_heading heading;
    uint64_t offset; /* where the window ends in the file */
    char *window;
    size_t from, to, capacity; /* of the window [from, to) is not cut yet */
    bool is_last;              /* the file ends with it */
    size_t row_count;
    mw_csv_record record;
};

static mw_status no_memory(const char *path, mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "%s: no memory to read it", path);
}

/* As much as there is room for. */
static mw_status fill(mw_csv_file *file, mw_error *err) {
    size_t room = file->capacity - file->to, got = 0;
    MW_TRY(mw_file_read(file->file, file->offset, file->window + file->to, room, &got, err));
    file->to += got;
    file->offset += got;
    file->is_last = got < room;
    return MW_OK;
}

/* Makes the window show more of the file. */
static mw_status move_on(mw_csv_file *file, mw_error *err) {
    size_t left = file->to - file->from;
    bool is_stuck = file->from == 0 || file->capacity < MW_CSV_ROW_SIZE_MAX;
    size_t capacity = is_stuck && left > file->capacity / 2 ? 2 * file->capacity : file->capacity;
    if (capacity > MW_CSV_ROW_SIZE_MAX)
        return mw_fail(err, MW_INVALID, "%s: row %zu: must be at most %d bytes", file->path,
                       file->row_count + 1, MW_CSV_ROW_SIZE_MAX);
    char *window = capacity > file->capacity ? mw_allocate(capacity) : file->window;
    if (!window) return no_memory(file->path, err);
    memmove(window, file->window + file->from, left);
    if (window != file->window) mw_free(file->window);
    file->window = window;
    file->capacity = capacity;
    file->from = 0;
    file->to = left;
    return fill(file, err);
}

static mw_status begin(mw_csv_file *file, mw_error *err) {
    file->capacity = WINDOW_SIZE;
    file->window = mw_allocate(file->capacity);
    if (!file->window) return no_memory(file->path, err);
    MW_TRY(fill(file, err));
    mw_status status =
        mw_heading_read((mw_str){file->window, file->to}, &file->arena, &file->heading, err);
    if (status != MW_OK) return mw_fail_within(err, status, "%s", file->path);
    file->from = file->heading.size;
    file->record.room = file->heading.count;
    file->record.values = mw_arena_alloc(&file->arena, file->heading.count, sizeof(mw_str));
    return file->record.values ? MW_OK : no_memory(file->path, err);
}

mw_status mw_csv_open(mw_sys *sys, const char *path, mw_csv_file **out_file, mw_error *err) {
    mw_csv_file *file = mw_allocate(sizeof *file);
    if (!file) return no_memory(path, err);
    file->path = path;
    mw_arena_init(&file->arena, ARENA_SIZE_MAX);
    mw_status status = mw_sys_open(sys, path, MW_FILE_READ, &file->file, err);
    if (status == MW_OK) status = begin(file, err);
    if (status == MW_OK) *out_file = file;
    else mw_csv_close(file);
    return status;
}

const mw_heading *mw_csv_heading(const mw_csv_file *file) { return &file->heading; }

/* The record at the front of the window, which is moved on until it is whole. */
static mw_status cut(mw_csv_file *file, bool *out_has_record, mw_error *err) {
    for (;;) {
        mw_str window = {file->window + file->from, file->to - file->from};
        mw_csv_found found = MW_CSV_CUT_OFF;
        if (window.size > 0)
            found = mw_csv_cut(file->heading.form, window, file->is_last, &file->record);
        else if (file->is_last)
            break;
        *out_has_record = found == MW_CSV_RECORD;
        if (*out_has_record) return MW_OK;
        if (found == MW_CSV_UNCLOSED)
            return mw_fail(err, MW_INVALID, "%s: row %zu: a quote is not closed", file->path,
                           file->row_count + 1);
        MW_TRY(move_on(file, err));
    }
    *out_has_record = false;
    return MW_OK;
}

/* Half of another kind of line end would be taken for a part of a value. */
static bool ends_otherwise(mw_csv_form form, mw_str text) {
    if (text.size == 0) return false;
    return form.ends_by_return ? text.data[0] == '\n' : text.data[text.size - 1] == '\r';
}

/* Zero bytes are those of another encoding, or of blocks of a disk that were never written. */
static mw_str rule_broken(mw_csv_form form, const mw_csv_record *record) {
    if (memchr(record->text.data, 0, record->text.size))
        return MW_STR("row: must be text in UTF-8, without zero bytes");
    if (ends_otherwise(form, record->text)) return MW_STR("row: must end as the heading does");
    if (!mw_letters_are_well_formed(record->text)) return MW_STR("row: must be text in UTF-8");
    if (record->is_misquoted) return MW_STR("row: a quoted value must end with its quote");
    if (record->count < record->room) return MW_STR("row: missing columns");
    return record->has_more ? MW_STR("row: too many columns") : MW_STR("");
}

mw_status mw_csv_next(mw_csv_file *file, mw_csv_row *out_row, bool *out_has_row, mw_error *err) {
    mw_csv_record *record = &file->record;
    bool is_blank = true, has_record = true;
    while (is_blank) {
        MW_TRY(cut(file, &has_record, err));
        *out_has_row = has_record;
        if (!has_record) return MW_OK;
        is_blank = record->text.size == 0 && record->room > 1;
        file->from += record->size;
    }
    file->row_count++;
    *out_row = (mw_csv_row){record->values, record->text, rule_broken(file->heading.form, record)};
    if (out_row->broken.size == 0)
        mw_csv_join_doubles(record, file->window + (record->text.data - file->window));
    return MW_OK;
}

void mw_csv_close(mw_csv_file *file) {
    if (!file) return;
    mw_file_close(file->file);
    mw_free(file->window);
    mw_arena_release(&file->arena);
    mw_free(file);
}
