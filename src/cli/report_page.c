#include "cli/report_page.h"

#include "cli/assets.h"
#include "loop/page.h"

#define PAGE_MAX ((size_t)1 << 30)

static mw_str asset(const unsigned char *bytes, size_t size) {
    return (mw_str){(const char *)bytes, size};
}

mw_status mw_cli_write_page(mw_cli *cli, mw_str page, mw_str json, const char *path,
                            mw_error *err) {
    mw_page_assets assets = {
        .page = page,
        .style = asset(mw_asset_report_css, mw_asset_report_css_size),
        .script = asset(mw_asset_report_js, mw_asset_report_js_size),
        .plot_style = asset(mw_asset_uplot_css, mw_asset_uplot_css_size),
        .plot_script = asset(mw_asset_uplot_js, mw_asset_uplot_js_size)};
    mw_buf out;
    mw_buf_init(&out, PAGE_MAX);
    mw_status status = mw_page_fill(assets, json, &out, err);
    if (status == MW_OK) status = mw_sys_write_file(cli->sys, path, mw_buf_str(&out), err);
    mw_buf_release(&out);
    return status;
}
