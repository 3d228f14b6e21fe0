/* server_role: the process of `serve` that answers predictions and takes events over HTTP. */
#pragma once
#include "cli/workspace.h"

mw_status mw_cli_server(mw_cli *cli, mw_error *err);
