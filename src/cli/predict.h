/*
 * predict: predictions for the rows of a file, by a version's own program; records nothing.
 *
 * Each row is an event that might be: its moment's place is max(t, declared known), it sees the
 * log but not the other rows. Moments are walked in the order of their places, once.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_predict(mw_cli *cli, mw_error *err);
/* The same with the reasons of each row; or with those of a recorded prediction. */
mw_status mw_cli_explain(mw_cli *cli, mw_error *err);
