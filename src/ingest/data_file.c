#include "ingest/data_file.h"

#include <math.h>
#include <string.h>

#include "ingest/guess.h"
#include "ingest/heading.h"
#include "ingest/json_lines.h"
#include "ingest/picture_file.h"

#define JSON_SIZE_MAX ((size_t)1 << 32)
enum { SQL_SIZE_MAX = 1 << 22, ROWS_TO_GUESS_BY = 20000 };
#define WHOLE_MAX (INT64_C(1) << 53)

/* The reading of one file. */
typedef struct {
    const mw_data_reader *reader;
    const char *path;
    size_t column_count;
    mw_table *rows;
    mw_refusals *refusals;
    const size_t *sources; /* for each column, its place in the cursor */
} reading;

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

static mw_status check_file(const mw_data_reader *reader, const char *path, mw_error *err) {
    mw_file_info info;
    MW_TRY(mw_sys_info(reader->sys, path, &info, err));
    if (!info.exists) return mw_fail(err, MW_NOT_FOUND, "%s: there is no such file", path);
    if (info.is_folder) return mw_fail(err, MW_INVALID, "%s: must be a file, is a folder", path);
    if (info.size == 0) return mw_fail(err, MW_INVALID, "%s: the file is empty", path);
    return MW_OK;
}

static mw_status query(const mw_data_reader *reader, mw_buf *sql, const char *path,
                       mw_duck_cursor **out_cursor, mw_error *err) {
    mw_status status = mw_buf_check(sql, "ingest: the query", err);
    if (status == MW_OK)
        status = mw_duck_query(reader->duck, mw_buf_str(sql).data, out_cursor, err);
    if (status != MW_OK && status != MW_NO_MEMORY)
        status = mw_fail_within(err, status, "%s", path);
    mw_buf_release(sql);
    return status;
}

/* --- CSV: how it is written ----------------------------------------------------------------- */

static const char csv_settings[] =
    ", header = true, auto_detect = false, quote = '\"', escape = '\"', nullstr = ['', 'NA']";

/* All columns as texts, named by their place: what they are called is no matter of DuckDB's. */
static void append_csv(mw_buf *sql, const char *path, const mw_heading *heading) {
    mw_buf_append_text(sql, "read_csv(");
    mw_duck_append_path(sql, mw_str_of(path));
    mw_buf_append_text(sql, csv_settings);
    mw_buf_append_text(sql, ", delim = ");
    mw_duck_append_text(sql, (mw_str){&heading->delimiter, 1});
    for (size_t i = 0; i < heading->count; i++)
        mw_buf_printf(sql, "%s'c%zu': 'VARCHAR'", i == 0 ? ", columns = {" : ", ", i);
    mw_buf_append_char(sql, '}');
}

static mw_status read_heading(const mw_data_reader *reader, const char *path, mw_arena *arena,
                              mw_heading *out_heading, mw_error *err) {
    mw_file *file = NULL;
    size_t size = 0;
    char *bytes = mw_allocate(MW_HEADING_SIZE_MAX);
    if (!bytes) return mw_fail(err, MW_NO_MEMORY, "%s: no memory", path);
    mw_status status = mw_sys_open(reader->sys, path, MW_FILE_READ, &file, err);
    if (status == MW_OK)
        status = mw_file_read(file, 0, bytes, MW_HEADING_SIZE_MAX, &size, err);
    mw_file_close(file);
    if (status == MW_OK) {
        status = mw_heading_read((mw_str){bytes, size}, arena, out_heading, err);
        if (status != MW_OK) status = mw_fail_within(err, status, "%s", path);
    }
    mw_free(bytes);
    return status;
}

