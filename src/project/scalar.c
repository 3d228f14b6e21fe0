#include "project/scalar.h"

#include "lang/lexer.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool mw_scalar_is_name(mw_str text) {
    if (text.size == 0 || text.size > MW_NAME_SIZE_MAX || is_digit(text.data[0])) return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '_') return false;
    }
    return true;
}

static bool is_zone_part(mw_str part) {
    if (part.size == 0 || part.data[0] == '-') return false;
    for (size_t i = 0; i < part.size; i++) {
        char c = part.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-' && c != '+') return false;
    }
    return true;
}

bool mw_scalar_is_zone(mw_str text) {
    if (text.size == 0 || text.size > MW_NAME_SIZE_MAX || !is_letter(text.data[0])) return false;
    mw_str rest = text, part;
    while (mw_str_split(&rest, '/', &part))
        if (!is_zone_part(part)) return false;
    return true;
}

bool mw_scalar_span(mw_str text, int64_t *out_us) {
    int64_t us;
    if (!mw_span_parse(text, &us) || us < 0 || us > MW_SPAN_MAX_US) return false;
    *out_us = us;
    return true;
}

bool mw_scalar_size(mw_str text, uint64_t *out_bytes) {
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    const uint64_t bytes_max = UINT64_C(1000000000000000);
    uint64_t unit_bytes = 1;
    int64_t count;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        unit_bytes *= 1000;
        if (!mw_str_ends(text, mw_str_of(units[i]))) continue;
        mw_str digits = mw_str_trim(mw_str_slice(text, 0, text.size - 2));
        if (!mw_str_to_int64(digits, &count) || count <= 0 ||
            (uint64_t)count > bytes_max / unit_bytes)
            return false;
        *out_bytes = (uint64_t)count * unit_bytes;
        return true;
    }
    return false;
}

bool mw_scalar_share(mw_str text, double *out_share) {
    double percent;
    if (!mw_str_ends(text, MW_STR("%"))) return false;
    if (!mw_str_to_double(mw_str_slice(text, 0, text.size - 1), &percent)) return false;
    if (!(percent >= 0 && percent <= 100)) return false;
    *out_share = percent / 100;
    return true;
}

bool mw_scalar_is_action_rule(mw_str text) {
    mw_str rest = text, word;
    if (!mw_str_split(&rest, ' ', &word) || !mw_scalar_is_name(word) || mw_str_is(word, "case"))
        return false;
    while (mw_str_split(&rest, ' ', &word))
        if (word.size > 0) return mw_str_is(word, "when");
    return false;
}
