/*
 * monitor: `monitor` and `alerts`: how the models do in production, beside a server or without.
 *
 * It reads lake, log and catalog, and writes nothing.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_monitor(mw_cli *cli, mw_error *err);
mw_status mw_cli_alerts(mw_cli *cli, mw_error *err);