/* Rows that are written badly must not keep us from seeing what the others hold. */
static mw_status guess_types(const mw_data_reader *reader, const char *path,
                             const mw_heading *heading, mw_guess *guesses, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    size_t count = 1;
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT * FROM ");
    append_csv(&sql, path, heading);
    mw_buf_printf(&sql, ", ignore_errors = true) LIMIT %d", ROWS_TO_GUESS_BY);
    MW_TRY(query(reader, &sql, path, &cursor, err));
    mw_status status = MW_OK;
    while (status == MW_OK && count > 0) {
        status = mw_duck_fetch(cursor, &count, err);
        for (size_t i = 0; status == MW_OK && i < heading->count; i++)
            for (size_t r = 0; r < count; r++)
                if (!mw_duck_is_null(cursor, i, r))
                    mw_guess_add(&guesses[i], mw_duck_text(cursor, i, r));
    }
    mw_duck_cursor_close(cursor);
    return status;
}

static mw_status csv_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                             mw_schema *out_columns, mw_error *err) {
    mw_heading heading;
    MW_TRY(read_heading(reader, path, arena, &heading, err));
    mw_field *fields = mw_arena_alloc(arena, heading.count, sizeof *fields);
    mw_guess *guesses = mw_arena_alloc(arena, heading.count, sizeof *guesses);
    if (!fields || !guesses) return mw_fail(err, MW_NO_MEMORY, "%s: no memory", path);
    MW_TRY(guess_types(reader, path, &heading, guesses, err));
    for (size_t i = 0; i < heading.count; i++)
        fields[i] = (mw_field){heading.names[i], mw_guess_type(&guesses[i])};
    *out_columns = (mw_schema){fields, heading.count};
    return MW_OK;
}

/* --- Parquet -------------------------------------------------------------------------------- */

static mw_type type_of(mw_duck_kind kind) {
    switch (kind) {
    case MW_DUCK_BOOL: return MW_TYPE_BOOL;
    case MW_DUCK_INTEGER:
    case MW_DUCK_NUMBER: return MW_TYPE_NUMBER;
    case MW_DUCK_TIME:
    case MW_DUCK_LOCAL_TIME: return MW_TYPE_TIME;
    case MW_DUCK_LIST: return MW_TYPE_LIST;
    case MW_DUCK_NUMBER_LIST: return MW_TYPE_NUMBER_LIST;
    case MW_DUCK_TEXT: break;
    }
    return MW_TYPE_TEXT;
}

static mw_status open_parquet(const mw_data_reader *reader, const char *path,
                              mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT * FROM read_parquet(");
    mw_duck_append_path(&sql, mw_str_of(path));
    mw_buf_append_char(&sql, ')');
    return query(reader, &sql, path, out_cursor, err);
}

static mw_status parquet_columns(const mw_data_reader *reader, const char *path,
                                 mw_arena *arena, mw_schema *out_columns, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(open_parquet(reader, path, &cursor, err));
    size_t count = mw_duck_column_count(cursor);
    mw_field *fields = mw_arena_alloc(arena, count, sizeof *fields);
    bool has_room = fields != NULL;
    for (size_t i = 0; has_room && i < count; i++) {
        fields[i].name = mw_str_copy(arena, mw_duck_column_name(cursor, i));
        fields[i].type = type_of(mw_duck_column_kind(cursor, i));
        has_room = fields[i].name.data != NULL;
    }
    mw_duck_cursor_close(cursor);
    if (!has_room) return mw_fail(err, MW_NO_MEMORY, "%s: no memory", path);
    *out_columns = (mw_schema){fields, count};
    return MW_OK;
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
    MW_TRY(read_lines(reader, path, &bytes, err));
    mw_status status = mw_json_lines_columns(mw_buf_str(&bytes), arena, out_columns, err);
    mw_buf_release(&bytes);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", path);
}

static mw_status read_json(const reading *r, mw_error *err) {
    mw_buf bytes;
    MW_TRY(read_lines(r->reader, r->path, &bytes, err));
    mw_status status = mw_json_lines_read(r->reader, mw_buf_str(&bytes), r->column_count, r->rows,
                                          r->refusals, err);
    mw_buf_release(&bytes);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", r->path);
}

mw_status mw_data_file_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                               mw_schema *out_columns, mw_error *err) {
    MW_TRY(check_file(reader, path, err));
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
} value;

