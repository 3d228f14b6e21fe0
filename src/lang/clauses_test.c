#include "lang/parser.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(clauses_reads_lists_behind_in_alone) {
    static const mw_test_mistake cases[] = {
        {"amount in [1, 2]", ""},
        {"[1, 2]", ":1:12: features.a: expected a value, got [\n"
                   "    A list of constants stands behind `in` alone: x in [1, 2].\n"},
        {"length({1, 2})", ":1:19: features.a: expected a value, got {\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(clauses_reads_the_fraction_of_a_quantile) {
    static const mw_test_mistake cases[] = {
        {"quantile(0.9)(orders.amount by shop over 1h)", ""},
        {"quantile(orders.amount by shop over 1h)",
         ":1:21: features.a: expected a fraction such as 0.9, got orders\n"
         "    Write quantile(0.9)(STREAM.FIELD by ...).\n"},
        {"quantile(0.9 (orders.amount by shop over 1h)",
         ":1:25: features.a: expected ), got (\n"},
        {"quantile(0.9) * 2", ":1:26: features.a: expected (, got *\n"},
        {"quantile(1.01)(orders.amount by shop over 1h)",
         ":1:21: features.a: quantile takes a fraction from 0 to 1 of at most 6 decimals, got "
         "1.01\n"},
        {"quantile(0.1234567)(orders.amount by shop over 1h)",
         ":1:21: features.a: quantile takes a fraction from 0 to 1 of at most 6 decimals, got "
         "0.1234567\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}
