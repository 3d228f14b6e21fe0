#include "feature/plan.h"

#include "lang/needs.h"

#include <string.h>

/* Where a window of the model goes. */
typedef struct {
    mw_window_plan window;
    mw_range_plan range; /* before equal ones are joined */
    int32_t group, lookup;
    int32_t wave; /* after so many others, each of which waits for the one before, it can be read */
} placed_window;

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_symbols *symbols;
    mw_arena *arena;
    mw_plan *plan;
    placed_window *placed; /* by window */
} planner;

/* A span and its seconds, a bool and its number are written alike. */
static bool same_code(const mw_code *a, const mw_code *b) {
    if (!a || !b) return a == b;
    return mw_code_type(a) == mw_code_type(b) && mw_str_equal(mw_code_text(a), mw_code_text(b));
}

static bool is_of_label(const planner *p, size_t window) {
    return window >= p->model->feature_window_count;
}

/* A window ahead that says so; and one whose first tick may come before the moment, since clocks
   that change by half an hour make hours that end later than an hour after they begin. */
static bool may_begin_now(const planner *p, const mw_window *window) {
    mw_tick tick = window->tick;
    if (!window->is_ahead || window->start_steps == 0) return window->is_ahead;
    return tick.kind == MW_TICK_SPAN && tick.span_us <= MW_HOUR_US &&
           mw_tick_reach_of(tick, p->program->zone, window->start_steps).least_us < 0;
}

/* Whether whole ticks are all that the window needs: it tells no events apart, nor may it begin
   with the moment. */
static bool is_folded(const planner *p, const mw_window *window, const mw_range_plan *range) {
    mw_fold_kind kind;
    bool can_be_corrected = p->program->streams[window->stream].id_count > 0;
    return window->tick.kind != MW_TICK_NONE && !may_begin_now(p, window) && !window->reads_now &&
           !range->leaves_out && range->known == MW_KNOWN_NOW &&
           mw_fold_kind_of(window->aggregate, &kind) &&
           (!can_be_corrected || mw_fold_is_reversible(kind));
}

static bool group_holds(const mw_group_plan *group, const mw_window *window, mw_tick tick) {
    return group->tick.kind == tick.kind && group->tick.span_us == tick.span_us &&
           group->stream == window->stream && same_code(group->condition, window->condition) &&
           group->key_count == window->key_count &&
           memcmp(group->keys, window->event_keys,
                  (size_t)window->key_count * sizeof *group->keys) == 0;
}

static int32_t group_of(planner *p, const mw_window *window, mw_tick tick) {
    mw_plan *plan = p->plan;
    for (size_t i = 0; i < plan->group_count; i++)
        if (group_holds(&plan->groups[i], window, tick)) return (int32_t)i;

    mw_group_plan *group = &plan->groups[plan->group_count];
    *group = (mw_group_plan){.stream = window->stream,
                             .condition = window->condition,
                             .tick = tick,
                             .key_count = window->key_count,
                             .keys = window->event_keys,
                             .own_lookup = MW_NONE,
                             .next_of_stream = plan->first_of_stream[window->stream]};
    const mw_schema *schema = &p->program->streams[window->stream].schema;
    for (int32_t i = 0; i < window->key_count; i++)
        group->key_types[i] = schema->fields[window->event_keys[i]].type;
    plan->first_of_stream[window->stream] = (int32_t)plan->group_count;
    return (int32_t)plan->group_count++;
}

static bool lookup_serves(const mw_lookup_plan *lookup, const placed_window *placed,
                          bool is_label) {
    const mw_window *window = placed->window.window;
    if (lookup->group != placed->group || lookup->is_label != is_label ||
        lookup->wave != placed->wave)
        return false;
    for (int32_t i = 0; i < window->key_count; i++)
        if (!same_code(lookup->keys[i], window->moment_keys[i])) return false;
    return true;
}

