#include "lang/parser.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(parser_says_what_it_expected) {
    static const mw_test_mistake cases[] = {
        {"amount +",
         ":1:20: features.a: expected a value, got the end of the expression\n"},
        {"amount 3",
         ":1:19: features.a: expected an operator or the end of the expression, got 3\n"},
        {"",
         ":1:1: features.a: expected a value, got the end of the expression\n"},
        {"(amount + 3",
         ":1:23: features.a: expected ), got the end of the expression\n"
         "    Inside [ ] or { } of YAML a comma ends the expression: put it in quotes, or on a "
         "line of its own.\n"},
        {"case amount when 3 then 4 end",
         ":1:17: features.a: expected when, got amount\n"},
        {"case when paid then 1",
         ":1:33: features.a: expected end, got the end of the expression\n"},
        {"1 < amount < 3",
         ":1:23: features.a: expected one comparison at a time, got <\n"
         "    Join them: a < b and b < c.\n"},
        {"not not paid",
         ":1:16: features.a: expected a condition after not, got not\n"},
        {"amount - - -3",
         ":1:23: features.a: expected a value after the sign, got -\n"},
        {"and paid",
         ":1:12: features.a: expected a value, got and\n"},
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
        {"mean(3 by shop)",
         ":1:17: features.a: expected a stream's name, got 3\n"},
        {"count(orders by shop over 24)",
         ":1:38: features.a: expected a span such as 24h, got 24\n"},
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
        {"now.3",
         ":1:16: features.a: expected a field's name after the dot, got 3\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(parser_names_what_is_not_built) {
    static const mw_test_mistake cases[] = {
        {"count(orders by shop over 1h every 1m)",
         ":1:41: features.a: `every` in a window is not built yet\n"},
        {"count(orders by shop over 1h aligned day)",
         ":1:41: features.a: `aligned` in a window is not built yet\n"},
        {"count(orders by shop over 1h since prices)",
         ":1:41: features.a: `since` in a window's range is not built yet\n"},
        {"count(orders by shop over 7d ago 7d - ahead)",
         ":1:50: features.a: `ahead` in an offset is not built yet\n"},
        {"std(orders.amount by shop over 1h)",
         ":1:12: features.a: the aggregate std is not built yet\n"},
        {"quantile(0.9)(orders.amount by shop over 1h)",
         ":1:12: features.a: the aggregate quantile is not built yet\n"},
        {"mean(amount within moment)",
         ":1:24: features.a: `within moment` is not built yet\n"},
        {"max(amount within moment)",
         ":1:23: features.a: `within moment` is not built yet\n"},
        {"[1, 2]",
         ":1:12: features.a: a list as a value is not built yet\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(parser_reads_moments) {
    static const mw_test_mistake cases[] = {
        {"orders",
         ":3:11: models.m.moment: expected on STREAM [at time - SPAN], got orders\n"},
        {"on",
         ":3:13: models.m.moment: expected a stream's name, got the end of the expression\n"},
        {"on orders at 3",
         ":3:24: models.m.moment: expected time, got 3\n"},
        {"on orders at time",
         ":3:28: models.m.moment: expected + or - and a span, got the end of the expression\n"},
        {"on orders at time - 3",
         ":3:31: models.m.moment: expected a span such as 24h, got 3\n"},
        {"on orders at time - 1h twice",
         ":3:34: models.m.moment: expected an operator or the end of the expression, got twice\n"},
        {"every 7d at \"mon 06:00\" for shop of orders",
         ":3:11: models.m.moment: a moment `every SPAN` is not built yet\n"},
        {"on orders each note as item",
         ":3:21: models.m.moment: `each` in a moment is not built yet\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: count(orders by shop over next 1d)\n"
                           "  moment: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS);
}
