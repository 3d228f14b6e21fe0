#include "serve/ledger.h"

#include <string.h>

#include "base/hash.h"

enum { SLOTS_MIN = 64 };

struct mw_ledger {
    mw_arena arena; /* payloads */
    mw_ledger_entry *entries;
    size_t count, capacity;
    uint32_t *slots; /* by event: an entry's index plus 1; 0: free */
    size_t slot_count; /* a power of two, at most half of it in use */
};

mw_status mw_ledger_create(size_t size_max, mw_ledger **out_ledger, mw_error *err) {
    mw_ledger *ledger = mw_allocate(sizeof *ledger);
    if (!ledger) return mw_fail(err, MW_NO_MEMORY, "ledger: no memory");
    mw_arena_init(&ledger->arena, size_max);
    *out_ledger = ledger;
    return MW_OK;
}

void mw_ledger_destroy(mw_ledger *ledger) {
    if (!ledger) return;
    mw_arena_release(&ledger->arena);
    mw_free(ledger->entries);
    mw_free(ledger->slots);
    mw_free(ledger);
}

/* The slot of the event's first entry, or the free one where it belongs. */
static uint32_t *find_slot(const mw_ledger *ledger, uint32_t model, mw_str event_id) {
    size_t mask = ledger->slot_count - 1;
    uint64_t hash = mw_hash_join(model, mw_hash_bytes(event_id.data, event_id.size));
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        if (ledger->slots[at] == 0) return &ledger->slots[at];
        const mw_ledger_entry *entry = &ledger->entries[ledger->slots[at] - 1];
        if (entry->model == model && mw_str_equal(entry->event_id, event_id))
            return &ledger->slots[at];
    }
}

static void index_entry(mw_ledger *ledger, size_t index) {
    const mw_ledger_entry *entry = &ledger->entries[index];
    uint32_t *slot = find_slot(ledger, entry->model, entry->event_id);
    if (*slot == 0) *slot = (uint32_t)index + 1;
}

static bool has_slots(mw_ledger *ledger) {
    if (2 * (ledger->count + 1) <= ledger->slot_count) return true;
    size_t slot_count = ledger->slot_count ? 2 * ledger->slot_count : SLOTS_MIN;
    uint32_t *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) return false;
    mw_free(ledger->slots);
    ledger->slots = slots;
    ledger->slot_count = slot_count;
    for (size_t i = 0; i < ledger->count; i++) index_entry(ledger, i);
    return true;
}

mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry, mw_error *err) {
    MW_ASSERT(ledger->count == 0 || entry->stamp > ledger->entries[ledger->count - 1].stamp);
    MW_ASSERT(entry->event_id.data >= entry->payload.data);
    MW_ASSERT(entry->event_id.data + entry->event_id.size <=
              entry->payload.data + entry->payload.size);
    mw_ledger_entry added = *entry;
    bool fits = mw_grow((void **)&ledger->entries, &ledger->capacity, ledger->count + 1,
                        sizeof added, UINT32_MAX - 1) &&
                has_slots(ledger);
    if (fits) {
        added.payload = mw_str_copy(&ledger->arena, entry->payload);
        fits = added.payload.data != NULL;
    }
    if (!fits)
        return mw_fail(err, MW_NO_MEMORY, "ledger: no memory for prediction %zu",
                       ledger->count + 1);
    added.event_id.data = added.payload.data + (entry->event_id.data - entry->payload.data);
    ledger->entries[ledger->count] = added;
    index_entry(ledger, ledger->count++);
    return MW_OK;
}

const mw_ledger_entry *mw_ledger_find(const mw_ledger *ledger, int64_t stamp) {
    size_t low = 0, high = ledger->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->entries[middle].stamp < stamp) low = middle + 1;
        else high = middle;
    }
    bool found = low < ledger->count && ledger->entries[low].stamp == stamp;
    return found ? &ledger->entries[low] : NULL;
}

const mw_ledger_entry *mw_ledger_find_event(const mw_ledger *ledger, uint32_t model,
                                            mw_str event_id) {
    if (ledger->slot_count == 0) return NULL;
    uint32_t slot = *find_slot(ledger, model, event_id);
    return slot == 0 ? NULL : &ledger->entries[slot - 1];
}

size_t mw_ledger_count(const mw_ledger *ledger) { return ledger->count; }
