#include "serve/json_refusal.h"

#include "base/str.h"
#include "testing/test.h"

MW_TEST(json_refusals_show_what_was_given) {
    static const struct {
        const char *json, *shown;
    } cases[] = {
        {"\"12\"", "\"12\""},
        {"12", "12"},
        {"-12", "-12"},
        {"18446744073709551615", "18446744073709551615"},
        {"1.5e300", "1.5e+300"},
        {"true", "true"},
        {"null", "null"},
        {"{\"a\": 1}", "an object"},
        {"[1, 2]", "an array"},
        {"\"two\\nlines \\\"quoted\\\"\"", "\"two\\nlines \\\"quoted\\\"\""},
        {"\"123456789 123456789 123456789 123456789 123456789 123456789 1234567890\"",
         "\"123456789 123456789 123456789 123456789 123456789 123456789 1234\" ..."},
        {"\"123456789 123456789 123456789 123456789 123456789 123456789 123\xc3\xa4 and so on\"",
         "\"123456789 123456789 123456789 123456789 123456789 123456789 123\" ..."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err;
        mw_str json = mw_str_of(cases[i].json);
        yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
        MW_CHECK_STATUS(mw_json_refuse(yyjson_doc_get_root(doc), "must be it", &err), MW_INVALID);
        mw_str told = mw_str_of(err.message);
        MW_CHECK(mw_str_starts(told, MW_STR("must be it, got ")));
        MW_CHECK_EQUAL_STR(mw_str_slice(told, 16, told.size), cases[i].shown);
        yyjson_doc_free(doc);
    }
    mw_error err;
    MW_CHECK_STATUS(mw_json_refuse(NULL, "why: must be a text", &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "why: must be a text, got nothing");
}
