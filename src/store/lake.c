#include "store/lake.h"

#include <stdio.h>
#include <string.h>

#include "store/lake_storage.h"

enum { HASH_STEP = 1 << 16, ARENA_SIZE_MAX = 1 << 28 };

struct mw_lake {
    mw_catalog *catalog;
    mw_lake_storage *storage;
};

/* One file that was written: one stream of the batch. */
typedef struct {
    mw_str stream, path;
    mw_schema schema;
    size_t event_count;
    int64_t size, known_min, known_max;
    char rows_hash[MW_SHA256_HEX_SIZE + 1];
} entry;

struct mw_lake_staged {
    mw_lake *lake;
    mw_arena arena;
    int64_t ingest;
    entry *entries;
    size_t entry_count;
    char version[MW_SHA256_HEX_SIZE + 1];
    bool is_listed;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "lake: no memory");
}

static mw_status query_one(mw_catalog *catalog, const char *sql, mw_sql_values values,
                           mw_catalog_rows **out_rows, bool *out_has_row, mw_error *err) {
    MW_TRY(mw_catalog_query(catalog, sql, values, out_rows, err));
    mw_status status = mw_catalog_next(*out_rows, out_has_row, err);
    if (status != MW_OK) mw_catalog_rows_close(*out_rows);
    return status;
}

/* --- open: what is not listed goes -------------------------------------------------------- */

static mw_status remove_unlisted(mw_lake *lake, mw_str path, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool is_listed = false;
    MW_TRY(query_one(lake->catalog, "SELECT 1 FROM lake_files WHERE path = ?",
                     MW_SQL(mw_sql_str(path)), &rows, &is_listed, err));
    mw_catalog_rows_close(rows);
    return is_listed ? MW_OK : mw_lake_storage_remove(lake->storage, path, err);
}

