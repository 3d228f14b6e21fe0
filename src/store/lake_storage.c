#include "store/lake_storage.h"

#include <stdio.h>
#include <string.h>

#include "store/duck_file.h"
#include "table/event_columns.h"

/* Behind an event's columns, where any row of a file is a correction, stand two times and the same
   fields again: of what the row replaces. We ourselves go by position alone. */
enum { REPLACED_TIME, REPLACED_FROM, REPLACED_COLUMNS };
#define REPLACED_PREFIX "replaced:"

enum { PATH_SIZE_MAX = 4096, SQL_SIZE_MAX = 3 * PATH_SIZE_MAX, SUM_STEP = 1 << 18 };

typedef struct {
    mw_str path;
    mw_events events; /* of one stream */
} memory_file;

struct mw_lake_storage {
    mw_sys *sys;
    mw_duck *duck;
    mw_arena arena; /* holds the folder's path, and in memory paths and schemas */
    const char *folder;
    memory_file *files;
    size_t file_count, file_capacity;
    mw_str *sound; /* paths of files whose bytes were found to be as written */
    size_t sound_count, sound_capacity;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "lake: no memory");
}

mw_status mw_lake_storage_open(mw_sys *sys, mw_duck *duck, const char *folder,
                               mw_lake_storage **out_storage, mw_error *err) {
    mw_lake_storage *storage = mw_allocate(sizeof *storage);
    if (!storage) return no_memory(err);
    *storage = (mw_lake_storage){.sys = sys, .duck = duck};
    mw_arena_init(&storage->arena, SIZE_MAX);
    if (folder) {
        storage->folder = mw_arena_copy(&storage->arena, folder, strlen(folder));
        if (!storage->folder) {
            mw_lake_storage_close(storage);
            return no_memory(err);
        }
    }
    *out_storage = storage;
    return MW_OK;
}

void mw_lake_storage_close(mw_lake_storage *storage) {
    if (!storage) return;
    for (size_t i = 0; i < storage->file_count; i++)
        mw_events_release(&storage->files[i].events);
    mw_free(storage->files);
    mw_free(storage->sound);
    mw_arena_release(&storage->arena);
    mw_free(storage);
}

/* Rows come by place, so who asks begins at the place of the row before. */
static bool is_among(mw_lake_places wanted, size_t *near, int64_t place) {
    while (*near > 0 && wanted.items[*near - 1] >= place) (*near)--;
    while (*near < wanted.count && wanted.items[*near] < place) (*near)++;
    return *near < wanted.count && wanted.items[*near] == place;
}

static bool is_asked_for(const mw_lake_reading *reading, size_t *near, int64_t place) {
    bool is_within = place > reading->after &&
                     (reading->through == MW_TIME_MISSING || place <= reading->through);
    return is_within && (reading->wanted.count == 0 || is_among(reading->wanted, near, place));
}

static mw_status add_wanted(const mw_lake_reading *reading, const mw_event *event,
                            mw_events *out_events, mw_error *err) {
    const mw_lake_filter *filter = &reading->filter;
    if (filter->takes && !filter->takes(filter->context, event)) return MW_OK;
    return mw_events_add(out_events, event, err);
}

static int64_t place_of_row(mw_places places, size_t row, int64_t own_place) {
    if (places.first == MW_TIME_MISSING) return own_place;
    return places.first + (int64_t)row * places.step;
}

/* --- in memory ---------------------------------------------------------------------------- */

static memory_file *find(mw_lake_storage *storage, mw_str path) {
    for (size_t i = 0; i < storage->file_count; i++)
        if (mw_str_equal(storage->files[i].path, path)) return &storage->files[i];
    return NULL;
}

static mw_status add_file(mw_lake_storage *storage, mw_str path, const mw_schema *schema,
                          mw_error *err) {
    void *files = storage->files;
    bool grown = mw_grow(&files, &storage->file_capacity, storage->file_count + 1,
                         sizeof(memory_file), SIZE_MAX / sizeof(memory_file));
    storage->files = files;
    mw_str copy = mw_str_copy(&storage->arena, path);
    mw_schema *kept = mw_arena_alloc(&storage->arena, 1, sizeof *kept);
    if (!grown || !copy.data || !kept) return no_memory(err);
    MW_TRY(mw_schema_copy(&storage->arena, schema, kept, err));
    memory_file *file = &storage->files[storage->file_count];
    file->path = copy;
    MW_TRY(mw_events_init(&file->events, &(const mw_schema *){kept}, 1, err));
    storage->file_count++;
    return MW_OK;
}

