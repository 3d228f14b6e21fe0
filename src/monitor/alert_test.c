#include "monitor/alert.h"

#include <math.h>

#include "testing/test.h"

static mw_alert_change tell(mw_alert *alert, double value, int64_t now) {
    return mw_alert_update(alert, value, mw_rule_holds(alert->rule, value, value), now);
}

MW_TEST(alert_opens_and_closes_without_repeats) {
    mw_rule rule;
    mw_error err;
    MW_CHECK_OK(mw_rule_parse(MW_STR("drift.max > 0.2"), &rule, &err), &err);
    mw_alert alert;
    mw_alert_init(&alert, &rule);
    MW_CHECK(isnan(alert.value) && !alert.is_open);
    MW_CHECK(tell(&alert, 0.1, 1) == MW_ALERT_SAME);
    MW_CHECK(tell(&alert, 0.3, 2) == MW_ALERT_OPENED);
    MW_CHECK(tell(&alert, 0.4, 3) == MW_ALERT_SAME);
    MW_CHECK(alert.is_open && alert.changed_us == 2 && alert.value == 0.4);
    MW_CHECK(tell(&alert, 0.2, 4) == MW_ALERT_CLOSED);
    MW_CHECK(tell(&alert, 0.1, 5) == MW_ALERT_SAME);
    MW_CHECK(tell(&alert, 0.5, 6) == MW_ALERT_OPENED);
    MW_CHECK_EQUAL_INT(alert.opened_count, 2);
}

MW_TEST(alert_stays_as_it_is_while_nothing_is_measured) {
    mw_rule rule;
    mw_error err;
    MW_CHECK_OK(mw_rule_parse(MW_STR("roc_auc < 0.65"), &rule, &err), &err);
    mw_alert alert;
    mw_alert_init(&alert, &rule);
    MW_CHECK(tell(&alert, NAN, 1) == MW_ALERT_SAME && !alert.is_open);
    MW_CHECK(tell(&alert, 0.6, 2) == MW_ALERT_OPENED);
    MW_CHECK(tell(&alert, NAN, 3) == MW_ALERT_SAME);
    MW_CHECK(alert.is_open && alert.value == 0.6);
}
