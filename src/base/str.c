#include "base/str.h"

#include "base/shortest.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern inline bool mw_str_equal(mw_str a, mw_str b);
extern inline void mw_buf_append(mw_buf *buf, const void *bytes, size_t size);
extern inline void mw_buf_append_str(mw_buf *buf, mw_str s);
extern inline void mw_buf_append_text(mw_buf *buf, const char *text);
extern inline void mw_buf_append_char(mw_buf *buf, char c);

mw_str mw_str_of(const char *text) {
    return text ? (mw_str){text, strlen(text)} : MW_STR("");
}

static char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

bool mw_str_equal_but_for_case(mw_str a, mw_str b) {
    bool is_equal = a.size == b.size;
    for (size_t i = 0; is_equal && i < a.size; i++) is_equal = lower(a.data[i]) == lower(b.data[i]);
    return is_equal;
}

bool mw_str_is(mw_str a, const char *text) {
    return mw_str_equal(a, mw_str_of(text));
}

int mw_str_compare(mw_str a, mw_str b) {
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

bool mw_str_starts(mw_str s, mw_str prefix) {
    return s.size >= prefix.size && mw_str_equal((mw_str){s.data, prefix.size}, prefix);
}

bool mw_str_ends(mw_str s, mw_str suffix) {
    return s.size >= suffix.size &&
           mw_str_equal(mw_str_slice(s, s.size - suffix.size, s.size), suffix);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

mw_str mw_str_trim(mw_str s) {
    size_t from = 0, to = s.size;
    while (from < to && is_blank(s.data[from])) from++;
    while (to > from && is_blank(s.data[to - 1])) to--;
    return mw_str_slice(s, from, to);
}

mw_str mw_str_slice(mw_str s, size_t from, size_t to) {
    if (to > s.size) to = s.size;
    if (from > to) from = to;
    return (mw_str){from > 0 ? s.data + from : s.data, to - from};
}

bool mw_str_split(mw_str *rest, char separator, mw_str *out_piece) {
    if (!rest->data) return false;
    const char *cut = memchr(rest->data, separator, rest->size);
    size_t size = cut ? (size_t)(cut - rest->data) : rest->size;
    *out_piece = (mw_str){rest->data, size};
    *rest = cut ? (mw_str){cut + 1, rest->size - size - 1} : (mw_str){NULL, 0};
    return true;
}

mw_str mw_str_copy(mw_arena *arena, mw_str s) {
    char *copy = mw_arena_copy(arena, s.data, s.size);
    return (mw_str){copy, copy ? s.size : 0};
}

/* A number's text taken apart: sign, digits with a point among them, exponent. */
typedef struct {
    bool negative;
    bool is_short;     /* all its digits are in `mantissa` */
    uint64_t mantissa; /* the digits as an integer, without the point */
    int64_t exponent;  /* value = mantissa * 10^exponent */
} decimal;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Reads an exponent at `*at`, after its "e". Far out of range stays far out of range. */
static bool exponent_read(mw_str s, size_t *at, int64_t *exponent) {
    enum { EXPONENT_FAR = 100000 };
    size_t i = *at;
    bool negative = i < s.size && s.data[i] == '-';
    if (i < s.size && (s.data[i] == '-' || s.data[i] == '+')) i++;
    size_t first = i;
    int64_t value = 0;
    for (; i < s.size && is_digit(s.data[i]); i++)
        if (value < EXPONENT_FAR) value = value * 10 + (s.data[i] - '0');
    *exponent += negative ? -value : value;
    *at = i;
    return i > first;
}

static bool decimal_read(mw_str s, decimal *out) {
    const uint64_t mantissa_max = (UINT64_MAX - 9) / 10;
    decimal d = {.is_short = true};
    size_t i = 0, digit_count = 0;
    bool past_point = false;
    if (s.size > 0 && (s.data[0] == '-' || s.data[0] == '+')) d.negative = s.data[i++] == '-';
    for (; i < s.size && (is_digit(s.data[i]) || (s.data[i] == '.' && !past_point)); i++) {
        if (s.data[i] == '.') {
            past_point = true;
            continue;
        }
        digit_count++;
        if (d.mantissa > mantissa_max) d.is_short = false;
        else d.mantissa = d.mantissa * 10 + (uint64_t)(s.data[i] - '0');
        d.exponent -= past_point;
    }
    if (digit_count == 0) return false;
    if (i < s.size && (s.data[i] == 'e' || s.data[i] == 'E')) {
        i++;
        if (!exponent_read(s, &i, &d.exponent)) return false;
    }
    *out = d;
    return i == s.size;
}

/* Both factors exact, one rounding: right without further thought (W. D. Clinger, 1990). */
static bool decimal_is_exact(const decimal *d) {
    return d->is_short && d->mantissa <= UINT64_C(1) << 53 && d->exponent >= -22 &&
           d->exponent <= 22;
}

static double decimal_value(const decimal *d) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double digits = (double)d->mantissa;
    double value = d->exponent < 0 ? digits / powers[-d->exponent] : digits * powers[d->exponent];
    return d->negative ? -value : value;
}

bool mw_str_to_double(mw_str s, double *out_value) {
    decimal d;
    if (s.size > MW_NUMBER_TEXT_MAX || !decimal_read(s, &d)) return false;
    if (decimal_is_exact(&d)) {
        *out_value = decimal_value(&d);
        return true;
    }
    char text[MW_NUMBER_TEXT_MAX + 1];
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    double value = strtod(text, NULL);
    if (!isfinite(value)) return false;
    *out_value = value;
    return true;
}

bool mw_str_to_int64(mw_str s, int64_t *out_value) {
    bool negative = s.size > 0 && s.data[0] == '-';
    size_t i = negative || (s.size > 0 && s.data[0] == '+') ? 1 : 0;
    if (i == s.size) return false;
    int64_t value = 0; /* kept negative, where there is one more number */
    for (; i < s.size; i++) {
        if (!is_digit(s.data[i])) return false;
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_sub_overflow(value, s.data[i] - '0', &value)) return false;
    }
    if (!negative && value == INT64_MIN) return false;
    *out_value = negative ? value : -value;
    return true;
}

