#include "ingest/parquet_shape.h"

#include "ingest/heading.h"
#include "store/arrow_note.h"

enum { SQL_SIZE_MAX = 1 << 22, DECIMAL_DIGITS_MAX = 38 };

static mw_status no_memory(const char *path, mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "%s: no memory to read it", path);
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

mw_status mw_parquet_open(const mw_data_reader *reader, const char *path,
                          mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT * FROM ");
    mw_duck_append_parquet(&sql, mw_str_of(path));
    mw_buf_append_char(&sql, ')');
    return query(reader, &sql, path, out_cursor, err);
}

/* --- names ---------------------------------------------------------------------------------- */

/* The file's tree of names from the root on, each with how many stand right below it, and how many
   digits it has if it is a decimal. */
static mw_status open_names(const mw_data_reader *reader, const char *path,
                            mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT name, coalesce(num_children, 0)::BIGINT, "
                             "coalesce(precision, 0)::BIGINT FROM parquet_schema(");
    mw_duck_append_path(&sql, mw_str_of(path));
    mw_buf_append_char(&sql, ')');
    return query(reader, &sql, path, out_cursor, err);
}

/* DuckDB 1.5 reads longer ones, or lists of them, as doubles that are other numbers: 1.1 of 50
   digits as 18454937.6. */
static mw_status check_digits(mw_str column, int64_t digits, mw_error *err) {
    if (digits <= DECIMAL_DIGITS_MAX) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "column %.*s: its decimals must have at most %d digits, got %lld",
                               MW_STR_ARGS(column), DECIMAL_DIGITS_MAX, (long long)digits);
    return mw_hint(err, status, "Write them with fewer digits, or as doubles.");
}

/* The names right below the root, of which there are `count`. */
static mw_status read_names(mw_duck_cursor *cursor, mw_arena *arena, mw_str *names, size_t count,
                            mw_error *err) {
    size_t rows = 1, found = 0;
    int64_t below = 0; /* names to come that are part of a column */
    bool is_root = true;
    while (rows > 0) {
        MW_TRY(mw_duck_fetch(cursor, &rows, err));
        for (size_t i = 0; i < rows; i++) {
            bool is_column = !is_root && below == 0;
            if (!is_root) below += mw_duck_int(cursor, 1, i) - (below > 0);
            is_root = false;
            if (is_column && found < count)
                names[found] = mw_str_copy(arena, mw_duck_text(cursor, 0, i));
            found += is_column;
            if (found > 0 && found <= count)
                MW_TRY(check_digits(names[found - 1], mw_duck_int(cursor, 2, i), err));
        }
    }
    if (found != count)
        return mw_fail(err, MW_INVALID, "must have as many columns as its schema names");
    return mw_heading_check_names(names, count, err);
}

/* DuckDB gives columns other names where two are the same, be it but for case. */
static mw_status name_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                              mw_str *names, size_t count, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(open_names(reader, path, &cursor, err));
    mw_status status = read_names(cursor, arena, names, count, err);
    mw_duck_cursor_close(cursor);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", path);
}

