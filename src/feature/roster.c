#include "feature/roster.h"

#include <string.h>

#include "base/digest_table.h"
#include "table/passing.h"

enum { ENTRY_SIZE = 32, KNOWN_WORDS = 16, KNOWN_TEXTS = 4096 };

typedef struct {
    mw_keyed_hash id;
    uint64_t contents; /* the lowest bit: its mw_event_origin */
    int64_t place;
} entry;

typedef struct {
    uint64_t symbol; /* 0: none yet */
    uint64_t age;    /* of the symbols, up to which it is good */
    mw_keyed_hash hash;
} known_text;
#define ANY_AGE UINT64_MAX

typedef struct {
    entry *entries;
    size_t capacity;
    mw_digest_table table; /* of the entries, by id */
} entry_list;

struct mw_roster {
    const mw_program *program;
    const mw_symbols *symbols;
    mw_hash_key key;
    mw_keyed_hash *streams; /* of their names */
    uint64_t *words;        /* room for what is hashed of an event */
    struct {
        uint64_t words[KNOWN_WORDS];
        size_t count;
        mw_keyed_hash hash;
    } known; /* the id that was hashed last: what is looked up is added next */
    struct {
        bool is_asked, is_found;
        mw_keyed_hash id;
        uint64_t words[2];
    } archived; /* the answer about the id that the archive was asked for last, likewise */
    entry_list list;
    /* Texts that were hashed, each at its symbol modulo KNOWN_TEXTS: most ids come once or twice,
       so one for each text would grow for nothing. */
    known_text texts[KNOWN_TEXTS];
    uint64_t age; /* of the symbols, when an event was looked at last */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "roster: no memory for ids");
}

mw_status mw_roster_create(const mw_program *program, const mw_symbols *symbols, mw_hash_key key,
                           mw_roster **out_roster, mw_error *err) {
    enum { WORDS_BESIDE_CELLS = 4 };
    mw_roster *roster = mw_allocate(sizeof *roster);
    if (!roster) return no_memory(err);
    roster->program = program;
    roster->symbols = symbols;
    roster->key = key;
    roster->streams = mw_allocate((program->stream_count + 1) * sizeof *roster->streams);
    roster->words = mw_allocate((2 * mw_program_widest_row(program) + WORDS_BESIDE_CELLS) *
                                sizeof *roster->words);
    if (!roster->streams || !roster->words) {
        mw_roster_destroy(roster);
        return no_memory(err);
    }
    for (size_t i = 0; i < program->stream_count; i++) {
        mw_str name = program->streams[i].name;
        roster->streams[i] = mw_hash_with_key(key, name.data, name.size);
    }
    *out_roster = roster;
    return MW_OK;
}

static void release(entry_list *list) {
    mw_free(list->entries);
    mw_digest_table_release(&list->table);
}

void mw_roster_destroy(mw_roster *roster) {
    if (!roster) return;
    mw_free(roster->streams);
    mw_free(roster->words);
    release(&roster->list);
    mw_free(roster);
}

/* --- digests ------------------------------------------------------------------------------ */

static mw_keyed_hash hash_text(mw_roster *roster, uint64_t symbol) {
    known_text *known = &roster->texts[symbol % KNOWN_TEXTS];
    if (known->symbol == symbol && known->age >= roster->age) return known->hash;
    mw_str text = mw_symbols_text(roster->symbols, symbol);
    uint64_t age = mw_passing_stays(roster->symbols, symbol) ? ANY_AGE : roster->age;
    *known = (known_text){symbol, age, mw_hash_with_key(roster->key, text.data, text.size)};
    return known->hash;
}

/* Its words, so that equal ones are equal values in any process; the missing text is 0, 0. */
static inline size_t add_cell(mw_roster *roster, size_t count, mw_type type, mw_cell cell) {
    if (!mw_type_is_symbol(type)) {
        roster->words[count] = cell.bits;
        return count + 1;
    }
    mw_keyed_hash text = {{0, 0}};
    if (cell.symbol != 0) text = hash_text(roster, cell.symbol);
    memcpy(&roster->words[count], &text, sizeof text);
    return count + sizeof text / sizeof *roster->words;
}

static size_t add_stream(mw_roster *roster, const mw_event *event) {
    roster->age = mw_symbols_age(roster->symbols);
    memcpy(roster->words, &roster->streams[event->stream], sizeof *roster->streams);
    return sizeof *roster->streams / sizeof *roster->words;
}

