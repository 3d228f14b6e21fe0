/*
 * query: `sql`, `data versions` and `data quarantine`: looking into the state.
 *
 * SQL runs in DuckDB over the tables of cli/sql_tables.h.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_sql(mw_cli *cli, mw_error *err);
mw_status mw_cli_data_versions(mw_cli *cli, mw_error *err);
mw_status mw_cli_data_quarantine(mw_cli *cli, mw_error *err);
