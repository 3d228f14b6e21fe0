#include "base/status.h"
#include "testing/test.h"

#include <string.h>

MW_TEST(status_tells_each_edge_what_to_answer) {
    MW_CHECK_EQUAL_STR(mw_status_name(MW_INVALID), "invalid");
    MW_CHECK_EQUAL_STR(mw_status_text(MW_INVALID), "the input breaks a rule");
    MW_CHECK_EQUAL_STR(mw_status_problem_type(MW_NOT_FOUND), "not-found");
    MW_CHECK_EQUAL_INT(mw_status_exit_code(MW_OK), 0);
    MW_CHECK_EQUAL_INT(mw_status_exit_code(MW_CHECK_FAILED), 1);
    MW_CHECK_EQUAL_INT(mw_status_exit_code(MW_CORRUPT), 4);
    MW_CHECK_EQUAL_INT(mw_status_http(MW_CONFLICT), 409);
}

MW_TEST(status_fail_keeps_the_message_and_forgets_an_old_hint) {
    mw_error err;
    memset(&err, 'x', sizeof err);
    MW_CHECK_STATUS(mw_fail(&err, MW_INVALID, "window: count must be 1 to 9, got %d", 0),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "window: count must be 1 to 9, got 0");
    MW_CHECK_EQUAL_STR(err.hint, "");
    MW_CHECK_STATUS(mw_hint(&err, MW_INVALID, "Write count: %d.", 1), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.hint, "Write count: 1.");
    MW_CHECK_EQUAL_STR(err.message, "window: count must be 1 to 9, got 0");
}

MW_TEST(status_prefixes_say_where_from_the_outside_in) {
    mw_error err;
    mw_status status = mw_fail(&err, MW_MALFORMED, "number: got \"x\"");
    status = mw_fail_within(&err, status, "row %d", 7);
    MW_CHECK_STATUS(mw_fail_within(&err, status, "flights.csv"), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message, "flights.csv: row 7: number: got \"x\"");
}

MW_TEST(status_messages_are_one_line_and_end_in_time) {
    mw_error err;
    (void)mw_fail(&err, MW_INVALID, "name: got \"%s\"", "a\nb\tc\x7f");
    MW_CHECK_EQUAL_STR(err.message, "name: got \"a b c \"");

    char long_text[3 * MW_ERROR_MESSAGE_MAX];
    memset(long_text, 'y', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    (void)mw_fail(&err, MW_INVALID, "%s", long_text);
    MW_CHECK_EQUAL_INT(strlen(err.message), MW_ERROR_MESSAGE_MAX - 1);
    (void)mw_fail_within(&err, MW_INVALID, "%s", long_text);
    MW_CHECK_EQUAL_INT(strlen(err.message), MW_ERROR_MESSAGE_MAX - 1);
    (void)mw_hint(&err, MW_INVALID, "%s", long_text);
    MW_CHECK_EQUAL_INT(strlen(err.hint), sizeof err.hint - 1);
}

MW_TEST(status_works_for_callers_who_want_no_message) {
    MW_CHECK_STATUS(mw_fail(NULL, MW_IO, "read: %s", "x"), MW_IO);
    MW_CHECK_STATUS(mw_hint(NULL, MW_IO, "x"), MW_IO);
    MW_CHECK_STATUS(mw_fail_within(NULL, MW_IO, "x"), MW_IO);
}

static mw_status fails_twice_removed(int *steps) {
    MW_TRY(MW_OK);
    ++*steps;
    MW_TRY(mw_fail(NULL, MW_BUSY, "lock: held"));
    ++*steps;
    return MW_OK;
}

MW_TEST(status_try_passes_a_failure_up_at_once) {
    int steps = 0;
    MW_CHECK_STATUS(fails_twice_removed(&steps), MW_BUSY);
    MW_CHECK_EQUAL_INT(steps, 1);
}
