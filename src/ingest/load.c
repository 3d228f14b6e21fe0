#include "ingest/load.h"

#include "sys/zone_names.h"

enum { ZONE_NAMES_SIZE_MAX = 1 << 24 };

static void add_code(mw_sha256 *sha, const mw_code *code) {
    mw_sha256_add_str(sha, code ? mw_code_text(code) : MW_STR(""));
}

static void add_stream(mw_sha256 *sha, const mw_stream *stream) {
    mw_sha256_add_str(sha, stream->name);
    mw_schema_hash(&stream->schema, sha);
    add_code(sha, stream->time);
    add_code(sha, stream->known);
    add_code(sha, stream->present);
    mw_sha256_add_u64(sha, (uint64_t)stream->id_count);
    for (int32_t i = 0; i < stream->id_count; i++)
        mw_sha256_add_u64(sha, (uint64_t)stream->id_fields[i]);
}

static void add_ask(mw_sha256 *sha, const mw_stream_source *source, const mw_ask *ask) {
    mw_sha256_add_str(sha, ask->process);
    for (size_t i = 0; i < ask->argument_count; i++)
        mw_sha256_add_str(sha, source->row.fields[ask->arguments[i]].name);
}

/* By what names a source's zones are called: the project's, and that of its own times. */
typedef struct {
    mw_str project, own;
} zone_names;

static zone_names names_of(const mw_program *program, int32_t number) {
    mw_str project = mw_zone_name(program->zone), own = program->sources[number].zone;
    return (zone_names){project, own.size > 0 ? own : project};
}

static void define(const mw_program *program, int32_t number, zone_names zones, bool with_own,
                   char out_hash[MW_SHA256_HEX_SIZE + 1]) {
    const mw_stream_source *source = &program->sources[number];
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, zones.project);
    if (with_own && !mw_str_equal(zones.own, zones.project)) mw_sha256_add_str(&sha, zones.own);
    mw_schema_hash(&source->row, &sha);
    mw_sha256_add_u64(&sha, source->column_count);
    for (size_t i = 0; i < source->plain_count - source->column_count; i++) {
        mw_sha256_add_u64(&sha, (uint64_t)source->field_indexes[i]);
        add_code(&sha, source->fields[i]);
    }
    for (size_t i = 0; source->entry && i < source->entry->feature_count; i++)
        add_code(&sha, source->entry->features[i].code);
    for (size_t i = 0; i < source->ask_count; i++) add_ask(&sha, source, &source->asks[i]);
    add_code(&sha, source->where);
    for (size_t i = 0; i < source->mend_count; i++) {
        mw_sha256_add_u64(&sha, (uint64_t)source->mends[i].field);
        add_code(&sha, source->mends[i].code);
    }
    for (int32_t i = 0; i < source->stream_count; i++)
        add_stream(&sha, &program->streams[source->first_stream + i]);
    mw_sha256_hex(&sha, out_hash);
}

void mw_source_definition(const mw_program *program, int32_t number,
                          char out_hash[MW_SHA256_HEX_SIZE + 1]) {
    define(program, number, names_of(program, number), true, out_hash);
}

/* What the catalog knows of a source's keys. */
typedef struct {
    mw_str hash;
    bool has_zone;
} kept_keys;

static bool is_defined(const mw_program *program, int32_t number, zone_names zones,
                       kept_keys kept) {
    char now[MW_SHA256_HEX_SIZE + 1];
    define(program, number, zones, kept.has_zone, now);
    return mw_str_is(kept.hash, now);
}

/* A zone by another of its names is no other zone. */
static bool is_the_same(mw_sys *sys, const mw_program *program, int32_t number, kept_keys kept) {
    zone_names now = names_of(program, number);
    mw_arena arena;
    if (is_defined(program, number, now, kept)) return true;
    mw_arena_init(&arena, ZONE_NAMES_SIZE_MAX);
    mw_zone_aliases projects = mw_zone_aliases_of(sys, &arena, now.project);
    mw_zone_aliases owns = mw_zone_aliases_of(sys, &arena, now.own);
    bool is_same = false;
    for (size_t i = 0; !is_same && i < projects.count; i++)
        for (size_t k = 0; !is_same && k < owns.count; k++)
            is_same = is_defined(program, number, (zone_names){projects.names[i], owns.names[k]},
                                 kept);
    mw_arena_release(&arena);
    return is_same;
}

bool mw_source_is(mw_sys *sys, const mw_program *program, int32_t number, mw_str definition) {
    return is_the_same(sys, program, number, (kept_keys){definition, true});
}

mw_status mw_source_check(mw_state *state, const mw_program *program, int32_t number,
                          mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false, is_same = true;
    mw_str name = program->sources[number].name;
    MW_TRY(mw_catalog_query(mw_state_catalog(state),
                            "SELECT definition, has_zone FROM source_definitions WHERE source = ?",
                            MW_SQL(mw_sql_str(name)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (has_row) {
        kept_keys kept = {mw_catalog_text(rows, 0), mw_catalog_int(rows, 1) != 0};
        is_same = is_the_same(mw_state_sys(state), program, number, kept);
    }
    mw_catalog_rows_close(rows);
    MW_TRY(status);
    if (is_same) return MW_OK;
    status = mw_fail(err, MW_CONFLICT,
                     "stream %.*s: its keys have changed since its events were taken in",
                     MW_STR_ARGS(name));
    return mw_hint(err, status, "Undo the change, or remove the state folder and ingest again.");
}

mw_status mw_program_events(const mw_program *program, mw_events *out_events, mw_error *err) {
    const mw_schema *schemas[MW_STREAMS_MAX];
    if (program->stream_count > MW_STREAMS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "streams: there may be %d, got %zu", MW_STREAMS_MAX,
                       program->stream_count);
    for (size_t i = 0; i < program->stream_count; i++) schemas[i] = &program->streams[i].schema;
    return mw_events_init(out_events, schemas, program->stream_count, err);
}

static mw_status read_lake(mw_load_wish wish, const mw_lake_snapshot *snapshot,
                           mw_events *events, mw_error *err) {
    for (size_t i = 0; i < wish.program->stream_count; i++) {
        mw_lake_wish one = {wish.program->streams[i].name, (int32_t)i, wish.symbols, wish.after, 0};
        MW_TRY(mw_lake_read(mw_state_lake(wish.state), snapshot, one, events, err));
    }
    return mw_events_sort(events, err);
}

mw_status mw_load_lake(mw_load_wish wish, mw_lake_snapshot *out_snapshot, mw_events *out_events,
                       mw_error *err) {
    mw_lake_snapshot snapshot;
    mw_events events;
    for (size_t i = 0; i < wish.program->source_count; i++)
        MW_TRY(mw_source_check(wish.state, wish.program, (int32_t)i, err));
    MW_TRY(mw_lake_look(mw_state_lake(wish.state), &snapshot, err));
    MW_TRY(mw_program_events(wish.program, &events, err));
    mw_status status = read_lake(wish, &snapshot, &events, err);
    if (status != MW_OK) {
        mw_events_release(&events);
        return status;
    }
    *out_snapshot = snapshot;
    *out_events = events;
    return MW_OK;
}
