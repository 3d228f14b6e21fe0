#include "feature/instances.h"

#include "base/hash.h"

#include <string.h>

enum { RECORDS_MIN = 16 };

static mw_cell *id_of(const mw_instances *instances, uint32_t number) {
    return instances->ids + (size_t)number * instances->id_count;
}

static uint32_t hash_id(const mw_instances *instances, const mw_cell *id) {
    uint64_t hash = 0;
    for (size_t i = 0; i < instances->id_count; i++) hash = mw_hash_join(hash, id[i].bits);
    return (uint32_t)(hash >> 32);
}

static bool same_id(const mw_instances *instances, const mw_cell *a, const mw_cell *b) {
    for (size_t i = 0; i < instances->id_count; i++)
        if (a[i].bits != b[i].bits) return false;
    return true;
}

void mw_instances_init(mw_instances *instances, size_t id_count, mw_budget *budget) {
    *instances = (mw_instances){.id_count = id_count, .budget = budget, .record_end = 1};
}

static size_t bytes_of(const mw_instances *instances, size_t capacity) {
    return capacity * (sizeof(mw_instance_record) + instances->id_count * sizeof(mw_cell));
}

/* The slot of an instance, or the free one where it belongs. */
static size_t slot_of(const mw_instances *instances, const mw_cell *id, uint32_t hash) {
    size_t mask = instances->slot_count - 1, i = hash & mask;
    for (; instances->slots[i] != 0; i = (i + 1) & mask) {
        uint32_t root = instances->slots[i];
        if (instances->records[root].hash == hash &&
            same_id(instances, id_of(instances, root), id))
            break;
    }
    return i;
}

static void rebuild(mw_instances *instances) {
    memset(instances->slots, 0, instances->slot_count * sizeof *instances->slots);
    for (uint32_t number = 1; number < instances->record_end; number++) {
        const mw_instance_record *record = &instances->records[number];
        if (record->root != number) continue;
        instances->slots[slot_of(instances, id_of(instances, number), record->hash)] = number;
    }
}

/* All arrays grow together: each is got first and taken into use only when all are there. */
static bool grow(mw_instances *instances) {
    size_t old = instances->record_capacity;
    size_t capacity = old > 0 ? 2 * old : RECORDS_MIN;
    if (capacity > UINT32_MAX / 2) return false;
    size_t extra = bytes_of(instances, capacity - old) +
                   (2 * capacity - instances->slot_count) * sizeof *instances->slots;
    if (!mw_budget_take(instances->budget, extra)) return false;

    mw_instance_record *records = mw_allocate(capacity * sizeof *records);
    mw_cell *ids = mw_allocate(capacity * instances->id_count * sizeof *ids);
    uint32_t *slots = mw_allocate(2 * capacity * sizeof *slots);
    if (!records || !ids || !slots) {
        mw_free(records);
        mw_free(ids);
        mw_free(slots);
        mw_budget_give(instances->budget, extra);
        return false;
    }
    if (old > 0) {
        memcpy(records, instances->records, old * sizeof *records);
        memcpy(ids, instances->ids, old * instances->id_count * sizeof *ids);
    }
    mw_free(instances->records);
    mw_free(instances->ids);
    mw_free(instances->slots);
    instances->records = records;
    instances->ids = ids;
    instances->slots = slots;
    instances->slot_count = 2 * capacity;
    instances->record_capacity = capacity;
    rebuild(instances);
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

    uint32_t hash = hash_id(instances, id);
    size_t slot = slot_of(instances, id, hash);
    uint32_t root = instances->slots[slot], next = 0;
    if (root == 0) {
        root = instances->slots[slot] = number;
    } else {
        next = instances->records[root].next;
        instances->records[root].next = number;
    }
    memcpy(id_of(instances, number), id, instances->id_count * sizeof *id);
    instances->records[number] = (mw_instance_record){time, stream, next, root, hash};
    instances->count++;
    return root;
}

uint32_t mw_instances_find(const mw_instances *instances, const mw_cell *id) {
    if (instances->slot_count == 0) return 0;
    return instances->slots[slot_of(instances, id, hash_id(instances, id))];
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

static void forget(mw_instances *instances, uint32_t root) {
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
    if (instances->slot_count > 0) rebuild(instances);
}

void mw_instances_release(mw_instances *instances) {
    mw_budget_give(instances->budget,
                   bytes_of(instances, instances->record_capacity) +
                       instances->slot_count * sizeof *instances->slots);
    mw_free(instances->records);
    mw_free(instances->ids);
    mw_free(instances->slots);
    mw_instances_init(instances, instances->id_count, instances->budget);
}
