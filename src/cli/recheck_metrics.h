/*
 * recheck_metrics: what the keeper has found of recorded features, among the server's metrics.
 */
#pragma once
#include "cli/workspace.h"
#include "serve/telemetry.h"

/* Takes a message MW_SERVE_RECHECKED. MW_NOT_FOUND: the project has no such model. */
MW_MUST_USE mw_status mw_recheck_metrics_take(const mw_workspace *workspace,
                                              mw_telemetry *telemetry, mw_str bytes,
                                              mw_error *err);
