#include "stat/measures.h"

#include "testing/test.h"

#include <math.h>

MW_TEST(measures_of_each_kind_have_names_and_a_better_side) {
    static const struct {
        mw_answer_kind kind;
        size_t index;
        const char *name;
        mw_better better;
    } rows[] = {{MW_ANSWER_YES_NO, MW_METRIC_roc_auc, "roc_auc", MW_BETTER_GREATER},
                {MW_ANSWER_YES_NO, MW_METRIC_brier, "brier", MW_BETTER_LESS},
                {MW_ANSWER_NUMBER, MW_NUMBER_mae, "mae", MW_BETTER_LESS},
                {MW_ANSWER_NUMBER, MW_NUMBER_bias, "bias", MW_BETTER_NEAR_ZERO},
                {MW_ANSWER_CLASS, MW_CLASS_accuracy, "accuracy", MW_BETTER_GREATER},
                {MW_ANSWER_CLASS, MW_CLASS_log_loss, "log_loss", MW_BETTER_LESS},
                {MW_ANSWER_SCORE, 1, "average_precision", MW_BETTER_GREATER}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        MW_CHECK_EQUAL_STR(mw_measure_name(rows[i].kind, rows[i].index), rows[i].name);
        MW_CHECK_EQUAL_INT(mw_measure_better(rows[i].kind, rows[i].index), rows[i].better);
    }
    MW_CHECK_EQUAL_INT(mw_measure_count(MW_ANSWER_YES_NO), MW_METRIC_COUNT);
    MW_CHECK_EQUAL_INT(mw_measure_count(MW_ANSWER_SCORE), 2);
    MW_CHECK_EQUAL_INT(mw_measure_count(MW_ANSWER_NUMBER), MW_NUMBER_METRIC_COUNT);
    mw_measures none = mw_measures_none();
    MW_CHECK(none.example_count == 0 && isnan(none.of[0].value) && isnan(none.of[4].high));
}