static mw_status refused(mw_error *reason, const char *rule, double number) {
    return mw_fail(reason, MW_INVALID, "value: must be %s, got %g", rule, number);
}

static mw_status read_number(const value *v, mw_cell *out_cell, mw_error *reason) {
    if (v->kind == MW_DUCK_NUMBER) {
        double number = mw_duck_number(v->cursor, v->column, v->row);
        if (isinf(number)) return refused(reason, "a finite number", number);
        *out_cell = mw_cell_number(number);
        return MW_OK;
    }
    int64_t whole = mw_duck_int(v->cursor, v->column, v->row);
    if (whole > WHOLE_MAX || whole < -WHOLE_MAX)
        return refused(reason, "a whole number of at most 2^53", (double)whole);
    *out_cell = mw_cell_number((double)whole);
    return MW_OK;
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
    }
}

/* Whatever is not of its column's type as it comes is read from its text, so that one place
   (mw_cell_parse) says what a text means. */
static mw_status read_by_text(const value *v, mw_cell *out_cell, mw_error *reason) {
    const mw_data_reader *reader = v->reader;
    if (v->kind == MW_DUCK_TEXT || v->kind == MW_DUCK_LIST || v->kind == MW_DUCK_NUMBER_LIST)
        return mw_cell_parse(v->type, mw_duck_text(v->cursor, v->column, v->row), reader->zone,
                             reader->symbols, out_cell, reason);
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

static bool is_time(int64_t us) {
    return us >= MW_TIME_MIN && us <= MW_TIME_MAX;
}

static mw_status read_value(const value *v, mw_cell *out_cell, mw_error *reason) {
    if (mw_duck_is_null(v->cursor, v->column, v->row)) {
        *out_cell = mw_cell_missing(v->type);
        return MW_OK;
    }
    if (v->type == MW_TYPE_NUMBER && (v->kind == MW_DUCK_NUMBER || v->kind == MW_DUCK_INTEGER))
        return read_number(v, out_cell, reason);
    if (v->kind != MW_DUCK_TIME && v->kind != MW_DUCK_LOCAL_TIME)
        return read_by_text(v, out_cell, reason);
    int64_t us = mw_duck_int(v->cursor, v->column, v->row);
    if (!is_time(us)) return mw_fail(reason, MW_INVALID, "time: must be in the years 1 to 9999");
    if (v->type != MW_TYPE_TIME || v->kind != MW_DUCK_TIME)
        return read_by_text(v, out_cell, reason);
    *out_cell = mw_cell_time(us);
    return MW_OK;
}

/* --- rows ----------------------------------------------------------------------------------- */

/* Fills a row; the first bad value refuses it, and what is bad stays missing. */
static mw_status read_row(const reading *r, const mw_duck_cursor *cursor, size_t cursor_row,
                          mw_error *err) {
    mw_cell *cells = NULL;
    mw_error reason;
    bool is_refused = false;
    size_t row = r->rows->row_count;
    MW_TRY(mw_table_add(r->rows, NULL, &cells, err));
    for (size_t i = 0; i < r->column_count; i++) {
        const mw_field *field = &r->rows->schema->fields[i];
        size_t column = r->sources[i];
        value v = {r->reader, cursor, column, cursor_row, field->type,
                   mw_duck_column_kind(cursor, column)};
        mw_status status = read_value(&v, &cells[i], &reason);
        if (status == MW_OK) continue;
        if (status != MW_INVALID)
            return mw_fail(err, status, "%s: %s", r->path, reason.message);
        if (!is_refused) MW_TRY(mw_refuse_for(r->refusals, row, field->name, &reason, err));
        is_refused = true;
    }
    return MW_OK;
}

/* Adds the broken rows that stand here, refused. `*at` counts those that are done. */
static mw_status add_broken(const reading *r, const mw_refusals *broken, size_t *at,
                            mw_error *err) {
    for (; *at < broken->item_count; (*at)++) {
        const mw_refusal *one = &broken->items[*at];
        if (one->row != r->rows->row_count) return MW_OK;
        MW_TRY(mw_table_add(r->rows, NULL, NULL, err));
        MW_TRY(mw_refuse(r->refusals, one->row, broken->rules[one->rule].text, one->value, err));
    }
    return MW_OK;
}

/* `broken` are the rows that DuckDB could not cut into columns, in order. */
static mw_status read_rows(const reading *r, mw_duck_cursor *cursor, const mw_refusals *broken,
                           mw_error *err) {
    size_t count = 1, done = 0;
    while (count > 0) {
        mw_status status = mw_duck_fetch(cursor, &count, err);
        if (status != MW_OK) return mw_fail_within(err, status, "%s", r->path);
        for (size_t i = 0; i < count; i++) {
            MW_TRY(add_broken(r, broken, &done, err));
            MW_TRY(read_row(r, cursor, i, err));
        }
    }
    return add_broken(r, broken, &done, err);
}

static mw_status find_columns(const char *path, const mw_schema *found, const mw_schema *wanted,
                              size_t column_count, size_t *sources, mw_error *err) {
    for (size_t i = 0; i < column_count; i++) {
        int32_t at = mw_schema_find(found, wanted->fields[i].name);
        if (at == MW_NO_FIELD)
            return mw_fail(err, MW_INVALID, "%s: there is no column %.*s", path,
                           MW_STR_ARGS(wanted->fields[i].name));
        sources[i] = (size_t)at;
    }
    return MW_OK;
}

/* --- CSV: the rows ---------------------------------------------------------------------------- */

static mw_status read_strictly(const reading *r, const mw_heading *heading, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    const mw_refusals none = {.item_count = 0};
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT * FROM ");
    append_csv(&sql, r->path, heading);
    mw_buf_append_char(&sql, ')');
    MW_TRY(query(r->reader, &sql, r->path, &cursor, err));
    mw_status status = read_rows(r, cursor, &none, err);
    mw_duck_cursor_close(cursor);
    return status;
}

static mw_status load_leniently(const reading *r, const mw_heading *heading, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "DROP TABLE IF EXISTS broken_rows; DROP TABLE IF EXISTS broken_scans;"
                             "CREATE OR REPLACE TEMP TABLE good_rows AS SELECT * FROM ");
    append_csv(&sql, r->path, heading);
    mw_buf_append_text(&sql, ", store_rejects = true, rejects_table = 'broken_rows',"
                             " rejects_scan = 'broken_scans', rejects_limit = 0)");
    mw_status status = mw_buf_check(&sql, "ingest: the query", err);
    if (status == MW_OK) status = mw_duck_run(r->reader->duck, mw_buf_str(&sql).data, err);
    mw_buf_release(&sql);
    return status;
}

