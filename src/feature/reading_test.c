#include "feature/reading.h"

#include "feature/oracle.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <math.h>
#include <string.h>

/* The rules one by one, on logs small enough to be understood: each answer is written down here,
   and both the engine and the oracle must give it. Times are us. */

enum { NOTHING = -999 }; /* a missing value */

typedef struct {
    int32_t stream; /* 0 orders, the moment's; 1 pays, with the same id; 2 views, with none */
    int64_t time, known;
    double no, key, x;
} fact;

typedef struct {
    const char *feature, *label; /* a label of NULL: none is asked */
    fact moment;                 /* its event; in the log if `is_logged` */
    bool is_logged;
    fact facts[12];
    size_t fact_count;
    double expected, expected_label;
} scene;

static const char *const columns =
    "  columns: at time, seen time, no number, key number, x number\n"
    "  time: at\n  known: seen\n";

static mw_cell number(double value) {
    return mw_cell_number(value == NOTHING ? NAN : value);
}

static void add(mw_events *events, const fact *f) {
    mw_cell row[] = {mw_cell_time(f->time), mw_cell_time(f->known), number(f->no),
                     number(f->key), number(f->x)};
    mw_event event = {.stream = f->stream, .time = f->time, .known = f->known, .place = f->known,
                      .row = row};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    mw_symbols *symbols;
    mw_events events;
    mw_moment moment;
} stage;

static void apply_before(mw_engine *engine, const stage *s, int64_t place, size_t *applied) {
    for (; *applied < s->events.event_count; ++*applied) {
        mw_event event = mw_events_at(&s->events, *applied);
        if (event.place >= place) break;
        MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    }
}

static void check(mw_type type, mw_cell value, double expected) {
    if (expected == NOTHING) {
        MW_CHECK(mw_cell_is_missing(type, value));
        return;
    }
    double found = type == MW_TYPE_NUMBER ? value.number : (double)value.time;
    MW_CHECK_EQUAL_DOUBLE_BITS(found, expected);
}

static void ask_engine(const stage *s, const scene *here) {
    mw_engine_config config = {.program = s->program, .model = s->model,
                               .symbols = s->symbols, .with_label = true};
    mw_engine *engine;
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    size_t applied = 0;
    mw_cell feature;
    apply_before(engine, s, s->moment.place, &applied);
    MW_CHECK_OK(mw_engine_features(engine, &s->moment, &feature, NULL), NULL);
    check(s->model->features[0].type, feature, here->expected);

    int64_t due = s->moment.t + s->model->maturity_us;
    apply_before(engine, s, due > s->moment.place ? due : s->moment.place, &applied);
    mw_label label;
    MW_CHECK_OK(mw_engine_label(engine, &s->moment, &feature, &label, NULL), NULL);
    if (here->label) check(mw_code_type(s->model->label), label.value, here->expected_label);
    mw_engine_destroy(engine);
}

static void ask_oracle(const stage *s, const scene *here) {
    mw_cell feature;
    mw_label label;
    mw_oracle oracle = {s->program, s->model, &s->events, s->symbols};
    MW_CHECK_OK(mw_oracle_features(&oracle, &s->moment, &feature, NULL), NULL);
    check(s->model->features[0].type, feature, here->expected);
    MW_CHECK_OK(mw_oracle_label(&oracle, &s->moment, &label, NULL), NULL);
    if (here->label) check(mw_code_type(s->model->label), label.value, here->expected_label);
}

/* Moments may be 100 s late, the other events 5 us. */
static const mw_program *compile(mw_arena *arena, mw_symbols *symbols, const char *text) {
    mw_declarations declarations = mw_test_declare(arena, text);
    declarations.streams[0].late_us = 100 * MW_SECOND_US;
    declarations.streams[1].late_us = declarations.streams[2].late_us = 5;
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, arena);
    const mw_program *program;
    MW_CHECK_OK(mw_program_compile(&declarations, arena, symbols, &diagnostics, &program), NULL);
    return program;
}