static int32_t lookup_of(planner *p, const placed_window *placed, bool is_label) {
    mw_plan *plan = p->plan;
    const mw_window *window = placed->window.window;
    for (size_t i = 0; i < plan->lookup_count; i++)
        if (lookup_serves(&plan->lookups[i], placed, is_label)) return (int32_t)i;
    if (!is_label) plan->feature_lookup_count++;
    mw_lookup_plan *added = &plan->lookups[plan->lookup_count];
    *added = (mw_lookup_plan){.group = placed->group, .keys = window->moment_keys,
                              .is_label = is_label, .wave = placed->wave};
    for (int32_t i = 0; i < window->key_count; i++)
        added->fields[i] = mw_code_field(window->moment_keys[i]);
    return (int32_t)plan->lookup_count++;
}

/* Whether the moment's fields that a lookup asks for are those that the group's keys are. */
static bool asks_for_own(const planner *p, const mw_lookup_plan *lookup) {
    const mw_group_plan *group = &p->plan->groups[lookup->group];
    return !lookup->is_label && lookup->wave == 0 && group->stream == p->model->moment_stream &&
           memcmp(lookup->fields, group->keys,
                  (size_t)group->key_count * sizeof *lookup->fields) == 0;
}

/* How late after t a window of that kind may still be read. */
static int64_t read_delay(const planner *p, bool is_label) {
    int64_t maturity = p->model->maturity_us, lateness = p->model->lateness_us;
    return is_label && maturity > lateness ? maturity : lateness;
}

static int64_t retention_of(const planner *p, const mw_window *window, bool is_label) {
    int64_t retention;
    if (window->start_us == MW_ALL_PAST ||
        __builtin_sub_overflow(read_delay(p, is_label), window->start_us, &retention))
        return MW_RETAIN_FOREVER;
    return retention > 0 ? retention : 0;
}

static mw_known_rule known_rule(const planner *p, const mw_window *window, bool is_label) {
    if (!is_label) return MW_KNOWN_NOW;
    if (!window->is_ahead) return MW_KNOWN_BY_THE_MOMENT;
    return p->model->maturity_us < p->model->lateness_us ? MW_KNOWN_BY_MATURITY : MW_KNOWN_NOW;
}

static bool is_by_event(const planner *p, const mw_window *window) {
    return window->own_by >= 0 && window->own_by != p->model->moment_stream;
}

/* What the group must keep for windows over this range. */
static void keep_for(planner *p, const placed_window *placed, bool is_label) {
    const mw_window *window = placed->window.window;
    mw_group_plan *group = &p->plan->groups[placed->group];
    int64_t retention = retention_of(p, window, is_label);
    if (retention > group->retention_us) group->retention_us = retention;
    /* Which word it is, is settled when the columns are known. */
    if (placed->range.known != MW_KNOWN_NOW) group->known_word = 1;
    if (!placed->range.leaves_out) return;
    group->instance_word = 1;
    p->plan->has_instances = true;
    *(is_by_event(p, window) ? &p->plan->owns_by_event : &p->plan->owns_by_id) = true;
    p->plan->shares_instance[window->stream] = true;
}

/* Rule 10. */
static mw_cell of_nothing(const mw_window *window) {
    switch (window->aggregate) {
    case MW_AGGREGATE_COUNT:
    case MW_AGGREGATE_DISTINCT:
    case MW_AGGREGATE_SUM: return mw_cell_number(0);
    case MW_AGGREGATE_ANY: return mw_cell_bool(false);
    default: return mw_cell_missing(window->type);
    }
}

static int32_t wave_of(const planner *p, size_t index) {
    int32_t wave = 0;
    for (size_t i = 0; i < index; i++)
        if (mw_window_reads_window(&p->model->windows[index], i) && p->placed[i].wave >= wave)
            wave = p->placed[i].wave + 1;
    return wave;
}

