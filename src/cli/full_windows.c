#include "cli/full_windows.h"

/* Of the windows over one stream, whose first event happened at `first`. */
static int64_t full_from(const mw_model_program *model, int32_t stream, int64_t first) {
    int64_t from = INT64_MIN;
    for (size_t i = 0; i < model->feature_window_count; i++) {
        const mw_window *window = &model->windows[i];
        if (window->stream != stream || window->is_ahead || window->start_us == MW_ALL_PAST)
            continue;
        if (first - window->start_us > from) from = first - window->start_us;
    }
    return from;
}

mw_status mw_full_windows_from(const mw_workspace *workspace, const mw_model_program *model,
                               int64_t *out_t, mw_error *err) {
    const mw_program *program = workspace->program;
    mw_catalog_rows *rows = NULL;
    int64_t latest = INT64_MIN;
    bool has_row = false;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state),
                            "SELECT stream, min(known_min_us) FROM lake_files GROUP BY stream",
                            MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        int32_t stream = mw_program_find_stream(program, mw_catalog_text(rows, 0));
        if (stream >= 0) {
            const mw_stream *its = &program->streams[stream];
            int64_t first = mw_catalog_time(rows, 1) - its->lag_us + its->ahead_us;
            int64_t from = full_from(model, stream, first);
            if (from > latest) latest = from;
        }
        status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    if (status == MW_OK) *out_t = latest;
    return status;
}
