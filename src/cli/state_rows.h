/*
 * state_rows: the state opened for a command that looks into it, and rows of its catalog.
 */
#pragma once
#include "cli/workspace.h"

/* Opens the state alone, which must be there, for `body`. */
MW_MUST_USE mw_status mw_cli_with_state(mw_cli *cli,
                                        mw_status (*body)(mw_workspace *workspace, mw_error *err),
                                        mw_error *err);

/* What a row of the catalog is turned into; `context` is the caller's. */
typedef void (*mw_row_taker)(void *context, const mw_catalog_rows *rows);

MW_MUST_USE mw_status mw_state_each_row(const mw_workspace *workspace, const char *sql,
                                        mw_row_taker take, void *context, mw_error *err);
