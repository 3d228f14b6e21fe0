#include "serve/old_entries.h"

#include "base/hash.h"
#include "serve/saved_state.h"

enum {
    KEY_SIZE = 28,
    NAMES_SIZE_MAX = 1 << 14,
    NOTED_SIZE_MAX = 1 << 20,
    ARENA_SIZE_MAX = 1 << 16,
    ID_WORDS = 4,    /* of what mw_roster_save writes of each, */
    LEDGER_WORDS = 5 /* and mw_ledger_save */
};
static const char magic[4] = {'M', 'W', 'K', 'Y'};

static size_t news_min(const mw_sequencer *sequencer) {
    size_t count = sequencer->config.old_entries_min;
    return count > 0 ? count : MW_RUNS_NEWS_MIN;
}

/* --- the key ---------------------------------------------------------------------------------- */

/* "MWKY", u32 format, the key, u32 CRC32C of these. */
static void append_key(mw_buf *out, mw_hash_key key) {
    mw_buf_append(out, magic, sizeof magic);
    mw_buf_append_u32(out, 1);
    mw_buf_append_u64(out, key.words[0]);
    mw_buf_append_u64(out, key.words[1]);
    if (!out->failed) mw_buf_append_u32(out, mw_crc32c(0, out->data, out->size));
}

static mw_status read_key(mw_sys *sys, const char *path, mw_hash_key *out_key, mw_error *err) {
    mw_buf bytes, again;
    mw_buf_init(&bytes, KEY_SIZE);
    mw_buf_init(&again, KEY_SIZE);
    mw_status status = mw_sys_read_file(sys, path, &bytes, err);
    mw_reader in = {.rest = mw_buf_str(&bytes)};
    mw_hash_key key;
    (void)mw_read_bytes(&in, sizeof magic);
    (void)mw_read_u32(&in);
    key.words[0] = mw_read_u64(&in);
    key.words[1] = mw_read_u64(&in);
    append_key(&again, key);
    if (status == MW_OK && !mw_str_equal(mw_buf_str(&bytes), mw_buf_str(&again)))
        status = mw_fail(err, MW_CORRUPT, "key: %s does not hold one", path);
    if (status == MW_OK) *out_key = key;
    mw_buf_release(&bytes);
    mw_buf_release(&again);
    return status;
}

/* It is read again, for another process may have written one at the same time. */
static mw_status write_key(mw_sys *sys, const char *folder, const char *path, mw_hash_key *key,
                           mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, KEY_SIZE);
    append_key(&bytes, *key);
    mw_status status = mw_buf_check(&bytes, "a key", err);
    if (status == MW_OK) status = mw_sys_make_folder(sys, folder, err);
    if (status == MW_OK) status = mw_sys_write_file(sys, path, mw_buf_str(&bytes), err);
    mw_buf_release(&bytes);
    return status == MW_OK ? read_key(sys, path, key, err) : status;
}

void mw_old_entries_find_key(mw_sequencer *sequencer) {
    const mw_sequencer_config *config = &sequencer->config;
    mw_arena arena;
    mw_error unread;
    mw_sys_entropy(config->sys, &sequencer->key, sizeof sequencer->key);
    if (!config->checkpoint_folder) return;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    const char *folder = mw_path_join(&arena, config->checkpoint_folder, "runs");
    const char *path = folder ? mw_path_join(&arena, folder, "key") : NULL;
    if (path && read_key(config->sys, path, &sequencer->key, &unread) != MW_OK)
        (void)!write_key(config->sys, folder, path, &sequencer->key, &unread);
    mw_arena_release(&arena);
}

static mw_runs_identity identity_of(const mw_sequencer *sequencer) {
    static const char text[] = "runs";
    return (mw_runs_identity){.log_id = sequencer->log_id,
                              .key = mw_hash_with_key(sequencer->key, text, sizeof text),
                              .circumstances = mw_saved_state_circumstances(sequencer)};
}

/* --- events ----------------------------------------------------------------------------------- */

static mw_status find_id(const void *context, mw_keyed_hash id, uint64_t out_words[2],
                         bool *out_is_found, mw_error *err) {
    return mw_digest_runs_find(context, MW_RUNS_IDS, id, out_words, out_is_found, err);
}

mw_status mw_old_entries_look_up(const mw_sequencer *sequencer, const mw_event *event,
                                 mw_roster_found *out_found, mw_error *err) {
    mw_roster_archive archive = {sequencer->runs, find_id};
    return mw_roster_look_up(sequencer->roster, archive, event, out_found, err);
}

