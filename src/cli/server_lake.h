/*
 * server_lake: what a server asks of the lake: the past that it recovers from, and single events
 * that are corrected. Both are read by a thread with a state of its own.
 */
#pragma once
#include "cli/workspace.h"
#include "serve/lookback.h"
#include "serve/past.h"

/* The events behind a place, as mw_sequencer_sources has it. */
MW_MUST_USE mw_status mw_server_lake_recall(const mw_workspace *workspace, int64_t after,
                                            mw_past **out_past, mw_error *err);

/* The events that are asked for, as mw_lookback_look has it: called in the thread. */
MW_MUST_USE mw_status mw_server_lake_look(const mw_workspace *workspace, mw_symbols *symbols,
                                          mw_lookback *lookback, mw_events *out_events,
                                          mw_error *err);
