/*
 * measures: the metrics that each kind of answer is judged by, under the names that all show.
 *
 * Yes or no has those of stat/metrics.h, by their numbers there; a score the first two of them, for
 * the others read it as a probability; numbers those of stat/number_metrics.h, classes those of
 * stat/class_metrics.h. The first one of a kind is the one to show where there is room for one.
 */
#pragma once
#include "stat/class_metrics.h"
#include "stat/metrics.h"
#include "stat/number_metrics.h"
#include "table/answer_kind.h"

enum { MW_MEASURES_MAX = MW_METRIC_COUNT };

typedef enum { MW_BETTER_GREATER, MW_BETTER_LESS, MW_BETTER_NEAR_ZERO } mw_better;

/* Of the kind's measures, in their order. */
typedef struct {
    mw_estimate of[MW_MEASURES_MAX];
    size_t example_count;
} mw_measures;

size_t mw_measure_count(mw_answer_kind kind);
const char *mw_measure_name(mw_answer_kind kind, size_t index); /* "roc_auc" */
mw_better mw_measure_better(mw_answer_kind kind, size_t index);
/* Of no example at all. */
mw_measures mw_measures_none(void);
