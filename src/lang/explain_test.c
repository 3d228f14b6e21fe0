#include "lang/explain.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <string.h>

static const char shops[] =
    "stream orders:\n"
    "  columns: shop category, amount number, at time\n"
    "  time: at\n"
    "  known: time - 2h\n"
    "  id: shop, at\n"
    "stream prices:\n"
    "  columns: shop category, place category, price number, day time\n"
    "  time: day\n"
    "stream places:\n"
    "  columns: shop category, size number\n"
    "  time: always\n"
    "feature usual: mean(orders.amount by shop over 3h)\n"
    "feature ratio: usual / sum(prices.price where price > 0 by place = now.shop, shop over 7d ago "
    "1d)\n"
    "feature ever: since(prices by shop)\n"
    "feature soon: count(orders by shop over next 1h after 30m)\n"
    "feature raw: amount\n"
    "feature size: last(places.size by shop)\n"
    "feature rise: trend(prices.price by shop over 7d) / std(prices.price by shop over 7d)\n"
    "feature high: quantile(0.95)(prices.price by shop over 7d)\n"
    "feature where: top(prices.place by shop over 7d)\n"
    "feature wide: distinct(prices.place by shop over 7d)\n"
    "feature dearer: count(orders where amount > now.amount and shop != 'x' by shop over 3h)\n"
    "model m:\n"
    "  moment: on orders at time - 1h\n"
    "  label: any(orders by shop over next 1d)\n";

static void check_text(size_t feature, const char *expected) {
    mw_test_project project = mw_test_compile(shops);
    mw_buf out;
    mw_buf_init(&out, 4096);
    const mw_model_program *model = project.model;
    mw_origins origins;
    MW_CHECK_OK(mw_origins_init(&origins, project.program, model, NULL), NULL);
    mw_origins_find(&origins, &model->features[feature]);
    mw_feature_explain(&origins, &model->features[feature], &out);
    mw_origins_release(&origins);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
    mw_test_project_release(&project);
}

