#include "loop/page.h"

#include <string.h>

/* JSON inside a script element: no text of the project's may end the element. */
static void append_embedded(mw_buf *out, mw_str json) {
    for (size_t i = 0; i < json.size; i++) {
        if (json.data[i] == '<') mw_buf_append_text(out, "\\u003c");
        else mw_buf_append_char(out, json.data[i]);
    }
}

/* Copies `*rest` up to `place`, and moves past it. */
static bool copy_to(mw_buf *out, mw_str *rest, mw_str place) {
    for (size_t i = 0; i + place.size <= rest->size; i++) {
        if (memcmp(rest->data + i, place.data, place.size) != 0) continue;
        mw_buf_append(out, rest->data, i);
        *rest = mw_str_slice(*rest, i + place.size, rest->size);
        return true;
    }
    return false;
}

/* The data comes before the script that reads it. */
mw_status mw_page_fill(mw_page_assets assets, mw_str json, mw_buf *out, mw_error *err) {
    mw_str rest = assets.page;
    bool complete = copy_to(out, &rest, MW_STR("/*{{uplot_css}}*/"));
    mw_buf_append_str(out, assets.plot_style);
    complete = complete && copy_to(out, &rest, MW_STR("/*{{report_css}}*/"));
    mw_buf_append_str(out, assets.style);
    complete = complete && copy_to(out, &rest, MW_STR("{{data}}"));
    append_embedded(out, json);
    complete = complete && copy_to(out, &rest, MW_STR("/*{{uplot_js}}*/"));
    mw_buf_append_str(out, assets.plot_script);
    complete = complete && copy_to(out, &rest, MW_STR("/*{{report_js}}*/"));
    mw_buf_append_str(out, assets.script);
    mw_buf_append_str(out, rest);
    if (!complete) return mw_fail(err, MW_INVALID, "report: the page lacks a place to fill");
    return mw_buf_check(out, "the page", err);
}
