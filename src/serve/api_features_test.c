#include "serve/shop_call_test.h"

#include <stdio.h>

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-11T00:00:00Z\"}"

static const char features[] = "/v1/models/quick/features", quick[] = "/v1/models/quick/predict";

/* What is seen grows with what was recorded, and asking records nothing. */
MW_TEST(api_shows_features_of_an_event) {
    shop s;
    shop_set_up(&s);
    for (int i = 0; i < 2; i++)
        MW_CHECK(shop_says(shop_call(&s, MW_HTTP_POST, features, "{\"event\": " ORDER(9) "}", 200),
                           "\"features\":{\"busy\":0},\"not_proved_exact\":[]}"));
    shop_call(&s, MW_HTTP_POST, "/v1/events/orders",
              "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-10T12:00:00Z\"}", 200);
    shop_call(&s, MW_HTTP_POST, "/v1/clock", "{\"now\": \"1970-04-11T00:00:01Z\"}", 200);
    mw_str answer = shop_call(&s, MW_HTTP_POST, features, "{\"event\": " ORDER(9) "}", 200);
    MW_CHECK(shop_says(answer, "{\"event\":\"9\",\"t\":\"1970-04-11T00:00:00Z\",\"place\":"));
    MW_CHECK(shop_says(answer, "\"features\":{\"busy\":1},\"not_proved_exact\":[]}"));
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 0);
    shop_call(&s, MW_HTTP_POST, quick, "{\"event\": " ORDER(9) "}", 200); /* no repeat */
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 1);
    shop_tear_down(&s);
}

MW_TEST(api_shows_features_of_many_and_refuses_some) {
    shop s;
    shop_set_up(&s);
    mw_str answer = shop_call(&s, MW_HTTP_POST, features,
                              "{\"events\": [" ORDER(1) ", 5, " ORDER(2) "]}", 200);
    MW_CHECK(shop_says(answer, "{\"rows\":[{\"event\":\"1\""));
    MW_CHECK(shop_says(answer, "{\"row\":2,\"reason\":\"event: must be an object, got 5\"},"
                               "{\"event\""));
    shop_call(&s, MW_HTTP_POST, features, "{", 400);
    shop_call(&s, MW_HTTP_POST, features, "{}", 422);
    shop_call(&s, MW_HTTP_POST, features, "{\"event\": {\"shop\": 5.5}}", 422);
    shop_call(&s, MW_HTTP_POST, "/v1/models/quack/features", "{}", 404);
    shop_tear_down(&s);
}

static const char key_features[] = "/v1/models/quick/features?shop=a";

/* The same bits as of an event of that moment, and nothing is recorded. */
MW_TEST(api_shows_features_of_a_key) {
    shop s;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, "/v1/events/orders",
              "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-10T12:00:00Z\"}", 200);
    shop_call(&s, MW_HTTP_POST, "/v1/clock", "{\"now\": \"1970-04-11T00:00:01Z\"}", 200);
    mw_str answer = shop_call(&s, MW_HTTP_GET, key_features, NULL, 200);
    MW_CHECK(shop_says(answer, "{\"model\":\"quick\",\"version\":\""));
    MW_CHECK(shop_says(answer, "\"t\":\"1970-04-11T00:00:01.000001Z\","
                               "\"place\":\"1970-04-11T00:00:01.000001Z\","
                               "\"features\":{\"busy\":1},\"not_proved_exact\":[],"
                               "\"lacks\":{},\"clock\":"));
    answer = shop_call(&s, MW_HTTP_GET, key_features, NULL, 200);
    MW_CHECK(shop_says(answer, "\"place\":\"1970-04-11T00:00:01.000001Z\"")); /* none was taken */
    answer = shop_call(&s, MW_HTTP_GET, "/v1/models/quick/features?shop=b&number=7", NULL, 200);
    MW_CHECK(shop_says(answer, "\"features\":{\"busy\":0},\"not_proved_exact\":[],\"lacks\":{}"));
    answer = shop_call(&s, MW_HTTP_GET, "/v1/models/quick/features?shop=a&number=1", NULL, 200);
    MW_CHECK(shop_says(answer, "\"features\":{\"busy\":0}")); /* its own event is left out */
    answer = shop_call(&s, MW_HTTP_GET, "/v1/models/late/features?shop=a", NULL, 200);
    MW_CHECK(shop_says(answer, "\"features\":{\"busy\":1}")); /* an hour before its event */
    shop_tear_down(&s);
}

MW_TEST(api_says_what_a_key_lacks) {
    shop s;
    shop_set_up(&s);
    mw_str answer = shop_call(&s, MW_HTTP_GET, "/v1/models/quick/features?number=3", NULL, 200);
    MW_CHECK(shop_says(answer, "\"features\":{},\"not_proved_exact\":[],"
                               "\"lacks\":{\"busy\":[\"shop\"]}"));
    answer = shop_call(&s, MW_HTTP_GET, "/v1/models/quick/features", NULL, 200);
    MW_CHECK(shop_says(answer, "\"features\":{},\"not_proved_exact\":[],"
                               "\"lacks\":{\"busy\":[\"shop\"]}"));
    shop_tear_down(&s);
}

MW_TEST(api_refuses_what_is_no_key) {
    static const struct {
        const char *query, *says;
        int code;
    } cases[] = {
        {"shpo=a", "shpo: stream orders has no such field\",\"hint\":\"Did you mean shop?", 422},
        {"shop=a&shop=b", "shop: must be given once", 422},
        {"number=x", "number: ", 422},
        {"shop=%ff", "shop: must be UTF-8", 400},
        {"shop=%zz", "shop: is wrongly escaped", 400},
        {"shop=a&at=1970-04-11T00:00:00Z",
         "at: cannot be given, for the features of a key are those of now", 422},
        {"shop=a&t=1970-04-11T00:00:00Z", "For another time send the event by POST.", 422},
        {"refund=1", "refund: becomes known later", 422},
    };
    shop s;
    shop_set_up(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char target[200];
        snprintf(target, sizeof target, "/v1/models/quick/features?%s", cases[i].query);
        MW_CHECK(shop_says(shop_call(&s, MW_HTTP_GET, target, NULL, cases[i].code),
                           cases[i].says));
    }
    shop_call(&s, MW_HTTP_GET, "/v1/models/quack/features?shop=a", NULL, 404);
    shop_tear_down(&s);
}
