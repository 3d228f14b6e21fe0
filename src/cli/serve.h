/* serve: the supervisor of the processes that serve a project, until it is told to stop. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_serve(mw_cli *cli, mw_error *err);
/* Only tells the mistakes of the project file: for `serve`, before it starts anything. */
mw_status mw_cli_look(mw_cli *cli, mw_error *err);
