#include "model/forest_output.h"

#include "testing/test.h"

#include <math.h>

static double one(mw_forest_output output, bool is_float, double sum) {
    mw_forest_head head = {.tree_count = 1, .class_count = 1, .output = output, .sigmoid = 1};
    head.is_float = is_float;
    mw_forest_output_apply(&head, &sum);
    return sum;
}

MW_TEST(forest_output_is_what_the_objective_says) {
    MW_CHECK_EQUAL_DOUBLE_BITS(one(MW_OUTPUT_IDENTITY, false, -0.3), -0.3);
    MW_CHECK_EQUAL_DOUBLE_BITS(one(MW_OUTPUT_SIGMOID, false, 0), 0.5);
    MW_CHECK_EQUAL_DOUBLE_BITS(one(MW_OUTPUT_EXP, false, 1), exp(1));
    MW_CHECK_EQUAL_DOUBLE_BITS(one(MW_OUTPUT_SQUARE, false, -3), -9);
    MW_CHECK_EQUAL_DOUBLE_BITS(one(MW_OUTPUT_LOG_EXP, false, 0), log(2));
    MW_CHECK(one(MW_OUTPUT_STEP, true, 0) == 0 && one(MW_OUTPUT_STEP, true, 0.1) == 1);
}

/* exp(sum) is 1.65937060112..., just below the middle of two floats: expf takes the other. */
MW_TEST(forest_output_may_round_to_a_float_but_once) {
    double sum = (double)0.50643837451934814f;
    MW_CHECK_EQUAL_DOUBLE_BITS(one(MW_OUTPUT_EXP_WIDE, true, sum), (double)1.65937054f);
}

MW_TEST(forest_output_in_floats_is_a_float_that_stays_in_range) {
    static const double sums[] = {0, 0.5, -0.5, 30, -30, 200, -200, 1e30, -1e30};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        double p = one(MW_OUTPUT_SIGMOID, true, (double)(float)sums[i]);
        MW_CHECK(p >= 0 && p <= 1 && (double)(float)p == p);
        MW_CHECK(fabs(p - 1 / (1 + exp(-sums[i]))) < 1e-6);
        double e = one(MW_OUTPUT_EXP, true, (double)(float)sums[i]);
        MW_CHECK((double)(float)e == e && e >= 0);
    }
}

MW_TEST(forest_output_shares_one_among_the_classes) {
    for (int is_float = 0; is_float < 2; is_float++) {
        mw_forest_head head = {.tree_count = 6,
                               .class_count = 3,
                               .output = MW_OUTPUT_SOFTMAX,
                               .is_average = true,
                               .is_float = is_float,
                               .sigmoid = 1};
        double sums[3] = {1400, 1402, -1e6}, top = exp(-1) + 1;
        mw_forest_output_apply(&head, sums); /* their means: 700, 701, -5e5 */
        MW_CHECK(fabs(sums[0] - exp(-1) / top) < 1e-6 && fabs(sums[1] - 1 / top) < 1e-6);
        MW_CHECK(sums[2] == 0);
    }
}