/* Gives a window its group; its range is its own still, its cuts come after. */
static void place_window(planner *p, size_t index) {
    const mw_window *window = &p->model->windows[index];
    bool is_label = is_of_label(p, index);
    placed_window *placed = &p->placed[index];
    placed->window = (mw_window_plan){.window = window,
                                      .aggregate = window->aggregate,
                                      .index = (uint32_t)index,
                                      .column = MW_NONE,
                                      .total = MW_NONE,
                                      .rank = MW_NONE,
                                      .powers = MW_NONE,
                                      .census = MW_NONE,
                                      .nothing = of_nothing(window)};
    placed->range.since = window->since;
    placed->range.known = known_rule(p, window, is_label);
    placed->range.leaves_out =
        window->own_by >= 0 &&
        (!window->is_ahead || window->stream == mw_model_announcer(p->model));
    mw_tick tick = is_folded(p, window, &placed->range) ? window->tick
                                                     : (mw_tick){.kind = MW_TICK_NONE};
    placed->group = group_of(p, window, tick);
    keep_for(p, placed, is_label);
}

/* In the order of groups that saved states have. */
static void place_windows(planner *p, bool of_label, bool with_since) {
    for (size_t i = 0; i < p->plan->window_count; i++)
        if (is_of_label(p, i) == of_label && (p->model->windows[i].since >= 0) == with_since)
            place_window(p, i);
}

/* Gives all windows their lookups, wave by wave. */
static void find_lookups(planner *p, bool of_label) {
    bool has_more = true;
    for (int32_t wave = 0; has_more; wave++) {
        has_more = false;
        for (size_t i = 0; i < p->plan->window_count; i++) {
            placed_window *placed = &p->placed[i];
            if (is_of_label(p, i) != of_label) continue;
            if (placed->wave == wave) placed->lookup = lookup_of(p, placed, of_label);
            has_more |= placed->wave > wave;
        }
    }
}

static int32_t column_of(mw_group_plan *group, const mw_code *value) {
    for (size_t i = 0; i < group->column_count; i++)
        if (same_code(group->columns[i].value, value)) return (int32_t)i;
    group->columns[group->column_count] =
        (mw_column){.value = value, .field = mw_code_field(value), .type = mw_code_type(value)};
    return (int32_t)group->column_count++;
}

static int32_t total_of(mw_group_plan *group, int32_t column) {
    uint32_t word = (uint32_t)column + 1;
    for (uint32_t i = 0; i < group->ring.total_count; i++)
        if (group->totalled[i] == word) return (int32_t)i;
    group->totalled[group->ring.total_count] = word;
    return (int32_t)group->ring.total_count++;
}

static int32_t rank_of(mw_group_plan *group, int32_t column, bool is_max) {
    uint32_t word = (uint32_t)column + 1;
    for (uint32_t i = 0; i < group->ring.rank_count; i++)
        if (group->ranks[i].word == word && group->ranks[i].is_max == is_max) return (int32_t)i;
    group->ranks[group->ring.rank_count] = (mw_rank){word, group->columns[column].type, is_max};
    return (int32_t)group->ring.rank_count++;
}

static int32_t powers_of(mw_group_plan *group, int32_t column, mw_powers_kind kind) {
    uint32_t word = (uint32_t)column + 1;
    for (uint32_t i = 0; i < group->ring.powers_count; i++)
        if (group->powered[i].word == word && group->powered[i].kind == kind) return (int32_t)i;
    group->powered[group->ring.powers_count] = (mw_ring_powers){word, kind};
    return (int32_t)group->ring.powers_count++;
}

static int32_t census_of(mw_group_plan *group, int32_t column, bool is_bucketed) {
    uint32_t word = (uint32_t)column + 1;
    for (uint32_t i = 0; i < group->census_count; i++)
        if (group->censuses[i].word == word && group->censuses[i].is_bucketed == is_bucketed)
            return (int32_t)i;
    group->censuses[group->census_count] = (mw_census_plan){.word = word,
                                                         .type = group->columns[column].type,
                                                         .is_bucketed = is_bucketed,
                                                         .shape = &group->ring};
    return (int32_t)group->census_count++;
}

static int32_t edge_of(mw_plan *plan, const mw_window *window, int64_t steps) {
    for (size_t i = 0; i < plan->edge_count; i++) {
        const mw_edge_plan *edge = &plan->edges[i];
        if (edge->tick.kind == window->tick.kind && edge->tick.span_us == window->tick.span_us &&
            edge->steps == steps && edge->is_ahead == window->is_ahead)
            return (int32_t)i;
    }
    plan->edges[plan->edge_count] = (mw_edge_plan){window->tick, steps, window->is_ahead};
    return (int32_t)plan->edge_count++;
}

