#include "serve/trace.h"

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

/* A later version may have more fields behind these. */
static bool has_end(unsigned char version, mw_str rest) {
    enum { FORBIDDEN = 0xff };
    if (version == FORBIDDEN) return false;
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
