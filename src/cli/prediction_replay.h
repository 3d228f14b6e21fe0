/*
 * prediction_replay: `predictions replay`: makes a recorded prediction again, from the events that
 * were known at its place and the version that made it, and compares bit by bit.
 *
 * Features are computed by the oracle, straight from the rules: what agrees with it owes nothing
 * to the state of the server that answered.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_predictions_replay(mw_cli *cli, mw_error *err);
