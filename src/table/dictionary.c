#include "table/dictionary.h"

#include "base/hash.h"

#include <stdlib.h>

enum { BITS = 64, SLOTS_MIN = 8 };

typedef struct {
    uint32_t code; /* 0: free */
    int32_t number;
} slot;

struct mw_dictionary {
    mw_values values;
    slot *slots; /* open addressing, linear probes, at most half full */
    size_t slot_count;
};

static int compare_values(const void *a, const void *b) {
    return mw_str_compare(*(const mw_str *)a, *(const mw_str *)b);
}

/* Sets the bit of each code in the column and gives the number of bits that are set. */
static size_t mark(uint64_t *seen, mw_column column) {
    size_t count = 0;
    for (size_t i = 0; i < column.count; i++) {
        uint64_t code = column.cells[i * column.stride].symbol;
        uint64_t bit = UINT64_C(1) << code % BITS;
        count += code != 0 && !(seen[code / BITS] & bit);
        seen[code / BITS] |= bit;
    }
    return count;
}

static mw_status gather(mw_arena *arena, const mw_symbols *symbols, const uint64_t *seen,
                        size_t count, mw_values *out_values, mw_error *err) {
    if (count > MW_DICTIONARY_VALUES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "dictionary: at most %d values fit, got %zu",
                       MW_DICTIONARY_VALUES_MAX, count);
    mw_str *items = mw_arena_alloc(arena, count, sizeof *items);
    if (!items)
        return mw_fail(err, MW_NO_MEMORY, "dictionary: out of memory for %zu values", count);
    size_t found = 0;
    for (uint64_t code = 1; found < count; code++)
        if (seen[code / BITS] >> code % BITS & 1) items[found++] = mw_symbols_text(symbols, code);
    qsort(items, count, sizeof *items, compare_values);
    *out_values = (mw_values){items, count};
    return MW_OK;
}

mw_status mw_dictionary_collect(mw_arena *arena, const mw_symbols *symbols, mw_column column,
                                mw_values *out_values, mw_error *err) {
    uint64_t *seen = mw_allocate((mw_symbols_code_end(symbols) / BITS + 1) * sizeof *seen);
    if (!seen) return mw_fail(err, MW_NO_MEMORY, "dictionary: out of memory");
    size_t count = mark(seen, column);
    mw_status status = gather(arena, symbols, seen, count, out_values, err);
    mw_free(seen);
    return status;
}

static void put(mw_dictionary *dictionary, uint32_t code, int32_t number) {
    size_t mask = dictionary->slot_count - 1;
    size_t i = (size_t)mw_hash_u64(code) & mask;
    while (dictionary->slots[i].code != 0) i = (i + 1) & mask;
    dictionary->slots[i] = (slot){code, number};
}

mw_status mw_dictionary_create(mw_arena *arena, mw_symbols *symbols, mw_values values,
                               const mw_dictionary **out_dictionary, mw_error *err) {
    if (values.count > MW_DICTIONARY_VALUES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "dictionary: at most %d values fit, got %zu",
                       MW_DICTIONARY_VALUES_MAX, values.count);
    size_t slot_count = SLOTS_MIN;
    while (slot_count < 2 * values.count) slot_count *= 2;
    mw_dictionary *dictionary = mw_arena_alloc(arena, 1, sizeof *dictionary);
    slot *slots = mw_arena_alloc(arena, slot_count, sizeof *slots);
    if (!dictionary || !slots)
        return mw_fail(err, MW_NO_MEMORY, "dictionary: out of memory for %zu values",
                       values.count);

    *dictionary = (mw_dictionary){.values = values, .slots = slots, .slot_count = slot_count};
    for (size_t i = 0; i < values.count; i++) {
        if (i > 0 && mw_str_compare(values.items[i - 1], values.items[i]) >= 0)
            return mw_fail(err, MW_INVALID, "dictionary: values must be distinct and sorted");
        uint32_t code = mw_symbols_intern(symbols, values.items[i]);
        if (code == 0) return mw_fail(err, MW_NO_MEMORY, "dictionary: the symbols are full");
        put(dictionary, code, (int32_t)i);
    }
    *out_dictionary = dictionary;
    return MW_OK;
}

int32_t mw_dictionary_find(const mw_dictionary *dictionary, uint64_t code) {
    size_t mask = dictionary->slot_count - 1;
    for (size_t i = (size_t)mw_hash_u64(code) & mask;; i = (i + 1) & mask) {
        slot s = dictionary->slots[i];
        if (s.code == 0) return MW_DICTIONARY_UNKNOWN;
        if (s.code == code) return s.number;
    }
}

mw_values mw_dictionary_values(const mw_dictionary *dictionary) {
    return dictionary->values;
}
