#include "ingest/inferred.h"

#include "ingest/picture_file.h"
#include "ingest/sources.h"

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "streams: no memory for their columns");
}

static mw_status read_kept_rows(mw_catalog_rows *rows, mw_arena *arena, mw_schema *out_columns,
                                mw_error *err) {
    mw_field *fields = mw_arena_alloc(arena, MW_FIELDS_MAX, sizeof *fields);
    size_t count = 0;
    bool has_row = false;
    if (!fields) return no_memory(err);
    MW_TRY(mw_catalog_next(rows, &has_row, err));
    while (has_row && count < MW_FIELDS_MAX) {
        fields[count].name = mw_str_copy(arena, mw_catalog_text(rows, 0));
        if (!fields[count].name.data) return no_memory(err);
        if (!mw_type_parse(mw_catalog_text(rows, 1), &fields[count].type))
            return mw_fail(err, MW_CORRUPT, "catalog: column %.*s has no known type",
                           MW_STR_ARGS(fields[count].name));
        count++;
        MW_TRY(mw_catalog_next(rows, &has_row, err));
    }
    *out_columns = (mw_schema){fields, count};
    return MW_OK;
}

/* No columns if the catalog has none of the source. */
static mw_status read_kept(mw_catalog *catalog, mw_str source, mw_arena *arena,
                           mw_schema *out_columns, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(catalog,
                            "SELECT name, type FROM source_columns WHERE source = ? "
                            "ORDER BY position",
                            MW_SQL(mw_sql_str(source)), &rows, err));
    mw_status status = read_kept_rows(rows, arena, out_columns, err);
    mw_catalog_rows_close(rows);
    return status;
}

static mw_status read_from_data(const mw_infer_config *config, const mw_project_stream *stream,
                                mw_arena *arena, mw_schema *out_columns, mw_error *err) {
    mw_source_list list = {0};
    mw_data_reader reader = *config->reader;
    reader.stream = stream;
    bool is_given = config->from.size > 0;
    if (!is_given && stream->from_count == 0)
        return mw_fail(err, MW_INVALID, "from: must name the files of the stream");
    mw_str entry = is_given ? config->from : stream->from[0];
    MW_TRY(mw_sources_add(config->reader->sys, config->folder, entry, arena, &list, err));
    mw_status status =
        mw_data_file_columns(&reader, list.files[0].path, arena, out_columns, err);
    for (size_t i = 1; status == MW_INVALID && i < list.count; i++) {
        if (!mw_is_picture_file(list.files[i].path)) break;
        mw_error ignored; /* the first one's failure counts if none is right */
        status = mw_data_file_columns(&reader, list.files[i].path, arena, out_columns, &ignored);
    }
    return status;
}

static void tell_mistake(const mw_project_stream *stream, mw_status status, const mw_error *err,
                         mw_diagnostics *diagnostics) {
    mw_diagnose(diagnostics, stream->from_position, status, "streams.%.*s: %s",
                MW_STR_ARGS(stream->declaration.name), err->message);
    if (err->hint[0]) mw_diagnose_hint(diagnostics, "%s", err->hint);
}

mw_status mw_infer_columns(const mw_infer_config *config, mw_arena *arena,
                           mw_diagnostics *diagnostics, mw_schema **out_columns, mw_error *err) {
    size_t count = config->project->stream_count;
    mw_schema *columns = mw_arena_alloc(arena, count + 1, sizeof *columns);
    if (!columns) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const mw_project_stream *stream = &config->project->streams[i];
        mw_str name = stream->declaration.name;
        if (config->catalog)
            MW_TRY(read_kept(config->catalog, name, arena, &columns[i], err));
        if (columns[i].field_count > 0) continue;
        mw_error wrong;
        mw_status status = read_from_data(config, stream, arena, &columns[i], &wrong);
        if (status == MW_OK) continue;
        bool is_mistake = config->from.size == 0 &&
                          mw_status_exit_code(status) == mw_status_exit_code(MW_INVALID);
        columns[i] = (mw_schema){0};
        if (!is_mistake) {
            if (err) *err = wrong;
            return mw_fail_within(err, status, "streams.%.*s", MW_STR_ARGS(name));
        }
        tell_mistake(stream, status, &wrong, diagnostics);
    }
    *out_columns = columns;
    return MW_OK;
}

mw_status mw_keep_columns(mw_catalog *catalog, mw_str source, const mw_schema *row, size_t count,
                          mw_error *err) {
    for (size_t i = 0; i < count; i++)
        MW_TRY(mw_catalog_run(
            catalog, "INSERT OR IGNORE INTO source_columns VALUES (?, ?, ?, ?)",
            MW_SQL(mw_sql_str(source), mw_sql_int((int64_t)i), mw_sql_str(row->fields[i].name),
                   mw_sql_text(mw_type_name(row->fields[i].type))), err));
    return MW_OK;
}
