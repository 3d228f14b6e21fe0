/* assets: files that the build puts into the program (cmake/layers.cmake). */
#pragma once
#include <stddef.h>

extern const unsigned char mw_asset_example_flights[];
extern const size_t mw_asset_example_flights_size;

extern const unsigned char mw_asset_backtest_html[];
extern const size_t mw_asset_backtest_html_size;

extern const unsigned char mw_asset_monitor_html[];
extern const size_t mw_asset_monitor_html_size;

extern const unsigned char mw_asset_report_css[];
extern const size_t mw_asset_report_css_size;

extern const unsigned char mw_asset_report_js[];
extern const size_t mw_asset_report_js_size;

extern const unsigned char mw_asset_uplot_css[];
extern const size_t mw_asset_uplot_css_size;

extern const unsigned char mw_asset_uplot_js[];
extern const size_t mw_asset_uplot_js_size;
