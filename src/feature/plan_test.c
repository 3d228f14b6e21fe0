#include "feature/plan.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>

static const char project[] =
    "stream orders\n  columns: at time, no number, key number, other number\n"
    "  time: at\n  id: no\n"
    "stream views\n  columns: at time, key number, x number\n  time: at\n  known: time + 2h\n"
    "feature a: mean(views.x by key over {1h, 24h})\n"
    "feature b: max(views.x by key over 24h) - min(views.x by key = other over 24h)\n"
    "feature c: count(views where x > 0 by key over 1h)\n"
    "feature d: count(orders by key over 1h)\n"
    "feature e: last(orders.other by key)\n"
    "model m\n  moment: on orders\n"
    "  label: sum(views.x by key over next 1h) + mean(views.x by key over 1h)\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_plan plan;
} made;

static mw_engine_config config_of(const made *m, bool with_label) {
    return (mw_engine_config){.program = m->program,
                              .model = &m->program->models[0],
                              .symbols = m->symbols,
                              .with_label = with_label};
}

static void make_of(made *m, const char *text, bool with_label) {
    mw_arena_init(&m->arena, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &m->symbols, NULL), NULL);
    m->program = mw_test_program(&m->arena, m->symbols, text);
    mw_engine_config config = config_of(m, with_label);
    MW_CHECK_OK(mw_plan_make(&config, &m->arena, &m->plan, NULL), NULL);
}

static void make(made *m, bool with_label) {
    make_of(m, project, with_label);
}

/* Where a window of the model has gone. */
typedef struct {
    const mw_lookup_plan *lookup;
    const mw_range_plan *range;
} found;

static found find(const made *m, size_t window) {
    for (size_t l = 0; l < m->plan.lookup_count; l++) {
        const mw_lookup_plan *lookup = &m->plan.lookups[l];
        for (size_t r = 0; r < lookup->range_count; r++)
            for (size_t w = 0; w < lookup->ranges[r].window_count; w++)
                if (lookup->ranges[r].windows[w].index == window)
                    return (found){lookup, &lookup->ranges[r]};
    }
    mw_test_fail(MW_TEST_PLACE("found"), "window %zu has no place", window);
    return (found){0};
}

static const mw_group_plan *group_of(const made *m, size_t window) {
    return &m->plan.groups[find(m, window).lookup->group];
}

static void release(made *m) {
    mw_symbols_destroy(m->symbols);
    mw_arena_release(&m->arena);
}

MW_TEST(plan_shares_what_windows_have_in_common) {
    made m;
    make(&m, false);
    MW_CHECK_EQUAL_INT(m.plan.group_count, 3); /* views; views where x > 0; orders */
    MW_CHECK_EQUAL_INT(m.plan.lookup_count, 4); /* views by key and by key = other */
    MW_CHECK(find(&m, 1).range == find(&m, 2).range); /* mean and max over 24h */
    MW_CHECK_EQUAL_INT(find(&m, 1).lookup->cut_count, 3); /* t - 24h, t - 1h, t */
    const mw_group_plan *views = group_of(&m, 0);
    MW_CHECK_EQUAL_INT(views->column_count, 1);
    MW_CHECK_EQUAL_INT(views->bound_count, 3); /* t - 24h, t - 1h, t */
    MW_CHECK_EQUAL_INT(views->ring.total_count, 1);
    MW_CHECK_EQUAL_INT(views->ring.rank_count, 2);
    MW_CHECK_EQUAL_INT(views->ring.element_words, 2); /* its time and x: no id, no known time */
    const mw_group_plan *orders = &m.plan.groups[m.plan.first_of_stream[0]];
    MW_CHECK(m.plan.has_instances && orders->instance_word == 2);
    MW_CHECK(m.plan.shares_instance[0] && !m.plan.shares_instance[1]);
    release(&m);
}

