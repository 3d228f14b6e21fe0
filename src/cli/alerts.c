#include "cli/alerts.h"

#include "cli/grid.h"

static void add_alert(const mw_catalog_rows *rows, mw_grid *grid) {
    mw_grid_add_str(grid, mw_catalog_text(rows, 0));
    mw_grid_add_str(grid, mw_catalog_text(rows, 1));
    mw_grid_add_time(grid, mw_catalog_time(rows, 2));
    if (mw_catalog_is_null(rows, 3)) mw_grid_add(grid, "open");
    else mw_grid_add_time(grid, mw_catalog_time(rows, 3));
    mw_grid_add_str(grid, mw_catalog_text(rows, 5));
}

static void write_alert(const mw_catalog_rows *rows, mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "model", mw_catalog_text(rows, 0));
    mw_json_put_str(json, "rule", mw_catalog_text(rows, 1));
    mw_json_put_time(json, "opened", mw_catalog_time(rows, 2));
    mw_json_put_time(json, "closed", mw_catalog_time(rows, 3));
    mw_json_put_number(json, "value", mw_catalog_real(rows, 4));
    mw_json_put_str(json, "message", mw_catalog_text(rows, 5));
    mw_json_object_end(json);
}

#define ALERTS                                                               \
    "SELECT model, rule, opened_us, closed_us, value, message FROM alerts " \
    "ORDER BY closed_us IS NOT NULL, opened_us DESC, id DESC"

mw_status mw_alerts_write_json(mw_workspace *workspace, mw_json *json, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state), ALERTS, MW_SQL_NOTHING, &rows,
                            err));
    mw_json_array(json);
    mw_status status = mw_catalog_next(rows, &has_row, err);
    for (; status == MW_OK && has_row; status = mw_catalog_next(rows, &has_row, err))
        write_alert(rows, json);
    mw_json_array_end(json);
    mw_catalog_rows_close(rows);
    return status;
}

static mw_status list_alerts(mw_workspace *workspace, size_t *out_open, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state), ALERTS, MW_SQL_NOTHING, &rows,
                            err));
    mw_grid grid = mw_grid_begin("model|rule|opened|closed|what");
    mw_json json = mw_json_begin(&cli->out);
    if (cli->json) mw_json_array(&json);
    size_t count = 0, open = 0;
    bool has_row = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    for (; status == MW_OK && has_row; status = mw_catalog_next(rows, &has_row, err)) {
        count++;
        open += mw_catalog_is_null(rows, 3);
        if (cli->json) write_alert(rows, &json);
        else add_alert(rows, &grid);
    }
    mw_catalog_rows_close(rows);
    if (cli->json) mw_json_array_end(&json);
    else if (count > 0) mw_grid_print(&grid, "", &cli->out);
    else mw_buf_append_text(&cli->out, "there was no alert yet\n");
    mw_buf_release(&grid.cells);
    *out_open = open;
    return status;
}

mw_status mw_cli_alerts(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    size_t open = 0;
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = list_alerts(&workspace, &open, err);
    mw_workspace_release(&workspace);
    if (status != MW_OK || open == 0) return status;
    return mw_fail(err, MW_CHECK_FAILED, "alerts: %zu %s open", open, open == 1 ? "is" : "are");
}
