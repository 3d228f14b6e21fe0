#include "lang/feature_names.h"

#include "base/hash.h"

/* Each feature has two entries at most, which fill half of the slots. */
enum { SLOTS_PER_FEATURE = 4 };

static uint64_t hash_of(mw_str text) {
    uint64_t hash = text.size;
    for (size_t i = 0; i < text.size; i++) {
        uint64_t byte = (unsigned char)text.data[i];
        hash = hash * 31 + (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    return mw_hash_u64(hash);
}

/* Where the text stands, as a name or as a declared one; else the free slot that is its. */
static uint32_t *slot_of(const mw_compiler *compiler, const mw_feature_list *list, mw_str text,
                         bool is_declared) {
    bool knows_case = compiler->diagnostics->of_version;
    for (uint64_t at = hash_of(text);; at++) {
        uint32_t *slot = &list->slots[at & (list->slot_count - 1)];
        if (*slot == 0) return slot;
        const mw_feature_syntax *item = &list->items[(*slot - 1) / 2];
        if (((*slot - 1) % 2 == 1) != is_declared) continue;
        mw_str other = is_declared ? item->declared : item->name;
        if (knows_case ? mw_str_equal(text, other) : mw_str_equal_but_for_case(text, other))
            return slot;
    }
}

static void add(const mw_compiler *compiler, mw_feature_list *list, size_t index) {
    const mw_feature_syntax *item = &list->items[index];
    for (uint32_t is_declared = 0; is_declared < 2; is_declared++) {
        mw_str text = is_declared ? item->declared : item->name;
        uint32_t *slot = slot_of(compiler, list, text, is_declared);
        if (*slot == 0) *slot = (uint32_t)(2 * index + is_declared + 1);
    }
}

bool mw_feature_names_reserve(mw_compiler *compiler, mw_feature_list *list) {
    size_t count = SLOTS_PER_FEATURE * list->capacity;
    MW_ASSERT((count & (count - 1)) == 0);
    list->slots = mw_compiler_alloc(compiler, count, sizeof *list->slots);
    list->slot_count = count;
    for (size_t i = 0; list->slots && i < list->count; i++) add(compiler, list, i);
    return list->slots;
}

void mw_feature_names_add(const mw_compiler *compiler, mw_feature_list *list) {
    add(compiler, list, list->count - 1);
}

static void look(const mw_compiler *compiler, const mw_feature_list *list, mw_str text,
                 bool is_declared, size_t *first) {
    uint32_t found = *slot_of(compiler, list, text, is_declared);
    if (found > 0 && (found - 1) / 2 < *first) *first = (found - 1) / 2;
}

size_t mw_feature_names_find(const mw_compiler *compiler, const mw_feature_list *list,
                             const mw_feature_syntax *feature) {
    size_t first = list->count;
    look(compiler, list, feature->name, false, &first);
    if (compiler->diagnostics->of_version) return first;
    look(compiler, list, feature->declared, false, &first);
    look(compiler, list, feature->name, true, &first);
    return first;
}
