#include "serve/shop_baskets_test.h"

static mw_status rank_within(shop *s, const char *row, mw_ranking_wish wish, mw_ranking *ranking,
                             mw_error *err) {
    yyjson_doc *doc = shop_row(row);
    mw_status status =
        mw_service_rank(s->service, SHOP_QUICK, yyjson_doc_get_root(doc), wish, ranking, err);
    yyjson_doc_free(doc);
    return status;
}

static mw_status rank(shop *s, const char *row, bool record, mw_ranking *ranking, mw_error *err) {
    mw_ranking_wish wish = {.record = record, .size_max = SIZE_MAX};
    return rank_within(s, row, wish, ranking, err);
}

static const char three[] = "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\", "
                            "\"basket\": [\"tea\", \"cup\", \"tea\", \"bag\"]}";

static size_t events_in_log(const shop *s) {
    return mw_sequencer_read_stats(s->sequencer).log_events;
}

MW_TEST(service_rank_answers_each_element_once_by_its_name_where_they_tie) {
    static const char *const things[] = {"bag", "cup", "tea"};
    shop s;
    mw_error err;
    mw_ranking ranking, again;
    int64_t stamps[3];
    shop_set_up_baskets(&s);
    MW_CHECK(mw_service_ranks(s.service, SHOP_QUICK) && !mw_service_ranks(s.service, SHOP_LATE));
    MW_CHECK_OK(rank(&s, three, false, &ranking, &err), &err);
    MW_CHECK(ranking.count == 3 && !ranking.items[0].answer.is_recorded);
    MW_CHECK_EQUAL_INT(events_in_log(&s), 0);
    MW_CHECK_OK(rank(&s, three, true, &ranking, &err), &err);
    MW_CHECK_EQUAL_INT(ranking.count, 3);
    MW_CHECK_EQUAL_STR(ranking.event_id, "1");
    MW_CHECK_EQUAL_STR(ranking.element.name, "thing");
    for (size_t i = 0; i < 3; i++) {
        MW_CHECK_EQUAL_STR(mw_symbols_text(s.symbols, ranking.items[i].element.symbol), things[i]);
        MW_CHECK(ranking.items[i].answer.is_recorded);
        stamps[i] = ranking.items[i].answer.stamp;
    }
    MW_CHECK(stamps[0] != stamps[1] && stamps[1] != stamps[2] && stamps[0] != stamps[2]);
    MW_CHECK_EQUAL_INT(events_in_log(&s), 1);
    MW_CHECK_OK(rank(&s, three, true, &again, &err), &err); /* the same is told */
    MW_CHECK_EQUAL_INT(again.count, 3);
    for (size_t i = 0; i < 3; i++) MW_CHECK_EQUAL_INT(again.items[i].answer.stamp, stamps[i]);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, 3);
    shop_tear_down(&s);
}

MW_TEST(service_rank_refuses_what_was_ranked_with_other_contents) {
    shop s;
    mw_error err;
    mw_ranking ranking;
    shop_set_up_baskets(&s);
    MW_CHECK_OK(rank(&s, three, true, &ranking, &err), &err);
    MW_CHECK_STATUS(rank(&s, "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\", "
                             "\"basket\": [\"tea\"]}", true, &ranking, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "id: 1 was predicted with other contents");
    MW_CHECK_STATUS(rank(&s, "{\"shop\": \"a\", \"number\": 2, \"at\": \"1970-04-11T00:00:00Z\", "
                             "\"basket\": [\"tea\"], \"refund\": 1}", true, &ranking, &err),
                    MW_INVALID);
    MW_CHECK(strstr(err.message, "are not known yet"));
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, 3);
    shop_tear_down(&s);
}

MW_TEST(service_rank_says_nothing_of_a_list_without_elements) {
    static const char *const rows[] = {
        "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\", \"basket\": []}",
        "{\"shop\": \"a\", \"number\": 2, \"at\": \"1970-04-11T00:00:00Z\"}"};
    shop s;
    mw_error err;
    mw_ranking ranking;
    shop_set_up_baskets(&s);
    for (size_t i = 0; i < 2; i++) {
        MW_CHECK_OK(rank(&s, rows[i], true, &ranking, &err), &err);
        MW_CHECK_EQUAL_INT(ranking.count, 0);
        MW_CHECK_EQUAL_INT(events_in_log(&s), i + 1);
    }
    shop_tear_down(&s);
}

