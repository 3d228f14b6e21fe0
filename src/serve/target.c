#include "serve/target.h"

#include <string.h>

/* Past the authority of an absolute target, whose host a server with one name need not read. */
static mw_str without_authority(mw_str text, mw_str scheme) {
    mw_str rest = mw_str_slice(text, scheme.size, text.size);
    size_t end = 0;
    while (end < rest.size && rest.data[end] != '/' && rest.data[end] != '?') end++;
    return mw_str_slice(rest, end, rest.size);
}

bool mw_target_parse(mw_str text, mw_target *out_target) {
    bool absolute = true;
    if (mw_str_starts(text, MW_STR("http://"))) text = without_authority(text, MW_STR("http://"));
    else if (mw_str_starts(text, MW_STR("https://")))
        text = without_authority(text, MW_STR("https://"));
    else absolute = false;
    if (text.size > 0 && memchr(text.data, '#', text.size)) return false;

    mw_target target = {MW_STR(""), MW_STR("")};
    mw_str rest = text;
    if (!mw_str_split(&rest, '?', &target.path)) return false;
    if (rest.data) target.query = rest;
    if (absolute && target.path.size == 0) target.path = MW_STR("/");
    bool whole_server = !absolute && mw_str_is(text, "*");
    if (!whole_server && !mw_str_starts(target.path, MW_STR("/"))) return false;
    *out_target = target;
    return true;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool unescape(mw_str escaped, bool plus_is_blank, char *bytes, size_t size_max,
                     mw_str *out_text) {
    size_t size = 0;
    for (size_t i = 0; i < escaped.size; i++) {
        char c = escaped.data[i];
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            if (escaped.size - i < 3) return false;
            int high = hex_digit(escaped.data[i + 1]), low = hex_digit(escaped.data[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (size == size_max) return false;
        bytes[size++] = c;
    }
    *out_text = (mw_str){bytes, size};
    return true;
}

bool mw_target_unescape(mw_str escaped, char *bytes, size_t size_max, mw_str *out_text) {
    return unescape(escaped, false, bytes, size_max, out_text);
}

bool mw_target_unescape_query(mw_str escaped, char *bytes, size_t size_max, mw_str *out_text) {
    return unescape(escaped, true, bytes, size_max, out_text);
}
