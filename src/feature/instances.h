/*
 * instances: which recent events belong to the same real-world instance (DESIGN.md rule 3).
 *
 * Each event that is noted gets a record with its stream, its time and its id; the records of
 * one id are a chain. The number of the chain's first record, its root, names the instance in
 * the elements of the rings, so that a window can tell its own events without comparing ids.
 * A record takes 24 bytes and its id, whose texts it holds; finding is one hash look-up. Where the
 * table of roots has to double, a few slots move into the new one with each event that is noted:
 * none waits for all.
 */
#pragma once
#include "feature/pool.h"
#include "table/passing.h"

typedef struct {
    int64_t time;
    uint32_t stream;
    uint32_t next; /* of the same instance, or of the free list; 0: none */
    uint32_t root; /* 0: the record is free */
    uint32_t hash;
} mw_instance_record;

typedef struct {
    uint32_t *roots; /* 0: free */
    size_t count;    /* a power of two, or 0 */
} mw_instance_slots;

typedef struct {
    const mw_schema *id;
    mw_symbols *symbols;
    mw_budget *budget;
    mw_instance_record *records; /* records[0] is never used */
    mw_cell *ids;
    size_t record_end, record_capacity;
    uint32_t first_free;
    mw_instance_slots slots;
    mw_instance_slots before; /* they have doubled: roots from slot `moved` on are only here */
    size_t moved;
    size_t count; /* of records in use */
} mw_instances;

/* The part of the time line that an instance's own events take up. */
typedef struct {
    int64_t first, last; /* first > last: none */
} mw_instance_span;

/* The schema of their ids and the symbols outlive it. */
void mw_instances_init(mw_instances *instances, const mw_schema *id, mw_symbols *symbols,
                       mw_budget *budget);
/* Makes sure that the next add has room. */
MW_MUST_USE bool mw_instances_reserve(mw_instances *instances);
/* Notes an event, for which there must be room, and gives its instance's number. */
uint32_t mw_instances_add(mw_instances *instances, uint32_t stream, int64_t time,
                          const mw_cell *id);
uint32_t mw_instances_find(const mw_instances *instances, const mw_cell *id); /* 0: unknown */
const mw_cell *mw_instances_id(const mw_instances *instances, uint32_t instance);
/* Where the instance's events of `stream` with from <= time < to lie; instance 0 has none. */
mw_instance_span mw_instances_span(const mw_instances *instances, uint32_t instance,
                                   uint32_t stream, int64_t from, int64_t to);
/* Forgets each instance whose events are all before `cut`; its number may be given again. */
void mw_instances_sweep(mw_instances *instances, int64_t cut);
void mw_instances_release(mw_instances *instances);
