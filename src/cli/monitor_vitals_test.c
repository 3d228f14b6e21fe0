#include "cli/monitor_vitals.h"

#include <math.h>

#include "testing/test.h"

static void check_requests(mw_serve_pulse pulse, const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 1000);
    mw_monitor_requests_append(&pulse, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

MW_TEST(monitor_vitals_tell_requests) {
    check_requests((mw_serve_pulse){.p50_s = NAN, .p99_s = NAN}, "0");
    check_requests((mw_serve_pulse){.asked = 1200, .failed = 3, .p50_s = 0.0001, .p99_s = 0.0025},
                   "1,200, p50 0.1 ms, p99 2.5 ms; 0.25 % failed, 0 % were refused");
    check_requests((mw_serve_pulse){.asked = 2, .refused = 2, .p50_s = NAN, .p99_s = NAN},
                   "2; 0 % failed, 100 % were refused");
}
