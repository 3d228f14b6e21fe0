#include "project/rule.h"

#include "testing/test.h"

#include <math.h>

static mw_rule parsed(const char *text) {
    mw_rule rule;
    mw_error err;
    MW_CHECK_OK(mw_rule_parse(mw_str_of(text), &rule, &err), &err);
    return rule;
}

MW_TEST(rule_reads_its_parts) {
    mw_rule rule = parsed(" segment.roc_auc>=champion.roc_auc - 0.03 ");
    MW_CHECK_EQUAL_STR(rule.text, "segment.roc_auc>=champion.roc_auc - 0.03");
    MW_CHECK_EQUAL_STR(rule.quantity, "roc_auc");
    MW_CHECK(rule.is_segment && rule.is_relative && rule.operator== MW_RULE_AT_LEAST);
    MW_CHECK_EQUAL_DOUBLE_BITS(rule.number, -0.03);

    rule = parsed("drift.max > 0.2");
    MW_CHECK_EQUAL_STR(rule.quantity, "drift.max");
    MW_CHECK(!rule.is_segment && !rule.is_relative && rule.operator== MW_RULE_GREATER);
    MW_CHECK_EQUAL_DOUBLE_BITS(rule.number, 0.2);

    rule = parsed("cost <= champion.cost");
    MW_CHECK(rule.is_relative && rule.operator== MW_RULE_AT_MOST && rule.number == 0);
    MW_CHECK(parsed("cost < -3e2").number == -300);
    MW_CHECK(parsed("cost < champion.cost + 5").number == 5);
}

MW_TEST(rule_holds_only_on_what_was_measured) {
    mw_rule below = parsed("roc_auc < 0.65");
    MW_CHECK(mw_rule_holds(&below, 0.64, NAN) && !mw_rule_holds(&below, 0.65, NAN));
    MW_CHECK(!mw_rule_holds(&below, NAN, NAN));
    mw_rule above = parsed("drift.max > 0.2");
    MW_CHECK(mw_rule_holds(&above, 0.21, 0) && !mw_rule_holds(&above, 0.2, 0));
    mw_rule gate = parsed("roc_auc >= champion.roc_auc - 0.25");
    MW_CHECK(mw_rule_holds(&gate, 0.5, 0.75) && !mw_rule_holds(&gate, 0.49, 0.75));
    MW_CHECK(!mw_rule_holds(&gate, 0.5, NAN));
    mw_rule cost = parsed("cost <= champion.cost");
    MW_CHECK(mw_rule_holds(&cost, 10, 10) && !mw_rule_holds(&cost, 10.5, 10));
}

MW_TEST(rule_names_what_is_wrong) {
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"roc_auk < 0.6", "no measured quantity is named roc_auk", "Did you mean roc_auc?"},
        {"speed < 0.6", "no measured quantity is named speed",
         "There are roc_auc, average_precision, log_loss, calibration_error, cost and drift.NAME."},
        {"drfit.max > 1", "no measured quantity is named drfit.max", "Did you mean drift.max?"},
        {"cost <= champion.roc_auc", "must compare cost with champion.cost, got champion.roc_auc",
         ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_rule rule;
        mw_error err;
        MW_CHECK_STATUS(mw_rule_parse(mw_str_of(cases[i].text), &rule, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), cases[i].message);
        MW_CHECK_EQUAL_STR(mw_str_of(err.hint), cases[i].hint);
    }
    static const char *const formless[] = {"",
                                           "roc_auc",
                                           "roc_auc <",
                                           "roc_auc = 0.5",
                                           "roc_auc == 0.5",
                                           "roc_auc << 0.5",
                                           "< 0.5",
                                           "cost < champion.cost 5",
                                           "cost < champion.cost + ",
                                           "cost < champion.cost + -5",
                                           "cost < 5 5",
                                           "cost < champion",
                                           "cost < lots",
                                           "cost < nan"};
    for (size_t i = 0; i < sizeof formless / sizeof *formless; i++) {
        mw_rule rule;
        mw_error err;
        MW_CHECK_STATUS(mw_rule_parse(mw_str_of(formless[i]), &rule, &err), MW_INVALID);
        MW_CHECK(mw_str_starts(mw_str_of(err.message), MW_STR("must compare a quantity with")));
        MW_CHECK_EQUAL_STR(mw_str_of(err.hint),
                           "Write it like roc_auc < 0.65 or cost <= champion.cost + 10.");
    }
}
