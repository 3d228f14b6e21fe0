#include "sys/zone_hint.h"

#include "testing/test.h"

static void check(const char *name, const char *hint) {
    mw_error err;
    mw_status status = mw_fail(&err, MW_NOT_FOUND, "zone: there is no such one");
    MW_CHECK_STATUS(mw_zone_hint(mw_sys_real(), mw_str_of(name), &err, status), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message, "zone: there is no such one");
    MW_CHECK_EQUAL_STR(err.hint, hint);
}

MW_TEST(zone_hint_names_the_zone_that_was_meant) {
    check("America/NewYork", "Did you mean America/New_York?");
    check("europe/berlin", "Did you mean Europe/Berlin?");
    check("Berlin", "Did you mean Europe/Berlin?");
    check("Kolkata", "Did you mean Asia/Kolkata?");
    check("America/Indiana/Nox", "Did you mean America/Indiana/Knox?");
    check("the zone in which I am", "Names are those of the IANA database: UTC, Europe/Berlin, "
                                    "America/New_York.");
}

static mw_status hint(void *context) {
    (void)context;
    mw_error err;
    mw_status status = mw_fail(&err, MW_NOT_FOUND, "zone: there is no such one");
    status = mw_zone_hint(mw_sys_real(), MW_STR("Berlin"), &err, status);
    MW_CHECK(err.hint[0] != 0); /* whatever fails, something is said */
    (void)status;
    return mw_str_is(mw_str_of(err.hint), "Did you mean Europe/Berlin?") ? MW_OK : MW_NO_MEMORY;
}

MW_TEST(zone_hint_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(hint, NULL) > 0);
}
