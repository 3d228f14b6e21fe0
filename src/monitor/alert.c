#include "monitor/alert.h"

#include <math.h>

void mw_alert_init(mw_alert *alert, const mw_rule *rule) {
    *alert = (mw_alert){.rule = rule, .changed_us = INT64_MIN, .value = NAN};
}

mw_alert_change mw_alert_update(mw_alert *alert, double value, bool holds, int64_t now) {
    if (isnan(value)) return MW_ALERT_SAME;
    alert->value = value;
    if (holds == alert->is_open) return MW_ALERT_SAME;
    alert->is_open = holds;
    alert->changed_us = now;
    if (!holds) return MW_ALERT_CLOSED;
    alert->opened_count++;
    return MW_ALERT_OPENED;
}
