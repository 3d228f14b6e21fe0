#include "feature/instances.h"

#include "base/hash.h"

#include <string.h>

enum { RECORDS_MIN = 16, MOVES = 8 };

static mw_cell *id_of(const mw_instances *instances, uint32_t number) {
    return instances->ids + (size_t)number * instances->id->field_count;
}

static uint32_t hash_id(const mw_instances *instances, const mw_cell *id) {
    uint64_t hash = 0;
    for (size_t i = 0; i < instances->id->field_count; i++) hash = mw_hash_join(hash, id[i].bits);
    return (uint32_t)(hash >> 32);
}

static bool same_id(const mw_instances *instances, const mw_cell *a, const mw_cell *b) {
    for (size_t i = 0; i < instances->id->field_count; i++)
        if (a[i].bits != b[i].bits) return false;
    return true;
}

void mw_instances_init(mw_instances *instances, const mw_schema *id, mw_symbols *symbols,
                       mw_budget *budget) {
    *instances =
        (mw_instances){.id = id, .symbols = symbols, .budget = budget, .record_end = 1};
}

static size_t bytes_of(const mw_instances *instances, size_t capacity) {
    return capacity * (sizeof(mw_instance_record) + instances->id->field_count * sizeof(mw_cell));
}

/* The slot of an instance, or the free one where it belongs. */
static uint32_t *slot_of(const mw_instances *instances, const mw_instance_slots *in,
                         const mw_cell *id, uint32_t hash) {
    size_t mask = in->count - 1, i = hash & mask;
    for (; in->roots[i] != 0; i = (i + 1) & mask) {
        uint32_t root = in->roots[i];
        if (instances->records[root].hash == hash &&
            same_id(instances, id_of(instances, root), id))
            break;
    }
    return &in->roots[i];
}

/* Of a known instance wherever its slot is; else the free one, in the slots that stay. */
static uint32_t *either_slot_of(const mw_instances *instances, const mw_cell *id, uint32_t hash) {
    uint32_t *slot = slot_of(instances, &instances->slots, id, hash);
    if (*slot != 0 || instances->before.count == 0) return slot;
    uint32_t *before = slot_of(instances, &instances->before, id, hash);
    return *before != 0 ? before : slot;
}

static void put_root(mw_instances *instances, uint32_t root) {
    *slot_of(instances, &instances->slots, id_of(instances, root),
             instances->records[root].hash) = root;
}

static void release_slots(mw_instances *instances, mw_instance_slots *slots) {
    mw_budget_give(instances->budget, slots->count * sizeof *slots->roots);
    mw_free(slots->roots);
    *slots = (mw_instance_slots){NULL, 0};
}

/* From slot to slot, so that it goes through both from page to page. */
static void move_some(mw_instances *instances, size_t move_max) {
    mw_instance_slots *before = &instances->before;
    for (; instances->moved < before->count && move_max > 0; move_max--, instances->moved++)
        if (before->roots[instances->moved] != 0)
            put_root(instances, before->roots[instances->moved]);
    if (before->count > 0 && instances->moved == before->count) release_slots(instances, before);
}

static void rebuild(mw_instances *instances) {
    release_slots(instances, &instances->before);
    memset(instances->slots.roots, 0, instances->slots.count * sizeof *instances->slots.roots);
    for (uint32_t number = 1; number < instances->record_end; number++)
        if (instances->records[number].root == number) put_root(instances, number);
}

static bool grow_slots(mw_instances *instances, size_t count) {
    mw_instance_slots grown = {NULL, count};
    if (!mw_budget_take(instances->budget, count * sizeof *grown.roots)) return false;
    grown.roots = mw_allocate(count * sizeof *grown.roots);
    if (!grown.roots) {
        mw_budget_give(instances->budget, count * sizeof *grown.roots);
        return false;
    }
    move_some(instances, SIZE_MAX); /* as a rule they all have long moved */
    instances->before = instances->slots;
    instances->slots = grown;
    instances->moved = 0;
    return true;
}

/* Records and ids grow in their place if the heap can do that; it is no harm if one of them, or the
   slots, have grown and another has not. */
