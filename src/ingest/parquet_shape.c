#include "ingest/parquet_shape.h"

#include "base/zone.h"
#include "ingest/heading.h"
#include "store/arrow_note.h"

enum { SQL_SIZE_MAX = 1 << 22, DECIMAL_DIGITS_MAX = 38 };

/* What is worked out of a file's columns, an element each. */
typedef struct {
    size_t count;
    mw_field *fields;
    mw_str *names;
    mw_arrow_noted *noted;
    bool *are_int96;
    mw_parquet_column *columns;
    bool is_of_spark; /* the file */
} columns;

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

/* The file's tree of names from the root on, each with how many stand right below it, how many
   digits it has if it is a decimal, and whether it has times of the old type. */
static mw_status open_names(const mw_data_reader *reader, const char *path,
                            mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT name, coalesce(num_children, 0)::BIGINT, "
                             "coalesce(precision, 0)::BIGINT, coalesce(type, '') = 'INT96' "
                             "FROM parquet_schema(");
    mw_duck_append_path(&sql, mw_str_of(path));
    mw_buf_append_char(&sql, ')');
    return query(reader, &sql, path, out_cursor, err);
}

/* A name of the tree that is a column's, or within the one that was found last. */
static void take_name(const mw_duck_cursor *cursor, size_t row, size_t found, columns *c) {
    if (found == 0 || found > c->count) return;
    int64_t digits = mw_duck_int(cursor, 2, row), *most = &c->columns[found - 1].digits;
    c->are_int96[found - 1] = mw_duck_bool(cursor, 3, row);
    if (digits > *most) *most = digits;
}

/* The names right below the root, of which there must be as many as columns. */
static mw_status read_names(mw_duck_cursor *cursor, mw_arena *arena, columns *c, mw_error *err) {
    size_t rows = 1, found = 0;
    int64_t below = 0; /* names to come that are part of a column */
    bool is_root = true;
    while (rows > 0) {
        MW_TRY(mw_duck_fetch(cursor, &rows, err));
        for (size_t i = 0; i < rows; i++) {
            bool is_column = !is_root && below == 0;
            if (!is_root) below += mw_duck_int(cursor, 1, i) - (below > 0);
            is_root = false;
            if (is_column && found < c->count)
                c->names[found] = mw_str_copy(arena, mw_duck_text(cursor, 0, i));
            found += is_column;
            take_name(cursor, i, found, c);
        }
    }
    if (found != c->count)
        return mw_fail(err, MW_INVALID, "must have as many columns as its schema names");
    return mw_heading_check_names(c->names, c->count, err);
}

/* DuckDB gives columns other names where two are the same, be it but for case. */
static mw_status name_columns(const mw_data_reader *reader, const char *path, mw_arena *arena,
                              columns *c, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(open_names(reader, path, &cursor, err));
    mw_status status = read_names(cursor, arena, c, err);
    mw_duck_cursor_close(cursor);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "%s", path);
}

/* --- what is noted -------------------------------------------------------------------------- */

static mw_status open_notes(const mw_data_reader *reader, const char *path,
                            mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT key = 'ARROW:schema'::BLOB, value::VARCHAR "
                             "FROM parquet_kv_metadata(");
    mw_duck_append_path(&sql, mw_str_of(path));
    mw_buf_append_text(&sql, ") WHERE key = 'ARROW:schema'::BLOB "
                             "OR starts_with(key::VARCHAR, 'org.apache.spark.')");
    return query(reader, &sql, path, out_cursor, err);
}

static mw_status read_notes(mw_duck_cursor *cursor, columns *c, mw_error *err) {
    size_t rows = 1;
    while (rows > 0) {
        MW_TRY(mw_duck_fetch(cursor, &rows, err));
        for (size_t i = 0; i < rows; i++) {
            bool is_arrow = mw_duck_bool(cursor, 0, i);
            c->is_of_spark |= !is_arrow;
            if (is_arrow && !mw_duck_is_null(cursor, 1, i))
                MW_TRY(mw_arrow_note_read(mw_duck_text(cursor, 1, i), c->names, c->count,
                                          c->noted, err));
        }
    }
    return MW_OK;
}

static mw_status find_notes(const mw_data_reader *reader, const char *path, columns *c,
                            mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(open_notes(reader, path, &cursor, err));
    mw_status status = read_notes(cursor, c, err);
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
    case MW_DUCK_DATE:
    case MW_DUCK_LOCAL_TIME: return MW_TYPE_TIME;
    case MW_DUCK_LIST: return MW_TYPE_LIST;
    case MW_DUCK_NUMBER_LIST: return MW_TYPE_NUMBER_LIST;
    case MW_DUCK_TEXT: break;
    }
    return MW_TYPE_TEXT;
}

