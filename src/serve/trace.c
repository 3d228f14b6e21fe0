#include "serve/trace.h"

#include <string.h>

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* capitals are not allowed there */
}

/* The next field of the header, and the dash behind it unless it is the last. */
static bool read_field(mw_str *rest, unsigned char *out, size_t size, bool is_last) {
    if (rest->size < 2 * size + !is_last) return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit_of(rest->data[2 * i]), low = digit_of(rest->data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    if (!is_last && rest->data[2 * size] != '-') return false;
    *rest = mw_str_slice(*rest, 2 * size + !is_last, rest->size);
    return true;
}

static bool is_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* A later version may have more fields behind these, but no second line. */
static bool has_end(unsigned char version, mw_str rest) {
    enum { FORBIDDEN = 0xff };
    if (version == FORBIDDEN || memchr(rest.data, ',', rest.size)) return false;
    return rest.size == 0 || (version > 0 && rest.data[0] == '-');
}

mw_trace mw_trace_parse(mw_str header) {
    mw_trace trace = {.is_known = false};
    unsigned char version = 0;
    mw_str rest = header.data ? header : MW_STR("");
    trace.is_known = read_field(&rest, &version, 1, false) &&
                     read_field(&rest, trace.id, MW_TRACE_ID_SIZE, false) &&
                     read_field(&rest, trace.span, MW_TRACE_SPAN_SIZE, false) &&
                     read_field(&rest, &trace.flags, 1, true) && has_end(version, rest) &&
                     !is_zero(trace.id, MW_TRACE_ID_SIZE) &&
                     !is_zero(trace.span, MW_TRACE_SPAN_SIZE);
    return trace;
}

static char *write_hex(char *at, const unsigned char *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

void mw_trace_write(const mw_trace *trace, char out_text[MW_TRACE_TEXT_SIZE + 1]) {
    static const unsigned char version = 0;
    char *at = write_hex(out_text, &version, 1);
    *at++ = '-';
    at = write_hex(at, trace->id, MW_TRACE_ID_SIZE);
    *at++ = '-';
    at = write_hex(at, trace->span, MW_TRACE_SPAN_SIZE);
    *at++ = '-';
    at = write_hex(at, &trace->flags, 1);
    *at = '\0';
}

/* --- tracestate: KEY=VALUE, KEY=VALUE ----------------------------------------------------- */

enum {
    KEY_SIZE_MAX = 256,
    TENANT_SIZE_MAX = 241, /* of a key TENANT@SYSTEM */
    SYSTEM_SIZE_MAX = 14,
    VALUE_SIZE_MAX = 256,
    LONG_MEMBER_SIZE = 128, /* longer ones are the first to go */
};

typedef struct {
    mw_str items[MW_TRACE_MEMBERS_MAX];
    size_t count;
} members;

static bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_name(mw_str name, size_t size_max, bool may_begin_with_digit) {
    if (name.size == 0 || name.size > size_max) return false;
    if (!is_letter(name.data[0]) && !(may_begin_with_digit && is_digit(name.data[0]))) return false;
    for (size_t i = 1; i < name.size; i++)
        if (!is_letter(name.data[i]) && !is_digit(name.data[i]) && !memchr("_-*/", name.data[i], 4))
            return false;
    return true;
}

static bool is_key(mw_str key) {
    const char *at = memchr(key.data, '@', key.size);
    if (!at) return is_name(key, KEY_SIZE_MAX, false);
    size_t size = (size_t)(at - key.data);
    return is_name(mw_str_slice(key, 0, size), TENANT_SIZE_MAX, true) &&
           is_name(mw_str_slice(key, size + 1, key.size), SYSTEM_SIZE_MAX, false);
}

/* Of what can be printed all but ',', at which members are cut, and '='. */
static bool is_value(mw_str value) {
    if (value.size == 0 || value.size > VALUE_SIZE_MAX) return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '=') return false;
    return true;
}

static bool add_member(members *all, mw_str member) {
    mw_str value = member, key, other;
    if (all->count == MW_TRACE_MEMBERS_MAX) return false;
    if (!mw_str_split(&value, '=', &key) || !is_key(key) || !is_value(value)) return false;
    for (size_t i = 0; i < all->count; i++) {
        mw_str rest = all->items[i];
        if (mw_str_split(&rest, '=', &other) && mw_str_equal(other, key)) return false;
    }
    all->items[all->count++] = member;
    return true;
}

static size_t joined_size(const members *all) {
    size_t size = all->count > 0 ? all->count - 1 : 0;
    for (size_t i = 0; i < all->count; i++) size += all->items[i].size;
    return size;
}

/* From the end, those that are longer than `size`, until all that are left fit. */
static void drop_longer(members *all, size_t size) {
    for (size_t i = all->count; i-- > 0 && joined_size(all) > MW_TRACE_STATE_SIZE_MAX;) {
        if (all->items[i].size <= size) continue;
        all->count--;
        memmove(&all->items[i], &all->items[i + 1], (all->count - i) * sizeof *all->items);
    }
}

mw_str mw_trace_state(mw_str header, char out_text[MW_TRACE_STATE_SIZE_MAX]) {
    members all = {.count = 0};
    mw_str rest = header, member;
    while (mw_str_split(&rest, ',', &member)) {
        member = mw_str_trim(member);
        if (member.size > 0 && !add_member(&all, member)) return MW_STR("");
    }
    drop_longer(&all, LONG_MEMBER_SIZE);
    drop_longer(&all, 0);
    size_t size = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (i > 0) out_text[size++] = ',';
        memcpy(out_text + size, all.items[i].data, all.items[i].size);
        size += all.items[i].size;
    }
    return (mw_str){out_text, size};
}
