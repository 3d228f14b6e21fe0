#include "train/labels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/examples_world_test.h"

enum { FEW = 4 };

static mw_status read_labels(examples_world *w, size_t train_count, mw_labels *out_labels,
                             mw_error *err) {
    mw_labels_question question = {.examples = &w->examples,
                                   .train_count = train_count,
                                   .example_count = w->examples.count,
                                   .symbols = w->symbols,
                                   .is_learned = true};
    return mw_labels_read(question, &w->arena, out_labels, err);
}

static void add_numbers(examples_world *w, const double *numbers, size_t count) {
    examples_world_begin_with(w, EXAMPLES_NUMBER);
    for (size_t i = 0; i < count; i++)
        examples_world_add_cell(w, (int64_t)i * MW_HOUR_US, "ann", 1, mw_cell_number(numbers[i]));
}

static void add_classes(examples_world *w, const char *const *names, size_t count) {
    examples_world_begin_with(w, EXAMPLES_CLASS);
    for (size_t i = 0; i < count; i++)
        examples_world_add_class(w, (int64_t)i * MW_HOUR_US, 1, names[i]);
}

MW_TEST(labels_that_are_numbers_stand_on_their_mean) {
    examples_world w;
    mw_labels labels;
    mw_error err;
    add_numbers(&w, (double[]){1, -2.5, 0.1, 7}, FEW);
    MW_CHECK_OK(read_labels(&w, 3, &labels, &err), &err);
    MW_CHECK(labels.kind == MW_ANSWER_NUMBER && labels.classes.names.count == 0);
    MW_CHECK(fabs(labels.baseline - (1 - 2.5 + 0.1) / 3) < 1e-15);
    MW_CHECK(mw_labels_learned(&labels, &w.examples, 2) == 0.1f);
    examples_world_end(&w);
}