static void forget(mw_lake_storage *storage, mw_str path) {
    memory_file *file = find(storage, path);
    if (!file) return;
    mw_events_release(&file->events);
    *file = storage->files[--storage->file_count];
}

static mw_status write_memory(mw_lake_storage *storage, mw_str path, const mw_lake_rows *rows,
                              mw_error *err) {
    forget(storage, path);
    MW_TRY(add_file(storage, path, rows->events->rows.schema, err));
    memory_file *file = &storage->files[storage->file_count - 1];
    for (size_t i = 0; i < rows->row_count; i++) {
        mw_event event = mw_stream_events_row(rows->events, rows->rows[i]);
        mw_status status = mw_events_add(&file->events, &event, err);
        if (status != MW_OK) {
            forget(storage, path);
            return status;
        }
    }
    return MW_OK;
}

static mw_status read_memory(mw_lake_storage *storage, mw_str path,
                             const mw_lake_reading *reading, mw_events *out_events,
                             mw_cell *row, mw_error *err) {
    const memory_file *file = find(storage, path);
    if (!file)
        return mw_fail(err, MW_NOT_FOUND, "lake: there is no file %.*s", MW_STR_ARGS(path));
    const mw_stream_events *events = &file->events.streams[0];
    size_t field_count = out_events->streams[reading->stream].rows.schema->field_count, near = 0;
    for (size_t r = 0; r < events->rows.row_count; r++) {
        mw_event event = mw_stream_events_row(events, r);
        for (size_t i = 0; i < field_count; i++) {
            row[i] = event.row[reading->columns[i]];
            if (event.replaced) row[field_count + i] = event.replaced[reading->columns[i]];
        }
        event.row = row;
        if (event.replaced) event.replaced = row + field_count;
        event.stream = reading->stream;
        event.place = place_of_row(reading->places, r, event.place);
        if (is_asked_for(reading, &near, event.place))
            MW_TRY(add_wanted(reading, &event, out_events, err));
    }
    return MW_OK;
}

/* --- in a folder -------------------------------------------------------------------------- */

static mw_status full_path(const mw_lake_storage *storage, mw_str path, const char *suffix,
                           char out_path[PATH_SIZE_MAX], mw_error *err) {
    int size = snprintf(out_path, PATH_SIZE_MAX, "%s/%.*s%s", storage->folder,
                        MW_STR_ARGS(path), suffix);
    if (size > 0 && size < PATH_SIZE_MAX) return MW_OK;
    return mw_fail(err, MW_TOO_LARGE, "lake: the path is too long: %.*s", MW_STR_ARGS(path));
}

/* Of the field at `at`: beside our own "from:", one that is called so gets its position. */
static mw_str replaced_name(mw_arena *arena, mw_str name, size_t at) {
    char text[MW_NAME_SIZE_MAX + 64];
    if (mw_str_equal_but_for_case(name, MW_STR("from:")))
        name = mw_column_with_position(arena, name, at);
    int size = snprintf(text, sizeof text, REPLACED_PREFIX "%.*s", MW_STR_ARGS(name));
    return mw_str_copy(arena, (mw_str){text, (size_t)size});
}

/* The columns of what corrections replace. */
static mw_status add_replaced(mw_arena *arena, size_t field_count, mw_schema *columns,
                              mw_error *err) {
    size_t count = columns->field_count + REPLACED_COLUMNS + field_count;
    mw_field *fields = mw_arena_alloc(arena, count, sizeof *fields);
    if (!fields) return no_memory(err);
    memcpy(fields, columns->fields, columns->field_count * sizeof *fields);
    mw_field *replaced = fields + columns->field_count;
    replaced[REPLACED_TIME] = (mw_field){MW_STR(REPLACED_PREFIX "time"), MW_TYPE_TIME};
    replaced[REPLACED_FROM] = (mw_field){MW_STR(REPLACED_PREFIX "from:"), MW_TYPE_TIME};
    for (size_t i = 0; i < field_count; i++) {
        mw_field own = fields[MW_EVENT_COLUMNS + i];
        mw_str name = replaced_name(arena, own.name, i);
        if (!name.data) return no_memory(err);
        replaced[REPLACED_COLUMNS + i] = (mw_field){name, own.type};
    }
    *columns = (mw_schema){fields, count};
    return MW_OK;
}

