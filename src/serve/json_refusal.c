#include "serve/json_refusal.h"

#include "base/json.h"

enum { SHOWN_SIZE_MAX = 8 * MW_JSON_SHOWN_MAX };

/* Never within a character: its other bytes begin with the bits 10. */
static mw_str shorten(mw_str text) {
    if (text.size <= MW_JSON_SHOWN_MAX) return text;
    size_t size = MW_JSON_SHOWN_MAX;
    while (size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80) size--;
    return mw_str_slice(text, 0, size);
}

/* A text, or a number as it was written. */
static void append_written(mw_buf *out, mw_str written, bool is_text) {
    mw_json json = mw_json_begin(out);
    mw_str shown = shorten(written);
    if (is_text) mw_json_str(&json, shown);
    else mw_buf_append_str(out, shown);
    if (shown.size < written.size) mw_buf_append_text(out, " ...");
}

static void append_value(mw_buf *out, yyjson_val *value) {
    if (yyjson_is_str(value))
        append_written(out, (mw_str){yyjson_get_str(value), yyjson_get_len(value)}, true);
    else if (yyjson_is_uint(value))
        mw_buf_printf(out, "%llu", (unsigned long long)yyjson_get_uint(value));
    else if (yyjson_is_sint(value)) mw_buf_printf(out, "%lld", (long long)yyjson_get_sint(value));
    else if (yyjson_is_raw(value))
        append_written(out, (mw_str){yyjson_get_raw(value), yyjson_get_len(value)}, false);
    else if (yyjson_is_real(value)) mw_buf_append_double(out, yyjson_get_real(value));
    else if (yyjson_is_bool(value))
        mw_buf_append_text(out, yyjson_get_bool(value) ? "true" : "false");
    else if (yyjson_is_null(value)) mw_buf_append_text(out, "null");
    else if (yyjson_is_obj(value)) mw_buf_append_text(out, "an object");
    else if (yyjson_is_arr(value)) mw_buf_append_text(out, "an array");
    else mw_buf_append_text(out, "nothing");
}

mw_status mw_json_refuse(yyjson_val *value, const char *rule, mw_error *err) {
    mw_buf shown;
    mw_buf_init(&shown, SHOWN_SIZE_MAX);
    append_value(&shown, value);
    mw_status status =
        mw_fail(err, MW_INVALID, "%s, got %.*s", rule, MW_STR_ARGS(mw_buf_str(&shown)));
    mw_buf_release(&shown);
    return status;
}