static void check_numbers(const double *numbers, const char *message) {
    examples_world w;
    mw_labels labels = {.baseline = 7};
    mw_error err;
    add_numbers(&w, numbers, FEW);
    MW_CHECK_STATUS(read_labels(&w, FEW, &labels, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, message);
    MW_CHECK(labels.baseline == 7 && err.hint[0]);
    examples_world_end(&w);
}

/* Seconds since 1970 lie 128 apart as floats: what a day makes of them would be lost in silence. */
MW_TEST(labels_that_no_learner_can_tell_apart_are_refused) {
    check_numbers((double[]){2.5, 2.5, 2.5, 2.5},
                  "models.comes: all 4 labels to learn from are 2.5");
    check_numbers((double[]){1, 2, 1e19, 3},
                  "models.comes.label: must lie within 9.2e18, got 1e+19");
    check_numbers((double[]){1700000001, 1700000060, 1700000002, 1700000050},
                  "models.comes.label: the learner takes floats, which would move labels by up to "
                  "60; they spread by 27 around 1.70000003e+09");
    examples_world w;
    mw_labels labels;
    mw_error err;
    add_numbers(&w, (double[]){1700000000, 1700864000, 1700086400, 1703086400}, FEW);
    MW_CHECK_OK(read_labels(&w, FEW, &labels, &err), &err); /* over months it is no matter */
    examples_world_end(&w);
}

MW_TEST(labels_that_only_judge_may_lie_close_together) {
    examples_world w;
    mw_labels labels;
    mw_error err;
    add_numbers(&w, (double[]){1700000001, 1700000060, 1700000002, 1700000050}, FEW);
    mw_labels_question question = {.examples = &w.examples,
                                   .train_count = FEW,
                                   .example_count = FEW,
                                   .symbols = w.symbols};
    MW_CHECK_OK(mw_labels_read(question, &w.arena, &labels, &err), &err);
    examples_world_end(&w);
}

MW_TEST(labels_that_are_classes_are_numbered_by_name) {
    static const char *const names[] = {"sales", "billing", "sales", "billing", "sales", "spam"};
    examples_world w;
    mw_labels labels;
    mw_error err;
    add_classes(&w, names, 6);
    MW_CHECK_OK(read_labels(&w, 5, &labels, &err), &err);
    MW_CHECK(labels.kind == MW_ANSWER_CLASS && labels.classes.names.count == 2);
    MW_CHECK_EQUAL_STR(labels.classes.names.items[0], "billing");
    MW_CHECK(labels.classes.probabilities[0] == 0.4 && labels.baseline == 0.6);
    MW_CHECK(mw_labels_learned(&labels, &w.examples, 0) == 1);
    MW_CHECK(mw_labels_learned(&labels, &w.examples, 1) == 0);
    MW_CHECK_EQUAL_INT(labels.all_names.count, 3); /* spam came after what is learned from */
    MW_CHECK_EQUAL_INT(labels.numbers[5], 2);
    examples_world_end(&w);
}

/* In the order of the model that was learned elsewhere, also those that nothing is labelled. */
MW_TEST(labels_may_have_classes_of_another_order) {
    static const char *const names[] = {"sales", "billing", "none", "billing"};
    static const mw_str order[] = {{"spam", 4}, {"sales", 5}, {"billing", 7}};
    examples_world w;
    mw_labels labels;
    mw_error err;
    add_classes(&w, names, 4);
    mw_labels_question question = {.examples = &w.examples,
                                   .train_count = 4,
                                   .example_count = 4,
                                   .symbols = w.symbols,
                                   .names = {order, 3}};
    MW_CHECK_OK(mw_labels_read(question, &w.arena, &labels, &err), &err);
    MW_CHECK(labels.classes.probabilities[0] == 0 && labels.classes.probabilities[2] == 0.5);
    MW_CHECK(labels.numbers[0] == 1 && labels.numbers[1] == 2 && labels.numbers[2] == 3);
    MW_CHECK_EQUAL_STR(labels.all_names.items[3], "none");
    examples_world_end(&w);
}

static void check_classes(const char *const *names, const char *message) {
    examples_world w;
    mw_labels labels;
    mw_error err;
    add_classes(&w, names, FEW);
    MW_CHECK_STATUS(read_labels(&w, FEW, &labels, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, message);
    MW_CHECK(err.hint[0]);
    examples_world_end(&w);
}

MW_TEST(labels_with_too_few_or_too_many_classes_are_refused) {
    static const char *const same[] = {"spam", "spam", "spam", "spam"};
    static const char *const once[] = {"spam", "spam", "sales", "spam"};
    static const char *const empty[] = {"spam", "", "", "spam"};
    check_classes(same, "models.comes: all 4 labels to learn from are spam");
    check_classes(empty, "models.comes: a class of its labels is an empty text");
    check_classes(once, "models.comes: the class sales stands on 1 of the 4 examples to learn "
                        "from, and must on 2");
    examples_world w;
    mw_labels labels;
    mw_error err;
    examples_world_begin_with(&w, EXAMPLES_CLASS);
    for (int i = 0; i < 2 * (MW_CLASSES_MAX + 1); i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i / 2);
        examples_world_add_class(&w, i * MW_HOUR_US, 1, name);
    }
    MW_CHECK_STATUS(read_labels(&w, w.examples.count, &labels, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "models.comes: its labels have 257 classes, at most 256 can be learned");
    MW_CHECK_OK(read_labels(&w, w.examples.count - 2, &labels, &err), &err);
    examples_world_end(&w);
}

static mw_status read_all(void *context) {
    examples_world *w = context;
    mw_arena arena;
    mw_labels labels;
    mw_arena_init(&arena, 1 << 20);
    mw_labels_question question = {.examples = &w->examples,
                                   .train_count = w->examples.count,
                                   .example_count = w->examples.count,
                                   .symbols = w->symbols};
    mw_status status = mw_labels_read(question, &arena, &labels, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(labels_survive_every_shortage_of_memory) {
    static const char *const names[] = {"sales", "billing", "sales", "billing"};
    examples_world w;
    add_classes(&w, names, 4);
    MW_CHECK(mw_test_every_allocation_fails(read_all, &w) > 0);
    examples_world_end(&w);
}
