/*
 * policy: when a model is trained again, and whether the new version must earn its place.
 *
 *     never     the first version answers for ever
 *     monthly   on the 1st of each month, promoted blindly
 *     drift     when a rule of `when` fires, promoted blindly
 *     gated     `every` and `when` of the project file, promoted through its `gate`
 *
 * Pure: the calendar is that of the zone, days are local days, and time is an argument. After any
 * training, `when` cannot cause another one for 7 days: what it complains of needs time to show
 * in the new version's predictions.
 */
#pragma once
#include "project/project.h"

enum { MW_POLICY_COUNT = 4, MW_RETRAIN_PAUSE_DAYS = 7 };

typedef struct {
    mw_str name;
    mw_str meaning;       /* a sentence for people */
    bool is_monthly;
    int64_t every_us;     /* 0: not by time */
    bool heeds_alerts;    /* an open alert retrains */
    bool is_gated;        /* else promoted blindly */
} mw_policy;

/* What makes it due. */
typedef enum { MW_DUE_NOT, MW_DUE_MONTH, MW_DUE_EVERY, MW_DUE_ALERT } mw_policy_reason;

/* All of them, in the order above, as `retrain` fills them. */
void mw_policies(const mw_retrain *retrain, mw_policy out_policies[MW_POLICY_COUNT]);
/* MW_INVALID if there is no policy of this name. */
MW_MUST_USE mw_status mw_policy_find(mw_str name, const mw_retrain *retrain,
                                     mw_policy *out_policy, mw_error *err);
/* Asked at a local midnight, `now`; `trained` is the time of the last training. */
mw_policy_reason mw_policy_due(const mw_policy *policy, const mw_zone *zone, int64_t trained,
                               int64_t now, bool is_alert_open);

/* The first local midnight after `utc_us`; a day begins when its clock says so, whatever
   summer time does to its length. */
int64_t mw_next_midnight(const mw_zone *zone, int64_t utc_us);
