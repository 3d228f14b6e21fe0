/*
 * alert: one rule that is watched: it opens when the rule begins to hold, stays open without a
 * word while it holds, and closes when it no longer does.
 *
 * While the rule's quantity cannot be measured (NaN) the alert stays as it is: silence proves
 * neither that trouble came nor that it went.
 */
#pragma once
#include "project/rule.h"

typedef enum { MW_ALERT_SAME, MW_ALERT_OPENED, MW_ALERT_CLOSED } mw_alert_change;

typedef struct {
    const mw_rule *rule; /* outlives the alert */
    bool is_open;
    int64_t changed_us;  /* when it opened or closed last */
    size_t opened_count;
    double value;        /* measured last; NaN: it never was */
    mw_str detail;       /* what stands behind that, for people; as long as the rule; or empty */
} mw_alert;

void mw_alert_init(mw_alert *alert, const mw_rule *rule);
/* Tells it what was measured at `now`, and whether the rule holds by that. */
mw_alert_change mw_alert_update(mw_alert *alert, double value, bool holds, int64_t now);
