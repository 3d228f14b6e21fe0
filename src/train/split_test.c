#include "train/split.h"

#include "train/examples_world_test.h"

MW_TEST(split_learns_only_from_what_had_matured) {
    examples_world w;
    examples_world_begin(&w);
    for (int64_t hour = 0; hour < 100; hour++)
        examples_world_add(&w, hour * MW_HOUR_US, "ann", 1, hour % 2);
    mw_split split;
    MW_CHECK_OK(mw_split_by_time(&w.examples, 100, 60 * MW_HOUR_US, &split, NULL), NULL);
    MW_CHECK_EQUAL_INT(split.train_count, 59); /* hours 0 to 58: the last matured at hour 60 */
    MW_CHECK_EQUAL_INT(split.embargoed_count, 1);
    MW_CHECK_EQUAL_INT(split.test_first, 60);
    MW_CHECK_EQUAL_INT(split.test_count, 40);
    MW_CHECK(split.test_to == 99 * MW_HOUR_US + 1 && split.train_from == 0);

    MW_CHECK_OK(mw_split_by_time(&w.examples, 50, MW_TEST_LATEST, &split, NULL), NULL);
    MW_CHECK_EQUAL_INT(split.test_count, 10); /* a fifth of the first 50 */
    examples_world_end(&w);
}

MW_TEST(split_tests_on_at_most_thirty_days) {
    examples_world w;
    examples_world_begin(&w);
    for (int64_t day = 0; day < 365; day++)
        examples_world_add(&w, day * MW_DAY_US, "ann", 1, day % 2);
    mw_split split;
    MW_CHECK_OK(mw_split_by_time(&w.examples, 365, MW_TEST_LATEST, &split, NULL), NULL);
    MW_CHECK_EQUAL_INT(split.test_count, 30);
    examples_world_end(&w);
}

MW_TEST(split_says_why_there_is_nothing_to_learn) {
    examples_world w;
    examples_world_begin(&w);
    mw_split split;
    mw_error err;
    MW_CHECK_STATUS(mw_split_by_time(&w.examples, 0, MW_TEST_LATEST, &split, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "models.comes: no label has matured (0 were missing, 0 dropped "
                                    "by unless)");
    MW_CHECK_EQUAL_STR(err.hint, "A label matures 2h after its moment; millwright features build "
                                 "shows the moments.");
    examples_world_add(&w, 0, "ann", 1, true);
    MW_CHECK_STATUS(mw_split_by_time(&w.examples, 1, 0, &split, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "models.comes: no label had matured before the test part "
                                    "begins (1970-01-01T00:00:00Z)");
    examples_world_end(&w);
}
