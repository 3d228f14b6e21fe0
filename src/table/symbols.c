#include "table/symbols.h"

#include "base/hash.h"

#include <assert.h>
#include <string.h>

enum { LOST_SIZE_MAX = 60 }; /* so much of a lost text is shown */

/* Texts are listed in segments, each twice as long as the one before, so that the list grows
   without moving: segment k holds the codes from FIRST * (2^k - 1) to FIRST * (2^(k+1) - 1). */
enum { SEGMENT_FIRST_LOG2 = 10, SEGMENTS_MAX = 22, SLOTS_FIRST = 2048 };
#define CODES_MAX ((((uint64_t)1 << SEGMENTS_MAX) - 1) << SEGMENT_FIRST_LOG2)
static_assert(CODES_MAX <= UINT32_MAX, "a code has 32 bits");

typedef struct {
    uint32_t code; /* 0: free */
    uint32_t hash;
} slot;

struct mw_symbols {
    mw_arena arena; /* texts and segments */
    mw_str *segments[SEGMENTS_MAX];
    slot *slots; /* open addressing, linear probes, at most three quarters full */
    size_t slot_count;
    size_t count; /* of codes, the one for missing included */
    bool has_lost; /* a text, which begins with this */
    unsigned char lost_size;
    char lost[LOST_SIZE_MAX];
};

static mw_str *text_at(const mw_symbols *symbols, uint64_t code) {
    uint64_t shifted = (code >> SEGMENT_FIRST_LOG2) + 1;
    int segment = 63 - __builtin_clzll(shifted);
    uint64_t first = (((uint64_t)1 << segment) - 1) << SEGMENT_FIRST_LOG2;
    return symbols->segments[segment] ? &symbols->segments[segment][code - first] : NULL;
}

/* The slot that holds `text`, or the free one where it belongs. */
static slot *find_slot(const mw_symbols *symbols, mw_str text, uint32_t hash) {
    size_t mask = symbols->slot_count - 1;
    size_t i = hash & mask;
    for (; symbols->slots[i].code != 0; i = (i + 1) & mask) {
        slot *candidate = &symbols->slots[i];
        if (candidate->hash == hash && mw_str_equal(*text_at(symbols, candidate->code), text))
            break;
    }
    return &symbols->slots[i];
}

static bool grow_slots(mw_symbols *symbols) {
    size_t slot_count = symbols->slot_count ? symbols->slot_count * 2 : SLOTS_FIRST;
    slot *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < symbols->slot_count; i++) {
        slot old = symbols->slots[i];
        if (old.code == 0) continue;
        size_t target = old.hash & (slot_count - 1);
        while (slots[target].code != 0) target = (target + 1) & (slot_count - 1);
        slots[target] = old;
    }
    mw_free(symbols->slots);
    symbols->slots = slots;
    symbols->slot_count = slot_count;
    return true;
}

/* Makes sure that the list has a place for the next code. */
static bool grow_list(mw_symbols *symbols) {
    uint64_t shifted = (symbols->count >> SEGMENT_FIRST_LOG2) + 1;
    int segment = 63 - __builtin_clzll(shifted);
    if (segment >= SEGMENTS_MAX) return false;
    if (symbols->segments[segment]) return true;
    size_t length = (size_t)1 << (segment + SEGMENT_FIRST_LOG2);
    symbols->segments[segment] = mw_arena_alloc(&symbols->arena, length, sizeof(mw_str));
    return symbols->segments[segment] != NULL;
}

mw_status mw_symbols_create(size_t size_max, mw_symbols **out_symbols, mw_error *err) {
    mw_symbols *symbols = mw_allocate(sizeof *symbols);
    if (!symbols) return mw_fail(err, MW_NO_MEMORY, "symbols: out of memory");
    mw_arena_init(&symbols->arena, size_max);
    if (!grow_slots(symbols) || !grow_list(symbols)) {
        mw_symbols_destroy(symbols);
        return mw_fail(err, MW_NO_MEMORY, "symbols: out of memory, with a maximum of %zu bytes",
                       size_max);
    }
    symbols->segments[0][0] = MW_STR("");
    symbols->count = 1;
    *out_symbols = symbols;
    return MW_OK;
}

void mw_symbols_destroy(mw_symbols *symbols) {
    if (!symbols) return;
    mw_arena_release(&symbols->arena);
    mw_free(symbols->slots);
    mw_free(symbols);
}

uint32_t mw_symbols_intern(mw_symbols *symbols, mw_str text) {
    uint32_t hash = (uint32_t)mw_hash_bytes(text.data, text.size);
    slot *place = find_slot(symbols, text, hash);
    if (place->code != 0) return place->code;

    if ((symbols->count + 1) * 4 > symbols->slot_count * 3) {
        if (!grow_slots(symbols)) return 0;
        place = find_slot(symbols, text, hash);
    }
    if (!grow_list(symbols)) return 0;
    mw_str copy = mw_str_copy(&symbols->arena, text);
    if (!copy.data) return 0;

    uint32_t code = (uint32_t)symbols->count++;
    *text_at(symbols, code) = copy;
    *place = (slot){.code = code, .hash = hash};
    return code;
}

void mw_symbols_lose(mw_symbols *symbols, mw_str text) {
    if (symbols->has_lost) return;
    mw_str shown = mw_str_slice(text, 0, LOST_SIZE_MAX);
    symbols->has_lost = true;
    symbols->lost_size = (unsigned char)shown.size;
    if (shown.size > 0) memcpy(symbols->lost, shown.data, shown.size);
}

mw_status mw_symbols_settle(mw_symbols *symbols, mw_error *err) {
    if (!symbols->has_lost) return MW_OK;
    symbols->has_lost = false;
    mw_status status = mw_fail(
        err, MW_NO_MEMORY,
        "texts: no room is left for one that was worked out, \"%.*s\"; %zu stand",
        (int)symbols->lost_size, symbols->lost, mw_symbols_count(symbols));
    return mw_hint(err, status, "Each different text is kept once: leave out of it what differs in "
                                "every row, such as an id or a time.");
}

uint32_t mw_symbols_find(const mw_symbols *symbols, mw_str text) {
    return find_slot(symbols, text, (uint32_t)mw_hash_bytes(text.data, text.size))->code;
}

mw_str mw_symbols_text(const mw_symbols *symbols, uint64_t code) {
    MW_ASSERT(code < CODES_MAX);
    const mw_str *text = text_at(symbols, code);
    MW_ASSERT(text && text->data); /* a code that was never handed out */
    return *text;
}

int mw_symbols_compare(const mw_symbols *symbols, uint64_t a, uint64_t b) {
    if (a == b) return 0;
    return mw_str_compare(mw_symbols_text(symbols, a), mw_symbols_text(symbols, b));
}

size_t mw_symbols_count(const mw_symbols *symbols) {
    return symbols->count - 1;
}