static mw_keyed_hash hash_words(const mw_roster *roster, size_t count) {
    return mw_hash_with_key(roster->key, roster->words, count * sizeof *roster->words);
}

static mw_keyed_hash hash_id(mw_roster *roster, const mw_event *event) {
    const mw_stream *stream = &roster->program->streams[event->stream];
    size_t count = add_stream(roster, event);
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t field = stream->id_fields[i];
        count = add_cell(roster, count, stream->schema.fields[field].type, event->row[field]);
    }
    if (count == roster->known.count &&
        memcmp(roster->known.words, roster->words, count * sizeof *roster->words) == 0)
        return roster->known.hash;
    mw_keyed_hash hash = hash_words(roster, count);
    roster->known.count = count <= KNOWN_WORDS ? count : 0;
    memcpy(roster->known.words, roster->words, roster->known.count * sizeof *roster->words);
    roster->known.hash = hash;
    return hash;
}

static uint64_t hash_contents(mw_roster *roster, const mw_event *event, mw_event_origin origin) {
    const mw_stream *stream = &roster->program->streams[event->stream];
    const mw_schema *schema = &stream->schema;
    size_t count = add_stream(roster, event);
    roster->words[count++] = (uint64_t)event->time;
    roster->words[count++] = (uint64_t)event->known;
    for (size_t i = 0; i < schema->field_count - stream->entry_count; i++)
        count = add_cell(roster, count, schema->fields[i].type, event->row[i]);
    return (hash_words(roster, count).words[0] & ~UINT64_C(1)) | (uint64_t)origin;
}

/* --- the table ---------------------------------------------------------------------------- */

/* NULL: there is none. */
static entry *find_entry(const mw_roster *roster, mw_keyed_hash id) {
    size_t index = mw_digest_table_find(&roster->list.table, id);
    return index == MW_DIGEST_ABSENT ? NULL : &roster->list.entries[index];
}

static bool has_room(entry_list *list, size_t entry_count) {
    if (!mw_grow((void **)&list->entries, &list->capacity, entry_count, sizeof *list->entries,
                 MW_DIGESTS_MAX))
        return false;
    mw_digests ids = {&list->entries->id, sizeof *list->entries};
    return mw_digest_table_reserve(&list->table, ids, entry_count);
}

static void add_entry(entry_list *list, entry listed) {
    list->entries[list->table.count] = listed;
    mw_digest_table_add(&list->table);
}

static bool is_listed(const mw_roster *roster, const mw_event *event) {
    return roster->program->streams[event->stream].id_count > 0;
}

mw_event_standing mw_roster_find(mw_roster *roster, const mw_event *event,
                                 mw_event_origin *out_origin) {
    if (!is_listed(roster, event)) return MW_EVENT_NEW;
    const entry *found = find_entry(roster, hash_id(roster, event));
    if (!found) return MW_EVENT_NEW;
    mw_event_origin origin = found->contents & 1 ? MW_FROM_LAKE : MW_FROM_LOG;
    if (out_origin) *out_origin = origin;
    bool is_same = found->contents == hash_contents(roster, event, origin);
    return is_same ? MW_EVENT_REPEATS : MW_EVENT_CONFLICTS;
}

int64_t mw_roster_place(mw_roster *roster, const mw_event *event) {
    const entry *found = find_entry(roster, hash_id(roster, event));
    MW_ASSERT(found);
    return found->place;
}

mw_status mw_roster_add(mw_roster *roster, const mw_event *event, mw_event_origin origin,
                        mw_error *err) {
    if (!is_listed(roster, event)) return MW_OK;
    if (!has_room(&roster->list, roster->list.table.count + 1)) return no_memory(err);
    mw_keyed_hash id = hash_id(roster, event);
    entry *found = find_entry(roster, id);
    if (found && (!event->replaced || event->place < found->place)) return MW_OK;
    entry listed = {id, hash_contents(roster, event, origin), event->place};
    if (found) *found = listed;
    else add_entry(&roster->list, listed);
    return MW_OK;
}

/* --- with an archive -------------------------------------------------------------------------- */

static mw_status ask(mw_roster *roster, mw_roster_archive archive, mw_keyed_hash id,
                     mw_error *err) {
    bool is_same = memcmp(&roster->archived.id, &id, sizeof id) == 0;
    if (roster->archived.is_asked && is_same) return MW_OK;
    roster->archived.is_asked = false;
    MW_TRY(archive.find(archive.context, id, roster->archived.words, &roster->archived.is_found,
                        err));
    roster->archived.id = id;
    roster->archived.is_asked = true;
    return MW_OK;
}

