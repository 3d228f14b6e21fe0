#include "loop/page.h"

#include <string.h>

#include "testing/test.h"

static const char page[] = "<style>/*{{uplot_css}}*//*{{report_css}}*/</style>"
                           "<script id=\"data\">{{data}}</script>"
                           "<script>/*{{uplot_js}}*//*{{report_js}}*/</script>end";

static const mw_page_assets assets = {.page = {page, sizeof page - 1},
                                      .style = {"b{}", 3},
                                      .script = {"b()", 3},
                                      .plot_style = {"a{}", 3},
                                      .plot_script = {"a()", 3}};

static mw_status fill(mw_page_assets of, mw_str json, mw_buf *out) {
    mw_error err;
    mw_buf_init(out, 1 << 16);
    return mw_page_fill(of, json, out, &err);
}

MW_TEST(page_is_filled_and_no_text_gets_out_of_its_data) {
    mw_buf out;
    mw_str json = MW_STR("{\"question\":\"Will </script><script> come?\"}");
    MW_CHECK(fill(assets, json, &out) == MW_OK);
    MW_CHECK(mw_str_equal(
        mw_buf_str(&out),
        MW_STR("<style>a{}b{}</style><script id=\"data\">"
               "{\"question\":\"Will \\u003c/script>\\u003cscript> come?\"}</script>"
               "<script>a()b()</script>end")));
    mw_buf_release(&out);
}

MW_TEST(page_that_lacks_a_place_is_refused) {
    static const char *const places[] = {"/*{{uplot_css}}*/", "/*{{report_css}}*/",
                                         "/*{{uplot_js}}*/", "/*{{report_js}}*/", "{{data}}"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char broken[sizeof page];
        memcpy(broken, page, sizeof page);
        *strstr(broken, places[i]) = ' ';
        mw_page_assets of = assets;
        mw_buf out;
        of.page = mw_str_of(broken);
        MW_CHECK(fill(of, MW_STR("{}"), &out) == MW_INVALID);
        mw_buf_release(&out);
    }
}

MW_TEST(page_says_when_it_outgrows_its_limit) {
    mw_buf out;
    mw_error err;
    mw_buf_init(&out, 16);
    MW_CHECK(mw_page_fill(assets, MW_STR("{}"), &out, &err) != MW_OK);
    mw_buf_release(&out);
}
