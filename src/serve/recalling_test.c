/* Orders know how many of the shop came before them, and the feature is that. */
#define SHOP_FIELDS "  field before: count(orders by shop over 24h)\n"
#define SHOP_BUSY "before"

#include "serve/recalling.h"

#include <stdio.h>

#include "serve/saved_state.h"
#include "serve/sequencer_state.h"
#include "serve/shop_predict_test.h"

enum { ORDERS = 30, REMEMBERED = 4, STEP_US = 20 * MW_SECOND_US };

/* Their times are out of order, so that what one finds when it comes is not what it would find
   later. */
static int64_t time_of(int number) { return SHOP_BEGIN - number * 7 % 61 * STEP_US; }

/* How many orders come before one, of all of a shop in the order of their numbers. */
static double before(int number) {
    int count = 0;
    for (int i = 0; i < number; i++) count += time_of(i) < time_of(number);
    return count;
}

static const char *order(char text[200], const char *shop_name, int number) {
    mw_time_text at = mw_time_text_of(time_of(number));
    snprintf(text, 200, "{\"shop\": \"%s\", \"number\": %d, \"at\": \"%s\"}", shop_name, number,
             at.text);
    return text;
}

static void set_up(shop *s) {
    mw_error err;
    shop_set_up(s);
    shop_close(s);
    s->old_entries_min = REMEMBERED;
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

static void start_again(shop *s) {
    mw_error err;
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    shop_close(s);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

static void save(shop *s) {
    mw_error err;
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_sync(s->sequencer, &err), &err);
    MW_CHECK_OK(mw_saved_state_write(s->sequencer, &err), &err);
}

static void move_clock(shop *s, int64_t to) {
    mw_error err;
    if (to <= mw_sequencer_now(s->sequencer)) return;
    MW_CHECK_OK(mw_sequencer_set_now(s->sequencer, to, &err), &err);
}

static void take(shop *s, const char *shop_name, int number) {
    char text[200];
    move_clock(s, SHOP_BEGIN + number * STEP_US + 1);
    shop_call(s, MW_HTTP_POST, "/v1/events/orders", order(text, shop_name, number), 200);
}

/* Reads what the last call awaits. */
static void look(mw_receiving *receiving) {
    mw_error err;
    mw_row_needs needs;
    MW_CHECK_OK(mw_receiving_await(receiving, &needs, &err), &err);
    MW_CHECK(needs.lookback);
    while (!mw_lookback_run(needs.lookback, true)) continue;
    mw_receiving_remember(receiving, needs);
}

/* How an order is answered, and whether it had to be looked up for that. */
static mw_status ask(shop *s, const char *text, bool record, mw_answer *answer, bool *out_waited,
                     mw_error *err) {
    mw_receiving *receiving = mw_service_receiving(s->service);
    uint64_t count = mw_sequencer_read_stats(s->sequencer).log_events;
    mw_status status = shop_predict(s, SHOP_QUICK, text, record, answer, err);
    *out_waited = status == MW_BUSY && mw_receiving_awaits(receiving);
    if (*out_waited) {
        MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(s->sequencer).log_events, count);
        look(receiving);
        status = shop_predict(s, SHOP_QUICK, text, record, answer, err);
        MW_CHECK(!mw_receiving_awaits(receiving));
    }
    mw_receiving_remember(receiving, (mw_row_needs){NULL, NULL});
    return status;
}

/* How many orders it says came before this one; whether that had to be looked up. */
static bool check_before(shop *s, const char *shop_name, int number, double expected) {
    char text[200];
    mw_answer answer;
    mw_error err;
    bool waited = false;
    MW_CHECK_OK(ask(s, order(text, shop_name, number), false, &answer, &waited, &err), &err);
    MW_CHECK_EQUAL_DOUBLE_BITS(answer.prediction.features[0].number, expected);
    return waited;
}

/* Each has what it had when it came; only the last ones are asked of nobody. */
static size_t check_all(shop *s) {
    size_t waited = 0;
    for (int i = 0; i < ORDERS; i++) {
        bool was_read = check_before(s, "a", i, before(i));
        MW_CHECK(!was_read || i < ORDERS - REMEMBERED ||
                 mw_sequencer_read_stats(s->sequencer).replayed == 0);
        waited += was_read;
    }
    return waited;
}

MW_TEST(recalling_finds_what_an_event_had_when_it_came) {
    shop s;
    set_up(&s);
    for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
    size_t waited = check_all(&s);
    MW_CHECK(waited >= ORDERS - 2 * REMEMBERED && waited <= ORDERS - REMEMBERED);
    start_again(&s);
    check_all(&s);
    save(&s);
    start_again(&s);
    MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(s.sequencer).replayed, 0);
    MW_CHECK_EQUAL_INT(check_all(&s), ORDERS); /* nobody has told the process of any */
    MW_CHECK(!check_before(&s, "a", ORDERS, before(ORDERS)));
    shop_tear_down(&s);
}

