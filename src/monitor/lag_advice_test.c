#include "monitor/lag_advice.h"

#include "testing/test.h"

static void check(mw_stream stream, int64_t late_us, const char *expected) {
    mw_buf out;
    mw_buf_init(&out, MW_LAG_ADVICE_SIZE_MAX);
    stream.name = MW_STR("orders");
    mw_freshness_reading reading = {.told_count = 1234, .late_us = late_us};
    mw_lag_advice_append(&out, &stream, &reading);
    MW_CHECK_OK(mw_buf_check(&out, "advice", NULL), NULL);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

#define MANY ", but 99 in 100 of the last day's 1234 events came up to "

MW_TEST(lag_advice_says_what_to_declare) {
    check((mw_stream){.lag_us = 0}, 2 * MW_HOUR_US + 5,
          "orders are declared as known at their time" MANY
          "2h later: `known: time + 2h` says so");
    check((mw_stream){.lag_us = 10 * MW_MINUTE_US}, 70 * MW_SECOND_US + 1,
          "orders are declared as known 10m after their time" MANY
          "1m 10s later: `known: time + 12m` says so");
    check((mw_stream){.lag_us = 0}, 50 * MW_HOUR_US,
          "orders are declared as known at their time" MANY
          "3d later: `known: time + 3d` says so");
}

MW_TEST(lag_advice_of_what_is_announced_or_dated) {
    check((mw_stream){.ahead_us = MW_DAY_US}, 3 * MW_HOUR_US,
          "orders are declared as known 1d before their time" MANY
          "3h later: `known: time - 21h` says so");
    check((mw_stream){.ahead_us = MW_DAY_US}, MW_DAY_US,
          "orders are declared as known 1d before their time" MANY
          "1d later: `known: time` says so");
    check((mw_stream){.ahead_us = MW_HOUR_US}, 3 * MW_HOUR_US,
          "orders are declared as known 1h before their time" MANY
          "3h later: `known: time + 2h` says so");
    check((mw_stream){.known_is_column = true}, MW_HOUR_US,
          "orders are declared as known as a column says" MANY
          "1h later: that time must be the one at which they come");
    check((mw_stream){.is_later = true}, MW_HOUR_US,
          "orders are declared as known at the time that `later` gives them" MANY
          "1h later: that time must be the one at which they come");
}
