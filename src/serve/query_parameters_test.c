#include "serve/query_parameters.h"

#include "testing/test.h"

MW_TEST(query_parameters_gives_parameters_by_name) {
    static mw_query_parameter p[3];
    mw_error err;
    p[0].name = "event", p[1].name = "model", p[2].name = "explain";
    mw_str query = MW_STR("model=la%74e&&event=a+b%7Cc=d&");
    MW_CHECK_OK(mw_query_parameters_read(query, p, 3, &err), &err);
    MW_CHECK_EQUAL_STR(p[0].text, "a b|c=d");
    MW_CHECK_EQUAL_STR(p[1].text, "late");
    MW_CHECK(p[0].is_given && p[1].is_given && !p[2].is_given && p[2].text.size == 0);
}

MW_TEST(query_parameters_refuses_what_it_does_not_know) {
    static const struct {
        const char *query;
        mw_status status;
        const char *message, *hint;
    } cases[] = {
        {"event=7&modle=late", MW_INVALID, "query: has no \"modle\"", "Did you mean model?"},
        {"Event", MW_INVALID, "query: has no \"Event\"", "Did you mean event?"},
        {"=7", MW_INVALID, "query: has no \"\"", ""},
        {"event=1&event=2", MW_INVALID, "event: must be given once", ""},
        {"event=%zz", MW_MALFORMED, "event: is wrongly escaped or too long", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err = {0};
        static mw_query_parameter p[2];
        p[0] = (mw_query_parameter){.name = "event"};
        p[1] = (mw_query_parameter){.name = "model"};
        mw_status status = mw_query_parameters_read(mw_str_of(cases[i].query), p, 2, &err);
        MW_CHECK_STATUS(status, cases[i].status);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), cases[i].message);
        MW_CHECK_EQUAL_STR(mw_str_of(err.hint), cases[i].hint);
    }
}

MW_TEST(query_parameters_of_an_address_without_parameters_is_empty) {
    mw_error err = {0};
    MW_CHECK_OK(mw_query_parameters_read(MW_STR(""), NULL, 0, &err), &err);
    MW_CHECK_OK(mw_query_parameters_read(MW_STR("&&"), NULL, 0, &err), &err);
    MW_CHECK_STATUS(mw_query_parameters_read(MW_STR("x=1"), NULL, 0, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message), "query: has no \"x\"");
    MW_CHECK_EQUAL_STR(mw_str_of(err.hint), "This address takes no parameters.");
}
