#include "stat/selection.h"

#include <math.h>

#include "base/prng.h"
#include "testing/test.h"

enum { ROWS = 20000, FIT = 10000, COLUMNS = 6, CAUSE = 0, ECHO_OF_CAUSE = 1, OTHER_CAUSE = 2 };

static uint8_t columns[COLUMNS][ROWS];
static double margins[ROWS];
static unsigned char labels[ROWS];

/* Two causes, an echo of the stronger one, three columns of noise. What stands knows neither. */
static mw_selection_rows draw_world(uint64_t *prng) {
    static const uint8_t *bins[COLUMNS];
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t c = 0; c < COLUMNS; c++) columns[c][i] = (uint8_t)mw_prng_below(prng, 10);
        columns[ECHO_OF_CAUSE][i] = columns[CAUSE][i];
        double odds = -1 + 0.3 * columns[CAUSE][i] - 0.15 * columns[OTHER_CAUSE][i];
        labels[i] = mw_prng_double(prng) < 1 / (1 + exp(-odds));
        margins[i] = 0;
    }
    for (size_t c = 0; c < COLUMNS; c++) bins[c] = columns[c];
    return (mw_selection_rows){bins, COLUMNS, margins, labels, FIT, ROWS};
}

MW_TEST(selection_finds_the_causes_and_neither_echo_nor_noise) {
    uint64_t prng = mw_test_seed();
    for (size_t round = 0; round < 5; round++) {
        mw_selected selected[COLUMNS];
        size_t count;
        mw_error err;
        MW_CHECK_OK(mw_select_columns(draw_world(&prng), COLUMNS, selected, &count, &err), &err);
        MW_CHECK(count >= 2);
        MW_CHECK_EQUAL_INT(selected[0].column, CAUSE);
        MW_CHECK_EQUAL_INT(selected[1].column, OTHER_CAUSE);
        MW_CHECK_EQUAL_DOUBLE_BITS(selected[0].added.mean, selected[0].alone.mean);
        for (size_t i = 2; i < count; i++) /* what the first step left of its cause, or chance */
            MW_CHECK(selected[i].added.mean < 0.1 * selected[1].added.mean);
    }
}

MW_TEST(selection_leaves_out_what_it_is_told_to) {
    uint64_t prng = mw_test_seed();
    mw_selection_rows rows = draw_world(&prng);
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

static mw_status select_none(void *context) {
    size_t count;
    mw_selected selected[1];
    return mw_select_columns(*(mw_selection_rows *)context, 1, selected, &count, NULL);
}

MW_TEST(selection_survives_every_shortage_of_memory) {
    mw_selection_rows none = {0};
    MW_CHECK(mw_test_every_allocation_fails(select_none, &none) > 0);
}
