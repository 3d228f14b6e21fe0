#include "store/lake.h"

#include <stdio.h>
#include <string.h>

#include "store/lake_seal.h"
#include "store/lake_storage.h"

enum { HASH_STEP = 1 << 16, ARENA_SIZE_MAX = 1 << 28 };

struct mw_lake {
    mw_sys *sys;
    mw_catalog *catalog;
    mw_lake_storage *storage;
    mw_arena arena;        /* holds the lock's path */
    const char *lock_path; /* NULL: in memory */
    mw_file *lock;         /* NULL: not claimed */
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

/* --- life --------------------------------------------------------------------------------- */

mw_status mw_lake_open(mw_lake_config config, mw_lake **out_lake, mw_error *err) {
    MW_TRY(mw_lake_check_seals(config.catalog, err));
    mw_lake *lake = mw_allocate(sizeof *lake);
    if (!lake) return no_memory(err);
    *lake = (mw_lake){.sys = config.sys, .catalog = config.catalog};
    mw_arena_init(&lake->arena, ARENA_SIZE_MAX);
    mw_status status =
        mw_lake_storage_open(config.sys, config.duck, config.folder, &lake->storage, err);
    if (status == MW_OK && config.folder) {
        MW_ASSERT(config.lock_path);
        lake->lock_path =
            mw_arena_copy(&lake->arena, config.lock_path, strlen(config.lock_path));
        if (!lake->lock_path) status = no_memory(err);
    }
    if (status != MW_OK) {
        mw_lake_close(lake);
        return status;
    }
    *out_lake = lake;
    return MW_OK;
}

void mw_lake_close(mw_lake *lake) {
    if (!lake) return;
    mw_lake_yield(lake);
    mw_lake_storage_close(lake->storage);
    mw_arena_release(&lake->arena);
    mw_free(lake);
}

mw_status mw_lake_look(mw_lake *lake, mw_lake_snapshot *out_snapshot, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(query_one(lake->catalog,
                     "SELECT id, data_version, (SELECT max(place_us) FROM ingests), "
                     "(SELECT max(log_through_us) FROM ingests), (SELECT log_digest FROM ingests "
                     "ORDER BY log_through_us DESC LIMIT 1) FROM ingests "
                     "ORDER BY id DESC LIMIT 1",
                     MW_SQL_NOTHING, &rows, &has_row, err));
    mw_lake_snapshot snapshot = {.last_place = INT64_MIN, .log_through = INT64_MIN};
    if (has_row) {
        snapshot.ingest = mw_catalog_int(rows, 0);
        snprintf(snapshot.version, sizeof snapshot.version, "%.*s",
                 MW_STR_ARGS(mw_catalog_text(rows, 1)));
        if (!mw_catalog_is_null(rows, 2)) snapshot.last_place = mw_catalog_int(rows, 2);
        if (!mw_catalog_is_null(rows, 3)) snapshot.log_through = mw_catalog_int(rows, 3);
        snprintf(snapshot.log_digest, sizeof snapshot.log_digest, "%.*s",
                 MW_STR_ARGS(mw_catalog_text(rows, 4)));
        if (snapshot.log_through > snapshot.last_place)
            snapshot.last_place = snapshot.log_through;
    }
    mw_catalog_rows_close(rows);
    *out_snapshot = snapshot;
    return MW_OK;
}

mw_status mw_lake_version(mw_lake *lake, char out_version[MW_SHA256_HEX_SIZE + 1],
                          mw_error *err) {
    mw_lake_snapshot snapshot;
    MW_TRY(mw_lake_look(lake, &snapshot, err));
    memcpy(out_version, snapshot.version, sizeof snapshot.version);
    return MW_OK;
}

/* --- the right to add ----------------------------------------------------------------------- */

mw_status mw_lake_claim(mw_lake *lake, mw_error *err) {
    mw_file *lock = NULL;
    if (!lake->lock_path || lake->lock) return MW_OK;
    MW_TRY(mw_sys_open(lake->sys, lake->lock_path, MW_FILE_APPEND, &lock, err));
    mw_status status = mw_file_lock(lock, err);
    if (status == MW_OK) {
        lake->lock = lock;
        return MW_OK;
    }
    mw_file_close(lock);
    if (status != MW_BUSY) return status;
    status = mw_fail(err, MW_BUSY, "lake: another process adds to it");
    return mw_hint(err, status, "Another ingest, or the keeper, which moves events here from the "
                                "log, is at work; wait for its end.");
}

void mw_lake_yield(mw_lake *lake) {
    mw_file_close(lake->lock);
    lake->lock = NULL;
}

/* The catalog is proved once more before a file is given up for what it lists: it may have been
   damaged since the lake was opened, long ago where a server did that. */
static mw_status remove_unlisted(mw_lake *lake, mw_str path, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool is_listed = false;
    MW_TRY(query_one(lake->catalog, "SELECT 1 FROM lake_files WHERE path = ?",
                     MW_SQL(mw_sql_str(path)), &rows, &is_listed, err));
    mw_catalog_rows_close(rows);
    if (is_listed) return MW_OK;
    MW_TRY(mw_lake_check_seals(lake->catalog, err));
    return mw_lake_storage_remove(lake->storage, path, err);
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

static mw_status read_number(mw_lake *lake, const char *sql, int64_t *out_number,
                             mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(query_one(lake->catalog, sql, MW_SQL_NOTHING, &rows, &has_row, err));
    *out_number = has_row ? mw_catalog_int(rows, 0) : 0;
    mw_catalog_rows_close(rows);
    return MW_OK;
}

static mw_status take_number(mw_lake *lake, int64_t *out_number, mw_error *err) {
    char text[32];
    MW_TRY(read_number(lake,
                       "SELECT 1 + max((SELECT coalesce(max(id), 0) FROM ingests), "
                       "(SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM settings "
                       "WHERE name = 'lake.addition'))",
                       out_number, err));
    snprintf(text, sizeof text, "%lld", (long long)*out_number);
    MW_TRY(mw_catalog_set(lake->catalog, "lake.addition", mw_str_of(text), err));
    return clean_up(lake, err);
}

/* Begins an addition: what was staged under an earlier number can no longer be accepted, and goes.
   All in a transaction, as an acceptance is: so neither can happen in the middle of the other,
   and a message that reaches the server late does no harm. */
static mw_status begin_addition(mw_lake *lake, int64_t *out_number, mw_error *err) {
    MW_ASSERT(lake->lock || !lake->lock_path);
    MW_TRY(mw_catalog_begin(lake->catalog, err));
    mw_status status = take_number(lake, out_number, err);
    if (status == MW_OK) return mw_catalog_commit(lake->catalog, err);
    mw_catalog_rollback(lake->catalog);
    return status;
}

mw_status mw_lake_discard(mw_lake *lake, mw_error *err) {
    int64_t number;
    return begin_addition(lake, &number, err);
}

/* --- stage -------------------------------------------------------------------------------- */

typedef struct {
    mw_lake *lake;
    const mw_lake_batch *batch;
    mw_arena *arena;
    mw_addition addition;
    size_t *rows; /* room for the numbers of all rows */
} staging;

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

static void append_cells(mw_buf *bytes, const mw_lake_rows *rows, const mw_cell *cells) {
    mw_row_append_canonical(bytes, rows->events->rows.schema, cells, rows->symbols);
}

static void append_event(mw_buf *bytes, const mw_lake_rows *rows, size_t row) {
    const mw_stream_events *events = rows->events;
    mw_buf_append_u64(bytes, (uint64_t)events->times[row]);
    mw_buf_append_u64(bytes, (uint64_t)events->knowns[row]);
    mw_buf_append_u64(bytes, (uint64_t)events->places[row]);
    append_cells(bytes, rows, mw_table_row(&events->rows, row));
}

/* What the corrections replace, after all rows: a file without any has the hash that it had before
   there were corrections. */
static mw_status hash_replaced(const mw_lake_rows *rows, mw_sha256 *sha, mw_error *err) {
    const mw_stream_events *events = rows->events;
    mw_buf bytes;
    mw_buf_init(&bytes, SIZE_MAX / 2);
    for (size_t i = 0; i < rows->row_count && !bytes.failed; i++) {
        mw_event event = {.replaced = NULL};
        mw_events_find_replaced(events, rows->rows[i], &event);
        if (!event.replaced) continue;
        mw_buf_append_u64(&bytes, i);
        mw_buf_append_u64(&bytes, (uint64_t)event.replaced_time);
        mw_buf_append_u64(&bytes, (uint64_t)event.replaced_from);
        append_cells(&bytes, rows, event.replaced);
    }
    mw_status status = mw_buf_check(&bytes, "lake: canonical bytes", err);
    if (status == MW_OK) mw_sha256_add(sha, bytes.data, bytes.size);
    mw_buf_release(&bytes);
    return status;
}

static mw_status hash_rows(const mw_lake_rows *rows, staging *it, mw_added_file *file,
                           mw_error *err) {
    char hash[MW_SHA256_HEX_SIZE + 1];
    mw_sha256 sha;
    mw_buf bytes;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, file->stream);
    mw_schema_hash(&file->schema, &sha);
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
    if (status == MW_OK && rows->events->correction_count > 0)
        status = hash_replaced(rows, &sha, err);
    mw_sha256_hex(&sha, hash);
    file->rows_hash = mw_str_copy(it->arena, mw_str_of(hash));
    return status == MW_OK && !file->rows_hash.data ? no_memory(err) : status;
}

static void measure(const mw_lake_rows *rows, mw_added_file *file) {
    file->event_count = (int64_t)rows->row_count;
    file->correction_count = (int64_t)rows->events->correction_count;
    file->known_min = INT64_MAX;
    file->known_max = INT64_MIN;
    for (size_t i = 0; i < rows->row_count; i++) {
        int64_t known = rows->events->knowns[rows->rows[i]];
        if (known < file->known_min) file->known_min = known;
        if (known > file->known_max) file->known_max = known;
    }
    for (size_t i = 0; i < rows->events->correction_count; i++) {
        const mw_correction *one = &rows->events->corrections[i];
        int64_t place = rows->events->places[one->row];
        if (one->from > file->known_max) file->known_max = one->from;
        if (place > file->known_max) file->known_max = place;
    }
}

static mw_status name_file(staging *it, size_t stream, mw_added_file *file, mw_error *err) {
    char path[MW_NAME_SIZE_MAX + 64];
    mw_str name = it->batch->names[stream];
    MW_ASSERT(name.size > 0 && name.size <= MW_NAME_SIZE_MAX && !memchr(name.data, '/', name.size));
    int size = snprintf(path, sizeof path, "%.*s/%06lld.parquet", MW_STR_ARGS(name),
                        (long long)it->addition.number);
    file->stream = mw_str_copy(it->arena, name);
    file->path = mw_str_copy(it->arena, (mw_str){path, (size_t)size});
    if (!file->stream.data || !file->path.data) return no_memory(err);
    return mw_schema_copy(it->arena, it->batch->events->streams[stream].rows.schema,
                          &file->schema, err);
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

static mw_status check_schema(staging *it, const mw_added_file *file, mw_error *err) {
    mw_schema stored;
    MW_TRY(read_schema(it->lake->catalog, file->stream, it->arena, &stored, err));
    if (stored.field_count == 0 || mw_schema_equal(&stored, &file->schema)) return MW_OK;
    for (size_t i = 0; i < file->schema.field_count; i++)
        if (mw_schema_find(&stored, file->schema.fields[i].name) == MW_NO_FIELD)
            return changed(file->stream, file->schema.fields[i].name, err);
    return mw_fail(err, MW_CONFLICT, "stream %.*s: its events were taken in with other fields",
                   MW_STR_ARGS(file->stream));
}

static mw_status stage_stream(staging *it, size_t stream, mw_error *err) {
    mw_added_file *file = &it->addition.files[it->addition.file_count++];
    mw_lake_storage *storage = it->lake->storage;
    mw_lake_rows rows = {.events = &it->batch->events->streams[stream],
                         .symbols = it->batch->symbols,
                         .rows = it->rows,
                         .row_count = list_rows(it->batch->events, stream, it->rows)};
    MW_TRY(name_file(it, stream, file, err));
    MW_TRY(check_schema(it, file, err));
    measure(&rows, file);
    MW_TRY(hash_rows(&rows, it, file, err));
    MW_TRY(mw_lake_storage_write(storage, file->path, &rows, err));
    return mw_lake_storage_measure(storage, file->path, &file->size, &file->checksum, err);
}

static mw_status stage_streams(staging *it, mw_error *err) {
    const mw_events *events = it->batch->events;
    it->addition.files =
        mw_arena_alloc(it->arena, events->stream_count + 1, sizeof *it->addition.files);
    it->rows = mw_allocate((events->event_count + 1) * sizeof *it->rows);
    mw_status status = it->addition.files && it->rows ? MW_OK : no_memory(err);
    for (size_t i = 0; status == MW_OK && i < events->stream_count; i++)
        if (events->streams[i].rows.row_count > 0) status = stage_stream(it, i, err);
    mw_free(it->rows);
    return status;
}

/* What a failed stage leaves behind goes at once, as far as the same trouble allows; else the next
   one removes it. */
static void remove_staged(const staging *it) {
    for (size_t i = 0; it->addition.files && i < it->addition.file_count; i++) {
        mw_status ignored = mw_lake_storage_remove(it->lake->storage,
                                                   it->addition.files[i].path, NULL);
        (void)ignored;
    }
}

mw_status mw_lake_stage(mw_lake *lake, const mw_lake_batch *batch, mw_arena *arena,
                        mw_addition *out_addition, mw_error *err) {
    staging it = {.lake = lake, .batch = batch, .arena = arena};
    MW_TRY(mw_events_sort(batch->events, err));
    MW_TRY(begin_addition(lake, &it.addition.number, err));
    mw_status status = stage_streams(&it, err);
    if (status == MW_OK) *out_addition = it.addition;
    else remove_staged(&it);
    return status;
}

/* --- accept ------------------------------------------------------------------------------- */

static mw_status check_number(mw_lake *lake, const mw_addition *addition, mw_error *err) {
    int64_t newest = 0;
    MW_TRY(read_number(lake,
                       "SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'lake.addition'",
                       &newest, err));
    if (newest == addition->number) return MW_OK;
    mw_status status = mw_fail(err, MW_CONFLICT, "lake: the ingest was given up before it was "
                                                 "accepted");
    return mw_hint(err, status, "Run millwright ingest again.");
}

/* Chains the version before with the places and the files' hashes, which stand in the order of
   their streams' names. */
static mw_status chain_version(mw_lake *lake, const mw_addition *addition,
                               const mw_acceptance *acceptance,
                               char out_version[MW_SHA256_HEX_SIZE + 1], mw_error *err) {
    mw_sha256 sha;
    mw_places places = acceptance->places;
    MW_TRY(mw_lake_version(lake, out_version, err));
    /* Otherwise the data are what they were. */
    if (addition->file_count == 0 || acceptance->log_through != MW_TIME_MISSING) return MW_OK;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, mw_str_of(out_version));
    if (places.first != MW_TIME_MISSING) mw_sha256_add_u64(&sha, (uint64_t)places.first);
    if (places.step > 0) mw_sha256_add_u64(&sha, (uint64_t)places.step);
    mw_str last = MW_STR("");
    for (size_t done = 0; done < addition->file_count; done++) {
        const mw_added_file *next = NULL;
        for (size_t i = 0; i < addition->file_count; i++) {
            const mw_added_file *file = &addition->files[i];
            if (mw_str_compare(file->stream, last) <= 0) continue;
            if (!next || mw_str_compare(file->stream, next->stream) < 0) next = file;
        }
        if (!next)
            return mw_fail(err, MW_MALFORMED, "lake: an ingest adds one file a stream");
        mw_sha256_add_str(&sha, next->rows_hash);
        last = next->stream;
    }
    mw_sha256_hex(&sha, out_version);
    return MW_OK;
}

static mw_status list_fields(mw_catalog *catalog, const mw_added_file *file, mw_error *err) {
    for (size_t i = 0; i < file->schema.field_count; i++)
        MW_TRY(mw_catalog_run(
            catalog, "INSERT OR IGNORE INTO stream_fields VALUES (?, ?, ?, ?)",
            MW_SQL(mw_sql_str(file->stream), mw_sql_int((int64_t)i),
                   mw_sql_str(file->schema.fields[i].name),
                   mw_sql_text(mw_type_name(file->schema.fields[i].type))), err));
    return MW_OK;
}

static mw_status list_file(mw_catalog *catalog, int64_t ingest, const mw_added_file *file,
                           mw_error *err) {
    MW_TRY(list_fields(catalog, file, err));
    return mw_catalog_run(
        catalog, "INSERT INTO lake_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        MW_SQL(mw_sql_int(ingest), mw_sql_str(file->stream), mw_sql_str(file->path),
               mw_sql_int(file->event_count), mw_sql_int(file->size),
               mw_sql_int(file->known_min), mw_sql_int(file->known_max),
               mw_sql_str(file->rows_hash), mw_sql_int(file->correction_count),
               file->checksum == MW_NO_CHECKSUM ? mw_sql_null() : mw_sql_int(file->checksum)),
        err);
}

