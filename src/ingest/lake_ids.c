#include "ingest/lake_ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/digest_runs.h"
#include "table/passing.h"

enum {
    ARENA_SIZE_MAX = 1 << 16,
    NAMES_SIZE_MAX = 1 << 14,
    SYMBOLS_SIZE_MAX = 1 << 28, /* of the ids of a moment */
    TIDY_EVERY_ROWS = 1 << 10,
    PIECE_ENTRIES = 1 << 19, /* that are sorted at once */
    DIGEST_WORDS = 2,
    ENTRY_WORDS = 4, /* the digest, whether it is a correction, the place */
    DRAFT_WORDS = 5, /* the digest, its rank, its number, the place */
};
static const char key_setting[] = "lake.ids.key";

struct mw_lake_ids {
    mw_lake_ids_config config;
    const mw_stream *stream;
    mw_arena arena;
    mw_hash_key key;
    uint64_t *words;       /* room for what is hashed of an id */
    int32_t *first_fields; /* 0, 1, 2 ...: of rows that have the id alone */
    mw_schema id_schema;
    mw_digest_runs *runs; /* NULL: they are of no use, or there is nothing to find */
    int64_t through;
    mw_buf asked; /* digests */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for ids");
}

static mw_lake *lake_of(const mw_lake_ids *ids) { return mw_state_lake(ids->config.state); }

/* --- digests -------------------------------------------------------------------------------- */

/* Of the id in a row, whose columns for it are these: the same in any process. */
static mw_keyed_hash digest_of(const mw_lake_ids *ids, const mw_symbols *symbols,
                               const int32_t *fields, const mw_cell *row) {
    size_t count = 0;
    for (int32_t i = 0; i < ids->stream->id_count; i++) {
        mw_cell cell = row[fields[i]];
        mw_keyed_hash text = {{cell.bits, 0}};
        if (mw_type_is_symbol(ids->id_schema.fields[i].type) && cell.symbol != 0) {
            mw_str bytes = mw_symbols_text(symbols, cell.symbol);
            text = mw_hash_with_key(ids->key, bytes.data, bytes.size);
        }
        ids->words[count++] = text.words[0];
        ids->words[count++] = text.words[1];
    }
    return mw_hash_with_key(ids->key, ids->words, count * sizeof *ids->words);
}

static int compare_digests(const void *a, const void *b) {
    const uint64_t *one = a, *other = b;
    for (size_t i = 0; i < DIGEST_WORDS; i++)
        if (one[i] != other[i]) return one[i] < other[i] ? -1 : 1;
    return 0;
}

/* --- what the files are of ------------------------------------------------------------------ */

/* Drawn once, and never shown: without it nobody can make two ids meet. */
static mw_status find_secret(mw_lake_ids *ids, mw_str *out_secret, mw_error *err) {
    mw_catalog *catalog = mw_state_catalog(ids->config.state);
    uint64_t drawn[2];
    char text[2 * sizeof drawn + 1];
    mw_status status = mw_catalog_get(catalog, key_setting, &ids->arena, out_secret, err);
    if (status != MW_NOT_FOUND) return status;
    mw_sys_entropy(mw_state_sys(ids->config.state), drawn, sizeof drawn);
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)drawn[0],
             (unsigned long long)drawn[1]);
    MW_TRY(mw_catalog_set(catalog, key_setting, mw_str_of(text), err));
    *out_secret = mw_str_copy(&ids->arena, mw_str_of(text));
    return out_secret->data ? MW_OK : no_memory(err);
}

static mw_status find_key(mw_lake_ids *ids, mw_error *err) {
    unsigned char digest[MW_SHA256_SIZE];
    mw_sha256 sha;
    mw_str secret = {NULL, 0};
    MW_TRY(find_secret(ids, &secret, err));
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, secret);
    mw_sha256_bytes(&sha, digest);
    memcpy(&ids->key, digest, sizeof ids->key);
    return MW_OK;
}