MW_TEST(explain_says_what_a_window_back_holds) {
    check_text(0, "usual is a number: mean(orders.amount by shop over 3h)\n"
                  "mean(orders.amount by shop over 3h) is the mean of amount over the events of "
                  "orders with the same shop, in the 3h before the moment, known before the "
                  "moment; those with the predicted event's id are left out.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_says_keys_conditions_and_offsets) {
    check_text(1, "ratio is a number: usual / sum(prices.price where 0 < price by place = shop, "
                  "shop over 7d ago 1d)\n"
                  "sum(prices.price where 0 < price by place = shop, shop over 7d ago 1d) is the "
                  "sum of price over the events of prices with place equal to the moment's shop "
                  "and the same shop, where 0 < price, in the 7d before 1d before the moment, "
                  "known before the moment.\n"
                  "usual is a feature of its own.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_says_all_of_the_past_and_what_is_ahead) {
    check_text(2, "ever is a duration: since(prices by shop)\n"
                  "since(prices by shop) is the time since the last of the events of prices with "
                  "the same shop, ever before the moment, known before the moment.\n"
                  "The moment is 1h before the time of an event of orders.\n");
    check_text(3, "soon is a number: count(orders by shop over next 1h after 30m)\n"
                  "count(orders by shop over next 1h after 30m) is the number of the events of "
                  "orders with the same shop, in the 1h from 30m after the moment on, known before "
                  "the moment; the predicted event itself is left out.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_says_when_no_window_is_read) {
    check_text(4, "raw is a number: amount\n"
                  "It hangs on the moment and its own event alone.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_says_no_time_of_a_static_table) {
    check_text(5, "size is a number: last(places.size by shop)\n"
                  "last(places.size by shop) is the last of size over the events of places with "
                  "the same shop, known before the moment.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_says_what_a_spread_is) {
    check_text(6, "rise is a number: trend(prices.price by shop over 7d) / std(prices.price by "
                  "shop over 7d)\n"
                  "trend(prices.price by shop over 7d) is the slope per second of price over the "
                  "events of prices with the same shop, in the 7d before the moment, known before "
                  "the moment.\n"
                  "std(prices.price by shop over 7d) is the standard deviation of price over the "
                  "events of prices with the same shop, in the 7d before the moment, known before "
                  "the moment.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_says_how_near_a_quantile_is_and_where_counting_ends) {
    check_text(7, "high is a number: quantile(0.95)(prices.price by shop over 7d)\n"
                  "quantile(0.95)(prices.price by shop over 7d) is the quantile 0.95 (within 0.2 "
                  "%) of price over the events of prices with the same shop, in the 7d before the "
                  "moment, known before the moment.\n"
                  "The moment is 1h before the time of an event of orders.\n");
    check_text(8, "where is a category: top(prices.place by shop over 7d)\n"
                  "top(prices.place by shop over 7d) is the most frequent value of place over the "
                  "events of prices with the same shop, in the 7d before the moment, known before "
                  "the moment; missing over more than 10000 different values.\n"
                  "The moment is 1h before the time of an event of orders.\n");
    check_text(9, "wide is a number: distinct(prices.place by shop over 7d)\n"
                  "distinct(prices.place by shop over 7d) is the number of different values of "
                  "place over the events of prices with the same shop, in the 7d before the "
                  "moment, known before the moment; missing over more than 10000 different "
                  "values.\n"
                  "The moment is 1h before the time of an event of orders.\n");
}

MW_TEST(explain_tells_the_event_from_the_moment) {
    check_text(10, "dearer is a number: count(orders where (now.amount < amount) and (not (shop = "
                   "\"x\")) by shop over 3h)\n"
                   "count(orders where (now.amount < amount) and (not (shop = \"x\")) by shop over "
                   "3h) is the number of the events of orders with the same shop, where not (shop "
                   "= \"x\") and now.amount < amount (now: at the moment), in the 3h before the "
                   "moment, known before the moment; those with the predicted event's id are left "
                   "out.\n"
                   "The moment is 1h before the time of an event of orders.\n");
}

/* A window's key, or when it begins, may be what another one found. */
MW_TEST(explain_tells_the_windows_that_windows_wait_for) {
    mw_origins origins;
    mw_buf out;
    mw_buf_init(&out, 4096);
    mw_test_project project = mw_test_compile(
        "stream orders:\n  columns: shop category, at time\n  time: at\n  id: shop, at\n"
        "stream moves:\n  columns: shop category, place category, day time\n  time: day\n"
        "feature near: count(orders by shop = last(moves.place by shop) over 3h)\n"
        "model m:\n  moment: on orders\n  label: any(orders by shop over next 1d)\n");
    const mw_model_program *model = project.model;
    MW_CHECK_OK(mw_origins_init(&origins, project.program, model, NULL), NULL);
    mw_origins_find(&origins, &model->features[0]);
    mw_feature_explain(&origins, &model->features[0], &out);
    mw_buf_append_char(&out, 0);
    MW_CHECK(strstr(out.data, "\nlast(moves.place by shop) is the last of place over the events "));
    mw_origins_release(&origins);
    mw_buf_release(&out);
    mw_test_project_release(&project);
}

static void check_label(const char *text, const char *expected) {
    mw_test_project project = mw_test_compile(text);
    mw_buf out;
    mw_origins origins;
    mw_buf_init(&out, 4096);
    MW_CHECK_OK(mw_origins_init(&origins, project.program, project.model, NULL), NULL);
    mw_origins_find_label(&origins);
    mw_label_explain(&origins, &out);
    mw_origins_release(&origins);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
    mw_test_project_release(&project);
}

MW_TEST(explain_says_what_the_label_sees_and_when_it_matures) {
    check_label(
        shops,
        "label is a bool: any(orders by shop over next 1d)\n"
        "any(orders by shop over next 1d) is whether there is one of the events of orders with the "
        "same shop, in the 1d from the moment on, known when the label matures; the predicted "
        "event itself is left out.\n"
        "The moment is 1h before the time of an event of orders.\n"
        "It matures 1d 1h after the moment, all classes at once: it looks 1d ahead, and events of "
        "orders may become known 1h after their time (lag and `late`).\n"
        "Then it never changes; what comes later is counted. Where it is missing it makes no "
        "example.\n");
}

MW_TEST(explain_speaks_of_classes_where_there_are_some) {
    check_label(
        "stream orders:\n  columns: shop category, amount number, at time\n  time: at\n"
        "  id: shop, at\n"
        "model m:\n  moment: on orders\n  label: sum(orders.amount by shop over next 3h)\n",
        "label is a number: sum(orders.amount by shop over next 3h)\n"
        "sum(orders.amount by shop over next 3h) is the sum of amount over the events of orders "
        "with the same shop, in the 3h from the moment on, known when the label matures; the "
        "predicted event itself is left out.\n"
        "The moment is the time of an event of orders.\n"
        "It matures 4h after the moment: it looks 3h ahead, and events of orders may become known "
        "1h after their time (lag and `late`).\n"
        "Then it never changes; what comes later is counted. Where it is missing it makes no "
        "example.\n");
}

/* The slowest of its streams is the one that it waits for; `unless` and what is back count too. */
MW_TEST(explain_says_what_leaves_an_example_out) {
    check_label(
        "stream orders:\n  columns: shop category, amount number, at time\n  time: at\n"
        "  id: shop, at\n"
        "stream closings:\n  columns: shop category, day time\n  time: day\n  known: time + 2d\n"
        "feature usual: mean(orders.amount by shop over 3h)\n"
        "model m:\n  moment: on orders\n"
        "  label: sum(orders.amount by shop over next 3h) > usual unless any(closings by shop over "
        "next 1h)\n",
        "label is a bool: usual < sum(orders.amount by shop over next 3h)\n"
        "Where any(closings by shop over next 1h), the example is left out of training and "
        "metrics; the moment is answered all the same.\n"
        "sum(orders.amount by shop over next 3h) is the sum of amount over the events of orders "
        "with the same shop, in the 3h from the moment on, known when the label matures; the "
        "predicted event itself is left out.\n"
        "any(closings by shop over next 1h) is whether there is one of the events of closings with "
        "the same shop, in the 1h from the moment on, known when the label matures.\n"
        "usual is a feature of its own.\n"
        "The moment is the time of an event of orders.\n"
        "It matures 2d 4h after the moment, all classes at once: it looks 3h ahead, and events of "
        "closings may become known 2d 1h after their time (lag and `late`).\n"
        "Then it never changes; what comes later is counted. Where it is missing it makes no "
        "example.\n");
}
