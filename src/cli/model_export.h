/* model_export: a version as one file, for libmillwright (include/millwright.h). */
#pragma once
#include "cli/command.h"

mw_status mw_cli_models_export(mw_cli *cli, mw_error *err);
