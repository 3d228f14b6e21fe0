/* runs: what was trained, when, with what result. */
#pragma once
#include "cli/workspace.h"

mw_status mw_cli_runs_list(mw_cli *cli, mw_error *err);
mw_status mw_cli_runs_show(mw_cli *cli, mw_error *err);
mw_status mw_cli_runs_compare(mw_cli *cli, mw_error *err);

/* The metrics of a run, as a table. */
MW_MUST_USE mw_status mw_runs_print_metrics(mw_workspace *workspace, int64_t run, mw_buf *out,
                                            mw_error *err);
