#include "feature/plan.h"

#include <string.h>

enum { BITS = 64 };

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_symbols *symbols;
    mw_arena *arena;
    mw_plan *plan;
    mw_range_plan *placed; /* by window, before equal ones are joined */
} planner;

static bool same_code(const mw_code *a, const mw_code *b) {
    if (!a || !b) return a == b;
    return mw_str_equal(mw_code_text(a), mw_code_text(b));
}

static bool is_of_label(const planner *p, size_t window) {
    return window >= p->model->feature_window_count;
}

static bool group_holds(const mw_group_plan *group, const mw_window *window) {
    return group->stream == window->stream && same_code(group->condition, window->condition) &&
           group->key_count == window->key_count &&
           memcmp(group->keys, window->event_keys,
                  (size_t)window->key_count * sizeof *group->keys) == 0;
}

static int32_t group_of(planner *p, const mw_window *window) {
    mw_plan *plan = p->plan;
    for (size_t i = 0; i < plan->group_count; i++)
        if (group_holds(&plan->groups[i], window)) return (int32_t)i;

    mw_group_plan *group = &plan->groups[plan->group_count];
    *group = (mw_group_plan){.stream = window->stream,
                             .condition = window->condition,
                             .key_count = window->key_count,
                             .keys = window->event_keys,
                             .next_of_stream = plan->first_of_stream[window->stream]};
    const mw_schema *schema = &p->program->streams[window->stream].schema;
    for (int32_t i = 0; i < window->key_count; i++)
        group->key_types[i] = schema->fields[window->event_keys[i]].type;
    plan->first_of_stream[window->stream] = (int32_t)plan->group_count;
    return (int32_t)plan->group_count++;
}

static bool lookup_serves(const mw_lookup_plan *lookup, int32_t group, const mw_window *window,
                          bool is_label) {
    if (lookup->group != group || lookup->is_label != is_label) return false;
    for (int32_t i = 0; i < window->key_count; i++)
        if (!same_code(lookup->keys[i], window->moment_keys[i])) return false;
    return true;
}

static int32_t lookup_of(planner *p, int32_t group, const mw_window *window, bool is_label) {
    mw_plan *plan = p->plan;
    for (size_t i = 0; i < plan->lookup_count; i++)
        if (lookup_serves(&plan->lookups[i], group, window, is_label)) return (int32_t)i;
    plan->lookups[plan->lookup_count] =
        (mw_lookup_plan){.group = group, .keys = window->moment_keys, .is_label = is_label};
    return (int32_t)plan->lookup_count++;
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

/* What the group must keep for windows over this range. */
static void keep_for(planner *p, const mw_range_plan *range, const mw_window *window,
                     bool is_label) {
    mw_group_plan *group = &p->plan->groups[range->group];
    int64_t retention = retention_of(p, window, is_label);
    if (retention > group->retention_us) group->retention_us = retention;
    /* Which word it is, is settled when the columns are known. */
    if (range->known != MW_KNOWN_NOW) group->known_word = 1;
    if (!range->leaves_out) return;
    group->instance_word = 1;
    p->plan->has_instances = true;
    p->plan->shares_instance[window->stream] = true;
}

/* Gives a window its group and its lookup: a range of its own, whose bounds come after. */
static void place_window(planner *p, size_t index) {
    const mw_window *window = &p->model->windows[index];
    bool is_label = is_of_label(p, index);
    p->plan->windows[index] = (mw_window_plan){
        .window = window, .column = MW_NONE, .tallied = MW_NONE, .rank = MW_NONE};
    mw_range_plan *range = &p->placed[index];
    range->group = group_of(p, window);
    range->lookup = lookup_of(p, range->group, window, is_label);
    range->start_bound = MW_NONE;
    range->known = known_rule(p, window, is_label);
    range->leaves_out = window->shares_id &&
                        (!window->is_ahead || window->stream == p->model->moment_stream);
    keep_for(p, range, window, is_label);
}

static int32_t column_of(mw_group_plan *group, const mw_code *value) {
    for (size_t i = 0; i < group->column_count; i++)
        if (same_code(group->columns[i].value, value)) return (int32_t)i;
    group->columns[group->column_count] =
        (mw_column){.value = value, .type = mw_code_type(value)};
    return (int32_t)group->column_count++;
}

static int32_t tallied_of(mw_group_plan *group, int32_t column) {
    uint32_t word = (uint32_t)column + 1;
    for (uint32_t i = 0; i < group->bound.tallied_count; i++)
        if (group->tallied[i] == word) return (int32_t)i;
    group->tallied[group->bound.tallied_count] = word;
    return (int32_t)group->bound.tallied_count++;
}

static int32_t rank_of(mw_group_plan *group, int32_t column, bool is_max) {
    uint32_t word = (uint32_t)column + 1;
    for (uint32_t i = 0; i < group->ring.rank_count; i++)
        if (group->ranks[i].word == word && group->ranks[i].is_max == is_max) return (int32_t)i;
    group->ranks[group->ring.rank_count] = (mw_rank){word, group->columns[column].type, is_max};
    return (int32_t)group->ring.rank_count++;
}

static int32_t bound_of(mw_group_plan *group, mw_lookup_plan *lookup, int64_t offset_us) {
    size_t i = 0;
    while (i < group->bound_count && (group->bounds[i].offset_us != offset_us ||
                                      group->bounds[i].is_label != lookup->is_label))
        i++;
    if (i == group->bound_count)
        group->bounds[group->bound_count++] = (mw_bound_plan){offset_us, lookup->is_label};
    lookup->uses[i / BITS] |= UINT64_C(1) << i % BITS;
    return (int32_t)i;
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
        placed->tallied = tallied_of(group, placed->column);
        break;
    case MW_AGGREGATE_MIN:
    case MW_AGGREGATE_MAX:
        placed->rank =
            rank_of(group, placed->column, window->aggregate == MW_AGGREGATE_MAX);
        break;
    default: MW_ASSERT(window->aggregate == MW_AGGREGATE_FIRST ||
                       window->aggregate == MW_AGGREGATE_LAST);
    }
}

