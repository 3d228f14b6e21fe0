/* check: says whether project and data are in order, and what the program makes of them. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_check(mw_cli *cli, mw_error *err);
