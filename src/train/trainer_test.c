#include "train/trainer.h"

#include <math.h>

#include "base/prng.h"
#include "train/examples_world_test.h"

enum { EXAMPLES = 4000 };

/* Heavy visitors return, and bob always does; some noise. */
static void fill(examples_world *world) {
    static const char *const names[] = {"ann", "bob", "cat", "dan"};
    examples_world_begin(world);
    uint64_t prng = mw_test_seed();
    for (int64_t i = 0; i < EXAMPLES; i++) {
        size_t who = mw_prng_below(&prng, 4);
        double weight = mw_prng_double(&prng);
        bool label = (weight > 0.7 || who == 1) != (mw_prng_below(&prng, 10) == 0);
        examples_world_add(world, i * MW_HOUR_US / 4, names[who], weight, label);
    }
}

static mw_named_source params[] = {{.name = {"rounds", 6}, .source = {{"20", 2}, {0, 0}}}};

static mw_project_model comes = {.declaration = {.name = {"comes", 5}},
                                 .learner = {"lightgbm", 8},
                                 .params = params,
                                 .param_count = 1,
                                 .has_cost = true,
                                 .false_alarm_cost = 1,
                                 .miss_cost = 5};

static mw_train_config configure(examples_world *world, int32_t threads) {
    return (mw_train_config){.sys = mw_sys_real(),
                             .model = &comes,
                             .examples = &world->examples,
                             .example_count = world->examples.count,
                             .symbols = world->symbols,
                             .origin = {.project = MW_STR("project: visits\n"),
                                        .zone = MW_STR("UTC"),
                                        .data_version = MW_STR("d1")},
                             .test_from = MW_TEST_LATEST,
                             .seed = 7,
                             .thread_count = threads};
}

static void read_back(examples_world *w, const mw_trained *trained,
                      const mw_version **out_version, const mw_encoder **out_encoder) {
    mw_error err;
    MW_CHECK_OK(mw_version_decode(&w->arena, trained->bytes, out_version, &err), &err);
    mw_status status = mw_encoder_create(&w->arena, w->symbols, (*out_version)->features,
                                         out_encoder, &err);
    MW_CHECK_OK(status, &err);
}

MW_TEST(trainer_learns_what_is_there_and_beats_the_baseline) {
    examples_world w;
    fill(&w);
    mw_train_config config = configure(&w, 1);
    mw_trained trained;
    mw_error err;
    MW_CHECK_OK(mw_train(&config, &w.arena, &trained, &err), &err);
    mw_estimate auc = trained.test.of[MW_METRIC_roc_auc];
    MW_CHECK(auc.value > 0.8 && auc.low < auc.value && auc.value < auc.high);
    MW_CHECK(trained.baseline.of[MW_METRIC_roc_auc].value == 0.5);
    MW_CHECK(trained.test.of[MW_METRIC_log_loss].value <
             trained.baseline.of[MW_METRIC_log_loss].value);
    MW_CHECK(trained.threshold.cost < trained.baseline_cost);
    MW_CHECK_EQUAL_INT(trained.segment_count, 4);
    MW_CHECK(trained.split.train_count + trained.split.embargoed_count +
                 trained.split.test_count == EXAMPLES);

    /* The version, read back, answers as the trainer measured. */
    const mw_version *version;
    const mw_encoder *encoder;
    double row[2], cost = 0;
    read_back(&w, &trained, &version, &encoder);
    for (size_t i = trained.split.test_first; i < EXAMPLES; i++) {
        (void)mw_encoder_run(encoder, mw_table_row(&w.examples.features, i), row);
        bool decision = mw_forest_predict(version->forest, row) >= version->threshold;
        bool label = w.examples.items[i].label != 0;
        cost += decision && !label ? 1 : label && !decision ? 5 : 0;
    }
    MW_CHECK(cost == trained.threshold.cost);
    examples_world_end(&w);
}

MW_TEST(trainer_tells_a_version_that_learned_nothing) {
    enum { FEW = 60 }; /* of which no leaf of 100 can be made */
    examples_world w;
    fill(&w);
    mw_train_config config = configure(&w, 1);
    mw_trained trained;
    mw_error err;
    MW_CHECK_OK(mw_train(&config, &w.arena, &trained, &err), &err);
    MW_CHECK(!trained.is_constant);
    config.example_count = FEW;
    MW_CHECK_OK(mw_train(&config, &w.arena, &trained, &err), &err);
    MW_CHECK(trained.is_constant);
    examples_world_end(&w);
}

