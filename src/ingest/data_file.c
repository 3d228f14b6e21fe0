#include "ingest/data_file.h"

#include <math.h>
#include <string.h>

#include "ingest/csv_file.h"
#include "ingest/guess.h"
#include "ingest/json_lines.h"
#include "ingest/parquet_shape.h"
#include "ingest/picture_file.h"

#define JSON_SIZE_MAX ((size_t)1 << 32)
enum { SQL_SIZE_MAX = 1 << 22, ROWS_TO_GUESS_BY = 20000, DATE_SIZE = 10 /* of 2013-01-31 */ };
#define WHOLE_MAX (INT64_C(1) << 53)

/* The reading of one file. */
typedef struct {
    const mw_data_reader *reader;
    const char *path;
    size_t column_count;
    mw_table *rows;
    mw_refusals *refusals;
    size_t *sources; /* for each column, its place in the cursor */
    const mw_parquet_column *columns; /* of Parquet, at each such place */
} reading;

static mw_status no_memory(const char *path, mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "%s: no memory to read it", path);
}

static bool is_parquet(const char *path) {
    mw_str name = mw_str_of(path);
    return mw_str_ends(name, MW_STR(".parquet")) || mw_str_ends(name, MW_STR(".pq"));
}

/* Or becomes them. */
static bool is_json_lines(const char *path) {
    mw_str name = mw_str_of(path);
    return mw_str_ends(name, MW_STR(".jsonl")) || mw_str_ends(name, MW_STR(".ndjson")) ||
           mw_is_picture_file(path);
}

mw_status mw_data_file_check(mw_sys *sys, const char *path, mw_file_info *out_info,
                             mw_error *err) {
    mw_file_info info;
    MW_TRY(mw_sys_info(sys, path, &info, err));
    if (!info.exists) return mw_fail(err, MW_NOT_FOUND, "%s: there is no such file", path);
    if (info.is_folder) return mw_fail(err, MW_INVALID, "%s: must be a file, is a folder", path);
    if (info.is_special)
        return mw_fail(err, MW_INVALID, "%s: must be a file, is a pipe, device or socket", path);
    if (info.size == 0 && !mw_is_picture_file(path))
        return mw_fail(err, MW_INVALID, "%s: the file is empty", path);
    *out_info = info;
    return MW_OK;
}

/* Half of a row may have been read that somebody was writing. */
static mw_status check_unchanged(mw_sys *sys, const char *path, const mw_file_info *before,
                                 mw_error *err) {
    mw_file_info after;
    MW_TRY(mw_sys_info(sys, path, &after, err));
    if (after.size == before->size && after.modified_us == before->modified_us) return MW_OK;
    return mw_hint(err, mw_fail(err, MW_BUSY, "%s: was written to while it was read", path),
                   "Try again when that is done, or write to another name and rename it then.");
}

/* --- CSV: what it holds ----------------------------------------------------------------------- */

static bool is_missing_text(const mw_data_reader *reader, mw_str text) {
    const mw_project_stream *stream = reader->stream;
    if (text.size == 0) return true;
    if (!stream) return mw_str_equal(text, MW_STR("NA"));
    for (size_t i = 0; i < stream->missing_count; i++)
        if (mw_str_equal(text, stream->missing[i])) return true;
    return false;
}

/* Rows that are written badly must not keep us from seeing what the others hold. */
static mw_status guess_types(const mw_data_reader *reader, mw_csv_file *file, mw_guess *guesses,
                             mw_error *err) {
    bool has_row = true;
    for (size_t rows = 0; rows < ROWS_TO_GUESS_BY; rows++) {
        mw_csv_row row;
        MW_TRY(mw_csv_next(file, &row, &has_row, err));
        if (!has_row) break;
        for (size_t i = 0; row.broken.size == 0 && i < mw_csv_heading(file)->count; i++)
            if (!is_missing_text(reader, row.values[i])) mw_guess_add(&guesses[i], row.values[i]);
    }
    return MW_OK;
}