static mw_status clean_up(mw_lake *lake, mw_error *err) {
    mw_arena arena;
    mw_str *paths = NULL;
    size_t count = 0;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_lake_storage_list(lake->storage, &arena, &paths, &count, err);
    for (size_t i = 0; status == MW_OK && i < count; i++)
        status = remove_unlisted(lake, paths[i], err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_lake_open(mw_lake_config config, mw_lake **out_lake, mw_error *err) {
    mw_lake *lake = mw_allocate(sizeof *lake);
    if (!lake) return no_memory(err);
    lake->catalog = config.catalog;
    mw_status status =
        mw_lake_storage_open(config.sys, config.duck, config.folder, &lake->storage, err);
    if (status == MW_OK && config.is_writer) status = clean_up(lake, err);
    if (status != MW_OK) {
        mw_lake_close(lake);
        return status;
    }
    *out_lake = lake;
    return MW_OK;
}

void mw_lake_close(mw_lake *lake) {
    if (!lake) return;
    mw_lake_storage_close(lake->storage);
    mw_free(lake);
}

/* --- stage -------------------------------------------------------------------------------- */

mw_status mw_lake_version(mw_lake *lake, char out_version[MW_SHA256_HEX_SIZE + 1],
                          mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(query_one(lake->catalog,
                     "SELECT data_version FROM ingests ORDER BY id DESC LIMIT 1",
                     MW_SQL_NOTHING, &rows, &has_row, err));
    mw_str version = has_row ? mw_catalog_text(rows, 0) : MW_STR("");
    snprintf(out_version, MW_SHA256_HEX_SIZE + 1, "%.*s", MW_STR_ARGS(version));
    mw_catalog_rows_close(rows);
    return MW_OK;
}

static mw_status next_ingest(mw_lake *lake, int64_t *out_ingest, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(query_one(lake->catalog, "SELECT coalesce(max(id), 0) + 1 FROM ingests",
                     MW_SQL_NOTHING, &rows, &has_row, err));
    *out_ingest = mw_catalog_int(rows, 0);
    mw_catalog_rows_close(rows);
    return MW_OK;
}

/* The rows of one stream in the order of the sorted events. */
static size_t list_rows(const mw_events *events, size_t stream, size_t *rows) {
    const mw_stream_events *own = &events->streams[stream];
    size_t count = 0;
    MW_ASSERT(own->rows.schema->field_count > 0);
    for (size_t i = 0; i < events->event_count; i++) {
        mw_event event = mw_events_at(events, i);
        if ((size_t)event.stream != stream) continue;
        rows[count++] = (size_t)(event.row - own->rows.cells) / own->rows.schema->field_count;
    }
    MW_ASSERT(count == own->rows.row_count);
    return count;
}

static void append_event(mw_buf *bytes, const mw_lake_rows *rows, size_t row) {
    const mw_stream_events *events = rows->events;
    const mw_schema *schema = events->rows.schema;
    const mw_cell *cells = mw_table_row(&events->rows, row);
    mw_buf_append_u64(bytes, (uint64_t)events->times[row]);
    mw_buf_append_u64(bytes, (uint64_t)events->knowns[row]);
    mw_buf_append_u64(bytes, (uint64_t)events->places[row]);
    for (size_t i = 0; i < schema->field_count; i++)
        mw_cell_append_canonical(bytes, schema->fields[i].type, cells[i], rows->symbols);
}

static mw_status hash_rows(const mw_lake_rows *rows, entry *one, mw_error *err) {
    mw_sha256 sha;
    mw_buf bytes;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, one->stream);
    mw_schema_hash(&one->schema, &sha);
    mw_sha256_add_u64(&sha, rows->row_count);
    mw_buf_init(&bytes, SIZE_MAX / 2);
    for (size_t i = 0; i < rows->row_count && !bytes.failed; i++) {
        append_event(&bytes, rows, rows->rows[i]);
        if (bytes.size < HASH_STEP && i + 1 < rows->row_count) continue;
        mw_sha256_add(&sha, bytes.data, bytes.size);
        if (!bytes.failed) mw_buf_clear(&bytes);
    }
    mw_status status = mw_buf_check(&bytes, "lake: canonical bytes", err);
    mw_buf_release(&bytes);
    mw_sha256_hex(&sha, one->rows_hash);
    return status;
}

static void measure(const mw_lake_rows *rows, entry *one) {
    one->event_count = rows->row_count;
    one->known_min = INT64_MAX;
    one->known_max = INT64_MIN;
    for (size_t i = 0; i < rows->row_count; i++) {
        int64_t known = rows->events->knowns[rows->rows[i]];
        if (known < one->known_min) one->known_min = known;
        if (known > one->known_max) one->known_max = known;
    }
}

static mw_status name_entry(mw_lake_staged *staged, const mw_lake_batch *batch, size_t stream,
                            entry *one, mw_error *err) {
    char path[MW_NAME_SIZE_MAX + 64];
    mw_str name = batch->names[stream];
    MW_ASSERT(name.size > 0 && name.size <= MW_NAME_SIZE_MAX && !memchr(name.data, '/', name.size));
    int size = snprintf(path, sizeof path, "%.*s/%06lld.parquet", MW_STR_ARGS(name),
                        (long long)staged->ingest);
    one->stream = mw_str_copy(&staged->arena, name);
    one->path = mw_str_copy(&staged->arena, (mw_str){path, (size_t)size});
    if (!one->stream.data || !one->path.data) return no_memory(err);
    return mw_schema_copy(&staged->arena, batch->events->streams[stream].rows.schema,
                          &one->schema, err);
}

static mw_status changed(mw_str stream, mw_str field, mw_error *err) {
    mw_status status =
        mw_fail(err, MW_CONFLICT, "stream %.*s: its events were taken in without the field %.*s",
                MW_STR_ARGS(stream), MW_STR_ARGS(field));
    return mw_hint(err, status, "Its declaration has changed since: remove the state folder and "
                                "ingest its files again.");
}

/* Reads the lake's fields of a stream into `arena`; none if it has no events yet. */
static mw_status read_schema(mw_catalog *catalog, mw_str stream, mw_arena *arena,
                             mw_schema *out_schema, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(catalog,
                            "SELECT name, type FROM stream_fields WHERE stream = ? "
                            "ORDER BY position",
                            MW_SQL(mw_sql_str(stream)), &rows, err));
    mw_field *fields = mw_arena_alloc(arena, MW_FIELDS_MAX, sizeof *fields);
    size_t count = 0;
    bool has_row = false;
    mw_status status = fields ? mw_catalog_next(rows, &has_row, err) : no_memory(err);
    while (status == MW_OK && has_row && count < MW_FIELDS_MAX) {
        fields[count].name = mw_str_copy(arena, mw_catalog_text(rows, 0));
        if (!fields[count].name.data) status = no_memory(err);
        else if (!mw_type_parse(mw_catalog_text(rows, 1), &fields[count].type))
            status = mw_fail(err, MW_CORRUPT, "lake: stream %.*s has a field of type %.*s",
                             MW_STR_ARGS(stream), MW_STR_ARGS(mw_catalog_text(rows, 1)));
        count++;
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    if (status == MW_OK) *out_schema = (mw_schema){fields, count};
    return status;
}

/* Where each wanted field stands in the lake's files. */
static mw_status map_fields(mw_str stream, const mw_schema *wanted, const mw_schema *stored,
                            size_t *columns, mw_error *err) {
    for (size_t i = 0; i < wanted->field_count; i++) {
        int32_t at = mw_schema_find(stored, wanted->fields[i].name);
        if (at == MW_NO_FIELD || stored->fields[at].type != wanted->fields[i].type)
            return changed(stream, wanted->fields[i].name, err);
        columns[i] = (size_t)at;
    }
    return MW_OK;
}

static mw_status check_schema(mw_lake_staged *staged, const entry *one, mw_error *err) {
    mw_schema stored;
    MW_TRY(read_schema(staged->lake->catalog, one->stream, &staged->arena, &stored, err));
    if (stored.field_count == 0 || mw_schema_equal(&stored, &one->schema)) return MW_OK;
    for (size_t i = 0; i < one->schema.field_count; i++)
        if (mw_schema_find(&stored, one->schema.fields[i].name) == MW_NO_FIELD)
            return changed(one->stream, one->schema.fields[i].name, err);
    return mw_fail(err, MW_CONFLICT, "stream %.*s: its events were taken in with other fields",
                   MW_STR_ARGS(one->stream));
}

static mw_status stage_stream(mw_lake_staged *staged, const mw_lake_batch *batch, size_t stream,
                              size_t *rows, mw_error *err) {
    entry *one = &staged->entries[staged->entry_count];
    mw_lake_storage *storage = staged->lake->storage;
    mw_lake_rows file = {.events = &batch->events->streams[stream],
                         .symbols = batch->symbols,
                         .rows = rows,
                         .row_count = list_rows(batch->events, stream, rows)};
    MW_TRY(name_entry(staged, batch, stream, one, err));
    MW_TRY(check_schema(staged, one, err));
    measure(&file, one);
    MW_TRY(hash_rows(&file, one, err));
    staged->entry_count++; /* from here on there may be a file to remove */
    MW_TRY(mw_lake_storage_write(storage, one->path, &file, err));
    return mw_lake_storage_size(storage, one->path, &one->size, err);
}

static mw_status stage_streams(mw_lake_staged *staged, const mw_lake_batch *batch,
                               mw_error *err) {
    const mw_events *events = batch->events;
    staged->entries =
        mw_arena_alloc(&staged->arena, events->stream_count + 1, sizeof *staged->entries);
    size_t *rows = mw_allocate((events->event_count + 1) * sizeof *rows);
    mw_status status = staged->entries && rows ? MW_OK : no_memory(err);
    for (size_t i = 0; status == MW_OK && i < events->stream_count; i++)
        if (events->streams[i].rows.row_count > 0)
            status = stage_stream(staged, batch, i, rows, err);
    mw_free(rows);
    return status;
}

/* Chains the version before with the files' hashes in the order of their streams' names. */
static mw_status chain_version(mw_lake_staged *staged, mw_error *err) {
    mw_sha256 sha;
    char before[MW_SHA256_HEX_SIZE + 1];
    MW_TRY(mw_lake_version(staged->lake, before, err));
    if (staged->entry_count == 0) { /* the data are what they were */
        memcpy(staged->version, before, sizeof before);
        return MW_OK;
    }
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, mw_str_of(before));
    mw_str last = MW_STR("");
    for (size_t done = 0; done < staged->entry_count; done++) {
        const entry *next = NULL;
        for (size_t i = 0; i < staged->entry_count; i++) {
            const entry *one = &staged->entries[i];
            if (mw_str_compare(one->stream, last) <= 0) continue;
            if (!next || mw_str_compare(one->stream, next->stream) < 0) next = one;
        }
        MW_ASSERT(next != NULL);
        mw_sha256_add_str(&sha, mw_str_of(next->rows_hash));
        last = next->stream;
    }
    mw_sha256_hex(&sha, staged->version);
    return MW_OK;
}

