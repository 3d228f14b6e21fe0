/*
 * reading: the value of one window on one card, by the rules 2, 3, 10, 12 and 13.
 *
 * The range of events is found once for all windows over it. Where bounds stand, sums are
 * differences of two of them: O(1). The rest looks at the ends of the range or at summaries.
 * Events that the moment must not see (its own, or ones known too late for a label) are rare:
 * counts and sums take its own back out, everything else scans the range for them.
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

/* What count, sum, mean and any are made of. */
typedef struct {
    uint64_t event_count;
    mw_tally tally;
} mw_totals;

/* The events between two bounds, and those among them that the moment must not see. */
typedef struct {
    const mw_range_plan *plan;
    const mw_group_plan *group;
    const mw_card *card;    /* NULL: no event has these keys */
    uint64_t from, to;      /* positions in its ring */
    uint32_t instance;      /* leave out this instance's events; 0: none is in the range */
    mw_instance_span own;   /* where they are */
    int64_t known_before;   /* leave out what became known later; INT64_MAX: nothing */
    int32_t tallied;        /* of which value `totals` are; MW_NONE: not worked out */
    mw_totals totals;
} mw_range;

/* `card`: what the range's lookup gave. */
mw_range mw_reading_range(const mw_reading *reading, const mw_range_plan *plan,
                          const mw_group *group, const mw_card *card);
/* The value of a window over the range, which remembers its totals. */
mw_cell mw_reading_window(const mw_reading *reading, const mw_window_plan *plan,
                          mw_range *range);
