/*
 * quality: how good predictions turned out, of all or within each segment, by the names that
 * rules use.
 *
 * A measure over fewer than 100 outcomes, or fewer than 10 of a class, says nothing: it is small,
 * its metrics are NaN, and no rule holds for it. The cost counts all the same.
 */
#pragma once
#include "monitor/outcomes.h"
#include "stat/threshold.h"

enum { MW_QUALITY_OUTCOMES_MIN = 100, MW_QUALITY_CLASS_MIN = 10 };

typedef struct {
    double of[MW_METRIC_COUNT]; /* NaN where it is small */
    double cost;                /* of the wrong decisions, in total */
    size_t outcome_count, positive_count, decision_count;
    bool is_small;
} mw_quality;

/* Outcomes [first, first + count), and what their mistakes cost. */
typedef struct {
    const mw_outcomes *outcomes;
    size_t first, count;
    mw_costs costs;
} mw_quality_question;

typedef struct {
    mw_str column, value; /* "origin", "JFK"; a missing value is empty */
    mw_quality quality;
} mw_segment_quality;

MW_MUST_USE mw_status mw_quality_measure(mw_quality_question question, mw_quality *out_quality,
                                         mw_error *err);
/* Of each value of each segment column, by the bytes of the values, in `arena`. */
MW_MUST_USE mw_status mw_quality_by_segment(mw_quality_question question,
                                            const mw_symbols *symbols, mw_arena *arena,
                                            mw_segment_quality **out_segments,
                                            size_t *out_count, mw_error *err);
/* "roc_auc", "cost"; NaN for what it has not measured. The cost of a small one is NaN too:
   a rule must not hold by it. */
double mw_quality_read(const mw_quality *quality, mw_str quantity);