/* A request that is recorded is answered by them, too, and so are lines, which wait together. */
MW_TEST(recalling_serves_what_is_recorded) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[200];
    bool waited = false;
    set_up(&s);
    for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
    MW_CHECK_OK(ask(&s, order(text, "a", 3), true, &answer, &waited, &err), &err);
    MW_CHECK(waited && answer.is_recorded);
    mw_answer found;
    MW_CHECK_OK(mw_service_find(s.service, answer.stamp, &found, &err), &err);
    MW_CHECK_EQUAL_DOUBLE_BITS(found.prediction.features[0].number, before(3));
    const char *body =
        "{\"event\": {\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-10T23:57:40Z\"}}\n"
        "{\"event\": {\"shop\": \"a\", \"number\": 2, \"at\": \"1970-04-10T23:55:20Z\"}}\n"
        "{\"event\": {\"shop\": \"a\", \"number\": 3, \"at\": \"1970-04-10T23:53:00Z\"}}\n";
    mw_str said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 200);
    MW_CHECK(!shop_says(said, "reason"));
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 3);
    MW_CHECK_EQUAL_INT(mw_service_read_counts(s.service).predicted, 3);
    shop_tear_down(&s);
}

/* What a correction had when it came counts from then on, and it may be asked about at once. */
MW_TEST(recalling_finds_the_correction) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[200];
    bool waited = false;
    set_up(&s);
    for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
    take(&s, "b", 5);
    MW_CHECK(!check_before(&s, "b", 5, 0));
    MW_CHECK_OK(ask(&s, order(text, "b", 7), true, &answer, &waited, &err), &err);
    MW_CHECK(waited && answer.is_recorded); /* what it corrects was read */
    MW_CHECK(!check_before(&s, "b", 7, 0)); /* order 5 is of a later time */
    for (int i = ORDERS; i < 2 * ORDERS; i++) take(&s, "c", i);
    MW_CHECK(check_before(&s, "b", 5, 0) && check_before(&s, "b", 7, 0));
    MW_CHECK(check_before(&s, "a", 6, before(6)));
    /* Of what would be another correction it says what the event had that stands. */
    MW_CHECK(check_before(&s, "c", 5, 0));
    save(&s);
    start_again(&s);
    MW_CHECK(check_before(&s, "b", 5, 0) && check_before(&s, "b", 7, 0));
    shop_tear_down(&s);
}

/* --- history ---------------------------------------------------------------------------------- */

static mw_event history(shop *s, int number, double before, int64_t known, mw_cell row[8]) {
    const mw_schema *schema = &s->program->streams[SHOP_ORDERS].schema;
    for (size_t i = 0; i < schema->field_count; i++)
        row[i] = mw_cell_missing(schema->fields[i].type);
    int64_t at = time_of(number);
    row[mw_schema_find(schema, MW_STR("shop"))] =
        (mw_cell){.symbol = mw_symbols_intern(s->symbols, MW_STR("a"))};
    row[mw_schema_find(schema, MW_STR("number"))] = mw_cell_number(number);
    row[mw_schema_find(schema, MW_STR("at"))] = mw_cell_time(at);
    row[mw_schema_find(schema, MW_STR("before"))] = mw_cell_number(before);
    return (mw_event){.time = at, .known = known, .place = known, .row = row};
}

static void add_history(shop *s, int number, double before, int64_t known) {
    mw_cell row[8];
    mw_event event = history(s, number, before, known, row);
    MW_CHECK_OK(mw_events_add(&s->history, &event, NULL), NULL);
}

/* One that counts from `known` and corrects what counts from then. */
static void add_correction(shop *s, int number, double before, int64_t known, int64_t replaced) {
    mw_cell row[8], other[8];
    mw_event event = history(s, number, before, known, row);
    event.replaced = other;
    mw_event first = history(s, number, before - 100, replaced, other);
    event.replaced_time = first.time;
    event.replaced_from = replaced;
    MW_CHECK_OK(mw_events_add(&s->history, &event, NULL), NULL);
}

