/* alerts: the command that lists the alerts of a project, and their list within a report. */
#pragma once
#include "cli/workspace.h"

mw_status mw_cli_alerts(mw_cli *cli, mw_error *err);
/* An array, the open ones first. */
MW_MUST_USE mw_status mw_alerts_write_json(mw_workspace *workspace, mw_json *json, mw_error *err);
