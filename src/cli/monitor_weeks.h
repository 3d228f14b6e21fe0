/*
 * monitor_weeks: how a model's quality and drift came to be what they are: the week that ended at
 * each of the last days.
 *
 * A day alone has too few labels to say much, so each point looks back over seven. Outcomes and
 * rows are kept for 30 days, so the first full week ended 23 days ago.
 */
#pragma once
#include "loop/watch.h"

enum { MW_WEEKS_SHOWN = 24 };

typedef struct {
    char day[16];             /* its last, of the project's zone */
    size_t outcome_count;     /* that matured in it */
    mw_estimate roc_auc;      /* NaN where there are too few */
    double expected, happened; /* mean prediction, and share of yes; NaN likewise */
} mw_monitor_week;

/* The oldest first. */
MW_MUST_USE mw_status mw_monitor_weeks(const mw_watch *watch, const mw_zone *zone,
                                       mw_monitor_week out_weeks[MW_WEEKS_SHOWN], mw_error *err);
MW_MUST_USE mw_status mw_monitor_drift_weeks(const mw_watch *watch, size_t column,
                                             double out_drifts[MW_WEEKS_SHOWN], mw_error *err);
