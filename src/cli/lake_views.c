#include "cli/lake_views.h"

#include "table/event_columns.h"

enum { PATH_SIZE_MAX = 1 << 16 };

/* What stands after "OVER (" for the events of one id, in the order in which they came. */
static mw_status append_of_id(mw_workspace *workspace, mw_str stream, const char *order,
                              mw_buf *sql, mw_error *err) {
    const mw_program *program = workspace->program;
    int32_t number = program ? mw_program_find_stream(program, stream) : -1;
    if (number < 0)
        return mw_fail(err, MW_INVALID, "stream %.*s: it has corrections, and only the project "
                                        "file says what its id is", MW_STR_ARGS(stream));
    const mw_stream *its = &program->streams[number];
    mw_schema columns;
    if (mw_event_columns(&workspace->arena, &its->schema, &columns) != MW_OK)
        return mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    mw_buf_append_text(sql, "PARTITION BY ");
    for (int32_t i = 0; i < its->id_count; i++) {
        if (i > 0) mw_buf_append_text(sql, ", ");
        mw_duck_append_name(sql, columns.fields[MW_EVENT_COLUMNS + its->id_fields[i]].name);
    }
    mw_buf_printf(sql, " ORDER BY %s)", order);
    return MW_OK;
}

mw_status mw_lake_views_append_standing(mw_workspace *workspace, mw_str stream,
                                        const char *order, mw_buf *sql, mw_error *err) {
    mw_buf_append_text(sql, " QUALIFY row_number() OVER (");
    MW_TRY(append_of_id(workspace, stream, order, sql, err));
    mw_buf_append_text(sql, " = 1");
    return MW_OK;
}

/* The views that are being written. */
typedef struct {
    mw_workspace *workspace;
    const char *lake_folder;
    mw_buf *sql, *files; /* `files` is NULL: nobody asks */
    bool *is_corrected;  /* by stream, to be filled in; NULL: views show what stands */
} writer;

static void append_file(const mw_catalog_rows *rows, mw_str path, mw_buf *sql) {
    if (mw_catalog_is_null(rows, 2)) {
        mw_buf_append_text(sql, "SELECT * FROM ");
        mw_duck_append_parquet(sql, path);
        mw_buf_append_text(sql, ")");
        return;
    }
    mw_buf_printf(sql, "SELECT * EXCLUDE (file_row_number) REPLACE (make_timestamp(%lld + "
                       "file_row_number * %lld) AS place) FROM ",
                  (long long)mw_catalog_time(rows, 2), (long long)mw_catalog_int(rows, 3));
    mw_duck_append_parquet(sql, path);
    mw_buf_append_text(sql, ", file_row_number = true)");
}

/* DuckDB asks for the path as the view has it, then for the file that it has found. */
static void append_allowed(mw_str path, mw_buf *files) {
    if (files->size > 0) mw_buf_append_text(files, ", ");
    mw_duck_append_path(files, path);
    mw_buf_append_text(files, ", ");
    mw_duck_append_text(files, path);
}

/* In a stream with corrections each row says where it stands among those of its id, and from when
   it counts. */
static void append_ordered_file(const mw_catalog_rows *rows, mw_str path, mw_buf *sql) {
    bool has_corrections = mw_catalog_int(rows, 4) > 0;
    if (has_corrections) mw_buf_append_text(sql, "SELECT COLUMNS(c -> NOT starts_with(c, "
                                                 "'replaced:')), ");
    else mw_buf_append_text(sql, "SELECT *, ");
    mw_buf_printf(sql, "row(place, %s, %lld) AS \"order:0\", "
                       "greatest(known, place%s) AS \"from:0\" FROM (",
                  has_corrections ? "\"replaced:time\" IS NOT NULL" : "false",
                  (long long)mw_catalog_int(rows, 5),
                  has_corrections ? ", \"replaced:from:\"" : "");
    append_file(rows, path, sql);
    mw_buf_append_char(sql, ')');
}

