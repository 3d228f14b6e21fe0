#include "feature/cutter.h"

/* Marks of each stream's groups the first that keeps events longest. */
static void find_longest(const mw_plan *plan, size_t stream_count, mw_entry_plan *entry_plans) {
    for (size_t s = 0; s < stream_count; s++) {
        int32_t longest = plan->first_of_stream[s];
        if (longest == MW_NONE) continue;
        for (int32_t i = longest; i != MW_NONE; i = entry_plans[i].next_of_stream)
            if (entry_plans[i].retention_us > entry_plans[longest].retention_us) longest = i;
        entry_plans[longest].keeps_longest = true;
    }
}

mw_status mw_cutter_init(mw_cutter *cutter, const mw_engine *engine, mw_arena *arena,
                         mw_error *err) {
    const mw_plan *plan = &engine->plan;
    *cutter = (mw_cutter){.engine = engine, .are_own = true};
    mw_entry_plan *entry_plans = mw_arena_alloc(arena, plan->group_count + 1, sizeof *entry_plans);
    mw_group *blanks = mw_arena_alloc_lines(arena, plan->group_count + 1, sizeof *blanks);
    if (!entry_plans || !blanks) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    for (size_t i = 0; i < plan->group_count; i++) {
        entry_plans[i] = mw_entry_plan_of(&plan->groups[i]);
        mw_group_init(&blanks[i], &plan->groups[i], NULL);
    }
    find_longest(plan, engine->config.program->stream_count, entry_plans);
    for (size_t i = 0; i < plan->feature_lookup_count; i++)
        cutter->are_own = cutter->are_own && plan->lookups[i].is_own;
    cutter->entry_plans = entry_plans;
    cutter->blanks = blanks;
    return MW_OK;
}

/* The turn at hand. */
typedef struct {
    const mw_cutter *by;
    const mw_engine *engine;
    mw_stretch *of;
    const mw_stretch_item *item;
    uint32_t number; /* of the item */
    size_t route;    /* the next */
    mw_frame frame;  /* over the row at hand */
} cut;

/* Fills the element that stands for the row of the frame. */
static void fill(const cut *at, const mw_group *group, mw_effect change, mw_cell *element) {
    const mw_stretch_item *item = at->item;
    const mw_group_plan *plan = group->plan;
    uint32_t refused = mw_group_fill(group, &at->frame, element);
    if (refused > 0 && change == MW_TAKE) at->of->values_refused += refused;
    if (plan->instance_word) element[plan->instance_word].bits = item->instance;
    if (plan->known_word)
        element[plan->known_word].time = change == MW_TAKE ? item->moment.place : item->from;
    if (plan->withdrawn_word) element[plan->withdrawn_word].time = INT64_MAX;
}

/* The low bits of a hash choose the strand; its table of cards goes by the high ones. */
static inline size_t list_number(const mw_engine *engine, int32_t group, uint64_t hash) {
    size_t of_strand = hash & (engine->strand_count - 1);
    return of_strand * engine->plan.group_count + (size_t)group;
}

/* Says what an entry is to do for an item; its hash and its words follow. One by one: a whole that
   is put together elsewhere first would be read before it has been written. */
static inline void tell_entry(mw_entry *added, const mw_stretch_item *item, size_t number,
                              int32_t lookup, mw_effect change) {
    added->foreseen.card = NULL;
    added->t = item->moment.t;
    added->place = item->moment.place;
    added->item = (uint32_t)number;
    added->moment = item->index;
    added->lookup = lookup;
    added->change = change;
}

/* Notes where the windows of a look-up will be found that its list has been given. */
static inline void set_route(const cut *at, size_t route, size_t number, int32_t lookup) {
    mw_entry_list *list = &at->of->lists[number];
    at->of->routes[route] =
        (mw_stretch_route){(uint32_t)number, (uint32_t)lookup, list->found_count};
    list->found_count += at->engine->plan.lookups[lookup].window_count;
}

static bool cut_card(cut *at, int32_t group, const mw_cell *keys, int32_t lookup,
                     mw_effect change) {
    const mw_group *of = &at->by->blanks[group];
    size_t key_count = of->cards.key_count;
    uint64_t hash = mw_cards_hash(&of->cards, keys);
    size_t number = list_number(at->engine, group, hash);
    mw_entry *added = mw_entry_list_add(&at->of->lists[number], &at->engine->plan, group);
    if (!added) return false;
    added->foreseen.hash = hash;
    tell_entry(added, at->item, at->number, lookup, change);
    for (size_t i = 0; i < key_count; i++) added->words[i] = keys[i];
    if (change != MW_LEAVE) fill(at, of, change, added->words + key_count);
    if (lookup != MW_NONE && at->of->routes) set_route(at, at->route++, number, lookup);
    return true;
}

