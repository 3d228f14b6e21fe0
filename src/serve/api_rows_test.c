#include "serve/shop_call_test.h"

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"
#define NOW_ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-11T00:00:00Z\"}"

#define MOVED(number) \
    "{\"shop\": \"b\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"

static const char events[] = "/v1/events/orders", quick[] = "/v1/models/quick/predict";

MW_TEST(api_takes_rows_in_every_form) {
    shop s;
    shop_set_up(&s);
    static const char *const forms[] = {ORDER(1), "[" ORDER(2) "]", "{\"events\": [" ORDER(3) "]}",
                                        ORDER(4) "\n\n"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_POST, events, forms[i], 200),
                           "{\"rejected\":[],\"accepted\":1,\"repeats\":0,\"corrections\":0,"
                           "\"clock\":\"1970-04-11T00:00:00Z\"}");
    MW_CHECK_EQUAL_STR(shop_call(&s, MW_HTTP_POST, events, "[]", 200),
                       "{\"rejected\":[],\"accepted\":0,\"repeats\":0,\"corrections\":0,"
                       "\"clock\":\"1970-04-11T00:00:00Z\"}");
    shop_tear_down(&s);
}

MW_TEST(api_refuses_rows_one_by_one) {
    shop s;
    shop_set_up(&s);
    mw_str answer = shop_call(&s, MW_HTTP_POST, events,
                              ORDER(1) "\n{\n" ORDER(-1) "\n" ORDER(1) "\n" ORDER(2), 200);
    MW_CHECK(shop_says(answer, "[{\"row\":2,\"reason\":\"body: must be JSON"));
    MW_CHECK(shop_says(answer, "{\"row\":3,\"reason\":\"number: must be at least 0, got "));
    MW_CHECK(shop_says(answer, "\"accepted\":2,\"repeats\":1,"));
    shop_call(&s, MW_HTTP_POST, "/v1/events/nothing", ORDER(1), 404);
    shop_call(&s, MW_HTTP_POST, events, "{", 400);
    shop_tear_down(&s);
}

MW_TEST(api_predicts_one_row_or_many) {
    shop s;
    shop_set_up(&s);
    mw_str answer = shop_call(&s, MW_HTTP_POST, quick, "{\"event\": " NOW_ORDER(1) "}", 200);
    MW_CHECK(shop_says(answer, "\"model\":\"quick\""));
    MW_CHECK(shop_says(answer, "\"prediction\":0.731058578630") && !shop_says(answer, "recorded"));
    answer = shop_call(&s, MW_HTTP_POST, quick,
                       "{\"events\": [" NOW_ORDER(2) ", 5, " NOW_ORDER(3) "], \"record\": false}",
                       200);
    MW_CHECK(shop_says(answer, "{\"predictions\":[{\"id\":null,"));
    MW_CHECK(shop_says(answer, "{\"row\":2,\"reason\":\"event: must be an object, got 5\"}"));
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 1);
    shop_call(&s, MW_HTTP_POST, quick, "{\"event\": 5}", 422);
    shop_call(&s, MW_HTTP_POST, quick, "{\"event\": {}, \"record\": 1}", 422);
    shop_call(&s, MW_HTTP_POST, quick, "{\"event\": {}, \"explain\": 1}", 422);
    shop_call(&s, MW_HTTP_POST, "/v1/models/quic/predict", "{}", 404);
    shop_tear_down(&s);
}

MW_TEST(api_says_why_when_it_is_asked) {
    shop s;
    shop_set_up(&s);
    const char *const bodies[] = {"{\"event\": " NOW_ORDER(1) ", \"explain\": true}",
                                  "{\"events\": [" NOW_ORDER(2) "], \"explain\": true}"};
    for (int again = 0; again < 2; again++) /* the second time of what is recorded */
        for (size_t i = 0; i < 2; i++) {
            mw_str answer = shop_call(&s, MW_HTTP_POST, quick, bodies[i], 200);
            MW_CHECK(shop_says(answer, "\"why\":{\"expected\":1,\"reasons\":[],\"others\":0}"));
        }
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 2);
    shop_tear_down(&s);
}

MW_TEST(api_predicts_without_an_allocation_once_it_is_warm) {
    shop s;
    shop_set_up(&s);
    const char *body = "{\"event\": " NOW_ORDER(1) ", \"record\": false}";
    shop_call(&s, MW_HTTP_POST, quick, body, 200);
    mw_memory_fail_after(0);
    for (int i = 0; i < 100; i++) shop_call(&s, MW_HTTP_POST, quick, body, 200);
    mw_memory_fail_after(SIZE_MAX);
    shop_tear_down(&s);
}

/* A row that corrects waits for what it replaces, and the rest of the request with it: what comes
   out is what each row by itself gives, with what the request itself has appended among it. */
MW_TEST(api_corrects_in_the_middle_of_a_request) {
    static const char *const rows[] = {
        ORDER(1), MOVED(1), ORDER(2), "{\"number\": -1}", ORDER(1),
        MOVED(2), "{", MOVED(2), ORDER(3), MOVED(3),
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    shop s;
    shop_set_up(&s);
    mw_buf lines;
    mw_buf_init(&lines, 1 << 16);
    shop_call(&s, MW_HTTP_POST, events, ORDER(2), 200);
    for (size_t i = 0; i < COUNT; i++) mw_buf_printf(&lines, "%s\n", rows[i]);
    mw_str answer = shop_call(&s, MW_HTTP_POST, events, lines.data, 200);
    MW_CHECK(shop_says(answer, "{\"rejected\":[{\"row\":4,\"reason\":"));
    MW_CHECK(shop_says(answer, "},{\"row\":7,\"reason\":\"body: must be JSON"));
    MW_CHECK(shop_says(answer, "}],\"accepted\":2,\"repeats\":2,\"corrections\":4,"));
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).accepted, 3);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).corrections, 4);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).rejected, 1); /* the other is no row */
    shop_tear_down(&s);
    mw_buf_release(&lines);
}

/* A prediction that corrects its event first does so too. */
MW_TEST(api_corrects_before_it_predicts) {
    shop s;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, "[" NOW_ORDER(1) "," NOW_ORDER(2) "]", 200);
    mw_str answer = shop_call(&s, MW_HTTP_POST, quick,
                              "{\"event\": {\"shop\": \"b\", \"number\": 1, "
                              "\"at\": \"1970-04-11T00:00:00Z\"}}", 200);
    MW_CHECK(shop_says(answer, "\"model\":\"quick\""));
    answer = shop_call(&s, MW_HTTP_POST, quick,
                       "{\"events\": [" NOW_ORDER(3) ", {\"shop\": \"b\", \"number\": 2, "
                       "\"at\": \"1970-04-11T00:00:00Z\"}, " NOW_ORDER(4) "]}", 200);
    MW_CHECK(!shop_says(answer, "reason"));
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 4);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, 4);
    shop_tear_down(&s);
}

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

/* Beyond so many that wait others are refused; who has begun to wait is taken to its end. */
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
    s.reading_count = 0;
    for (size_t i = 0; i < COUNT; i++) {
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
