/*
 * keeper_role: the process of `serve` that looks after the models: alerts, retraining, promotion.
 *
 * It follows lake and log as the server writes them, by the log's clock, and drives the loop of
 * each model that the project file retrains. What it decides stands in the catalog, and up to
 * when in a setting there: killed, it comes back, learns all of that again, and repeats nothing.
 * The server answers without it.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_keeper(mw_cli *cli, mw_error *err);