static bool cut_lookup(cut *at, int32_t lookup) {
    const mw_lookup_plan *plan = &at->engine->plan.lookups[lookup];
    mw_cell keys[MW_KEYS_MAX];
    mw_group_asked_keys(&at->by->blanks[plan->group], plan, &at->frame, keys);
    return cut_card(at, plan->group, keys, lookup, MW_LEAVE);
}

/* What a group has to do with a row of its stream. Where the moment that it makes asks for the very
   card that it enters, that is done in one go. */
static bool cut_group(cut *at, int32_t group, int32_t lookup, mw_effect change) {
    const mw_entry_plan *plan = &at->by->entry_plans[group];
    mw_cell keys[MW_KEYS_MAX];
    bool is_late = mw_entry_plan_is_late(plan, at->frame.time_us, at->item->moment.place);
    if (is_late && plan->keeps_longest && change == MW_TAKE) at->of->too_late++;
    if (!is_late && mw_group_takes(&at->by->blanks[group], &at->frame, keys))
        return cut_card(at, group, keys, lookup, change);
    return lookup == MW_NONE || cut_lookup(at, lookup);
}

static bool cut_row(cut *at, mw_effect change) {
    bool is_pair = at->item->kind == MW_ITEM_PAIR, is_good = true;
    int32_t i = at->engine->plan.first_of_stream[at->item->stream];
    for (const mw_entry_plan *plan; is_good && i != MW_NONE; i = plan->next_of_stream) {
        plan = &at->by->entry_plans[i];
        is_good = cut_group(at, i, is_pair ? plan->own_lookup : MW_NONE, change);
    }
    return is_good;
}

/* All look-ups but those that are done with the event itself. */
static bool cut_moment(cut *at) {
    const mw_plan *plan = &at->engine->plan;
    bool is_label = at->item->kind == MW_ITEM_LABEL, is_pair = at->item->kind == MW_ITEM_PAIR;
    if (is_pair && at->by->are_own) return true;
    int32_t end = (int32_t)(is_label ? plan->lookup_count : plan->feature_lookup_count);
    for (int32_t i = is_label ? (int32_t)plan->feature_lookup_count : 0; i < end; i++)
        if (!(is_pair && plan->lookups[i].is_own) && !cut_lookup(at, i)) return false;
    return true;
}

static bool cut_item(cut *at) {
    const mw_stretch_item *item = at->item;
    at->frame.row = item->moment.row;
    at->frame.time_us = item->moment.t;
    if (mw_stretch_item_asks(item) && !cut_moment(at)) return false;
    switch (item->kind) {
    case MW_ITEM_MOMENT:
    case MW_ITEM_LABEL: return true;
    case MW_ITEM_REPLACED: return cut_row(at, MW_WITHDRAW);
    case MW_ITEM_PAIR: at->frame.time_us -= at->engine->config.model->moment_offset_us; break;
    case MW_ITEM_EVENT: break;
    }
    return cut_row(at, MW_TAKE);
}

/* --- runs ------------------------------------------------------------------------------------ */

/* Items of one stream, one after the other, of which all is that their rows are taken: events, or
   pairs of which each look-up is its group's own. They are cut up group by group. */
typedef struct {
    size_t from, to;
    bool are_pairs;
    int64_t offset_us;  /* from the events' times to the moments' */
    size_t route_count; /* of each */
} run;

static bool begins_run(const cut *at, const mw_stretch_item *item) {
    return item->kind == MW_ITEM_EVENT || (item->kind == MW_ITEM_PAIR && at->by->are_own);
}

static run find_run(const cut *at, size_t from) {
    const mw_stretch_item *first = &at->of->items[from], *next = first + 1;
    const mw_stretch_item *end = at->of->items + at->of->count;
    while (next < end && next->kind == first->kind && next->stream == first->stream) next++;
    run found = {.from = from, .to = from + (size_t)(next - first)};
    found.are_pairs = first->kind == MW_ITEM_PAIR;
    if (!found.are_pairs) return found;
    found.offset_us = at->engine->config.model->moment_offset_us;
    found.route_count = at->engine->plan.feature_lookup_count;
    return found;
}

