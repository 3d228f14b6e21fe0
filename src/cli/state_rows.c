#include "cli/state_rows.h"

mw_status mw_cli_with_state(mw_cli *cli, mw_status (*body)(mw_workspace *workspace, mw_error *err),
                            mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = body(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

mw_status mw_state_each_row(const mw_workspace *workspace, const char *sql, mw_row_taker take,
                            void *context, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state), sql, MW_SQL_NOTHING, &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        take(context, rows);
        status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    return status;
}