/* What the lake says, of that which has come by now. */
MW_TEST(recalling_finds_history_as_it_stands_now) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[200];
    bool waited = false;
    int64_t past = SHOP_BEGIN - MW_HOUR_US, ahead = SHOP_BEGIN + MW_HOUR_US;
    shop_set_up(&s);
    add_history(&s, 1, 111, past);
    add_history(&s, 2, 222, past);
    add_history(&s, 3, 333, past);
    add_history(&s, 4, 444, ahead);
    add_correction(&s, 2, 322, ahead, past);
    add_correction(&s, 3, 433, ahead, past);
    add_correction(&s, 3, 533, ahead + MW_HOUR_US, ahead);
    for (int i = 10; i < 10 + 2 * REMEMBERED; i++) add_history(&s, i, 0, past + 1);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    s.old_entries_min = REMEMBERED;
    start_again(&s);
    MW_CHECK(check_before(&s, "a", 1, 111) && check_before(&s, "a", 2, 222));
    MW_CHECK_STATUS(ask(&s, order(text, "a", 3), false, &answer, &waited, &err), MW_CONFLICT);
    MW_CHECK(waited);
    MW_CHECK_EQUAL_STR(err.message, "event: history has more than one correction of it for later, "
                                    "the first of 1970-04-11T01:00:00Z");
    MW_CHECK(check_before(&s, "a", 4, 5)); /* it has not entered: worked out now */
    move_clock(&s, ahead + 1);
    check_before(&s, "a", 2, 322);
    check_before(&s, "a", 3, 433);
    check_before(&s, "a", 4, 444);
    for (int i = 0; i < 3 * REMEMBERED; i++) take(&s, "c", 70 + i);
    MW_CHECK(check_before(&s, "a", 2, 322) && check_before(&s, "a", 4, 444));
    MW_CHECK(check_before(&s, "a", 3, 433)); /* by what will replace it */
    move_clock(&s, ahead + MW_HOUR_US + 1);
    check_before(&s, "a", 3, 533);
    shop_tear_down(&s);
}

/* Where a fallback stands in, the answer tells why, as the refusal would have. */
MW_TEST(recalling_tells_the_failure_where_a_fallback_answers) {
    shop s;
    mw_error err;
    int64_t past = SHOP_BEGIN - MW_HOUR_US, ahead = SHOP_BEGIN + MW_HOUR_US;
    char body[240], text[200];
    shop_set_up(&s);
    add_correction(&s, 3, 433, ahead, past);
    add_correction(&s, 3, 533, ahead + MW_HOUR_US, ahead);
    for (int i = 10; i < 10 + 2 * REMEMBERED; i++) add_history(&s, i, 0, past + 1);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    s.old_entries_min = REMEMBERED;
    s.fallbacks[SHOP_QUICK] =
        (mw_fallback){.kind = MW_FALLBACK_CONSTANT, .constant = 0.125, .missing_max = 1};
    start_again(&s);
    snprintf(body, sizeof body, "{\"event\": %s, \"record\": false}", order(text, "a", 3));
    mw_str said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 200);
    MW_CHECK(shop_says(said, "\"decision\":false,\"fallback\":\"failed\","
                             "\"failure\":\"event: history has more than one correction of it for "
                             "later, the first of 1970-04-11T01:00:00Z\",\"hint\":\"Ask again "
                             "then.\""));
    said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict",
                     "{\"event\": {\"shop\": \"a\", \"number\": 99, \"at\": "
                     "\"1970-04-11T00:00:00Z\"}}", 200);
    MW_CHECK(!shop_says(said, "fallback") && !shop_says(said, "failure"));
    shop_tear_down(&s);
}

/* --- the deadline of a fallback --------------------------------------------------------------- */

/* Sends two old orders in one body while others read, and says whether it waits no longer. */
static bool waits_for(shop *s, shop_sent *sent, int64_t span_us) {
    mw_simulated_advance(s->sys, span_us);
    return !sent->call.pause->is_over(sent->call.pause);
}

/* Who has a fallback with a deadline has an answer by then, for all rows at once, and the version
   is not counted out for that: it was not asked. */
