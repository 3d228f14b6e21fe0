/*
 * rounds: when the moments of a schedule fall due, and for which keys.
 *
 * It knows the keys of the events that it was told of, each with the time of its last one, and the
 * next beat. Whom the schedule takes is for its windows to say (mw_engine_takes): a key is
 * forgotten once it has had no event for so long that they must say no.
 */
#pragma once
#include "feature/key_list.h"
#include "lang/program.h"

typedef struct {
    const mw_schedule *schedule;
    const mw_zone *zone;
    int64_t from, to;  /* beats with from <= t < to are met; others pass */
    int64_t next;      /* INT64_MAX: there is no key, or no beat; any other has a key */
    mw_key_list keys;
    int64_t *times;    /* of each key's last event */
    bool *is_kept;     /* room for a sweep */
    size_t time_capacity, kept_capacity;
} mw_rounds;

void mw_rounds_init(mw_rounds *rounds, const mw_schedule *schedule, const mw_zone *zone);
/* Before the first event. */
void mw_rounds_limit(mw_rounds *rounds, int64_t from, int64_t to);
/* Notes the key of an event of the schedule's stream. False if memory is out. */
MW_MUST_USE bool mw_rounds_add(mw_rounds *rounds, const mw_event *event);
/* How many moments each key has at a beat, and how far ahead number `index` looks. */
size_t mw_rounds_moments_of_key(const mw_rounds *rounds);
/* Fills the row of a moment at the next beat. */
void mw_rounds_fill(const mw_rounds *rounds, size_t key, size_t index, mw_cell *row);
/* The next beat has been met. */
void mw_rounds_pass(mw_rounds *rounds);
void mw_rounds_release(mw_rounds *rounds);

/* i64 next, u32 count; each key's cells in canonical form and i64 its time. Loading is into rounds
   without a key; MW_CORRUPT, MW_NO_MEMORY. */
void mw_rounds_save(const mw_rounds *rounds, const mw_schema *row, const mw_symbols *symbols,
                    mw_buf *out);
MW_MUST_USE mw_status mw_rounds_load(mw_rounds *rounds, const mw_schema *row,
                                     mw_symbols *symbols, mw_reader *in, mw_error *err);
