#include "ingest/refusals.h"

#include "testing/test.h"

static mw_status refuse_some(void *context) {
    mw_refusals *refusals = context;
    mw_error reason;
    mw_status status = mw_fail(&reason, MW_INVALID, "number: must be finite, got \"x, got y\"");
    mw_refusals_init(refusals);
    status = mw_refuse(refusals, 3, MW_STR("id: must be there"), MW_STR(""), NULL);
    if (status == MW_OK) status = mw_refuse_for(refusals, 4, MW_STR("delay"), &reason, NULL);
    if (status == MW_OK) status = mw_refuse_for(refusals, 9, MW_STR("delay"), &reason, NULL);
    if (status != MW_OK) mw_refusals_release(refusals);
    return status;
}

MW_TEST(refusals_count_by_rule) {
    mw_refusals refusals;
    MW_CHECK_OK(refuse_some(&refusals), NULL);
    MW_CHECK_EQUAL_INT(refusals.rule_count, 2);
    MW_CHECK_EQUAL_STR(refusals.rules[1].text, "delay: must be finite");
    MW_CHECK_EQUAL_INT(refusals.rules[1].row_count, 2);
    MW_CHECK_EQUAL_INT(refusals.item_count, 3);
    MW_CHECK_EQUAL_INT(refusals.items[1].row, 4);
    MW_CHECK_EQUAL_STR(refusals.items[1].value, "x, got y");
    mw_refusals_release(&refusals);
}

static mw_status refuse_and_release(void *context) {
    MW_TRY(refuse_some(context));
    mw_refusals_release(context);
    return MW_OK;
}

MW_TEST(refusals_survive_every_failing_allocation) {
    mw_refusals refusals;
    MW_CHECK(mw_test_every_allocation_fails(refuse_and_release, &refusals) > 3);
}
