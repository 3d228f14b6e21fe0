/*
 * page: a report as one HTML file that holds its data and everything that draws it.
 *
 * The page (web/backtest.html, web/monitor.html) has places for the style and the script that all
 * reports share (web/report.css, web/report.js), for uPlot, and for the data as JSON. What comes
 * out needs no network and no other file.
 */
#pragma once
#include "base/str.h"

typedef struct {
    mw_str page;
    mw_str style, script;           /* shared by all reports */
    mw_str plot_style, plot_script; /* uPlot */
} mw_page_assets;

/* MW_INVALID if the page lacks a place. */
MW_MUST_USE mw_status mw_page_fill(mw_page_assets assets, mw_str json, mw_buf *out, mw_error *err);