static mw_status open_note(const mw_data_reader *reader, const char *path,
                           mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT value::VARCHAR FROM parquet_kv_metadata(");
    mw_duck_append_path(&sql, mw_str_of(path));
    mw_buf_append_text(&sql, ") WHERE key = 'ARROW:schema'::BLOB");
    return query(reader, &sql, path, out_cursor, err);
}

/* What the whole numbers of each column count, in ns, if they are durations; else 0. */
static mw_status find_durations(const mw_data_reader *reader, const char *path,
                                const mw_str *names, size_t count, int64_t *unit_ns,
                                mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    size_t rows = 0;
    MW_TRY(open_note(reader, path, &cursor, err));
    mw_status status = mw_duck_fetch(cursor, &rows, err);
    if (status == MW_OK && rows > 0 && !mw_duck_is_null(cursor, 0, 0))
        status = mw_arrow_note_durations(mw_duck_text(cursor, 0, 0), names, count, unit_ns, err);
    mw_duck_cursor_close(cursor);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", path);
}

/* --- all of it ------------------------------------------------------------------------------ */

static mw_type type_of(mw_duck_kind kind) {
    switch (kind) {
    case MW_DUCK_BOOL: return MW_TYPE_BOOL;
    case MW_DUCK_INTEGER:
    case MW_DUCK_NUMBER:
    case MW_DUCK_DECIMAL: return MW_TYPE_NUMBER;
    case MW_DUCK_TIME:
    case MW_DUCK_LOCAL_TIME: return MW_TYPE_TIME;
    case MW_DUCK_LIST: return MW_TYPE_LIST;
    case MW_DUCK_NUMBER_LIST: return MW_TYPE_NUMBER_LIST;
    case MW_DUCK_TEXT: break;
    }
    return MW_TYPE_TEXT;
}

/* What is worked out of a file's columns, an element each. */
typedef struct {
    size_t count;
    mw_field *fields;
    mw_str *names;
    int64_t *unit_ns;
    mw_parquet_column *columns;
} columns;

static mw_status take_columns(const mw_duck_cursor *cursor, mw_arena *arena, columns *out_columns) {
    size_t count = mw_duck_column_count(cursor);
    columns found = {.count = count,
                     .fields = mw_arena_alloc(arena, count, sizeof *found.fields),
                     .names = mw_arena_alloc(arena, count, sizeof *found.names),
                     .unit_ns = mw_arena_alloc(arena, count, sizeof *found.unit_ns),
                     .columns = mw_arena_alloc(arena, count, sizeof *found.columns)};
    if (!found.fields || !found.names || !found.unit_ns || !found.columns) return MW_NO_MEMORY;
    for (size_t i = 0; i < count; i++) found.columns[i].kind = mw_duck_column_kind(cursor, i);
    *out_columns = found;
    return MW_OK;
}

mw_status mw_parquet_shape_read(const mw_data_reader *reader, const char *path, mw_arena *arena,
                                mw_parquet_shape *out_shape, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    columns c;
    MW_TRY(mw_parquet_open(reader, path, &cursor, err));
    mw_status status = take_columns(cursor, arena, &c);
    mw_duck_cursor_close(cursor);
    if (status != MW_OK) return no_memory(path, err);
    MW_TRY(name_columns(reader, path, arena, c.names, c.count, err));
    MW_TRY(find_durations(reader, path, c.names, c.count, c.unit_ns, err));
    for (size_t i = 0; i < c.count; i++) {
        mw_parquet_column *one = &c.columns[i];
        if (!c.names[i].data) return no_memory(path, err);
        if (one->kind == MW_DUCK_INTEGER) one->unit_ns = c.unit_ns[i]; /* else it is no duration */
        c.fields[i] = (mw_field){c.names[i], one->unit_ns > 0 ? MW_TYPE_DURATION
                                                              : type_of(one->kind)};
    }
    *out_shape = (mw_parquet_shape){{c.fields, c.count}, c.columns};
    return MW_OK;
}

/* Seconds where the stream has had their count: one of the two would be read wrong. */
static mw_status check_duration(mw_str column, mw_type type, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID,
                               "column %.*s: holds durations, but is a %s of the stream",
                               MW_STR_ARGS(column), mw_type_name(type));
    return mw_hint(err, status, "Write seconds as doubles, or plain numbers, into the file.");
}

mw_status mw_parquet_shape_check(const mw_parquet_shape *shape, size_t column, mw_type type,
                                 mw_error *err) {
    const mw_parquet_column *one = &shape->columns[column];
    mw_str name = shape->schema.fields[column].name;
    if (one->unit_ns > 0 && type != MW_TYPE_DURATION) return check_duration(name, type, err);
    return MW_OK;
}