mw_status mw_old_entries_enter(mw_sequencer *sequencer, const mw_event *event,
                               mw_event_origin origin, mw_error *err) {
    mw_roster_archive archive = {sequencer->runs, find_id};
    return mw_roster_enter(sequencer->roster, archive, event, origin, err);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Entries of a list, as they were gathered. */
typedef struct {
    uint64_t *words;
    size_t count;
} gathered;

static mw_status reserve(gathered *list, mw_runs_kind kind, size_t count, mw_error *err) {
    list->words = mw_allocate(count * mw_digest_runs_words(kind) * sizeof *list->words);
    return list->words ? MW_OK : mw_fail(err, MW_NO_MEMORY, "runs: no memory to sort entries");
}

static mw_status gather_ids(const mw_sequencer *sequencer, gathered *ids, mw_error *err) {
    size_t count = mw_roster_count(sequencer->roster);
    mw_buf bytes;
    MW_TRY(reserve(ids, MW_RUNS_IDS, count, err));
    mw_buf_init(&bytes, SIZE_MAX / 2);
    mw_roster_save(sequencer->roster, &bytes);
    mw_status status = mw_buf_check(&bytes, "ids", err);
    mw_reader in = {.rest = mw_buf_str(&bytes)};
    for (size_t i = 0; status == MW_OK && i < count * ID_WORDS; i++)
        ids->words[i] = mw_read_u64(&in);
    ids->count = count;
    mw_buf_release(&bytes);
    return status;
}

static void gather_entry(const uint64_t entry[LEDGER_WORDS], gathered *events, gathered *stamps) {
    uint64_t *event = events->words + events->count++ * mw_digest_runs_words(MW_RUNS_EVENTS);
    event[0] = entry[1];
    event[1] = entry[2];
    event[2] = entry[0];
    if (!stamps) return;
    uint64_t *stamp = stamps->words + stamps->count++ * mw_digest_runs_words(MW_RUNS_STAMPS);
    stamp[0] = entry[0];
    stamp[1] = 0;
    stamp[2] = entry[3];
    stamp[3] = entry[4];
}

/* What is behind `through`, where the list ends so far. */
static mw_status gather_ledger(const mw_ledger *ledger, int64_t through, gathered *events,
                               gathered *stamps, mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, SIZE_MAX / 2);
    mw_ledger_save(ledger, &bytes);
    mw_status status = mw_buf_check(&bytes, "predictions", err);
    size_t count = bytes.size / (LEDGER_WORDS * sizeof(uint64_t));
    if (status == MW_OK) status = reserve(events, MW_RUNS_EVENTS, count + 1, err);
    if (status == MW_OK && stamps) status = reserve(stamps, MW_RUNS_STAMPS, count + 1, err);
    mw_reader in = {.rest = mw_buf_str(&bytes)};
    for (size_t i = 0; status == MW_OK && i < count; i++) {
        uint64_t entry[LEDGER_WORDS];
        for (size_t k = 0; k < LEDGER_WORDS; k++) entry[k] = mw_read_u64(&in);
        if ((int64_t)entry[0] > through) gather_entry(entry, events, stamps);
    }
    mw_buf_release(&bytes);
    return status;
}

static mw_status gather(const mw_sequencer *sequencer, const mw_old_entries_written *wanted,
                        gathered lists[MW_RUNS_KINDS], mw_error *err) {
    int64_t stamps = mw_digest_runs_through(sequencer->runs, MW_RUNS_STAMPS);
    int64_t rankings = mw_digest_runs_through(sequencer->runs, MW_RUNS_RANKINGS);
    if (wanted->roster) MW_TRY(gather_ids(sequencer, &lists[MW_RUNS_IDS], err));
    if (wanted->ledger)
        MW_TRY(gather_ledger(sequencer->ledger, stamps, &lists[MW_RUNS_EVENTS],
                             &lists[MW_RUNS_STAMPS], err));
    if (wanted->rankings)
        MW_TRY(gather_ledger(sequencer->rankings, rankings, &lists[MW_RUNS_RANKINGS], NULL, err));
    return MW_OK;
}

mw_status mw_old_entries_write(const mw_sequencer *sequencer, mw_buf *out_names,
                               mw_old_entries_written *out_written, mw_error *err) {
    size_t least = news_min(sequencer);
    gathered lists[MW_RUNS_KINDS] = {{.count = 0}};
    mw_runs_news news[MW_RUNS_KINDS];
    mw_runs_identity identity = identity_of(sequencer);
    mw_old_entries_written written = {
        .roster = mw_roster_count(sequencer->roster) >= least,
        .ledger = mw_ledger_in_memory(sequencer->ledger) >= least,
        .rankings = mw_ledger_in_memory(sequencer->rankings) >= least};
    mw_status status = gather(sequencer, &written, lists, err);
    for (size_t i = 0; i < MW_RUNS_KINDS; i++) {
        gathered *list = &lists[i];
        size_t words = mw_digest_runs_words((mw_runs_kind)i);
        if (status == MW_OK) list->count = mw_digest_run_sort(list->words, list->count, words);
        news[i] = (mw_runs_news){list->words, list->count, sequencer->log_place};
    }
    if (status == MW_OK)
        status = mw_digest_runs_write(sequencer->runs, &identity, news, out_names, err);
    for (size_t i = 0; i < MW_RUNS_KINDS; i++) mw_free(lists[i].words);
    if (status == MW_OK) *out_written = written;
    return status;
}

