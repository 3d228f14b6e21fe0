#include "train/fitting.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "testing/declare.h"
#include "testing/test.h"

enum { FEATURES = 4, SCALED = 0, FILLED = 1, RANKED = 2, RATE = 3, WEIGHT = 3 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_examples examples;
    mw_model_feature features[FEATURES];
    const double *learned[FEATURES];
} world;

static void begin_with(world *w, const char *label) {
    char text[512];
    memset(w, 0, sizeof *w);
    snprintf(text, sizeof text,
             "stream visits\n"
             "  columns: at time, who text, weight number\n"
             "  time: at\n"
             "  id: who, at\n"
             "feature scaled: scale(weight)\n"
             "feature filled: scale(impute(weight))\n"
             "feature ranked: rank_bucket(weight, 4)\n"
             "feature rate: target_encode(who, 3)\n"
             "model comes\n"
             "  moment: on visits\n"
             "  label: %s\n", label);
    mw_arena_init(&w->arena, (size_t)1 << 28);
    MW_CHECK_OK(mw_symbols_create(1 << 22, &w->symbols, NULL), NULL);
    const mw_program *program = mw_test_program(&w->arena, w->symbols, text);
    MW_CHECK_OK(mw_examples_init(&w->examples, program, &program->models[0], NULL, 0, NULL), NULL);
}

static void begin(world *w) { begin_with(w, "any(visits by who over next 1h)"); }

static void end(world *w) {
    mw_examples_release(&w->examples);
    mw_symbols_destroy(w->symbols);
    mw_arena_release(&w->arena);
}

/* Its label matures `wait` after the moment; where that is a number or a class, it is the weight or
   the person. */
typedef struct {
    int64_t t, wait;
    double weight;
    int who; /* -1: missing */
    bool label;
} visit;

static void add_visit(world *w, visit v) {
    char name[16];
    snprintf(name, sizeof name, "p%d", v.who);
    mw_cell person = {.symbol = v.who < 0 ? 0 : mw_symbols_intern(w->symbols, mw_str_of(name))};
    mw_cell number = mw_cell_number(v.weight), row[3] = {mw_cell_time(v.t), person, number};
    mw_cell features[FEATURES] = {number, number, number, person};
    mw_step step = {.kind = MW_DUE_LABEL,
                    .place = v.t + v.wait,
                    .moment = {v.t, v.t, row},
                    .features = features,
                    .label = {.value = mw_cell_bool(v.label)}};
    mw_type label = mw_code_type(w->examples.model->label);
    if (label == MW_TYPE_NUMBER) step.label.value = number;
    if (mw_type_is_text(label)) step.label.value = person;
    MW_CHECK_OK(mw_examples_add(&w->examples, &step, NULL), NULL);
}

static mw_status fit(world *w, size_t count) {
    mw_column people = {w->examples.features.cells + RATE, FEATURES, count};
    const mw_schema *schema = &w->examples.schema;
    for (size_t i = 0; i < FEATURES; i++)
        w->features[i] = (mw_model_feature){.name = schema->fields[i].name,
                                            .type = schema->fields[i].type};
    MW_TRY(mw_dictionary_collect(&w->arena, w->symbols, people, &w->features[RATE].values, NULL));
    mw_fitting fitting = {&w->examples, count, w->symbols, &w->arena};
    return mw_fit_features(&fitting, w->features, w->learned, NULL);
}

static double number(const world *w, size_t feature, size_t transform, size_t index) {
    MW_CHECK(index < w->features[feature].transforms[transform].count);
    return w->features[feature].transforms[transform].numbers[index];
}

MW_TEST(fitting_finds_means_deviations_and_bounds) {
    world w;
    begin(&w);
    static const double weights[] = {2, NAN, 4, 6, 8, NAN, 10, 12, 14, 16};
    for (int i = 0; i < 10; i++) add_visit(&w, (visit){i, 1, weights[i], 0, i % 2 == 0});
    MW_CHECK_OK(fit(&w, 10), NULL);
    MW_CHECK(number(&w, SCALED, 0, 0) == 9);
    MW_CHECK(fabs(number(&w, SCALED, 0, 1) - sqrt(21)) < 1e-15);
    MW_CHECK(number(&w, FILLED, 0, 0) == 9 && number(&w, FILLED, 1, 0) == 9);
    MW_CHECK(fabs(number(&w, FILLED, 1, 1) - sqrt(16.8)) < 1e-15);
    MW_CHECK_EQUAL_INT(w.features[RANKED].transforms[0].count, 3);
    for (size_t i = 0; i < 3; i++) MW_CHECK(number(&w, RANKED, 0, i) == 6 + 4 * (double)i);
    MW_CHECK(w.learned[SCALED] == NULL && w.learned[RATE] != NULL);
    end(&w);
}

