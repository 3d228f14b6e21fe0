#include "feature/engine_state.h"

#include <string.h>

/*
 * The bytes, little endian, cells in their canonical form:
 *
 *   "MWEN", u32 version, u64 program (a hash of its windows), i64 place, 3 x u64 stats
 *   u32 instance count; each: u32 record count; each: u32 stream, i64 time; then the id
 *   each group: u32 card count; each: keys, u32 event count; each: an element
 *   u32 pending count; each: u32 group, i64 known, u64 number, u32 whether it withdraws, keys,
 *   an element
 *   u32 CRC32C of all before
 *
 * An element is its time, its columns, then its instance (its index above, from 1; 0: none), its
 * known time and from when it is replaced where the group keeps them. Events before the horizon
 * are left out, pending ones too. Version 1 had ticks where a correction needs events, version 2
 * one column for a span and its seconds; both are refused: then the log is replayed.
 */
enum { VERSION = 3, FRAME_SIZE = 12 };
static const char magic[4] = {'M', 'W', 'E', 'N'};

static void hash_cell(mw_sha256 *sha, mw_type type, mw_cell cell, const mw_symbols *symbols) {
    if (!mw_type_is_symbol(type) || cell.symbol == 0)
        mw_sha256_add_u64(sha, mw_type_is_symbol(type) ? UINT64_MAX : cell.bits);
    else
        mw_sha256_add_str(sha, mw_symbols_text(symbols, cell.symbol));
}

static void hash_event(const mw_engine *engine, const mw_group *group, const mw_card *card,
                       const mw_cell *element, mw_sha256 *sha) {
    const mw_group_plan *plan = group->plan;
    const mw_symbols *symbols = engine->config.symbols;
    mw_sha256_add_u64(sha, (uint64_t)(group - engine->groups));
    for (int32_t i = 0; i < plan->key_count; i++)
        hash_cell(sha, plan->key_types[i], card->keys[i], symbols);
    mw_sha256_add_u64(sha, element[0].bits);
    for (size_t i = 0; i < plan->column_count; i++)
        hash_cell(sha, plan->columns[i].type, element[1 + i], symbols);
    if (plan->known_word) mw_sha256_add_u64(sha, element[plan->known_word].bits);
    if (plan->withdrawn_word) mw_sha256_add_u64(sha, element[plan->withdrawn_word].bits);
    if (!plan->instance_word) return;
    const mw_cell *id =
        mw_instances_id(&engine->instances, (uint32_t)element[plan->instance_word].bits);
    for (size_t i = 0; i < engine->instances.id->field_count; i++)
        hash_cell(sha, engine->instances.id->fields[i].type, id[i], symbols);
}

/* The element at a position, until the next call: in room that the engine needs only at work. */
static const mw_cell *element_at(const mw_engine *engine, const mw_group *group,
                                 const mw_ring *ring, uint64_t position) {
    mw_cell *element = engine->admissions[0].element;
    mw_ring_read(&group->plan->ring, ring, position, element);
    return element;
}

static uint64_t first_kept(const mw_engine *engine, const mw_group *group,
                           const mw_ring *ring) {
    return mw_ring_seek(&group->plan->ring, ring, ring->first,
                        mw_group_horizon(group, engine->place));
}

/* The sum of the hashes of all events, as a number: so no order has to be found for them, and
   none can matter. */
typedef struct {
    uint64_t parts[MW_SHA256_SIZE / 8], count;
} hash_sum;

static void add_hash(hash_sum *sum, mw_sha256 *one) {
    uint64_t parts[MW_SHA256_SIZE / 8];
    mw_sha256_bytes(one, (unsigned char *)parts);
    bool carry = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint64_t with_carry;
        bool over = __builtin_add_overflow(parts[i], (uint64_t)carry, &with_carry);
        carry = over | __builtin_add_overflow(sum->parts[i], with_carry, &sum->parts[i]);
    }
    sum->count++;
}

static mw_status add_hashes(const mw_engine *engine, const mw_group *group, const mw_card *card,
                            hash_sum *sum, mw_error *err) {
    mw_ring ring;
    MW_TRY(mw_group_peek(group, card, &ring, err));
    for (uint64_t at = first_kept(engine, group, &ring); at < mw_ring_end(&ring); at++) {
        mw_sha256 one;
        mw_sha256_init(&one);
        hash_event(engine, group, card, element_at(engine, group, &ring, at), &one);
        add_hash(sum, &one);
    }
    return MW_OK;
}