/* All that the catalog lists of the stream's files up to an ingest, and what its id is. */
static mw_status sum_lake(const mw_lake_ids *ids, int64_t through, uint64_t *out_sum,
                          mw_error *err) {
    enum { COLUMNS = 8 };
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    mw_sha256 sha;
    unsigned char digest[MW_SHA256_SIZE];
    mw_sha256_init(&sha);
    mw_schema_hash(&ids->id_schema, &sha);
    MW_TRY(mw_catalog_query(mw_state_catalog(ids->config.state),
                            "SELECT ingest, path, event_count, rows_hash, checksum, place_us, "
                            "step_us, log_through_us FROM lake_files JOIN ingests ON id = ingest "
                            "WHERE stream = ? AND ingest <= ? ORDER BY ingest, path",
                            MW_SQL(mw_sql_str(ids->stream->name), mw_sql_int(through)), &rows,
                            err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row) {
        for (int i = 0; i < COLUMNS; i++) mw_sha256_add_str(&sha, mw_catalog_text(rows, i));
        status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    mw_sha256_bytes(&sha, digest);
    memcpy(out_sum, digest, sizeof *out_sum);
    return status;
}

static mw_status identify(const mw_lake_ids *ids, int64_t through, mw_runs_identity *out_identity,
                          mw_error *err) {
    static const char text[] = "ids";
    uint64_t sum;
    MW_TRY(sum_lake(ids, through, &sum, err));
    *out_identity = (mw_runs_identity){.key = mw_hash_with_key(ids->key, text, sizeof text),
                                       .circumstances = sum};
    return MW_OK;
}

static mw_status take_names(mw_lake_ids *ids, mw_str names, mw_error *err) {
    mw_runs_identity identity;
    int64_t through = 0;
    MW_TRY(mw_digest_runs_names_through(names, MW_RUNS_IDS, &through, err));
    MW_TRY(identify(ids, through, &identity, err));
    MW_TRY(mw_digest_runs_take(ids->runs, &identity, names, err));
    ids->through = through;
    return MW_OK;
}

/* Files that cannot be read are as good as none. */
static mw_status take_newest(mw_lake_ids *ids, mw_error *err) {
    mw_error unread;
    mw_buf names;
    uint64_t number = 0;
    mw_buf_init(&names, NAMES_SIZE_MAX);
    mw_status status = mw_digest_runs_news_of(ids->runs, &number, &names, &unread);
    if (status == MW_OK && names.size > 0) status = take_names(ids, mw_buf_str(&names), &unread);
    mw_buf_release(&names);
    return status == MW_NO_MEMORY ? no_memory(err) : MW_OK;
}

/* --- bringing them up ----------------------------------------------------------------------- */

/* Entries on their way from the lake into files. */
typedef struct {
    mw_lake_ids *ids;
    mw_runs_identity identity; /* of what they will be */
    int64_t through;
    mw_symbols *symbols; /* of the ids alone, which pass */
    uint64_t *drafts;
    size_t count, capacity, row_count;
    mw_buf names; /* of all files that there are; empty: nothing was written */
    mw_status status;
    mw_error *err;
} gathering;

/* Makes the first draft of each digest the one that stands: of corrections the one with the last
   place, else the event that came first. */
static int64_t rank_of(const mw_event *event) {
    return event->replaced ? ~event->place : INT64_MAX;
}

/* What the files have stands, unless this is a correction that comes after. */
static mw_status takes_over(const mw_lake_ids *ids, const uint64_t entry[ENTRY_WORDS],
                            bool *out_does, mw_error *err) {
    uint64_t stands[ENTRY_WORDS - DIGEST_WORDS];
    bool is_found;
    mw_keyed_hash digest = {{entry[0], entry[1]}};
    MW_TRY(mw_digest_runs_find(ids->runs, MW_RUNS_IDS, digest, stands, &is_found, err));
    *out_does = !is_found ||
                (entry[2] && (!stands[0] || (int64_t)entry[3] >= (int64_t)stands[1]));
    return MW_OK;
}

/* Turns drafts into entries, in their place, those alone that say something new. */
static mw_status settle_drafts(gathering *it, mw_error *err) {
    size_t drafted = mw_digest_run_sort(it->drafts, it->count, DRAFT_WORDS), kept = 0;
    for (size_t i = 0; i < drafted; i++) {
        const uint64_t *draft = it->drafts + i * DRAFT_WORDS;
        bool is_correction = draft[2] != INT64_MAX;
        uint64_t entry[ENTRY_WORDS] = {draft[0], draft[1], is_correction, draft[4]};
        bool does;
        MW_TRY(takes_over(it->ids, entry, &does, err));
        if (does) memcpy(it->drafts + ENTRY_WORDS * kept++, entry, sizeof entry);
    }
    it->count = kept;
    return MW_OK;
}

static mw_status write_piece(gathering *it, mw_error *err) {
    mw_runs_news news[MW_RUNS_KINDS] = {{.count = 0}};
    MW_TRY(settle_drafts(it, err));
    if (it->count == 0) return MW_OK;
    news[MW_RUNS_IDS] = (mw_runs_news){it->drafts, it->count, it->through};
    it->count = 0;
    mw_buf_clear(&it->names);
    MW_TRY(mw_digest_runs_write(it->ids->runs, &it->identity, news, &it->names, err));
    return mw_digest_runs_take(it->ids->runs, &it->identity, mw_buf_str(&it->names), err);
}

static bool gather(const void *context, const mw_event *event) {
    gathering *it = *(gathering *const *)context;
    if (it->status != MW_OK) return false;
    const mw_lake_ids *ids = it->ids;
    mw_keyed_hash digest = digest_of(ids, it->symbols, ids->first_fields, event->row);
    uint64_t draft[DRAFT_WORDS] = {digest.words[0], digest.words[1], (uint64_t)rank_of(event),
                                   it->row_count++, (uint64_t)event->place};
    memcpy(it->drafts + DRAFT_WORDS * it->count++, draft, sizeof draft);
    if (it->row_count % TIDY_EVERY_ROWS == 0) mw_passing_tidy(it->symbols);
    if (it->count == it->capacity) it->status = write_piece(it, it->err);
    return false;
}

static mw_status gather_lake(gathering *it, mw_error *err) {
    mw_lake_ids *ids = it->ids;
    const mw_schema *schema = &ids->id_schema;
    gathering *context = it;
    mw_events none;
    mw_lake_wish wish = {ids->stream->name, 0, it->symbols, INT64_MIN, ids->through};
    MW_TRY(mw_events_init(&none, &schema, 1, err));
    mw_status status = mw_lake_sift(lake_of(ids), ids->config.lake, wish,
                                    (mw_lake_filter){gather, &context}, &none, err);
    mw_events_release(&none);
    if (status == MW_OK) status = it->status;
    return status == MW_OK ? write_piece(it, err) : status;
}

static mw_status begin(gathering *it, size_t behind, mw_error *err) {
    it->capacity = behind < PIECE_ENTRIES ? behind : PIECE_ENTRIES;
    it->drafts = mw_allocate(it->capacity * DRAFT_WORDS * sizeof *it->drafts);
    if (!it->drafts) return no_memory(err);
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &it->symbols, err));
    MW_TRY(mw_passing_allow(it->symbols, err));
    (void)mw_passing_set(it->symbols, true);
    return identify(it->ids, it->through, &it->identity, err);
}

