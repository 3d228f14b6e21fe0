#include "base/calendar.h"
#include "base/json.h"
#include "testing/test.h"

#include <math.h>

static mw_buf buf;

static mw_json begin(void) {
    mw_buf_release(&buf);
    mw_buf_init(&buf, 4096);
    return mw_json_begin(&buf);
}

MW_TEST(json_places_commas_wherever_things_nest) {
    mw_json json = begin();
    mw_json_object(&json);
    mw_json_key(&json, "empty");
    mw_json_array(&json);
    mw_json_array_end(&json);
    mw_json_key_str(&json, MW_STR("rows"));
    mw_json_array(&json);
    for (int i = 0; i < 2; i++) {
        mw_json_object(&json);
        mw_json_key(&json, "i");
        mw_json_int(&json, i);
        mw_json_key(&json, "ok");
        mw_json_bool(&json, i == 0);
        mw_json_object_end(&json);
    }
    mw_json_null(&json);
    mw_json_raw(&json, MW_STR("[1]"));
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), "{\"empty\":[],\"rows\":[{\"i\":0,\"ok\":true},"
                                         "{\"i\":1,\"ok\":false},null,[1]]}");
}

MW_TEST(json_puts_members_as_keys_and_values) {
    mw_json json = begin();
    mw_json_object(&json);
    mw_json_put_text(&json, "text", "a");
    mw_json_put_str(&json, "str", MW_STR("b"));
    mw_json_put_number(&json, "number", 0.5);
    mw_json_put_number(&json, "none", NAN);
    mw_json_put_int(&json, "int", -3);
    mw_json_put_count(&json, "count", 7);
    mw_json_put_bool(&json, "bool", true);
    mw_json_put_time(&json, "time", 0);
    mw_json_object_end(&json);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf),
                       "{\"text\":\"a\",\"str\":\"b\",\"number\":0.5,\"none\":null,\"int\":-3,"
                       "\"count\":7,\"bool\":true,\"time\":\"1970-01-01T00:00:00Z\"}");
}

MW_TEST(json_writes_numbers_and_times_or_null) {
    mw_json json = begin();
    mw_json_array(&json);
    mw_json_number(&json, 0.1);
    mw_json_number(&json, 3);
    mw_json_number(&json, NAN);
    mw_json_number(&json, -INFINITY);
    mw_json_int(&json, INT64_MIN);
    mw_json_time(&json, 0);
    mw_json_time(&json, MW_TIME_MISSING);
    mw_json_array_end(&json);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), "[0.1,3,null,null,-9223372036854775808,"
                                         "\"1970-01-01T00:00:00Z\",null]");
}

static void check_text(mw_str text, const char *expected) {
    mw_json json = begin();
    mw_json_str(&json, text);
    MW_CHECK_EQUAL_STR(mw_buf_str(&buf), expected);
}

MW_TEST(json_escapes_what_must_be_and_nothing_else) {
    check_text(MW_STR(""), "\"\"");
    check_text(MW_STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    check_text(MW_STR("\n\r\t\0\x1f\x7f"), "\"\\n\\r\\t\\u0000\\u001f\x7f\"");
    check_text(MW_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
               "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

#define BAD "\xef\xbf\xbd"

MW_TEST(json_replaces_each_byte_that_is_not_utf8) {
    check_text(MW_STR("a\xff""b"), "\"a" BAD "b\"");
    check_text(MW_STR("\xc3"), "\"" BAD "\"");                           /* cut off */
    check_text(MW_STR("\xe2\x82"), "\"" BAD BAD "\"");
    check_text(MW_STR("\xc0\x80"), "\"" BAD BAD "\"");                   /* longer than needed */
    check_text(MW_STR("\xe0\x80\x80"), "\"" BAD BAD BAD "\"");
    check_text(MW_STR("\xf0\x80\x80\x80"), "\"" BAD BAD BAD BAD "\"");
    check_text(MW_STR("\xed\xa0\x80"), "\"" BAD BAD BAD "\"");           /* a surrogate */
    check_text(MW_STR("\xf4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\"");   /* past U+10FFFF */
    check_text(MW_STR("\xf4\x8f\xbf\xbf\xee\x80\x80"), "\"\xf4\x8f\xbf\xbf\xee\x80\x80\"");
}

static mw_status write_much(void *context) {
    mw_json json = begin();
    mw_json_array(&json);
    for (int i = 0; i < 200; i++) mw_json_text(&json, "some text");
    mw_json_array_end(&json);
    mw_status status = mw_buf_check(&buf, "json", context);
    mw_buf_release(&buf);
    return status;
}

MW_TEST(json_survives_every_failed_allocation) {
    mw_buf_release(&buf);
    MW_CHECK(mw_test_every_allocation_fails(write_much, NULL) > 1);
}
