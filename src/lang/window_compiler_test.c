#include "lang/model_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(windows_refuse_unknown_names) {
    static const mw_test_mistake cases[] = {
        {"last(pricess.price by shop over 1d)", ":1:17: features.a: there is no stream pricess\n"
                                                "    Did you mean prices?\n"},
        {"last(prices.prise by shop over 1d)",
         ":1:24: features.a: there is no field prise in prices\n"
         "    Did you mean price?\n"},
        {"last(prices.price by shopp over 1d)",
         ":1:33: features.a: there is no field shopp in prices\n"
         "    Did you mean shop?\n"},
        {"count(prices where prise > 3 by shop over 1d)",
         ":1:31: features.a: there is no field prise in prices\n"
         "    Did you mean price?\n"},
        {"count(prices by price = amout over 1d)",
         ":1:36: features.a: there is no feature amout, and no such field in orders\n"
         "    Did you mean amount?\n"},
        {"last(prices.(news.text) by shop over 1d)",
         ":1:25: features.a: a window over prices sees its own fields alone, got news.text\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(windows_refuse_values_that_an_aggregate_cannot_take) {
    static const mw_test_mistake cases[] = {
        {"mean(orders by shop over 1h)", ":1:17: features.a: mean needs a value of orders\n"
                                         "    Write mean(orders.FIELD by ...).\n"},
        {"mean(orders.note by shop over 1h)",
         ":1:24: features.a: mean takes a number, duration or bool, got a text\n"},
        {"max(orders.note by shop over 1h)",
         ":1:23: features.a: max takes a number, time or duration, got a text\n"},
        {"any(orders.amount by shop over 1h)",
         ":1:23: features.a: any takes a bool, got a number\n"},
        {"since(orders.amount by shop)", ":1:25: features.a: since is of events, not of a value\n"
                                         "    Write since(orders where CONDITION by ...).\n"},
        {"ratio(orders by shop over 1h)", ":1:12: features.a: ratio needs a condition\n"
                                          "    Write ratio(orders where CONDITION by ...).\n"},
        {"ratio(orders where amount by shop over 1h)",
         ":1:31: features.a: a window's condition must be a bool, got a number\n"},
        {"mean(orders.amount by shop)", ":1:12: features.a: mean needs a span to look over\n"
                                        "    Add over 24h, or the span that you mean.\n"},
        {"last(orders.last(prices.price by shop over 1d) by shop over 1d)",
         ":1:24: features.a: a window must not stand inside another window\n"
         "    Make the inner one a feature, or a field of the stream.\n"},
        {"count(orders where amount > now.amount by shop over 1h)",
         ":1:40: features.a: now.amount in a window's value or condition is not built yet\n"},
        {"count(orders by shop over 99999999d)",
         ":1:38: features.a: a window must reach at most 365000d from the moment\n"},
        {"since(prices by shop over next 1h)",
         ":1:43: features.a: since looks back alone, it takes no `next`\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(windows_refuse_keys_that_differ) {
    static const mw_test_mistake cases[] = {
        {"last(prices.price by shop = now.amount over 1d)",
         ":1:33: features.a: a key must have one type on both sides, got category in prices and "
         "number at the moment\n"},
        {"last(news.text by shop over 1d)",
         ":1:30: features.a: a key must have one type on both sides, got number in news and "
         "category at the moment\n"},
        {"count(prices by id over 1d)",
         ":1:25: features.a: `by id` needs the same id columns on both sides, prices and orders "
         "differ\n"
         "    Give both streams the same `id`, or name the keys.\n"},
        {"count(orders by shop = last(prices.price by shop over 1d) over 1d)",
         ":1:35: features.a: a window in a key is not built yet\n"},
        {"count(orders by shop = 3 over 1h)",
         ":1:28: features.a: a key must have one type on both sides, got category in orders and "
         "number at the moment\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(features_must_not_see_the_future) {
    static const mw_test_mistake cases[] = {
        {"mean(orders.amount by shop over next 2h)",
         ":1:49: features.a: a feature must not see the future: 2h ahead of the moment is not "
         "known yet in orders\n"
         "    Look back, or, if its events are announced that long before, declare known: time "
         "- 2h for orders.\n"},
        {"mean(prices.price by shop over next 2d)",
         ":1:48: features.a: a feature must not see the future: 2d ahead of the moment is not "
         "known yet in prices\n"
         "    Look back, or, if its events are announced that long before, declare known: time "
         "- 2d for prices.\n"},
        {"mean(prices.price by shop over next 12h after 13h)",
         ":1:48: features.a: a feature must not see the future: 25h ahead of the moment is not "
         "known yet in prices\n"
         "    Look back, or, if its events are announced that long before, declare known: time "
         "- 25h for prices.\n"},
        {"any(orders.judged by shop over next 1h)",
         ":1:48: features.a: a feature must not see the future: 1h ahead of the moment is not "
         "known yet in orders@at + 9d\n"
         "    Look back, or, if its events are announced that long before, declare known: time "
         "- 1h for orders.\n"},
        {"count(orders.refund + judged by shop over 2h)",
         ":1:12: features.a: a window must not mix later fields of different times, got refund "
         "and judged\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}
