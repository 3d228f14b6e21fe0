#include "base/prng.h"
#include "serve/shop_call_test.h"

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"
#define MOVED(number) \
    "{\"shop\": \"b\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"

#define NOW(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-11T00:00:00Z\"}"

static const char events[] = "/v1/events/orders", quick[] = "/v1/models/quick/predict";

/* What waits for others to be read back does not begin once its client has left. */
MW_TEST(api_begins_nothing_for_a_client_that_has_left) {
    shop s;
    shop_sent sent;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, ORDER(1), 200);
    shop_fill_lookbacks(&s);
    shop_send(&s, MW_HTTP_POST, events, MOVED(1), &sent);
    shop_carry_out(&s, &sent);
    mw_pause *pause = sent.call.pause;
    MW_CHECK(pause && !pause->is_over(pause));
    pause->is_forsaken = true;
    MW_CHECK(pause->is_over(pause)); /* though there is no room to begin */
    shop_free_lookbacks(&s);
    pause->end(pause);
    shop_tear_down(&s);
}

/* Those whose readings are left, since their time is over, take nobody's room once these end. */
MW_TEST(api_begins_when_what_was_left_has_ended) {
    shop s;
    shop_sent sent;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, ORDER(1), 200);
    shop_fill_lookbacks(&s);
    for (size_t i = 0; i < MW_LOOKBACKS_AT_ONCE_MAX; i++) {
        mw_row_needs needs = {s.gate.items[i], NULL};
        mw_receiving_leave(mw_service_receiving(s.service), needs);
        s.gate.items[i] = NULL;
    }
    shop_send(&s, MW_HTTP_POST, events, MOVED(1), &sent);
    shop_carry_out(&s, &sent);
    MW_CHECK(sent.call.pause && !sent.call.pause->is_over(sent.call.pause));
    lookback_gate_open(&s.gate);
    int64_t begun = mw_sys_monotonic_us(mw_sys_real());
    bool is_over = false;
    while (!is_over && mw_sys_monotonic_us(mw_sys_real()) - begun < 20 * MW_SECOND_US)
        is_over = sent.call.pause->is_over(sent.call.pause);
    MW_CHECK(is_over);
    shop_carry_out(&s, &sent);
    MW_CHECK(!sent.call.pause);
    MW_CHECK_EQUAL_INT(s.response.code, 200);
    shop_free_lookbacks(&s);
    shop_tear_down(&s);
}

/* Of none of these a row is taken before the one that waits. */
static void check_none_may_wait(shop *s) {
    static const struct {
        const char *path, *body;
    } others[] = {
        {events, "[{}," MOVED(2) "]"},
        {events, "[" ORDER(1) "," MOVED(2) "]"},
        {quick, "{\"events\": [{}," NOW(2) "]}"},
        {quick, "{\"events\": [" NOW(4) "," NOW(2) "]}"}, /* the first is predicted already */
        {quick, "{\"event\": {}}\n{\"event\": " NOW(2) "}"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        shop_sent sent;
        shop_send(s, MW_HTTP_POST, others[i].path, others[i].body, &sent);
        shop_carry_out(s, &sent);
        MW_CHECK(!sent.call.pause);
        MW_CHECK_EQUAL_INT(s->response.code, 503);
    }
}

/* What it waits for comes; one that waited for room waits for that again. */
static void finish(shop *s, shop_sent *sent) {
    while (sent->call.pause) {
        mw_response_clear(&s->response);
        while (!sent->call.pause->is_over(sent->call.pause)) {}
        shop_carry_out(s, sent);
    }
    MW_CHECK_EQUAL_INT(s->response.code, 200);
}

/* Beyond so many that wait others are refused, before a row of them is taken; who has begun is
   taken to its end. */
MW_TEST(api_bounds_those_that_wait) {
    enum { COUNT = MW_API_WAITING_MAX };
    static shop_sent sent[COUNT + 1];
    shop s;
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, ORDER(1) "\n" ORDER(2), 200);
    shop_call(&s, MW_HTTP_POST, quick, "{\"event\": " NOW(4) "}", 200);
    shop_fill_lookbacks(&s);
    for (size_t i = 0; i <= COUNT; i++) {
        shop_send(&s, MW_HTTP_POST, events, "[" MOVED(1) "," MOVED(2) "]", &sent[i]);
        shop_carry_out(&s, &sent[i]);
        MW_CHECK((sent[i].call.pause != NULL) == (i < COUNT));
    }
    MW_CHECK_EQUAL_INT(s.response.code, 503);
    MW_CHECK_EQUAL_STR(mw_buf_str(&s.response.headers), "Retry-After: 1\r\n");
    MW_CHECK(shop_says(mw_buf_str(&s.response.body), "at most 256 may wait for what they correct"));
    check_none_may_wait(&s);
    shop_send(&s, MW_HTTP_POST, events, "[" ORDER(3) "," MOVED(2) "]", &sent[COUNT]);
    shop_carry_out(&s, &sent[COUNT]);
    MW_CHECK(sent[COUNT].call.pause != NULL); /* order 3 stands */
    MW_CHECK_EQUAL_INT(s.api.waiting, COUNT); /* and it waits for room alone */
    shop_free_lookbacks(&s);
    MW_CHECK(!sent[COUNT].call.pause->is_over(sent[COUNT].call.pause));
    finish(&s, &sent[0]);
    shop_sent late; /* it does not take the room of one that has begun */
    shop_send(&s, MW_HTTP_POST, events, ORDER(1), &late);
    shop_fill_lookbacks(&s);
    shop_carry_out(&s, &late);
    MW_CHECK_EQUAL_INT(s.response.code, 503);
    shop_free_lookbacks(&s);
    for (size_t i = 1; i <= COUNT; i++) finish(&s, &sent[i]);
    MW_CHECK_EQUAL_INT(s.api.waiting + s.api.queued, 0);
    mw_str metrics = shop_call(&s, MW_HTTP_GET, "/metrics", "", 200);
    MW_CHECK(shop_says(metrics, "\nmillwright_waiting_requests 0\n"));
    MW_CHECK(shop_says(metrics, "\nmillwright_waiting_refused_total 7\n"));
    shop_tear_down(&s);
}

