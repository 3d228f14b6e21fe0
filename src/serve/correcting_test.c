#include "serve/correcting.h"

#include <stdio.h>

#include "serve/saved_state.h"
#include "serve/sequencer_state.h"
#include "serve/shop_predict_test.h"

static mw_status take(shop *s, int32_t source, const char *text, mw_event_standing *out_standing,
                      mw_error *err) {
    yyjson_doc *doc = shop_row(text);
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    mw_status status = mw_service_take(s->service, source, row, out_standing, err);
    mw_receiving *receiving = mw_service_receiving(s->service);
    mw_row_needs needs = {NULL, NULL};
    if (status == MW_BUSY && mw_receiving_awaits(receiving)) {
        mw_service_counts before = mw_service_read_counts(s->service);
        MW_CHECK_OK(mw_receiving_await(receiving, &needs, err), err);
        while (!mw_lookback_run(needs.lookback, true)) continue;
        mw_receiving_remember(receiving, needs);
        status = mw_service_take(s->service, source, row, out_standing, err);
        size_t refused = status != MW_OK;
        MW_CHECK_EQUAL_INT(mw_service_read_counts(s->service).rejected, before.rejected + refused);
        mw_receiving_remember(receiving, (mw_row_needs){NULL, NULL});
    }
    if (status == MW_OK)
        MW_CHECK_EQUAL_INT(*out_standing == MW_EVENT_CONFLICTS, needs.lookback != NULL);
    yyjson_doc_free(doc);
    return status;
}

static mw_event_standing standing_of(shop *s, int32_t source, const char *text) {
    mw_event_standing standing = MW_EVENT_REPEATS;
    mw_error err;
    MW_CHECK_OK(take(s, source, text, &standing, &err), &err);
    return standing;
}

/* How many orders of a shop the model counts for an order of its own, now. */
static double busy(shop *s, const char *shop_name) {
    char text[200];
    mw_error err;
    mw_answer answer;
    mw_buf time;
    mw_buf_init(&time, 100);
    mw_time_append(&time, mw_sequencer_now(s->sequencer));
    snprintf(text, sizeof text, "{\"shop\": \"%s\", \"number\": 99, \"at\": \"%.*s\"}", shop_name,
             MW_STR_ARGS(mw_buf_str(&time)));
    MW_CHECK_OK(shop_predict(s, SHOP_QUICK, text, false, &answer, &err), &err);
    mw_buf_release(&time);
    return answer.prediction.features[0].number;
}

static void check_busy(shop *s, double a, double b) {
    mw_error err;
    int64_t later = mw_sequencer_now(s->sequencer) + MW_MINUTE_US;
    MW_CHECK_OK(mw_sequencer_set_now(s->sequencer, later, &err), &err);
    MW_CHECK(busy(s, "a") == a && busy(s, "b") == b);
}

static void start_again(shop *s) {
    mw_error err;
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    shop_close(s);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

#define ORDER(shop, number) \
    "{\"shop\": \"" shop "\", \"number\": " number ", \"at\": \"1970-04-11T00:00:00Z\"}"

/* An order of an hour before the beginning, in the lake. */
static void add_history_known(shop *s, const char *shop_name, double number, int64_t known) {
    const mw_schema *schema = &s->program->streams[0].schema;
    int64_t at = SHOP_BEGIN - MW_HOUR_US;
    mw_cell row[8] = {{0}};
    mw_cell shop_cell = {.symbol = mw_symbols_intern(s->symbols, mw_str_of(shop_name))};
    for (size_t i = 0; i < schema->field_count; i++)
        row[i] = mw_cell_missing(schema->fields[i].type);
    row[mw_schema_find(schema, MW_STR("shop"))] = shop_cell;
    row[mw_schema_find(schema, MW_STR("number"))] = mw_cell_number(number);
    row[mw_schema_find(schema, MW_STR("at"))] = mw_cell_time(at);
    mw_event event = {.time = at, .known = known, .place = known, .row = row};
    MW_CHECK_OK(mw_events_add(&s->history, &event, NULL), NULL);
}

static void add_history(shop *s, const char *shop_name, double number) {
    add_history_known(s, shop_name, number, SHOP_BEGIN - MW_HOUR_US);
}

/* DESIGN.md rule 8: what the log has, and what the lake has, is replaced; and again, and after a
   restart. */
MW_TEST(correcting_replaces_what_log_and_lake_have) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    add_history(&s, "a", 7);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    start_again(&s);

    check_busy(&s, 1, 0);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "1")), MW_EVENT_NEW);
    check_busy(&s, 2, 0);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("b", "1")), MW_EVENT_CONFLICTS);
    check_busy(&s, 1, 1);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("b", "1")), MW_EVENT_REPEATS);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("b", "7")), MW_EVENT_CONFLICTS); /* the lake's */
    check_busy(&s, 0, 2);
    start_again(&s);
    check_busy(&s, 0, 2);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "7")), MW_EVENT_CONFLICTS);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "1")), MW_EVENT_CONFLICTS);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "1")), MW_EVENT_REPEATS);
    check_busy(&s, 2, 0);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_sync(s.sequencer, &err), &err);
    MW_CHECK_OK(mw_saved_state_write(s.sequencer, &err), &err);
    start_again(&s); /* from a checkpoint */
    MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(s.sequencer).replayed, 0);
    check_busy(&s, 2, 0);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("b", "7")), MW_EVENT_CONFLICTS);
    check_busy(&s, 1, 1);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).corrections, 1);
    shop_tear_down(&s);
}