static mw_status columns_of(const mw_data_reader *reader, mw_csv_file *file, const char *path,
                            mw_arena *arena, mw_schema *out_columns, mw_error *err) {
    const mw_heading *heading = mw_csv_heading(file);
    mw_field *fields = mw_arena_alloc(arena, heading->count, sizeof *fields);
    mw_guess *guesses = mw_arena_alloc(arena, heading->count, sizeof *guesses);
    if (!fields || !guesses) return no_memory(path, err);
    MW_TRY(guess_types(reader, file, guesses, err));
    for (size_t i = 0; i < heading->count; i++) {
        fields[i] = (mw_field){mw_str_copy(arena, heading->names[i]), mw_guess_type(&guesses[i])};
        if (!fields[i].name.data) return no_memory(path, err);
    }
    *out_columns = (mw_schema){fields, heading->count};
    return MW_OK;
}

static mw_status csv_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                             mw_schema *out_columns, mw_error *err) {
    mw_csv_file *file = NULL;
    MW_TRY(mw_csv_open(reader->sys, path, &file, err));
    mw_status status = columns_of(reader, file, path, arena, out_columns, err);
    mw_csv_close(file);
    return status;
}

/* --- NDJSON and pictures -------------------------------------------------------------------- */

/* The lines of the file, or the one that stands for a picture. */
static mw_status read_lines(const mw_data_reader *reader, const char *path, mw_buf *out_bytes,
                            mw_error *err) {
    mw_buf_init(out_bytes, JSON_SIZE_MAX);
    mw_status status = mw_is_picture_file(path)
                           ? mw_picture_file_append(reader->sys, path, out_bytes, err)
                           : mw_sys_read_file(reader->sys, path, out_bytes, err);
    if (status != MW_OK) mw_buf_release(out_bytes);
    return status;
}

static mw_status json_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                              mw_schema *out_columns, mw_error *err) {
    mw_buf bytes;
    mw_status status = read_lines(reader, path, &bytes, err);
    if (status == MW_INVALID) return mw_fail_within(err, status, "%s", path);
    MW_TRY(status);
    status = mw_json_lines_columns(reader, mw_buf_str(&bytes), arena, out_columns, err);
    mw_buf_release(&bytes);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", path);
}

/* A picture that is none is a row that breaks a rule: the others are right all the same. */
static mw_status refuse_picture(const reading *r, const mw_error *reason, mw_error *err) {
    MW_TRY(mw_table_add(r->rows, NULL, NULL, err));
    return mw_refuse(r->refusals, 0, mw_str_of(reason->message), MW_STR(""), err);
}

static mw_status read_json(const reading *r, mw_error *err) {
    mw_buf bytes;
    mw_error reason;
    mw_status status = read_lines(r->reader, r->path, &bytes, &reason);
    if (status == MW_INVALID) return refuse_picture(r, &reason, err);
    if (status != MW_OK && err) *err = reason;
    MW_TRY(status);
    status = mw_json_lines_read(r->reader, mw_buf_str(&bytes), r->column_count, r->rows,
                                          r->refusals, err);
    mw_buf_release(&bytes);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", r->path);
}

static mw_status parquet_columns(const mw_data_reader *reader, const char *path,
                                 mw_arena *arena, mw_schema *out_columns, mw_error *err) {
    mw_parquet_shape shape;
    MW_TRY(mw_parquet_shape_read(reader, path, arena, &shape, err));
    mw_status status = mw_parquet_shape_check_all(&shape, err);
    if (status != MW_OK) return mw_fail_within(err, status, "%s", path);
    *out_columns = shape.schema;
    return MW_OK;
}

mw_status mw_data_file_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                               mw_schema *out_columns, mw_error *err) {
    mw_file_info info;
    MW_TRY(mw_data_file_check(reader->sys, path, &info, err));
    if (is_json_lines(path)) return json_columns(reader, path, arena, out_columns, err);
    return is_parquet(path) ? parquet_columns(reader, path, arena, out_columns, err)
                            : csv_columns(reader, path, arena, out_columns, err);
}

/* --- values --------------------------------------------------------------------------------- */

/* A value of the cursor, and the type that it is to have. */
typedef struct {
    const mw_data_reader *reader;
    const mw_duck_cursor *cursor;
    size_t column, row;
    mw_type type;
    mw_duck_kind kind;
    int64_t unit_ns; /* of durations; 0: it is none */
} value;