mw_status mw_lake_accept(mw_lake *lake, const mw_addition *addition, mw_acceptance acceptance,
                         char out_version[MW_SHA256_HEX_SIZE + 1], mw_error *err) {
    char version[MW_SHA256_HEX_SIZE + 1];
    int64_t event_count = 0;
    MW_TRY(check_number(lake, addition, err));
    MW_TRY(chain_version(lake, addition, &acceptance, version, err));
    for (size_t i = 0; i < addition->file_count; i++)
        event_count += addition->files[i].event_count;
    MW_TRY(mw_catalog_run(lake->catalog,
                          "INSERT INTO ingests (id, at_us, data_version, events, place_us, "
                          "log_through_us, log_digest, step_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                          MW_SQL(mw_sql_int(addition->number), mw_sql_time(acceptance.at_us),
                                 mw_sql_text(version), mw_sql_int(event_count),
                                 mw_sql_time(acceptance.places.first),
                                 mw_sql_time(acceptance.log_through),
                                 mw_sql_str(acceptance.log_digest),
                                 mw_sql_int(acceptance.places.step)), err));
    for (size_t i = 0; i < addition->file_count; i++)
        MW_TRY(list_file(lake->catalog, addition->number, &addition->files[i], err));
    MW_TRY(mw_lake_seal(lake->catalog, addition->number, err));
    memcpy(out_version, version, sizeof version);
    return MW_OK;
}