/* DuckDB counts the heading as line 1, and a row with several faults several times. */
static const char broken_rows_sql[] =
    "SELECT (line - 2)::BIGINT, CASE first(error_type::VARCHAR) WHEN 'UNQUOTED VALUE'"
    " THEN 'row: a quoted value must end with its quote'"
    " ELSE 'row: ' || lower(first(error_type::VARCHAR)) END,"
    " coalesce(first(csv_line), '') FROM broken_rows GROUP BY line ORDER BY line";

static mw_status list_broken(const reading *r, mw_refusals *broken, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    size_t count = 1;
    MW_TRY(mw_duck_query(r->reader->duck, broken_rows_sql, &cursor, err));
    mw_status status = MW_OK;
    while (status == MW_OK && count > 0) {
        status = mw_duck_fetch(cursor, &count, err);
        for (size_t i = 0; status == MW_OK && i < count; i++)
            status = mw_refuse(broken, (size_t)mw_duck_int(cursor, 0, i),
                               mw_duck_text(cursor, 1, i), mw_duck_text(cursor, 2, i), err);
    }
    mw_duck_cursor_close(cursor);
    return status;
}

/* Some rows cannot be cut into columns: the others come from a table of DuckDB's, between them
   those that are refused, each in its place. */
static mw_status read_leniently(const reading *r, const mw_heading *heading, mw_error *err) {
    mw_duck *duck = r->reader->duck;
    mw_duck_cursor *cursor = NULL;
    mw_refusals broken;
    MW_TRY(load_leniently(r, heading, err));
    mw_refusals_init(&broken);
    mw_status status = list_broken(r, &broken, err);
    if (status == MW_OK)
        status = mw_duck_query(duck, "SELECT * FROM good_rows", &cursor, err);
    if (status == MW_OK) status = read_rows(r, cursor, &broken, err);
    mw_duck_cursor_close(cursor);
    mw_refusals_release(&broken);
    if (status == MW_OK) status = mw_duck_run(duck, "DROP TABLE good_rows", err);
    return status;
}