/* A body that has paused for more of itself waits for room like any other that has begun. */
MW_TEST(api_bounds_bodies_that_have_paused) {
    shop s;
    shop_sent sent;
    static char blank[MW_HTTP_PIECE_SIZE];
    shop_set_up(&s);
    shop_call(&s, MW_HTTP_POST, events, ORDER(1), 200);
    memset(blank, '\n', sizeof blank);
    shop_send(&s, MW_HTTP_POST, events, "\n", &sent);
    sent.request.body = (mw_str){blank, sizeof blank};
    sent.request.has_more = true;
    shop_carry_out(&s, &sent);
    MW_CHECK(sent.call.pause && sent.call.pause->kind == MW_PAUSE_FOR_BODY);
    sent.request.body = MW_STR(MOVED(1) "\n");
    sent.request.has_more = false;
    s.api.waiting = MW_API_WAITING_MAX;
    shop_carry_out(&s, &sent);
    mw_pause *pause = sent.call.pause;
    MW_CHECK(pause && pause->kind == MW_PAUSE_FOR_WORK && !pause->is_over(pause));
    MW_CHECK_EQUAL_INT(s.api.waiting, MW_API_WAITING_MAX);
    s.api.waiting = 0;
    finish(&s, &sent);
    MW_CHECK_EQUAL_INT(s.api.waiting + s.api.queued, 0);
    shop_tear_down(&s);
}

/* --- bodies that nobody would send ------------------------------------------------------- */

static const struct {
    const char *path, *body;
} bodies[] = {
    {"/v1/models/quick/predict", "{\"event\": " NOW(1) ", \"explain\": true}"},
    {"/v1/models/quick/predict", "{\"events\": [" NOW(2) ", " NOW(3) "], \"record\": false}"},
    {"/v1/models/quick/predict", "{\"event\": " NOW(4) "}\n{\"event\": " NOW(5) "}\n"},
    {"/v1/models/quick/features", "{\"event\": " NOW(6) "}"},
    {"/v1/models/late/predict", "{\"event\": " ORDER(11) "}"},
    {"/v1/events/orders", "[" ORDER(7) ", " MOVED(7) "]"},
    {"/v1/events/orders", "{\"events\": [" ORDER(8) "]}"},
    {"/v1/events/orders", ORDER(9) "\n" MOVED(9) "\n" ORDER(9)},
    {"/v1/events/deliveries", ORDER(10)},
};
enum { BODIES = sizeof bodies / sizeof *bodies };