static mw_status read_number(const value *v, mw_cell *out_cell, mw_error *reason) {
    double number = mw_duck_number(v->cursor, v->column, v->row);
    if (isinf(number))
        return mw_fail(reason, MW_INVALID, "value: must be a finite number, got %g", number);
    *out_cell = mw_cell_number(number);
    return MW_OK;
}

/* False for one that a double would change. */
static bool read_integer(const value *v, mw_cell *out_cell) {
    int64_t whole = mw_duck_int(v->cursor, v->column, v->row);
    *out_cell = mw_cell_number((double)whole);
    return whole <= WHOLE_MAX && whole >= -WHOLE_MAX;
}

/* The value as it would stand in a CSV file. */
static void append_value(mw_buf *text, const value *v) {
    switch (v->kind) {
    case MW_DUCK_BOOL:
        mw_buf_append_text(text, mw_duck_bool(v->cursor, v->column, v->row) ? "true" : "false");
        return;
    case MW_DUCK_INTEGER:
        mw_buf_printf(text, "%lld", (long long)mw_duck_int(v->cursor, v->column, v->row));
        return;
    case MW_DUCK_NUMBER:
        mw_buf_append_double(text, mw_duck_number(v->cursor, v->column, v->row));
        return;
    case MW_DUCK_TEXT:
    case MW_DUCK_DECIMAL:
    case MW_DUCK_LIST:
    case MW_DUCK_NUMBER_LIST:
        mw_buf_append_str(text, mw_duck_text(v->cursor, v->column, v->row));
        return;
    case MW_DUCK_TIME:
        mw_time_append(text, mw_duck_int(v->cursor, v->column, v->row));
        return;
    case MW_DUCK_LOCAL_TIME:
        mw_time_append(text, mw_duck_int(v->cursor, v->column, v->row));
        if (text->size > 0) text->size--; /* the Z of UTC, which it does not know */
        return;
    case MW_DUCK_DATE:
        mw_time_append(text, mw_duck_int(v->cursor, v->column, v->row));
        if (text->size > DATE_SIZE) text->size = DATE_SIZE;
        return;
    }
}

/* A decimal with nothing but zeros behind its point is as whole as one that has none. */
static mw_str without_empty_places(mw_str text) {
    size_t size = text.size;
    if (!memchr(text.data, '.', size)) return text;
    while (text.data[size - 1] == '0') size--;
    if (text.data[size - 1] == '.') size--;
    return mw_str_slice(text, 0, size);
}

static mw_str text_of(const value *v) {
    mw_str text = mw_duck_text(v->cursor, v->column, v->row);
    bool is_amount = v->kind == MW_DUCK_DECIMAL && v->type == MW_TYPE_NUMBER;
    return is_amount ? without_empty_places(text) : text;
}

/* Whatever is not of its column's type as it comes is read from its text, so that one place
   (mw_cell_parse) says what a text means. */
static mw_status read_by_text(const value *v, mw_cell *out_cell, mw_error *reason) {
    const mw_data_reader *reader = v->reader;
    if (v->kind == MW_DUCK_TEXT || v->kind == MW_DUCK_DECIMAL || v->kind == MW_DUCK_LIST ||
        v->kind == MW_DUCK_NUMBER_LIST)
        return mw_cell_parse(v->type, text_of(v), reader->zone, reader->symbols, out_cell, reason);
    mw_buf text;
    mw_buf_init(&text, MW_NUMBER_TEXT_MAX);
    append_value(&text, v);
    mw_status status = mw_buf_check(&text, "value", reason);
    if (status == MW_OK)
        status = mw_cell_parse(v->type, mw_buf_str(&text), reader->zone, reader->symbols,
                               out_cell, reason);
    mw_buf_release(&text);
    return status;
}

static mw_status read_duration(const value *v, mw_cell *out_cell, mw_error *reason) {
    int64_t count = mw_duck_int(v->cursor, v->column, v->row), us = 0;
    bool is_beyond = v->unit_ns > 1 && __builtin_mul_overflow(count, v->unit_ns / 1000, &us);
    if (is_beyond || us == MW_TIME_MISSING)
        return mw_fail(reason, MW_INVALID, "duration: must be of at most 2^63 us");
    *out_cell = mw_cell_time(v->unit_ns == 1 ? mw_span_of_ns(count) : us);
    return MW_OK;
}

