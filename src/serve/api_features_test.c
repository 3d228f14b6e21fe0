#include "serve/shop_call_test.h"

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-11T00:00:00Z\"}"

static const char features[] = "/v1/models/quick/features", quick[] = "/v1/models/quick/predict";

/* What is seen grows with what was recorded, and asking records nothing. */
MW_TEST(api_shows_features_of_an_event) {
    shop s;
    shop_set_up(&s);
    for (int i = 0; i < 2; i++)
        MW_CHECK(shop_says(shop_call(&s, MW_HTTP_POST, features, "{\"event\": " ORDER(9) "}", 200),
                           "\"features\":{\"busy\":0}}"));
    shop_call(&s, MW_HTTP_POST, "/v1/events/orders",
              "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-10T12:00:00Z\"}", 200);
    shop_call(&s, MW_HTTP_POST, "/v1/clock", "{\"now\": \"1970-04-11T00:00:01Z\"}", 200);
    mw_str answer = shop_call(&s, MW_HTTP_POST, features, "{\"event\": " ORDER(9) "}", 200);
    MW_CHECK(shop_says(answer, "{\"event\":\"9\",\"t\":\"1970-04-11T00:00:00Z\",\"place\":"));
    MW_CHECK(shop_says(answer, "\"features\":{\"busy\":1}}"));
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