/* Cuts some bytes out of the body, or puts others in: of what JSON is made of, or of its own. */
static void spoil(mw_buf *body, uint64_t *prng) {
    static const char *const pieces[] = {
        "{", "}", "[", "]", "\"", ",", ":", "\n", "0", "-", "null", "true", "1e999", "\xff",
        "\\u0000", "\\ud800", "99999999999999999999", "[[[[[", "\"event\":", "\"at\":",
        "\"refund\": 2,", "1970-04-11T00:00:00"};
    enum { PIECES = sizeof pieces / sizeof *pieces };
    mw_str all = mw_buf_str(body);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    size_t at = mw_prng_below(prng, all.size + 1);
    size_t rest = (all.size - at) / (1 + mw_prng_below(prng, 9));
    size_t end = at + (size_t)mw_prng_below(prng, 1 + rest);
    mw_buf_append(&out, all.data, at);
    switch (mw_prng_below(prng, 4)) {
    case 0: break; /* it is cut out */
    case 1: mw_buf_append_char(&out, (char)mw_prng_below(prng, 256)); break;
    case 2: mw_buf_append_text(&out, pieces[mw_prng_below(prng, PIECES)]); break;
    default: /* it comes twice */
        mw_buf_append(&out, all.data + at, end - at);
        mw_buf_append(&out, all.data + at, end - at);
    }
    mw_buf_append(&out, all.data + end, all.size - end);
    mw_buf_clear(body);
    mw_buf_append_str(body, mw_buf_str(&out));
    mw_buf_release(&out);
}

/* The code of the answer, which is told in JSON, or in lines of it. */
static int answer_of(shop *s, size_t kind, mw_str body) {
    shop_sent sent;
    shop_send(s, MW_HTTP_POST, bodies[kind].path, bodies[kind].body, &sent);
    sent.request.body = body;
    do {
        shop_carry_out(s, &sent);
        while (sent.call.pause && !sent.call.pause->is_over(sent.call.pause)) {}
    } while (sent.call.pause);
    mw_str rest = mw_buf_str(&s->response.body), line;
    MW_CHECK(rest.size > 0 || mw_str_trim(body).size == 0);
    while (mw_str_split(&rest, '\n', &line)) {
        yyjson_doc *doc = yyjson_read(line.data, line.size, 0);
        MW_CHECK(doc != NULL || line.size == 0);
        yyjson_doc_free(doc);
    }
    return s->response.code;
}

/* From its features on; what stands before tells the time. */
static mw_str features_in(mw_str answer) {
    const char *at = memmem(answer.data, answer.size, "\"features\"", strlen("\"features\""));
    MW_CHECK(at != NULL);
    return (mw_str){at, answer.size - (size_t)(at - answer.data)};
}

/* Each is answered, taken or refused; what was taken stands after a start from the log too. */
MW_TEST(api_answers_whatever_is_sent) {
    enum { SENT = 20000, COMMITTED = 50 };
    uint64_t prng = mw_test_seed();
    size_t good = 0, bad = 0;
    shop s;
    mw_error err;
    mw_buf body;
    mw_buf_init(&body, 1 << 16);
    shop_set_up(&s);
    for (int i = 0; i < SENT; i++) {
        size_t kind = (size_t)mw_prng_below(&prng, BODIES);
        mw_buf_clear(&body);
        mw_buf_append_text(&body, bodies[kind].body);
        for (uint64_t n = mw_prng_below(&prng, 5); n > 0; n--) spoil(&body, &prng);
        int code = answer_of(&s, kind, mw_buf_str(&body));
        MW_CHECK(code == 200 || (code >= 400 && code < 500));
        good += code == 200;
        bad += code != 200;
        if (i % COMMITTED == 0) MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    }
    MW_CHECK(good > SENT / 10 && bad > SENT / 10);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    size_t made = mw_ledger_count(mw_sequencer_ledger(s.sequencer));
    static const char key[] = "/v1/models/quick/features?shop=a&number=99";
    mw_str seen = shop_call(&s, MW_HTTP_GET, key, NULL, 200);
    mw_buf_clear(&body);
    mw_buf_append_str(&body, features_in(seen));
    shop_close(&s);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), made);
    seen = shop_call(&s, MW_HTTP_GET, key, NULL, 200);
    MW_CHECK(made > 0 && mw_str_ends(seen, mw_buf_str(&body)));
    mw_buf_release(&body);
    shop_tear_down(&s);
}
