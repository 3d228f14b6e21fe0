#include "stat/column_step.h"

#include "base/prng.h"
#include "testing/test.h"

enum { ROWS = 3000, CLASSES = 3, FIRST = 400, COUNT = 2000 };

static uint8_t bins[ROWS];
static double answers[ROWS * CLASSES], untouched[ROWS * CLASSES], numbers[ROWS];
static unsigned char yes[ROWS];
static uint32_t classes[ROWS];

static mw_standing draw(uint64_t *prng, mw_answer_kind kind) {
    bool is_class = kind == MW_ANSWER_CLASS;
    mw_standing standing = {.kind = kind, .width = is_class ? CLASSES : 1, .answers = answers};
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = (uint8_t)mw_prng_below(prng, 10);
        yes[i] = mw_prng_below(prng, 10) < bins[i];
        numbers[i] = bins[i] + mw_prng_double(prng);
        classes[i] = yes[i] ? 2 : (uint32_t)mw_prng_below(prng, 2);
        for (size_t k = 0; k < CLASSES; k++) answers[i * CLASSES + k] = is_class ? 1.0 / 3 : 0.5;
    }
    for (size_t i = 0; i < ROWS * CLASSES; i++) untouched[i] = answers[i];
    if (kind == MW_ANSWER_YES_NO) standing.yes = yes;
    if (kind == MW_ANSWER_NUMBER) standing.numbers = numbers;
    if (is_class) standing.classes = classes;
    return standing;
}

/* What is gained is what the loss falls, of the rows that are meant and no others. */
static void check_kind(uint64_t *prng, mw_answer_kind kind) {
    mw_standing standing = draw(prng, kind);
    mw_column_rows rows = {bins, FIRST, COUNT};
    mw_column_steps steps;
    mw_error err;
    MW_CHECK_OK(mw_column_steps_init(&steps, &standing, &err), &err);
    mw_column_step_fit(&standing, rows, &steps);
    double before = mw_column_loss(&standing, rows);
    mw_step_gain gain = mw_column_step_gain(&standing, rows, &steps);
    mw_column_step_take(&standing, rows, &steps);
    MW_CHECK(gain.mean > 0.1 * before);
    MW_CHECK(fabs(before - mw_column_loss(&standing, rows) - gain.mean) < 1e-12 * before);
    for (size_t i = 0; i < ROWS * standing.width; i++) {
        size_t row = i / standing.width;
        if (row < FIRST || row >= FIRST + COUNT)
            MW_CHECK_EQUAL_DOUBLE_BITS(answers[i], untouched[i]);
    }
    mw_column_steps_release(&steps);
}

MW_TEST(column_step_gains_what_the_loss_of_its_rows_falls) {
    uint64_t prng = mw_test_seed();
    check_kind(&prng, MW_ANSWER_YES_NO);
    check_kind(&prng, MW_ANSWER_NUMBER);
    check_kind(&prng, MW_ANSWER_CLASS);
}
