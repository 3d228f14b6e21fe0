/*
 * backtest_report: a backtest's result as JSON, for programs and for the page that shows it
 * to people (web/backtest.html, loop/page.h).
 *
 * It names no clock, machine or path, so the same backtest gives the same bytes.
 */
#pragma once
#include "loop/backtest.h"

typedef struct {
    mw_str project, program_version;
    const mw_project_model *model;
    const mw_zone *zone;
    int32_t seed;
    const mw_backtest_result *result;
} mw_backtest_report;

void mw_backtest_report_json(const mw_backtest_report *report, mw_buf *out);
