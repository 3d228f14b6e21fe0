/*
 * feature_show: the catalogue of a model's features, for people and programs.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_show(mw_cli *cli, mw_error *err);
