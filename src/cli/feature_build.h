/*
 * feature_build: `features build` and `features verify`: a model's moments with their features.
 *
 * Both walk the log by the replay that makes training examples. Build writes what it gives: a
 * row a moment. Verify computes a sample of moments again with the slow oracle and compares bits.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_build(mw_cli *cli, mw_error *err);
mw_status mw_cli_features_verify(mw_cli *cli, mw_error *err);
