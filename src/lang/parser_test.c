#include "lang/parser.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(parser_says_what_it_expected) {
    static const mw_test_mistake cases[] = {
        {"amount +", ":1:20: features.a: expected a value, got the end of the expression\n"},
        {"amount 3",
         ":1:19: features.a: expected an operator or the end of the expression, got 3\n"},
        {"Joined On",
         ":1:19: features.a: expected an operator or the end of the expression, got On\n"
         "    A name of several words stands in backquotes: `First Name`.\n"},
        {"amount is null",
         ":1:19: features.a: expected an operator or the end of the expression, got is\n"
         "    Write missing(x).\n"},
        {"shop LIKE 'a%'",
         ":1:17: features.a: expected an operator or the end of the expression, got LIKE\n"
         "    Write contains(x, y).\n"},
        {"amount over 3h",
         ":1:19: features.a: expected an operator or the end of the expression, got over\n"},
        {"", ":1:1: features.a: expected a value, got the end of the expression\n"},
        {"(amount + 3",
         ":1:23: features.a: expected ), got the end of the expression\n"
         "    Inside [ ] or { } of YAML a comma ends the expression: put it in quotes, or on a "
         "line of its own.\n"},
        {"case amount when 3 then 4 end", ":1:17: features.a: expected when, got amount\n"},
        {"case when paid then 1",
         ":1:33: features.a: expected end, got the end of the expression\n"},
        {"1 < amount < 3", ":1:23: features.a: expected one comparison at a time, got <\n"
                           "    Join them: a < b and b < c.\n"},
        {"not not paid", ":1:16: features.a: expected a condition after not, got not\n"},
        {"amount - - -3", ":1:23: features.a: expected a value after the sign, got -\n"},
        {"and paid", ":1:12: features.a: expected a value, got and\n"},
        {"mean(orders.amount by shop",
         ":1:38: features.a: expected ), got the end of the expression\n"
         "    Inside [ ] or { } of YAML a comma ends the expression: put it in quotes, or on a "
         "line of its own.\n"},
        {"mean(orders.amount over 3h)",
         ":1:31: features.a: expected by, got over\n"
         "    A window is written mean(STREAM.field by key over 24h).\n"},
        {"mean(orders.amount by shop over {1h",
         ":1:47: features.a: expected }, got the end of the expression\n"
         "    Inside [ ] or { } of YAML a comma ends the expression: put it in quotes, or on a "
         "line of its own.\n"},
        {"avg(orders.amount by shop over 1h)",
         ":1:12: features.a: there is no aggregate avg\n    Write mean.\n"},
        {"summ(orders.amount by shop over 1h)",
         ":1:12: features.a: there is no aggregate summ\n    Did you mean sum?\n"},
        {"total(orders where paid by shop over 1h)",
         ":1:12: features.a: there is no aggregate total\n"
         "    They are count, sum, mean, min, max, first, last, any, all, since, ratio, var, std, "
         "trend, quantile, distinct and top.\n"},
        {"mean(3 by shop)", ":1:17: features.a: expected a stream's name, got 3\n"},
        {"count(orders by shop over 24)",
         ":1:38: features.a: expected a span such as 24h, got 24\n"
         "    The unit stands right behind the number: us, ms, s, m, h, d or w.\n"},
        {"count(orders by shop over 0h)",
         ":1:38: features.a: a window's span must be longer than nothing, got 0h\n"},
        {"count(orders by shop over 1h after 1h)",
         ":1:41: features.a: expected ago, got after\n"
         "    A window back is moved by `ago`, a window ahead by `after`.\n"},
        {"count(orders by shop over 1h ago 1h - 2h)",
         ":1:45: features.a: `ago` must not be negative: the window would begin on the moment's "
         "other side\n"},
        {"shop in [1",
         ":1:22: features.a: expected ], got the end of the expression\n"
         "    Inside [ ] or { } of YAML a comma ends the expression: put it in quotes, or on a "
         "line of its own.\n"},
        {"now.3", ":1:16: features.a: expected a field's name after the dot, got 3\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

/* A function goes around the value behind the stream, not around both; min and max are such
   functions themselves. */
MW_TEST(parser_says_where_the_stream_stands) {
    static const mw_test_mistake cases[] = {
        {"last(concat(orders.shop, '|', shop) by shop)",
         ":1:23: features.a: expected by, got (\n"
         "    The stream stands first, as in last(STREAM.concat(a, b) by key).\n"},
        {"max(1h, abs(orders.amount) by shop over 3h)",
         ":1:39: features.a: expected ), got by\n"
         "    The stream stands first, as in last(STREAM.concat(a, b) by key).\n"},
        {"min(abs(amount) where paid by shop over 3h)",
         ":1:28: features.a: expected ), got where\n"
         "    The stream stands first, as in last(STREAM.concat(a, b) by key).\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}
