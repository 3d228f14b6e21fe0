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
        {"count(prices where shop = Bakery by shop over 1d)",
         ":1:38: features.a: there is no field Bakery in prices\n"
         "    A text stands in quotes: \"Bakery\".\n"},
        {"mean(amount by shop over 1d)",
         ":1:17: features.a: there is no stream amount\n"
         "    It is a field of orders: write orders.amount.\n"},
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
         ":1:24: features.a: mean takes a number, duration or bool, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"quantile(0.5)(orders.note by shop over 1h)",
         ":1:33: features.a: quantile takes a number, duration or bool, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"distinct(orders by shop over 1h)", ":1:21: features.a: distinct needs a value of orders\n"
                                             "    Write distinct(orders.FIELD by ...).\n"},
        {"top(orders.note by shop)", ":1:12: features.a: top needs a span to look over\n"
                                     "    Add over 24h, or the span that you mean.\n"},
        {"top(orders.note by shop over 1h) = 3",
         ":1:45: features.a: = takes no text and number\n"},
        {"std(orders.note by shop over 1h)",
         ":1:23: features.a: std takes a number, duration or bool, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"trend(orders by shop over 1h)", ":1:18: features.a: trend needs a value of orders\n"
                                          "    Write trend(orders.FIELD by ...).\n"},
        {"var(orders.amount by shop)", ":1:12: features.a: var needs a span to look over\n"
                                       "    Add over 24h, or the span that you mean.\n"},
        {"max(orders.note by shop over 1h)",
         ":1:23: features.a: max takes a number, time or duration, got a text\n"
         "    A column is a number if its first rows are written as 80.9, or `types` "
         "says so; 80,9 is a text.\n"},
        {"any(orders.amount by shop over 1h)",
         ":1:23: features.a: any takes a bool, got a number\n"},
        {"all(orders.amount by shop over 1h)",
         ":1:23: features.a: all takes a bool, got a number\n"},
        {"all(orders by shop over 1h)", ":1:16: features.a: all needs a value of orders\n"
                                        "    Write all(orders.FIELD by ...).\n"},
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
        {"count(orders where amount > now.amont by shop over 1h)",
         ":1:40: features.a: there is no feature amont, and no such field in orders\n"
         "    Did you mean amount?\n"},
        {"count(orders where amount > now.b by shop over 1h)\nfeature b: amount",
         ":1:40: features.a: there is no feature b, and no such field in orders\n"
         "    It is a feature, and `now.` reads the moment's row alone.\n"},
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
        {"count(orders by id over 1d)",
         ":1:25: features.a: it holds nothing `by id`, for the predicted event's own id is left "
         "out\n"
         "    Name keys that other events share, by a customer or a place.\n"},
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
         ":1:48: features.a: a feature must not see the future: a field of orders that becomes "
         "known later is not known ahead\n"
         "    Look back.\n"},
        {"count(orders.refund + judged by shop over 2h)",
         ":1:12: features.a: a window must not mix later fields of different times, got refund "
         "and judged\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

/* A mistake in `known` or `id` is told once, not again by all that leans on them. */
MW_TEST(windows_are_silent_about_mistakes_of_their_stream) {
    static const mw_test_mistake cases[] = {
        {"  known: time * 2\n  id: k",
         ":4:15: streams.s.known: * takes no time and number\n"},
        {"  known: time - 1d\n  id: kk",
         ":5:7: streams.s.id: there is no field kk in s\n    Did you mean k?\n"},
        {"  known: time - 1d\n  id: k, kk",
         ":5:7: streams.s.id: there is no field kk in s\n    Did you mean k?\n"},
    };
    mw_test_check_mistakes("stream s:\n  columns: k category, t time, x number\n  time: t\n", cases,
                           sizeof cases / sizeof cases[0],
                           "\nfeature a: count(s by k over next 1h)\n"
                           "model m:\n"
                           "  moment: on s at time - 1h\n"
                           "  label: last(s.x by k over next 1d)\n");
}

/* Rule 3: without an id nothing tells the predicted event from the others. */
MW_TEST(windows_ahead_need_the_id_of_the_predicted_event) {
    static const mw_test_mistake cases[] = {
        {"count(s by k over next 1h) > 0",
         ":6:33: models.m.label: a window ahead over s would hold the predicted event itself, for "
         "the stream has no id\n"
         "    Add id: COLUMN to s.\n"},
        {"sum(s.x by k over next 1h) > 0", ""},
    };
    mw_test_check_mistakes("stream s:\n  columns: k category, t time, x number\n  time: t\n"
                           "  later x: t + 1h\nmodel m:\n  label: ",
                           cases, sizeof cases / sizeof cases[0], "\n  moment: on s\n");
}

MW_TEST(windows_over_a_static_table_take_no_time) {
    static const mw_test_mistake cases[] = {
        {"sum(s.x by k)", ""},
        {"last(s.x by k over 1d)", ":5:31: features.a: a window over s takes no span, for it has "
                                   "`time: always`\n"
                                   "    Leave `over` out: it holds all events with the keys.\n"},
        {"since(s by k)", ":5:12: features.a: since needs times, s has `time: always`\n"},
        {"std(s.x by k)", ""},
        {"trend(s.x by k)", ":5:12: features.a: trend needs times, s has `time: always`\n"},
        {"count(s where time > k by k)",
         ":5:26: features.a: an event of s has no time, for it has `time: always`\n"},
    };
    mw_test_check_mistakes("stream s:\n  columns: k category, x number\n  time: always\n  id: k\n"
                           "feature a: ",
                           cases, sizeof cases / sizeof cases[0],
                           "\nstream e:\n  columns: k category, t time\n  time: t\n  id: t\n"
                           "model m:\n"
                           "  moment: on e\n"
                           "  label: count(e by k over next 1d)\n");
}

/* A hundred uses of 4,096 windows added up would take 85 MB of the compiler's 64, each a copy. */
MW_TEST(windows_share_what_they_ask_of_the_row_more_than_once) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_append_text(&text, "  field f0: count(s by k over 1h)\n");
    for (int i = 1; i <= 12; i++)
        mw_buf_printf(&text, "  field f%d: f%d + f%d\n", i, i - 1, i - 1);
    mw_buf_append_text(&text, "  field g: count(s where now.f12 > 0");
    for (int i = 1; i < 100; i++) mw_buf_append_text(&text, " or now.f12 > 0");
    mw_buf_append_text(&text, " by k over 1h)");
    const mw_test_mistake cases[] = {
        {text.data,
         ":17:12: streams.s.fields.g: a window must have at most 65536 bytes of text\n"}};
    mw_test_check_mistakes("stream s:\n  columns: k category, t time\n  time: t\n", cases, 1,
                           "\nmodel m:\n  moment: on s\n  label: any(s by k over next 1h)\n");
    mw_buf_release(&text);
}
