/* init: makes a project folder, from an example or from a data file. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_init(mw_cli *cli, mw_error *err);
