#include "base/json.h"

#include "base/calendar.h"

#include <math.h>

mw_json mw_json_begin(mw_buf *out) {
    return (mw_json){.out = out};
}

static void before_item(mw_json *json) {
    if (json->has_item[json->depth]) mw_buf_append_char(json->out, ',');
    json->has_item[json->depth] = true;
}

static void before_value(mw_json *json) {
    if (!json->after_key) before_item(json);
    json->after_key = false;
}

static void nest(mw_json *json, char bracket) {
    before_value(json);
    mw_buf_append_char(json->out, bracket);
    MW_ASSERT(json->depth + 1 < MW_JSON_DEPTH_MAX);
    json->has_item[++json->depth] = false;
}

static void unnest(mw_json *json, char bracket) {
    MW_ASSERT(json->depth > 0);
    MW_ASSERT(!json->after_key);
    json->depth--;
    mw_buf_append_char(json->out, bracket);
}

void mw_json_object(mw_json *json) {
    nest(json, '{');
}

void mw_json_object_end(mw_json *json) {
    unnest(json, '}');
}

void mw_json_array(mw_json *json) {
    nest(json, '[');
}

void mw_json_array_end(mw_json *json) {
    unnest(json, ']');
}

static bool is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

/* The size of the well-formed UTF-8 character at `s`, 0 if there is none (Unicode, table 3-7: no
   surrogates, nothing longer than needed, nothing past U+10FFFF). `s` is not empty. */
static size_t character_size(mw_str s) {
    const unsigned char *byte = (const unsigned char *)s.data;
    if (byte[0] < 0x80) return 1;
    if (byte[0] < 0xc2 || byte[0] > 0xf4) return 0;
    size_t size = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    if (s.size < size) return 0;
    for (size_t i = 1; i < size; i++)
        if (!is_continuation(byte[i])) return 0;
    bool is_too_long = (byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xf0 && byte[1] < 0x90);
    bool is_surrogate = byte[0] == 0xed && byte[1] >= 0xa0;
    bool is_too_great = byte[0] == 0xf4 && byte[1] >= 0x90;
    return is_too_long || is_surrogate || is_too_great ? 0 : size;
}

static void append_escaped(mw_buf *out, char c) {
    switch (c) {
    case '"': mw_buf_append_text(out, "\\\""); break;
    case '\\': mw_buf_append_text(out, "\\\\"); break;
    case '\n': mw_buf_append_text(out, "\\n"); break;
    case '\r': mw_buf_append_text(out, "\\r"); break;
    case '\t': mw_buf_append_text(out, "\\t"); break;
    default: mw_buf_printf(out, "\\u%04x", (unsigned)c); break;
    }
}

static bool needs_escape(char c) {
    return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

static bool is_plain(char c) { return (signed char)c >= ' ' && c != '"' && c != '\\'; }

static void append_quoted(mw_buf *out, mw_str s) {
    mw_buf_append_char(out, '"');
    size_t plain_from = 0, i = 0; /* bytes from plain_from up to i are written as they are */
    for (;;) {
        while (i < s.size && is_plain(s.data[i])) i++;
        if (i == s.size) break;
        size_t size = character_size(mw_str_slice(s, i, s.size));
        if (size > 0 && !needs_escape(s.data[i])) {
            i += size;
            continue;
        }
        mw_buf_append_str(out, mw_str_slice(s, plain_from, i));
        if (size > 0) append_escaped(out, s.data[i]);
        else mw_buf_append_text(out, "\xef\xbf\xbd"); /* U+FFFD */
        plain_from = ++i;
    }
    mw_buf_append_str(out, mw_str_slice(s, plain_from, s.size));
    mw_buf_append_char(out, '"');
}

void mw_json_key(mw_json *json, const char *key) {
    MW_ASSERT(!json->after_key);
    before_item(json);
    mw_buf_append_char(json->out, '"');
    mw_buf_append_text(json->out, key);
    mw_buf_append(json->out, "\":", 2);
    json->after_key = true;
}

void mw_json_key_str(mw_json *json, mw_str key) {
    MW_ASSERT(!json->after_key);
    before_item(json);
    append_quoted(json->out, key);
    mw_buf_append_char(json->out, ':');
    json->after_key = true;
}

void mw_json_text(mw_json *json, const char *value) {
    mw_json_str(json, mw_str_of(value));
}

void mw_json_str(mw_json *json, mw_str value) {
    before_value(json);
    append_quoted(json->out, value);
}

void mw_json_number(mw_json *json, double value) {
    if (!isfinite(value)) {
        mw_json_null(json);
        return;
    }
    before_value(json);
    mw_buf_append_double(json->out, value);
}

void mw_json_int(mw_json *json, int64_t value) {
    before_value(json);
    mw_buf_append_int(json->out, value);
}

void mw_json_bool(mw_json *json, bool value) {
    mw_json_raw(json, value ? MW_STR("true") : MW_STR("false"));
}

void mw_json_null(mw_json *json) {
    mw_json_raw(json, MW_STR("null"));
}

void mw_json_time(mw_json *json, int64_t us) {
    if (us == MW_TIME_MISSING) {
        mw_json_null(json);
        return;
    }
    before_value(json);
    mw_buf_append_char(json->out, '"');
    mw_time_append(json->out, us);
    mw_buf_append_char(json->out, '"');
}

void mw_json_raw(mw_json *json, mw_str value) {
    before_value(json);
    mw_buf_append_str(json->out, value);
}

/* --- members ------------------------------------------------------------------------------- */

void mw_json_put_text(mw_json *json, const char *key, const char *value) {
    mw_json_key(json, key);
    mw_json_text(json, value);
}

void mw_json_put_str(mw_json *json, const char *key, mw_str value) {
    mw_json_key(json, key);
    mw_json_str(json, value);
}

void mw_json_put_number(mw_json *json, const char *key, double value) {
    mw_json_key(json, key);
    mw_json_number(json, value);
}

void mw_json_put_int(mw_json *json, const char *key, int64_t value) {
    mw_json_key(json, key);
    mw_json_int(json, value);
}

void mw_json_put_count(mw_json *json, const char *key, uint64_t value) {
    mw_json_put_int(json, key, (int64_t)value);
}

void mw_json_put_bool(mw_json *json, const char *key, bool value) {
    mw_json_key(json, key);
    mw_json_bool(json, value);
}

void mw_json_put_time(mw_json *json, const char *key, int64_t us) {
    mw_json_key(json, key);
    mw_json_time(json, us);
}
