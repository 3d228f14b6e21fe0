#include "serve/shop_call_test.h"

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-11T00:00:00Z\"}"

static const char events[] = "/v1/events/orders", quick[] = "/v1/models/quick/predict";

typedef struct {
    const char *target, *key, *token, *body;
} wish;

/* The body of the answer; whether it was given before stands in the response's headers. */
static mw_str ask(shop *s, wish wished, int code) {
    mw_router router = mw_api_router();
    mw_http_request request = {.method = MW_HTTP_POST, .body = mw_str_of(wished.body)};
    mw_route_call call;
    MW_CHECK(mw_target_parse(mw_str_of(wished.target), &request.target));
    request.headers[MW_HEADER_CONTENT_TYPE] = MW_STR("application/json");
    if (wished.key) request.headers[MW_HEADER_IDEMPOTENCY_KEY] = mw_str_of(wished.key);
    if (wished.token) request.headers[MW_HEADER_AUTHORIZATION] = mw_str_of(wished.token);
    mw_response_clear(&s->response);
    int route = mw_router_find(router, &request, &call, &s->response);
    router.routes[route].answer(&s->api, &call, &s->response);
    MW_CHECK_EQUAL_INT(s->response.code, code);
    return mw_buf_str(&s->response.body);
}

static bool is_replayed(const shop *s) {
    return mw_str_is(mw_buf_str(&s->response.headers), "Idempotency-Replayed: true\r\n");
}

static void check_alike(shop *s, mw_buf *first, bool is_settled) {
    const wish wished = {quick, "k1", NULL, "{\"event\": " ORDER(1) "}"};
    mw_error err;
    mw_buf_clear(first);
    mw_buf_append_str(first, ask(s, wished, 200));
    if (is_settled) MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    MW_CHECK_EQUAL_STR(ask(s, wished, 200), mw_buf_str(first));
    MW_CHECK(is_replayed(s));
}

MW_TEST(api_answers_twice_alike) {
    shop s;
    mw_buf first;
    mw_error err;
    shop_set_up(&s);
    mw_buf_init(&first, 10000);
    check_alike(&s, &first, false);
    check_alike(&s, &first, true);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    shop_close(&s);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    check_alike(&s, &first, true);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 1);
    mw_buf_release(&first);
    shop_tear_down(&s);
}

MW_TEST(api_takes_a_key_for_one_request_only) {
    shop s;
    shop_set_up(&s);
    mw_str answer = ask(&s, (wish){events, "k", NULL, ORDER(1)}, 200);
    MW_CHECK(!is_replayed(&s) && shop_says(answer, "\"accepted\":1"));
    answer = ask(&s, (wish){events, "k", NULL, ORDER(2)}, 422);
    MW_CHECK(shop_says(answer, "idempotency-key: it stands for another request"));
    /* Of somebody else, of another address, and without a key: other requests all. */
    answer = ask(&s, (wish){events, "k", "Bearer x", ORDER(1)}, 200);
    MW_CHECK(!is_replayed(&s) && shop_says(answer, "\"accepted\":0,\"repeats\":1"));
    (void)ask(&s, (wish){quick, "k", NULL, "{\"event\": " ORDER(3) "}"}, 200);
    MW_CHECK(!is_replayed(&s));
    (void)ask(&s, (wish){events, NULL, NULL, ORDER(1)}, 200);
    MW_CHECK(!is_replayed(&s));
    char long_key[300] = {0};
    memset(long_key, 'k', 256);
    answer = ask(&s, (wish){events, long_key, NULL, ORDER(1)}, 422);
    MW_CHECK(shop_says(answer, "idempotency-key: must have 1 to 255 bytes, got 256"));
    (void)ask(&s, (wish){events, "", NULL, ORDER(1)}, 422);
    shop_tear_down(&s);
}

MW_TEST(api_lets_who_was_refused_try_again_with_the_key) {
    shop s;
    shop_set_up(&s);
    (void)ask(&s, (wish){events, "k", NULL, "{"}, 400);
    (void)ask(&s, (wish){events, "k", NULL, ORDER(1)}, 200);
    MW_CHECK(!is_replayed(&s));
    (void)ask(&s, (wish){events, "k", NULL, ORDER(1)}, 200);
    MW_CHECK(is_replayed(&s));
    shop_tear_down(&s);
}

MW_TEST(api_keeps_a_receipt_for_a_day) {
    shop s;
    shop_set_up(&s);
    const wish wished = {events, "k", NULL, ORDER(1)};
    (void)ask(&s, wished, 200);
    shop_call(&s, MW_HTTP_POST, "/v1/clock", "{\"now\": \"1970-04-11T23:59:59Z\"}", 200);
    (void)ask(&s, wished, 200);
    MW_CHECK(is_replayed(&s));
    shop_call(&s, MW_HTTP_POST, "/v1/clock", "{\"now\": \"1970-04-12T00:00:10Z\"}", 200);
    mw_str answer = ask(&s, wished, 200);
    MW_CHECK(!is_replayed(&s) && shop_says(answer, "\"accepted\":0,\"repeats\":1"));
    shop_tear_down(&s);
}