static int32_t bound_of(mw_group_plan *group, mw_bound_plan wanted) {
    size_t i = 0;
    while (i < group->bound_count && (group->bounds[i].offset_us != wanted.offset_us ||
                                      group->bounds[i].edge != wanted.edge ||
                                      group->bounds[i].is_label != wanted.is_label))
        i++;
    if (i == group->bound_count) group->bounds[group->bound_count++] = wanted;
    return (int32_t)i;
}

/* The cut at a bound; MW_NONE: where the ring begins. */
static int32_t cut_of(const mw_group_plan *group, mw_lookup_plan *lookup, int32_t bound) {
    for (size_t i = 0; i < lookup->cut_count; i++)
        if (lookup->cuts[i].bound == bound) return (int32_t)i;
    mw_bound_plan at = {.offset_us = INT64_MIN, .edge = MW_NONE};
    if (bound != MW_NONE) at = group->bounds[bound];
    lookup->cuts[lookup->cut_count] = (mw_cut_plan){at, bound};
    return (int32_t)lookup->cut_count++;
}

/* Where a window begins or ends. */
static int32_t edge_cut(planner *p, mw_lookup_plan *lookup, const mw_window *window,
                        int64_t steps) {
    mw_group_plan *group = &p->plan->groups[lookup->group];
    mw_bound_plan wanted = {.edge = MW_NONE, .is_label = lookup->is_label};
    if (window->tick.kind == MW_TICK_NONE) wanted.offset_us = steps;
    else wanted.edge = edge_of(p->plan, window, steps);
    return cut_of(group, lookup, bound_of(group, wanted));
}

/* A window that reads the moment's row keeps what it will look at, and nothing running. */
static bool settle_now_columns(planner *p, mw_group_plan *group, mw_window_plan *placed) {
    const mw_window *window = placed->window;
    int32_t *columns = mw_arena_alloc(p->arena, window->now_field_count + 1, sizeof *columns);
    if (!columns) return false;
    for (size_t i = 0; i < window->now_field_count; i++)
        columns[i] = column_of(group, window->now_fields[i]);
    placed->now_columns = columns;
    if (window->value && !mw_code_reads_now(window->value))
        placed->column = column_of(group, window->value);
    return true;
}

static void settle_column(mw_group_plan *group, mw_window_plan *placed) {
    const mw_window *window = placed->window;
    if (!window->value) return;
    placed->column = column_of(group, window->value);
    mw_column *column = &group->columns[placed->column];
    switch (window->aggregate) {
    case MW_AGGREGATE_SUM:
    case MW_AGGREGATE_MEAN:
        MW_ASSERT(column->type == MW_TYPE_NUMBER);
        column->is_summed = true;
        placed->total = total_of(group, placed->column);
        break;
    case MW_AGGREGATE_VAR:
    case MW_AGGREGATE_STD:
    case MW_AGGREGATE_TREND:
        MW_ASSERT(column->type == MW_TYPE_NUMBER);
        column->is_summed = true;
        placed->powers = powers_of(group, placed->column,
                                   window->aggregate == MW_AGGREGATE_TREND ? MW_POWERS_OF_TREND
                                                                           : MW_POWERS_OF_SPREAD);
        break;
    case MW_AGGREGATE_MIN:
    case MW_AGGREGATE_MAX:
        placed->rank =
            rank_of(group, placed->column, window->aggregate == MW_AGGREGATE_MAX);
        break;
    case MW_AGGREGATE_QUANTILE:
    case MW_AGGREGATE_DISTINCT:
    case MW_AGGREGATE_TOP:
        placed->census =
            census_of(group, placed->column, window->aggregate == MW_AGGREGATE_QUANTILE);
        break;
    default: MW_ASSERT(window->aggregate == MW_AGGREGATE_FIRST ||
                       window->aggregate == MW_AGGREGATE_LAST);
    }
}

