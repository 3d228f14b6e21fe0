#include "stat/number_sort.h"

#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 64 / DIGIT_BITS, DIGIT_VALUES = 1 << DIGIT_BITS };
#define SIGN (UINT64_C(1) << 63)

uint64_t mw_number_key(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

double mw_number_of_key(uint64_t key) {
    uint64_t bits = key & SIGN ? key & ~SIGN : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t digit_of(uint64_t key, size_t digit) {
    return (key >> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

static void count_digits(const mw_tagged_number *items, size_t count,
                         size_t counts[DIGITS][DIGIT_VALUES]) {
    memset(counts, 0, DIGITS * sizeof *counts);
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < DIGITS; d++) counts[d][digit_of(items[i].key, d)]++;
}

static void move_by_digit(const mw_tagged_number *from, mw_tagged_number *to, size_t count,
                          size_t digit, const size_t counts[DIGIT_VALUES]) {
    size_t next[DIGIT_VALUES], place = 0;
    for (size_t v = 0; v < DIGIT_VALUES; v++) {
        next[v] = place;
        place += counts[v];
    }
    for (size_t i = 0; i < count; i++) to[next[digit_of(from[i].key, digit)]++] = from[i];
}

void mw_number_sort(mw_tagged_number *items, mw_tagged_number *room, size_t count) {
    if (count == 0) return;
    size_t counts[DIGITS][DIGIT_VALUES];
    count_digits(items, count, counts);
    mw_tagged_number *from = items, *to = room;
    for (size_t d = 0; d < DIGITS; d++) {
        bool is_same = counts[d][digit_of(from[0].key, d)] == count;
        if (is_same) continue;
        move_by_digit(from, to, count, d, counts[d]);
        mw_tagged_number *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != items) memcpy(items, from, count * sizeof *items);
}
