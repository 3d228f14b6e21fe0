#include "serve/api_rows.h"
#include "serve/shop_pour_test.h"

#define NOW_ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-11T00:00:00Z\"}"

static const char events[] = "/v1/events/orders", quick[] = "/v1/models/quick/predict";

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

#define OLD_ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-10T20:00:00Z\"}"

/* Orders are late by an hour at most, and from then on windows let go what they will not need. Of a
   model without any (recalling_test.c) what is not recorded is answered. */
MW_TEST(api_refuses_moments_whose_windows_have_moved_on) {
    static const char *const asked[][2] = {
        {quick, "{\"event\": " OLD_ORDER(7) "}"},
        {quick, "{\"event\": " OLD_ORDER(7) ", \"record\": false}"},
        {"/v1/models/quick/features", "{\"event\": " OLD_ORDER(7) "}"}};
    shop s;
    shop_set_up(&s);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        mw_str answer = shop_call(&s, MW_HTTP_POST, asked[i][0], asked[i][1], 422);
        MW_CHECK(shop_says(answer, "its event must be known within 1h of its time"));
        MW_CHECK(shop_says(answer, "millwright predict, which has their windows"));
    }
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

/* What is recorded is kept: ledger and windows grow, by doubling and by pages, not by requests. */
MW_TEST(api_records_predictions_with_few_allocations) {
    enum { WARM = 100, ASKED = 2000, ALLOCATIONS_MAX = ASKED / 20 };
    shop s;
    char body[200];
    shop_set_up(&s);
    for (int i = 0; i < WARM + ASKED; i++) {
        if (i == WARM) mw_memory_fail_after(ALLOCATIONS_MAX);
        snprintf(body, sizeof body,
                 "{\"event\": {\"shop\": \"a\", \"number\": %d, "
                 "\"at\": \"1970-04-11T00:00:00Z\"}}",
                 i);
        shop_call(&s, MW_HTTP_POST, quick, body, 200);
        MW_CHECK_OK(mw_sequencer_commit(s.sequencer, NULL), NULL);
    }
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), WARM + ASKED);
    shop_tear_down(&s);
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

/* --- lines, parts --------------------------------------------------------------------------- */

/* Questions of all kinds, and what each is answered by itself, or is refused for. */
static void ask_one_by_one(shop *s, int count, mw_buf *lines, mw_buf *answers) {
    for (int i = 0; i < count; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"event\": {\"shop\": \"%s\", \"number\": %d, "
                 "\"at\": \"1970-04-11T00:00:00Z\"}%s%s}", i % 7 == 0 ? "b" : "a",
                 i % 13 - (i == 65), i % 3 == 0 ? "" : ", \"record\": false",
                 i % 11 == 0 ? ", \"explain\": true" : "");
        mw_buf_printf(lines, "%s\n", text);
        mw_response_clear(&s->response);
        shop_sent sent;
        shop_send(s, MW_HTTP_POST, quick, text, &sent);
        for (shop_carry_out(s, &sent); sent.call.pause; shop_carry_out(s, &sent))
            while (!sent.call.pause->is_over(sent.call.pause)) {}
        if (s->response.code == 200) mw_buf_append_str(answers, mw_buf_str(&s->response.body));
        mw_buf_append_text(answers, "\n");
    }
}

static size_t count_of(mw_str text, const char *word) {
    size_t count = 0;
    for (size_t at = 0; at < text.size; at++)
        count += mw_str_starts(mw_str_slice(text, at, text.size), mw_str_of(word));
    return count;
}

/* Each line is answered as it would be alone, in pieces of whatever size; corrections, which wait,
   in their midst. */
MW_TEST(api_predicts_line_by_line) {
    enum { COUNT = 150 };
    mw_buf lines, answers, out;
    mw_buf_init(&lines, 1 << 20);
    mw_buf_init(&answers, 1 << 20);
    mw_buf_init(&out, 1 << 20);
    shop s;
    shop_set_up(&s);
    ask_one_by_one(&s, COUNT, &lines, &answers);
    shop_tear_down(&s);
    for (size_t piece = 40000; piece > 30; piece /= 2) {
        size_t row = 0, same = 0;
        shop_set_up(&s);
        (void)shop_pour(&s, quick, mw_buf_str(&lines), piece, &out);
        mw_str given = mw_buf_str(&out), line;
        mw_str expected = mw_buf_str(&answers), alone;
        MW_CHECK_EQUAL_STR(mw_str_of(s.response.content_type), "application/x-ndjson");
        for (; mw_str_split(&given, '\n', &line) && line.size > 0; row++) {
            char start[40];
            MW_CHECK(mw_str_split(&expected, '\n', &alone));
            snprintf(start, sizeof start, "{\"row\":%zu,\"reason\":", row + 1);
            same += mw_str_equal(line, alone);
            if (alone.size > 0) MW_CHECK_EQUAL_STR(line, alone);
            else MW_CHECK(mw_str_starts(line, mw_str_of(start)));
        }
        MW_CHECK_EQUAL_INT(row, COUNT);
        MW_CHECK(same > COUNT / 2 && same < COUNT);
        shop_tear_down(&s);
    }
    mw_buf_release(&lines);
    mw_buf_release(&answers);
    mw_buf_release(&out);
}

