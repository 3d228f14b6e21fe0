/*
 * monitor: how the models do in production, beside a server or without, as text, JSON or a page.
 *
 * It reads lake, log and catalog, and writes nothing but the page.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_monitor(mw_cli *cli, mw_error *err);