/* Equal folds are kept once; each of its words is a column. */
static void settle_fold(mw_group_plan *group, mw_window_plan *placed) {
    const mw_window *window = placed->window;
    mw_fold fold = {.value = window->value, .type = window->type};
    bool can_fold = mw_fold_kind_of(window->aggregate, &fold.kind);
    MW_ASSERT(can_fold);
    if (window->value) fold.type = mw_code_type(window->value);
    size_t i = 0;
    while (i < group->fold_count && (group->folds[i].kind != fold.kind ||
                                     !same_code(group->folds[i].value, fold.value)))
        i++;
    placed->fold = (int32_t)i;
    if (i < group->fold_count) return;
    fold.word = 1 + (uint32_t)group->column_count;
    for (uint32_t word = 0; word < mw_fold_word_count(fold.kind); word++)
        group->columns[group->column_count++] =
            (mw_column){.type = mw_fold_word_type(&fold, word)};
    group->folds[group->fold_count++] = fold;
}

/* What the group must keep for a window. */
static bool settle_window(planner *p, mw_group_plan *group, mw_window_plan *placed) {
    if (placed->window->reads_now) return settle_now_columns(p, group, placed);
    placed->is_plain = group->tick.kind == MW_TICK_NONE;
    if (placed->is_plain) settle_column(group, placed);
    else settle_fold(group, placed);
    return true;
}

/* A group's arrays have room for all of its windows. */
static mw_status settle_columns(planner *p, int32_t index, mw_error *err) {
    mw_group_plan *group = &p->plan->groups[index];
    size_t count = 0;
    size_t column_max = 0;
    for (size_t i = 0; i < p->plan->window_count; i++) {
        if (p->placed[i].group != index) continue;
        count++;
        column_max += MW_FOLD_WORDS_MAX + p->placed[i].window.window->now_field_count;
    }
    group->folds = mw_arena_alloc(p->arena, count, sizeof *group->folds);
    group->columns = mw_arena_alloc(p->arena, column_max, sizeof *group->columns);
    group->ranks = mw_arena_alloc(p->arena, count, sizeof *group->ranks);
    group->totalled = mw_arena_alloc(p->arena, count, sizeof *group->totalled);
    group->powered = mw_arena_alloc(p->arena, count, sizeof *group->powered);
    group->censuses = mw_arena_alloc(p->arena, count, sizeof *group->censuses);
    group->bounds = mw_arena_alloc(p->arena, 2 * count, sizeof *group->bounds);
    group->peaked = mw_arena_alloc(p->arena, count, sizeof *group->peaked);
    if (!group->columns || !group->ranks || !group->totalled || !group->powered ||
        !group->censuses || !group->bounds || !group->peaked || !group->folds)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for the plan");
    for (size_t i = 0; i < p->plan->window_count; i++)
        if (p->placed[i].group == index && !settle_window(p, group, &p->placed[i].window))
            return mw_fail(err, MW_NO_MEMORY, "features: no memory for the plan");
    return MW_OK;
}

static void settle_words(planner *p, mw_group_plan *group) {
    uint32_t words = 1 + (uint32_t)group->column_count;
    if (group->instance_word) {
        group->instance_word = words++;
        if (group->retention_us > p->plan->instance_retention_us)
            p->plan->instance_retention_us = group->retention_us;
    }
    if (group->known_word) group->known_word = words++;
    if (group->known_word && p->program->streams[group->stream].id_count > 0)
        group->withdrawn_word = words++;
    group->ring.element_words = words;
    group->ring.slot_words = words + MW_RING_SUM_WORDS * group->ring.total_count;
    group->ring.totalled = group->totalled;
    group->ring.peaked = group->peaked;
    group->ring.powers = group->powered;
    group->ring.ranks = group->ranks;
    group->ring.symbols = p->symbols;
    if (words > p->plan->element_words_max) p->plan->element_words_max = words;
    if (group->ring.total_count > p->plan->total_count_max)
        p->plan->total_count_max = group->ring.total_count;
}

/* The ends tell a window ahead from one back, and so all the rest. */
static bool is_same_range(const mw_range_plan *a, const mw_range_plan *b) {
    return a->start_cut == b->start_cut && a->end_cut == b->end_cut && a->since == b->since;
}