static bool grow_records(mw_instances *instances, size_t capacity) {
    size_t extra = bytes_of(instances, capacity - instances->record_capacity);
    if (!mw_budget_take(instances->budget, extra)) return false;
    mw_instance_record *records =
        mw_resize(instances->records, capacity * sizeof *records);
    if (records) instances->records = records;
    size_t id_size = instances->id->field_count * sizeof(mw_cell);
    mw_cell *ids = records ? mw_resize(instances->ids, capacity * id_size) : NULL;
    if (ids) instances->ids = ids;
    else mw_budget_give(instances->budget, extra);
    return ids != NULL;
}

static bool grow(mw_instances *instances) {
    size_t old = instances->record_capacity, capacity = old > 0 ? 2 * old : RECORDS_MIN;
    if (capacity > UINT32_MAX / 2 || !grow_records(instances, capacity)) return false;
    if (instances->slots.count < 2 * capacity && !grow_slots(instances, 2 * capacity)) {
        mw_budget_give(instances->budget, bytes_of(instances, capacity - old));
        return false;
    }
    instances->record_capacity = capacity;
    return true;
}

bool mw_instances_reserve(mw_instances *instances) {
    return instances->first_free != 0 || instances->record_end < instances->record_capacity ||
           grow(instances);
}

uint32_t mw_instances_add(mw_instances *instances, uint32_t stream, int64_t time,
                          const mw_cell *id) {
    uint32_t number = instances->first_free;
    if (number != 0)
        instances->first_free = instances->records[number].next;
    else
        number = (uint32_t)instances->record_end++;
    MW_ASSERT(number < instances->record_capacity);

    move_some(instances, MOVES);
    uint32_t hash = hash_id(instances, id);
    uint32_t *slot = either_slot_of(instances, id, hash);
    uint32_t root = *slot, next = 0;
    if (root == 0) {
        root = *slot = number;
        mw_passing_hold(instances->symbols, instances->id, id);
    } else {
        next = instances->records[root].next;
        instances->records[root].next = number;
    }
    memcpy(id_of(instances, number), id, instances->id->field_count * sizeof *id);
    instances->records[number] = (mw_instance_record){time, stream, next, root, hash};
    instances->count++;
    return root;
}

uint32_t mw_instances_find(const mw_instances *instances, const mw_cell *id) {
    if (instances->slots.count == 0) return 0;
    return *either_slot_of(instances, id, hash_id(instances, id));
}

const mw_cell *mw_instances_id(const mw_instances *instances, uint32_t instance) {
    MW_ASSERT(instance > 0 && instance < instances->record_end);
    return id_of(instances, instance);
}

mw_instance_span mw_instances_span(const mw_instances *instances, uint32_t instance,
                                   uint32_t stream, int64_t from, int64_t to) {
    mw_instance_span span = {INT64_MAX, INT64_MIN};
    for (uint32_t number = instance; number != 0; number = instances->records[number].next) {
        const mw_instance_record *record = &instances->records[number];
        if (record->stream != stream || record->time < from || record->time >= to) continue;
        if (record->time < span.first) span.first = record->time;
        if (record->time > span.last) span.last = record->time;
    }
    return span;
}

static bool is_over(const mw_instances *instances, uint32_t root, int64_t cut) {
    for (uint32_t number = root; number != 0; number = instances->records[number].next)
        if (instances->records[number].time >= cut) return false;
    return true;
}

static void let_go(mw_instances *instances, uint32_t root) {
    mw_passing_let_go(instances->symbols, instances->id, id_of(instances, root));
}

static void forget(mw_instances *instances, uint32_t root) {
    let_go(instances, root);
    for (uint32_t number = root; number != 0;) {
        mw_instance_record *record = &instances->records[number];
        uint32_t next = record->next;
        *record = (mw_instance_record){.next = instances->first_free};
        instances->first_free = number;
        instances->count--;
        number = next;
    }
}

void mw_instances_sweep(mw_instances *instances, int64_t cut) {
    for (uint32_t number = 1; number < instances->record_end; number++)
        if (instances->records[number].root == number && is_over(instances, number, cut))
            forget(instances, number);
    if (instances->slots.count > 0) rebuild(instances);
}

void mw_instances_release(mw_instances *instances) {
    for (uint32_t number = 1; number < instances->record_end; number++)
        if (instances->records[number].root == number) let_go(instances, number);
    mw_budget_give(instances->budget, bytes_of(instances, instances->record_capacity));
    release_slots(instances, &instances->slots);
    release_slots(instances, &instances->before);
    mw_free(instances->records);
    mw_free(instances->ids);
    mw_instances_init(instances, instances->id, instances->symbols, instances->budget);
}
