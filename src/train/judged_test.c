#include "train/judged.h"

#include <math.h>

#include "testing/test.h"

static const mw_str desks[] = {{"billing", 7}, {"sales", 5}, {"spam", 4}};
static uint32_t numbers[] = {0, 1, 2};
static const mw_labels of_classes = {.kind = MW_ANSWER_CLASS,
                                     .classes = {{desks, 2}, NULL},
                                     .all_names = {desks, 3},
                                     .numbers = numbers};

/* Each example's label, and what `outputs` says of it. */
static void judge(mw_arena *arena, const mw_labels *labels, mw_answer_kind kind,
                  const double *outputs, mw_judged *out_judged) {
    mw_example examples[3] = {{.label = 0}, {.label = 1}, {.label = 0}};
    MW_CHECK_OK(mw_judged_make(arena, labels, kind, 3, out_judged, NULL), NULL);
    for (size_t i = 0; i < 3; i++) {
        mw_judged_set_label(out_judged, i, labels, &examples[i], i);
        mw_judged_set_answer(out_judged, i, outputs + i * out_judged->width);
    }
}

MW_TEST(judged_answers_have_the_measures_of_their_kind) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_labels plain = {.kind = MW_ANSWER_YES_NO};
    mw_judged judged;
    mw_measures measures;
    static const double scores[] = {-3, 2, -1}, shares[] = {0.75, 0.25, 0.25, 0.75, 0.5, 0.5};
    judge(&arena, &plain, MW_ANSWER_SCORE, scores, &judged);
    MW_CHECK_OK(mw_judged_measure(&judged, (mw_bootstrap){0}, &measures, NULL), NULL);
    MW_CHECK(measures.of[MW_METRIC_roc_auc].value == 1 && measures.example_count == 3);
    MW_CHECK(isnan(measures.of[MW_METRIC_log_loss].value)); /* of a score it would be nonsense */
    plain.kind = MW_ANSWER_NUMBER;
    judge(&arena, &plain, MW_ANSWER_NUMBER, scores, &judged);
    MW_CHECK_OK(mw_judged_measure(&judged, (mw_bootstrap){0}, &measures, NULL), NULL);
    MW_CHECK_EQUAL_DOUBLE_BITS(measures.of[MW_NUMBER_mae].value, 5.0 / 3);
    judge(&arena, &of_classes, MW_ANSWER_CLASS, shares, &judged);
    MW_CHECK(judged.width == 2 && judged.label_count == 3 && judged.answers[2] == 0);
    MW_CHECK_OK(mw_judged_measure(&judged, (mw_bootstrap){0}, &measures, NULL), NULL);
    MW_CHECK_EQUAL_DOUBLE_BITS(measures.of[MW_CLASS_accuracy].value, 2.0 / 3);
    mw_arena_release(&arena);
}

MW_TEST(judged_copies_all_of_an_example) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    static const double shares[] = {0.75, 0.25, 0.25, 0.75, 0.5, 0.5};
    mw_judged from, to;
    judge(&arena, &of_classes, MW_ANSWER_CLASS, shares, &from);
    MW_CHECK_OK(mw_judged_make(&arena, &of_classes, MW_ANSWER_CLASS, 1, &to, NULL), NULL);
    mw_judged_copy(&to, 0, &from, 1);
    MW_CHECK(to.answers[0] == 1 && to.came[0] == 1);
    MW_CHECK(to.outputs[0] == 0.75 && to.given[0] == 0.75);
    mw_judged_copy(&to, 0, &from, 2); /* the model does not know what came */
    MW_CHECK(to.answers[0] == 0 && to.came[0] == 2);
    MW_CHECK(to.outputs[0] == 0.5 && to.given[0] == 0);
    mw_arena_release(&arena);
}

MW_TEST(judged_keeps_no_probability_of_each_class) {
    enum { MANY = 10000, BYTES_MAX = 32 };
    static char letters[MW_CLASSES_MAX];
    static mw_str names[MW_CLASSES_MAX];
    for (size_t i = 0; i < MW_CLASSES_MAX; i++) names[i] = (mw_str){letters + i, 1};
    mw_labels labels = {.kind = MW_ANSWER_CLASS,
                        .classes = {{names, MW_CLASSES_MAX}, NULL},
                        .all_names = {names, MW_CLASSES_MAX}};
    mw_arena arena;
    mw_judged judged;
    mw_arena_init(&arena, 1 << 26);
    MW_CHECK_OK(mw_judged_make(&arena, &labels, MW_ANSWER_CLASS, MANY, &judged, NULL), NULL);
    MW_CHECK(judged.width == MW_CLASSES_MAX && arena.size_used < (size_t)MANY * BYTES_MAX);
    mw_arena_release(&arena);
}

/* A class that has no number is no class: the metrics say so, and nothing answers. */
MW_TEST(judged_wants_numbers) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    static const double shares[] = {0.75, 0.25, NAN, NAN, 0.5, 0.5};
    mw_judged judged;
    mw_measures measures;
    mw_error err;
    judge(&arena, &of_classes, MW_ANSWER_CLASS, shares, &judged);
    MW_CHECK_STATUS(mw_judged_measure(&judged, (mw_bootstrap){0}, &measures, &err), MW_INVALID);
    mw_arena_release(&arena);
}

static mw_status make_and_measure(void *context) {
    mw_arena arena;
    mw_judged judged;
    mw_measures measures;
    mw_arena_init(&arena, 1 << 20);
    mw_status status = mw_judged_make(&arena, &of_classes, MW_ANSWER_CLASS, 1, &judged, NULL);
    if (status == MW_OK) {
        judged.came[0] = 1;
        mw_judged_set_answer(&judged, 0, (const double[]){0.75, 0.25});
        status = mw_judged_measure(&judged, (mw_bootstrap){10, 1}, &measures, NULL);
    }
    mw_arena_release(&arena);
    (void)context;
    return status;
}

MW_TEST(judged_survives_every_shortage_of_memory) {
    MW_CHECK(mw_test_every_allocation_fails(make_and_measure, NULL) > 3);
}
