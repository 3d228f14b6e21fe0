#include "cli/lake_views.h"

enum { PATH_SIZE_MAX = 1 << 16 };

static void append_file(const mw_catalog_rows *rows, mw_str path, mw_buf *sql) {
    if (mw_catalog_is_null(rows, 2)) {
        mw_buf_append_text(sql, "SELECT * FROM read_parquet(");
        mw_duck_append_text(sql, path);
        mw_buf_append_text(sql, ")");
        return;
    }
    mw_buf_printf(sql, "SELECT * EXCLUDE (file_row_number) REPLACE (make_timestamp(%lld + "
                       "file_row_number * %lld) AS place) FROM read_parquet(",
                  (long long)mw_catalog_time(rows, 2), (long long)mw_catalog_int(rows, 3));
    mw_duck_append_text(sql, path);
    mw_buf_append_text(sql, ", file_row_number = true)");
}

static mw_status append_rows(mw_workspace *workspace, mw_catalog_rows *rows,
                             const char *lake_folder, mw_buf *sql, mw_buf *files, mw_error *err) {
    mw_str last = {NULL, 0};
    mw_buf path;
    mw_buf_init(&path, PATH_SIZE_MAX);
    bool has_row = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        mw_str stream = mw_catalog_text(rows, 0);
        bool is_new = !last.data || !mw_str_equal(stream, last);
        if (is_new) {
            if (last.data) mw_buf_append_text(sql, ";\n");
            last = mw_str_copy(&workspace->arena, stream);
            mw_buf_append_text(sql, "CREATE OR REPLACE VIEW ");
            mw_duck_append_name(sql, stream);
        }
        mw_buf_append_text(sql, is_new ? " AS\n  " : "\n  UNION ALL BY NAME ");
        mw_buf_clear(&path);
        mw_buf_printf(&path, "%s/%.*s", lake_folder, MW_STR_ARGS(mw_catalog_text(rows, 1)));
        append_file(rows, mw_buf_str(&path), sql);
        if (files && files->size > 0) mw_buf_append_text(files, ", ");
        if (files) mw_duck_append_text(files, mw_buf_str(&path));
        status = mw_catalog_next(rows, &has_row, err);
    }
    if (last.data) mw_buf_append_text(sql, ";\n");
    if (status == MW_OK) status = mw_buf_check(&path, "the lake's paths", err);
    mw_buf_release(&path);
    return status;
}

mw_status mw_lake_views_append(mw_workspace *workspace, const mw_lake_snapshot *snapshot,
                               const char *lake_folder, mw_buf *out_sql, mw_buf *out_files,
                               mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state),
                            "SELECT f.stream, f.path, i.place_us, i.step_us FROM lake_files f "
                            "JOIN ingests i ON i.id = f.ingest WHERE f.ingest <= ? "
                            "ORDER BY f.stream, f.ingest",
                            MW_SQL(mw_sql_int(snapshot->ingest)), &rows, err));
    mw_status status =
        append_rows(workspace, rows, lake_folder, out_sql, out_files, err);
    mw_catalog_rows_close(rows);
    return status;
}