mw_status mw_lake_stage(mw_lake *lake, const mw_lake_batch *batch, mw_lake_staged **out_staged,
                        mw_error *err) {
    MW_TRY(mw_events_sort(batch->events, err));
    mw_lake_staged *staged = mw_allocate(sizeof *staged);
    if (!staged) return no_memory(err);
    staged->lake = lake;
    mw_arena_init(&staged->arena, ARENA_SIZE_MAX);
    mw_status status = next_ingest(lake, &staged->ingest, err);
    if (status == MW_OK) status = stage_streams(staged, batch, err);
    if (status == MW_OK) status = chain_version(staged, err);
    if (status != MW_OK) {
        mw_lake_staged_destroy(staged);
        return status;
    }
    *out_staged = staged;
    return MW_OK;
}

const char *mw_lake_staged_version(const mw_lake_staged *staged) {
    return staged->version;
}

/* --- list --------------------------------------------------------------------------------- */

static mw_status list_fields(mw_catalog *catalog, const entry *one, mw_error *err) {
    for (size_t i = 0; i < one->schema.field_count; i++)
        MW_TRY(mw_catalog_run(
            catalog, "INSERT OR IGNORE INTO stream_fields VALUES (?, ?, ?, ?)",
            MW_SQL(mw_sql_str(one->stream), mw_sql_int((int64_t)i),
                   mw_sql_str(one->schema.fields[i].name),
                   mw_sql_text(mw_type_name(one->schema.fields[i].type))), err));
    return MW_OK;
}