static mw_status file_schema(mw_arena *arena, const mw_schema *schema, bool has_corrections,
                             mw_schema *out_schema, mw_error *err) {
    mw_schema columns;
    if (mw_event_columns(arena, schema, &columns) != MW_OK) return no_memory(err);
    if (has_corrections) MW_TRY(add_replaced(arena, schema->field_count, &columns, err));
    *out_schema = columns;
    return MW_OK;
}

static void fill_replaced(const mw_event *event, const mw_schema *schema, mw_cell *row) {
    bool is_correction = event->replaced != NULL;
    row[REPLACED_TIME] = mw_cell_time(is_correction ? event->replaced_time : MW_TIME_MISSING);
    row[REPLACED_FROM] = mw_cell_time(is_correction ? event->replaced_from : MW_TIME_MISSING);
    for (size_t i = 0; i < schema->field_count; i++)
        row[REPLACED_COLUMNS + i] = is_correction ? event->replaced[i]
                                                  : mw_cell_missing(schema->fields[i].type);
}

static mw_status write_rows(mw_duck_file *file, const mw_lake_rows *rows, mw_cell *row,
                            mw_error *err) {
    size_t field_count = rows->events->rows.schema->field_count;
    for (size_t i = 0; i < rows->row_count; i++) {
        mw_event event = mw_stream_events_row(rows->events, rows->rows[i]);
        row[MW_EVENT_TIME] = mw_cell_time(event.time);
        row[MW_EVENT_KNOWN] = mw_cell_time(event.known);
        row[MW_EVENT_PLACE] = mw_cell_time(event.place);
        if (field_count > 0)
            memcpy(row + MW_EVENT_COLUMNS, event.row, field_count * sizeof *row);
        if (rows->events->correction_count > 0)
            fill_replaced(&event, rows->events->rows.schema, row + MW_EVENT_COLUMNS + field_count);
        MW_TRY(mw_duck_file_add(file, (mw_str){NULL, 0}, row, err));
    }
    return mw_duck_file_end(file, err);
}

static mw_status write_parquet(mw_lake_storage *storage, const char *path,
                               const mw_lake_rows *rows, mw_error *err) {
    mw_arena arena;
    mw_schema schema;
    mw_duck_file *file = NULL;
    mw_arena_init(&arena, SQL_SIZE_MAX + 2 * MW_FIELDS_MAX * (MW_NAME_SIZE_MAX + 64));
    mw_status status = file_schema(&arena, rows->events->rows.schema,
                                   rows->events->correction_count > 0, &schema, err);
    mw_cell *row =
        status == MW_OK ? mw_arena_alloc(&arena, schema.field_count, sizeof *row) : NULL;
    if (status == MW_OK && !row) status = no_memory(err);
    if (status == MW_OK)
        status = mw_duck_file_create(storage->duck, &schema, rows->symbols, path, &file, err);
    if (status == MW_OK) status = write_rows(file, rows, row, err);
    mw_duck_file_destroy(file);
    mw_arena_release(&arena);
    return status;
}

static mw_status sync_file(mw_sys *sys, const char *path, mw_error *err) {
    mw_file *file = NULL;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_UPDATE, &file, err));
    mw_status status = mw_file_sync(file, err);
    mw_file_close(file);
    return status;
}

/* The file, its name in its folder, and the folder's in the lake's: all on the disk. */
static mw_status write_folder(mw_lake_storage *storage, mw_str path, const mw_lake_rows *rows,
                              mw_error *err) {
    char final[PATH_SIZE_MAX], partial[PATH_SIZE_MAX], folder[PATH_SIZE_MAX];
    MW_TRY(full_path(storage, path, "", final, err));
    MW_TRY(full_path(storage, path, ".partial", partial, err));
    MW_TRY(full_path(storage, mw_path_folder(path), "", folder, err));
    MW_TRY(mw_sys_make_folder(storage->sys, folder, err));
    MW_TRY(write_parquet(storage, partial, rows, err));
    MW_TRY(sync_file(storage->sys, partial, err));
    MW_TRY(mw_sys_rename(storage->sys, partial, final, err));
    MW_TRY(mw_sys_sync_folder(storage->sys, folder, err));
    return mw_sys_sync_folder(storage->sys, storage->folder, err);
}

