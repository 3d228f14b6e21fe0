/*
 * keeper_role: the process of `serve` that looks after the models: alerts, retraining, promotion.
 *
 * It follows lake and log as the server writes them, by the log's clock, and drives the loop of
 * each model that the project file retrains. What it decides stands in the catalog, and up to
 * when in a setting there: killed, it comes back, learns all of that again, and repeats nothing.
 * The server answers without it, and has the first claim to the cores: all of that is done in the
 * background, by a thread of its own. What the server needs beside it, checkpoints and the move of
 * its log's events, is begun by the main thread, which hardly works.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_keeper(mw_cli *cli, mw_error *err);
