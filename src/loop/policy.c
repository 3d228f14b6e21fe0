#include "loop/policy.h"

void mw_policies(const mw_retrain *retrain, mw_policy out_policies[MW_POLICY_COUNT]) {
    const mw_policy policies[MW_POLICY_COUNT] = {
        {.name = MW_STR("never"), .meaning = MW_STR("The first version answers for ever.")},
        {.name = MW_STR("monthly"),
         .meaning = MW_STR("A new version on the 1st of each month, promoted blindly."),
         .is_monthly = true},
        {.name = MW_STR("drift"),
         .meaning = MW_STR("A new version when a rule of `when` fires, promoted blindly."),
         .heeds_alerts = true},
        {.name = MW_STR("gated"),
         .meaning = MW_STR("A new version as often as `every` says and when a rule of `when` "
                           "fires, promoted only if it passes the gate."),
         .every_us = retrain->every_us,
         .heeds_alerts = true,
         .is_gated = true},
    };
    for (size_t i = 0; i < MW_POLICY_COUNT; i++) out_policies[i] = policies[i];
}

mw_status mw_policy_find(mw_str name, const mw_retrain *retrain, mw_policy *out_policy,
                         mw_error *err) {
    mw_policy policies[MW_POLICY_COUNT];
    mw_policies(retrain, policies);
    for (size_t i = 0; i < MW_POLICY_COUNT; i++) {
        if (!mw_str_equal(policies[i].name, name)) continue;
        *out_policy = policies[i];
        return MW_OK;
    }
    mw_status status =
        mw_fail(err, MW_INVALID, "policy: there is none named %.*s", MW_STR_ARGS(name));
    return mw_hint(err, status, "There are never, monthly, drift and gated.");
}

static int64_t local(const mw_zone *zone, int64_t utc_us) {
    return utc_us + mw_zone_offset_us(zone, utc_us);
}

mw_policy_reason mw_policy_due(const mw_policy *policy, const mw_zone *zone, int64_t trained,
                               int64_t now, bool is_alert_open) {
    int64_t passed_us = local(zone, now) - local(zone, trained);
    if (policy->is_monthly && mw_civil_of(local(zone, now)).day == 1) return MW_DUE_MONTH;
    if (policy->every_us > 0 && passed_us >= policy->every_us) return MW_DUE_EVERY;
    if (policy->heeds_alerts && is_alert_open && passed_us >= MW_RETRAIN_PAUSE_DAYS * MW_DAY_US)
        return MW_DUE_ALERT;
    return MW_DUE_NOT;
}

int64_t mw_next_midnight(const mw_zone *zone, int64_t utc_us) {
    mw_civil day = mw_civil_of(local(zone, utc_us));
    int64_t midnight = utc_us;
    /* Where the clock passes midnight twice, the next day's may lie behind. */
    for (int32_t ahead = 1; midnight <= utc_us; ahead++) {
        mw_civil next = {.year = day.year, .month = day.month, .day = day.day + ahead};
        (void)mw_zone_to_utc(zone, mw_civil_to_us(next), &midnight);
    }
    return midnight;
}
