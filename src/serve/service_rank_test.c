#include "serve/shop_call_test.h"

#include <stdio.h>

/* The shop, with a basket for each order, and a moment for each thing in it. */
static void set_up_baskets(shop *s) {
    static const char columns[] = "refund number\n", moment[] = "moment: on orders\n";
    const char *first = strstr(shop_text, columns), *second = strstr(shop_text, moment);
    char text[sizeof shop_text + 100];
    mw_error err;
    shop_set_up(s);
    shop_close(s);
    const char *rest = first + strlen(columns);
    snprintf(text, sizeof text, "%.*srefund number, basket list\n%.*smoment: on orders each basket "
             "as thing\n%s", (int)(first - shop_text), shop_text, (int)(second - rest), rest,
             second + strlen(moment));
    s->program = mw_test_program(&s->arena, s->symbols, text);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

static mw_status rank(shop *s, const char *row, bool record, mw_ranking *ranking, mw_error *err) {
    yyjson_doc *doc = shop_row(row);
    mw_status status = mw_service_rank(s->service, SHOP_QUICK, yyjson_doc_get_root(doc), record,
                                       ranking, err);
    yyjson_doc_free(doc);
    return status;
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
    set_up_baskets(&s);
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
    set_up_baskets(&s);
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
    set_up_baskets(&s);
    for (size_t i = 0; i < 2; i++) {
        MW_CHECK_OK(rank(&s, rows[i], true, &ranking, &err), &err);
        MW_CHECK_EQUAL_INT(ranking.count, 0);
        MW_CHECK_EQUAL_INT(events_in_log(&s), i + 1);
    }
    shop_tear_down(&s);
}
