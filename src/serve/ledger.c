#include "serve/ledger.h"

#include "base/digest_table.h"

enum { ENTRY_SIZE = 40 };

struct mw_ledger {
    mw_hash_key key;
    mw_ledger_entry *entries;
    size_t capacity;
    size_t settled; /* so many of them */
    mw_digest_table table; /* of the entries, by event */
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
    mw_digest_table_release(&ledger->table);
    mw_free(ledger);
}

mw_keyed_hash mw_ledger_event(const mw_ledger *ledger, mw_str model, mw_str event_id) {
    mw_keyed_hash parts[] = {mw_hash_with_key(ledger->key, model.data, model.size),
                             mw_hash_with_key(ledger->key, event_id.data, event_id.size)};
    return mw_hash_with_key(ledger->key, parts, sizeof parts);
}

static bool has_room(mw_ledger *ledger, size_t entry_count) {
    if (!mw_grow((void **)&ledger->entries, &ledger->capacity, entry_count,
                 sizeof *ledger->entries, MW_DIGESTS_MAX))
        return false;
    mw_digests events = {&ledger->entries->event, sizeof *ledger->entries};
    return mw_digest_table_reserve(&ledger->table, events, entry_count);
}

mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry, mw_error *err) {
    MW_ASSERT(ledger->table.count == 0 || entry->stamp > mw_ledger_last(ledger));
    if (!has_room(ledger, ledger->table.count + 1))
        return mw_fail(err, MW_NO_MEMORY, "ledger: no memory for prediction %zu",
                       ledger->table.count + 1);
    ledger->entries[ledger->table.count] = *entry;
    mw_digest_table_add(&ledger->table);
    return MW_OK;
}

void mw_ledger_settle_all(mw_ledger *ledger) { ledger->settled = ledger->table.count; }

void mw_ledger_settle(mw_ledger *ledger, mw_log_position batch) {
    for (; ledger->settled < ledger->table.count; ledger->settled++) {
        mw_log_position *position = &ledger->entries[ledger->settled].position;
        position->segment = batch.segment;
        position->offset += batch.offset;
    }
}

bool mw_ledger_is_settled(const mw_ledger *ledger, const mw_ledger_entry *entry) {
    return entry < ledger->entries + ledger->settled;
}

const mw_ledger_entry *mw_ledger_find(const mw_ledger *ledger, int64_t stamp) {
    size_t low = 0, high = ledger->table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->entries[middle].stamp < stamp) low = middle + 1;
        else high = middle;
    }
    bool found = low < ledger->table.count && ledger->entries[low].stamp == stamp;
    return found ? &ledger->entries[low] : NULL;
}

const mw_ledger_entry *mw_ledger_find_event(const mw_ledger *ledger, mw_str model,
                                            mw_str event_id) {
    mw_keyed_hash event = mw_ledger_event(ledger, model, event_id);
    size_t index = mw_digest_table_find(&ledger->table, event);
    return index == MW_DIGEST_ABSENT ? NULL : &ledger->entries[index];
}

int64_t mw_ledger_last(const mw_ledger *ledger) {
    return ledger->table.count > 0 ? ledger->entries[ledger->table.count - 1].stamp : INT64_MIN;
}

size_t mw_ledger_count(const mw_ledger *ledger) { return ledger->table.count; }

/* --- as bytes: each entry's five words, little endian ----------------------------------------- */

void mw_ledger_save(const mw_ledger *ledger, mw_buf *out) {
    MW_ASSERT(ledger->settled == ledger->table.count);
    for (size_t i = 0; i < ledger->table.count; i++) {
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
    MW_ASSERT(ledger->table.count == 0);
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
