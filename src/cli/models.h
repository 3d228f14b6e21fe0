/* models: the versions of a project's models, and which of them answers. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_models_list(mw_cli *cli, mw_error *err);
mw_status mw_cli_models_show(mw_cli *cli, mw_error *err);
mw_status mw_cli_models_promote(mw_cli *cli, mw_error *err);
mw_status mw_cli_models_rollback(mw_cli *cli, mw_error *err);
