#include "project/utf8.h"

#include <string.h>

/* Bytes of the character that `first` starts; 0: none does. */
static size_t character_size(unsigned char first) {
    if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    if (first >= 0xf0 && first <= 0xf4) return 4;
    return 0;
}

/* Rules out overlong forms, surrogates and code points past U+10FFFF, which show in byte two. */
static bool second_is_good(unsigned char first, unsigned char second) {
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

static bool is_good(const unsigned char *bytes, size_t size) {
    if (size > 1 && !second_is_good(bytes[0], bytes[1])) return false;
    for (size_t i = 2; i < size; i++)
        if ((bytes[i] & 0xc0) != 0x80) return false;
    return bytes[0] != 0x7f;
}

size_t mw_utf8_find_bad(mw_str bytes) {
    const unsigned char *data = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.size;) {
        size_t size = character_size(data[i]);
        if (size == 0 || size > bytes.size - i || !is_good(data + i, size)) return i;
        i += size;
    }
    return bytes.size;
}

mw_str mw_utf8_cut(mw_str text, size_t size_max) {
    if (text.size <= size_max) return text;
    size_t size = size_max;
    while (size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80) size--;
    return mw_str_slice(text, 0, size);
}

/* U+0080 to U+009F, by their first byte, are control characters too. */
static bool is_control(mw_str text, size_t at) {
    unsigned char byte = (unsigned char)text.data[at];
    unsigned char next = at + 1 < text.size ? (unsigned char)text.data[at + 1] : 0;
    return byte < ' ' || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next <= 0x9f);
}

mw_shown mw_utf8_show(mw_str text) {
    mw_shown shown = {""};
    mw_str kept = mw_utf8_cut(text, MW_SHOWN_SIZE_MAX);
    size_t size = 0;
    for (size_t i = 0; i < kept.size; i++) {
        bool is_shown = !is_control(kept, i);
        shown.text[size++] = is_shown ? kept.data[i] : '?';
        if (!is_shown && (kept.data[i] & 0x80)) i++; /* its second byte */
    }
    if (kept.size < text.size) memcpy(shown.text + size, "...", sizeof "...");
    return shown;
}
