#include "serve/ledger.h"

enum { SLOTS_MIN = 64, ENTRY_SIZE = 40 };

struct mw_ledger {
    mw_hash_key key;
    mw_ledger_entry *entries;
    size_t count, capacity;
    size_t settled;  /* so many of them */
    uint32_t *slots; /* by event: an entry's index plus 1; 0: free */
    size_t slot_count; /* a power of two, at most half of it in use */
};

mw_status mw_ledger_create(mw_hash_key key, mw_ledger **out_ledger, mw_error *err) {
    mw_ledger *ledger = mw_allocate(sizeof *ledger);
    if (!ledger) return mw_fail(err, MW_NO_MEMORY, "ledger: no memory");
    ledger->key = key;
    *out_ledger = ledger;
    return MW_OK;
}

void mw_ledger_destroy(mw_ledger *ledger) {
    if (!ledger) return;
    mw_free(ledger->entries);
    mw_free(ledger->slots);
    mw_free(ledger);
}

mw_keyed_hash mw_ledger_event(const mw_ledger *ledger, mw_str model, mw_str event_id) {
    mw_keyed_hash parts[] = {mw_hash_with_key(ledger->key, model.data, model.size),
                             mw_hash_with_key(ledger->key, event_id.data, event_id.size)};
    return mw_hash_with_key(ledger->key, parts, sizeof parts);
}

/* The slot of the event's first entry, or the free one where it belongs. */
static uint32_t *find_slot(const mw_ledger *ledger, mw_keyed_hash event) {
    size_t mask = ledger->slot_count - 1;
    for (size_t at = event.words[0] & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &ledger->slots[at];
        if (*slot == 0) return slot;
        const mw_keyed_hash *other = &ledger->entries[*slot - 1].event;
        if (other->words[0] == event.words[0] && other->words[1] == event.words[1]) return slot;
    }
}

static void index_entry(mw_ledger *ledger, size_t index) {
    uint32_t *slot = find_slot(ledger, ledger->entries[index].event);
    if (*slot == 0) *slot = (uint32_t)index + 1;
}

static bool has_slots(mw_ledger *ledger, size_t entry_count) {
    size_t slot_count = ledger->slot_count ? ledger->slot_count : SLOTS_MIN;
    while (slot_count < 2 * entry_count) slot_count *= 2;
    if (slot_count == ledger->slot_count) return true;
    uint32_t *slots = mw_allocate(slot_count * sizeof *slots);
    if (!slots) return false;
    mw_free(ledger->slots);
    ledger->slots = slots;
    ledger->slot_count = slot_count;
    for (size_t i = 0; i < ledger->count; i++) index_entry(ledger, i);
    return true;
}

static bool has_room(mw_ledger *ledger, size_t entry_count) {
    return mw_grow((void **)&ledger->entries, &ledger->capacity, entry_count,
                   sizeof *ledger->entries, UINT32_MAX - 1) &&
           has_slots(ledger, entry_count);
}

mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry, mw_error *err) {
    MW_ASSERT(ledger->count == 0 || entry->stamp > ledger->entries[ledger->count - 1].stamp);
    if (!has_room(ledger, ledger->count + 1))
        return mw_fail(err, MW_NO_MEMORY, "ledger: no memory for prediction %zu",
                       ledger->count + 1);
    ledger->entries[ledger->count] = *entry;
    index_entry(ledger, ledger->count++);
    return MW_OK;
}

void mw_ledger_settle_all(mw_ledger *ledger) { ledger->settled = ledger->count; }

void mw_ledger_settle(mw_ledger *ledger, mw_log_position batch) {
    for (; ledger->settled < ledger->count; ledger->settled++) {
        mw_log_position *position = &ledger->entries[ledger->settled].position;
        position->segment = batch.segment;
        position->offset += batch.offset;
    }
}

bool mw_ledger_is_settled(const mw_ledger *ledger, const mw_ledger_entry *entry) {
    return entry < ledger->entries + ledger->settled;
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

const mw_ledger_entry *mw_ledger_find_event(const mw_ledger *ledger, mw_str model,
                                            mw_str event_id) {
    if (ledger->slot_count == 0) return NULL;
    uint32_t slot = *find_slot(ledger, mw_ledger_event(ledger, model, event_id));
    return slot == 0 ? NULL : &ledger->entries[slot - 1];
}

int64_t mw_ledger_last(const mw_ledger *ledger) {
    return ledger->count > 0 ? ledger->entries[ledger->count - 1].stamp : INT64_MIN;
}

size_t mw_ledger_count(const mw_ledger *ledger) { return ledger->count; }

/* --- as bytes: each entry's five words, little endian ----------------------------------------- */

void mw_ledger_save(const mw_ledger *ledger, mw_buf *out) {
    MW_ASSERT(ledger->settled == ledger->count);
    for (size_t i = 0; i < ledger->count; i++) {
        const mw_ledger_entry *entry = &ledger->entries[i];
        mw_buf_append_u64(out, (uint64_t)entry->stamp);
        mw_buf_append_u64(out, entry->event.words[0]);
        mw_buf_append_u64(out, entry->event.words[1]);
        mw_buf_append_u64(out, (uint64_t)entry->position.segment);
        mw_buf_append_u64(out, entry->position.offset);
    }
}

static mw_ledger_entry read_entry(mw_reader *in) {
    mw_ledger_entry entry;
    entry.stamp = (int64_t)mw_read_u64(in);
    entry.event.words[0] = mw_read_u64(in);
    entry.event.words[1] = mw_read_u64(in);
    entry.position.segment = (int64_t)mw_read_u64(in);
    entry.position.offset = mw_read_u64(in);
    return entry;
}

mw_status mw_ledger_load(mw_ledger *ledger, mw_str bytes, mw_error *err) {
    MW_ASSERT(ledger->count == 0);
    size_t count = bytes.size / ENTRY_SIZE;
    mw_reader in = {.rest = bytes};
    if (bytes.size % ENTRY_SIZE != 0)
        return mw_fail(err, MW_CORRUPT, "ledger: its bytes must be entries of %d, got %zu",
                       ENTRY_SIZE, bytes.size);
    if (!has_room(ledger, count + 1))
        return mw_fail(err, MW_NO_MEMORY, "ledger: no memory for %zu predictions", count);
    for (size_t i = 0; i < count; i++) {
        mw_ledger_entry entry = read_entry(&in);
        if (i > 0 && entry.stamp <= ledger->entries[i - 1].stamp)
            return mw_fail(err, MW_CORRUPT, "ledger: its stamps must grow");
        MW_TRY(mw_ledger_add(ledger, &entry, err));
    }
    mw_ledger_settle_all(ledger);
    return MW_OK;
}