static mw_range_plan *range_of(mw_lookup_plan *lookup, const mw_range_plan *wanted) {
    for (size_t i = 0; i < lookup->range_count; i++)
        if (is_same_range(&lookup->ranges[i], wanted)) return &lookup->ranges[i];
    lookup->ranges[lookup->range_count] = *wanted;
    return &lookup->ranges[lookup->range_count++];
}

/* The span that a window of a range has in its census: the range's others share it. */
static uint32_t span_of(mw_group_plan *group, const mw_range_plan *range, int32_t census) {
    for (size_t i = 0; i < range->window_count; i++)
        if (range->windows[i].census == census) return range->windows[i].census_span;
    return group->censuses[census].span_count++;
}

static void note_total(mw_lookup_plan *lookup, uint32_t total) {
    for (size_t i = 0; i < lookup->total_count; i++)
        if (lookup->totals[i] == total) return;
    lookup->totals[lookup->total_count++] = total;
}

/* Lets a range's window be read off a difference; false if it is none such. */
static bool settle_difference(mw_lookup_plan *lookup, mw_range_plan *range,
                              const mw_window_plan *window) {
    if (range->since != MW_NONE || window->total == MW_NONE) return false;
    bool is_sum = window->aggregate == MW_AGGREGATE_SUM;
    mw_difference_plan *end = range->differences + range->difference_count;
    mw_difference_plan *found = range->differences;
    while (found < end && (found->total != window->total ||
                           (is_sum ? found->sum : found->mean) != MW_NONE))
        found++;
    if (found == end) {
        range->difference_count++;
        note_total(lookup, (uint32_t)window->total);
        *found = (mw_difference_plan){window->total, MW_NONE, MW_NONE};
    }
    *(is_sum ? &found->sum : &found->mean) = (int32_t)window->index;
    return true;
}

/* Lets a range's window be read off a peak of its own; false if it is not of numbers. */
static bool settle_best(mw_group_plan *group, mw_range_plan *range, const mw_window_plan *window) {
    uint32_t rank = (uint32_t)window->rank, peak = group->ring.peak_count;
    if (group->ranks[rank].type != MW_TYPE_NUMBER) return false;
    group->peaked[peak] = rank;
    group->ring.peak_count++;
    range->bests[range->best_count++] = (mw_best_plan){window->index, peak};
    return true;
}

/* Whether a window of the range is one of those that stand apart; the others come after. */
static bool stands_apart(mw_group_plan *group, mw_lookup_plan *lookup, mw_range_plan *range,
                         const mw_window_plan *window) {
    if (!window->is_plain || range->since != MW_NONE) return false;
    if (window->rank != MW_NONE) return settle_best(group, range, window);
    bool is_count = window->aggregate == MW_AGGREGATE_COUNT;
    if (!is_count && window->aggregate != MW_AGGREGATE_SINCE)
        return settle_difference(lookup, range, window);
    int32_t *place = is_count ? &range->count : &range->latest;
    if (*place != MW_NONE) return false;
    *place = (int32_t)window->index;
    return true;
}

/* Puts the windows of a range side by side. */
static void gather_windows(planner *p, int32_t lookup, mw_range_plan *range,
                           mw_window_plan **next, mw_nothing_plan **next_nothing) {
    mw_group_plan *group = &p->plan->groups[p->plan->lookups[lookup].group];
    mw_window_plan *first = *next;
    range->is_whole = range->since == MW_NONE && range->known == MW_KNOWN_NOW;
    range->windows = first;
    range->nothings = *next_nothing;
    range->count = range->latest = MW_NONE;
    size_t apart_count = 0;
    for (size_t i = 0; i < p->plan->window_count; i++) {
        const placed_window *placed = &p->placed[i];
        if (placed->lookup != lookup || !is_same_range(&placed->range, range)) continue;
        mw_window_plan *window = (*next)++;
        *window = placed->window;
        *(*next_nothing)++ = (mw_nothing_plan){window->index, window->nothing};
        if (window->census != MW_NONE)
            window->census_span = span_of(group, range, window->census);
        range->window_count++;
        if (!stands_apart(group, &p->plan->lookups[lookup], range, window)) continue;
        mw_window_plan other = first[apart_count];
        first[apart_count++] = *window;
        if (window != &first[apart_count - 1]) *window = other;
    }
    range->others = first + apart_count;
    range->other_count = range->window_count - apart_count;
}