mw_status mw_engine_digest(const mw_engine *engine, mw_sha256 *sha, mw_error *err) {
    hash_sum sum = {.count = 0};
    for (size_t g = 0; g < engine->plan.group_count; g++) {
        const mw_group *group = &engine->groups[g];
        for (uint32_t number = 1; number < group->cards.number_end; number++) {
            const mw_card *card = mw_cards_at(&group->cards, number);
            if (card) MW_TRY(add_hashes(engine, group, card, &sum, err));
        }
    }
    mw_sha256_add_u64(sha, sum.count);
    for (size_t i = 0; i < sizeof sum.parts / sizeof *sum.parts; i++)
        mw_sha256_add_u64(sha, sum.parts[i]);
    return MW_OK;
}

static uint64_t program_hash(const mw_engine *engine) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    for (size_t i = 0; i < engine->plan.window_count; i++)
        mw_sha256_add_str(&sha, engine->config.model->windows[i].text);
    if (engine->plan.owns_by_event) mw_sha256_add_str(&sha, MW_STR("own by event"));
    mw_sha256_add_u64(&sha, engine->plan.window_count);
    mw_sha256_add_u64(&sha, (uint64_t)engine->config.model->lateness_us);
    mw_sha256_add_u64(&sha, (uint64_t)engine->config.model->maturity_us);
    unsigned char digest[MW_SHA256_SIZE];
    mw_sha256_bytes(&sha, digest);
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

typedef struct {
    const mw_engine *engine;
    mw_buf *out;
    uint32_t *index_of_root;
} writer;

static void write_cell(writer *w, mw_type type, mw_cell cell) {
    mw_cell_append_canonical(w->out, type, cell, w->engine->config.symbols);
}

static void write_keys(writer *w, const mw_group_plan *plan, const mw_card *card) {
    for (int32_t i = 0; i < plan->key_count; i++)
        write_cell(w, plan->key_types[i], card->keys[i]);
}

static void write_element(writer *w, const mw_group_plan *plan, const mw_cell *element) {
    mw_buf_append_u64(w->out, element[0].bits);
    for (size_t i = 0; i < plan->column_count; i++)
        write_cell(w, plan->columns[i].type, element[1 + i]);
    if (plan->instance_word)
        mw_buf_append_u32(w->out, w->index_of_root[element[plan->instance_word].bits]);
    if (plan->known_word) mw_buf_append_u64(w->out, element[plan->known_word].bits);
    if (plan->withdrawn_word) mw_buf_append_u64(w->out, element[plan->withdrawn_word].bits);
}

static void write_instance(writer *w, uint32_t root) {
    const mw_instances *instances = &w->engine->instances;
    uint32_t count = 0;
    for (uint32_t at = root; at != 0; at = instances->records[at].next) count++;
    mw_buf_append_u32(w->out, count);
    for (uint32_t at = root; at != 0; at = instances->records[at].next) {
        mw_buf_append_u32(w->out, instances->records[at].stream);
        mw_buf_append_u64(w->out, (uint64_t)instances->records[at].time);
    }
    mw_row_append_canonical(w->out, instances->id, mw_instances_id(instances, root),
                            w->engine->config.symbols);
}

static void write_instances(writer *w) {
    const mw_instances *instances = &w->engine->instances;
    uint32_t count = 0;
    for (uint32_t number = 1; number < instances->record_end; number++)
        if (instances->records[number].root == number) w->index_of_root[number] = ++count;
    mw_buf_append_u32(w->out, count);
    for (uint32_t number = 1; number < instances->record_end; number++)
        if (w->index_of_root[number] != 0) write_instance(w, number);
}

static mw_status write_card(writer *w, const mw_group *group, const mw_card *card,
                            mw_error *err) {
    mw_ring ring;
    MW_TRY(mw_group_peek(group, card, &ring, err));
    write_keys(w, group->plan, card);
    uint64_t from = first_kept(w->engine, group, &ring), end = mw_ring_end(&ring);
    mw_buf_append_u32(w->out, (uint32_t)(end - from));
    for (; from < end; from++)
        write_element(w, group->plan, element_at(w->engine, group, &ring, from));
    return MW_OK;
}