static void tidy(const mw_digest_runs *runs) {
    mw_error left;
    mw_buf noted;
    mw_buf_init(&noted, NAMES_SIZE_MAX);
    (void)!mw_digest_runs_tidy(runs, &noted, &left); /* what is left now goes the next time */
    mw_buf_release(&noted);
}

static mw_status bring_up(mw_lake_ids *ids, size_t behind, mw_error *err) {
    gathering it = {.ids = ids, .through = ids->config.lake->ingest, .err = err};
    mw_buf_init(&it.names, NAMES_SIZE_MAX);
    tidy(ids->runs); /* what a failure or a death has left */
    mw_status status = begin(&it, behind, err);
    if (status == MW_OK) status = gather_lake(&it, err);
    if (status == MW_OK && it.names.size > 0)
        status = mw_digest_runs_publish(ids->runs, mw_buf_str(&it.names), err);
    mw_buf_release(&it.names);
    mw_symbols_destroy(it.symbols);
    mw_free(it.drafts);
    tidy(ids->runs);
    return status;
}

/* --- life ----------------------------------------------------------------------------------- */

static mw_status init(mw_lake_ids *ids, mw_error *err) {
    size_t count = (size_t)ids->stream->id_count;
    mw_arena *arena = &ids->arena;
    mw_field *fields = mw_arena_alloc(arena, count, sizeof *fields);
    ids->words = mw_arena_alloc(arena, 2 * count, sizeof *ids->words);
    ids->first_fields = mw_arena_alloc(arena, count, sizeof *ids->first_fields);
    if (!fields || !ids->words || !ids->first_fields) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        fields[i] = ids->stream->schema.fields[ids->stream->id_fields[i]];
        ids->first_fields[i] = (int32_t)i;
    }
    ids->id_schema = (mw_schema){fields, count};
    return MW_OK;
}

