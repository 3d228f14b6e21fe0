/* feature_export: `features export --sql`: a model's features as a query of DuckDB's SQL. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_export(mw_cli *cli, mw_error *err);