static mw_status read_value(const value *v, mw_cell *out_cell, mw_error *reason) {
    if (mw_duck_is_null(v->cursor, v->column, v->row)) {
        *out_cell = mw_cell_missing(v->type);
        return MW_OK;
    }
    if (v->unit_ns > 0) return read_duration(v, out_cell, reason);
    if (v->type == MW_TYPE_NUMBER && v->kind == MW_DUCK_NUMBER)
        return read_number(v, out_cell, reason);
    if (v->type == MW_TYPE_NUMBER && v->kind == MW_DUCK_INTEGER && read_integer(v, out_cell))
        return MW_OK;
    if (v->kind != MW_DUCK_TIME && v->kind != MW_DUCK_LOCAL_TIME && v->kind != MW_DUCK_DATE)
        return read_by_text(v, out_cell, reason);
    int64_t us = mw_duck_int(v->cursor, v->column, v->row);
    if (!mw_time_is_in_range(us))
        return mw_fail(reason, MW_INVALID, "time: must be in the years 1 to 9999");
    if (v->type != MW_TYPE_TIME || v->kind != MW_DUCK_TIME)
        return read_by_text(v, out_cell, reason);
    *out_cell = mw_cell_time(us);
    return MW_OK;
}

/* --- rows ----------------------------------------------------------------------------------- */

/* A row that is being filled: its first bad value refuses it, and what is bad stays missing. */
typedef struct {
    const reading *reading;
    size_t number;
    mw_cell *cells;
    bool is_refused;
} filling;

static mw_status begin_row(const reading *r, filling *out_filling, mw_error *err) {
    *out_filling = (filling){.reading = r, .number = r->rows->row_count};
    return mw_table_add(r->rows, NULL, &out_filling->cells, err);
}

/* After an attempt to read the value of a column, which failed for the reason. */
static mw_status refuse_value(filling *f, size_t column, mw_status failure, const mw_error *reason,
                              mw_error *err) {
    const reading *r = f->reading;
    if (failure != MW_INVALID) return mw_fail(err, failure, "%s: %s", r->path, reason->message);
    if (f->is_refused) return MW_OK;
    f->is_refused = true;
    return mw_refuse_for(r->refusals, f->number, r->rows->schema->fields[column].name, reason, err);
}

static mw_status read_row(const reading *r, const mw_duck_cursor *cursor, size_t cursor_row,
                          mw_error *err) {
    filling f;
    mw_error reason;
    MW_TRY(begin_row(r, &f, err));
    for (size_t i = 0; i < r->column_count; i++) {
        size_t column = r->sources[i];
        value v = {r->reader, cursor, column, cursor_row, r->rows->schema->fields[i].type,
                   r->columns[column].kind, r->columns[column].unit_ns};
        mw_status status = read_value(&v, &f.cells[i], &reason);
        if (status != MW_OK) MW_TRY(refuse_value(&f, i, status, &reason, err));
    }
    return MW_OK;
}

static mw_status read_csv_row(const reading *r, const mw_csv_row *row, mw_error *err) {
    const mw_data_reader *reader = r->reader;
    filling f;
    mw_error reason;
    MW_TRY(begin_row(r, &f, err));
    if (row->broken.size > 0)
        return mw_refuse(r->refusals, f.number, row->broken, row->text, err);
    for (size_t i = 0; i < r->column_count; i++) {
        mw_str text = row->values[r->sources[i]];
        if (is_missing_text(reader, text)) continue;
        mw_status status = mw_cell_parse(r->rows->schema->fields[i].type, text, reader->zone,
                                         reader->symbols, &f.cells[i], &reason);
        if (status != MW_OK) MW_TRY(refuse_value(&f, i, status, &reason, err));
    }
    return MW_OK;
}

static mw_status read_rows(const reading *r, mw_duck_cursor *cursor, mw_error *err) {
    size_t count = 1;
    while (count > 0) {
        mw_status status = mw_duck_fetch(cursor, &count, err);
        if (status != MW_OK) return mw_fail_within(err, status, "%s", r->path);
        for (size_t i = 0; i < count; i++) MW_TRY(read_row(r, cursor, i, err));
    }
    return MW_OK;
}