/* --- checksums: Parquet has none that its readers look at ---------------------------------- */

static mw_status sum_file(mw_file *file, void *bytes, int64_t *out_size, int64_t *out_checksum,
                          mw_error *err) {
    uint64_t offset = 0;
    uint32_t crc = 0;
    size_t size = SUM_STEP;
    while (size > 0) {
        MW_TRY(mw_file_read(file, offset, bytes, SUM_STEP, &size, err));
        crc = mw_crc32c(crc, bytes, size);
        offset += size;
    }
    *out_size = (int64_t)offset;
    *out_checksum = crc;
    return MW_OK;
}

static mw_status measure_file(mw_lake_storage *storage, mw_str path, int64_t *out_size,
                              int64_t *out_checksum, mw_error *err) {
    char full[PATH_SIZE_MAX];
    mw_file *file = NULL;
    MW_TRY(full_path(storage, path, "", full, err));
    void *bytes = mw_allocate(SUM_STEP);
    if (!bytes) return no_memory(err);
    mw_status status = mw_sys_open(storage->sys, full, MW_FILE_READ, &file, err);
    if (status == MW_OK) status = sum_file(file, bytes, out_size, out_checksum, err);
    mw_file_close(file);
    mw_free(bytes);
    return status;
}

/* A flipped bit of a value would be another value, to all who read it. */
static mw_status check_sound(mw_lake_storage *storage, mw_str path, int64_t checksum,
                             mw_error *err) {
    int64_t size, actual;
    if (checksum == MW_NO_CHECKSUM) return MW_OK;
    for (size_t i = 0; i < storage->sound_count; i++)
        if (mw_str_equal(storage->sound[i], path)) return MW_OK;
    MW_TRY(measure_file(storage, path, &size, &actual, err));
    if (actual != checksum)
        return mw_fail(err, MW_MALFORMED, "its bytes are not those that were written");
    mw_str copy = mw_str_copy(&storage->arena, path);
    if (!copy.data || !mw_grow((void **)&storage->sound, &storage->sound_capacity,
                               storage->sound_count + 1, sizeof *storage->sound,
                               SIZE_MAX / sizeof *storage->sound))
        return no_memory(err);
    storage->sound[storage->sound_count++] = copy;
    return MW_OK;
}

/* --- groups ------------------------------------------------------------------------------- */

mw_status mw_lake_add_group(mw_lake_groups *groups, mw_lake_group group, mw_error *err) {
    if (!mw_grow((void **)&groups->items, &groups->capacity, groups->count + 1,
                 sizeof *groups->items, SIZE_MAX / sizeof *groups->items))
        return no_memory(err);
    groups->items[groups->count++] = group;
    return MW_OK;
}

static mw_status query_groups(mw_lake_storage *storage, const char *path,
                              mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT epoch_us(stats_min_value::TIMESTAMP), "
                             "epoch_us(stats_max_value::TIMESTAMP), row_group_num_rows "
                             "FROM parquet_metadata(");
    mw_duck_append_path(&sql, mw_str_of(path));
    mw_buf_append_text(&sql, ") WHERE path_in_schema = 'place'");
    mw_status status = mw_buf_check(&sql, "lake: the query", err);
    if (status == MW_OK)
        status = mw_duck_query(storage->duck, mw_buf_str(&sql).data, out_cursor, err);
    mw_buf_release(&sql);
    return status;
}

static mw_status add_stored_group(const mw_duck_cursor *cursor, size_t row,
                                  mw_lake_groups *groups, mw_error *err) {
    if (mw_duck_is_null(cursor, 0, row) || mw_duck_is_null(cursor, 1, row))
        return mw_fail(err, MW_MALFORMED, "a row group does not say which places it holds");
    return mw_lake_add_group(groups,
                             (mw_lake_group){mw_duck_int(cursor, 0, row),
                                             mw_duck_int(cursor, 1, row),
                                             (uint64_t)mw_duck_int(cursor, 2, row)},
                             err);
}

