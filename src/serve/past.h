/*
 * past: the events of the lake, read in a thread of its own while the process goes on.
 *
 * The thread opens the state anew and has symbols of its own, so it shares nothing; who reads the
 * events gets them in the symbols of the process, a row at a time. It takes the time and the memory
 * of reading the whole lake (2.0 million events of the flights: 1.3 s, 0.4 GB), so it is
 * begun only where the whole is needed, and ended soon.
 *
 * One thread uses a past. What the config names outlives it.
 */
#pragma once
#include "lang/program.h"
#include "store/lake.h"

typedef struct mw_past mw_past;

typedef struct {
    mw_sys *sys;
    const char *state_folder;
    const mw_program *program;
    mw_symbols *symbols;
    int64_t after; /* only events whose place is greater; INT64_MIN: all */
} mw_past_config;

/* Begins to read. */
MW_MUST_USE mw_status mw_past_begin(mw_past_config config, mw_past **out_past, mw_error *err);
/* The like of sorted events that are there already, in the symbols of the process. They outlive
   it. */
MW_MUST_USE mw_status mw_past_of(const mw_events *events, const mw_program *program,
                                 const mw_lake_snapshot *snapshot, int64_t after,
                                 mw_past **out_past, mw_error *err);
void mw_past_end(mw_past *past); /* NULL is allowed */

bool mw_past_is_read(const mw_past *past); /* does not wait */
/* Waits until all is read, and tells whether that went well; the rest is for afterwards. */
MW_MUST_USE mw_status mw_past_wait(mw_past *past, mw_error *err);
size_t mw_past_count(const mw_past *past);
/* The place of the i-th event, in order. */
int64_t mw_past_place(const mw_past *past, size_t index);
/* Its row is valid until the next is asked for. MW_TOO_LARGE: the symbols are full. */
MW_MUST_USE mw_status mw_past_at(mw_past *past, size_t index, mw_event *out_event,
                                 mw_error *err);
/* What the lake was when it was read. */
const mw_lake_snapshot *mw_past_snapshot(const mw_past *past);
