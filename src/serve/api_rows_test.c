#include "serve/shop_call_test.h"

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"
#define MOVED(number) \
    "{\"shop\": \"b\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"

static const char events[] = "/v1/events/orders";

/* What waits for others to be read back does not begin once its client has left. */
MW_TEST(api_begins_nothing_for_a_client_that_has_left) {
    shop s;
    shop_sent sent;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, ORDER(1), 200);
    s.reading_count = MW_LOOKBACKS_AT_ONCE_MAX;
    shop_send(&s, MW_HTTP_POST, events, MOVED(1), &sent);
    shop_carry_out(&s, &sent);
    mw_pause *pause = sent.call.pause;
    MW_CHECK(pause && !pause->is_over(pause));
    pause->is_forsaken = true;
    MW_CHECK(pause->is_over(pause)); /* though there is no room to begin */
    s.reading_count = 0;
    pause->end(pause);
    shop_tear_down(&s);
}

/* Beyond so many that wait others are refused, before a row of them is taken; who has begun is
   taken to its end. */
MW_TEST(api_bounds_those_that_wait) {
    enum { COUNT = MW_API_WAITING_MAX };
    static shop_sent sent[COUNT + 1];
    shop s;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, ORDER(1) "\n" ORDER(2), 200);
    s.reading_count = MW_LOOKBACKS_AT_ONCE_MAX;
    for (size_t i = 0; i <= COUNT; i++) {
        shop_send(&s, MW_HTTP_POST, events, "[" MOVED(1) "," MOVED(2) "]", &sent[i]);
        shop_carry_out(&s, &sent[i]);
        MW_CHECK((sent[i].call.pause != NULL) == (i < COUNT));
    }
    MW_CHECK_EQUAL_INT(s.response.code, 503);
    MW_CHECK_EQUAL_STR(mw_buf_str(&s.response.headers), "Retry-After: 1\r\n");
    MW_CHECK(shop_says(mw_buf_str(&s.response.body), "at most 256 may wait for what they correct"));
    shop_send(&s, MW_HTTP_POST, events, "[" ORDER(3) "," MOVED(2) "]", &sent[COUNT]);
    shop_carry_out(&s, &sent[COUNT]);
    MW_CHECK(sent[COUNT].call.pause != NULL); /* order 3 stands */
    s.reading_count = 0;
    for (size_t i = 0; i <= COUNT; i++) {
        mw_response_clear(&s.response);
        while (!sent[i].call.pause->is_over(sent[i].call.pause)) {}
        shop_carry_out(&s, &sent[i]);
        MW_CHECK(!sent[i].call.pause);
        MW_CHECK_EQUAL_INT(s.response.code, 200);
    }
    mw_str metrics = shop_call(&s, MW_HTTP_GET, "/metrics", "", 200);
    MW_CHECK(shop_says(metrics, "\nmillwright_waiting_requests 0\n"));
    MW_CHECK(shop_says(metrics, "\nmillwright_waiting_refused_total 1\n"));
    shop_tear_down(&s);
}