static mw_status list_file(mw_catalog *catalog, int64_t ingest, const entry *one,
                           mw_error *err) {
    return mw_catalog_run(
        catalog, "INSERT INTO lake_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        MW_SQL(mw_sql_int(ingest), mw_sql_str(one->stream), mw_sql_str(one->path),
               mw_sql_int((int64_t)one->event_count), mw_sql_int(one->size),
               mw_sql_int(one->known_min), mw_sql_int(one->known_max),
               mw_sql_text(one->rows_hash)), err);
}

mw_status mw_lake_list(mw_lake_staged *staged, int64_t at_us, int64_t *out_ingest,
                       mw_error *err) {
    mw_catalog *catalog = staged->lake->catalog;
    int64_t event_count = 0;
    for (size_t i = 0; i < staged->entry_count; i++)
        event_count += (int64_t)staged->entries[i].event_count;
    MW_TRY(mw_catalog_run(catalog,
                          "INSERT INTO ingests (id, at_us, data_version, events) "
                          "VALUES (?, ?, ?, ?)",
                          MW_SQL(mw_sql_int(staged->ingest), mw_sql_time(at_us),
                                 mw_sql_text(staged->version), mw_sql_int(event_count)), err));
    for (size_t i = 0; i < staged->entry_count; i++) {
        MW_TRY(list_fields(catalog, &staged->entries[i], err));
        MW_TRY(list_file(catalog, staged->ingest, &staged->entries[i], err));
    }
    staged->is_listed = true;
    *out_ingest = staged->ingest;
    return MW_OK;
}

/* Files that were never listed are of no use; if they cannot be removed now, the next writer
   does it. */
void mw_lake_staged_destroy(mw_lake_staged *staged) {
    if (!staged) return;
    for (size_t i = 0; !staged->is_listed && i < staged->entry_count; i++) {
        mw_status ignored =
            mw_lake_storage_remove(staged->lake->storage, staged->entries[i].path, NULL);
        (void)ignored;
    }
    mw_arena_release(&staged->arena);
    mw_free(staged);
}

/* --- read --------------------------------------------------------------------------------- */

static mw_status read_files(mw_lake *lake, mw_str name, const mw_lake_reading *reading,
                            mw_events *out_events, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(lake->catalog,
                            "SELECT path FROM lake_files WHERE stream = ? ORDER BY ingest",
                            MW_SQL(mw_sql_str(name)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        status = mw_lake_storage_read(lake->storage, mw_catalog_text(rows, 0), reading,
                                      out_events, err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}

static mw_status read_stream(mw_lake *lake, mw_str name, mw_arena *arena,
                             mw_lake_reading *reading, mw_events *out_events, mw_error *err) {
    mw_schema stored;
    const mw_schema *wanted = out_events->streams[reading->stream].rows.schema;
    MW_TRY(read_schema(lake->catalog, name, arena, &stored, err));
    size_t *columns = mw_arena_alloc(arena, wanted->field_count + 1, sizeof *columns);
    if (!columns) return no_memory(err);
    if (stored.field_count > 0) MW_TRY(map_fields(name, wanted, &stored, columns, err));
    reading->columns = columns;
    return read_files(lake, name, reading, out_events, err);
}

mw_status mw_lake_read(mw_lake *lake, mw_str name, int32_t stream, mw_symbols *symbols,
                       mw_events *out_events, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_lake_reading reading = {.stream = stream, .symbols = symbols};
    mw_status status = read_stream(lake, name, &arena, &reading, out_events, err);
    mw_arena_release(&arena);
    return status;
}
