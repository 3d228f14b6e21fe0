#include "lang/model_compiler.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(features_refuse_names_that_mean_nothing) {
    static const mw_test_mistake cases[] = {
        {"amout", ":1:12: features.a: there is no feature amout, and no such field in orders\n"
                  "    Did you mean amount?\n"},
        {"now.amout", ":1:12: features.a: there is no feature amout, and no such field in orders\n"
                      "    Did you mean amount?\n"},
        {"a", ":1:12: features.a: there is no feature a, and no such field in orders\n"
              "    Inside a feature its own name is the moment's field.\n"},
        {"orders",
         ":1:12: features.a: there is no feature orders, and no such field in orders\n"
         "    orders is a stream: say what of it, as in count(orders by KEY over 24h).\n"},
        {"refund", ":1:12: features.a: refund of orders is known only after the moment\n"
                   "    Earlier events may be used: last(orders.refund by KEY over 24h).\n"},
        {"prices.price",
         ":1:12: features.a: prices.price: a field of another stream must stand in a window\n"
         "    Write last(prices.price by KEY over 24h).\n"},
        {"price.price", ":1:12: features.a: there is no stream price\n"
                        "    Did you mean prices?\n"},
        {"nosuch.price", ":1:12: features.a: there is no stream nosuch\n"},
        {"at", ":1:12: features.a: a feature must not be a time, which never comes back\n"
               "    Take a part of it, hour(x), or an age, time - x.\n"},
    };
    mw_test_check_mistakes("feature a: ", cases, sizeof cases / sizeof cases[0],
                           MW_TEST_SHOPS_MODEL);
}

MW_TEST(features_refuse_circles_and_clashes) {
    static const mw_test_mistake cases[] = {
        {"feature a: b + 1\n"
         "feature b: c\n"
         "feature c: a",
         ":3:12: features.c: the features go in a circle: a -> b -> c -> a\n"},
        {"feature a: mean(orders.amount by shop over {1h, 2h})\n"
         "feature b: a",
         ":2:12: features.b: there is no feature a, and no such field in orders\n"
         "    Its spans made several features: say a_1h.\n"},
        {"feature a_1h: 1\n"
         "feature a: count(orders by shop over {1h, 2h})",
         ":2:12: features.a: there is another feature a_1h\n"},
        {"feature a_1h: count(orders by shop over {2h, 3h})\n"
         "feature a: count(orders by shop over {1h, 2h})",
         ":2:12: features.a: there is another feature a_1h\n"},
        {"feature a: count(orders by shop over {1h, 2h})\n"
         "feature a_1h: count(orders by shop over {2h, 3h})",
         ":2:15: features.a_1h: there is another feature a_1h\n"},
        {"feature a: count(orders by shop over {1h, 2h}) / count(orders by shop over {1h, 3h})",
         ":1:76: features.a: the sets of spans in one feature must be the same\n"},
        {"feature time: 3",
         ":1:1: features.time: a feature's name must be letters, digits and _, and not time, "
         "now, true or false\n"},
        {"feature a-b: 3",
         ":1:1: features.a-b: a feature's name must be letters, digits and _, and not time, "
         "now, true or false\n"},
        {"feature a: amount\n"
         "feature a: amount",
         ":2:12: features.a: there is another feature a\n"},
        {"feature A: amount\n"
         "feature a: amount",
         ":2:12: features.a: there is another feature A\n"
         "    Parquet and SQL know no case: call a otherwise.\n"},
        {"feature v_1: amount\n"
         "feature v: vector(amount, 1)",
         ":2:12: features.v: there is another feature v_1\n"},
        {"feature Label: amount",
         ":1:1: features.Label: a feature must not be called id or label, for these are columns "
         "beside it, got Label\n"},
        {"feature shop: last(prices.price by shop over 1d)\n"
         "feature b: count(orders by shop over 1d)",
         ":2:28: features.b: a key must have one type on both sides, got category in orders and "
         "number at the moment\n"
         "    For the moment's own field write by shop = now.shop.\n"},
    };
    mw_test_check_mistakes("", cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS_MODEL);
}

/* Where not all fit, what is behind the last feature is not theirs. */
MW_TEST(vectors_are_not_compiled_in_part) {
    static const char five[] = "feature w0: ngrams(shop, 1, 1, 4095)\n"
                               "feature w1: ngrams(shop, 1, 1, 4095)\n"
                               "feature w2: ngrams(shop, 1, 1, 4095)\n"
                               "feature w3: ngrams(shop, 1, 1, 4095)\n"
                               "feature w4: ngrams(shop, 1, 1, 4096)";
    mw_test_mistake one = {five, ":5:13: features.w4: there must be at most 16384 features\n"};
    mw_test_check_mistakes("", &one, 1, MW_TEST_SHOPS_MODEL);
}