MW_TEST(recalling_takes_no_longer_than_the_deadline_of_a_fallback) {
    const int64_t deadlines[] = {50000, 0};
    for (size_t k = 0; k < 2; k++) {
        shop s;
        shop_sent sent;
        char body[500], one[200], other[200];
        set_up(&s);
        for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
        s.fallbacks[SHOP_QUICK] = (mw_fallback){.kind = MW_FALLBACK_CONSTANT, .constant = 0.125,
                                                .missing_max = 1, .deadline_us = deadlines[k]};
        start_again(&s);
        snprintf(body, sizeof body, "{\"events\": [%s, %s], \"record\": false}",
                 order(one, "a", 1), order(other, "a", 2));
        for (int again = 0; again < 6; again++) {
            shop_fill_lookbacks(&s); /* others read */
            shop_send(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, &sent);
            shop_carry_out(&s, &sent);
            MW_CHECK(sent.call.pause && waits_for(&s, &sent, 49999));
            MW_CHECK(waits_for(&s, &sent, 1) == (k == 1));
            MW_CHECK(k == 0 || waits_for(&s, &sent, MW_MINUTE_US));
            shop_free_lookbacks(&s);
            MW_CHECK(k == 0 || !waits_for(&s, &sent, 0));
            mw_response_clear(&s.response);
            shop_carry_out(&s, &sent);
            MW_CHECK(!sent.call.pause);
            mw_str said = mw_buf_str(&s.response.body);
            const char *failure = "\"fallback\":\"failed\",\"failure\":\"event: what it had when "
                                  "it came must be read within the deadline\"";
            const char *first = memmem(said.data, said.size, failure, strlen(failure));
            MW_CHECK((first != NULL) == (k == 0));
            MW_CHECK(k == 1 || strstr(first + 1, failure));
        }
        MW_CHECK(check_before(&s, "a", 1, before(1)));
        shop_tear_down(&s);
    }
}

static size_t count_of(mw_str said, const char *what) {
    size_t count = 0;
    const char *end = said.data + said.size;
    for (const char *at = said.data; at; count++) {
        at = memmem(at, (size_t)(end - at), what, strlen(what));
        if (!at) break;
        at += strlen(what);
    }
    return count;
}

static void set_deadline(shop *s, int64_t deadline_us) {
    s->fallbacks[SHOP_QUICK] = (mw_fallback){.kind = MW_FALLBACK_CONSTANT, .constant = 0.125,
                                             .missing_max = 1, .deadline_us = deadline_us};
    start_again(s);
}

/* Readings that are slow each come on a part: the deadline is that of all together. */
MW_TEST(recalling_has_one_deadline_for_many_readings) {
    enum { COUNT = 322, READ = 64 + 4 * 64, SLOW_US = 300000 };
    static char body[COUNT * 100];
    const int64_t deadlines[] = {0, SLOW_US * 3 / 2, MW_MINUTE_US};
    for (size_t k = 0; k < 3; k++) {
        shop s;
        mw_error err;
        char text[200];
        int size = snprintf(body, sizeof body, "{\"record\": false, \"events\": [");
        shop_set_up(&s);
        for (int i = 0; i < COUNT; i++) {
            add_history(&s, 100 + i, 1000, SHOP_BEGIN - MW_HOUR_US + i);
            size += snprintf(body + size, sizeof body - (size_t)size, "%s%s", i > 0 ? "," : "",
                             order(text, "a", 100 + i));
        }
        snprintf(body + size, sizeof body - (size_t)size, "]}");
        for (int i = 0; i < 2 * REMEMBERED; i++) add_history(&s, 10 + i, 0, SHOP_BEGIN - 1);
        MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
        s.old_entries_min = REMEMBERED;
        set_deadline(&s, deadlines[k]);
        s.look_us = SLOW_US;
        int64_t begun = mw_sys_monotonic_us(s.sys);
        mw_str said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, 200);
        MW_CHECK_EQUAL_INT(count_of(said, "\"prediction\""), COUNT);
        MW_CHECK_EQUAL_INT(count_of(said, "within the deadline"), k == 1 ? COUNT - READ : 0);
        int64_t took = mw_sys_monotonic_us(s.sys) - begun;
        MW_CHECK(k == 1 ? took < 3 * SLOW_US : took >= 3 * SLOW_US);
        shop_tear_down(&s);
    }
}

/* Lines that come in pieces are another wait for each piece. */
MW_TEST(recalling_has_a_deadline_for_each_piece_of_a_body) {
    shop s;
    shop_sent sent;
    char line[240], text[200];
    static char piece[MW_HTTP_PIECE_SIZE];
    set_up(&s);
    for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
    set_deadline(&s, 50000);
    shop_fill_lookbacks(&s);
    memset(piece, '\n', sizeof piece);
    shop_send(&s, MW_HTTP_POST, "/v1/models/quick/predict", "\n", &sent);
    for (int i = 1; i <= 2; i++) {
        int size = snprintf(line, sizeof line, "{\"record\": false, \"event\": %s}\n",
                            order(text, "a", i));
        memcpy(piece, line, (size_t)size);
        sent.request.body = (mw_str){piece, sizeof piece};
        sent.request.has_more = true;
        mw_response_clear(&s.response);
        shop_carry_out(&s, &sent);
        MW_CHECK(sent.call.pause && sent.call.pause->kind == MW_PAUSE_FOR_WORK);
        MW_CHECK(waits_for(&s, &sent, 49999) && !waits_for(&s, &sent, 1));
        shop_carry_out(&s, &sent);
        MW_CHECK(sent.call.pause && sent.call.pause->kind == MW_PAUSE_FOR_BODY);
        MW_CHECK_EQUAL_INT(count_of(mw_buf_str(&s.response.body), "within the deadline"), 1);
    }
    sent.call.pause->end(sent.call.pause);
    shop_free_lookbacks(&s);
    shop_tear_down(&s);
}

