/*
 * query: `sql`, `data versions`, `data quarantine` and `status`: looking into the state.
 *
 * SQL runs in DuckDB over views of the lake's files, one a stream, and over copies of the
 * catalog's tables ingests, runs, metrics, versions and promotions.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_sql(mw_cli *cli, mw_error *err);
mw_status mw_cli_data_versions(mw_cli *cli, mw_error *err);
mw_status mw_cli_data_quarantine(mw_cli *cli, mw_error *err);
mw_status mw_cli_status(mw_cli *cli, mw_error *err);