static mw_status find_columns(const reading *r, const mw_schema *found, size_t *sources,
                              mw_error *err) {
    mw_schema wanted = {r->rows->schema->fields, r->column_count};
    for (size_t i = 0; i < wanted.field_count; i++) {
        int32_t at = mw_schema_find(found, wanted.fields[i].name);
        if (at == MW_NO_FIELD)
            return mw_fail(err, MW_INVALID, "%s: there is no column %.*s", r->path,
                           MW_STR_ARGS(wanted.fields[i].name));
        sources[i] = (size_t)at;
    }
    for (size_t i = 0; i < found->field_count; i++)
        if (mw_schema_find(&wanted, found->fields[i].name) == MW_NO_FIELD)
            MW_TRY(mw_refuse_column(r->refusals, found->fields[i].name, err));
    return MW_OK;
}

static mw_status find_names(const reading *r, const mw_heading *heading, mw_arena *arena,
                            size_t *sources, mw_error *err) {
    mw_field *fields = mw_arena_alloc(arena, heading->count, sizeof *fields);
    if (!fields) return no_memory(r->path, err);
    for (size_t i = 0; i < heading->count; i++)
        fields[i] = (mw_field){heading->names[i], MW_TYPE_TEXT};
    mw_schema found = {fields, heading->count};
    return find_columns(r, &found, sources, err);
}

static mw_status read_csv(const reading *r, mw_arena *arena, size_t *sources, mw_error *err) {
    mw_csv_file *file = NULL;
    mw_csv_row row;
    bool has_row = true;
    MW_TRY(mw_csv_open(r->reader->sys, r->path, &file, err));
    mw_status status = find_names(r, mw_csv_heading(file), arena, sources, err);
    while (status == MW_OK && has_row) {
        status = mw_csv_next(file, &row, &has_row, err);
        if (status == MW_OK && has_row) status = read_csv_row(r, &row, err);
    }
    mw_csv_close(file);
    return status;
}

static mw_status check_columns(const reading *r, const mw_parquet_shape *shape, mw_error *err) {
    for (size_t i = 0; i < r->column_count; i++) {
        mw_type type = r->rows->schema->fields[i].type;
        mw_status status = mw_parquet_shape_check(shape, r->sources[i], type, r->reader->zone,
                                                  err);
        if (status != MW_OK) return mw_fail_within(err, status, "%s", r->path);
    }
    return MW_OK;
}

static mw_status read_parquet(reading *r, mw_arena *arena, mw_error *err) {
    mw_parquet_shape shape;
    mw_duck_cursor *cursor = NULL;
    MW_TRY(mw_parquet_shape_read(r->reader, r->path, arena, &shape, err));
    MW_TRY(find_columns(r, &shape.schema, r->sources, err));
    r->columns = shape.columns;
    MW_TRY(check_columns(r, &shape, err));
    MW_TRY(mw_parquet_open(r->reader, r->path, &cursor, err));
    mw_status status = read_rows(r, cursor, err);
    mw_duck_cursor_close(cursor);
    return status;
}

mw_status mw_data_file_read(const mw_data_reader *reader, const char *path, size_t column_count,
                            mw_table *rows, mw_refusals *refusals, mw_error *err) {
    MW_ASSERT(column_count <= rows->schema->field_count && rows->row_count == 0);
    mw_file_info info;
    mw_arena arena;
    MW_TRY(mw_data_file_check(reader->sys, path, &info, err));
    mw_arena_init(&arena, SQL_SIZE_MAX);
    size_t *sources = mw_arena_alloc(&arena, column_count + 1, sizeof *sources);
    reading r = {reader, path, column_count, rows, refusals, sources, NULL};
    mw_status status = MW_NO_MEMORY;
    if (!sources) status = no_memory(path, err);
    else if (is_json_lines(path)) status = read_json(&r, err);
    else if (is_parquet(path)) status = read_parquet(&r, &arena, err);
    else status = read_csv(&r, &arena, sources, err);
    mw_arena_release(&arena);
    return status == MW_OK ? check_unchanged(reader->sys, path, &info, err) : status;
}