static mw_status list_groups(mw_lake_storage *storage, const char *path, mw_lake_groups *groups,
                             mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(query_groups(storage, path, &cursor, err));
    mw_status status = MW_OK;
    size_t count = 1;
    while (status == MW_OK && count > 0) {
        status = mw_duck_fetch(cursor, &count, err);
        for (size_t r = 0; status == MW_OK && r < count; r++)
            status = add_stored_group(cursor, r, groups, err);
    }
    mw_duck_cursor_close(cursor);
    return status;
}

/* --- reading ------------------------------------------------------------------------------ */

/* A file on its way into the events. */
typedef struct {
    const mw_lake_reading *how;
    mw_events *events;
    mw_cell *row;
    size_t row_count; /* of the file's, that were read or passed over */
    size_t near;      /* among the wanted places */
} file_reading;

/* The cells of a row from a column on. */
static mw_status read_cells(const file_reading *it, const mw_duck_cursor *cursor, size_t column,
                            size_t r, mw_cell *out_cells, mw_error *err) {
    const mw_schema *schema = it->events->streams[it->how->stream].rows.schema;
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_duck_target target = {schema->fields[i].type, it->how->symbols};
        if (!mw_duck_cell(cursor, column + i, r, target, &out_cells[i]))
            return mw_fail(err, MW_NO_MEMORY, "lake: no memory for another text");
    }
    return MW_OK;
}

/* Adds to the event what it replaces, if it is a correction. */
static mw_status read_replaced(const file_reading *it, const mw_duck_cursor *cursor, size_t r,
                               mw_event *event, mw_error *err) {
    size_t field_count = it->events->streams[it->how->stream].rows.schema->field_count;
    size_t column = MW_EVENT_COLUMNS + field_count;
    mw_cell times[REPLACED_COLUMNS];
    for (size_t i = 0; i < REPLACED_COLUMNS; i++)
        if (!mw_duck_cell(cursor, column + i, r, (mw_duck_target){MW_TYPE_TIME, NULL}, &times[i]))
            return mw_fail(err, MW_CORRUPT, "lake: a time cannot be read");
    if (times[REPLACED_TIME].time == MW_TIME_MISSING) return MW_OK;
    event->replaced = it->row + field_count;
    event->replaced_time = times[REPLACED_TIME].time;
    event->replaced_from = times[REPLACED_FROM].time;
    return read_cells(it, cursor, column + REPLACED_COLUMNS, r, it->row + field_count, err);
}

static mw_status read_row(file_reading *it, const mw_duck_cursor *cursor, size_t r,
                          mw_error *err) {
    const mw_lake_reading *reading = it->how;
    int64_t place = place_of_row(reading->places, it->row_count++,
                                 mw_duck_int(cursor, MW_EVENT_PLACE, r));
    if (!is_asked_for(reading, &it->near, place)) return MW_OK;
    mw_event event = {.stream = reading->stream,
                      .time = mw_duck_int(cursor, MW_EVENT_TIME, r),
                      .known = mw_duck_int(cursor, MW_EVENT_KNOWN, r),
                      .place = place,
                      .row = it->row};
    MW_TRY(read_cells(it, cursor, MW_EVENT_COLUMNS, r, it->row, err));
    if (reading->has_corrections) MW_TRY(read_replaced(it, cursor, r, &event, err));
    return add_wanted(reading, &event, it->events, err);
}

/* Those by position: "SELECT #1, #2, #3, #7". */
static void append_columns(mw_buf *sql, const mw_lake_reading *reading, size_t count) {
    mw_buf_append_text(sql, "SELECT #1, #2, #3");
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(sql, ", #%zu", MW_EVENT_COLUMNS + reading->columns[i] + 1);
    size_t replaced = MW_EVENT_COLUMNS + reading->stored_count;
    for (size_t i = 0; reading->has_corrections && i < REPLACED_COLUMNS; i++)
        mw_buf_printf(sql, ", #%zu", replaced + i + 1);
    for (size_t i = 0; reading->has_corrections && i < count; i++)
        mw_buf_printf(sql, ", #%zu", replaced + REPLACED_COLUMNS + reading->columns[i] + 1);
}

