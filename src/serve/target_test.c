#include "serve/target.h"
#include "testing/test.h"

static void check_target(const char *text, const char *path, const char *query) {
    mw_target target;
    MW_CHECK(mw_target_parse(mw_str_of(text), &target));
    MW_CHECK_EQUAL_STR(target.path, path);
    MW_CHECK_EQUAL_STR(target.query, query);
}

MW_TEST(target_has_a_path_and_a_query) {
    check_target("/", "/", "");
    check_target("/v1/models", "/v1/models", "");
    check_target("/v1/models?", "/v1/models", "");
    check_target("/v1/models?a=1&b=/x?y", "/v1/models", "a=1&b=/x?y");
    check_target("http://localhost:7070/v1?a", "/v1", "a");
    check_target("https://host", "/", "");
    check_target("http://host?a=1", "/", "a=1");
    check_target("*", "*", "");
}

MW_TEST(target_refuses_what_is_none) {
    const char *const bad[] = {"", "v1", "?a=1", "ftp://host/", "/a#b", "*x", "http://host/#"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mw_target target = {MW_STR("kept"), MW_STR("kept")};
        MW_CHECK(!mw_target_parse(mw_str_of(bad[i]), &target));
        MW_CHECK_EQUAL_STR(target.path, "kept");
    }
}

MW_TEST(target_unescapes_into_the_callers_memory) {
    char bytes[8];
    mw_str text;
    MW_CHECK(mw_target_unescape(MW_STR("a%2fB%2Fc"), bytes, sizeof bytes, &text));
    MW_CHECK_EQUAL_STR(text, "a/B/c");
    MW_CHECK(mw_target_unescape(MW_STR(""), bytes, sizeof bytes, &text));
    MW_CHECK_EQUAL_STR(text, "");
    MW_CHECK(mw_target_unescape(MW_STR("12345678"), bytes, sizeof bytes, &text));
    MW_CHECK(mw_target_unescape(MW_STR("a+b"), bytes, sizeof bytes, &text));
    MW_CHECK_EQUAL_STR(text, "a+b");
    MW_CHECK(mw_target_unescape_query(MW_STR("a+b%2Bc"), bytes, sizeof bytes, &text));
    MW_CHECK_EQUAL_STR(text, "a b+c");

    const char *const bad[] = {"%", "%2", "%zz", "%2z", "a%00", "123456789"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        MW_CHECK(!mw_target_unescape(mw_str_of(bad[i]), bytes, sizeof bytes, &text));
}