uint32_t mw_read_u32(mw_reader *reader) {
    mw_str bytes = mw_read_bytes(reader, sizeof(uint32_t));
    return bytes.size > 0 ? mw_u32_at(bytes.data) : 0;
}

uint64_t mw_read_u64(mw_reader *reader) {
    mw_str bytes = mw_read_bytes(reader, sizeof(uint64_t));
    return bytes.size > 0 ? mw_u64_at(bytes.data) : 0;
}

double mw_read_double(mw_reader *reader) {
    uint64_t bits = mw_read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

mw_str mw_read_bytes(mw_reader *reader, size_t size) {
    if (reader->failed || size > reader->rest.size) {
        *reader = (mw_reader){.rest = MW_STR(""), .failed = true};
        return MW_STR("");
    }
    mw_str bytes = mw_str_slice(reader->rest, 0, size);
    reader->rest = mw_str_slice(reader->rest, size, reader->rest.size);
    return bytes;
}

void mw_buf_init(mw_buf *buf, size_t size_max) {
    *buf = (mw_buf){.size_max = size_max < SIZE_MAX ? size_max : SIZE_MAX - 1};
}

/* Room for `size` more bytes and the NUL behind them. */
static bool buf_reserve(mw_buf *buf, size_t size) {
    if (buf->failed) return false;
    if (size < buf->capacity - buf->size) return true; /* as a rule; never without memory */
    if (size > buf->size_max - buf->size) {
        buf->failed = true;
        return false;
    }
    if (mw_grow((void **)&buf->data, &buf->capacity, buf->size + size + 1, 1, buf->size_max + 1))
        return true;
    buf->failed = buf->out_of_memory = true;
    return false;
}

void mw_buf_append_slowly(mw_buf *buf, const void *bytes, size_t size) {
    if (size == 0 || !buf_reserve(buf, size)) return;
    memcpy(buf->data + buf->size, bytes, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void mw_buf_printf(mw_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    MW_ASSERT(size >= 0);
    if (!buf_reserve(buf, (size_t)size)) return;
    va_start(args, format);
    vsnprintf(buf->data + buf->size, (size_t)size + 1, format, args);
    va_end(args);
    buf->size += (size_t)size;
}

/* Of a record most bytes are appended by these two: as stores, not by a call. */
#define AS_STORES __attribute__((flatten))

AS_STORES void mw_buf_append_u32(mw_buf *buf, uint32_t value) {
    unsigned char bytes[4];
    for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(value >> 8 * i);
    mw_buf_append(buf, bytes, sizeof bytes);
}

AS_STORES void mw_buf_append_u64(mw_buf *buf, uint64_t value) {
    const unsigned char bytes[] = {
        (unsigned char)value,         (unsigned char)(value >> 8),  (unsigned char)(value >> 16),
        (unsigned char)(value >> 24), (unsigned char)(value >> 32), (unsigned char)(value >> 40),
        (unsigned char)(value >> 48), (unsigned char)(value >> 56)}; /* compilers make one store */
    mw_buf_append(buf, bytes, sizeof bytes);
}

void mw_buf_append_double(mw_buf *buf, double value) {
    char text[MW_DOUBLE_TEXT_SIZE];
    mw_buf_append(buf, text, mw_double_write(value, text));
}

void mw_buf_append_int(mw_buf *buf, int64_t value) {
    char text[MW_DOUBLE_TEXT_SIZE];
    mw_buf_append(buf, text, mw_int_write(value, text));
}

mw_str mw_buf_str(const mw_buf *buf) {
    return buf->data ? (mw_str){buf->data, buf->size} : MW_STR("");
}

mw_status mw_buf_check(const mw_buf *buf, const char *what, mw_error *err) {
    if (!buf->failed) return MW_OK;
    if (buf->out_of_memory) return mw_fail(err, MW_NO_MEMORY, "%s: no memory is left", what);
    return mw_fail(err, MW_TOO_LARGE, "%s: must be at most %zu bytes, got more", what,
                   buf->size_max);
}

void mw_buf_drop(mw_buf *buf, size_t size) {
    MW_ASSERT(size <= buf->size);
    if (size == 0) return;
    buf->size -= size;
    memmove(buf->data, buf->data + size, buf->size + 1); /* with the NUL */
}

void mw_buf_clear(mw_buf *buf) {
    buf->size = 0;
    buf->failed = buf->out_of_memory = false;
    if (buf->data) buf->data[0] = '\0';
}

void mw_buf_release(mw_buf *buf) {
    mw_free(buf->data);
    mw_buf_init(buf, buf->size_max);
}
