#include "feature/roster.h"

#include <string.h>

enum { SLOTS_MIN = 64, ENTRY_SIZE = 32, MOVES = 4, KNOWN_WORDS = 16, KNOWN_TEXTS = 4096 };

typedef struct {
    mw_keyed_hash id;
    uint64_t contents; /* the lowest bit: its mw_event_origin */
    int64_t place;
} entry;

typedef struct {
    uint64_t symbol; /* 0: none yet */
    mw_keyed_hash hash;
} known_text;

typedef struct {
    uint32_t *slots; /* an entry's index plus 1; 0: free */
    size_t count;    /* a power of two, at most half of it in use */
} slot_table;

struct mw_roster {
    const mw_program *program;
    const mw_symbols *symbols;
    mw_hash_key key;
    mw_keyed_hash *streams; /* of their names */
    known_text *texts; /* that were hashed, each at its symbol modulo KNOWN_TEXTS: most ids come
                          once or twice, so one for each text would grow for nothing */
    uint64_t *words;        /* room for what is hashed of an event */
    struct {
        uint64_t words[KNOWN_WORDS];
        size_t count;
        mw_keyed_hash hash;
    } known; /* the id that was hashed last: what is looked up is added next */
    entry *entries;
    size_t count, capacity;
    slot_table table;
    slot_table before; /* it has grown: entries from `moved` on still stand here */
    size_t moved;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "roster: no memory for ids");
}

