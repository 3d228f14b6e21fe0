/*
 * catalogue: what is known of each feature of a model: what was said of it, how its values are
 * distributed, what the champion makes of it, which others say the same.
 *
 * One replay fills it. Correlations and importances are worked out over moments of it at even
 * distances, at most MW_CATALOGUE_SAMPLE_MAX.
 */
#pragma once
#include "cli/feature_walk.h"
#include "stat/summary.h"

enum { MW_CATALOGUE_SAMPLE_MAX = 10000 };

typedef struct {
    const mw_feature *feature;
    const mw_feature_about *about;
    mw_summary summary;
    double importance;  /* its share of what all features add to the champion's sums (mean absolute
                           SHAP values, over all classes); NaN: not known */
    int32_t twin;       /* a feature before it with the same value at each moment; -1 */
    int32_t nearest;    /* the one whose values go most closely with its own; -1 */
    double correlation; /* by rank, with that one */
} mw_catalogue_entry;

typedef struct {
    mw_catalogue_entry *entries; /* by the model's features */
    size_t count;
    size_t moment_count, sample_count;
    mw_str champion;             /* whose importances they are; empty: there is none */
    mw_str no_importance;        /* why not, for people; empty if there are some */
} mw_catalogue;

/* Replays all moments. What it makes lives in the command's arena. */
MW_MUST_USE mw_status mw_catalogue_make(mw_feature_walk *walk, mw_catalogue *out_catalogue,
                                        mw_error *err);
