/*
 * scan: the value of a window whose condition or value reads the moment's row (`now.NAME`).
 *
 * What such a window holds is known at the moment alone, so nothing of it is kept running: its
 * events are looked at one by one, and what is asked of them is gathered here. It is as exact as
 * running totals are, for it adds up the same integers. O(n) in the events of the card's range.
 */
#pragma once
#include "feature/power_sums.h"
#include "feature/ring.h"

typedef struct {
    const mw_window *window;
    const mw_symbols *symbols;
    uint64_t event_count;
    int64_t last_time; /* of the events */
    mw_total total;
    mw_power_sums powers;
    mw_cell found;      /* min, max, first, last */
    int64_t found_time;
} mw_scan;

mw_scan mw_scan_begin(const mw_window *window, const mw_symbols *symbols);
/* An event that the window holds, in the order of their times. `value` is not read if the window
   has none. */
void mw_scan_add(mw_scan *scan, int64_t time, mw_cell value);
/* `nothing`: what the window is over no event. */
mw_cell mw_scan_read(const mw_scan *scan, int64_t t, mw_cell nothing);