/* (sum + 3 mean) / (count + 3), and of what was known before each example's moment. */
MW_TEST(fitting_encodes_a_number_by_its_mean) {
    world w;
    begin_with(&w, "sum(visits.weight by who over next 1h)");
    static const double numbers[] = {-4, 10, 2.5, 7.5};
    for (int i = 0; i < 4; i++)
        add_visit(&w, (visit){10 * i, 5, numbers[i], i % 2, false});
    MW_CHECK_OK(fit(&w, 4), NULL);
    MW_CHECK(number(&w, RATE, 0, 0) == (-4 + 2.5 + 3 * 4.0) / 5);
    MW_CHECK(number(&w, RATE, 0, 1) == (10 + 7.5 + 3 * 4.0) / 5);
    MW_CHECK(number(&w, RATE, 0, 2) == 4); /* of a person that nobody knows */
    MW_CHECK(isnan(w.learned[RATE][0]) && w.learned[RATE][1] == -4);
    MW_CHECK(w.learned[RATE][2] == (-4 + 3 * 3.0) / 4); /* the mean of -4 and 10 is 3 */
    end(&w);
}

MW_TEST(fitting_refuses_the_mean_of_classes) {
    world w;
    mw_error err;
    begin_with(&w, "last(visits.who by weight over next 1h)");
    for (int i = 0; i < 4; i++) add_visit(&w, (visit){i, 1, 1, i, false});
    mw_fitting fitting = {&w.examples, 4, w.symbols, &w.arena};
    MW_CHECK_OK(mw_dictionary_collect(&w.arena, w.symbols,
                                      (mw_column){w.examples.features.cells + RATE, FEATURES, 4},
                                      &w.features[RATE].values, NULL), NULL);
    MW_CHECK_STATUS(mw_fit_features(&fitting, w.features, w.learned, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "features.rate: target_encode takes the mean of the label, and "
                                    "that of models.comes is a text");
    end(&w);
}

/* What is all missing, or all the same, is fitted too. */
MW_TEST(fitting_takes_columns_without_values_and_without_change) {
    for (int same = 0; same < 2; same++) {
        world w;
        begin(&w);
        for (int i = 0; i < 5; i++) add_visit(&w, (visit){i, 1, same ? 7 : NAN, -1, i % 2 == 0});
        MW_CHECK_OK(fit(&w, 5), NULL);
        MW_CHECK(number(&w, SCALED, 0, 0) == (same ? 7 : 0) && number(&w, SCALED, 0, 1) == 1);
        MW_CHECK_EQUAL_INT(w.features[RANKED].transforms[0].count, same);
        MW_CHECK(number(&w, RATE, 0, 0) == 0.6); /* of all: there is no value */
        for (size_t f = 0; f < FEATURES; f++)
            for (size_t t = 0; t < w.features[f].transform_count; t++)
                MW_CHECK(mw_transform_is_sound(&w.features[f].transforms[t],
                                               w.features[f].values.count, 1));
        end(&w);
    }
}

/* In any unit: of picofarads, and of microseconds since 1970. */
MW_TEST(fitting_finds_deviations_of_any_magnitude) {
    for (int power = -12; power <= 16; power++) {
        world w;
        double unit = pow(10, power);
        begin(&w);
        for (int i = 0; i < 101; i++) add_visit(&w, (visit){i, 1, i * unit, 0, i % 2 == 0});
        MW_CHECK_OK(fit(&w, 101), NULL);
        MW_CHECK(fabs(number(&w, SCALED, 0, 1) / unit - sqrt(850)) < 1e-9);
        end(&w);
    }
}

/* Though a mean may be rounded. */
MW_TEST(fitting_finds_no_deviation_of_equal_values) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 400; round++) {
        world w;
        double equal = mw_prng_double(&prng) * pow(10, (double)mw_prng_below(&prng, 30) - 12);
        size_t count = 1 + mw_prng_below(&prng, 60);
        begin(&w);
        for (size_t i = 0; i < count; i++)
            add_visit(&w, (visit){(int64_t)i, 1, equal, 0, i % 2 == 0});
        MW_CHECK_OK(fit(&w, count), NULL);
        MW_CHECK(number(&w, SCALED, 0, 1) == 1);
        end(&w);
    }
}

static double random_weight(uint64_t *prng) {
    double scale = mw_prng_below(prng, 5) == 0 ? 1e12 : 1;
    return mw_prng_below(prng, 10) == 0 ? NAN : (mw_prng_double(prng) - 0.3) * scale;
}

/* In any order, and whatever comes after those that are learned from. */
MW_TEST(fitting_sees_neither_order_nor_later_examples) {
    enum { COUNT = 500, LATER = 100 };
    uint64_t prng = mw_test_seed();
    world w, other;
    double weights[COUNT];
    int order[COUNT];
    begin(&w);
    begin(&other);
    for (int i = 0; i < COUNT; i++) {
        weights[i] = random_weight(&prng);
        order[i] = i;
        int from = (int)mw_prng_below(&prng, (uint64_t)i + 1);
        order[i] = order[from];
        order[from] = i;
    }
    for (int i = 0; i < COUNT; i++) {
        add_visit(&w, (visit){i, 1, weights[i], i % 7, i % 3 == 0});
        add_visit(&other, (visit){i, 1, weights[order[i]], i % 7, i % 3 == 0});
    }
    for (int i = 0; i < LATER; i++) add_visit(&w, (visit){COUNT + i, 1, 1e9, 99, true});
    MW_CHECK_OK(fit(&w, COUNT), NULL);
    MW_CHECK_OK(fit(&other, COUNT), NULL);
    for (size_t f = 0; f < FEATURES; f++)
        for (size_t t = 0; t < w.features[f].transform_count; t++) {
            const mw_transform *a = &w.features[f].transforms[t];
            const mw_transform *b = &other.features[f].transforms[t];
            MW_CHECK_EQUAL_INT(a->count, b->count);
            MW_CHECK(memcmp(a->numbers, b->numbers, a->count * sizeof *a->numbers) == 0);
        }
    end(&w);
    end(&other);
}