mw_status mw_roster_create(const mw_program *program, const mw_symbols *symbols, mw_hash_key key,
                           mw_roster **out_roster, mw_error *err) {
    enum { WORDS_BESIDE_CELLS = 4 };
    mw_roster *roster = mw_allocate(sizeof *roster);
    if (!roster) return no_memory(err);
    *roster = (mw_roster){.program = program, .symbols = symbols, .key = key};
    roster->streams = mw_allocate((program->stream_count + 1) * sizeof *roster->streams);
    roster->words = mw_allocate((2 * mw_program_widest_row(program) + WORDS_BESIDE_CELLS) *
                                sizeof *roster->words);
    roster->texts = mw_allocate(KNOWN_TEXTS * sizeof *roster->texts);
    if (!roster->streams || !roster->words || !roster->texts) {
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
    mw_free(roster->texts);
    mw_free(roster->words);
    mw_free(roster->entries);
    mw_free(roster->table.slots);
    mw_free(roster->before.slots);
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

/* The slot of the id, or the free one where it belongs. */
static uint32_t *find_in(const mw_roster *roster, slot_table table, mw_keyed_hash id) {
    size_t mask = table.count - 1;
    for (size_t at = id.words[0] & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &table.slots[at];
        if (*slot == 0) return slot;
        const mw_keyed_hash *other = &roster->entries[*slot - 1].id;
        if (other->words[0] == id.words[0] && other->words[1] == id.words[1]) return slot;
    }
}

/* Likewise, wherever the id stands; the free one is in the table that grows. */
static uint32_t *find_slot(const mw_roster *roster, mw_keyed_hash id) {
    uint32_t *slot = find_in(roster, roster->table, id);
    if (*slot != 0 || !roster->before.slots) return slot;
    uint32_t *before = find_in(roster, roster->before, id);
    return *before != 0 ? before : slot;
}

/* Each entry that is added moves a few from the table before, so none pays for all of them. */
static void move_some(mw_roster *roster, size_t move_max) {
    size_t end = roster->before.count / 2; /* of the entries that filled it */
    if (!roster->before.slots) return;
    MW_ASSERT(end <= roster->count);
    for (; roster->moved < end && move_max > 0; move_max--, roster->moved++) {
        mw_keyed_hash id = roster->entries[roster->moved].id;
        *find_in(roster, roster->table, id) = (uint32_t)roster->moved + 1;
    }
    if (roster->moved < end) return;
    mw_free(roster->before.slots);
    roster->before = (slot_table){NULL, 0};
}

static bool has_slots(mw_roster *roster, size_t entry_count) {
    slot_table grown = {NULL, roster->table.count ? roster->table.count : SLOTS_MIN};
    while (grown.count < 2 * entry_count) grown.count *= 2;
    if (grown.count == roster->table.count) return true;
    grown.slots = mw_allocate(grown.count * sizeof *grown.slots);
    if (!grown.slots) return false;
    move_some(roster, SIZE_MAX);
    roster->before = roster->table;
    roster->table = grown;
    roster->moved = 0;
    return true;
}

static bool has_room(mw_roster *roster, size_t entry_count) {
    return mw_grow((void **)&roster->entries, &roster->capacity, entry_count,
                   sizeof *roster->entries, UINT32_MAX - 1) &&
           has_slots(roster, entry_count);
}

static bool is_listed(const mw_roster *roster, const mw_event *event) {
    return roster->program->streams[event->stream].id_count > 0;
}

mw_event_standing mw_roster_find(mw_roster *roster, const mw_event *event,
                                 mw_event_origin *out_origin) {
    if (!is_listed(roster, event) || roster->count == 0) return MW_EVENT_NEW;
    uint32_t slot = *find_slot(roster, hash_id(roster, event));
    if (slot == 0) return MW_EVENT_NEW;
    uint64_t contents = roster->entries[slot - 1].contents;
    mw_event_origin origin = contents & 1 ? MW_FROM_LAKE : MW_FROM_LOG;
    if (out_origin) *out_origin = origin;
    return contents == hash_contents(roster, event, origin) ? MW_EVENT_REPEATS
                                                            : MW_EVENT_CONFLICTS;
}

int64_t mw_roster_place(mw_roster *roster, const mw_event *event) {
    MW_ASSERT(is_listed(roster, event) && roster->count > 0);
    uint32_t slot = *find_slot(roster, hash_id(roster, event));
    MW_ASSERT(slot != 0);
    return roster->entries[slot - 1].place;
}

mw_status mw_roster_add(mw_roster *roster, const mw_event *event, mw_event_origin origin,
                        mw_error *err) {
    if (!is_listed(roster, event)) return MW_OK;
    if (!has_room(roster, roster->count + 1)) return no_memory(err);
    mw_keyed_hash id = hash_id(roster, event);
    move_some(roster, MOVES);
    uint32_t *slot = find_slot(roster, id);
    if (*slot != 0 && (!event->replaced || event->place < roster->entries[*slot - 1].place))
        return MW_OK;
    entry listed = {id, hash_contents(roster, event, origin), event->place};
    if (*slot != 0) {
        roster->entries[*slot - 1] = listed;
        return MW_OK;
    }
    roster->entries[roster->count++] = listed;
    *slot = (uint32_t)roster->count;
    return MW_OK;
}

size_t mw_roster_count(const mw_roster *roster) { return roster->count; }

/* --- as bytes: each entry's four words, little endian ----------------------------------------- */

void mw_roster_save(const mw_roster *roster, mw_buf *out) {
    for (size_t i = 0; i < roster->count; i++) {
        mw_buf_append_u64(out, roster->entries[i].id.words[0]);
        mw_buf_append_u64(out, roster->entries[i].id.words[1]);
        mw_buf_append_u64(out, roster->entries[i].contents);
        mw_buf_append_u64(out, (uint64_t)roster->entries[i].place);
    }
}

mw_status mw_roster_load(mw_roster *roster, mw_str bytes, mw_error *err) {
    MW_ASSERT(roster->count == 0);
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
        uint32_t *slot = find_slot(roster, id);
        if (*slot != 0) return mw_fail(err, MW_CORRUPT, "roster: an id stands twice in its bytes");
        uint64_t contents = mw_read_u64(&in);
        roster->entries[roster->count++] = (entry){id, contents, (int64_t)mw_read_u64(&in)};
        *slot = (uint32_t)roster->count;
    }
    return MW_OK;
}