/* In history many events stand at one place: none of the others is what an event corrects. */
MW_TEST(correcting_replaces_the_event_of_its_own_id_among_those_of_a_place) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    add_history(&s, "a", 7);
    add_history(&s, "b", 8);
    add_history(&s, "b", 9);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    start_again(&s);
    check_busy(&s, 1, 2);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "8")), MW_EVENT_CONFLICTS);
    check_busy(&s, 2, 1);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "9")), MW_EVENT_CONFLICTS);
    check_busy(&s, 3, 0);
    start_again(&s);
    check_busy(&s, 3, 0);
    shop_tear_down(&s);
}

/* What history says to be known only later stands ahead: it can be corrected from then on. */
MW_TEST(correcting_waits_until_what_stands_is_known) {
    shop s;
    mw_error err;
    mw_event_standing standing;
    int64_t known = SHOP_BEGIN + MW_HOUR_US;
    shop_set_up(&s);
    add_history_known(&s, "a", 7, known);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    start_again(&s);
    check_busy(&s, 0, 0);
    MW_CHECK_EQUAL_INT(take(&s, 0, ORDER("b", "7"), &standing, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "correction: what it corrects must be known, is only from "
                                    "1970-04-11T01:00:00Z on");
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, known - 1, &err), &err);
    MW_CHECK_EQUAL_INT(take(&s, 0, ORDER("b", "7"), &standing, &err), MW_CONFLICT);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, known + 1, &err), &err);
    check_busy(&s, 1, 0);
    MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("b", "7")), MW_EVENT_CONFLICTS);
    check_busy(&s, 0, 1);
    start_again(&s);
    check_busy(&s, 0, 1);
    shop_tear_down(&s);
}

/* A moment that is still to come is made by the new row, at its time; one that was made stays. */
MW_TEST(correcting_moves_moments_that_are_to_come) {
    shop s;
    mw_error err;
    mw_answer answer;
    const char *first = "{\"shop\": \"a\", \"number\": 9, \"at\": \"1970-04-11T20:00:00Z\"}";
    const char *later = "{\"shop\": \"a\", \"number\": 9, \"at\": \"1970-04-11T22:00:00Z\"}";
    const char *latest = "{\"shop\": \"a\", \"number\": 9, \"at\": \"1970-04-11T23:00:00Z\"}";
    shop_set_up(&s);
    MW_CHECK_EQUAL_INT(standing_of(&s, 1, first), MW_EVENT_NEW);
    MW_CHECK_EQUAL_INT(standing_of(&s, 1, later), MW_EVENT_CONFLICTS);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + 20 * MW_HOUR_US, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_LATE, later, true, &answer, &err), &err);
    MW_CHECK(!answer.is_recorded);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + 21 * MW_HOUR_US, &err), &err);
    MW_CHECK_OK(shop_predict(&s, SHOP_LATE, later, true, &answer, &err), &err);
    MW_CHECK(answer.is_recorded && answer.prediction.t == SHOP_BEGIN + 21 * MW_HOUR_US);
    MW_CHECK_EQUAL_INT(standing_of(&s, 1, latest), MW_EVENT_CONFLICTS);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + 23 * MW_HOUR_US, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 1);
    shop_tear_down(&s);
}

/* --- checkpoints from beside ------------------------------------------------------------------ */

/* Reads what there is in so many steps, then the rest, of what has come meanwhile, too. */
static void save_beside(shop *s, size_t step_count, bool *out_was_ready) {
    mw_sequencer_config config = s->sequencer->config;
    mw_sequencer *reader;
    mw_error err;
    config.only_reads = true;
    MW_CHECK_OK(mw_sequencer_open(&config, &reader, &err), &err);
    MW_CHECK_OK(mw_sequencer_recover(reader, step_count, &err), &err);
    *out_was_ready = mw_sequencer_is_ready(reader);
    MW_CHECK_EQUAL_INT(standing_of(s, 0, ORDER("b", "1")), MW_EVENT_CONFLICTS);
    MW_CHECK_EQUAL_INT(standing_of(s, 0, ORDER("a", "5")), MW_EVENT_NEW);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_recover(reader, SIZE_MAX, &err), &err);
    MW_CHECK_OK(mw_sequencer_save(reader, &err), &err);
    mw_sequencer_close(reader);
}

/* However far another process has read when they come: no event or correction counts twice, or
   not at all, for who begins with the checkpoint that it writes. */
MW_TEST(correcting_counts_once_by_a_checkpoint_from_beside) {
    bool was_ready = false;
    for (size_t step_count = 1; !was_ready; step_count++) {
        shop s;
        mw_error err;
        shop_set_up(&s);
        MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("a", "1")), MW_EVENT_NEW);
        MW_CHECK_EQUAL_INT(standing_of(&s, 0, ORDER("b", "2")), MW_EVENT_NEW);
        MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
        save_beside(&s, step_count, &was_ready);
        uint64_t events = mw_sequencer_read_stats(s.sequencer).log_events;
        start_again(&s);
        MW_CHECK_EQUAL_STR(mw_str_of(mw_sequencer_note(s.sequencer)), "");
        check_busy(&s, 1, 2);
        MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(s.sequencer).log_events, events);
        shop_tear_down(&s);
    }
}
