#include "feature/roster.h"

#include <string.h>

#include "base/digest_table.h"

enum { ENTRY_SIZE = 32, KNOWN_WORDS = 16, KNOWN_TEXTS = 4096 };

typedef struct {
    mw_keyed_hash id;
    uint64_t contents; /* the lowest bit: its mw_event_origin */
    int64_t place;
} entry;

typedef struct {
    uint64_t symbol; /* 0: none yet */
    mw_keyed_hash hash;
} known_text;

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
    entry *entries;
    size_t capacity;
    mw_digest_table table; /* of the entries, by id */
    /* Texts that were hashed, each at its symbol modulo KNOWN_TEXTS: most ids come once or twice,
       so one for each text would grow for nothing. */
    known_text texts[KNOWN_TEXTS];
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

void mw_roster_destroy(mw_roster *roster) {
    if (!roster) return;
    mw_free(roster->streams);
    mw_free(roster->words);
    mw_free(roster->entries);
    mw_digest_table_release(&roster->table);
    mw_free(roster);
}

/* --- digests ------------------------------------------------------------------------------ */

static mw_keyed_hash hash_text(mw_roster *roster, uint64_t symbol) {
    known_text *known = &roster->texts[symbol % KNOWN_TEXTS];
    if (known->symbol == symbol) return known->hash;
    mw_str text = mw_symbols_text(roster->symbols, symbol);
    *known = (known_text){symbol, mw_hash_with_key(roster->key, text.data, text.size)};
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
    size_t index = mw_digest_table_find(&roster->table, id);
    return index == MW_DIGEST_ABSENT ? NULL : &roster->entries[index];
}

static bool has_room(mw_roster *roster, size_t entry_count) {
    if (!mw_grow((void **)&roster->entries, &roster->capacity, entry_count,
                 sizeof *roster->entries, MW_DIGESTS_MAX))
        return false;
    mw_digests ids = {&roster->entries->id, sizeof *roster->entries};
    return mw_digest_table_reserve(&roster->table, ids, entry_count);
}

static void add_entry(mw_roster *roster, entry listed) {
    roster->entries[roster->table.count] = listed;
    mw_digest_table_add(&roster->table);
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
    if (!has_room(roster, roster->table.count + 1)) return no_memory(err);
    mw_keyed_hash id = hash_id(roster, event);
    entry *found = find_entry(roster, id);
    if (found && (!event->replaced || event->place < found->place)) return MW_OK;
    entry listed = {id, hash_contents(roster, event, origin), event->place};
    if (found) *found = listed;
    else add_entry(roster, listed);
    return MW_OK;
}

size_t mw_roster_count(const mw_roster *roster) { return roster->table.count; }

/* --- as bytes: each entry's four words, little endian ----------------------------------------- */

void mw_roster_save(const mw_roster *roster, mw_buf *out) {
    for (size_t i = 0; i < roster->table.count; i++) {
        mw_buf_append_u64(out, roster->entries[i].id.words[0]);
        mw_buf_append_u64(out, roster->entries[i].id.words[1]);
        mw_buf_append_u64(out, roster->entries[i].contents);
        mw_buf_append_u64(out, (uint64_t)roster->entries[i].place);
    }
}

mw_status mw_roster_load(mw_roster *roster, mw_str bytes, mw_error *err) {
    MW_ASSERT(roster->table.count == 0);
    size_t count = bytes.size / ENTRY_SIZE;
    mw_reader in = {.rest = bytes};
    if (bytes.size % ENTRY_SIZE != 0)
        return mw_fail(err, MW_CORRUPT, "roster: its bytes must be entries of %d, got %zu",
                       ENTRY_SIZE, bytes.size);
    if (!has_room(roster, count + 1)) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        mw_keyed_hash id;
        id.words[0] = mw_read_u64(&in);
        id.words[1] = mw_read_u64(&in);
        if (find_entry(roster, id))
            return mw_fail(err, MW_CORRUPT, "roster: an id stands twice in its bytes");
        uint64_t contents = mw_read_u64(&in);
        add_entry(roster, (entry){id, contents, (int64_t)mw_read_u64(&in)});
    }
    return MW_OK;
}
