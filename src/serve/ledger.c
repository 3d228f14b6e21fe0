#include "serve/ledger.h"

#include "base/digest_table.h"

#include <string.h>

enum { ENTRY_SIZE = 40, KNOWN_SIZE = 128 };

struct mw_ledger {
    mw_hash_key key;
    struct {
        char text[KNOWN_SIZE]; /* the model's name, then the event's id */
        size_t model_size, size; /* 0: none */
        mw_keyed_hash model, event;
    } known; /* what was hashed last: what is looked up is added next, and models are few */
    mw_ledger_archive archive;
    mw_ledger_entry *entries;
    size_t capacity;
    size_t settled;        /* so many of them */
    mw_digest_table table; /* of the entries, by event */
    int64_t last;          /* stamp; of the archive, too */
    mw_ledger_found found; /* what was asked for last */
};

mw_status mw_ledger_create(mw_hash_key key, mw_ledger_archive archive, mw_ledger **out_ledger,
                           mw_error *err) {
    mw_ledger *ledger = mw_allocate(sizeof *ledger);
    if (!ledger) return mw_fail(err, MW_NO_MEMORY, "ledger: no memory");
    ledger->key = key;
    ledger->archive = archive;
    ledger->last = INT64_MIN;
    *out_ledger = ledger;
    return MW_OK;
}

void mw_ledger_destroy(mw_ledger *ledger) {
    if (!ledger) return;
    mw_free(ledger->entries);
    mw_digest_table_release(&ledger->table);
    mw_free(ledger);
}

static void know(mw_ledger *ledger, mw_str model, mw_str event_id, mw_keyed_hash model_hash,
                 mw_keyed_hash event_hash) {
    ledger->known.size = 0;
    if (model.size == 0 || model.size > KNOWN_SIZE || event_id.size > KNOWN_SIZE - model.size)
        return;
    memcpy(ledger->known.text, model.data, model.size);
    if (event_id.size > 0) memcpy(ledger->known.text + model.size, event_id.data, event_id.size);
    ledger->known.model_size = model.size;
    ledger->known.size = model.size + event_id.size;
    ledger->known.model = model_hash;
    ledger->known.event = event_hash;
}

mw_keyed_hash mw_ledger_event(mw_ledger *ledger, mw_str model, mw_str event_id) {
    mw_str known = {ledger->known.text, ledger->known.size};
    mw_str known_model = mw_str_slice(known, 0, ledger->known.model_size);
    bool has_model = known.size > 0 && mw_str_equal(model, known_model);
    if (has_model && mw_str_equal(event_id, mw_str_slice(known, model.size, known.size)))
        return ledger->known.event;
    mw_keyed_hash parts[] = {
        has_model ? ledger->known.model : mw_hash_with_key(ledger->key, model.data, model.size),
        mw_hash_with_key(ledger->key, event_id.data, event_id.size)};
    mw_keyed_hash event = mw_hash_with_key(ledger->key, parts, sizeof parts);
    know(ledger, model, event_id, parts[0], event);
    return event;
}

/* --- in memory -------------------------------------------------------------------------------- */

static bool has_room(mw_ledger *ledger, size_t entry_count) {
    if (!mw_grow((void **)&ledger->entries, &ledger->capacity, entry_count,
                 sizeof *ledger->entries, MW_DIGESTS_MAX))
        return false;
    mw_digests events = {&ledger->entries->event, sizeof *ledger->entries};
    return mw_digest_table_reserve(&ledger->table, events, entry_count);
}

static void add_entry(mw_ledger *ledger, const mw_ledger_entry *entry) {
    ledger->entries[ledger->table.count] = *entry;
    mw_digest_table_add(&ledger->table);
    ledger->last = entry->stamp;
}

mw_status mw_ledger_add(mw_ledger *ledger, const mw_ledger_entry *entry, mw_error *err) {
    MW_ASSERT(entry->stamp > ledger->last);
    if (!has_room(ledger, ledger->table.count + 1))
        return mw_fail(err, MW_NO_MEMORY, "ledger: no memory for prediction %zu",
                       ledger->table.count + 1);
    add_entry(ledger, entry);
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

/* The first entry whose stamp is not less, or how many there are. */
static size_t index_of(const mw_ledger *ledger, int64_t stamp) {
    size_t low = 0, high = ledger->table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->entries[middle].stamp < stamp) low = middle + 1;
        else high = middle;
    }
    return low;
}

bool mw_ledger_is_settled(const mw_ledger *ledger, int64_t stamp) {
    size_t settled = ledger->settled;
    return settled == ledger->table.count || stamp < ledger->entries[settled].stamp;
}

