#include "stat/class_step.h"

#include "base/prng.h"
#include "stat/logit_step.h"
#include "testing/test.h"

enum { ROWS = 5000, CLASSES = 5 };

static uint8_t bins[ROWS];
static double probabilities[ROWS * CLASSES];
static uint32_t labels[ROWS];

static uint32_t draw_class(uint64_t *prng, const double *given) {
    double left = mw_prng_double(prng);
    uint32_t class_number = 0;
    while (class_number + 1 < CLASSES && (left -= given[class_number]) >= 0) class_number++;
    return class_number;
}

/* What stands knows the classes somewhat, and not that the first bins have one more often. */
static mw_class_rows draw_rows(uint64_t *prng) {
    for (size_t i = 0; i < ROWS; i++) {
        double *given = probabilities + i * CLASSES, sum = 0;
        bins[i] = (uint8_t)mw_prng_below(prng, 20);
        for (size_t k = 0; k < CLASSES; k++) sum += given[k] = 0.1 + mw_prng_double(prng);
        for (size_t k = 0; k < CLASSES; k++) given[k] /= sum;
        labels[i] = bins[i] < 5 && mw_prng_below(prng, 3) == 0 ? 2 : draw_class(prng, given);
    }
    return (mw_class_rows){bins, probabilities, labels, CLASSES, ROWS};
}

static double mean_loss(void) {
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++) sum -= log(probabilities[i * CLASSES + labels[i]]);
    return sum / ROWS;
}

MW_TEST(class_step_gains_what_the_log_loss_falls) {
    uint64_t prng = mw_test_seed();
    mw_class_steps steps;
    mw_error err;
    MW_CHECK_OK(mw_class_steps_init(&steps, CLASSES, &err), &err);
    for (size_t round = 0; round < 10; round++) {
        mw_class_rows rows = draw_rows(&prng);
        double before = mean_loss();
        mw_class_step_fit(rows, &steps);
        mw_step_gain gain = mw_class_step_gain(rows, &steps);
        MW_CHECK(fabs(mw_class_loss(probabilities, labels, CLASSES, ROWS) - before) < 1e-12);
        mw_class_step_take(bins, ROWS, &steps, probabilities);
        MW_CHECK(fabs(gain.mean - (before - mean_loss())) < 1e-12);
        MW_CHECK(gain.mean > 0.01 && gain.error > 0);
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0;
            for (size_t k = 0; k < CLASSES; k++) sum += probabilities[i * CLASSES + k];
            MW_CHECK(fabs(sum - 1) < 1e-12);
        }
    }
    mw_class_steps_release(&steps);
}

MW_TEST(class_step_of_two_classes_is_that_of_a_yes) {
    uint64_t prng = mw_test_seed();
    static double margins[ROWS];
    static unsigned char yes[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = (uint8_t)mw_prng_below(&prng, 200);
        margins[i] = 4 * mw_prng_double(&prng) - 2;
        double p = 1 / (1 + exp(-margins[i]));
        yes[i] = mw_prng_double(&prng) < 1 / (1 + exp(-margins[i] - (bins[i] < 50)));
        probabilities[2 * i] = 1 - p;
        probabilities[2 * i + 1] = p;
        labels[i] = yes[i];
    }
    double steps[MW_STEP_BINS_MAX];
    mw_logit_rows rows = {bins, margins, yes, ROWS};
    mw_class_rows same = {bins, probabilities, labels, 2, ROWS};
    mw_class_steps of_both;
    mw_error err;
    MW_CHECK_OK(mw_class_steps_init(&of_both, 2, &err), &err);
    mw_logit_step_fit(rows, steps);
    mw_class_step_fit(same, &of_both);
    for (size_t b = 0; b < MW_STEP_BINS_MAX; b++)
        MW_CHECK(fabs(of_both.steps[2 * b + 1] - of_both.steps[2 * b] - steps[b]) < 1e-9);
    mw_step_gain gain = mw_class_step_gain(same, &of_both);
    mw_step_gain as_yes = mw_logit_step_gain(rows, steps);
    MW_CHECK(fabs(gain.mean - as_yes.mean) < 1e-9 && fabs(gain.error - as_yes.error) < 1e-9);
    mw_class_steps_release(&of_both);
}

MW_TEST(class_step_bears_certain_probabilities) {
    double certain[] = {1, 0, 0, 1, 0, 0, 0, 0, 1};
    mw_class_rows rows = {(uint8_t[]){0, 0, 1}, certain, (uint32_t[]){0, 1, 0}, 3, 3};
    mw_class_steps steps;
    mw_error err;
    MW_CHECK_OK(mw_class_steps_init(&steps, 3, &err), &err);
    mw_class_step_fit(rows, &steps);
    MW_CHECK(isfinite(mw_class_step_gain(rows, &steps).mean));
    mw_class_step_take(rows.bins, 3, &steps, certain);
    for (size_t i = 0; i < 9; i++) MW_CHECK(isfinite(certain[i]));
    rows.count = 0;
    mw_class_step_fit(rows, &steps);
    mw_step_gain none = mw_class_step_gain(rows, &steps);
    MW_CHECK(none.mean == 0 && none.error == 0 && mw_class_loss(NULL, NULL, 3, 0) == 0);
    mw_class_steps_release(&steps);
}

static mw_status begin(void *context) {
    (void)context;
    mw_class_steps steps;
    MW_TRY(mw_class_steps_init(&steps, CLASSES, NULL));
    mw_class_steps_release(&steps);
    return MW_OK;
}

MW_TEST(class_step_survives_no_memory) {
    MW_CHECK(mw_test_every_allocation_fails(begin, NULL) == 1);
}