MW_TEST(api_refuses_lines_one_by_one) {
    shop s;
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    shop_set_up(&s);
    (void)shop_pour(&s, quick, MW_STR("{\n[]\n{\"event\": 5}\n{\"events\": []}\n"
                               "{\"event\": {}, \"record\": 1}\n\n"
                               "{\"event\": " NOW_ORDER(1) "}"), 20, &out);
    mw_str answer = mw_buf_str(&out);
    MW_CHECK_EQUAL_INT(count_of(answer, "{\"row\":"), 5);
    MW_CHECK(shop_says(answer, "{\"row\":1,\"reason\":\"body: must be JSON"));
    MW_CHECK(shop_says(answer, "{\"row\":4,\"reason\":\"body: has no "));
    MW_CHECK(shop_says(answer, "{\"row\":5,\"reason\":\"record: must be true or false"));
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 1);
    shop_tear_down(&s);
    mw_buf_release(&out);
}

enum { LIST_COUNT = 3000 };

static void write_list(mw_buf *list) {
    mw_buf_append_text(list, "{\"record\": false, \"events\": [");
    for (int i = 0; i < LIST_COUNT; i++)
        mw_buf_printf(list, "%s%s", i == 0 ? "" : ",", NOW_ORDER(1));
    mw_buf_append_text(list, "]}");
}

/* The answer to a list leaves in parts; with a key it is kept whole. Another version that is made
   champion in its midst does not answer the rest. */
MW_TEST(api_answers_a_list_in_parts_by_one_version) {
    mw_buf list, out, other;
    mw_buf_init(&list, 1 << 20);
    mw_buf_init(&out, 1 << 22);
    mw_buf_init(&other, 1 << 20);
    write_list(&list);
    for (int kind = 0; kind < 3; kind++) {
        shop s;
        shop_sent sent;
        size_t calls = 1, rows_before = 0;
        mw_error err;
        shop_set_up(&s);
        mw_buf_clear(&out);
        mw_buf_clear(&other);
        shop_send(&s, MW_HTTP_POST, quick, list.data, &sent);
        if (kind == 1) sent.request.headers[MW_HEADER_IDEMPOTENCY_KEY] = MW_STR("k");
        for (shop_carry_out(&s, &sent); sent.call.pause; calls++) {
            MW_CHECK(sent.call.pause->kind == MW_PAUSE_FOR_TURN && s.response.goes_on);
            MW_CHECK(s.response.body.size < 2 * MW_API_PART_SIZE);
            MW_CHECK_EQUAL_INT(sent.request.body.size, 0); /* it is needed no more */
            mw_buf_append_str(&out, mw_buf_str(&s.response.body));
            if (kind == 2 && calls == 2) {
                shop_encode_version(&s, "d2", &other);
                mw_champion champion = {.bytes = mw_buf_str(&other)};
                MW_CHECK_OK(mw_sequencer_promote(s.sequencer, SHOP_QUICK, &champion, &err), &err);
                rows_before = count_of(mw_buf_str(&out), "\"prediction\":");
            }
            mw_response_clear(&s.response);
            shop_carry_out(&s, &sent);
        }
        MW_CHECK_EQUAL_INT(s.response.code, 200);
        mw_buf_append_str(&out, mw_buf_str(&s.response.body));
        MW_CHECK(kind == 1 ? calls == 1 : calls > 3);
        yyjson_doc *doc = yyjson_read(out.data, out.size, 0);
        yyjson_val *made = yyjson_obj_get(yyjson_doc_get_root(doc), "predictions");
        MW_CHECK_EQUAL_INT(yyjson_arr_size(made), LIST_COUNT);
        size_t refused = count_of(mw_buf_str(&out), "answered the rows before");
        MW_CHECK_EQUAL_INT(refused, kind == 2 ? LIST_COUNT - rows_before : 0);
        yyjson_doc_free(doc);
        shop_tear_down(&s);
    }
    mw_buf_release(&list);
    mw_buf_release(&out);
    mw_buf_release(&other);
}