static void play(const scene *here) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    stage s = {0};
    MW_CHECK_OK(mw_symbols_create(1 << 16, &s.symbols, NULL), NULL);
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_printf(&text,
                  "stream orders\n%s  id: no\nstream pays\n%s  id: no\nstream views\n%s"
                  "feature f: %s\nmodel m\n  moment: on orders\n  label: %s\n",
                  columns, columns, columns, here->feature,
                  here->label ? here->label : "count(pays by key over next 20us)");
    mw_buf_append_char(&text, '\0');
    s.program = compile(&arena, s.symbols, text.data);
    s.model = &s.program->models[0];

    const mw_schema *schemas[] = {&s.program->streams[0].schema, &s.program->streams[1].schema,
                                  &s.program->streams[2].schema};
    MW_CHECK_OK(mw_events_init(&s.events, schemas, 3, NULL), NULL);
    for (size_t i = 0; i < here->fact_count; i++) add(&s.events, &here->facts[i]);
    if (here->is_logged) add(&s.events, &here->moment);
    MW_CHECK_OK(mw_events_sort(&s.events, NULL), NULL);

    const fact *f = &here->moment;
    mw_cell row[] = {mw_cell_time(f->time), mw_cell_time(f->known), number(f->no),
                     number(f->key), number(f->x)};
    s.moment = (mw_moment){f->time, f->known > f->time ? f->known : f->time, row};
    ask_engine(&s, here);
    ask_oracle(&s, here);
    mw_buf_release(&text);
    mw_events_release(&s.events);
    mw_symbols_destroy(s.symbols);
    mw_arena_release(&arena);
}

enum { ORDERS, PAYS, VIEWS };
#define ORDER {ORDERS, 1000, 1000, 7, 1, 0} /* number 7, key 1; t is 1000 */

MW_TEST(a_window_back_holds_its_start_and_not_its_end) {
    play(&(scene){.feature = "sum(views.x by key over 100us)", .moment = ORDER,
                  .facts = {{VIEWS, 899, 899, 0, 1, 1}, {VIEWS, 900, 900, 0, 1, 2},
                            {VIEWS, 999, 999, 0, 1, 4}, {VIEWS, 1000, 1000, 0, 1, 8}},
                  .fact_count = 4, .expected = 6});
}

MW_TEST(what_is_known_at_the_moment_is_known_too_late) {
    play(&(scene){.feature = "sum(views.x by key over 100us)", .moment = ORDER,
                  .facts = {{VIEWS, 950, 999, 0, 1, 1}, {VIEWS, 950, 1000, 0, 1, 2},
                            {VIEWS, 950, 1001, 0, 1, 4}},
                  .fact_count = 3, .expected = 1});
}

MW_TEST(a_window_back_leaves_out_all_events_of_its_instance) {
    play(&(scene){.feature = "count(orders by key over 100us)", .moment = ORDER,
                  .is_logged = true,
                  .facts = {{ORDERS, 980, 980, 7, 1, 0}, {ORDERS, 980, 980, 8, 1, 0}},
                  .fact_count = 2, .expected = 1});
    play(&(scene){.feature = "max(pays.x by key over 100us)", .moment = ORDER,
                  .facts = {{PAYS, 980, 980, 7, 1, 9}, {PAYS, 970, 970, 8, 1, 5}},
                  .fact_count = 2, .expected = 5});
}

MW_TEST(a_window_ahead_leaves_out_the_predicted_event_alone) {
    play(&(scene){.feature = "count(views by key over 100us)",
                  .label = "count(orders by key over next 20us) * 10 + "
                           "count(pays by key over next 20us)",
                  .moment = ORDER, .is_logged = true,
                  .facts = {{PAYS, 1005, 1005, 7, 1, 0}, {PAYS, 1000, 1000, 8, 1, 0},
                            {PAYS, 1020, 1020, 8, 1, 0}, {ORDERS, 1001, 1001, 8, 1, 0}},
                  .fact_count = 4, .expected = 0, .expected_label = 12});
}

MW_TEST(a_label_sees_what_is_known_by_its_maturity) {
    /* 20us ahead and 5us late: it matures at 1025. */
    play(&(scene){.feature = "count(views by key over 100us)",
                  .label = "sum(views.x by key over next 20us)", .moment = ORDER,
                  .facts = {{VIEWS, 1000, 1024, 0, 1, 1}, {VIEWS, 1000, 1025, 0, 1, 2},
                            {VIEWS, 1019, 1019, 0, 1, 4}, {VIEWS, 1020, 1020, 0, 1, 8}},
                  .fact_count = 4, .expected = 0, .expected_label = 5});
}

