#include "table/symbols_state.h"

#include "base/hash.h"

#include <assert.h>
#include <string.h>

enum { SLOTS_FIRST = 2048 };
#define CODES_MAX ((((uint64_t)1 << MW_SYMBOLS_SEGMENTS_MAX) - 1) << MW_SYMBOLS_FIRST_LOG2)
static_assert(CODES_MAX <= UINT32_MAX, "a code has 32 bits");

static mw_str text_of(const mw_symbol *symbol) {
    return (mw_str){symbol->data, symbol->size};
}

/* The slot that holds `text`, or the free one where it belongs. */
static mw_symbol_slot *find_slot(const mw_symbols *symbols, mw_str text, uint32_t hash) {
    size_t mask = symbols->slot_count - 1;
    size_t i = hash & mask;
    for (; symbols->slots[i].code != 0; i = (i + 1) & mask) {
        mw_symbol_slot *candidate = &symbols->slots[i];
        if (candidate->hash == hash &&
            mw_str_equal(text_of(mw_symbols_at(symbols, candidate->code)), text))
            break;
    }
    return &symbols->slots[i];
}

#define SELDOM __attribute__((cold)) /* small is better than fast, as cmake/edge.cmake says */

SELDOM static bool grow_slots(mw_symbols *symbols) {
    size_t slot_count = symbols->slot_count ? symbols->slot_count * 2 : SLOTS_FIRST;
    mw_symbol_slot *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < symbols->slot_count; i++) {
        mw_symbol_slot old = symbols->slots[i];
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
    uint64_t shifted = (symbols->code_end >> MW_SYMBOLS_FIRST_LOG2) + 1;
    int segment = 63 - __builtin_clzll(shifted);
    if (segment >= MW_SYMBOLS_SEGMENTS_MAX) return false;
    if (symbols->segments[segment]) return true;
    size_t length = (size_t)1 << (segment + MW_SYMBOLS_FIRST_LOG2);
    symbols->segments[segment] = mw_arena_alloc(&symbols->arena, length, sizeof(mw_symbol));
    return symbols->segments[segment] != NULL;
}

SELDOM mw_status mw_symbols_create(size_t size_max, mw_symbols **out_symbols, mw_error *err) {
    mw_symbols *symbols = mw_allocate(sizeof *symbols);
    if (!symbols) return mw_fail(err, MW_NO_MEMORY, "symbols: out of memory");
    mw_arena_init(&symbols->arena, size_max);
    if (!grow_slots(symbols) || !grow_list(symbols)) {
        mw_symbols_destroy(symbols);
        return mw_fail(err, MW_NO_MEMORY, "symbols: out of memory, with a maximum of %zu bytes",
                       size_max);
    }
    symbols->segments[0][0] = (mw_symbol){.data = "", .use = MW_SYMBOL_STAYS};
    symbols->code_end = 1;
    *out_symbols = symbols;
    return MW_OK;
}

SELDOM void mw_symbols_destroy(mw_symbols *symbols) {
    if (!symbols) return;
    if (symbols->passing) mw_free(symbols->passing->idle);
    mw_free(symbols->passing);
    mw_arena_release(&symbols->arena);
    mw_free(symbols->slots);
    mw_free(symbols);
}

/* It stays. */
static uint32_t copy(mw_symbols *symbols, mw_str text) {
    mw_str copied = text.size < UINT32_MAX ? mw_str_copy(&symbols->arena, text) : (mw_str){NULL, 0};
    if (!copied.data) return 0;
    uint32_t code = (uint32_t)symbols->code_end++;
    *mw_symbols_at(symbols, code) =
        (mw_symbol){copied.data, (uint32_t)copied.size, MW_SYMBOL_STAYS};
    return code;
}

uint32_t mw_symbols_intern(mw_symbols *symbols, mw_str text) {
    uint32_t hash = (uint32_t)mw_hash_bytes(text.data, text.size);
    mw_symbol_slot *place = find_slot(symbols, text, hash);
    if (place->code != 0) {
        if (symbols->keep) symbols->keep(symbols, place->code);
        return place->code;
    }

    if ((symbols->count + 1) * 4 > symbols->slot_count * 3) {
        if (!grow_slots(symbols)) return 0;
        place = find_slot(symbols, text, hash);
    }
    if (!grow_list(symbols)) return 0;
    uint32_t code = symbols->copy_passing ? symbols->copy_passing(symbols, text, hash)
                                          : copy(symbols, text);
    if (code == 0) return 0;
    symbols->count++;
    *place = (mw_symbol_slot){.code = code, .hash = hash};
    return code;
}

SELDOM void mw_symbols_lose(mw_symbols *symbols, mw_str text) {
    if (symbols->has_lost) return;
    mw_str shown = mw_str_slice(text, 0, sizeof symbols->lost);
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
    const mw_symbol *symbol = mw_symbols_at(symbols, code);
    MW_ASSERT(symbol && symbol->data); /* it was never handed out, or its text has left */
    return text_of(symbol);
}

int mw_symbols_compare(const mw_symbols *symbols, uint64_t a, uint64_t b) {
    if (a == b) return 0;
    return mw_str_compare(mw_symbols_text(symbols, a), mw_symbols_text(symbols, b));
}

size_t mw_symbols_count(const mw_symbols *symbols) { return symbols->count; }
size_t mw_symbols_code_end(const mw_symbols *symbols) { return symbols->code_end; }
uint64_t mw_symbols_age(const mw_symbols *symbols) { return symbols->age; }
