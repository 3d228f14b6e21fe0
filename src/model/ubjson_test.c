#include "model/ubjson.h"

#include "testing/test.h"

#include <string.h>

/* The JSON of the bytes, or why there is none. */
static mw_status rewrite(mw_str bytes, mw_buf *out, mw_error *err) {
    mw_buf_clear(out);
    return mw_ubjson_to_json(bytes, out, err);
}

MW_TEST(ubjson_becomes_the_same_json) {
    const struct {
        mw_str bytes;
        const char *json;
    } cases[] = {
        {MW_STR("Z"), "null"},
        {MW_STR("i\xff"), "-1"},
        {MW_STR("U\xff"), "255"},
        {MW_STR("I\x80\x01"), "-32767"},
        {MW_STR("l\xff\xff\xff\xfe"), "-2"},
        {MW_STR("L\x00\x00\x00\x01\x00\x00\x00\x00"), "4294967296"},
        {MW_STR("d\x3f\x00\x00\x00"), "0.5"},
        {MW_STR("d\x80\x00\x00\x00"), "-0.0"},
        {MW_STR("d\x3d\xcc\xcc\xcd"), "0.10000000149011612"},
        {MW_STR("d\x7f\xc0\x00\x00"), "NaN"},
        {MW_STR("d\xff\x80\x00\x00"), "-Infinity"},
        {MW_STR("D\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1"},
        {MW_STR("SU\x02hi"), "\"hi\""},
        {MW_STR("[]"), "[]"},
        {MW_STR("[TFZ]"), "[true,false,null]"},
        {MW_STR("[#U\x02[]i\x07"), "[[],7]"},
        {MW_STR("[$U#U\x03\x01\x02\x03"), "[1,2,3]"},
        {MW_STR("[$d#L\x00\x00\x00\x00\x00\x00\x00\x01\x3f\x80\x00\x00"), "[1]"},
        {MW_STR("{U\x01" "aTU\x01" "b{}}"), "{\"a\":true,\"b\":{}}"},
        {MW_STR("{#U\x01U\x01" "aT"), "{\"a\":true}"},
    };
    mw_buf out;
    mw_buf_init(&out, 1 << 12);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err;
        MW_CHECK_OK(rewrite(cases[i].bytes, &out, &err), &err);
        MW_CHECK_EQUAL_STR((const char *)out.data, cases[i].json);
        for (size_t size = 0; size < cases[i].bytes.size; size++)
            MW_CHECK_STATUS(rewrite(mw_str_slice(cases[i].bytes, 0, size), &out, NULL),
                            MW_MALFORMED);
    }
    mw_buf_release(&out);
}

MW_TEST(ubjson_names_the_rule_and_the_place) {
    const struct {
        mw_str bytes;
        const char *message;
    } cases[] = {
        {MW_STR(""), "ubjson: byte 0: the bytes end too early"},
        {MW_STR("ZZ"), "ubjson: byte 1: one value must be all"},
        {MW_STR("["), "ubjson: byte 1: the bytes end too early"},
        {MW_STR("q"), "ubjson: byte 1: a value must stand here"},
        {MW_STR("{U\x01" "aq}"), "ubjson: byte 5: a value must stand here"},
        {MW_STR("SZ"), "ubjson: byte 2: a whole number must stand here"},
        {MW_STR("Si\xff"), "ubjson: byte 3: a length must not exceed the bytes that follow"},
        {MW_STR("[#l\x7f\xff\xff\xff"),
         "ubjson: byte 7: a length must not exceed the bytes that follow"},
        {MW_STR("[$S#i\x01"), "ubjson: byte 3: the items of a typed array must be numbers"},
        {MW_STR("[$U\x01"), "ubjson: byte 3: a typed array must say its length"},
    };
    mw_buf out;
    mw_buf_init(&out, 1 << 12);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err;
        MW_CHECK_STATUS(rewrite(cases[i].bytes, &out, &err), MW_MALFORMED);
        MW_CHECK_EQUAL_STR((const char *)err.message, cases[i].message);
    }
    char deep[MW_UBJSON_DEPTH_MAX + 1];
    mw_error err;
    memset(deep, '[', sizeof deep);
    MW_CHECK_STATUS(rewrite((mw_str){deep, sizeof deep}, &out, &err), MW_MALFORMED);
    MW_CHECK(strstr(err.message, "values nest too deep"));
    mw_buf_release(&out);
}

static mw_status rewrite_once(void *context) {
    (void)context;
    mw_buf out;
    mw_buf_init(&out, 1 << 12);
    mw_status status = rewrite(MW_STR("[TFZ]"), &out, NULL);
    mw_buf_release(&out);
    return status;
}

MW_TEST(ubjson_survives_every_shortage_of_memory) {
    MW_CHECK(mw_test_every_allocation_fails(rewrite_once, NULL) > 0);
}