/* Notes which windows a look-up reads, in the model's order. */
static void note_windows(const planner *p, int32_t index, mw_lookup_plan *lookup) {
    for (size_t i = 0; i < p->plan->window_count; i++) {
        if (p->placed[i].lookup != index) continue;
        mw_window_run *run = lookup->runs + lookup->run_count - 1;
        bool follows = lookup->run_count > 0 && i == run->first + run->count;
        if (follows) run->count++;
        else lookup->runs[lookup->run_count++] = (mw_window_run){(uint32_t)i, 1};
        lookup->window_count++;
        lookup->reads_row |= p->placed[i].window.now_columns != NULL;
    }
}

/* The cuts between which windows of a look-up lie. */
static void find_cuts(planner *p, int32_t index, mw_lookup_plan *lookup) {
    for (size_t i = 0; i < p->plan->window_count; i++) {
        placed_window *placed = &p->placed[i];
        if (placed->lookup != index) continue;
        const mw_window *window = placed->window.window;
        placed->range.start_cut =
            window->start_us == MW_ALL_PAST
                ? cut_of(&p->plan->groups[lookup->group], lookup, MW_NONE)
                : edge_cut(p, lookup, window, window->start_steps);
        placed->range.end_cut = edge_cut(p, lookup, window, window->end_steps);
    }
}

/* Of two edges nothing is known. */
static void sort_cuts(mw_lookup_plan *lookup) {
    for (size_t i = 1; i < lookup->cut_count; i++)
        for (size_t k = i; k > 0; k--) {
            mw_cut_plan *cut = &lookup->cuts[k], earlier = cut[-1];
            if (cut->at.edge != MW_NONE || earlier.at.edge != MW_NONE ||
                cut->at.offset_us <= earlier.at.offset_us)
                break;
            cut[-1] = *cut;
            *cut = earlier;
        }
}

/* By where they begin, the latest first. */
static void sort_ranges(mw_lookup_plan *lookup) {
    for (size_t i = 1; i < lookup->range_count; i++) {
        mw_range_plan range = lookup->ranges[i];
        size_t k = i;
        for (; k > 0 && lookup->ranges[k - 1].start_cut > range.start_cut; k--)
            lookup->ranges[k] = lookup->ranges[k - 1];
        lookup->ranges[k] = range;
    }
}

/* The cuts of the look-up are sorted, its ranges too. */
static bool is_nested(const mw_lookup_plan *lookup) {
    for (size_t i = 0; i < lookup->cut_count; i++)
        if (lookup->cuts[i].at.edge != MW_NONE || lookup->cuts[i].bound == MW_NONE) return false;
    for (size_t i = 0; i < lookup->range_count; i++) {
        const mw_range_plan *range = &lookup->ranges[i];
        if (!range->is_whole || range->end_cut != 0 || range->start_cut != (int32_t)i + 1)
            return false;
    }
    return true;
}

