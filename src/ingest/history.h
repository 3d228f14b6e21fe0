/*
 * history: all events that a project has, in lake and log, each once, as one reading in the order
 * of places: what every command learns from, replays or looks at.
 *
 * The log is read behind what the lake has of it, and no further than it reached before the lake
 * was looked at: what stands behind may correct what an ingest has brought since. An event of the
 * log that an ingest has brought into the lake since, with its contents, counts there alone. The
 * data version names exactly these events.
 *
 * The whole log is walked, for its facts. One thread.
 */
#pragma once
#include "ingest/load.h"
#include "ingest/log_tail.h"

typedef struct {
    mw_lake_snapshot lake;
    mw_log_facts log;
    char version[MW_SHA256_HEX_SIZE + 1]; /* of the data */
} mw_history;

/* `out_events` are sorted, and need releasing only on success; the program outlives them.
   MW_CONFLICT if a stream's keys have changed since its events were made. */
MW_MUST_USE mw_status mw_history_load(mw_state *state, const mw_program *program,
                                      mw_symbols *symbols, mw_history *out_history,
                                      mw_events *out_events, mw_error *err);
/* The same of the log's events alone, up to a place (INT64_MAX: all). */
MW_MUST_USE mw_status mw_history_load_fresh(mw_load_wish wish, int64_t through,
                                            mw_history *out_history, mw_events *out_events,
                                            mw_error *err);
/* Up to when the log has passed: where its virtual clock stands, or else the wall's. */
int64_t mw_history_now(const mw_history *history, int64_t wall_now);