/* A group's arrays have room for all of its windows, of which there are `count`. */
static bool give_arrays(planner *p, mw_group_plan *group, size_t count) {
    group->columns = mw_arena_alloc(p->arena, count, sizeof *group->columns);
    group->ranks = mw_arena_alloc(p->arena, count, sizeof *group->ranks);
    group->tallied = mw_arena_alloc(p->arena, count, sizeof *group->tallied);
    group->bounds = mw_arena_alloc(p->arena, 2 * count, sizeof *group->bounds);
    return group->columns && group->ranks && group->tallied && group->bounds;
}

/* The ends tell a window ahead from one back, and so all the rest. */
static bool same_range(const mw_range_plan *a, const mw_range_plan *b) {
    return a->lookup == b->lookup && a->start_bound == b->start_bound &&
           a->end_bound == b->end_bound;
}

static int32_t range_of(mw_plan *plan, const mw_range_plan *wanted) {
    for (size_t i = 0; i < plan->range_count; i++)
        if (same_range(&plan->ranges[i], wanted)) return (int32_t)i;
    plan->ranges[plan->range_count] = *wanted;
    return (int32_t)plan->range_count++;
}

static mw_status settle_group(planner *p, int32_t index, mw_error *err) {
    mw_group_plan *group = &p->plan->groups[index];
    size_t count = 0;
    for (size_t i = 0; i < p->plan->window_count; i++)
        count += p->placed[i].group == index;
    bool has_room = give_arrays(p, group, count);
    for (size_t i = 0; i < p->plan->lookup_count; i++) {
        mw_lookup_plan *lookup = &p->plan->lookups[i];
        if (lookup->group != index) continue;
        lookup->uses = mw_arena_alloc(p->arena, 2 * count / BITS + 1, sizeof *lookup->uses);
        has_room = has_room && lookup->uses;
    }
    if (!has_room) return mw_fail(err, MW_NO_MEMORY, "features: no memory for the plan");

    for (size_t i = 0; i < p->plan->window_count; i++) {
        mw_window_plan *window = &p->plan->windows[i];
        mw_range_plan *range = &p->placed[i];
        if (range->group != index) continue;
        settle_column(group, window);
        mw_lookup_plan *lookup = &p->plan->lookups[range->lookup];
        if (window->window->start_us != MW_ALL_PAST)
            range->start_bound = bound_of(group, lookup, window->window->start_us);
        range->end_bound = bound_of(group, lookup, window->window->end_us);
        window->range = range_of(p->plan, range);
    }

    uint32_t words = 1 + (uint32_t)group->column_count;
    if (group->instance_word) {
        group->instance_word = words++;
        if (group->retention_us > p->plan->instance_retention_us)
            p->plan->instance_retention_us = group->retention_us;
    }
    if (group->known_word) group->known_word = words++;
    group->ring = (mw_ring_shape){words, group->ring.rank_count, group->ranks, p->symbols};
    group->bound.ring = &group->ring;
    group->bound.tallied = group->tallied;
    if (words > p->plan->element_words_max) p->plan->element_words_max = words;
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
    plan.ranges = mw_arena_alloc(arena, room, sizeof *plan.ranges);
    plan.windows = mw_arena_alloc(arena, room, sizeof *plan.windows);
    p.placed = mw_arena_alloc(arena, room, sizeof *p.placed);
    plan.first_of_stream =
        mw_arena_alloc(arena, program->stream_count, sizeof *plan.first_of_stream);
    plan.shares_instance =
        mw_arena_alloc(arena, program->stream_count, sizeof *plan.shares_instance);
    if (!plan.groups || !plan.lookups || !plan.ranges || !plan.windows || !p.placed ||
        !plan.first_of_stream || !plan.shares_instance)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory for the plan");

    for (size_t i = 0; i < program->stream_count; i++) plan.first_of_stream[i] = MW_NONE;
    for (size_t i = 0; i < window_count; i++) place_window(&p, i);
    for (size_t i = 0; i < plan.group_count; i++) MW_TRY(settle_group(&p, (int32_t)i, err));
    *out_plan = plan;
    return MW_OK;
}
