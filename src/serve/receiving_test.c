#include "serve/receiving.h"

#include "serve/correcting.h"
#include "serve/shop_call_test.h"

#define ORDER(shop, number) \
    "{\"shop\": \"" shop "\", \"number\": " number ", \"at\": \"1970-04-11T00:00:00Z\"}"

static mw_status take(mw_receiving *receiving, const char *text, mw_received *out_received) {
    yyjson_doc *doc = shop_row(text);
    mw_error err;
    mw_receiving_begin(receiving);
    mw_status status = mw_receiving_take(receiving, 0, mw_sent_json(yyjson_doc_get_root(doc)),
                                         out_received, &err);
    yyjson_doc_free(doc);
    MW_CHECK_OK(status, &err);
    return mw_receiving_correct(receiving, *out_received, &err);
}

static void append(mw_receiving *receiving, const char *text) {
    mw_received received;
    mw_error err;
    MW_CHECK_OK(take(receiving, text, &received), NULL);
    MW_CHECK_OK(mw_receiving_append(receiving, received, false, &err), &err);
    mw_receiving_end(receiving);
}

static mw_event_standing standing_of(mw_receiving *receiving, const char *text) {
    mw_received received;
    (void)take(receiving, text, &received);
    mw_event_standing standing = MW_EVENT_NEW;
    mw_error err;
    mw_receiving_end(receiving);
    MW_CHECK_OK(mw_receiving_look_up(receiving, received, &standing, &err), &err);
    return standing;
}

/* Whether its correction lacks what it replaces; all but that is let be. */
static bool lacks(mw_receiving *receiving, const char *text) {
    mw_received received;
    mw_status status = take(receiving, text, &received);
    MW_CHECK((status == MW_BUSY) == mw_receiving_awaits(receiving));
    MW_CHECK(status == MW_OK || status == MW_BUSY);
    return status == MW_BUSY;
}

static mw_row_needs await_needs(mw_receiving *receiving) {
    mw_row_needs needs;
    mw_error err;
    MW_CHECK_OK(mw_receiving_await(receiving, &needs, &err), &err);
    MW_CHECK(needs.lookback && !needs.enquiry);
    while (!mw_lookback_run(needs.lookback, true)) continue;
    return needs;
}

static void foresee(mw_receiving *receiving, const char *text) {
    yyjson_doc *doc = shop_row(text);
    mw_receiving_foresee(receiving, 0, mw_sent_json(yyjson_doc_get_root(doc)));
    yyjson_doc_free(doc);
}

MW_TEST(receiving_corrects_with_what_is_replaced_at_hand) {
    shop s;
    shop_set_up(&s);
    mw_receiving *receiving = mw_service_receiving(s.service);
    MW_CHECK_EQUAL_INT(standing_of(receiving, ORDER("a", "1")), MW_EVENT_NEW);
    append(receiving, ORDER("a", "1"));
    MW_CHECK_EQUAL_INT(standing_of(receiving, ORDER("a", "1")), MW_EVENT_REPEATS);
    MW_CHECK_EQUAL_INT(standing_of(receiving, ORDER("b", "1")), MW_EVENT_CONFLICTS);
    MW_CHECK(lacks(receiving, ORDER("b", "1")));
    mw_receiving_remember(receiving, await_needs(receiving));
    append(receiving, ORDER("b", "1"));
    MW_CHECK_EQUAL_INT(standing_of(receiving, ORDER("b", "1")), MW_EVENT_REPEATS);
    shop_tear_down(&s);
}

/* What is at hand serves the rows that were foreseen, moves with its owner, and no longer. */
MW_TEST(receiving_awaits_at_once_what_many_rows_need) {
    shop s;
    shop_set_up(&s);
    mw_receiving *receiving = mw_service_receiving(s.service);
    append(receiving, ORDER("a", "1"));
    append(receiving, ORDER("a", "2"));
    append(receiving, ORDER("a", "3"));
    MW_CHECK(lacks(receiving, ORDER("b", "1")));
    foresee(receiving, ORDER("b", "2"));
    foresee(receiving, "{\"shop\": 1}"); /* is told in its turn */
    mw_receiving_remember(receiving, await_needs(receiving));
    MW_CHECK(!lacks(receiving, ORDER("b", "1")));
    MW_CHECK(!lacks(receiving, ORDER("b", "2")));
    MW_CHECK(lacks(receiving, ORDER("b", "3")));
    mw_row_needs needs = mw_receiving_part_with(receiving);
    MW_CHECK(lacks(receiving, ORDER("b", "1")));
    mw_receiving_remember(receiving, needs);
    MW_CHECK(!lacks(receiving, ORDER("b", "1")));
    mw_receiving_remember(receiving, (mw_row_needs){NULL, NULL});
    MW_CHECK(lacks(receiving, ORDER("b", "1")));
    shop_tear_down(&s);
}

static mw_status create_once(void *context) {
    const shop *s = context;
    mw_receiving *receiving;
    mw_receiving_config config = {.rows = {&s->project, s->program, s->symbols, s->zones},
                                  .sequencer = s->sequencer,
                                  .sys = s->sys};
    MW_TRY(mw_receiving_create(config, &receiving, NULL));
    mw_receiving_destroy(receiving);
    return MW_OK;
}

MW_TEST(receiving_survives_each_failing_allocation) {
    shop s;
    shop_set_up(&s);
    MW_CHECK(mw_test_every_allocation_fails(create_once, &s) >= 2);
    shop_tear_down(&s);
}