static mw_status begin_view(const writer *w, mw_str stream, bool is_corrected, mw_error *err) {
    mw_buf_append_text(w->sql, "CREATE OR REPLACE VIEW ");
    mw_duck_append_name(w->sql, stream);
    mw_buf_append_text(w->sql, " AS\n  ");
    if (!is_corrected) return MW_OK;
    if (!w->is_corrected) {
        mw_buf_append_text(w->sql, "SELECT * EXCLUDE (\"order:0\", \"from:0\") FROM (");
        return MW_OK;
    }
    mw_buf_append_text(w->sql, "SELECT *, lead(\"from:0\") OVER (");
    MW_TRY(append_of_id(w->workspace, stream, "\"order:0\"", w->sql, err));
    mw_buf_append_text(w->sql, " AS \"until:0\" FROM (");
    w->is_corrected[mw_program_find_stream(w->workspace->program, stream)] = true;
    return MW_OK;
}

static mw_status end_view(const writer *w, mw_str stream, bool is_corrected, mw_error *err) {
    if (!stream.data) return MW_OK;
    if (is_corrected) mw_buf_append_char(w->sql, ')');
    if (is_corrected && !w->is_corrected)
        MW_TRY(mw_lake_views_append_standing(w->workspace, stream, "\"order:0\" DESC", w->sql,
                                             err));
    mw_buf_append_text(w->sql, ";\n");
    return MW_OK;
}

static mw_status append_rows(const writer *w, mw_catalog_rows *rows, mw_error *err) {
    mw_str last = {NULL, 0};
    mw_buf path;
    mw_buf_init(&path, PATH_SIZE_MAX);
    bool has_row = false, is_corrected = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        mw_str stream = mw_catalog_text(rows, 0);
        bool is_new = !last.data || !mw_str_equal(stream, last);
        if (is_new) {
            status = end_view(w, last, is_corrected, err);
            if (status != MW_OK) break;
            last = mw_str_copy(&w->workspace->arena, stream);
            is_corrected = mw_catalog_int(rows, 6) > 0;
            status = begin_view(w, stream, is_corrected, err);
            if (status != MW_OK) break;
        } else {
            mw_buf_append_text(w->sql, "\n  UNION ALL BY NAME ");
        }
        mw_buf_clear(&path);
        mw_buf_printf(&path, "%s/%.*s", w->lake_folder, MW_STR_ARGS(mw_catalog_text(rows, 1)));
        if (is_corrected) append_ordered_file(rows, mw_buf_str(&path), w->sql);
        else append_file(rows, mw_buf_str(&path), w->sql);
        if (w->files) append_allowed(mw_buf_str(&path), w->files);
        status = mw_catalog_next(rows, &has_row, err);
    }
    if (status == MW_OK) status = end_view(w, last, is_corrected, err);
    if (status == MW_OK) status = mw_buf_check(&path, "the lake's paths", err);
    mw_buf_release(&path);
    return status;
}

static mw_status append_views(const writer *w, const mw_lake_snapshot *snapshot, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(mw_state_catalog(w->workspace->state),
                            "SELECT f.stream, f.path, i.place_us, i.step_us, f.corrections, "
                            "f.ingest, sum(f.corrections) OVER (PARTITION BY f.stream) "
                            "FROM lake_files f JOIN ingests i ON i.id = f.ingest "
                            "WHERE f.ingest <= ? ORDER BY f.stream, f.ingest",
                            MW_SQL(mw_sql_int(snapshot->ingest)), &rows, err));
    mw_status status = append_rows(w, rows, err);
    mw_catalog_rows_close(rows);
    return status;
}

mw_status mw_lake_views_append(mw_workspace *workspace, const mw_lake_snapshot *snapshot,
                               const char *lake_folder, mw_buf *out_sql, mw_buf *out_files,
                               mw_error *err) {
    writer w = {.workspace = workspace, .lake_folder = lake_folder, .sql = out_sql,
                .files = out_files};
    return append_views(&w, snapshot, err);
}

mw_status mw_lake_views_append_known(mw_workspace *workspace, const mw_lake_snapshot *snapshot,
                                     const char *lake_folder, mw_buf *out_sql,
                                     const bool **out_is_corrected, mw_error *err) {
    writer w = {.workspace = workspace, .lake_folder = lake_folder, .sql = out_sql};
    w.is_corrected = mw_arena_alloc(&workspace->arena, workspace->program->stream_count,
                                    sizeof *w.is_corrected);
    if (!w.is_corrected) return mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    MW_TRY(append_views(&w, snapshot, err));
    *out_is_corrected = w.is_corrected;
    return MW_OK;
}
