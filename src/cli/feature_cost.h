/*
 * feature_cost: what a feature costs, measured by replaying the project's events with that
 * feature alone.
 *
 * Features that look at the same stream by the same keys share their state, so together they cost
 * less than the sum of what they cost alone.
 */
#pragma once
#include "cli/feature_walk.h"

typedef struct {
    double cpu_us;    /* a moment, its share of the events' upkeep included */
    size_t bytes;     /* of its windows' state when it was greatest */
    size_t key_count; /* that this state was of */
} mw_feature_cost;

/* What a replay costs whose one feature is a constant. */
MW_MUST_USE mw_status mw_feature_cost_floor(const mw_feature_walk *walk, mw_feature_cost *out_floor,
                                            mw_error *err);
/* That of feature number `feature` of the walk's model, above the floor; with the features that
   it reads. */
MW_MUST_USE mw_status mw_feature_cost_measure(const mw_feature_walk *walk, size_t feature,
                                              const mw_feature_cost *floor,
                                              mw_feature_cost *out_cost, mw_error *err);
