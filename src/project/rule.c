#include "project/rule.h"

#include <assert.h>

#include "base/nearest.h"

const char *const mw_rule_metrics[] = {
    "roc_auc", "average_precision", "log_loss", "calibration_error", "cost", NULL};

enum { METRIC_COUNT = sizeof mw_rule_metrics / sizeof *mw_rule_metrics - 1 };

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* Cuts what `belongs` off the front of `*rest`, blanks around it left out. */
static mw_str take(mw_str *rest, bool (*belongs)(char c)) {
    *rest = mw_str_trim(*rest);
    size_t size = 0;
    while (size < rest->size && belongs(rest->data[size])) size++;
    mw_str taken = mw_str_slice(*rest, 0, size);
    *rest = mw_str_trim(mw_str_slice(*rest, size, rest->size));
    return taken;
}

static bool is_comparison(char c) {
    return c == '<' || c == '>' || c == '=' || c == '!';
}

static bool operator_parse(mw_str text, mw_rule_operator *out_operator) {
    static const char *const words[] = {"<", "<=", ">", ">="};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!mw_str_is(text, words[i])) continue;
        *out_operator = (mw_rule_operator)i;
        return true;
    }
    return false;
}

/* The prefix is cut off if it is there. */
static bool prefix_cut(mw_str *word, mw_str prefix) {
    if (!mw_str_starts(*word, prefix)) return false;
    *word = mw_str_slice(*word, prefix.size, word->size);
    return true;
}

static mw_status quantity_check(mw_str quantity, mw_error *err) {
    mw_str name = quantity;
    if (prefix_cut(&name, MW_STR("drift."))) {
        if (name.size > 0) return MW_OK;
    } else {
        for (size_t i = 0; i < METRIC_COUNT; i++)
            if (mw_str_is(name, mw_rule_metrics[i])) return MW_OK;
    }
    mw_nearest nearest = mw_nearest_to(quantity);
    mw_nearest_offer_text(&nearest, "drift.max");
    mw_nearest_offer_text(&nearest, "drift.prediction");
    for (size_t i = 0; i < METRIC_COUNT; i++)
        mw_nearest_offer_text(&nearest, mw_rule_metrics[i]);
    mw_status status =
        mw_fail(err, MW_INVALID, "no measured quantity is named %.*s", MW_STR_ARGS(quantity));
    if (nearest.found.size > 0) return mw_hint_nearest(err, status, &nearest);
    return mw_hint(err, status,
                   "There are roc_auc, average_precision, log_loss, "
                   "calibration_error, cost and drift.NAME.");
}

static mw_status form_fail(mw_str text, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID,
                               "must compare a quantity with a number or with the champion's, "
                               "got \"%.*s\"",
                               MW_STR_ARGS(text));
    return mw_hint(err, status, "Write it like roc_auc < 0.65 or cost <= champion.cost + 10.");
}

/* "- 0.03", "+ 10" or nothing: what is added to the champion's quantity. */
static bool offset_parse(mw_str text, double *out_offset) {
    *out_offset = 0;
    if (text.size == 0) return true;
    char sign = text.data[0];
    mw_str number = mw_str_trim(mw_str_slice(text, 1, text.size));
    if (sign != '+' && sign != '-') return false;
    if (number.size == 0 || number.data[0] == '-' || number.data[0] == '+') return false;
    if (!mw_str_to_double(number, out_offset)) return false;
    if (sign == '-') *out_offset = -*out_offset;
    return true;
}

/* What stands right of the operator. */
static mw_status reference_parse(mw_str rest, mw_rule *rule, mw_error *err) {
    if (mw_str_to_double(rest, &rule->number)) return MW_OK;
    mw_str word = take(&rest, is_word);
    if (!prefix_cut(&word, MW_STR("champion."))) return form_fail(rule->text, err);
    if (!offset_parse(rest, &rule->number)) return form_fail(rule->text, err);
    if (!mw_str_equal(word, rule->quantity))
        return mw_fail(err, MW_INVALID, "must compare %.*s with champion.%.*s, got champion.%.*s",
                       MW_STR_ARGS(rule->quantity), MW_STR_ARGS(rule->quantity), MW_STR_ARGS(word));
    rule->is_relative = true;
    return MW_OK;
}

mw_status mw_rule_parse(mw_str text, mw_rule *out_rule, mw_error *err) {
    mw_str rest = mw_str_trim(text);
    mw_rule rule = {.text = rest};
    rule.quantity = take(&rest, is_word);
    mw_str operator= take(&rest, is_comparison);
    if (rule.quantity.size == 0 || !operator_parse(operator, & rule.operator))
        return form_fail(text, err);
    rule.is_segment = prefix_cut(&rule.quantity, MW_STR("segment."));
    MW_TRY(quantity_check(rule.quantity, err));
    MW_TRY(reference_parse(rest, &rule, err));
    *out_rule = rule;
    return MW_OK;
}

bool mw_rule_holds(const mw_rule *rule, double value, double champion_value) {
    double bound = rule->is_relative ? champion_value + rule->number : rule->number;
    switch (rule->operator) {
    case MW_RULE_LESS: return value < bound;
    case MW_RULE_AT_MOST: return value <= bound;
    case MW_RULE_GREATER: return value > bound;
    case MW_RULE_AT_LEAST: return value >= bound;
    }
    return false;
}
