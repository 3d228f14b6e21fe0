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

static const mw_answer_kind kinds[] = {MW_ANSWER_YES_NO, MW_ANSWER_NUMBER, MW_ANSWER_CLASS};
enum { KINDS = sizeof kinds / sizeof *kinds };

MW_TEST(column_step_gains_what_the_loss_of_its_rows_falls) {
    uint64_t prng = mw_test_seed();
    for (size_t k = 0; k < KINDS; k++) check_kind(&prng, kinds[k]);
}

/* What a column that never changes gains on the rows that are not fitted on. */
static double constant_gain(const mw_standing *standing) {
    static const uint8_t same[ROWS];
    mw_column_steps steps;
    mw_error err;
    MW_CHECK_OK(mw_column_steps_init(&steps, standing, &err), &err);
    mw_column_step_fit(standing, (mw_column_rows){same, 0, FIRST}, &steps);
    double gain = mw_column_step_gain(standing, (mw_column_rows){same, FIRST, COUNT}, &steps).mean;
    mw_column_steps_release(&steps);
    return gain;
}

/* Answers that are wrong by `away`, as log odds or in the numbers' own unit. */
static void check_level(uint64_t *prng, mw_answer_kind kind, double away) {
    mw_standing standing = draw(prng, kind);
    mw_column_rows judged = {NULL, FIRST, COUNT};
    mw_error err;
    double best = 1 / (2 + exp(away));
    for (size_t i = 0; i < ROWS * standing.width; i++)
        answers[i] = kind != MW_ANSWER_CLASS ? 9 + away : i % CLASSES == 0 ? 1 - 2 * best : best;
    double loss = mw_column_loss(&standing, judged);
    MW_CHECK_OK(mw_column_level(&standing, FIRST, ROWS, &err), &err);
    MW_CHECK(mw_column_loss(&standing, judged) < loss);
    MW_CHECK(fabs(constant_gain(&standing)) < 1e-4);
}

MW_TEST(column_level_leaves_nothing_to_a_constant_column) {
    uint64_t prng = mw_test_seed();
    for (size_t k = 0; k < KINDS; k++)
        for (double away = 2; away < 20; away += 3) check_level(&prng, kinds[k], away);
}

static mw_status level(void *context) {
    double standing_still[2 * CLASSES] = {0.2, 0.4, 0.4, 0.2, 0.4, 0.4};
    mw_standing standing = {.kind = *(const mw_answer_kind *)context,
                            .width = CLASSES,
                            .answers = standing_still,
                            .classes = classes};
    return mw_column_level(&standing, 1, 2, NULL);
}

MW_TEST(column_level_survives_no_memory) {
    mw_answer_kind kind = MW_ANSWER_CLASS;
    MW_CHECK(mw_test_every_allocation_fails(level, &kind) == 1);
}