MW_TEST(trainer_makes_the_same_version_with_any_number_of_threads) {
    examples_world first, second;
    fill(&first);
    examples_world_begin(&second); /* another process: other symbols, the same data */
    mw_symbols_intern(second.symbols, MW_STR("something else"));
    examples_world_end(&second);
    fill(&second);
    mw_trained one, two, other;
    mw_error err;
    mw_train_config config = configure(&first, 1);
    MW_CHECK_OK(mw_train(&config, &first.arena, &one, &err), &err);
    config = configure(&second, 2);
    MW_CHECK_OK(mw_train(&config, &second.arena, &two, &err), &err);
    MW_CHECK_EQUAL_STR(one.name, two.name);
    MW_CHECK(mw_str_equal(one.bytes, two.bytes));
    config.seed = 8;
    MW_CHECK_OK(mw_train(&config, &second.arena, &other, &err), &err);
    MW_CHECK(!mw_str_equal(one.name, other.name));
    examples_world_end(&first);
    examples_world_end(&second);
}

MW_TEST(trainer_wants_two_classes) {
    examples_world w;
    examples_world_begin(&w);
    for (int64_t i = 0; i < 100; i++) examples_world_add(&w, i * MW_HOUR_US, "ann", 1, true);
    mw_train_config config = configure(&w, 1);
    mw_trained trained;
    mw_error err;
    MW_CHECK_STATUS(mw_train(&config, &w.arena, &trained, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "models.comes: all 78 labels to learn from are true");
    examples_world_end(&w);
}

/* Weight times 10 less 5, and some noise. */
static void fill_numbers(examples_world *world) {
    static const char *const names[] = {"ann", "bob", "cat", "dan"};
    examples_world_begin_with(world, EXAMPLES_NUMBER);
    uint64_t prng = mw_test_seed();
    for (int64_t i = 0; i < EXAMPLES; i++) {
        double weight = mw_prng_double(&prng), noise = mw_prng_double(&prng) - 0.5;
        mw_cell label = mw_cell_number(10 * weight - 5 + noise);
        examples_world_add_cell(world, i * MW_HOUR_US / 4, names[i % 4], weight, label);
    }
}

/* Light ones are sales, heavy ones billing, those between them spam; one in ten is any of them. */
static void fill_classes(examples_world *world) {
    static const char *const names[] = {"sales", "spam", "billing"};
    examples_world_begin_with(world, EXAMPLES_CLASS);
    uint64_t prng = mw_test_seed();
    for (int64_t i = 0; i < EXAMPLES; i++) {
        double weight = mw_prng_double(&prng);
        bool is_noise = mw_prng_below(&prng, 10) == 0;
        size_t class = is_noise ? (size_t)mw_prng_below(&prng, 3) : (size_t)(3 * weight);
        examples_world_add_class(world, i * MW_HOUR_US / 4, weight, names[class]);
    }
}

MW_TEST(trainer_learns_numbers) {
    examples_world w;
    fill_numbers(&w);
    mw_train_config config = configure(&w, 1);
    mw_trained trained;
    mw_error err;
    MW_CHECK_OK(mw_train(&config, &w.arena, &trained, &err), &err);
    MW_CHECK(trained.answer == MW_ANSWER_NUMBER && trained.classes.count == 0);
    mw_estimate rmse = trained.test.of[MW_NUMBER_rmse];
    MW_CHECK(rmse.value < 1.2 && rmse.low < rmse.value && rmse.value < rmse.high);
    MW_CHECK(trained.baseline.of[MW_NUMBER_rmse].value > 2);
    MW_CHECK(trained.threshold.threshold == 0 && isnan(trained.threshold.cost));
    MW_CHECK(isnan(trained.baseline_cost) && trained.segment_count == 4);
    MW_CHECK(trained.segments[0].measures.of[MW_NUMBER_mae].value < 1.2);
    MW_CHECK(mw_str_starts(trained.settings, MW_STR("objective=regression num_iterations=20 ")));

    /* The version, read back, answers as the trainer measured. */
    const mw_version *version;
    const mw_encoder *encoder;
    double row[2], sum = 0;
    read_back(&w, &trained, &version, &encoder);
    for (size_t i = trained.split.test_first; i < EXAMPLES; i++) {
        (void)mw_encoder_run(encoder, mw_table_row(&w.examples.features, i), row);
        sum += mw_forest_predict(version->forest, row) - w.examples.items[i].label;
    }
    MW_CHECK_EQUAL_DOUBLE_BITS(sum / (double)trained.split.test_count,
                               trained.test.of[MW_NUMBER_bias].value);
    MW_CHECK(version->answer == MW_ANSWER_NUMBER && version->threshold == 0);
    examples_world_end(&w);
}

MW_TEST(trainer_learns_classes) {
    examples_world w;
    fill_classes(&w);
    mw_train_config config = configure(&w, 1);
    mw_trained trained;
    mw_error err;
    MW_CHECK_OK(mw_train(&config, &w.arena, &trained, &err), &err);
    MW_CHECK(trained.answer == MW_ANSWER_CLASS && trained.classes.count == 3);
    mw_estimate accuracy = trained.test.of[MW_CLASS_accuracy];
    MW_CHECK(accuracy.value > 0.85 && accuracy.low < accuracy.value);
    MW_CHECK(trained.baseline.of[MW_CLASS_accuracy].value < 0.5);
    MW_CHECK(trained.test.of[MW_CLASS_log_loss].value <
             trained.baseline.of[MW_CLASS_log_loss].value);
    MW_CHECK(mw_str_starts(trained.settings, MW_STR("objective=multiclass num_class=3 ")));

    const mw_version *version;
    const mw_encoder *encoder;
    double row[2], shares[3];
    size_t right = 0;
    read_back(&w, &trained, &version, &encoder);
    MW_CHECK_EQUAL_STR(version->classes.names.items[0], "billing");
    for (size_t i = trained.split.test_first; i < EXAMPLES; i++) {
        (void)mw_encoder_run(encoder, mw_table_row(&w.examples.features, i), row);
        mw_forest_predict_rows(version->forest, row, 1, shares);
        mw_str class = version->classes.names.items[mw_classes_likeliest(
            (mw_classes){version->classes.names, shares})];
        right += mw_str_equal(class, mw_symbols_text(w.symbols, w.examples.items[i].class_symbol));
    }
    MW_CHECK_EQUAL_DOUBLE_BITS((double)right / (double)trained.split.test_count, accuracy.value);
    examples_world_end(&w);
}

/* Until labels were learned as numbers, these were a yes or no: nothing else would say so. */
MW_TEST(trainer_says_that_numbers_are_bits) {
    examples_world w;
    mw_error err;
    for (int other = 0; other < 2; other++) {
        mw_trained trained;
        examples_world_begin_with(&w, EXAMPLES_NUMBER);
        for (int64_t i = 0; i < EXAMPLES; i++)
            examples_world_add_cell(&w, i * MW_HOUR_US / 4, "ann", (double)(i % 7),
                                    mw_cell_number(i == 0 && other ? 2 : (double)(i % 2)));
        mw_train_config config = configure(&w, 1);
        MW_CHECK_OK(mw_train(&config, &w.arena, &trained, &err), &err);
        MW_CHECK(trained.answer == MW_ANSWER_NUMBER);
        MW_CHECK(mw_str_starts(trained.messages, MW_STR("all labels to learn from are 0 or 1")) ==
                 !other);
        examples_world_end(&w);
    }
}

static void check_threads(void (*fill_world)(examples_world *world)) {
    examples_world first, second;
    mw_trained one, two;
    mw_error err;
    fill_world(&first);
    fill_world(&second);
    mw_train_config config = configure(&first, 1);
    MW_CHECK_OK(mw_train(&config, &first.arena, &one, &err), &err);
    config = configure(&second, 2);
    MW_CHECK_OK(mw_train(&config, &second.arena, &two, &err), &err);
    MW_CHECK(mw_str_equal(one.bytes, two.bytes));
    examples_world_end(&first);
    examples_world_end(&second);
}

MW_TEST(trainer_makes_the_same_numbers_and_classes_with_any_number_of_threads) {
    check_threads(fill_numbers);
    check_threads(fill_classes);
}

MW_TEST(trainer_refuses_params_that_the_learner_has_not) {
    static const struct {
        const char *name, *value, *message, *hint;
    } cases[] = {
        {"num_leafs", "31", "models.comes.params: the learner has no num_leafs",
         "Did you mean num_leaves?"},
        {"rounds", "1.5", "models.comes.params: rounds must be a whole number from 1 to 100000, "
                          "got 1.5", ""},
        {"learning_rate", "fast", "models.comes.params: learning_rate must be a number from 1e-06 "
                                  "to 10, got fast", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_named_source given = {.name = mw_str_of(cases[i].name),
                                 .source = {mw_str_of(cases[i].value), {0, 0}}};
        mw_project_model model = comes;
        model.params = &given;
        mw_lightgbm_settings settings;
        mw_error err;
        MW_CHECK_STATUS(mw_train_settings(&model, 1, &settings, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(err.message, cases[i].message);
        MW_CHECK_EQUAL_STR(err.hint, cases[i].hint);
    }
    mw_project_model model = comes;
    model.learner = MW_STR("xgboost");
    mw_lightgbm_settings settings;
    mw_error err;
    MW_CHECK_STATUS(mw_train_settings(&model, 1, &settings, &err), MW_NOT_BUILT);
}
