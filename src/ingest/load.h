/*
 * load: a project's events out of the lake, provided that its streams still mean what they
 * meant when the events were made. Who wants all events, the log's too, asks for history.h.
 *
 * The lake holds what the stream keys of the time said. A hash over the compiled keys that
 * shape events (columns, zone, fields, where, time, known, id, later) is kept with them; when
 * the project file says otherwise now, the events are refused rather than misread.
 */
#pragma once
#include "lang/program.h"
#include "store/state.h"

/* The hash of one source's keys. */
void mw_source_definition(const mw_program *program, int32_t source,
                          char out_hash[MW_SHA256_HEX_SIZE + 1]);
/* Whether they are the keys of a hash, be it by other names of the same zones. */
bool mw_source_is(mw_sys *sys, const mw_program *program, int32_t source, mw_str definition);
/* MW_CONFLICT if the lake has events of the source that were made under other keys. */
MW_MUST_USE mw_status mw_source_check(mw_state *state, const mw_program *program,
                                      int32_t source, mw_error *err);
/* What is read: the events of all streams of the program. */
typedef struct {
    mw_state *state;
    const mw_program *program;
    mw_symbols *symbols;
    int64_t after; /* as a mw_lake_wish has it */
} mw_load_wish;
/* The lake's events, sorted, and what they are a reading of: who follows the log goes on behind
   its `log_through`. `out_events` needs releasing only on success; the program outlives it. */
MW_MUST_USE mw_status mw_load_lake(mw_load_wish wish, mw_lake_snapshot *out_snapshot,
                                   mw_events *out_events, mw_error *err);
/* Empty events with the program's streams. */
MW_MUST_USE mw_status mw_program_events(const mw_program *program, mw_events *out_events,
                                        mw_error *err);
