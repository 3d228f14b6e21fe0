/*
 * rule: one condition on what was measured of a model: when to retrain, what a gate demands.
 *
 *     roc_auc < 0.65          drift.max > 0.2         cost <= champion.cost
 *     segment.roc_auc >= champion.roc_auc - 0.03
 *
 * A rule compares one quantity with a number, or with the champion's same quantity plus a number.
 * It knows nothing of how either is measured: values are arguments.
 */
#pragma once
#include "lang/diagnostics.h"

/* What may be measured of a version, in words. `drift.NAME` (max, prediction or a feature) may
   stand in a rule besides. NULL ends the list. */
extern const char *const mw_rule_metrics[];

typedef enum { MW_RULE_LESS, MW_RULE_AT_MOST, MW_RULE_GREATER, MW_RULE_AT_LEAST } mw_rule_operator;

typedef struct {
    mw_str text;      /* the whole rule, as written */
    mw_position position; /* of the text; none unless its reader sets it */
    mw_str quantity;  /* "roc_auc", "drift.max": a view into the text */
    bool is_segment;  /* must hold within each segment */
    bool is_relative; /* compared with the champion's quantity + `number` */
    mw_rule_operator operator;
    double number;
} mw_rule;

/* `text` must outlive the rule. MW_INVALID: `err` says what was expected. */
MW_MUST_USE mw_status mw_rule_parse(mw_str text, mw_rule *out_rule, mw_error *err);
/* False too when a value that it needs is NaN: what was not measured proves nothing.
   `champion_value` is not read unless the rule is relative. */
bool mw_rule_holds(const mw_rule *rule, double value, double champion_value);