/* The list takes 25 bytes, the id at most 6. */
MW_TEST(service_rank_refuses_what_cannot_be_written_before_it_records_it) {
    shop s;
    mw_error err;
    mw_ranking ranking = {.count = 7};
    mw_ranking_wish wish = {.record = true, .element_size = 100, .size_max = 324 + 2};
    shop_set_up_baskets(&s);
    MW_CHECK_STATUS(rank_within(&s, three, wish, &ranking, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "basket: what is said of its elements must be at most 326 "
                                    "bytes, got up to 331: 100 for each of 3");
    MW_CHECK_EQUAL_STR(err.hint, "Ask for fewer elements in one event.");
    MW_CHECK(ranking.count == 7 && events_in_log(&s) == 0);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, 0);

    /* Neither does it correct what it would. */
    yyjson_doc *doc = shop_row("{\"shop\": \"b\", \"number\": 1, "
                               "\"at\": \"1970-04-11T00:00:00Z\"}");
    mw_event_standing standing;
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    MW_CHECK_OK(mw_service_take(s.service, SHOP_ORDERS, row, &standing, &err), &err);
    yyjson_doc_free(doc);
    MW_CHECK_STATUS(rank_within(&s, three, wish, &ranking, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(events_in_log(&s), 1);
    shop_tear_down(&s);
}

MW_TEST(service_rank_answers_what_just_fits) {
    shop s;
    mw_error err;
    mw_ranking ranking;
    mw_ranking_wish wish = {.record = true, .element_size = 100, .size_max = 331};
    shop_set_up_baskets(&s);
    MW_CHECK_OK(rank_within(&s, three, wish, &ranking, &err), &err);
    MW_CHECK_EQUAL_INT(ranking.count, 3);
    wish.size_max = 330; /* it stands, and cannot be told either */
    MW_CHECK_STATUS(rank_within(&s, three, wish, &ranking, &err), MW_INVALID);
    shop_tear_down(&s);
}

/* An order of so many things. */
static void append_order(mw_buf *out, int number, size_t thing_count) {
    mw_buf_printf(out, "{\"shop\": \"a\", \"number\": %d, \"at\": \"1970-04-11T00:00:00Z\", "
                  "\"basket\": [", number);
    for (size_t i = 0; i < thing_count; i++) mw_buf_printf(out, "%s\"t%zu\"", i ? ", " : "", i);
    mw_buf_append_text(out, "]}");
}

/* What is said of one thing takes 120 KB, and may take 320 by what is known before: 200 such fit an
   answer of 64 MiB, 600 do not. */
enum { NAME_SIZE = 40000, MANY = 600, FEW = 200 };
static const char quick[] = "/v1/models/quick/predict";

static void set_up_long_classes(shop *s, const char *each) {
    static char texts[2][NAME_SIZE];
    static const mw_str names[] = {{texts[0], NAME_SIZE}, {texts[1], NAME_SIZE}};
    for (int i = 0; i < 2; i++) memset(texts[i], 'a' + i, NAME_SIZE);
    shop_set_up_answers(s, (mw_values){names, 2}, each);
}

MW_TEST(service_rank_of_long_classes_is_refused_or_answered_whole) {
    shop s;
    mw_buf body;
    mw_buf_init(&body, 1 << 20);
    set_up_long_classes(&s, SHOP_EACH_THING);
    mw_buf_append_text(&body, "{\"event\": ");
    append_order(&body, 1, MANY);
    mw_buf_append_char(&body, '}');
    mw_str answer = shop_call(&s, MW_HTTP_POST, quick, body.data, 422);
    MW_CHECK(shop_says(answer, "basket: what is said of its elements must be at most 67043328 "
                               "bytes, got up to ") && shop_says(answer, " for each of 600"));
    MW_CHECK(mw_service_read_counts(s.service).predicted == 0 && events_in_log(&s) == 0);
    mw_buf_clear(&body);
    mw_buf_append_text(&body, "{\"events\": [");
    append_order(&body, 2, MANY);
    mw_buf_append_char(&body, ',');
    append_order(&body, 3, FEW);
    mw_buf_append_text(&body, "], \"record\": true}");
    answer = shop_call(&s, MW_HTTP_POST, quick, body.data, 200);
    MW_CHECK(shop_says(answer, "{\"row\":1,\"reason\":\"basket: what is said"));
    MW_CHECK(answer.size > (size_t)FEW * 3 * NAME_SIZE && shop_says(answer, "\"thing\":\"t199\""));
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, FEW);
    MW_CHECK_EQUAL_INT(events_in_log(&s), 1);
    mw_buf_release(&body);
    shop_tear_down(&s);
}

/* As the shop's version, but of what is busier than once its linear leaf is infinite both ways. */
static void promote_boundless(shop *s) {
    const mw_version *own;
    mw_forest_head head = {.feature_count = 1, .tree_count = 1, .class_count = 1,
                           .output = MW_OUTPUT_SIGMOID, .sigmoid = 1};
    mw_forest_node leaf = {.kind = MW_NODE_LINEAR, .value = 1};
    mw_buf bytes, terms;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    mw_buf_init(&terms, 1 << 10);
    mw_forest_term_append(&terms, (mw_forest_term){0, 1e308});
    mw_forest_term_append(&terms, (mw_forest_term){0, -1e308});
    leaf.terms = mw_buf_str(&terms);
    MW_CHECK_OK(mw_version_decode(&s->arena, mw_buf_str(&s->version), &own, &err), &err);
    mw_version version = *own;
    mw_forest_node_append(&bytes, &head, &leaf);
    MW_CHECK_OK(mw_forest_make(&s->arena, &head, mw_buf_str(&bytes), &version.forest, &err), &err);
    mw_buf_clear(&bytes);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    mw_champion champion = {.bytes = mw_buf_str(&bytes)};
    MW_CHECK_OK(mw_sequencer_promote(s->sequencer, SHOP_QUICK, &champion, &err), &err);
    mw_buf_release(&bytes);
    mw_buf_release(&terms);
}

/* They have an order of their own, as equal ones have, and are not taken for greater or less. */
MW_TEST(service_rank_puts_what_is_no_number_by_its_name) {
    static const char *const things[] = {"bag", "cup", "tea"};
    shop s;
    mw_error err;
    mw_ranking ranking;
    shop_set_up_baskets(&s);
    for (int number = 7; number < 10; number++) {
        char text[200];
        snprintf(text, sizeof text, "{\"shop\": \"a\", \"number\": %d, \"at\": "
                 "\"1970-04-10T23:30:00Z\", \"basket\": [\"tea\"]}", number);
        MW_CHECK_OK(rank(&s, text, true, &ranking, &err), &err);
    }
    promote_boundless(&s);
    MW_CHECK_OK(rank(&s, "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\", "
                         "\"basket\": [\"cup\", \"bag\", \"tea\"]}", true, &ranking, &err), &err);
    MW_CHECK_EQUAL_INT(ranking.count, 3);
    for (size_t i = 0; i < 3; i++) {
        MW_CHECK(isnan(ranking.items[i].answer.prediction.prediction));
        MW_CHECK_EQUAL_STR(mw_symbols_text(s.symbols, ranking.items[i].element.symbol), things[i]);
    }
    shop_tear_down(&s);
}

/* With an Idempotency-Key, which has one answer for all. */
static mw_str ask_by_key(shop *s, const mw_buf *body, const char *key, int code) {
    shop_sent sent;
    shop_send(s, MW_HTTP_POST, quick, body->data, &sent);
    sent.request.headers[MW_HEADER_IDEMPOTENCY_KEY] = mw_str_of(key);
    shop_carry_out(s, &sent);
    MW_CHECK(!sent.call.pause);
    MW_CHECK_EQUAL_INT(s->response.code, code);
    return mw_buf_str(&s->response.body);
}

static void append_list(mw_buf *out, int row_count, size_t thing_count) {
    mw_buf_append_text(out, "{\"events\": [");
    for (int i = 0; i < row_count; i++) {
        if (i > 0) mw_buf_append_char(out, ',');
        append_order(out, i, thing_count);
    }
    mw_buf_append_text(out, "]}");
}

MW_TEST(service_rank_and_lists_with_a_key_begin_only_if_they_fit_an_answer) {
    shop s;
    mw_buf body;
    mw_buf_init(&body, 1 << 20);
    set_up_long_classes(&s, "");
    append_list(&body, MANY, 0);
    mw_str answer = ask_by_key(&s, &body, "many", 422);
    MW_CHECK(shop_says(answer, "idempotency-key: answers must be at most 67043328 bytes together, "
                               "got up to ") && shop_says(answer, " for each of 600"));
    MW_CHECK(mw_service_read_counts(s.service).predicted == 0 && events_in_log(&s) == 0);
    mw_buf lines;
    mw_buf_init(&lines, 1 << 20);
    for (int i = 0; i < MANY; i++) {
        mw_buf_append_text(&lines, "{\"event\": ");
        append_order(&lines, i, 0);
        mw_buf_append_text(&lines, "}\n");
    }
    MW_CHECK(shop_says(ask_by_key(&s, &lines, "lines", 422), " for each of 601"));
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, 0);
    mw_buf_clear(&body);
    append_list(&body, FEW, 0);
    answer = ask_by_key(&s, &body, "few", 200);
    MW_CHECK(answer.size > (size_t)FEW * 3 * NAME_SIZE);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, FEW);
    mw_buf_release(&body);
    mw_buf_release(&lines);
    shop_tear_down(&s);
}

/* The first takes a third of the answer, and each might take nearly all of it. */
MW_TEST(service_rank_leaves_room_for_the_rows_to_come) {
    shop s;
    mw_buf body;
    mw_buf_init(&body, 1 << 20);
    set_up_long_classes(&s, SHOP_EACH_THING);
    append_list(&body, 3, FEW);
    mw_str answer = ask_by_key(&s, &body, "three", 200);
    MW_CHECK(shop_says(answer, "{\"row\":2,\"reason\":\"basket: what is said") &&
             shop_says(answer, "{\"row\":3,\"reason\":\"basket: what is said"));
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, FEW);
    mw_buf_release(&body);
    shop_tear_down(&s);
}
