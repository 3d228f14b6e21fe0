/* features: `features list` and `features explain`: what a model sees. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_list(mw_cli *cli, mw_error *err);
mw_status mw_cli_features_explain(mw_cli *cli, mw_error *err);
