/* backtest_command: shows what each retraining policy would have done over a time that is past. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_backtest(mw_cli *cli, mw_error *err);
