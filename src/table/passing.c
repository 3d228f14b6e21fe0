#include "table/passing.h"

#include "table/symbols_state.h"

#include <assert.h>
#include <string.h>

/* A text comes, is let go by whoever held it, and leaves: each is a look at it. What is let go
   at once, by windows that have passed, leaves in steps. */
enum { LOOKS_A_TEXT = 4, LOOKS_MIN = 64 };
enum { FREE_CODES_MIN = 1 << 16 };
enum { CLASS_STEP = 16, STEPPED_CLASSES = 16 }; /* from there on each is twice the one before */
#define TEXT_SIZE_MAX (UINT32_MAX - 16)
static_assert(MW_PASSING_CLASSES == STEPPED_CLASSES + 24, "the last holds the longest text");

mw_status mw_passing_allow(mw_symbols *symbols, mw_error *err) {
    if (symbols->passing) return MW_OK;
    symbols->passing = mw_allocate(sizeof *symbols->passing);
    if (!symbols->passing) return mw_fail(err, MW_NO_MEMORY, "symbols: out of memory");
    (void)mw_passing_set(symbols, false);
    return MW_OK;
}

/* --- coming ------------------------------------------------------------------------------- */

/* Of a block with room for so many bytes, one at least. */
static size_t class_of(size_t size) {
    if (size <= (size_t)CLASS_STEP * STEPPED_CLASSES) return (size - 1) / CLASS_STEP;
    int bits = 64 - __builtin_clzll(size - 1);
    return STEPPED_CLASSES + (size_t)bits - 9;
}

static size_t class_size(size_t number) {
    if (number < STEPPED_CLASSES) return (number + 1) * CLASS_STEP;
    return (size_t)512 << (number - STEPPED_CLASSES);
}

/* What stands in a block beside the text: its hash before it, so that it is not worked out again,
   and a NUL behind it, as behind all texts. */
enum { BLOCK_HEAD = sizeof(uint32_t), BLOCK_EXTRA = BLOCK_HEAD + 1 };

static char *take_block(mw_symbols *symbols, mw_str text, uint32_t hash) {
    size_t number = class_of(text.size + BLOCK_EXTRA);
    void **spare = &symbols->passing->spare[number];
    char *block = *spare;
    if (block) memcpy(spare, block, sizeof *spare);
    else block = mw_arena_alloc(&symbols->arena, 1, class_size(number));
    if (!block) return NULL;
    memcpy(block, &hash, sizeof hash);
    block += BLOCK_HEAD;
    if (text.size > 0) memcpy(block, text.data, text.size);
    block[text.size] = '\0';
    return block;
}

static bool has_idle_room(mw_passing *passing) {
    return passing->count < passing->idle_capacity ||
           mw_grow((void **)&passing->idle, &passing->idle_capacity, passing->count + 1,
                   sizeof *passing->idle, UINT32_MAX);
}

static uint32_t take_code(mw_symbols *symbols) {
    mw_passing *passing = symbols->passing;
    if (passing->free_count < FREE_CODES_MIN) return (uint32_t)symbols->code_end++;
    uint32_t code = passing->free_first;
    passing->free_first = mw_symbols_at(symbols, code)->size;
    passing->free_count--;
    return code;
}

static uint32_t copy_passing(mw_symbols *symbols, mw_str text, uint32_t hash) {
    mw_passing *passing = symbols->passing;
    bool has_room = has_idle_room(passing) && text.size <= TEXT_SIZE_MAX;
    char *block = has_room ? take_block(symbols, text, hash) : NULL;
    if (!block) return 0;
    uint32_t code = take_code(symbols);
    *mw_symbols_at(symbols, code) =
        (mw_symbol){block, (uint32_t)text.size, MW_SYMBOL_IS_IDLE};
    passing->idle[passing->idle_count++] = code;
    passing->count++;
    passing->fresh++;
    return code;
}

bool mw_passing_set(mw_symbols *symbols, bool is_on) {
    bool before = symbols->copy_passing != NULL;
    bool may = symbols->passing != NULL;
    symbols->copy_passing = may && is_on ? copy_passing : NULL;
    symbols->keep = may && !is_on ? mw_passing_keep : NULL;
    return before;
}

/* --- staying ------------------------------------------------------------------------------ */