/* The naive twin: for each example, all labels are looked through. */
static double naive_rate(const world *w, size_t count, size_t example, bool all_are_known) {
    const mw_example *items = w->examples.items;
    const mw_table *rows = &w->examples.features;
    uint64_t who = mw_table_row(rows, example)[RATE].symbol;
    double of_all = 0, positives = 0, mine = 0, my_positives = 0;
    for (size_t i = 0; i < count; i++) {
        if (!all_are_known && items[i].matured >= items[example].place) continue;
        bool is_mine = who != 0 && mw_table_row(rows, i)[RATE].symbol == who;
        of_all++, positives += items[i].label;
        mine += is_mine, my_positives += is_mine ? items[i].label : 0;
    }
    return (my_positives + WEIGHT * (positives / of_all)) / (mine + WEIGHT);
}

MW_TEST(fitting_gives_each_example_what_was_known_before_it) {
    enum { COUNT = 400 };
    uint64_t prng = mw_test_seed();
    world w;
    begin(&w);
    int64_t t = 0;
    for (size_t i = 0; i < COUNT; i++) { /* as they matured; their places go to and fro */
        t += (int64_t)mw_prng_below(&prng, 3);
        int64_t wait = 1 + (int64_t)mw_prng_below(&prng, 40);
        int who = (int)mw_prng_below(&prng, 9) - 1;
        add_visit(&w, (visit){t - wait, wait, 1, who, mw_prng_below(&prng, 3) == 0});
    }
    MW_CHECK_OK(fit(&w, COUNT), NULL);
    size_t early = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double expected = naive_rate(&w, COUNT, i, false), found = w.learned[RATE][i];
        MW_CHECK(isnan(expected) ? isnan(found) : found == expected);
        early += isnan(expected) ? 1 : 0;
        mw_cell who = mw_table_row(&w.examples.features, i)[RATE];
        mw_str name = mw_symbols_text(w.symbols, who.symbol);
        size_t value = 0;
        while (value < w.features[RATE].values.count &&
               !mw_str_equal(w.features[RATE].values.items[value], name))
            value++;
        MW_CHECK(number(&w, RATE, 0, value) == naive_rate(&w, COUNT, i, true));
    }
    MW_CHECK(early > 0 && early < COUNT / 2);
    end(&w);
}

/* A key that says nothing must gain nothing: what is learned from lies no higher where the label is
   true. The plain rate, own label included, lies far higher. */
MW_TEST(fitting_does_not_leak_the_label_through_a_key_of_noise) {
    enum { COUNT = 4000, KEYS = 1500 };
    uint64_t prng = mw_test_seed();
    world w;
    double sums[2][2] = {{0}}, counts[2] = {0};
    begin(&w);
    for (int i = 0; i < COUNT; i++) {
        int who = (int)mw_prng_below(&prng, KEYS);
        add_visit(&w, (visit){i * 10, 5, 1, who, mw_prng_below(&prng, 2) == 0});
    }
    MW_CHECK_OK(fit(&w, COUNT), NULL);
    for (size_t i = COUNT / 4; i < COUNT; i++) {
        bool label = w.examples.items[i].label > 0;
        counts[label]++;
        sums[0][label] += w.learned[RATE][i];
        sums[1][label] += naive_rate(&w, COUNT, i, true);
    }
    double honest = sums[0][1] / counts[1] - sums[0][0] / counts[0];
    double leaking = sums[1][1] / counts[1] - sums[1][0] / counts[0];
    MW_CHECK(fabs(honest) < 0.02);
    MW_CHECK(leaking > 0.1);
    end(&w);
}

static mw_status fit_once(void *context) {
    world *w = context;
    mw_arena scratch = w->arena, fresh;
    mw_arena_init(&fresh, (size_t)1 << 24);
    w->arena = fresh;
    mw_status status = fit(w, 50);
    mw_arena_release(&w->arena);
    w->arena = scratch;
    return status;
}

MW_TEST(fitting_survives_every_shortage_of_memory) {
    world w;
    begin(&w);
    for (int i = 0; i < 50; i++) add_visit(&w, (visit){i, 1, i, i % 5, i % 2 == 0});
    MW_CHECK(mw_test_every_allocation_fails(fit_once, &w) > 4);
    end(&w);
}
