/*
 * log_move: moves events from the log to the lake, where they are columns.
 *
 * All that the log has and the lake has not goes into files of the lake, in one transaction with
 * the place up to which it goes: whole or not at all, whenever it is killed, and no event twice.
 * The log keeps its segments, since predictions stand in them. Who reads history finds the same
 * events with the same data version before and after (ingest/history.h); a server need not hear of
 * it.
 *
 * It goes up to the first event of a stream that the project file does not know: that and what
 * comes after it stays in the log. It holds the events that it moves in memory, and of the lake
 * those that bear one of their ids.
 */
#pragma once
#include "lang/program.h"
#include "store/state.h"

typedef struct {
    mw_state *state;
    const mw_program *program;
    mw_symbols *symbols;
    int64_t now_us;
} mw_log_move;

/* MW_BUSY: another process adds to the lake. MW_CONFLICT: a stream's keys have changed since. */
MW_MUST_USE mw_status mw_log_move_run(mw_log_move move, size_t *out_event_count, mw_error *err);