/* The entry of an id, here or there. */
static mw_status find_either(mw_roster *roster, mw_roster_archive archive, mw_keyed_hash id,
                             entry *out_entry, bool *out_is_found, mw_error *err) {
    const entry *found = find_entry(roster, id);
    *out_is_found = found;
    if (found) {
        *out_entry = *found;
        return MW_OK;
    }
    MW_TRY(ask(roster, archive, id, err));
    const uint64_t *words = roster->archived.words;
    *out_is_found = roster->archived.is_found;
    if (*out_is_found) *out_entry = (entry){id, words[0], (int64_t)words[1]};
    return MW_OK;
}

mw_status mw_roster_look_up(mw_roster *roster, mw_roster_archive archive, const mw_event *event,
                            mw_roster_found *out_found, mw_error *err) {
    entry found;
    bool is_found = false;
    if (is_listed(roster, event))
        MW_TRY(find_either(roster, archive, hash_id(roster, event), &found, &is_found, err));
    if (!is_found) {
        *out_found = (mw_roster_found){.standing = MW_EVENT_NEW};
        return MW_OK;
    }
    mw_event_origin origin = found.contents & 1 ? MW_FROM_LAKE : MW_FROM_LOG;
    bool is_same = found.contents == hash_contents(roster, event, origin);
    *out_found = (mw_roster_found){is_same ? MW_EVENT_REPEATS : MW_EVENT_CONFLICTS, origin,
                                   found.place};
    return MW_OK;
}

/* What came later stays: of what the archive has, only a correction of it is listed here. */
mw_status mw_roster_enter(mw_roster *roster, mw_roster_archive archive, const mw_event *event,
                          mw_event_origin origin, mw_error *err) {
    entry found;
    bool is_found = false;
    if (is_listed(roster, event))
        MW_TRY(find_either(roster, archive, hash_id(roster, event), &found, &is_found, err));
    if (is_found && (!event->replaced || event->place < found.place)) return MW_OK;
    return mw_roster_add(roster, event, origin, err);
}

mw_status mw_roster_forget(mw_roster *roster, int64_t through, mw_error *err) {
    const entry_list *list = &roster->list;
    entry_list rest = {.entries = NULL};
    size_t count = 0;
    for (size_t i = 0; i < list->table.count; i++) count += list->entries[i].place > through;
    if (!has_room(&rest, count + 1)) {
        release(&rest);
        return no_memory(err);
    }
    for (size_t i = 0; i < list->table.count; i++)
        if (list->entries[i].place > through) add_entry(&rest, list->entries[i]);
    release(&roster->list);
    roster->list = rest;
    roster->archived.is_asked = false;
    return MW_OK;
}

size_t mw_roster_count(const mw_roster *roster) { return roster->list.table.count; }

/* --- as bytes: each entry's four words, little endian ----------------------------------------- */

void mw_roster_save(const mw_roster *roster, mw_buf *out) {
    for (size_t i = 0; i < roster->list.table.count; i++) {
        mw_buf_append_u64(out, roster->list.entries[i].id.words[0]);
        mw_buf_append_u64(out, roster->list.entries[i].id.words[1]);
        mw_buf_append_u64(out, roster->list.entries[i].contents);
        mw_buf_append_u64(out, (uint64_t)roster->list.entries[i].place);
    }
}

mw_status mw_roster_load(mw_roster *roster, mw_str bytes, mw_error *err) {
    MW_ASSERT(roster->list.table.count == 0);
    size_t count = bytes.size / ENTRY_SIZE;
    mw_reader in = {.rest = bytes};
    if (bytes.size % ENTRY_SIZE != 0)
        return mw_fail(err, MW_CORRUPT, "roster: its bytes must be entries of %d, got %zu",
                       ENTRY_SIZE, bytes.size);
    if (!has_room(&roster->list, count + 1)) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        mw_keyed_hash id;
        id.words[0] = mw_read_u64(&in);
        id.words[1] = mw_read_u64(&in);
        if (find_entry(roster, id))
            return mw_fail(err, MW_CORRUPT, "roster: an id stands twice in its bytes");
        uint64_t contents = mw_read_u64(&in);
        add_entry(&roster->list, (entry){id, contents, (int64_t)mw_read_u64(&in)});
    }
    return MW_OK;
}