static mw_status settle_lookup(planner *p, int32_t index, mw_error *err) {
    mw_lookup_plan *lookup = &p->plan->lookups[index];
    mw_group_plan *group = &p->plan->groups[lookup->group];
    size_t count = 0;
    for (size_t i = 0; i < p->plan->window_count; i++) count += p->placed[i].lookup == index;
    lookup->cuts = mw_arena_alloc(p->arena, 2 * count, sizeof *lookup->cuts);
    lookup->ranges = mw_arena_alloc(p->arena, count, sizeof *lookup->ranges);
    lookup->totals = mw_arena_alloc(p->arena, count, sizeof *lookup->totals);
    mw_window_plan *windows = mw_arena_alloc(p->arena, count, sizeof *windows);
    mw_nothing_plan *nothings = mw_arena_alloc(p->arena, count, sizeof *nothings);
    lookup->runs = mw_arena_alloc(p->arena, count, sizeof *lookup->runs);
    mw_difference_plan *differences = mw_arena_alloc(p->arena, count, sizeof *differences);
    mw_best_plan *bests = mw_arena_alloc(p->arena, count, sizeof *bests);
    if (!lookup->cuts || !lookup->runs || !lookup->ranges || !lookup->totals || !windows ||
        !nothings || !differences || !bests)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for the plan");

    find_cuts(p, index, lookup);
    sort_cuts(lookup);
    find_cuts(p, index, lookup);
    for (size_t i = 0; i < p->plan->window_count; i++) {
        const placed_window *placed = &p->placed[i];
        if (placed->lookup != index) continue;
        const mw_window *window = placed->window.window;
        range_of(lookup, &placed->range);
        lookup->by_event = is_by_event(p, window);
        lookup->counts_now |= window->reads_now && mw_is_counted(window->aggregate);
    }
    sort_ranges(lookup);
    for (size_t i = 0; i < lookup->range_count; i++) {
        lookup->ranges[i].differences = differences;
        lookup->ranges[i].bests = bests;
        gather_windows(p, index, &lookup->ranges[i], &windows, &nothings);
        differences += lookup->ranges[i].difference_count;
        bests += lookup->ranges[i].best_count;
        lookup->leaves_out |= lookup->ranges[i].leaves_out;
    }
    lookup->is_nested = is_nested(lookup);
    note_windows(p, index, lookup);
    if (lookup->cut_count > p->plan->cut_count_max) p->plan->cut_count_max = lookup->cut_count;
    lookup->is_own = group->own_lookup == MW_NONE && asks_for_own(p, lookup);
    if (lookup->is_own) group->own_lookup = index;
    return MW_OK;
}

mw_status mw_plan_make(const mw_engine_config *config, mw_arena *arena, mw_plan *out_plan,
                       mw_error *err) {
    const mw_program *program = config->program;
    const mw_model_program *model = config->model;
    MW_ASSERT(model->feature_window_count <= model->window_count);
    size_t window_count =
        config->with_label ? model->window_count : model->feature_window_count;
    mw_plan plan = {.window_count = window_count};
    planner p = {program, model, config->symbols, arena, &plan, NULL};
    size_t room = window_count + 1; /* an arena gives nothing for a count of 0 */
    plan.groups = mw_arena_alloc(arena, room, sizeof *plan.groups);
    plan.lookups = mw_arena_alloc(arena, room, sizeof *plan.lookups);
    p.placed = mw_arena_alloc(arena, room, sizeof *p.placed);
    plan.first_of_stream =
        mw_arena_alloc(arena, program->stream_count, sizeof *plan.first_of_stream);
    plan.shares_instance =
        mw_arena_alloc(arena, program->stream_count, sizeof *plan.shares_instance);
    plan.edges = mw_arena_alloc(arena, 2 * room, sizeof *plan.edges);
    if (!plan.groups || !plan.lookups || !p.placed || !plan.first_of_stream ||
        !plan.shares_instance || !plan.edges)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for the plan");

    for (size_t i = 0; i < program->stream_count; i++) {
        plan.first_of_stream[i] = MW_NONE;
        size_t field_count = program->streams[i].schema.field_count;
        if (field_count > plan.field_count_max) plan.field_count_max = field_count;
    }
    place_windows(&p, false, false);
    place_windows(&p, false, true);
    place_windows(&p, true, false);
    place_windows(&p, true, true);
    for (size_t i = 0; i < plan.window_count; i++) p.placed[i].wave = wave_of(&p, i);
    find_lookups(&p, false);
    find_lookups(&p, true);
    for (size_t i = 0; i < plan.group_count; i++) {
        MW_TRY(settle_columns(&p, (int32_t)i, err));
        settle_words(&p, &plan.groups[i]);
    }
    for (size_t i = 0; i < plan.lookup_count; i++) MW_TRY(settle_lookup(&p, (int32_t)i, err));
    *out_plan = plan;
    return MW_OK;
}