static mw_status write_group(writer *w, const mw_group *group, mw_error *err) {
    const mw_cards *cards = &group->cards;
    mw_buf_append_u32(w->out, (uint32_t)cards->count);
    for (uint32_t number = 1; number < cards->number_end; number++) {
        const mw_card *card = mw_cards_at(cards, number);
        if (card) MW_TRY(write_card(w, group, card, err));
    }
    return MW_OK;
}

/* Whether it is older than the state already: whose it was may be forgotten. */
static bool is_too_old(const mw_engine *engine, const mw_pending_entry *entry) {
    return mw_pending_element(&engine->pending, entry)->time <
           mw_group_horizon(&engine->groups[entry->group], engine->place);
}

static void write_pending(writer *w) {
    const mw_pending *pending = &w->engine->pending;
    uint32_t count = 0;
    for (size_t i = 0; i < pending->count; i++)
        count += !is_too_old(w->engine, &pending->heap[i]);
    mw_buf_append_u32(w->out, count);
    for (size_t i = 0; i < pending->count; i++) {
        const mw_pending_entry *entry = &pending->heap[i];
        if (is_too_old(w->engine, entry)) continue;
        const mw_group_plan *plan = w->engine->groups[entry->group].plan;
        mw_buf_append_u32(w->out, entry->group);
        mw_buf_append_u64(w->out, (uint64_t)entry->known);
        mw_buf_append_u64(w->out, entry->number);
        mw_buf_append_u32(w->out, entry->withdraws);
        write_keys(w, plan, entry->card);
        write_element(w, plan, mw_pending_element(pending, entry));
    }
}

mw_status mw_engine_save(const mw_engine *engine, mw_buf *out, mw_error *err) {
    writer w = {.engine = engine, .out = out};
    w.index_of_root =
        mw_allocate(engine->instances.record_end * sizeof *w.index_of_root);
    if (!w.index_of_root) return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory to write it");

    size_t start = out->size;
    mw_buf_append(out, magic, sizeof magic);
    mw_buf_append_u32(out, VERSION);
    mw_buf_append_u64(out, program_hash(engine));
    mw_buf_append_u64(out, (uint64_t)engine->place);
    mw_buf_append_u64(out, engine->stats.events_applied);
    mw_buf_append_u64(out, engine->stats.events_too_late);
    mw_buf_append_u64(out, engine->stats.values_refused);
    write_instances(&w);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < engine->plan.group_count; i++)
        status = write_group(&w, &engine->groups[i], err);
    write_pending(&w);
    mw_free(w.index_of_root);
    if (status != MW_OK) return status;
    if (!out->failed) mw_buf_append_u32(out, mw_crc32c(0, out->data + start, out->size - start));
    return mw_buf_check(out, "checkpoint", err);
}

typedef struct {
    mw_engine *engine;
    mw_reader in;
    uint32_t *root_of_index; /* index_max + 1 of them */
    uint32_t index_max;
    bool out_of_memory;
    mw_status spilling; /* that of putting keys out and having them back, */
    mw_error *err;      /* with its message */
} loader;

static mw_cell load_cell(loader *l, mw_type type) {
    mw_cell cell = {0};
    if (!mw_cell_read_canonical(&l->in, type, l->engine->config.symbols, &cell))
        l->in.failed = true;
    return cell;
}

static void load_element(loader *l, const mw_group_plan *plan, mw_cell *out_element) {
    out_element[0].bits = mw_read_u64(&l->in);
    for (size_t i = 0; i < plan->column_count; i++)
        out_element[1 + i] = load_cell(l, plan->columns[i].type);
    if (plan->instance_word) {
        uint32_t index = mw_read_u32(&l->in);
        if (index == 0 || index > l->index_max) l->in.failed = true;
        out_element[plan->instance_word].bits = l->in.failed ? 0 : l->root_of_index[index];
    }
    if (plan->known_word) out_element[plan->known_word].bits = mw_read_u64(&l->in);
    if (plan->withdrawn_word) out_element[plan->withdrawn_word].bits = mw_read_u64(&l->in);
}

static void load_keys(loader *l, const mw_group_plan *plan, mw_cell *out_keys) {
    for (int32_t i = 0; i < plan->key_count; i++) {
        out_keys[i] = load_cell(l, plan->key_types[i]);
        if (mw_cell_is_missing(plan->key_types[i], out_keys[i])) l->in.failed = true;
    }
}

static bool goes_on(const loader *l) {
    return !l->in.failed && !l->out_of_memory && l->spilling == MW_OK;
}