static mw_status take_columns(const mw_duck_cursor *cursor, mw_arena *arena, columns *out_columns) {
    size_t count = mw_duck_column_count(cursor);
    columns found = {.count = count,
                     .fields = mw_arena_alloc(arena, count, sizeof *found.fields),
                     .names = mw_arena_alloc(arena, count, sizeof *found.names),
                     .noted = mw_arena_alloc(arena, count, sizeof *found.noted),
                     .are_int96 = mw_arena_alloc(arena, count, sizeof *found.are_int96),
                     .columns = mw_arena_alloc(arena, count, sizeof *found.columns)};
    if (!found.fields || !found.names || !found.noted || !found.are_int96 || !found.columns)
        return MW_NO_MEMORY;
    for (size_t i = 0; i < count; i++) found.columns[i].kind = mw_duck_column_kind(cursor, i);
    *out_columns = found;
    return MW_OK;
}

/* DuckDB takes all of INT96 for times without a zone. */
static void say_what_times_are(const columns *c, size_t at) {
    mw_parquet_column *one = &c->columns[at];
    if (!c->are_int96[at] || one->kind != MW_DUCK_LOCAL_TIME) return;
    bool is_noted = c->noted[at].is_time;
    if (is_noted ? c->noted[at].has_zone : c->is_of_spark) one->kind = MW_DUCK_TIME;
    one->is_unsaid = !is_noted && !c->is_of_spark;
}

mw_status mw_parquet_shape_read(const mw_data_reader *reader, const char *path, mw_arena *arena,
                                mw_parquet_shape *out_shape, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    columns c;
    MW_TRY(mw_parquet_open(reader, path, &cursor, err));
    mw_status status = take_columns(cursor, arena, &c);
    mw_duck_cursor_close(cursor);
    if (status != MW_OK) return no_memory(path, err);
    MW_TRY(name_columns(reader, path, arena, &c, err));
    MW_TRY(find_notes(reader, path, &c, err));
    for (size_t i = 0; i < c.count; i++) {
        mw_parquet_column *one = &c.columns[i];
        if (!c.names[i].data) return no_memory(path, err);
        say_what_times_are(&c, i);
        if (one->kind == MW_DUCK_INTEGER) one->unit_ns = c.noted[i].unit_ns; /* else it has none */
        c.fields[i] = (mw_field){c.names[i], one->unit_ns > 0 ? MW_TYPE_DURATION
                                                              : type_of(one->kind)};
    }
    *out_shape = (mw_parquet_shape){{c.fields, c.count}, c.columns};
    return MW_OK;
}

/* DuckDB 1.5 reads longer ones, or lists of them, as doubles that are other numbers: 1.1 of 50
   digits as 18454937.6. */
static mw_status check_digits(const mw_parquet_shape *shape, size_t column, mw_error *err) {
    int64_t digits = shape->columns[column].digits;
    if (digits <= DECIMAL_DIGITS_MAX) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "column %.*s: its decimals must have at most %d digits, got %lld",
                               MW_STR_ARGS(shape->schema.fields[column].name), DECIMAL_DIGITS_MAX,
                               (long long)digits);
    return mw_hint(err, status, "Write them with fewer digits, or as doubles.");
}

mw_status mw_parquet_shape_check_all(const mw_parquet_shape *shape, mw_error *err) {
    for (size_t i = 0; i < shape->schema.field_count; i++) MW_TRY(check_digits(shape, i, err));
    return MW_OK;
}

/* Seconds where the stream has had their count: one of the two would be read wrong. */
static mw_status fail_duration(mw_str column, mw_type type, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID,
                               "column %.*s: holds durations, but is a %s of the stream",
                               MW_STR_ARGS(column), mw_type_name(type));
    return mw_hint(err, status, "Write seconds as doubles, or plain numbers, into the file.");
}

static bool is_utc(const mw_zone *zone) {
    return zone && mw_zone_spread_us(zone) == 0 && mw_zone_offset_us(zone, 0) == 0;
}

static mw_status fail_unsaid(mw_str column, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID,
                               "column %.*s: its times are INT96, of UTC or of a zone, which the "
                               "file does not say", MW_STR_ARGS(column));
    return mw_hint(err, status, "Write them as timestamps of 64 bits, or say `zone: UTC` of the "
                                "stream if they are of UTC.");
}

mw_status mw_parquet_shape_check(const mw_parquet_shape *shape, size_t column, mw_type type,
                                 const mw_zone *zone, mw_error *err) {
    const mw_parquet_column *one = &shape->columns[column];
    mw_str name = shape->schema.fields[column].name;
    MW_TRY(check_digits(shape, column, err));
    if (one->unit_ns > 0 && type != MW_TYPE_DURATION) return fail_duration(name, type, err);
    if (one->is_unsaid && type == MW_TYPE_TIME && !is_utc(zone)) return fail_unsaid(name, err);
    return MW_OK;
}
