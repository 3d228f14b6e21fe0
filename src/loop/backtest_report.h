/*
 * backtest_report: a backtest's result for programs (JSON) and for people (one HTML page).
 *
 * The page holds the JSON and everything that draws it: it needs no network and no other file.
 * Neither names a clock, a machine or a path, so the same backtest gives the same bytes.
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

/* web/backtest.html with its places for the others. */
typedef struct {
    mw_str page, plot_script, plot_style;
} mw_backtest_assets;

void mw_backtest_report_json(const mw_backtest_report *report, mw_buf *out);
/* MW_INVALID if the page lacks a place. */
MW_MUST_USE mw_status mw_backtest_report_html(const mw_backtest_report *report,
                                              mw_backtest_assets assets, mw_buf *out,
                                              mw_error *err);
