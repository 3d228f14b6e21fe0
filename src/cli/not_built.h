/* not_built: what later issues build answers by saying so (hidden from the help). */
#pragma once
#include "cli/command.h"

mw_status mw_cli_not_built(mw_cli *cli, mw_error *err);
