/*
 * terminal: whether people are watching, and what a long piece of work shows them.
 *
 * A progress bar is drawn on standard error once the work has taken longer than a second, at
 * most 10 times a second, and is wiped away at its end. Where standard error is no terminal,
 * nothing is shown; with MILLWRIGHT_PROGRESS=lines in the environment a plain line is written
 * every 5 seconds instead, and a last one at the end.
 *
 * An update that shows nothing costs a look at the clock. One thread at a time.
 */
#pragma once
#include "sys/sys.h"

bool mw_terminal_is_output(mw_sys *sys); /* standard output is one */
bool mw_terminal_is_errors(mw_sys *sys); /* standard error is one */
size_t mw_terminal_width(mw_sys *sys);   /* columns of either; 80 if neither is one */

typedef struct {
    mw_sys *sys;
    const char *label;
    uint64_t total; /* 0: unknown; then a count is shown and no bar */
    uint64_t done;
    int64_t started_us, shown_us; /* monotonic; shown_us 0: nothing was shown yet */
    size_t width;                 /* 0: no terminal */
    bool in_lines;
} mw_progress;

/* `label` outlives it: "training", "ingesting flights". */
mw_progress mw_progress_begin(mw_sys *sys, const char *label, uint64_t total);
void mw_progress_update(mw_progress *progress, uint64_t done);
void mw_progress_end(mw_progress *progress);
