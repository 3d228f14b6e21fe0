/*
 * reading: the value of one window on one card, by the rules 2, 3, 10, 12 and 13.
 *
 * Where bounds stand, counts and sums are differences of two of them: O(1). The rest looks at
 * the ends of the range or at summaries. Events that the moment must not see (its own, or ones
 * known too late for a label) are rare: counts and sums take its own back out, everything
 * else scans the range for them.
 */
#pragma once
#include "feature/group.h"
#include "feature/instances.h"

/* The moment that reads. */
typedef struct {
    int64_t t;
    int64_t place;
    int64_t maturity;                 /* t + the label's maturity */
    const mw_instances *instances;
    uint32_t instance;                /* the moment's own; 0: none is known */
} mw_reading;

/* `card`: what the window's lookup gave; NULL: a window over nothing. */
mw_cell mw_reading_window(const mw_reading *reading, const mw_window_plan *plan,
                          const mw_group *group, const mw_card *card);