static mw_status count_behind(const mw_lake_ids *ids, size_t *out_count, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(mw_state_catalog(ids->config.state),
                            "SELECT sum(event_count) FROM lake_files WHERE stream = ? AND "
                            "ingest > ? AND ingest <= ?",
                            MW_SQL(mw_sql_str(ids->stream->name), mw_sql_int(ids->through),
                                   mw_sql_int(ids->config.lake->ingest)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK) *out_count = (size_t)mw_catalog_int(rows, 0);
    mw_catalog_rows_close(rows);
    return status;
}

static void give_up(mw_lake_ids *ids) {
    mw_digest_runs_destroy(ids->runs);
    ids->runs = NULL;
}

static mw_status open_files(mw_lake_ids *ids, mw_error *err) {
    char name[MW_NAME_SIZE_MAX + 64];
    snprintf(name, sizeof name, "ids/%.*s", MW_STR_ARGS(ids->stream->name));
    const char *folder = mw_state_path(ids->config.state, &ids->arena, name);
    if (!folder) return no_memory(err);
    MW_TRY(find_key(ids, err));
    MW_TRY(mw_digest_runs_create(mw_state_sys(ids->config.state), folder, &ids->runs, err));
    return take_newest(ids, err);
}

/* A lake that has less than the files may lack needs none. */
static mw_status find_files(mw_lake_ids *ids, mw_error *err) {
    size_t behind = 0, behind_max = ids->config.behind_max;
    mw_error unmade;
    if (behind_max == 0) behind_max = MW_LAKE_IDS_BEHIND_MAX;
    MW_TRY(count_behind(ids, &behind, err));
    if (behind <= behind_max) return MW_OK;
    MW_TRY(open_files(ids, err));
    MW_TRY(count_behind(ids, &behind, err));
    if (behind <= behind_max) return MW_OK;
    mw_status status = bring_up(ids, behind, &unmade);
    if (status == MW_NO_MEMORY) return no_memory(err);
    if (status != MW_OK) give_up(ids);
    ids->through = ids->config.lake->ingest;
    return MW_OK;
}

mw_status mw_lake_ids_open(mw_lake_ids_config config, mw_lake_ids **out_ids, mw_error *err) {
    mw_lake_ids *ids = mw_allocate(sizeof *ids);
    if (!ids) return no_memory(err);
    *ids = (mw_lake_ids){.config = config, .stream = &config.program->streams[config.stream]};
    MW_ASSERT(ids->stream->id_count > 0);
    mw_arena_init(&ids->arena, ARENA_SIZE_MAX);
    mw_buf_init(&ids->asked, SIZE_MAX / 2);
    mw_status status = init(ids, err);
    if (status == MW_OK && !mw_state_is_in_memory(config.state)) status = find_files(ids, err);
    if (status != MW_OK) mw_lake_ids_close(ids);
    else *out_ids = ids;
    return status;
}

int64_t mw_lake_ids_through(const mw_lake_ids *ids) { return ids->through; }

void mw_lake_ids_close(mw_lake_ids *ids) {
    if (!ids) return;
    mw_digest_runs_destroy(ids->runs);
    mw_buf_release(&ids->asked);
    mw_arena_release(&ids->arena);
    mw_free(ids);
}

/* --- asking --------------------------------------------------------------------------------- */

mw_status mw_lake_ids_ask(mw_lake_ids *ids, const mw_cell *row, mw_error *err) {
    if (ids->through == 0) return MW_OK;
    mw_keyed_hash digest = digest_of(ids, ids->config.symbols, ids->stream->id_fields, row);
    mw_buf_append(&ids->asked, digest.words, sizeof digest.words);
    return mw_buf_check(&ids->asked, "ingest: ids", err);
}

/* What is looked for in the lake, by digest. */
typedef struct {
    const mw_lake_ids *ids;
    uint64_t *digests; /* ascending, each once */
    size_t count;
    int64_t *places; /* where they stand; NULL: anywhere */
    bool *are_found;
} search;

static bool is_sought(const void *context, const mw_event *event) {
    const search *it = context;
    mw_keyed_hash digest = digest_of(it->ids, it->ids->config.symbols, it->ids->stream->id_fields,
                                     event->row);
    const uint64_t *found = bsearch(digest.words, it->digests, it->count, sizeof digest.words,
                                    compare_digests);
    if (!found || !it->places) return found;
    size_t index = (size_t)(found - it->digests) / DIGEST_WORDS;
    if (it->places[index] != event->place) return false;
    it->are_found[index] = true;
    return true;
}

static int compare_places(const void *a, const void *b) {
    const int64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static size_t sort_places(int64_t *places, size_t count) {
    size_t kept = 0;
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || places[i] != places[kept - 1]) places[kept++] = places[i];
    return kept;
}

/* Notes of those that the files have where they stand. */
static mw_status find_places(search *it, const uint64_t *asked, size_t asked_count,
                             mw_error *err) {
    for (size_t i = 0; i < asked_count; i++) {
        uint64_t stands[ENTRY_WORDS - DIGEST_WORDS];
        mw_keyed_hash digest = {{asked[DIGEST_WORDS * i], asked[DIGEST_WORDS * i + 1]}};
        bool is_found;
        MW_TRY(mw_digest_runs_find(it->ids->runs, MW_RUNS_IDS, digest, stands, &is_found, err));
        if (!is_found) continue;
        memcpy(it->digests + DIGEST_WORDS * it->count, digest.words, sizeof digest.words);
        it->places[it->count++] = (int64_t)stands[1];
    }
    return MW_OK;
}

static mw_lake_wish wish_of(const mw_lake_ids *ids) {
    return (mw_lake_wish){ids->stream->name, ids->config.stream, ids->config.symbols, INT64_MIN,
                          0};
}

static mw_lake_snapshot lake_through(const mw_lake_ids *ids) {
    mw_lake_snapshot lake = *ids->config.lake;
    lake.ingest = ids->through;
    return lake;
}

/* `room`: for as many places as are sought. False: the lake has not what the files say. */
static mw_status pick(const search *it, int64_t *room, mw_events *out_events, bool *out_has_all,
                      mw_error *err) {
    mw_lake_snapshot lake = lake_through(it->ids);
    *out_has_all = true;
    if (it->count == 0) return MW_OK;
    memcpy(room, it->places, it->count * sizeof *room);
    mw_lake_picks picks = {{room, sort_places(room, it->count)}, {is_sought, it}, false};
    MW_TRY(mw_lake_pick(lake_of(it->ids), &lake, wish_of(it->ids), &picks, out_events, err));
    for (size_t i = 0; i < it->count; i++) *out_has_all = *out_has_all && it->are_found[i];
    return MW_OK;
}

static mw_status sift(const mw_lake_ids *ids, const uint64_t *asked, size_t asked_count,
                      mw_events *out_events, mw_error *err) {
    mw_lake_snapshot lake = lake_through(ids);
    search it = {.ids = ids, .digests = (uint64_t *)(uintptr_t)asked, .count = asked_count};
    return mw_lake_sift(lake_of(ids), &lake, wish_of(ids), (mw_lake_filter){is_sought, &it},
                        out_events, err);
}

/* Files that say what is not so, or cannot be read, are made anew by the next ingest. */
static void forget(mw_lake_ids *ids) {
    mw_error ignored;
    (void)!mw_digest_runs_publish(ids->runs, MW_STR(""), &ignored);
    give_up(ids);
}

static mw_status read_by_place(mw_lake_ids *ids, search *it, mw_events *out_events,
                               mw_error *err) {
    const uint64_t *asked = (const uint64_t *)(const void *)ids->asked.data;
    size_t asked_count = ids->asked.size / sizeof(mw_keyed_hash);
    bool has_all = false;
    mw_error unread;
    mw_status status = find_places(it, asked, asked_count, &unread);
    if (status == MW_NO_MEMORY) return no_memory(err);
    if (status == MW_OK) MW_TRY(pick(it, it->places + asked_count, out_events, &has_all, err));
    if (has_all) return MW_OK;
    forget(ids);
    return sift(ids, asked, asked_count, out_events, err);
}

static mw_status read_asked(mw_lake_ids *ids, size_t count, mw_events *out_events,
                            mw_error *err) {
    if (!ids->runs)
        return sift(ids, (const uint64_t *)(const void *)ids->asked.data, count, out_events, err);
    search it = {.ids = ids};
    it.digests = mw_allocate(count * sizeof(mw_keyed_hash));
    it.places = mw_allocate(2 * count * sizeof *it.places);
    it.are_found = mw_allocate(count * sizeof *it.are_found);
    mw_status status = it.digests && it.places && it.are_found
                           ? read_by_place(ids, &it, out_events, err)
                           : no_memory(err);
    mw_free(it.digests);
    mw_free(it.places);
    mw_free(it.are_found);
    return status;
}

mw_status mw_lake_ids_read(mw_lake_ids *ids, mw_events *out_events, mw_error *err) {
    size_t count = ids->asked.size / sizeof(mw_keyed_hash);
    if (count == 0) return MW_OK;
    count = mw_digest_run_sort((uint64_t *)(void *)ids->asked.data, count, DIGEST_WORDS);
    ids->asked.size = count * sizeof(mw_keyed_hash);
    mw_status status = read_asked(ids, count, out_events, err);
    mw_buf_clear(&ids->asked);
    return status;
}
