#include "stat/selection.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { ROWS = 20000, FIT = 10000, COLUMNS = 6, CAUSE = 0, ECHO_OF_CAUSE = 1, OTHER_CAUSE = 2 };

static uint8_t columns[COLUMNS][ROWS];
static double margins[ROWS], foretold[ROWS], numbers[ROWS], probabilities[3 * ROWS];
static unsigned char yes[ROWS];
static uint32_t classes[ROWS];

static mw_standing standing_of(mw_answer_kind kind) {
    switch (kind) {
    case MW_ANSWER_NUMBER:
        return (mw_standing){.kind = kind, .width = 1, .answers = foretold, .numbers = numbers};
    case MW_ANSWER_CLASS:
        return (mw_standing){.kind = kind, .width = 3, .answers = probabilities,
                             .classes = classes};
    default: return (mw_standing){.kind = kind, .width = 1, .answers = margins, .yes = yes};
    }
}

/* Two causes, an echo of the stronger one, three columns of noise. What stands knows neither. */
static mw_selection_rows draw_world(uint64_t *prng, mw_answer_kind kind) {
    static const uint8_t *bins[COLUMNS];
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t c = 0; c < COLUMNS; c++) columns[c][i] = (uint8_t)mw_prng_below(prng, 10);
        columns[ECHO_OF_CAUSE][i] = columns[CAUSE][i];
        double odds = -1 + 0.3 * columns[CAUSE][i] - 0.15 * columns[OTHER_CAUSE][i];
        yes[i] = mw_prng_double(prng) < 1 / (1 + exp(-odds));
        margins[i] = 0;
        numbers[i] = 5 * odds + 20 * mw_prng_double(prng);
        foretold[i] = 15;
        classes[i] = yes[i] ? 2 : (uint32_t)mw_prng_below(prng, 2);
        for (size_t k = 0; k < 3; k++) probabilities[3 * i + k] = k < 2 ? 0.25 : 0.5;
    }
    for (size_t c = 0; c < COLUMNS; c++) bins[c] = columns[c];
    return (mw_selection_rows){bins, COLUMNS, standing_of(kind), FIT, ROWS};
}

static void check_found(mw_selection_rows rows) {
    mw_selected selected[COLUMNS];
    size_t count;
    mw_error err;
    double before = mw_column_loss(&rows.standing, (mw_column_rows){NULL, 0, ROWS});
    MW_CHECK_OK(mw_select_columns(rows, COLUMNS, selected, &count, &err), &err);
    MW_CHECK(count >= 2);
    MW_CHECK_EQUAL_INT(selected[0].column, CAUSE);
    MW_CHECK_EQUAL_INT(selected[1].column, OTHER_CAUSE);
    MW_CHECK_EQUAL_DOUBLE_BITS(selected[0].added.mean, selected[0].alone.mean);
    for (size_t i = 2; i < count; i++) /* what the first step left of its cause, or chance */
        MW_CHECK(selected[i].added.mean < 0.1 * selected[1].added.mean);
    MW_CHECK_EQUAL_DOUBLE_BITS(
        mw_column_loss(&rows.standing, (mw_column_rows){NULL, 0, ROWS}), before);
}

static const mw_answer_kind kinds[] = {MW_ANSWER_YES_NO, MW_ANSWER_NUMBER, MW_ANSWER_CLASS};
enum { KINDS = sizeof kinds / sizeof *kinds };

MW_TEST(selection_finds_the_causes_and_neither_echo_nor_noise) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 5; round++)
        for (size_t k = 0; k < KINDS; k++) check_found(draw_world(&prng, kinds[k]));
}

MW_TEST(selection_leaves_out_what_it_is_told_to) {
    uint64_t prng = mw_test_seed();
    mw_selection_rows rows = draw_world(&prng, MW_ANSWER_YES_NO);
    const uint8_t *bins[COLUMNS] = {NULL, NULL, columns[OTHER_CAUSE]};
    rows.bins = bins;
    mw_selected selected[1];
    size_t count;
    MW_CHECK_OK(mw_select_columns(rows, 1, selected, &count, NULL), NULL);
    MW_CHECK_EQUAL_INT(count, 1);
    MW_CHECK_EQUAL_INT(selected[0].column, OTHER_CAUSE);
    rows.row_count = rows.fit_count = 0;
    MW_CHECK_OK(mw_select_columns(rows, 1, selected, &count, NULL), NULL);
    MW_CHECK_EQUAL_INT(count, 0);
}

/* What a column's step gains, whether it is worth telling or not. */
static double gain_of(const mw_standing *standing, const uint8_t *bins) {
    mw_column_steps steps;
    MW_CHECK_OK(mw_column_steps_init(&steps, standing, NULL), NULL);
    mw_column_step_fit(standing, (mw_column_rows){bins, 0, FIT}, &steps);
    mw_column_rows judged = {bins, FIT, ROWS - FIT};
    double gain = mw_column_step_gain(standing, judged, &steps).mean;
    mw_column_steps_release(&steps);
    return gain;
}

/* A little is lacking on the rows to fit on and much on those to judge by, and the column hardly
   changes: its step is next to nothing, and each row is surely the better for it. */
MW_TEST(selection_takes_nothing_that_gains_next_to_nothing) {
    uint64_t prng = mw_test_seed();
    for (size_t k = 0; k < KINDS; k++) {
        mw_selection_rows rows = draw_world(&prng, kinds[k]);
        for (size_t i = 0; i < ROWS; i++) {
            columns[0][i] = i % 40 < 4;
            margins[i] = -0.001;
            foretold[i] = 14.999;
            for (size_t c = 0; c < 3; c++) probabilities[3 * i + c] = c < 2 ? 0.2501 : 0.4998;
            yes[i] = i < FIT ? i / 40 % 250 < 125 : i % 3 > 0;
            numbers[i] = i < FIT ? (yes[i] ? 16 : 14) : i % 2 ? 11 : 20;
            classes[i] = yes[i] ? 2 : (uint32_t)i % 2;
        }
        rows.column_count = 1;
        MW_CHECK(gain_of(&rows.standing, columns[0]) > 0);
        mw_selected selected[1];
        size_t count;
        MW_CHECK_OK(mw_select_columns(rows, 1, selected, &count, NULL), NULL);
        MW_CHECK_EQUAL_INT(count, 0);
    }
}

static mw_status select_none(void *context) {
    size_t count;
    mw_selected selected[1];
    return mw_select_columns(*(mw_selection_rows *)context, 1, selected, &count, NULL);
}

MW_TEST(selection_survives_every_shortage_of_memory) {
    for (size_t k = 0; k < KINDS; k++) {
        mw_selection_rows none = {.standing = standing_of(kinds[k])};
        MW_CHECK(mw_test_every_allocation_fails(select_none, &none) >= 3);
    }
}
