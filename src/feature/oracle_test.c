#include "feature/oracle.h"

#include "testing/declare.h"
#include "testing/test.h"

/* What the oracle shares with nobody are its sums: here they meet values worked out by hand.
   The rules that it applies are in reading_test.c, where it answers beside the engine. */

static double sum_of(const double *values, size_t count) {
    mw_test_project project = mw_test_compile(
        "stream orders\n  columns: at time, key number, x number\n  time: at\n"
        "stream others\n  columns: at time, key number\n  time: at\n"
        "feature a: sum(orders.x by key over 1h)\n"
        "model m\n  moment: on orders\n  label: count(others by key over next 1h)\n");
    const mw_schema *schema = &project.program->streams[0].schema;
    mw_events events;
    MW_CHECK_OK(mw_events_init(&events, &schema, 1, NULL), NULL);
    mw_cell row[3] = {mw_cell_time(0), mw_cell_number(1)};
    for (size_t i = 0; i < count; i++) {
        row[2] = mw_cell_number(values[i]);
        MW_CHECK_OK(mw_events_add(&events, &(mw_event){.row = row}, NULL), NULL);
    }
    mw_cell sum;
    mw_moment moment = {1, 1, row};
    mw_oracle oracle = {project.program, project.model, &events, project.symbols};
    MW_CHECK_OK(mw_oracle_features(&oracle, &moment, &sum, NULL), NULL);
    mw_events_release(&events);
    mw_test_project_release(&project);
    return sum.number;
}

#define SUM_OF(...) \
    sum_of((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

MW_TEST(oracle_adds_without_losing_a_bit) {
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(1, 2, 3), 6);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p62, 1, -0x1p62), 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p62, 0x1p-80, -0x1p62), 0x1p-80);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(-0.5, 0.25), -0.25);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(5, -5), 0);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p63, 4), 4); /* out of range: missing */
}

MW_TEST(oracle_rounds_half_to_even) {
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p-81), 0); /* to a multiple of 2^-80 when it enters */
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1.8p-80), 0x1p-79);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p53, 1), 0x1p53); /* to 53 bits when it is read */
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p53, 3), 0x1p53 + 4);
    MW_CHECK_EQUAL_DOUBLE_BITS(SUM_OF(0x1p53, 1, 0x1p-80), 0x1p53 + 2);
}