/* --- read --------------------------------------------------------------------------------- */

/* Whether any lies between these two. */
static bool has_any(mw_lake_places places, int64_t first, int64_t last) {
    size_t low = 0, high = places.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places.items[middle] < first) low = middle + 1;
        else high = middle;
    }
    return low < places.count && places.items[low] <= last;
}

/* But for those whose events all have places up to `after`, where they were accepted or when they
   were known, and those that a log has which is read from there on. Those may be known only after
   their places, which lie behind what was moved before them. */
static mw_status read_files(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_lake_wish wish,
                            mw_lake_reading *reading, mw_events *out_events, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(lake->catalog,
                            "SELECT path, place_us, step_us, corrections, "
                            "coalesce(checksum, -1), coalesce(place_us, CASE WHEN log_through_us "
                            "IS NULL THEN known_min_us ELSE (SELECT before.log_through_us + 1 FROM "
                            "ingests AS before WHERE before.id < ingest AND "
                            "before.log_through_us IS NOT NULL ORDER BY before.id DESC "
                            "LIMIT 1) END) AS first, "
                            "coalesce(place_us + (event_count - 1) * step_us, log_through_us, "
                            "known_max_us) AS last FROM lake_files "
                            "JOIN ingests ON id = ingest WHERE stream = ?1 AND ingest <= ?2 "
                            "AND ingest > ?5 AND (?3 IS NULL OR last > ?3 AND coalesce(first, "
                            "-9e18) <= coalesce(?4, 9e18) AND (log_through_us IS NULL OR ?4 IS "
                            "NOT NULL)) "
                            "ORDER BY ingest",
                            MW_SQL(mw_sql_str(wish.name), mw_sql_int(snapshot->ingest),
                                   mw_sql_time(reading->after), mw_sql_time(reading->through),
                                   mw_sql_int(wish.behind)),
                            &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        reading->places = (mw_places){mw_catalog_time(rows, 1), mw_catalog_int(rows, 2)};
        reading->has_corrections = mw_catalog_int(rows, 3) > 0;
        reading->checksum = mw_catalog_int(rows, 4);
        int64_t first = mw_catalog_is_null(rows, 5) ? INT64_MIN : mw_catalog_int(rows, 5);
        bool may_hold = reading->wanted.count == 0 ||
                        has_any(reading->wanted, first, mw_catalog_int(rows, 6));
        if (may_hold)
            status = mw_lake_storage_read(lake->storage, mw_catalog_text(rows, 0), reading,
                                          out_events, err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}

/* Events of a wish, up to a place; MW_TIME_MISSING: to the end. */
typedef struct {
    mw_lake_wish wish;
    int64_t through;
    mw_lake_picks picks; /* without places: all of the stretch */
} stretch;

static mw_status read_stream(mw_lake *lake, const mw_lake_snapshot *snapshot, stretch asked,
                             mw_arena *arena, mw_events *out_events, mw_error *err) {
    mw_schema stored;
    mw_lake_wish wish = asked.wish;
    const mw_schema *wanted = out_events->streams[wish.stream].rows.schema;
    mw_lake_reading reading = {.stream = wish.stream,
                               .symbols = wish.symbols,
                               .after = wish.after,
                               .through = asked.through,
                               .wanted = asked.picks.places,
                               .filter = asked.picks.filter,
                               .unchecked = asked.picks.unchecked};
    MW_TRY(read_schema(lake->catalog, wish.name, arena, &stored, err));
    size_t *columns = mw_arena_alloc(arena, wanted->field_count + 1, sizeof *columns);
    if (!columns) return no_memory(err);
    if (stored.field_count > 0) MW_TRY(map_fields(wish.name, wanted, &stored, columns, err));
    reading.columns = columns;
    reading.stored_count = stored.field_count;
    return read_files(lake, snapshot, wish, &reading, out_events, err);
}

static mw_status read_stretch(mw_lake *lake, const mw_lake_snapshot *snapshot, stretch asked,
                              mw_events *out_events, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = read_stream(lake, snapshot, asked, &arena, out_events, err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_lake_read(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_lake_wish wish,
                       mw_events *out_events, mw_error *err) {
    stretch all = {.wish = wish, .through = MW_TIME_MISSING};
    return read_stretch(lake, snapshot, all, out_events, err);
}

mw_status mw_lake_sift(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_lake_wish wish,
                       mw_lake_filter filter, mw_events *out_events, mw_error *err) {
    stretch asked = {.wish = wish, .through = MW_TIME_MISSING, .picks = {.filter = filter}};
    return read_stretch(lake, snapshot, asked, out_events, err);
}

mw_status mw_lake_read_through(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_lake_wish wish,
                               int64_t through, mw_events *out_events, mw_error *err) {
    stretch asked = {.wish = wish, .through = through};
    return read_stretch(lake, snapshot, asked, out_events, err);
}

mw_status mw_lake_pick(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_lake_wish wish,
                       const mw_lake_picks *picks, mw_events *out_events, mw_error *err) {
    MW_ASSERT(picks->places.count > 0);
    const int64_t *places = picks->places.items;
    stretch asked = {.wish = wish, .through = places[picks->places.count - 1], .picks = *picks};
    asked.wish.after = places[0] - 1;
    return read_stretch(lake, snapshot, asked, out_events, err);
}

mw_status mw_lake_check(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_str stream,
                        mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(lake->catalog,
                            "SELECT path, checksum FROM lake_files WHERE stream = ? AND "
                            "ingest <= ? AND checksum IS NOT NULL",
                            MW_SQL(mw_sql_str(stream), mw_sql_int(snapshot->ingest)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        status = mw_lake_storage_check(lake->storage, mw_catalog_text(rows, 0),
                                       mw_catalog_int(rows, 1), err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}

/* History stands where it is known. Of what was accepted at places of its own, the catalog knows
   from when the last event counts. */
mw_status mw_lake_counts_in_place(mw_lake *lake, const mw_lake_snapshot *snapshot, bool *out_does,
                                  mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false, does = true;
    MW_TRY(mw_catalog_query(lake->catalog,
                            "SELECT path, corrections, place_us IS NOT NULL FROM lake_files "
                            "JOIN ingests ON id = ingest WHERE ingest <= ?1 AND CASE WHEN place_us "
                            "IS NULL THEN log_through_us IS NOT NULL OR corrections > 0 "
                            "ELSE known_max_us > place_us END",
                            MW_SQL(mw_sql_int(snapshot->ingest)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row && does) {
        does = mw_catalog_int(rows, 2) == 0;
        if (does)
            status = mw_lake_storage_counts_in_place(lake->storage, mw_catalog_text(rows, 0),
                                                     mw_catalog_int(rows, 1) > 0, &does, err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    if (status == MW_OK) *out_does = does;
    return status;
}

static mw_status add_groups(mw_lake *lake, const mw_catalog_rows *rows, mw_lake_groups *groups,
                            mw_error *err) {
    int64_t first = mw_catalog_time(rows, 1), count = mw_catalog_int(rows, 3);
    if (first == MW_TIME_MISSING)
        return mw_lake_storage_groups(lake->storage, mw_catalog_text(rows, 0), groups, err);
    int64_t last = first + (count - 1) * mw_catalog_int(rows, 2);
    return mw_lake_add_group(groups, (mw_lake_group){first, last, (uint64_t)count}, err);
}

mw_status mw_lake_list_groups(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_str stream,
                              mw_lake_groups *groups, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(lake->catalog,
                            "SELECT path, place_us, step_us, event_count FROM lake_files "
                            "JOIN ingests ON id = ingest WHERE stream = ?1 AND ingest <= ?2 "
                            "ORDER BY ingest",
                            MW_SQL(mw_sql_str(stream), mw_sql_int(snapshot->ingest)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        status = add_groups(lake, rows, groups, err);
        if (status == MW_OK) status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}
