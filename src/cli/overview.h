/* overview: `status`: what the state holds at a glance, and whether it is served. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_status(mw_cli *cli, mw_error *err);