MW_TEST(labels_must_see_what_comes_after) {
    static const mw_test_mistake cases[] = {
        {"amount > 3",
         ":3:10: models.m.label: it sees nothing after the moment, so it can never become known "
         "later\n"
         "    Look ahead: last(STREAM.field by id over next 2d).\n"},
        {"sum(orders.amount by shop over 1d) > 3",
         ":3:10: models.m.label: it sees nothing after the moment, so it can never become known "
         "later\n"
         "    Look ahead: last(STREAM.field by id over next 2d).\n"},
        {"refund", ":3:10: models.m.label: refund of orders is known only after the moment\n"
                   "    Write last(orders.refund by id over next 2d).\n"},
        {"last(orders.shop by shop over next 1d)", ""}, /* a class */
        {"last(orders.at by shop over next 1d)",
         ":3:10: models.m.label: must be a bool, a number, a span or a class, got a time\n"},
        {"last(orders.refund by id over next 3d) > 2 unless amount",
         ":3:60: models.m.label: the condition after `unless` must be a bool, got a number\n"},
        {"sum(orders.amount by shop over next {1d, 2d})",
         ":3:46: models.m.label: a label must have one span, not a set\n"},
        {"", ":1:1: models.m.label: a model must say what it learns\n"
             "    Add label: EXPRESSION over what comes after the moment.\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  moment: on orders\n"
                           "  label: ",
                           cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS);
}

MW_TEST(moments_must_know_their_event) {
    static const mw_test_mistake cases[] = {
        {"on orders at time - 1h",
         ":3:21: models.m.moment: 1h before its time an event of orders is not known yet\n"
         "    Declare known: time - 1h for orders if that holds, or predict at its time.\n"},
        {"on prices at time - 2d",
         ":3:21: models.m.moment: 2d before its time an event of prices is not known yet\n"
         "    Declare known: time - 2d for prices if that holds, or predict at its time.\n"},
        {"on news at time - 1h",
         ":3:19: models.m.moment: 1h before its time an event of news is not known yet\n"
         "    Declare known: time - 1h for news if that holds, or predict at its time.\n"},
        {"on order", ":3:14: models.m.moment: there is no stream order\n"
                     "    Did you mean orders?\n"},
        {"", ":1:1: models.m.moment: a model must say when it predicts\n"
             "    Add moment: on STREAM.\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: sum(orders.refund by shop = \"x\" over next 1d)\n"
                           "  moment: ",
                           cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS);
}

MW_TEST(models_need_a_stream_where_something_happens) {
    static const mw_test_mistake cases[] = {
        {"on s", ":5:14: models.m.moment: s has `time: always`: nothing happens there to predict "
                 "at\n"},
    };
    mw_test_check_mistakes("stream s:\n  columns: k category, x number\n  time: always\n"
                           "model m:\n  moment: ",
                           cases, 1, "\n  label: count(s by k)\n");
}

/* Each doubles the one before and shares it: 2^40 operations, unless they are counted before
   somebody walks them. */
static void check_doubled(const char *kind, const char *first, const char *last,
                          const char *mistakes) {
    mw_buf text;
    mw_buf_init(&text, 1 << 16);
    mw_buf_printf(&text, "stream orders:\n  columns: shop category, amount number, at time\n"
                         "  time: at\n  id: shop, at\n%s a0: %s\n", kind, first);
    for (int i = 1; i <= 40; i++)
        mw_buf_printf(&text, "%s a%d: a%d + a%d\n", kind, i, i - 1, i - 1);
    mw_buf_printf(&text, "%s b: ", kind);
    mw_buf_append_char(&text, 0);
    mw_test_mistake one = {last, mistakes};
    mw_test_check_mistakes(text.data, &one, 1, "\nmodel m:\n  moment: on orders\n"
                                               "  label: count(orders by shop over next 1d)\n");
    mw_buf_release(&text);
}

#define TOO_LARGE(place)                                                                       \
    place "an expression must have at most 16384 operations, with the features that it groups" \
          " by\n    Split it into several features.\n"

MW_TEST(features_are_counted_before_they_are_walked) {
    check_doubled("feature", "amount", "count(orders by amount = a40 over 1d)",
                  TOO_LARGE(":46:37: features.b: "));
    check_doubled("feature", "amount", "count(orders by amount = a12 over 1d)", "");
    check_doubled("  field", "count(orders by shop over 1d)",
                  "count(orders where amount > now.a40 by shop over 1d)",
                  TOO_LARGE(":46:40: streams.orders.fields.b: "));
    check_doubled("  field", "count(orders by shop over 1d)",
                  "count(orders where amount > now.a9 by shop over 1d)", "");
}
