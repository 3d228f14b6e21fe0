/*
 * reading: the values of windows on one card, by the rules 2, 3, 10, 12 and 13.
 *
 * Where windows end in the ring is found once for all that end there, a range of events once for
 * all windows over it. A sum is the difference of what came before its two ends: O(1). The rest
 * looks at the ends of the range or at summaries. Events that the moment must not see (its own, or
 * ones known too late for a label) are rare: counts and sums take its own back out, everything else
 * scans the range for them.
 */
#pragma once
#include "feature/group.h"
#include "feature/instances.h"
#include "feature/ring_reading.h"

/* Room for one reader: any look-up of a plan. */
typedef struct {
    mw_edges edges;
    uint64_t *cuts;     /* where windows begin and end */
    mw_units *sums;     /* of a group's totals, before where its windows end */
    mw_cell *event_row; /* of any stream */
    mw_cell *values;    /* that are counted, for as many events as one card had */
    size_t value_capacity;
} mw_desk;

MW_MUST_USE mw_status mw_desk_init(mw_desk *desk, const mw_plan *plan, const mw_zone *zone,
                                   mw_arena *arena, mw_error *err);
void mw_desk_release(mw_desk *desk);

/* The moment that reads. */
typedef struct {
    int64_t t;
    int64_t place;
    int64_t maturity;                 /* t + the label's maturity */
    const mw_instances *instances;
    uint32_t instance;                /* the moment's own; 0: none is known */
    uint32_t event_instance;          /* its event's, without the element of `each`; likewise */
    const mw_frame *frame;            /* over the moment's row */
    mw_desk *desk;                    /* its edges are set to t */
} mw_reading;

/* Fills the cells, by the model's windows, of all windows that a lookup serves. `card`: what it
   found; NULL: no event has its keys. MW_NO_MEMORY without a message. */
MW_MUST_USE mw_status mw_reading_lookup(const mw_reading *reading, const mw_lookup_plan *lookup,
                                        mw_group *group, mw_card *card,
                                        mw_cell *out_windows);
