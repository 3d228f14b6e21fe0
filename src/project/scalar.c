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

/* --- forms of words ------------------------------------------------------------------------- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The first word, and what is behind it. */
static bool take_word(mw_str *rest, mw_str *out_word) {
    *rest = mw_str_trim(*rest);
    size_t size = 0;
    while (size < rest->size && !is_blank(rest->data[size])) size++;
    *out_word = mw_str_slice(*rest, 0, size);
    *rest = mw_str_trim(mw_str_slice(*rest, size, rest->size));
    return size > 0;
}

static bool is_word_of(mw_str word, mw_str form) {
    int64_t number;
    if (mw_str_is(form, "NAME")) return mw_scalar_is_name(word);
    if (mw_str_is(form, "N")) return mw_str_to_int64(word, &number) && number > 0;
    if (mw_str_is(form, "SPAN")) return mw_scalar_span(word, &number) && number > 0;
    return mw_str_equal(word, form);
}

/* Whether the text is these words: NAME, N (1 or more) and SPAN stand for such. */
static bool is_of_form(mw_str text, const char *form) {
    mw_str forms = mw_str_of(form), wanted, word;
    while (take_word(&forms, &wanted))
        if (!take_word(&text, &word) || !is_word_of(word, wanted)) return false;
    return text.size == 0;
}

bool mw_scalar_is_rate(mw_str text) { return is_of_form(text, "N per SPAN"); }
bool mw_scalar_is_per_positive(mw_str text) { return is_of_form(text, "N per positive"); }
bool mw_scalar_is_key_over(mw_str text) { return is_of_form(text, "NAME over SPAN"); }

/* What stands before the last "at most N per SPAN"; nothing where that is written otherwise. */
static mw_str before_limit(mw_str text) {
    for (size_t at = text.size; at-- > 0;) {
        mw_str rest = mw_str_slice(text, at, text.size), words = rest, first, second;
        if (!is_blank(text.data[at]) || !take_word(&words, &first) || !mw_str_is(first, "at") ||
            !take_word(&words, &second) || !mw_str_is(second, "most") || words.size == 0)
            continue;
        return mw_str_slice(text, 0, is_of_form(rest, "at most N per SPAN") ? at : 0);
    }
    return text;
}

mw_str mw_scalar_decision_condition(mw_str text) {
    mw_str rest = before_limit(mw_str_trim(text)), name, when;
    bool has_one = take_word(&rest, &name) && mw_scalar_is_name(name) && take_word(&rest, &when) &&
                   mw_str_is(when, "when");
    return has_one ? rest : (mw_str){NULL, 0};
}

bool mw_scalar_is_decision(mw_str text) {
    mw_str rest = before_limit(mw_str_trim(text));
    return is_of_form(rest, "top N") || is_of_form(rest, "NAME") ||
           mw_scalar_decision_condition(text).size > 0;
}

bool mw_scalar_is_output(mw_str text) {
    int64_t percent;
    if (mw_str_is(text, "mean")) return true;
    return mw_str_starts(text, MW_STR("p")) &&
           mw_str_to_int64(mw_str_slice(text, 1, text.size), &percent) && percent > 0 &&
           percent < 100;
}

bool mw_scalar_is_external(mw_str text) {
    static const char before[] = "external(";
    if (!mw_str_starts(text, mw_str_of(before)) || !mw_str_ends(text, MW_STR(")"))) return false;
    mw_str rest = mw_str_slice(text, sizeof before - 1, text.size - 1), stream, field;
    if (!mw_str_split(&rest, '.', &stream) || !mw_str_split(&rest, '.', &field)) return false;
    return mw_scalar_is_name(stream) && mw_scalar_is_name(field) && rest.size == 0;
}