/* They are written alike, and one cell cannot be both. */
MW_TEST(plan_keeps_a_span_and_its_seconds_apart) {
    static const char of_spans[] =
        "stream views\n  columns: at time, key number, took duration\n  time: at\n"
        "feature longest: max(views.took by key over 1h)\n"
        "feature usual: mean(views.took by key over 1h)\n"
        "feature first: first(views.took > 1m by key over 1h)\n"
        "feature part: mean(views.took > 1m by key over 2h)\n"
        "stream orders\n  columns: at time, key number\n  time: at\n"
        "model m\n  moment: on orders\n  label: count(views by key over next 1h)\n";
    made m;
    make_of(&m, of_spans, false);
    MW_CHECK_EQUAL_INT(m.plan.group_count, 1);
    const mw_group_plan *group = &m.plan.groups[0];
    static const mw_type types[] = {MW_TYPE_DURATION, MW_TYPE_NUMBER, MW_TYPE_BOOL, MW_TYPE_NUMBER};
    MW_CHECK_EQUAL_INT(group->column_count, 4);
    for (size_t i = 0; i < 4; i++) MW_CHECK_EQUAL_INT(group->columns[i].type, types[i]);
    release(&m);
}

MW_TEST(plan_keeps_as_long_as_a_window_may_look_back) {
    made m;
    make(&m, false);
    const mw_model_program *model = &m.program->models[0];
    MW_CHECK_EQUAL_INT(model->lateness_us, MW_HOUR_US);
    MW_CHECK_EQUAL_INT(group_of(&m, 0)->retention_us, 25 * MW_HOUR_US);
    MW_CHECK(m.plan.groups[m.plan.first_of_stream[0]].retention_us == MW_RETAIN_FOREVER);
    release(&m);

    make(&m, true); /* a label looks when it is mature: 1h ahead, 2h of lag, 1h late */
    model = &m.program->models[0];
    MW_CHECK_EQUAL_INT(model->maturity_us, 4 * MW_HOUR_US);
    MW_CHECK_EQUAL_INT(group_of(&m, 0)->retention_us, 25 * MW_HOUR_US);
    release(&m);
}

MW_TEST(plan_gives_labels_bounds_of_their_own) {
    made m;
    make(&m, true);
    const mw_group_plan *views = group_of(&m, 0);
    MW_CHECK_EQUAL_INT(views->bound_count, 3 + 3); /* the label's: t - 1h, t, t + 1h */
    MW_CHECK_EQUAL_INT(views->known_word, 2);      /* its window back must not see more later */
    size_t of_label = m.plan.window_count - 1;
    MW_CHECK(find(&m, of_label).range->known == MW_KNOWN_BY_THE_MOMENT);
    MW_CHECK(find(&m, of_label - 1).range->known == MW_KNOWN_NOW);
    release(&m);
}

static mw_status make_in_little(void *context) {
    made *m = context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_plan plan;
    mw_engine_config config = config_of(m, true);
    mw_status status = mw_plan_make(&config, &arena, &plan, NULL);
    mw_arena_release(&arena);
    return status;
}

/* Whether all windows of the features are read at one go, one within the other. */
static bool is_nested(const char *windows) {
    char text[600];
    snprintf(text, sizeof text,
             "stream orders\n  columns: at time, key number, x number\n  time: at\n"
             "stream views\n  columns: at time, key number\n  time: at\nfeature a: %s\n"
             "model m\n  moment: on orders\n  label: any(views by key over next 1h)\n",
             windows);
    made m;
    make_of(&m, text, false);
    MW_CHECK_EQUAL_INT(m.plan.lookup_count, 1);
    const mw_lookup_plan *lookup = &m.plan.lookups[0];
    for (size_t i = 1; i < lookup->range_count; i++)
        MW_CHECK(lookup->ranges[i - 1].start_cut <= lookup->ranges[i].start_cut);
    bool nested = lookup->is_nested;
    release(&m);
    return nested;
}

MW_TEST(plan_nests_windows_that_end_together) {
    MW_CHECK(is_nested("sum(orders.x by key over {7d, 1h, 24h})"));
    MW_CHECK(is_nested("sum(orders.x by key over 7d) + max(orders.x by key over 1h)"));
    MW_CHECK(!is_nested("sum(orders.x by key over 7d) + sum(orders.x by key over 7d ago 7d)"));
    MW_CHECK(!is_nested("sum(orders.x by key over 7d) + last(orders.x by key)"));
    MW_CHECK(!is_nested("count(orders by key over 7d aligned day)"));
}

MW_TEST(plan_survives_every_failing_allocation) {
    made m;
    make(&m, true);
    MW_CHECK(mw_test_every_allocation_fails(make_in_little, &m) > 0);
    release(&m);
}