/* Row groups that end before the stretch or begin behind it are not read. */
static void append_stretch(mw_buf *sql, const mw_lake_reading *reading) {
    if (reading->places.first != MW_TIME_MISSING || reading->after <= MW_TIME_MIN) return;
    mw_buf_printf(sql, " WHERE place > make_timestamp(%lld)", (long long)reading->after);
    if (reading->through != MW_TIME_MISSING)
        mw_buf_printf(sql, " AND place <= make_timestamp(%lld)", (long long)reading->through);
}

/* The rows from the first to the last that is wanted, of a file whose places go by their numbers.
   Gives the number of the first. */
static size_t append_rows(mw_buf *sql, const mw_lake_reading *reading) {
    mw_lake_places wanted = reading->wanted;
    if (reading->places.first == MW_TIME_MISSING || reading->places.step == 0 || wanted.count == 0)
        return 0;
    int64_t first = reading->places.first, step = reading->places.step;
    int64_t from = wanted.items[0], to = wanted.items[wanted.count - 1];
    int64_t begin = from <= first ? 0 : (from - first) / step;
    int64_t end = to < first ? 0 : (to - first) / step + 1;
    mw_buf_printf(sql, " LIMIT %lld OFFSET %lld", (long long)(end > begin ? end - begin : 0),
                  (long long)begin);
    return (size_t)begin;
}

/* The columns of the rows that the reading asks for, perhaps with some in between. */
static mw_status query_rows(mw_lake_storage *storage, const char *path, file_reading *it,
                            mw_duck_cursor **out_cursor, mw_error *err) {
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX + 2 * MW_FIELDS_MAX * 8);
    append_columns(&sql, it->how, it->events->streams[it->how->stream].rows.schema->field_count);
    mw_buf_append_text(&sql, " FROM ");
    mw_duck_append_parquet(&sql, mw_str_of(path));
    mw_buf_append_char(&sql, ')');
    append_stretch(&sql, it->how);
    it->row_count = append_rows(&sql, it->how);
    mw_status status = mw_buf_check(&sql, "lake: the query", err);
    if (status == MW_OK)
        status = mw_duck_query(storage->duck, mw_buf_str(&sql).data, out_cursor, err);
    mw_buf_release(&sql);
    return status;
}

/* The catalog lists the file, so one that is gone or unreadable was damaged: no bad input. */
static mw_status fail_reading(mw_str path, mw_status status, mw_error *err) {
    bool is_damaged = status == MW_INVALID || status == MW_MALFORMED || status == MW_NOT_FOUND;
    if (!is_damaged) return mw_fail_within(err, status, "lake");
    status = mw_fail_within(err, MW_CORRUPT, "lake: %.*s cannot be read", MW_STR_ARGS(path));
    return mw_hint(err, status, "Bring it back from a copy, or remove the state folder and ingest "
                                "again.");
}

static mw_status read_rows(mw_lake_storage *storage, const char *path, file_reading it,
                           mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    MW_TRY(query_rows(storage, path, &it, &cursor, err));
    mw_status status = MW_OK;
    size_t count = 1;
    while (status == MW_OK && count > 0) {
        status = mw_duck_fetch(cursor, &count, err);
        for (size_t r = 0; status == MW_OK && r < count; r++)
            status = read_row(&it, cursor, r, err);
    }
    mw_duck_cursor_close(cursor);
    return status;
}

/* The first group from `group` on that does not end before the place. */
static size_t group_of(const mw_lake_groups *groups, size_t group, int64_t place) {
    while (group < groups->count && groups->items[group].last < place) group++;
    return group;
}

/* A query for each run of row groups that hold what is wanted: one costs less than a group that
   would be read for nothing. */
static mw_status read_wanted(mw_lake_storage *storage, const char *path,
                             const mw_lake_groups *groups, file_reading it, mw_error *err) {
    mw_lake_reading run = *it.how;
    mw_lake_places wanted = run.wanted;
    size_t group = group_of(groups, 0, wanted.items[0]);
    it.how = &run;
    for (size_t i = 1; i <= wanted.count; i++) {
        size_t next = i < wanted.count ? group_of(groups, group, wanted.items[i]) : SIZE_MAX;
        bool goes_on = next <= group + 1;
        group = next;
        if (goes_on) continue;
        run.after = wanted.items[it.near] - 1;
        run.through = wanted.items[i - 1];
        MW_TRY(read_rows(storage, path, it, err));
        it.near = i;
    }
    return MW_OK;
}