/* The card of `keys` with room for one more event; NULL, and the loading ends, if there is none. */
static mw_card *reserve(loader *l, mw_group *group, const mw_cell *keys) {
    mw_card *card = NULL;
    l->spilling = mw_engine_relieve(l->engine, 0, l->err);
    if (l->spilling == MW_OK)
        l->spilling = mw_group_reserve(group, keys, l->engine->place, &card, l->err);
    if (l->spilling == MW_NO_MEMORY) {
        l->out_of_memory = true;
        l->spilling = MW_OK;
    }
    return card;
}

static uint32_t load_instance(loader *l, const uint32_t *streams, const int64_t *times,
                              uint32_t count) {
    mw_instances *instances = &l->engine->instances;
    mw_cell *id = l->engine->id;
    mw_symbols *symbols = l->engine->config.symbols;
    bool was_passing = mw_passing_set(symbols, true); /* the instances hold them */
    bool is_good = mw_row_read_canonical(&l->in, instances->id, symbols, id);
    (void)mw_passing_set(symbols, was_passing);
    if (count == 0 || !is_good || mw_instances_find(instances, id) != 0) l->in.failed = true;
    uint32_t root = 0;
    for (uint32_t i = 0; goes_on(l) && i < count; i++) {
        if (!mw_instances_reserve(instances))
            l->out_of_memory = true;
        else
            root = mw_instances_add(instances, streams[i], times[i], id);
    }
    return root;
}

/* The records of an instance stand before its id: they are gathered first. */
static uint32_t load_records(loader *l) {
    enum { RECORD_SIZE = 12 };
    uint32_t count = mw_read_u32(&l->in);
    if (count > l->in.rest.size / RECORD_SIZE) {
        l->in.failed = true;
        return 0;
    }
    uint32_t *streams = mw_allocate((count + 1) * sizeof *streams);
    int64_t *times = mw_allocate((count + 1) * sizeof *times);
    l->out_of_memory = !streams || !times;
    for (uint32_t i = 0; goes_on(l) && i < count; i++) {
        streams[i] = mw_read_u32(&l->in);
        times[i] = (int64_t)mw_read_u64(&l->in);
    }
    uint32_t root = goes_on(l) ? load_instance(l, streams, times, count) : 0;
    mw_free(streams);
    mw_free(times);
    return root;
}

static void load_instances(loader *l) {
    uint32_t count = mw_read_u32(&l->in);
    if (count > l->in.rest.size / sizeof(uint32_t)) {
        l->in.failed = true;
        return;
    }
    l->root_of_index = mw_allocate(((size_t)count + 1) * sizeof *l->root_of_index);
    l->out_of_memory = !l->root_of_index;
    for (uint32_t index = 1; goes_on(l) && index <= count; index++)
        l->root_of_index[index] = load_records(l);
    l->index_max = count;
}

static void load_into(mw_group *group, mw_card *card, const mw_cell *element) {
    uint32_t withdrawn_word = group->plan->withdrawn_word;
    mw_group_insert(group, card, element);
    if (withdrawn_word && element[withdrawn_word].time < INT64_MAX) group->withdrawn_count++;
}

static void load_group(loader *l, mw_group *group) {
    uint32_t card_count = mw_read_u32(&l->in);
    mw_cell *element = l->engine->admissions[0].element;
    for (uint32_t c = 0; goes_on(l) && c < card_count; c++) {
        mw_cell keys[MW_KEYS_MAX];
        load_keys(l, group->plan, keys);
        uint32_t count = mw_read_u32(&l->in);
        for (uint32_t i = 0; goes_on(l) && i < count; i++) {
            load_element(l, group->plan, element);
            if (l->in.failed) break;
            mw_card *card = reserve(l, group, keys);
            if (card) load_into(group, card, element);
        }
    }
}

static bool can_be_corrected(const mw_engine *engine, uint32_t group) {
    return engine->config.program->streams[engine->groups[group].plan->stream].id_count > 0;
}

