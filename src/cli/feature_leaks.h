/* feature_leaks: `features leaks`: what each feature would have gained by cheating. */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_leaks(mw_cli *cli, mw_error *err);
