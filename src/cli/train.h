/* train: makes a version of a model from the events in the lake, and records it with its run. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_train(mw_cli *cli, mw_error *err);
/* The hidden command `lightgbm-child`. */
mw_status mw_cli_lightgbm_child(mw_cli *cli, mw_error *err);
