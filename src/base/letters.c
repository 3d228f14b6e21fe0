#include "base/letters.h"

#include <assert.h>
#include <string.h>

/* Within a plane of 65,536 letters, whose end no range crosses; `planes` says where in `words` each
   one's begin, and at last where they end. */
typedef struct {
    uint16_t first, last;
} letter_range;

/* Every step-th letter from the first on, to the one `span` behind it, has its other case so far
   ahead. */
typedef struct {
    uint32_t first;
    int32_t distance : 20;
    uint32_t span : 8, step : 4;
} case_run;
static_assert(sizeof(case_run) == 8, "the library has no room for more");

#include "base/letters_table.inc"

/* Size and first bits of the character that a byte begins; {0}: none. */
typedef struct {
    size_t size;
    uint32_t bits, least; /* what is less than `least` was written longer than needed */
} lead;

static lead lead_of(unsigned char byte) {
    if (byte < 0x80) return (lead){1, byte, 0};
    if (byte >= 0xc2 && byte < 0xe0) return (lead){2, byte & 0x1fu, 0x80};
    if (byte >= 0xe0 && byte < 0xf0) return (lead){3, byte & 0x0fu, 0x800};
    if (byte >= 0xf0 && byte < 0xf5) return (lead){4, byte & 0x07u, 0x10000};
    return (lead){0, 0, 0};
}

/* 0: there is none, or it is not well-formed. */
static size_t read_letter(mw_str text, uint32_t *out_letter) {
    lead first = lead_of((unsigned char)text.data[0]);
    if (first.size == 0 || first.size > text.size) return 0;
    uint32_t letter = first.bits;
    for (size_t i = 1; i < first.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if ((byte & 0xc0) != 0x80) return 0;
        letter = letter << 6 | (byte & 0x3fu);
    }
    bool is_surrogate = letter >= 0xd800 && letter < 0xe000;
    if (letter < first.least || is_surrogate || letter > MW_LETTER_MAX) return 0;
    *out_letter = letter;
    return first.size;
}

uint32_t mw_letter_take(mw_str *rest) {
    uint32_t letter = MW_LETTER_NONE;
    size_t size = read_letter(*rest, &letter);
    *rest = mw_str_slice(*rest, size > 0 ? size : 1, rest->size);
    return letter;
}

/* Most texts are ASCII: of those eight bytes are looked at together. */
bool mw_letters_are_well_formed(mw_str text) {
    uint64_t eight;
    uint32_t letter;
    for (size_t at = 0, size = 1; at < text.size; at += size) {
        size = sizeof eight;
        if (text.size - at >= sizeof eight) memcpy(&eight, text.data + at, sizeof eight);
        else eight = UINT64_MAX;
        if ((eight & UINT64_C(0x8080808080808080)) == 0) continue;
        size = read_letter(mw_str_slice(text, at, text.size), &letter);
        if (size == 0) return false;
    }
    return true;
}

void mw_letter_append(mw_buf *out, uint32_t letter) {
    char bytes[4];
    size_t size = letter < 0x80 ? 1 : letter < 0x800 ? 2 : letter < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i > 1; i--, letter >>= 6)
        bytes[i - 1] = (char)(0x80 | (letter & 0x3f));
    bytes[0] = (char)(leads[size] | letter);
    mw_buf_append(out, bytes, size);
}

bool mw_letter_is_word(uint32_t letter) {
    if (letter < 0x80)
        return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= 'a' && letter <= 'z') || letter == '_';
    if (letter > MW_LETTER_MAX) return false;
    size_t plane = letter >> 16, low = planes[plane], high = planes[plane + 1];
    size_t end = high;
    uint32_t within = letter & 0xffff;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (words[middle].last < within) low = middle + 1;
        else high = middle;
    }
    return low < end && words[low].first <= within;
}

static uint32_t other_case(const case_run *runs, size_t count, uint32_t letter) {
    size_t low = 0, high = count; /* runs below `low` begin at or before the letter */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (runs[middle].first <= letter) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return letter;
    case_run run = runs[low - 1];
    uint32_t behind = letter - run.first;
    bool is_one = behind <= run.span && behind % run.step == 0;
    return is_one ? (uint32_t)((int32_t)letter + run.distance) : letter;
}

uint32_t mw_letter_lower(uint32_t letter) {
    if (letter < 0x80) return letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
    return other_case(lowers, sizeof lowers / sizeof *lowers, letter);
}

uint32_t mw_letter_upper(uint32_t letter) {
    if (letter < 0x80) return letter >= 'a' && letter <= 'z' ? letter - 32 : letter;
    return other_case(uppers, sizeof uppers / sizeof *uppers, letter);
}