static mw_status read_csv(reading *r, mw_arena *arena, size_t *sources, mw_error *err) {
    mw_heading heading;
    size_t refused_before = r->refusals->item_count;
    MW_TRY(read_heading(r->reader, r->path, arena, &heading, err));
    mw_field *fields = mw_arena_alloc(arena, heading.count, sizeof *fields);
    if (!fields) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to read it", r->path);
    for (size_t i = 0; i < heading.count; i++)
        fields[i] = (mw_field){heading.names[i], MW_TYPE_TEXT};
    mw_schema columns = {fields, heading.count};
    MW_TRY(find_columns(r->path, &columns, r->rows->schema, r->column_count, sources, err));
    mw_status status = read_strictly(r, &heading, err);
    if (status != MW_INVALID) return status;
    MW_ASSERT(refused_before == 0); /* both lists belong to this file alone */
    mw_table_clear(r->rows);
    mw_refusals_release(r->refusals);
    mw_refusals_init(r->refusals);
    return read_leniently(r, &heading, err);
}

static mw_status read_parquet(reading *r, mw_arena *arena, size_t *sources, mw_error *err) {
    mw_schema columns;
    mw_duck_cursor *cursor = NULL;
    const mw_refusals none = {.item_count = 0};
    MW_TRY(parquet_columns(r->reader, r->path, arena, &columns, err));
    MW_TRY(find_columns(r->path, &columns, r->rows->schema, r->column_count, sources, err));
    MW_TRY(open_parquet(r->reader, r->path, &cursor, err));
    mw_status status = read_rows(r, cursor, &none, err);
    mw_duck_cursor_close(cursor);
    return status;
}

mw_status mw_data_file_read(const mw_data_reader *reader, const char *path, size_t column_count,
                            mw_table *rows, mw_refusals *refusals, mw_error *err) {
    MW_ASSERT(column_count <= rows->schema->field_count && rows->row_count == 0);
    MW_TRY(check_file(reader, path, err));
    mw_arena arena;
    mw_arena_init(&arena, SQL_SIZE_MAX);
    size_t *sources = mw_arena_alloc(&arena, column_count + 1, sizeof *sources);
    reading r = {reader, path, column_count, rows, refusals, sources};
    mw_status status = MW_NO_MEMORY;
    if (!sources) status = mw_fail(err, MW_NO_MEMORY, "%s: no memory to read it", path);
    else if (is_json_lines(path)) status = read_json(&r, err);
    else if (is_parquet(path)) status = read_parquet(&r, &arena, sources, err);
    else status = read_csv(&r, &arena, sources, err);
    mw_arena_release(&arena);
    return status;
}
