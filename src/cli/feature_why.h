/*
 * feature_why: `features why`: the events behind one feature of one moment, and those that might
 * have been and were left out, with the reason. The verdicts are the oracle's, the value is the
 * one that training sees.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_why(mw_cli *cli, mw_error *err);