static mw_status read_groups(mw_lake_storage *storage, const char *path, file_reading it,
                             mw_error *err) {
    mw_lake_groups groups = {.items = NULL};
    mw_status status = list_groups(storage, path, &groups, err);
    if (status == MW_OK) status = read_wanted(storage, path, &groups, it, err);
    mw_free(groups.items);
    return status;
}

static mw_status read_folder(mw_lake_storage *storage, mw_str path,
                             const mw_lake_reading *reading, mw_events *out_events,
                             mw_cell *row, mw_error *err) {
    char full[PATH_SIZE_MAX];
    file_reading it = {.how = reading, .events = out_events, .row = row};
    bool has_gaps = reading->wanted.count > 1 && reading->places.first == MW_TIME_MISSING;
    MW_TRY(full_path(storage, path, "", full, err));
    mw_status status =
        reading->unchecked ? MW_OK : check_sound(storage, path, reading->checksum, err);
    if (status == MW_OK)
        status = has_gaps ? read_groups(storage, full, it, err)
                          : read_rows(storage, full, it, err);
    return status == MW_OK ? MW_OK : fail_reading(path, status, err);
}

static mw_status list_folder(mw_lake_storage *storage, mw_arena *arena, mw_str folder,
                             mw_buf *out_paths, mw_error *err) {
    char full[PATH_SIZE_MAX];
    mw_str *names = NULL;
    size_t count = 0;
    MW_TRY(full_path(storage, folder, "", full, err));
    MW_TRY(mw_sys_list(storage->sys, full, arena, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *folder_name = mw_arena_copy(arena, folder.data, folder.size);
        const char *path = folder_name ? mw_path_join(arena, folder_name, names[i].data) : NULL;
        if (!path) return no_memory(err);
        mw_str entry = mw_str_of(path);
        mw_buf_append(out_paths, &entry, sizeof entry);
    }
    return MW_OK;
}

static mw_status list_folders(mw_lake_storage *storage, mw_arena *arena, mw_buf *out_paths,
                              mw_error *err) {
    mw_str *names = NULL;
    size_t count = 0;
    MW_TRY(mw_sys_list_if_any(storage->sys, storage->folder, arena, &names, &count, err));
    for (size_t i = 0; i < count; i++)
        MW_TRY(list_folder(storage, arena, names[i], out_paths, err));
    return mw_buf_check(out_paths, "lake: the list of files", err);
}

/* --- both --------------------------------------------------------------------------------- */

mw_status mw_lake_storage_write(mw_lake_storage *storage, mw_str path, const mw_lake_rows *rows,
                                mw_error *err) {
    return storage->folder ? write_folder(storage, path, rows, err)
                           : write_memory(storage, path, rows, err);
}

mw_status mw_lake_storage_read(mw_lake_storage *storage, mw_str path,
                               const mw_lake_reading *reading, mw_events *out_events,
                               mw_error *err) {
    size_t field_count = out_events->streams[reading->stream].rows.schema->field_count;
    mw_cell *row = mw_allocate((2 * field_count + 1) * sizeof *row); /* and one replaced */
    if (!row) return no_memory(err);
    mw_status status = storage->folder
                           ? read_folder(storage, path, reading, out_events, row, err)
                           : read_memory(storage, path, reading, out_events, row, err);
    mw_free(row);
    return status;
}

mw_status mw_lake_storage_check(mw_lake_storage *storage, mw_str path, int64_t checksum,
                                mw_error *err) {
    mw_status status = check_sound(storage, path, checksum, err);
    return status == MW_OK ? MW_OK : fail_reading(path, status, err);
}

/* --- groups of both ------------------------------------------------------------------------ */

static mw_status add_memory_group(mw_lake_storage *storage, mw_str path, mw_lake_groups *groups,
                                  mw_error *err) {
    const memory_file *file = find(storage, path);
    if (!file)
        return mw_fail(err, MW_NOT_FOUND, "lake: there is no file %.*s", MW_STR_ARGS(path));
    const mw_stream_events *events = &file->events.streams[0];
    size_t count = events->rows.row_count;
    if (count == 0) return MW_OK;
    mw_lake_group whole = {events->places[0], events->places[count - 1], count};
    return mw_lake_add_group(groups, whole, err);
}

static mw_status add_folder_groups(mw_lake_storage *storage, mw_str path, mw_lake_groups *groups,
                                   mw_error *err) {
    char full[PATH_SIZE_MAX];
    MW_TRY(full_path(storage, path, "", full, err));
    mw_status status = list_groups(storage, full, groups, err);
    return status == MW_OK || status == MW_NO_MEMORY ? status : fail_reading(path, status, err);
}

mw_status mw_lake_storage_groups(mw_lake_storage *storage, mw_str path, mw_lake_groups *groups,
                                 mw_error *err) {
    return storage->folder ? add_folder_groups(storage, path, groups, err)
                           : add_memory_group(storage, path, groups, err);
}

static mw_status count_late(mw_lake_storage *storage, const char *path, bool has_corrections,
                            int64_t *out_count, mw_error *err) {
    mw_duck_cursor *cursor = NULL;
    mw_buf sql;
    mw_buf_init(&sql, SQL_SIZE_MAX);
    mw_buf_append_text(&sql, "SELECT count(*) FROM ");
    mw_duck_append_parquet(&sql, mw_str_of(path));
    mw_buf_append_text(&sql, ") WHERE known > place");
    if (has_corrections)
        mw_buf_append_text(&sql, " OR \"" REPLACED_PREFIX "from:\" > place");
    mw_status status = mw_buf_check(&sql, "lake: the query", err);
    if (status == MW_OK)
        status = mw_duck_query(storage->duck, mw_buf_str(&sql).data, &cursor, err);
    mw_buf_release(&sql);
    size_t row_count = 0;
    if (status == MW_OK) status = mw_duck_fetch(cursor, &row_count, err);
    if (status == MW_OK) *out_count = mw_duck_int(cursor, 0, 0);
    mw_duck_cursor_close(cursor);
    return status;
}

mw_status mw_lake_storage_counts_in_place(mw_lake_storage *storage, mw_str path,
                                          bool has_corrections, bool *out_does, mw_error *err) {
    char full[PATH_SIZE_MAX];
    int64_t count = 0;
    if (!storage->folder) {
        const memory_file *file = find(storage, path);
        if (!file)
            return mw_fail(err, MW_NOT_FOUND, "lake: there is no file %.*s", MW_STR_ARGS(path));
        *out_does = mw_events_count_in_place(&file->events);
        return MW_OK;
    }
    MW_TRY(full_path(storage, path, "", full, err));
    mw_status status = count_late(storage, full, has_corrections, &count, err);
    if (status != MW_OK) return fail_reading(path, status, err);
    *out_does = count == 0;
    return MW_OK;
}

mw_status mw_lake_storage_remove(mw_lake_storage *storage, mw_str path, mw_error *err) {
    char full[PATH_SIZE_MAX];
    if (!storage->folder) {
        forget(storage, path);
        return MW_OK;
    }
    MW_TRY(full_path(storage, path, "", full, err));
    return mw_sys_remove(storage->sys, full, err);
}

mw_status mw_lake_storage_measure(mw_lake_storage *storage, mw_str path, int64_t *out_size,
                                  int64_t *out_checksum, mw_error *err) {
    if (storage->folder) return measure_file(storage, path, out_size, out_checksum, err);
    *out_size = 0; /* of no file */
    *out_checksum = MW_NO_CHECKSUM;
    return MW_OK;
}

mw_status mw_lake_storage_list(mw_lake_storage *storage, mw_arena *arena, mw_str **out_paths,
                               size_t *out_count, mw_error *err) {
    mw_buf list;
    mw_buf_init(&list, SIZE_MAX / 2);
    mw_status status = MW_OK;
    for (size_t i = 0; i < storage->file_count; i++)
        mw_buf_append(&list, &storage->files[i].path, sizeof(mw_str));
    if (storage->folder) status = list_folders(storage, arena, &list, err);
    if (status == MW_OK) status = mw_buf_check(&list, "lake: the list of files", err);
    mw_str *paths = mw_arena_alloc(arena, list.size + 1, 1);
    if (status == MW_OK && !paths) status = no_memory(err);
    if (status == MW_OK) {
        if (list.size > 0) memcpy(paths, list.data, list.size);
        *out_paths = paths;
        *out_count = list.size / sizeof *paths;
    }
    mw_buf_release(&list);
    return status;
}
