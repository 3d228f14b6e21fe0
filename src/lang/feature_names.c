#include "lang/feature_names.h"

/* Each feature has two entries at most, which fill half of the slots. */
enum { SLOTS_PER_FEATURE = 4 };

static mw_str text_of(const mw_feature_list *list, uint32_t slot) {
    const mw_feature_syntax *item = &list->items[(slot - 1) / 2];
    return slot % 2 == 0 ? item->declared : item->name;
}

/* Where the text stands, be it a name or a declared one; else the free slot that is its. Letters
   of either case lead to the same one: the comparison says whether they are the same here. */
static uint32_t *slot_of(const mw_compiler *compiler, const mw_feature_list *list, mw_str text) {
    bool (*is_same)(mw_str, mw_str) =
        compiler->diagnostics->of_version ? mw_str_equal : mw_str_equal_but_for_case;
    size_t at = 0;
    for (size_t i = 0; i < text.size; i++) at = at * 31 + ((unsigned char)text.data[i] | 0x20u);
    for (;; at++) {
        uint32_t *slot = &list->slots[at & (list->slot_count - 1)];
        if (*slot == 0 || is_same(text, text_of(list, *slot))) return slot;
    }
}

static void add(const mw_compiler *compiler, mw_feature_list *list, size_t index) {
    uint32_t entry = (uint32_t)(2 * index + 1);
    uint32_t *slot = slot_of(compiler, list, list->items[index].name);
    if (*slot == 0) *slot = entry;
    if (compiler->diagnostics->of_version) return; /* where it is no matter */
    slot = slot_of(compiler, list, list->items[index].declared);
    if (*slot == 0) *slot = entry + 1;
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

/* What is declared as others are clashes with none of them, but with what is called so; and where
   something is called so nothing else is declared so, for that would have clashed. */
size_t mw_feature_names_find(const mw_compiler *compiler, const mw_feature_list *list,
                             const mw_feature_syntax *feature) {
    uint32_t called = *slot_of(compiler, list, feature->name);
    uint32_t declared = *slot_of(compiler, list, feature->declared);
    size_t first = called > 0 ? (called - 1) / 2 : list->count;
    bool is_name = declared % 2 == 1 && !compiler->diagnostics->of_version;
    return is_name && (declared - 1) / 2 < first ? (declared - 1) / 2 : first;
}
