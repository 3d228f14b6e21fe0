/* import: takes in a model that another library trained. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_models_import(mw_cli *cli, mw_error *err);