mw_status mw_old_entries_publish(const mw_sequencer *sequencer, mw_str names, mw_error *err) {
    return mw_digest_runs_publish(sequencer->runs, names, err);
}

/* One that is damaged is of no use, so it needs nothing. */
static mw_status note_needed(mw_checkpoints in, uint64_t number, mw_str section, mw_buf *noted,
                             bool *may_need_any, mw_error *err) {
    mw_buf names;
    mw_buf_init(&names, NAMES_SIZE_MAX);
    mw_status status = mw_checkpoint_read_section(in, number, section, &names, err);
    if (status == MW_OK) status = mw_digest_runs_note(mw_buf_str(&names), noted, err);
    mw_buf_release(&names);
    bool is_useless = status == MW_CORRUPT || status == MW_NOT_FOUND || status == MW_TOO_LARGE;
    *may_need_any |= mw_digest_runs_may_name_any(status);
    return is_useless || *may_need_any ? MW_OK : status;
}

mw_status mw_old_entries_tidy(const mw_sequencer *sequencer, mw_str section, mw_error *err) {
    mw_checkpoints in = {sequencer->config.sys, sequencer->config.checkpoint_folder};
    mw_buf noted;
    uint64_t number = UINT64_MAX;
    bool may_need_any = false;
    mw_status status = MW_OK;
    mw_buf_init(&noted, NOTED_SIZE_MAX);
    while (status == MW_OK && number > 0 && !may_need_any) {
        status = mw_checkpoint_newest(in, number, &number, err);
        if (status == MW_OK && number > 0)
            status = note_needed(in, number, section, &noted, &may_need_any, err);
    }
    if (status == MW_OK && !may_need_any)
        status = mw_digest_runs_tidy(sequencer->runs, &noted, err);
    mw_buf_release(&noted);
    return status;
}

/* --- taking up -------------------------------------------------------------------------------- */

mw_status mw_old_entries_read(mw_sequencer *sequencer, mw_str names, mw_error *err) {
    mw_runs_identity identity = identity_of(sequencer);
    return mw_digest_runs_take(sequencer->runs, &identity, names, err);
}

static mw_status take_up(mw_sequencer *sequencer, mw_str names, mw_error *err) {
    const mw_digest_runs *runs = sequencer->runs;
    MW_TRY(mw_old_entries_read(sequencer, names, err));
    MW_TRY(mw_roster_forget(sequencer->roster, mw_digest_runs_through(runs, MW_RUNS_IDS), err));
    MW_TRY(mw_ledger_forget(sequencer->ledger, mw_digest_runs_through(runs, MW_RUNS_STAMPS), err));
    return mw_ledger_forget(sequencer->rankings, mw_digest_runs_through(runs, MW_RUNS_RANKINGS),
                            err);
}

size_t mw_sequencer_in_memory(const mw_sequencer *sequencer) {
    return mw_roster_count(sequencer->roster) + mw_ledger_in_memory(sequencer->ledger) +
           mw_ledger_in_memory(sequencer->rankings);
}

uint64_t mw_sequencer_on_disk(const mw_sequencer *sequencer) {
    return mw_digest_runs_count(sequencer->runs, MW_RUNS_IDS) +
           mw_digest_runs_count(sequencer->runs, MW_RUNS_STAMPS) +
           mw_digest_runs_count(sequencer->runs, MW_RUNS_RANKINGS);
}

mw_status mw_sequencer_take_up(mw_sequencer *sequencer, mw_error *err) {
    mw_buf names;
    if (!sequencer->runs || !sequencer->is_ready ||
        mw_sequencer_in_memory(sequencer) < news_min(sequencer))
        return MW_OK;
    mw_buf_init(&names, NAMES_SIZE_MAX);
    mw_status status = mw_digest_runs_news_of(sequencer->runs, &sequencer->runs_number, &names,
                                              err);
    if (status == MW_OK && names.size > 0)
        status = take_up(sequencer, mw_buf_str(&names), err);
    mw_buf_release(&names);
    return status;
}
