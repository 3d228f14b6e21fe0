/*
 * explain_recorded: why a recorded prediction is what it is, by the version that made it.
 *
 * The record holds the features as they were read then, and the version's artefact its trees, so
 * nothing else is needed: no stream, no program, no server. The prediction is made again on the
 * way, and must come out with the bits that are recorded.
 */
#pragma once
#include "cli/command.h"

/* `explain MODEL --id PREDICTION`. */
mw_status mw_cli_explain_recorded(mw_cli *cli, mw_error *err);