static inline mw_symbol *find(const mw_symbols *symbols, uint64_t code) {
    mw_symbol *symbol = mw_symbols_at(symbols, code);
    MW_ASSERT(symbol->data); /* it has left */
    return symbol;
}

void mw_passing_hold(mw_symbols *symbols, const mw_schema *schema, const mw_cell *row) {
    if (!symbols->passing) return;
    for (size_t i = 0; i < schema->field_count; i++) {
        if (!mw_type_is_symbol(schema->fields[i].type)) continue;
        mw_symbol *symbol = find(symbols, row[i].symbol);
        if (!(symbol->use & MW_SYMBOL_STAYS)) symbol->use++;
    }
}

void mw_passing_let_go(mw_symbols *symbols, const mw_schema *schema, const mw_cell *row) {
    mw_passing *passing = symbols->passing;
    if (!passing) return;
    for (size_t i = 0; i < schema->field_count; i++) {
        if (!mw_type_is_symbol(schema->fields[i].type)) continue;
        mw_symbol *symbol = find(symbols, row[i].symbol);
        if (symbol->use & MW_SYMBOL_STAYS) continue;
        MW_ASSERT((symbol->use & ~MW_SYMBOL_IS_IDLE) > 0);
        if (--symbol->use > 0) continue; /* it is held, or listed */
        symbol->use = MW_SYMBOL_IS_IDLE;
        passing->idle[passing->idle_count++] = (uint32_t)row[i].symbol;
    }
}

void mw_passing_keep(mw_symbols *symbols, uint64_t code) {
    mw_symbol *symbol = find(symbols, code);
    if (symbol->use & MW_SYMBOL_STAYS) return;
    if (!(symbol->use & MW_SYMBOL_IS_IDLE)) symbols->passing->count--; /* else a tidying does */
    symbol->use |= MW_SYMBOL_STAYS;
}

bool mw_passing_stays(const mw_symbols *symbols, uint64_t code) {
    return mw_symbols_at(symbols, code)->use & MW_SYMBOL_STAYS;
}

/* --- leaving ------------------------------------------------------------------------------ */

/* Those behind it that are not in their place yet move up, so that each is found. */
static void free_slot(mw_symbols *symbols, uint32_t code, uint32_t hash) {
    size_t mask = symbols->slot_count - 1, hole = hash & mask;
    mw_symbol_slot *slots = symbols->slots;
    while (slots[hole].code != code) hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; slots[at].code != 0; at = (at + 1) & mask) {
        size_t home = slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        slots[hole] = slots[at];
        hole = at;
    }
    slots[hole].code = 0;
    symbols->count--;
}

static void leave(mw_symbols *symbols, uint32_t code, mw_symbol *symbol) {
    mw_passing *passing = symbols->passing;
    char *block = (char *)(uintptr_t)symbol->data - BLOCK_HEAD; /* it is ours */
    uint32_t hash;
    memcpy(&hash, block, sizeof hash);
    free_slot(symbols, code, hash);
    void **spare = &passing->spare[class_of((size_t)symbol->size + BLOCK_EXTRA)];
    memcpy(block, spare, sizeof *spare);
    *spare = block;
    *symbol = (mw_symbol){.data = NULL};
    symbols->age++;
    if (passing->free_count > 0) mw_symbols_at(symbols, passing->free_last)->size = code;
    else passing->free_first = code;
    passing->free_last = code;
    passing->free_count++;
    passing->count--;
}

void mw_passing_tidy(mw_symbols *symbols) {
    mw_passing *passing = symbols->passing;
    if (!passing || passing->idle_count == 0) return;
    size_t looks = LOOKS_MIN + LOOKS_A_TEXT * passing->fresh;
    passing->fresh = 0;
    for (; looks > 0 && passing->idle_count > 0; looks--) {
        uint32_t code = passing->idle[--passing->idle_count];
        mw_symbol *symbol = mw_symbols_at(symbols, code);
        symbol->use &= ~MW_SYMBOL_IS_IDLE;
        if (symbol->use & MW_SYMBOL_STAYS) passing->count--;
        else if (symbol->use == 0) leave(symbols, code, symbol);
    }
}

size_t mw_passing_count(const mw_symbols *symbols) {
    return symbols->passing ? symbols->passing->count : 0;
}