static bool cut_row_of_run(cut *at, const run *rows, size_t number, int32_t group,
                           int32_t lookup) {
    at->item = &at->of->items[number];
    at->number = (uint32_t)number;
    at->frame.row = at->item->moment.row;
    at->frame.time_us = at->item->moment.t - rows->offset_us;
    return cut_group(at, group, lookup, MW_TAKE);
}

static bool cut_run_of_any(cut *at, const run *rows, int32_t group, int32_t lookup) {
    size_t route = at->route;
    bool is_good = true;
    for (size_t i = rows->from; is_good && i < rows->to; i++, route += rows->route_count) {
        at->route = route;
        is_good = cut_row_of_run(at, rows, i, group, lookup);
    }
    return is_good;
}

/* The same for a plain group. */
static bool cut_run_of_plain(cut *at, const run *rows, int32_t group, int32_t lookup) {
    const mw_entry_plan plan = at->by->entry_plans[group];
    const mw_engine *engine = at->engine;
    mw_stretch *of = at->of;
    bool has_routes = lookup != MW_NONE && of->routes;
    size_t route = at->route;
    for (size_t i = rows->from; i < rows->to; i++, route += rows->route_count) {
        const mw_stretch_item *item = &of->items[i];
        const mw_cell *row = item->moment.row;
        int64_t time_us = item->moment.t - rows->offset_us;
        if (mw_entry_plan_is_late(&plan, time_us, item->moment.place) ||
            !mw_entry_plan_takes(&plan, row)) {
            at->route = route;
            if (!cut_row_of_run(at, rows, i, group, lookup)) return false;
            continue;
        }
        mw_cell key = row[plan.key];
        uint64_t hash = mw_cards_hash_one(key);
        size_t number = list_number(engine, group, hash);
        mw_entry *added = mw_entry_list_add(&of->lists[number], &engine->plan, group);
        if (!added) return false;
        added->foreseen.hash = hash;
        tell_entry(added, item, i, lookup, MW_TAKE);
        added->words[0] = key;
        of->values_refused += mw_entry_plan_fill(&plan, row, time_us, added->words + 1);
        if (has_routes) set_route(at, route, number, lookup);
    }
    return true;
}

/* The routes of each item stand side by side, in the order of its groups. */
static bool cut_run(cut *at, run rows) {
    size_t route = at->route, group_route = route;
    int32_t i = at->engine->plan.first_of_stream[at->of->items[rows.from].stream];
    for (const mw_entry_plan *plan; i != MW_NONE; i = plan->next_of_stream) {
        plan = &at->by->entry_plans[i];
        int32_t lookup = rows.are_pairs ? plan->own_lookup : MW_NONE;
        at->route = group_route;
        group_route += lookup != MW_NONE;
        if (!(plan->is_plain ? cut_run_of_plain : cut_run_of_any)(at, &rows, i, lookup))
            return false;
    }
    for (size_t item = rows.from; at->of->routes && item < rows.to; item++) {
        at->of->items[item].route = (uint32_t)route;
        route += rows.route_count;
    }
    at->route = route;
    return true;
}

/* False: no memory. */
static bool clear_lists(mw_stretch *of, const mw_engine *engine, bool puts_aside) {
    for (size_t i = 0; i < engine->strand_count * engine->plan.group_count; i++)
        mw_entry_list_clear(&of->lists[i], &engine->plan);
    of->route_count = 0;
    return !puts_aside ||
           mw_grow((void **)&of->routes, &of->route_capacity,
                   of->count * engine->plan.lookup_count, sizeof *of->routes, SIZE_MAX);
}

mw_status mw_cutter_cut(mw_cutter *cutter, mw_stretch *of, bool puts_aside, mw_error *err) {
    const mw_engine *engine = cutter->engine;
    cut at = {.by = cutter, .engine = engine, .of = of,
              .frame = {.symbols = engine->config.symbols,
                        .zone = engine->config.program->zone,
                        .lengths = &cutter->lengths}};
    bool is_good = clear_lists(of, engine, puts_aside);
    for (size_t i = 0; is_good && i < of->count;) {
        at.item = &of->items[i];
        at.number = (uint32_t)i;
        if (begins_run(&at, at.item)) {
            run rows = find_run(&at, i);
            is_good = cut_run(&at, rows);
            i = rows.to;
        } else {
            of->items[i++].route = (uint32_t)at.route;
            is_good = cut_item(&at);
        }
    }
    of->route_count = at.route;
    return is_good ? MW_OK : mw_fail(err, MW_NO_MEMORY, "replay: no memory for a stretch of it");
}