static void load_pending(loader *l) {
    mw_engine *engine = l->engine;
    uint32_t count = mw_read_u32(&l->in);
    mw_cell *element = engine->plan.group_count > 0 ? engine->admissions[0].element : NULL;
    for (uint32_t i = 0; goes_on(l) && i < count; i++) {
        mw_pending_entry entry = {.group = mw_read_u32(&l->in)};
        entry.known = (int64_t)mw_read_u64(&l->in);
        entry.number = mw_read_u64(&l->in);
        uint32_t withdraws = mw_read_u32(&l->in);
        entry.withdraws = withdraws != 0;
        if (entry.group >= engine->plan.group_count || entry.known < engine->place ||
            withdraws > can_be_corrected(engine, entry.group))
            l->in.failed = true;
        if (l->in.failed) return;
        if (entry.number >= engine->pending.next_number)
            engine->pending.next_number = entry.number + 1;
        mw_group *group = &engine->groups[entry.group];
        mw_cell keys[MW_KEYS_MAX];
        load_keys(l, group->plan, keys);
        load_element(l, group->plan, element);
        if (l->in.failed) return;
        entry.card = reserve(l, group, keys);
        if (!entry.card) return;
        l->out_of_memory = !mw_pending_reserve(&engine->pending, 1);
        if (!l->out_of_memory) mw_pending_add(&engine->pending, entry, element);
    }
}

static mw_status check_frame(mw_str bytes, mw_error *err) {
    mw_reader in = {.rest = bytes};
    mw_str found = mw_read_bytes(&in, sizeof magic);
    if (in.failed || memcmp(found.data, magic, sizeof magic) != 0)
        return mw_fail(err, MW_CORRUPT, "checkpoint: must begin with MWEN");
    uint32_t version = mw_read_u32(&in);
    if (!in.failed && version != VERSION)
        return mw_fail(err, version > VERSION ? MW_NEWER_FORMAT : MW_CONFLICT,
                       "checkpoint: format version must be %d, got %u", VERSION, version);
    mw_reader end = {.rest = mw_str_slice(bytes, bytes.size - sizeof(uint32_t), bytes.size)};
    if (bytes.size < FRAME_SIZE ||
        mw_crc32c(0, bytes.data, bytes.size - sizeof(uint32_t)) != mw_read_u32(&end))
        return mw_fail(err, MW_CORRUPT, "checkpoint: its checksum does not match its %zu bytes",
                       bytes.size);
    return MW_OK;
}

static void load_all(loader *l) {
    mw_engine *engine = l->engine;
    engine->place = (int64_t)mw_read_u64(&l->in);
    engine->stats.events_applied = mw_read_u64(&l->in);
    engine->stats.events_too_late = mw_read_u64(&l->in);
    engine->stats.values_refused = mw_read_u64(&l->in);
    load_instances(l);
    for (size_t i = 0; goes_on(l) && i < engine->plan.group_count; i++)
        load_group(l, &engine->groups[i]);
    if (goes_on(l)) load_pending(l);
    if (goes_on(l) && l->in.rest.size > 0) l->in.failed = true;
}

static void make_empty(mw_engine *engine) {
    for (size_t i = 0; i < engine->plan.group_count; i++) {
        mw_group_release(&engine->groups[i]);
        mw_group_init(&engine->groups[i], &engine->plan.groups[i], &engine->parts[0]);
    }
    if (engine->colds) {
        mw_cold_release(&engine->colds[0]);
        mw_cold_init(&engine->colds[0], engine->groups, engine->plan.group_count,
                     engine->config.memory.disk);
    }
    mw_instances_release(&engine->instances);
    mw_pending_release(&engine->pending);
    engine->stats = (mw_engine_stats){0};
    engine->place = INT64_MIN;
}

mw_status mw_engine_load(mw_engine *engine, mw_str bytes, mw_error *err) {
    MW_ASSERT(engine->stats.events_applied == 0);
    MW_TRY(check_frame(bytes, err));
    loader l = {.engine = engine,
                .err = err,
                .in = {.rest = mw_str_slice(bytes, 2 * sizeof(uint32_t),
                                            bytes.size - sizeof(uint32_t))}};
    if (mw_read_u64(&l.in) != program_hash(engine))
        return mw_fail(err, MW_CONFLICT, "checkpoint: it was made by another program");
    load_all(&l);
    mw_free(l.root_of_index);
    if (goes_on(&l)) return MW_OK;
    make_empty(engine);
    if (l.spilling != MW_OK) return l.spilling;
    if (l.out_of_memory) return mw_fail(err, MW_NO_MEMORY, "checkpoint: no memory to load it");
    return mw_fail(err, MW_CORRUPT, "checkpoint: its contents break its format");
}
