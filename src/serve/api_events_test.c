#include "serve/api_rows.h"
#include "serve/shop_pour_test.h"

#define ORDER(number) \
    "{\"shop\": \"a\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"
#define MOVED(number) \
    "{\"shop\": \"b\", \"number\": " #number ", \"at\": \"1970-04-10T00:00:00Z\"}"

static const char events[] = "/v1/events/orders";

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

/* However its pieces are cut: rows that are new, repeat, correct or are refused, each as it is by
   itself, and numbered through. */
MW_TEST(api_takes_events_in_pieces) {
    mw_buf lines, out, whole;
    mw_buf_init(&lines, 1 << 20);
    mw_buf_init(&out, 1 << 20);
    mw_buf_init(&whole, 1 << 20);
    for (int i = 0; i < 300; i++)
        mw_buf_printf(&lines, "{\"shop\": \"%c\", \"number\": %d, \"at\": "
                      "\"1970-04-10T00:00:00Z\"}%s\n", i % 5 == 0 ? 'b' : 'a', i % 41 - (i == 200),
                      i % 97 == 50 ? "}" : "");
    for (size_t piece = 40000; piece > 20; piece = piece * 2 / 3) {
        shop s;
        shop_set_up(&s);
        size_t calls = shop_pour(&s, events, mw_buf_str(&lines), piece, &out);
        mw_str answer = mw_buf_str(&out);
        if (whole.size == 0) mw_buf_append_str(&whole, answer);
        MW_CHECK_EQUAL_STR(answer, whole.data);
        MW_CHECK(calls > lines.size / piece);
        MW_CHECK_EQUAL_INT(s.api.waiting, 0);
        shop_tear_down(&s);
    }
    MW_CHECK(shop_says(mw_buf_str(&whole), "{\"row\":51,\"reason\":\"body: must be JSON"));
    MW_CHECK(shop_says(mw_buf_str(&whole), "\"accepted\":41,"));
    mw_buf_release(&lines);
    mw_buf_release(&out);
    mw_buf_release(&whole);
}

/* Many rows, in whatever form, let others have their turn in between. */
MW_TEST(api_yields_in_the_midst_of_many_events) {
    enum { COUNT = 3 * MW_API_ROWS_A_TURN_MAX };
    mw_buf list;
    mw_buf_init(&list, 1 << 20);
    for (int i = 0; i < COUNT; i++)
        mw_buf_printf(&list, "%c{\"shop\": \"a\", \"number\": %d, \"at\": "
                      "\"1970-04-10T00:00:00Z\"}", i == 0 ? '[' : ',', i / 2);
    mw_buf_append_text(&list, "]");
    for (int has_key = 0; has_key < 2; has_key++) {
        shop s;
        shop_sent sent;
        int calls = 1;
        shop_set_up(&s);
        shop_send(&s, MW_HTTP_POST, events, list.data, &sent);
        if (has_key) sent.request.headers[MW_HEADER_IDEMPOTENCY_KEY] = MW_STR("k");
        for (shop_carry_out(&s, &sent); sent.call.pause; calls++) {
            MW_CHECK(sent.call.pause->kind == MW_PAUSE_FOR_TURN && !s.response.goes_on);
            mw_response_clear(&s.response);
            shop_carry_out(&s, &sent);
        }
        MW_CHECK(has_key ? calls == 1 : calls > 3); /* a key: all or nothing */
        MW_CHECK(shop_says(mw_buf_str(&s.response.body), "{\"rejected\":[],\"accepted\":768,"
                                                         "\"repeats\":768,\"corrections\":0"));
        shop_tear_down(&s);
    }
    mw_buf_release(&list);
}

/* What many corrections replace is read at once, though they are taken in several turns. */
MW_TEST(api_reads_at_once_what_a_list_corrects) {
    enum { COUNT = MW_API_ROWS_FORESEEN_MAX + MW_API_ROWS_A_TURN_MAX };
    shop s;
    mw_buf list;
    shop_sent sent;
    size_t pauses[3] = {0};
    mw_buf_init(&list, 1 << 20);
    shop_set_up(&s);
    for (int is_later = 0; is_later < 2; is_later++) {
        mw_buf_clear(&list);
        for (int i = 0; i < COUNT; i++)
            mw_buf_printf(&list, "%c{\"shop\": \"%c\", \"number\": %d, \"at\": "
                          "\"1970-04-10T00:00:00Z\"}", i == 0 ? '[' : ',', 'a' + is_later, i);
        mw_buf_append_text(&list, "]");
        shop_send(&s, MW_HTTP_POST, events, list.data, &sent);
        for (shop_carry_out(&s, &sent); sent.call.pause; shop_carry_out(&s, &sent)) {
            mw_pause *pause = sent.call.pause;
            pauses[pause->kind]++;
            while (pause->kind == MW_PAUSE_FOR_WORK && !pause->is_over(pause)) {}
            mw_response_clear(&s.response);
        }
    }
    MW_CHECK(shop_says(mw_buf_str(&s.response.body), "\"corrections\":2560,"));
    MW_CHECK_EQUAL_INT(pauses[MW_PAUSE_FOR_WORK], 2);
    MW_CHECK_EQUAL_INT(pauses[MW_PAUSE_FOR_BODY], 0);
    MW_CHECK(pauses[MW_PAUSE_FOR_TURN] > 4);
    shop_tear_down(&s);
    mw_buf_release(&list);
}

MW_TEST(api_counts_refusals_that_are_too_many_to_list) {
    enum { COUNT = 20000 };
    shop s;
    mw_buf lines, out;
    size_t listed = 0;
    mw_buf_init(&lines, 1 << 22);
    mw_buf_init(&out, 1 << 22);
    shop_set_up(&s);
    for (int i = 0; i < COUNT; i++) mw_buf_append_text(&lines, "{\"number\": -1}\n");
    (void)shop_pour(&s, events, mw_buf_str(&lines), 100000, &out);
    mw_str answer = mw_buf_str(&out);
    yyjson_doc *doc = yyjson_read(answer.data, answer.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    listed = yyjson_arr_size(yyjson_obj_get(root, "rejected"));
    MW_CHECK(listed > COUNT / 4 && out.size < 2 << 20);
    MW_CHECK_EQUAL_INT(yyjson_get_uint(yyjson_obj_get(root, "unlisted")) + listed, COUNT);
    yyjson_doc_free(doc);
    shop_tear_down(&s);
    mw_buf_release(&lines);
    mw_buf_release(&out);
}
