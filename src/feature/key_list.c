#include "feature/key_list.h"

#include "base/hash.h"

#include <string.h>

enum { SLOTS_MIN = 64 };
#define KEYS_MAX ((size_t)1 << 31)

void mw_key_list_init(mw_key_list *list, size_t cell_count) {
    *list = (mw_key_list){.cell_count = cell_count};
}

static uint64_t hash_of(const mw_key_list *list, const mw_cell *key) {
    uint64_t hash = 0;
    for (size_t i = 0; i < list->cell_count; i++) hash = mw_hash_join(hash, key[i].bits);
    return hash;
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t *slot_of(const mw_key_list *list, const mw_cell *key) {
    size_t mask = list->slot_count - 1, size = list->cell_count * sizeof *key;
    for (size_t at = hash_of(list, key) & mask;; at = (at + 1) & mask) {
        uint32_t slot = list->slots[at];
        if (slot == 0 || memcmp(mw_key_list_at(list, slot - 1), key, size) == 0)
            return &list->slots[at];
    }
}

static void fill_slots(mw_key_list *list) {
    memset(list->slots, 0, list->slot_count * sizeof *list->slots);
    for (size_t i = 0; i < list->count; i++)
        *slot_of(list, mw_key_list_at(list, i)) = (uint32_t)i + 1;
}

static bool make_room(mw_key_list *list) {
    size_t needed = list->count + 1;
    if (needed > KEYS_MAX ||
        !mw_grow((void **)&list->cells, &list->capacity, needed * list->cell_count,
                 sizeof *list->cells, SIZE_MAX / sizeof *list->cells))
        return false;
    if (2 * needed <= list->slot_count) return true;
    size_t slot_count = list->slot_count ? 2 * list->slot_count : SLOTS_MIN;
    uint32_t *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) return false;
    mw_free(list->slots);
    list->slots = slots;
    list->slot_count = slot_count;
    fill_slots(list);
    return true;
}

size_t mw_key_list_find(const mw_key_list *list, const mw_cell *key) {
    uint32_t slot = list->slot_count ? *slot_of(list, key) : 0;
    return slot == 0 ? MW_KEY_NONE : slot - 1;
}

bool mw_key_list_add(mw_key_list *list, const mw_cell *key) {
    if (!make_room(list)) return false;
    uint32_t *slot = slot_of(list, key);
    MW_ASSERT(*slot == 0);
    memcpy(list->cells + list->count * list->cell_count, key, list->cell_count * sizeof *key);
    *slot = (uint32_t)++list->count;
    return true;
}

void mw_key_list_keep(mw_key_list *list, const bool *is_kept) {
    size_t kept = 0, size = list->cell_count * sizeof *list->cells;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_kept[i]) continue;
        if (kept < i)
            memmove(list->cells + kept * list->cell_count, mw_key_list_at(list, i), size);
        kept++;
    }
    if (kept == list->count) return;
    list->count = kept;
    fill_slots(list);
}

void mw_key_list_clear(mw_key_list *list) {
    list->count = 0;
    if (list->slots) fill_slots(list);
}

void mw_key_list_release(mw_key_list *list) {
    mw_free(list->cells);
    mw_free(list->slots);
    mw_key_list_init(list, list->cell_count);
}
