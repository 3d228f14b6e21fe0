#include "stat/class_metrics.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

enum { EXAMPLES = 500, CLASSES = 4, WORLDS = 100 };
static double given[EXAMPLES];
static uint32_t answers[EXAMPLES], labels[EXAMPLES];

static void measure(size_t count, size_t label_count, uint32_t resamples, mw_estimate *out_of) {
    mw_error err;
    mw_classified classified = {given, answers, labels, count, label_count};
    MW_CHECK_OK(mw_class_metrics_measure(classified, (mw_bootstrap){resamples, 7}, out_of, &err),
                &err);
}

/* Class 2 the model has never seen; class 1 is answered once, and wrongly. */
MW_TEST(class_metrics_have_the_values_worked_out_by_hand) {
    static const double told[] = {0.75, 0.5, 0.25, 0};
    static const uint32_t answered[] = {0, 0, 1, 0}, came[] = {0, 0, 0, 2};
    mw_estimate of[MW_CLASS_METRIC_COUNT];
    for (size_t i = 0; i < 4; i++)
        given[i] = told[i], answers[i] = answered[i], labels[i] = came[i];
    measure(4, 3, 0, of);
    MW_CHECK_EQUAL_DOUBLE_BITS(of[MW_CLASS_accuracy].value, 0.5);
    double loss = -(log(0.75) + log(0.5) + log(0.25) + log(1e-15)) / 4;
    MW_CHECK(fabs(of[MW_CLASS_log_loss].value - loss) < 1e-12);
    MW_CHECK(fabs(of[MW_CLASS_f1_macro].value - (2.0 * 2 / 6 + 0 + 0) / 3) < 1e-12);
    measure(4, 3, 50, of);
    MW_CHECK(of[MW_CLASS_accuracy].low <= 0.5 && of[MW_CLASS_accuracy].high >= 0.5);
    measure(0, 3, 50, of);
    for (size_t i = 0; i < MW_CLASS_METRIC_COUNT; i++)
        MW_CHECK(isnan(of[i].value) && isnan(of[i].low));
}

/* F1 by its definition, a class at a time: the harmonic mean of precision and recall. */
static double slow_f1(size_t count) {
    double sum = 0, classes = 0;
    for (uint32_t class = 0; class < CLASSES; class++) {
        double right = 0, answered = 0, came = 0;
        for (size_t i = 0; i < count; i++) {
            right += answers[i] == class && labels[i] == class;
            answered += answers[i] == class;
            came += labels[i] == class;
        }
        if (answered + came == 0) continue;
        classes++;
        double precision = answered > 0 ? right / answered : 0;
        double recall = came > 0 ? right / came : 0;
        if (right > 0) sum += 2 * precision * recall / (precision + recall);
    }
    return sum / classes;
}

MW_TEST(class_metrics_equal_their_definitions) {
    uint64_t prng = mw_test_seed();
    size_t absent = 0;
    for (int world = 0; world < WORLDS; world++) {
        size_t count = 1 + (size_t)mw_prng_below(&prng, 40);
        double loss = 0, right = 0;
        mw_estimate of[MW_CLASS_METRIC_COUNT];
        for (size_t i = 0; i < count; i++) {
            given[i] = (mw_prng_double(&prng) + 0.01) / 2;
            answers[i] = (uint32_t)mw_prng_below(&prng, CLASSES);
            labels[i] = (uint32_t)mw_prng_below(&prng, 1 + mw_prng_below(&prng, CLASSES));
            loss -= log(given[i]);
            right += answers[i] == labels[i];
        }
        measure(count, CLASSES, 0, of);
        MW_CHECK(fabs(of[MW_CLASS_log_loss].value - loss / (double)count) < 1e-9);
        MW_CHECK_EQUAL_DOUBLE_BITS(of[MW_CLASS_accuracy].value, right / (double)count);
        MW_CHECK(fabs(of[MW_CLASS_f1_macro].value - slow_f1(count)) < 1e-12);
        absent += count < CLASSES;
    }
    MW_CHECK(absent > 0);
}

MW_TEST(class_metrics_intervals_hold_the_truth) {
    uint64_t prng = mw_test_seed();
    size_t held = 0;
    for (int world = 0; world < WORLDS; world++) {
        mw_estimate of[MW_CLASS_METRIC_COUNT];
        for (size_t i = 0; i < EXAMPLES; i++) {
            given[i] = 0.5;
            answers[i] = 0;
            labels[i] = mw_prng_below(&prng, 10) < 3;
        }
        measure(EXAMPLES, 2, 200, of);
        held += of[MW_CLASS_accuracy].low <= 0.7 && 0.7 <= of[MW_CLASS_accuracy].high;
    }
    MW_CHECK(held > WORLDS * 86 / 100);
}

static mw_status run(void *context) {
    mw_estimate of[MW_CLASS_METRIC_COUNT];
    return mw_class_metrics_measure(*(mw_classified *)context, (mw_bootstrap){20, 1}, of, NULL);
}

MW_TEST(class_metrics_survive_each_failing_allocation) {
    mw_classified classified = {given, answers, labels, 1, 2};
    given[0] = 0.5;
    answers[0] = labels[0] = 1;
    MW_CHECK(mw_test_every_allocation_fails(run, &classified) == 4);
    given[0] = NAN;
    MW_CHECK_STATUS(run(&classified), MW_INVALID);
}
