#include "stat/measures.h"

#include <math.h>

typedef struct {
    const char *name;
    mw_better better;
} measure;

static const measure of_numbers[] = {[MW_NUMBER_mae] = {"mae", MW_BETTER_LESS},
                                     [MW_NUMBER_rmse] = {"rmse", MW_BETTER_LESS},
                                     [MW_NUMBER_bias] = {"bias", MW_BETTER_NEAR_ZERO}};
static const measure of_classes[] = {[MW_CLASS_accuracy] = {"accuracy", MW_BETTER_GREATER},
                                     [MW_CLASS_log_loss] = {"log_loss", MW_BETTER_LESS},
                                     [MW_CLASS_f1_macro] = {"f1_macro", MW_BETTER_GREATER}};
static const size_t counts[] = {[MW_ANSWER_YES_NO] = MW_METRIC_COUNT,
                                [MW_ANSWER_NUMBER] = MW_NUMBER_METRIC_COUNT,
                                [MW_ANSWER_CLASS] = MW_CLASS_METRIC_COUNT,
                                [MW_ANSWER_SCORE] = MW_METRIC_average_precision + 1};
_Static_assert(MW_METRIC_roc_auc == 0 && MW_METRIC_average_precision == 1, "a score's come first");
_Static_assert((int)MW_NUMBER_METRIC_COUNT <= (int)MW_MEASURES_MAX &&
                   (int)MW_CLASS_METRIC_COUNT <= (int)MW_MEASURES_MAX,
               "each kind's measures fit");

size_t mw_measure_count(mw_answer_kind kind) {
    MW_ASSERT(kind < MW_ANSWER_COUNT);
    return counts[kind];
}

static measure measure_of(mw_answer_kind kind, size_t index) {
    MW_ASSERT(index < mw_measure_count(kind));
    if (kind == MW_ANSWER_NUMBER) return of_numbers[index];
    if (kind == MW_ANSWER_CLASS) return of_classes[index];
    mw_metric metric = (mw_metric)index;
    bool is_greater = mw_metric_greater_is_better(metric);
    return (measure){mw_metric_name(metric), is_greater ? MW_BETTER_GREATER : MW_BETTER_LESS};
}

const char *mw_measure_name(mw_answer_kind kind, size_t index) {
    return measure_of(kind, index).name;
}

mw_better mw_measure_better(mw_answer_kind kind, size_t index) {
    return measure_of(kind, index).better;
}

mw_measures mw_measures_none(void) {
    mw_measures none = {.example_count = 0};
    for (size_t i = 0; i < MW_MEASURES_MAX; i++) none.of[i] = (mw_estimate){NAN, NAN, NAN};
    return none;
}
