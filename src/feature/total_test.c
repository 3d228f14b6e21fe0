#include "feature/total.h"

#include "testing/test.h"

#include <math.h>

MW_TEST(total_between_takes_back_what_came_before) {
    mw_total from = {0}, to = {0}, alone = {0};
    mw_total_add(&from, -0x1p62);
    mw_total_add(&to, -0x1p62);
    mw_total_add(&to, 0.1);
    mw_total_add(&alone, 0.1);
    mw_total between = mw_total_between(&from, &to);
    MW_CHECK_EQUAL_INT(between.count, 1);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_exact_sum_read(&between.sum), mw_exact_sum_read(&alone.sum));
}

MW_TEST(total_passes_over_what_no_sum_takes) {
    mw_total total = {0};
    static const double refused[] = {NAN, 0x1p63, -0x1p63};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) mw_total_add(&total, refused[i]);
    MW_CHECK_EQUAL_INT(total.count, 0);
    mw_total_add(&total, 3);
    mw_total_remove(&total, NAN);
    MW_CHECK_EQUAL_INT(total.count, 1);
    mw_total_remove(&total, 3);
    MW_CHECK(total.count == 0 && mw_exact_sum_read(&total.sum) == 0);
}
