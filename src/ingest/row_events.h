/*
 * row_events: the events that a row of a source is: the one way from a row to events, whether it
 * came in a file or in a request.
 *
 * Columns are filled in by the caller; what follows is derived fields, `where`, then an event of
 * the source's own stream and of each stream of its later fields that the row has, and the ids.
 * Checks and what stands already are asked by the callers.
 *
 * Its memory is the arena's, taken at the start; each row overwrites the one before. One thread.
 */
#pragma once
#include "lang/program.h"

typedef struct mw_row_events mw_row_events;

MW_MUST_USE mw_status mw_row_events_create(mw_arena *arena, const mw_program *program,
                                           int32_t source, mw_symbols *symbols,
                                           mw_row_events **out_events, mw_error *err);
/* Makes a row whose columns are filled ready (mw_source_ready). */
mw_row_fate mw_row_events_ready(const mw_row_events *events, mw_cell *row, uint64_t *cleaned);
/* Makes the events of a row that is ready. The rule that it breaks; empty if it breaks none. */
mw_str mw_row_events_make(mw_row_events *events, const mw_cell *row);
/* One a stream of the source, its own first; its place is its declared known. A NULL `row` means
   that it has none. The caller may change what it likes: the next row makes them anew. */
mw_event *mw_row_events_items(mw_row_events *events);
mw_cell *mw_row_events_cells(mw_row_events *events); /* the first event's */