/* Who has begun and waits for room to wait has its deadline, too. */
MW_TEST(recalling_has_a_deadline_while_it_is_queued) {
    static shop_sent others[MW_API_WAITING_MAX];
    shop s;
    shop_sent sent;
    char body[500], one[200], other[200];
    set_up(&s);
    for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
    set_deadline(&s, 50000);
    shop_fill_lookbacks(&s);
    for (size_t i = 0; i < MW_API_WAITING_MAX; i++) {
        shop_send(&s, MW_HTTP_POST, "/v1/events/orders", order(other, "b", 1), &others[i]);
        shop_carry_out(&s, &others[i]);
        MW_CHECK(others[i].call.pause);
    }
    snprintf(body, sizeof body, "{\"events\": [%s, %s]}", order(one, "a", ORDERS),
             order(other, "a", 2));
    shop_send(&s, MW_HTTP_POST, "/v1/models/quick/predict", body, &sent);
    shop_carry_out(&s, &sent);
    MW_CHECK(sent.call.pause);
    MW_CHECK_EQUAL_INT(s.api.queued, 1);
    MW_CHECK(waits_for(&s, &sent, 49999) && !waits_for(&s, &sent, 1));
    mw_response_clear(&s.response);
    shop_carry_out(&s, &sent);
    MW_CHECK(!sent.call.pause);
    mw_str said = mw_buf_str(&s.response.body);
    MW_CHECK_EQUAL_INT(count_of(said, "\"prediction\""), 2);
    MW_CHECK_EQUAL_INT(count_of(said, "within the deadline"), 1);
    MW_CHECK_EQUAL_INT(s.api.queued, 0);
    for (size_t i = 0; i < MW_API_WAITING_MAX; i++)
        others[i].call.pause->end(others[i].call.pause);
    shop_free_lookbacks(&s);
    shop_tear_down(&s);
}

/* --- what cannot be had ----------------------------------------------------------------------- */

/* Where the log is gone, whoever asks is told, or has the fallback's answer: not before it has been
   looked for. */
MW_TEST(recalling_says_what_it_cannot_read) {
    shop s;
    mw_error err;
    mw_answer answer;
    char text[200];
    bool waited = false;
    set_up(&s);
    for (int i = 0; i < ORDERS; i++) take(&s, "a", i);
    start_again(&s);
    MW_CHECK_OK(ask(&s, order(text, "a", 1), false, &answer, &waited, &err), &err);
    MW_CHECK(waited);
    mw_sequencer *sequencer = s.sequencer;
    const char *log_folder = sequencer->config.log_folder;
    sequencer->config.log_folder = "another";
    MW_CHECK_STATUS(ask(&s, order(text, "a", 2), false, &answer, &waited, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message,
                       "event: what stands under its id is neither in log nor lake");
    MW_CHECK(!check_before(&s, "a", ORDERS - 1, before(ORDERS - 1)));
    sequencer->config.log_folder = log_folder;
    shop_close(&s);
    s.fallbacks[SHOP_QUICK] =
        (mw_fallback){.kind = MW_FALLBACK_CONSTANT, .constant = 0.125, .missing_max = 1};
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    MW_CHECK(check_before(&s, "a", 2, before(2)));
    s.sequencer->config.log_folder = "another";
    MW_CHECK_OK(ask(&s, order(text, "a", 2), false, &answer, &waited, &err), &err);
    MW_CHECK(waited && answer.prediction.fallback == MW_BECAUSE_FAILED);
    for (int again = 0; again < 2; again++) { /* only who is answered first is told why */
        s.sequencer->config.log_folder = again ? log_folder : "another";
        MW_CHECK_OK(ask(&s, order(text, "a", 2), true, &answer, &waited, &err), &err);
        MW_CHECK(answer.is_recorded && answer.prediction.fallback == MW_BECAUSE_FAILED);
        MW_CHECK((answer.failure == NULL) == (again == 1));
        if (answer.failure)
            MW_CHECK_EQUAL_STR(answer.failure->message,
                               "event: what stands under its id is neither in log nor lake");
    }
    s.sequencer->config.log_folder = log_folder;
    shop_tear_down(&s);
}
