#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mw_base64_append(mw_buf *out, mw_str bytes) {
    const unsigned char *at = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t three = (uint32_t)at[i] << 16;
        if (left > 1) three |= (uint32_t)at[i + 1] << 8;
        if (left > 2) three |= at[i + 2];
        char four[] = {digits[three >> 18], digits[three >> 12 & 63], '=', '='};
        if (left > 1) four[2] = digits[three >> 6 & 63];
        if (left > 2) four[3] = digits[three & 63];
        mw_buf_append(out, four, sizeof four);
    }
}

/* 64 for what is no digit. */
static uint32_t value_of(char c) {
    if (c >= 'A' && c <= 'Z') return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z') return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9') return (uint32_t)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Bits that stand for nothing must be zero, so that bytes have one text. */
static bool decode_four(const char *four, bool is_last, mw_buf *out) {
    size_t padding = !is_last || four[3] != '=' ? 0 : four[2] == '=' ? 2 : 1;
    uint32_t three = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? value_of(four[i]) : 0;
        if (value == 64) return false;
        three = three << 6 | value;
    }
    if (padding > 0 && (three & ((1u << 8 * padding) - 1)) != 0) return false;
    const char bytes[] = {(char)(three >> 16), (char)(three >> 8), (char)three};
    mw_buf_append(out, bytes, 3 - padding);
    return !out->failed;
}

bool mw_base64_decode(mw_str text, mw_buf *out) {
    if (text.size % 4 != 0) return false;
    for (size_t i = 0; i < text.size; i += 4)
        if (!decode_four(text.data + i, i + 4 == text.size, out)) return false;
    return true;
}
