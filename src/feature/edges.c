#include "feature/edges.h"

mw_status mw_edges_init(mw_edges *edges, const mw_edge_plan *plans, size_t count,
                        const mw_zone *zone, mw_arena *arena, mw_error *err) {
    *edges = (mw_edges){.plans = plans, .count = count, .zone = zone};
    edges->times = mw_arena_alloc_lines(arena, count + 1, sizeof *edges->times);
    edges->stretches = mw_arena_alloc_lines(arena, count + 1, sizeof *edges->stretches);
    if (!edges->times || !edges->stretches)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory to start");
    return MW_OK; /* the stretches are empty */
}

/* From one tick to the next, or to where the clocks change in between. */
static void set_stretch(const mw_edges *edges, size_t i, int64_t t) {
    const mw_edge_plan *plan = &edges->plans[i];
    int64_t from = mw_tick_step(plan->tick, edges->zone, t, 0);
    int64_t to = mw_tick_step(plan->tick, edges->zone, t, 1);
    int64_t change = mw_zone_last_change_us(edges->zone, to - 1);
    if (change > t) to = change;
    else if (change > from) from = change;
    edges->stretches[i] = (struct mw_edge_stretch){
        from, to, mw_tick_step(plan->tick, edges->zone, t, plan->steps)};
}

void mw_edges_set(mw_edges *edges, int64_t t) {
    for (size_t i = 0; i < edges->count; i++) {
        const struct mw_edge_stretch *stretch = &edges->stretches[i];
        if (t < stretch->from || t >= stretch->to) set_stretch(edges, i, t);
        bool is_past = edges->plans[i].is_ahead && stretch->time < t;
        edges->times[i] = is_past ? t : stretch->time;
    }
}
