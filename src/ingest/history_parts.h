/*
 * history_parts: a project's history in parts, for a replay of more events than memory holds.
 *
 * The lake's files are sorted by place, and say of each group of their rows between which places it
 * lies: so a part, all events of all streams behind one place and up to another, is read without
 * the rest, and holds about as many events as it should. What the log has and the lake lacks is
 * held in memory, and each part gets its share. So does an ingest that was accepted at one place,
 * beside recorded predictions: no part ends within a place.
 *
 * One thread. The lake must not be read otherwise while a part is being made.
 */
#pragma once
#include "ingest/history.h"

typedef struct mw_history_parts mw_history_parts;

typedef struct {
    mw_state *state;
    const mw_program *program; /* it and the symbols outlive the parts */
    mw_symbols *symbols;
    size_t part_events;        /* how many a part should hold; 0: as many as do well */
} mw_history_parts_wish;

/* MW_CONFLICT if a stream's keys have changed since its events were made. */
MW_MUST_USE mw_status mw_history_parts_open(mw_history_parts_wish wish, mw_history *out_history,
                                            mw_history_parts **out_parts, mw_error *err);
mw_event_parts *mw_history_parts_events(mw_history_parts *parts);
int64_t mw_history_parts_first_place(const mw_history_parts *parts); /* INT64_MAX: no event */
size_t mw_history_parts_count(const mw_history_parts *parts, int32_t stream); /* its events */
void mw_history_parts_close(mw_history_parts *parts); /* NULL is allowed */
