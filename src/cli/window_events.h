/*
 * window_events: the events behind a window at a moment, and those that it left out, each with the
 * reason, as the oracle judges them: told to people and to programs.
 *
 * Scans all events of the window's stream for each window that is told.
 */
#pragma once
#include "base/json.h"
#include "feature/oracle.h"

typedef struct mw_witness mw_witness;
typedef struct {
    const mw_oracle *oracle;
    const mw_oracle_moment *at; /* whose windows are worked out */
    size_t shown_max;           /* events of a window that people are shown, the latest */
    mw_witness *witnesses;      /* of the window in hand, in the order of their times */
    size_t count, capacity, in_count;
} mw_window_events;

enum { MW_WINDOW_EVENTS_USUAL = 20 }; /* that people are shown */

/* A line with the window and how many events it holds, and a line for each of the latest. */
MW_MUST_USE mw_status mw_window_events_print(mw_window_events *it, size_t window, mw_buf *out,
                                             mw_error *err);
/* {"window", "events": [{"time", "known", "id", "value"?, "verdict", "replaced_at"?}]}: all. */
MW_MUST_USE mw_status mw_window_events_write_json(mw_window_events *it, size_t window,
                                                  mw_json *json, mw_error *err);
void mw_window_events_release(mw_window_events *it);
