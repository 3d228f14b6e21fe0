/*
 * edges: the instants at which windows that keep to ticks begin and end, for one moment.
 *
 * All windows with the same edge share it, whatever their groups. An edge is worked out anew only
 * when the moment has left its tick, so a replay, which goes on in time, hardly ever does.
 */
#pragma once
#include "base/tick.h"

typedef struct {
    mw_tick tick;
    int64_t steps;
    bool is_ahead; /* of a window ahead, which holds nothing before the moment */
} mw_edge_plan;

typedef struct {
    const mw_edge_plan *plans;
    size_t count;
    const mw_zone *zone;
    int64_t *times; /* one each, for the moment that was set last */
    struct mw_edge_stretch {
        int64_t from, to; /* for moments in here, */
        int64_t time;     /* but for the moment itself, before which none lies if it is ahead */
    } *stretches;
} mw_edges;

/* The arrays come from `arena`. */
MW_MUST_USE mw_status mw_edges_init(mw_edges *edges, const mw_edge_plan *plans, size_t count,
                                    const mw_zone *zone, mw_arena *arena, mw_error *err);
/* Sets the times to those of the moment at `t`. */
void mw_edges_set(mw_edges *edges, int64_t t);