mw_status mw_ledger_forget(mw_ledger *ledger, int64_t through, mw_error *err) {
    size_t first = through < INT64_MAX ? index_of(ledger, through + 1) : ledger->table.count;
    mw_ledger rest = {.settled = 0};
    if (first > ledger->settled) first = ledger->settled;
    if (!has_room(&rest, ledger->table.count - first + 1)) {
        mw_free(rest.entries);
        mw_digest_table_release(&rest.table);
        return mw_fail(err, MW_NO_MEMORY, "ledger: no memory to forget");
    }
    for (size_t i = first; i < ledger->table.count; i++) add_entry(&rest, &ledger->entries[i]);
    mw_free(ledger->entries);
    mw_digest_table_release(&ledger->table);
    ledger->entries = rest.entries;
    ledger->capacity = rest.capacity;
    ledger->table = rest.table;
    ledger->settled -= first;
    return MW_OK;
}

/* --- finding ---------------------------------------------------------------------------------- */

static mw_status find_old(const mw_ledger *ledger, int64_t stamp, mw_ledger_found *out_found,
                          bool *out_is_found, mw_error *err) {
    mw_keyed_hash digest = {{(uint64_t)stamp, 0}};
    uint64_t words[2];
    MW_TRY(mw_digest_runs_find(ledger->archive.runs, MW_RUNS_STAMPS, digest, words, out_is_found,
                               err));
    if (*out_is_found)
        *out_found = (mw_ledger_found){stamp, {(int64_t)words[0], words[1]}};
    return MW_OK;
}

static const mw_ledger_found *found_at(mw_ledger *ledger, size_t index) {
    const mw_ledger_entry *entry = &ledger->entries[index];
    ledger->found = (mw_ledger_found){entry->stamp, entry->position};
    return &ledger->found;
}

mw_status mw_ledger_find(mw_ledger *ledger, int64_t stamp, const mw_ledger_found **out_found,
                         mw_error *err) {
    size_t index = index_of(ledger, stamp);
    bool is_found = index < ledger->table.count && ledger->entries[index].stamp == stamp;
    if (is_found) {
        *out_found = found_at(ledger, index);
        return MW_OK;
    }
    MW_TRY(find_old(ledger, stamp, &ledger->found, &is_found, err));
    *out_found = is_found ? &ledger->found : NULL;
    return MW_OK;
}

/* What is old comes before what is in memory. */
static mw_status find_stamp(const mw_ledger *ledger, mw_keyed_hash event, int64_t *out_stamp,
                            bool *out_is_old, mw_error *err) {
    uint64_t stamp;
    MW_TRY(mw_digest_runs_find(ledger->archive.runs, ledger->archive.events, event, &stamp,
                               out_is_old, err));
    if (*out_is_old) *out_stamp = (int64_t)stamp;
    return MW_OK;
}

mw_status mw_ledger_find_event(mw_ledger *ledger, mw_str model, mw_str event_id,
                               const mw_ledger_found **out_found, mw_error *err) {
    mw_keyed_hash event = mw_ledger_event(ledger, model, event_id);
    int64_t stamp = 0;
    bool is_old = false;
    MW_TRY(find_stamp(ledger, event, &stamp, &is_old, err));
    if (!is_old) {
        size_t index = mw_digest_table_find(&ledger->table, event);
        *out_found = index == MW_DIGEST_ABSENT ? NULL : found_at(ledger, index);
        return MW_OK;
    }
    const mw_ledger_found *found;
    MW_TRY(mw_ledger_find(ledger, stamp, &found, err));
    if (!found)
        return mw_fail(err, MW_CORRUPT, "ledger: no run has the place of prediction %lld",
                       (long long)stamp);
    *out_found = found;
    return MW_OK;
}

mw_status mw_ledger_has_event(mw_ledger *ledger, mw_str model, mw_str event_id,
                              bool *out_has_event, mw_error *err) {
    mw_keyed_hash event = mw_ledger_event(ledger, model, event_id);
    int64_t stamp;
    bool has_event = mw_digest_table_find(&ledger->table, event) != MW_DIGEST_ABSENT;
    if (!has_event) MW_TRY(find_stamp(ledger, event, &stamp, &has_event, err));
    *out_has_event = has_event;
    return MW_OK;
}

int64_t mw_ledger_last(const mw_ledger *ledger) { return ledger->last; }

/* Those that have left count there, whether or not they are still here. */
uint64_t mw_ledger_count(const mw_ledger *ledger) {
    const mw_ledger_archive *archive = &ledger->archive;
    mw_runs_kind kind = archive->events == MW_RUNS_EVENTS ? MW_RUNS_STAMPS : archive->events;
    int64_t through = mw_digest_runs_through(archive->runs, kind);
    size_t first = through == INT64_MIN ? 0 : index_of(ledger, through + 1);
    return mw_digest_runs_count(archive->runs, kind) + ledger->table.count - first;
}

size_t mw_ledger_in_memory(const mw_ledger *ledger) { return ledger->table.count; }

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

mw_status mw_ledger_load(mw_ledger *ledger, mw_str bytes, int64_t last, mw_error *err) {
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
        if (entry.stamp <= ledger->last)
            return mw_fail(err, MW_CORRUPT, "ledger: its stamps must grow");
        MW_TRY(mw_ledger_add(ledger, &entry, err));
    }
    mw_ledger_settle_all(ledger);
    if (last > ledger->last) ledger->last = last;
    return MW_OK;
}
