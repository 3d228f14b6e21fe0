#include "feature/cutter.h"

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

/* An entry without its words; NULL if memory is out. The low bits of a hash choose the strand; its
   table of cards goes by the high ones. */
static inline mw_entry *add_entry(const cut *at, int32_t group, uint64_t hash, int32_t lookup,
                                  mw_effect change) {
    const mw_engine *engine = at->engine;
    mw_stretch *of = at->of;
    size_t of_strand = hash & (engine->strand_count - 1);
    size_t number = of_strand * engine->plan.group_count + (size_t)group;
    mw_entry_list *list = &of->lists[number];
    mw_entry *added = mw_entry_list_add(list, &engine->plan, group);
    if (!added) return NULL;
    *added = (mw_entry){.foreseen = {hash, NULL},
                        .t = at->item->moment.t,
                        .place = at->item->moment.place,
                        .item = at->number, .moment = at->item->index,
                        .lookup = lookup,
                        .change = change};
    if (lookup == MW_NONE || !of->routes) return added;
    of->routes[of->route_count++] =
        (mw_stretch_route){(uint32_t)number, (uint32_t)lookup, list->found_count};
    list->found_count += engine->plan.lookups[lookup].window_count;
    return added;
}

static bool cut_card(const cut *at, int32_t group, const mw_cell *keys, int32_t lookup,
                     mw_effect change) {
    const mw_group *of = &at->by->blanks[group];
    size_t key_count = of->cards.key_count;
    mw_entry *added = add_entry(at, group, mw_cards_hash(&of->cards, keys), lookup, change);
    if (!added) return false;
    for (size_t i = 0; i < key_count; i++) added->words[i] = keys[i];
    if (change != MW_LEAVE) fill(at, of, change, added->words + key_count);
    return true;
}

static bool cut_lookup(const cut *at, int32_t lookup) {
    const mw_lookup_plan *plan = &at->engine->plan.lookups[lookup];
    mw_cell keys[MW_KEYS_MAX];
    mw_group_asked_keys(&at->by->blanks[plan->group], plan, &at->frame, keys);
    return cut_card(at, plan->group, keys, lookup, MW_LEAVE);
}

/* The same as cut_card for an event that a plain group takes. */
static inline bool cut_plain(const cut *at, int32_t group, const mw_entry_plan *plan,
                             int32_t lookup) {
    const mw_cell *row = at->frame.row;
    mw_cell key = row[plan->key];
    mw_entry *added = add_entry(at, group, mw_cards_hash_one(key), lookup, MW_TAKE);
    if (!added) return false;
    added->words[0] = key;
    uint32_t refused = mw_entry_plan_fill(plan, row, at->frame.time_us, added->words + 1);
    if (refused > 0) at->of->values_refused += refused;
    return true;
}

/* Of a group that may be any. */
static bool cut_group(const cut *at, int32_t group, int32_t lookup, mw_effect change) {
    mw_cell keys[MW_KEYS_MAX];
    if (mw_group_takes(&at->by->blanks[group], &at->frame, keys))
        return cut_card(at, group, keys, lookup, change);
    return lookup == MW_NONE || cut_lookup(at, lookup);
}

/* Gives the groups of a row's stream what they have to do with it. Where the moment that it makes
   asks for the very card that it enters, that is done in one go. */
static bool cut_row(const cut *at, mw_effect change) {
    const mw_stretch_item *item = at->item;
    bool is_pair = item->kind == MW_ITEM_PAIR, is_good = true;
    bool is_late_for_all = true;
    int32_t i = at->engine->plan.first_of_stream[item->stream];
    if (i == MW_NONE) return true;
    for (const mw_entry_plan *plan; is_good && i != MW_NONE; i = plan->next_of_stream) {
        plan = &at->by->entry_plans[i];
        bool is_late = mw_entry_plan_is_late(plan, at->frame.time_us, item->moment.place);
        int32_t lookup = is_pair ? plan->own_lookup : MW_NONE;
        is_late_for_all = is_late_for_all && is_late;
        if (is_late) is_good = lookup == MW_NONE || cut_lookup(at, lookup);
        else if (plan->is_plain && change == MW_TAKE && mw_entry_plan_takes(plan, at->frame.row))
            is_good = cut_plain(at, i, plan, lookup);
        else is_good = cut_group(at, i, lookup, change);
    }
    if (is_late_for_all && change == MW_TAKE) at->of->too_late++;
    return is_good;
}

/* All look-ups but those that are done with the event itself. */
static bool cut_moment(const cut *at) {
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
    for (size_t i = 0; is_good && i < of->count; i++) {
        of->items[i].route = (uint32_t)of->route_count;
        at.item = &of->items[i];
        at.number = (uint32_t)i;
        is_good = cut_item(&at);
    }
    return is_good ? MW_OK : mw_fail(err, MW_NO_MEMORY, "replay: no memory for a stretch of it");
}
