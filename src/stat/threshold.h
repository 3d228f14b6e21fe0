/*
 * threshold: where a prediction becomes a decision, by what mistakes cost.
 *
 * A prediction at or above the threshold decides yes. The best threshold is that of least cost on
 * given examples: a score that occurs, or just above the greatest (never yes); among equals the
 * greatest, which alarms least. One sort and one walk.
 */
#pragma once
#include "stat/metrics.h"

typedef struct {
    double false_alarm, miss; /* of one mistake each; not negative */
} mw_costs;

typedef struct {
    double threshold;
    double cost; /* of all mistakes */
    uint64_t false_alarms, misses;
} mw_threshold;

/* MW_INVALID without an example, or if a score is NaN. */
MW_MUST_USE mw_status mw_threshold_best(mw_scored scored, mw_costs costs,
                                        mw_threshold *out_threshold, mw_error *err);
/* What a given threshold would have cost. */
mw_threshold mw_threshold_cost(mw_scored scored, mw_costs costs, double threshold);