MW_TEST(a_label_sees_no_more_when_its_moment_comes_after_its_maturity) {
    play(&(scene){.feature = "count(views by key over 100us)",
                  .label = "sum(views.x by key over next 20us)",
                  .moment = {ORDERS, 1000, 5000, 7, 1, 0},
                  .facts = {{VIEWS, 1000, 1024, 0, 1, 1}, {VIEWS, 1000, 1025, 0, 1, 2}},
                  .fact_count = 2, .expected = 0, .expected_label = 1});
}

MW_TEST(a_window_back_in_a_label_sees_what_the_moment_saw) {
    play(&(scene){.feature = "count(views by key over 100us)",
                  .label = "count(pays by key over next 20us) + sum(views.x by key over 100us)",
                  .moment = ORDER,
                  .facts = {{VIEWS, 950, 999, 0, 1, 1}, {VIEWS, 950, 1001, 0, 1, 2}},
                  .fact_count = 2, .expected = 1, .expected_label = 1});
}

MW_TEST(a_window_over_nothing_is_empty) {
    static const struct { const char *feature; double expected; } cases[] = {
        {"count(views by key over 9us)", 0},   {"sum(views.x by key over 9us)", 0},
        {"mean(views.x by key over 9us)", NOTHING}, {"min(views.x by key over 9us)", NOTHING},
        {"var(views.x by key over 9us)", NOTHING}, {"trend(views.x by key over 9us)", NOTHING},
        {"last(views.x by key over 9us)", NOTHING}, {"since(views by key over 9us)", NOTHING},
        {"case when any(views by key over 9us) then 1 else 0 end", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene here = {.feature = cases[i].feature, .moment = ORDER,
                       .facts = {{VIEWS, 990, 990, 0, 1, 1}}, .fact_count = 1,
                       .expected = cases[i].expected};
        play(&here);
        here.moment.key = NOTHING; /* a missing key groups with nothing */
        here.facts[0] = (fact){VIEWS, 995, 995, 0, NOTHING, 1};
        play(&here);
    }
}

MW_TEST(missing_values_are_skipped_but_their_events_count) {
    static const struct { const char *feature; double expected; } cases[] = {
        {"count(views.x by key over 99us)", 4}, {"mean(views.x by key over 99us)", 4},
        {"first(views.x by key over 99us)", 3}, {"last(views.x by key over 99us)", 5},
        {"var(views.x by key over 99us)", 2}, {"std(views.x by key over 99us)", M_SQRT2},
        {"trend(views.x by key over 99us)", 2e5}, {"var(views.x by key over 35us)", NOTHING},
        {"since(views by key over 99us)", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        play(&(scene){.feature = cases[i].feature, .moment = ORDER,
                      .facts = {{VIEWS, 950, 950, 0, 1, NOTHING}, {VIEWS, 960, 960, 0, 1, 3},
                                {VIEWS, 970, 970, 0, 1, 5}, {VIEWS, 990, 990, 0, 1, NOTHING}},
                      .fact_count = 4, .expected = cases[i].expected});
}

MW_TEST(among_equal_times_first_is_the_smallest_and_last_the_greatest) {
    static const struct { const char *feature; double expected; } cases[] = {
        {"first(views.x by key over 99us)", 1}, {"last(views.x by key over 99us)", 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        play(&(scene){.feature = cases[i].feature, .moment = ORDER,
                      .facts = {{VIEWS, 950, 951, 0, 1, 4}, {VIEWS, 950, 950, 0, 1, 1},
                                {VIEWS, 960, 961, 0, 1, 9}, {VIEWS, 960, 960, 0, 1, 2},
                                {VIEWS, 960, 962, 0, 1, 3}},
                      .fact_count = 5, .expected = cases[i].expected});
}

MW_TEST(a_value_outside_of_a_sums_range_is_missing) {
    static const struct { const char *feature; double expected; } cases[] = {
        {"sum(views.x by key over 99us)", 0x1p62}, {"mean(views.x by key over 99us)", 0x1p61},
        {"var(views.x by key over 99us)", 0x1p123},
        {"std(views.x by key over 99us)", 0x1p61 * M_SQRT2},
        {"max(views.x by key over 99us)", 0x1p63}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        play(&(scene){.feature = cases[i].feature, .moment = ORDER,
                      .facts = {{VIEWS, 950, 950, 0, 1, 0x1p62}, {VIEWS, 960, 960, 0, 1, 0x1p63},
                                {VIEWS, 960, 960, 0, 1, 0x1p-82}},
                      .fact_count = 3, .expected = cases[i].expected});
}

MW_TEST(a_window_that_reads_the_moment_sees_each_event_beside_it) {
    static const fact order = {ORDERS, 1000, 1000, 7, 1, 5}; /* its x is 5 */
    static const fact facts[] = {{VIEWS, 910, 910, 0, 1, 4}, {VIEWS, 920, 920, 0, 1, 6},
                                 {VIEWS, 930, 930, 0, 1, 8}, {VIEWS, 940, 940, 0, 1, NOTHING},
                                 {VIEWS, 950, 1000, 0, 1, 9}, {PAYS, 960, 960, 7, 1, 9},
                                 {PAYS, 970, 970, 8, 1, 9}};
    static const struct {
        const char *feature;
        double expected;
    } cases[] = {{"count(views where x > now.x by key over 100us)", 2},
                 {"sum(views.x - now.x by key over 100us)", -1 + 1 + 3},
                 {"last(views.x where x < now.x by key over 100us)", 4},
                 {"count(pays where x > now.x by key over 100us)", 1}, /* not its own */
                 {"sum(views.x where x > now.x + 100 by key over 100us)", 0},
                 {"quantile(1)(views.x where x > now.x by key over 100us)", 8 + 0x1p-6},
                 {"distinct(views.x > now.x by key over 100us)", 2},
                 {"top(views.x - now.x by key over 100us)", -1}, /* of three, once each */
                 {"trend(views.x - now.x by key over 100us)", 2e5},
                 {"distinct(views.x where x > now.x + 100 by key over 100us)", 0},
                 {"top(views.x where x > now.x + 100 by key over 100us)", NOTHING},
                 {"mean(views.x where x > now.x + 100 by key over 100us)", NOTHING}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene here = {.feature = cases[i].feature, .moment = order, .fact_count = 7,
                      .expected = cases[i].expected};
        memcpy(here.facts, facts, sizeof facts);
        play(&here);
    }
}

MW_TEST(a_window_since_a_stream_begins_with_its_last_event_that_is_known) {
    play(&(scene){.feature = "sum(views.x by key over 100us since pays)", .moment = ORDER,
                  .facts = {{VIEWS, 910, 910, 0, 1, 1}, {VIEWS, 930, 930, 0, 1, 2},
                            {VIEWS, 940, 940, 0, 1, 4}, {PAYS, 920, 920, 1, 1, 0},
                            {PAYS, 930, 930, 2, 1, 0}, /* the last one known, of this key */
                            {PAYS, 935, 1000, 3, 1, 0}, {PAYS, 935, 935, 4, 2, 0},
                            {PAYS, 936, 936, 7, 1, 0}}, /* the order's own */
                  .fact_count = 8, .expected = 6});
    play(&(scene){.feature = "sum(views.x by key over 100us since pays)", .moment = ORDER,
                  .facts = {{VIEWS, 899, 899, 0, 1, 1}, {VIEWS, 930, 930, 0, 1, 2},
                            {PAYS, 890, 890, 1, 1, 0}}, /* before the span: no matter */
                  .fact_count = 3, .expected = 2});
    play(&(scene){.feature = "count(views by key over 100us since pays every 20us)",
                  .moment = ORDER, /* whole ticks alone, from 940 on */
                  .facts = {{VIEWS, 935, 935, 0, 1, 1}, {VIEWS, 940, 940, 0, 1, 1},
                            {VIEWS, 999, 999, 0, 1, 1}, {PAYS, 930, 930, 1, 1, 0}},
                  .fact_count = 4, .expected = 2});
}

enum { WIDE = 200, WIDE_SUMS = 10, WIDE_HOURS = WIDE * WIDE_SUMS };
enum { WIDE_FEW = 12, WIDE_MANY = 40 }; /* views of a key */

static mw_test_project compile_wide(int values) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_buf_append_text(&text, "stream orders\n  columns: at time, key number\n  time: at\n"
                              "stream views\n  columns: at time, key number, x number\n"
                              "  time: at\n  known: at\n");
    for (int i = 0; i < WIDE_HOURS; i++) {
        if (i % WIDE_SUMS == 0) mw_buf_printf(&text, "\nfeature f%d: 0", i);
        mw_buf_printf(&text, " + sum(views.x * %d by key over %dh)", i % values + 1, i + 1);
    }
    mw_buf_append_text(&text, "\nmodel m\n  moment: on orders\n"
                              "  label: sum(views.x by key over next 30h)\n");
    mw_buf_append_char(&text, '\0');
    mw_test_project project = mw_test_compile(text.data);
    mw_buf_release(&text);
    return project;
}

static void ask_both(mw_engine *engine, const mw_oracle *oracle, const mw_moment *moment) {
    static mw_cell found[WIDE], expected[WIDE];
    MW_CHECK_OK(mw_engine_features(engine, moment, found, NULL), NULL);
    MW_CHECK_OK(mw_oracle_features(oracle, moment, expected, NULL), NULL);
    for (size_t i = 0; i < WIDE; i++)
        MW_CHECK_EQUAL_DOUBLE_BITS(found[i].number, expected[i].number);
    mw_label label, expected_label;
    MW_CHECK_OK(mw_engine_label(engine, moment, found, &label, NULL), NULL);
    MW_CHECK_OK(mw_oracle_label(oracle, moment, &expected_label, NULL), NULL);
    MW_CHECK(found[WIDE - 1].number > 0 && label.value.number > 0);
    MW_CHECK_EQUAL_DOUBLE_BITS(label.value.number, expected_label.value.number);
}

/* One key has few views, the other more than a short ring holds. */
static void play_wide(int values) {
    mw_test_project project = compile_wide(values);
    const mw_schema *schemas[] = {&project.program->streams[0].schema,
                                  &project.program->streams[1].schema};
    mw_events events;
    MW_CHECK_OK(mw_events_init(&events, schemas, 2, NULL), NULL);
    mw_engine_config config = {.program = project.program, .model = project.model,
                               .symbols = project.symbols, .with_label = true};
    mw_engine *engine;
    mw_error err;
    MW_CHECK_OK(mw_engine_create(config, &engine, &err), &err);
    int64_t t = WIDE_HOURS * MW_HOUR_US;
    for (int64_t i = 0; i < WIDE_FEW + WIDE_MANY; i++) {
        int64_t key = i >= WIDE_FEW, time = t - (i % 10 ? 1 << i % 10 : -i) * MW_HOUR_US;
        mw_cell row[] = {mw_cell_time(time), mw_cell_number((double)key),
                         mw_cell_number((double)i / 7)};
        mw_event event = {.stream = 1, .time = time, .known = time, .place = time, .row = row};
        MW_CHECK_OK(mw_events_add(&events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(&events, NULL), NULL);
    for (size_t i = 0; i < events.event_count; i++) {
        mw_event event = mw_events_at(&events, i);
        MW_CHECK_OK(mw_engine_apply(engine, &event, &err), &err);
    }
    mw_oracle oracle = {project.program, project.model, &events, project.symbols};
    for (int key = 0; key < 2; key++) {
        mw_cell row[] = {mw_cell_time(t), mw_cell_number(key)};
        ask_both(engine, &oracle, &(mw_moment){t, t, row});
    }
    mw_engine_destroy(engine);
    mw_events_release(&events);
    mw_test_project_release(&project);
}

/* With a value of its own for each what they need grows as they do, not as cuts by totals; with few
   values a ring keeps no marks for so many. */
MW_TEST(thousands_of_windows_are_read_as_few_are) {
    play_wide(WIDE_HOURS);
    play_wide(4);
}
