#include "serve/arrival.h"

#include "base/prng.h"
#include "serve/arrival_world_test.h"
#include "serve/shop_call_test.h"
#include "serve/shop_known_test.h"

#define QUARTER_US (MW_HOUR_US / 4)
enum { DELIVERY = 1 << 20, EVENTS = 120, ROUNDS = 6 };

static void take(shop *s, const char *stream, int number, int64_t at) {
    mw_cell row[3];
    mw_error err;
    mw_event event = shop_event(s, stream, number, at, row);
    MW_CHECK(shop_standing(s->sequencer, &event) == MW_EVENT_NEW);
    MW_CHECK_OK(mw_sequencer_append(s->sequencer, &event, NULL, &err), &err);
}

static void reach(shop *s, int64_t now) {
    mw_error err;
    MW_CHECK_OK(mw_sequencer_set_now(s->sequencer, now, &err), &err);
    MW_CHECK_OK(mw_sequencer_advance(s->sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
}

static mw_places accept_at_next(shop *s, int64_t step) {
    mw_places places = {0, step};
    mw_error err;
    MW_CHECK_OK(mw_sequencer_next_place(s->sequencer, &places.first, &err), &err);
    mw_lake_snapshot lake = {.last_place = places.first, .log_through = INT64_MIN};
    MW_CHECK_OK(mw_sequencer_accept(s->sequencer, places, &lake, &err), &err);
    return places;
}

static void digest(const mw_sequencer *sequencer, size_t model,
                   char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_engine *engine = mw_course_engine(mw_decider_course(mw_sequencer_decider(sequencer, model)));
    mw_engine_advance(engine, mw_sequencer_read_stats(sequencer).last_place + 1);
    MW_CHECK_OK(mw_engine_digest(engine, &sha, NULL), NULL);
    mw_sha256_hex(&sha, out_hex);
}

/* A process that starts now, with what the lake has, stands where this one stands. Taking digests
   moves the engines ahead of their courses, so the shop is opened once more and goes on so. */
static void check_against_recovery(shop *s, mw_events *lake) {
    char live[2][MW_SHA256_HEX_SIZE + 1], anew[2][MW_SHA256_HEX_SIZE + 1];
    mw_error err;
    int64_t place;
    MW_CHECK_OK(mw_sequencer_next_place(s->sequencer, &place, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    mw_sequencer_stats before = mw_sequencer_read_stats(s->sequencer);
    for (size_t i = 0; i < 2; i++) digest(s->sequencer, i, live[i]);
    shop_close(s);
    mw_events_release(&s->history);
    s->history = *lake;
    *lake = (mw_events){.stream_count = 0};
    MW_CHECK_OK(shop_open(s, true, &err), &err);
    MW_CHECK_OK(mw_sequencer_next_place(s->sequencer, &place, &err), &err);
    mw_sequencer_stats after = mw_sequencer_read_stats(s->sequencer);
    MW_CHECK_EQUAL_INT(after.last_place, before.last_place);
    MW_CHECK_EQUAL_INT(after.history_events, before.history_events);
    MW_CHECK_EQUAL_INT(after.log_events, before.log_events);
    for (size_t i = 0; i < 2; i++) digest(s->sequencer, i, anew[i]);
    for (size_t i = 0; i < 2; i++) MW_CHECK_EQUAL_STR(mw_str_of(live[i]), anew[i]);
    shop_close(s);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

static void fill(ingest *it, uint64_t *prng, int64_t now, int *number) {
    for (int i = 0; i < EVENTS; i++) {
        int64_t at = now + (int64_t)(mw_prng_next(prng) % 40 - 20) * QUARTER_US;
        bool is_order = mw_prng_next(prng) % 3 > 0;
        ingest_add(it, is_order ? "orders" : "deliveries",
                   is_order ? *number : DELIVERY + *number, at);
        ++*number;
    }
    ingest_stage(it);
}

/* Events, clock and pieces in a random order; what arrived counts as a recovery says, at any moment
   of its trickling in. */
static void run_world(uint64_t prng, size_t *out_half_taken) {
    shop s;
    int number = 0;
    mw_error err;
    shop_set_up(&s);
    int64_t now = SHOP_BEGIN;
    for (int64_t round = 1; round <= ROUNDS; round++) {
        ingest it;
        mw_events lake;
        ingest_begin(&it, &s, round);
        fill(&it, &prng, now, &number);
        MW_CHECK_OK(ingest_await(&it, &err), &err);
        for (size_t sent = 0; sent < it.events.event_count;) {
            sent = ingest_send(&it, sent);
            take(&s, "orders", number++, now - MW_HOUR_US / 2);
        }
        mw_places places = accept_at_next(&s, (int64_t)(mw_prng_next(&prng) % 3) * MW_MINUTE_US);
        ingest_keep(&it, places, &s.history, &lake);
        s.lake_place = places.first;
        for (int i = 0; i < 4 && mw_sequencer_arrival(s.sequencer); i++) {
            now += (int64_t)(mw_prng_next(&prng) % 40) * MW_MINUTE_US;
            take(&s, "deliveries", DELIVERY + number++, now + 26 * MW_HOUR_US);
            reach(&s, now);
        }
        *out_half_taken += mw_sequencer_arrival(s.sequencer) != NULL;
        check_against_recovery(&s, &lake);
        ingest_end(&it);
        now += MW_DAY_US;
        reach(&s, now);
    }
    shop_tear_down(&s);
}

MW_TEST(arrival_counts_as_a_recovery_says_at_any_moment) {
    size_t half_taken = 0;
    for (uint64_t i = 0; i < 20; i++) run_world(mw_test_seed() + i, &half_taken);
    MW_CHECK(half_taken > 10);
}

/* Ids that a client takes while the ingest is on its way, before its piece or after. */
MW_TEST(arrival_is_overtaken_by_a_client) {
    mw_error err;
    for (int is_before = 0; is_before < 2; is_before++) {
        shop s;
        ingest it;
        shop_set_up(&s);
        ingest_begin(&it, &s, 1);
        ingest_add(&it, "orders", 5, SHOP_BEGIN);
        ingest_add(&it, "orders", 6, SHOP_BEGIN);
        ingest_stage(&it);
        MW_CHECK_OK(ingest_await(&it, &err), &err);
        if (is_before) take(&s, "orders", 6, SHOP_BEGIN);
        MW_CHECK(!mw_arrival_is_whole(mw_sequencer_arrival(s.sequencer)));
        ingest_send(&it, 0);
        MW_CHECK(mw_arrival_is_whole(mw_sequencer_arrival(s.sequencer)));
        if (!is_before) take(&s, "orders", 6, SHOP_BEGIN);
        MW_CHECK(mw_arrival_is_overtaken(mw_sequencer_arrival(s.sequencer)));
        mw_sequencer_forget(s.sequencer);
        MW_CHECK(mw_sequencer_arrival(s.sequencer) == NULL);
        take(&s, "orders", 5, SHOP_BEGIN); /* it left nothing behind */
        ingest_end(&it);
        shop_tear_down(&s);
    }
}

/* An ingest of so many orders, with ids from 0 on, that history begins with. */
static void ingest_stage_orders(ingest *it, shop *s, int count) {
    ingest_begin(it, s, 1);
    for (int i = 0; i < count; i++) ingest_add(it, "orders", i, SHOP_BEGIN);
    ingest_stage(it);
}

/* From its acceptance on an id stands, also while its event has not reached its place. */
MW_TEST(arrival_ids_stand_once_accepted) {
    shop s;
    ingest it, next;
    mw_cell row[3];
    mw_error err;
    shop_set_up(&s);
    ingest_stage_orders(&it, &s, 10);
    MW_CHECK_OK(ingest_await(&it, &err), &err);
    ingest_send(&it, 0);
    accept_at_next(&s, MW_MINUTE_US);
    MW_CHECK_EQUAL_INT(mw_arrival_left(mw_sequencer_arrival(s.sequencer)), 9);
    for (int i = 0; i < 10; i++) {
        mw_event same = shop_event(&s, "orders", i, SHOP_BEGIN, row);
        MW_CHECK(shop_standing(s.sequencer, &same) == MW_EVENT_REPEATS);
        mw_event other = shop_event(&s, "orders", i, SHOP_BEGIN + 1, row);
        MW_CHECK(shop_standing(s.sequencer, &other) == MW_EVENT_CONFLICTS);
    }
    ingest_begin(&next, &s, 2); /* one at a time */
    ingest_add(&next, "orders", 99, SHOP_BEGIN);
    ingest_stage(&next);
    MW_CHECK_STATUS(ingest_await(&next, &err), MW_BUSY);
    mw_sequencer_forget(s.sequencer); /* too late for that */
    MW_CHECK(mw_sequencer_arrival(s.sequencer) != NULL);
    reach(&s, SHOP_BEGIN + MW_HOUR_US);
    MW_CHECK(mw_sequencer_arrival(s.sequencer) == NULL);
    MW_CHECK_OK(ingest_await(&next, &err), &err);
    ingest_end(&it);
    ingest_end(&next);
    shop_tear_down(&s);
}

/* A correction of what has not reached its place yet is told to wait, and is one then. */
MW_TEST(arrival_is_corrected_once_it_is_taken) {
    static const char other[] =
        "{\"shop\": \"other\", \"number\": 5, \"at\": \"1970-04-11T00:00:00Z\"}";
    shop s;
    ingest it;
    mw_events lake;
    mw_error err;
    shop_set_up(&s);
    ingest_stage_orders(&it, &s, 10);
    MW_CHECK_OK(ingest_await(&it, &err), &err);
    ingest_send(&it, 0);
    mw_places places = accept_at_next(&s, MW_MINUTE_US);
    ingest_keep(&it, places, &s.history, &lake);
    mw_events_release(&s.history);
    s.history = lake;
    mw_str said = shop_call(&s, MW_HTTP_POST, "/v1/events/orders", other, 503);
    MW_CHECK(shop_says(said, "the ingest that holds this id is still being taken"));
    reach(&s, SHOP_BEGIN + MW_HOUR_US);
    said = shop_call(&s, MW_HTTP_POST, "/v1/events/orders", other, 200);
    MW_CHECK(shop_says(said, "\"corrections\":1"));
    ingest_end(&it);
    shop_tear_down(&s);
}

MW_TEST(arrival_refuses_what_the_server_does_not_know) {
    shop s;
    ingest it;
    mw_error err;
    shop_set_up(&s);
    ingest_stage_orders(&it, &s, 4);
    mw_schema schema = it.files[0].schema;
    it.files[0].schema.field_count--;
    MW_CHECK_STATUS(ingest_await(&it, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "stream orders: the running server knows other fields of it");
    it.files[0].schema = schema;
    it.files[0].event_count = 3;
    MW_CHECK_OK(ingest_await(&it, &err), &err);

    mw_buf piece;
    size_t next;
    mw_buf_init(&piece, 1 << 20);
    MW_CHECK_OK(mw_offer_events_append(&piece, &it.addition, &it.batch, 0, &next, &err), &err);
    mw_reader reader = {.rest = mw_str_slice(mw_buf_str(&piece), 8, piece.size)};
    MW_CHECK_STATUS(mw_sequencer_gather(s.sequencer, &reader, &err), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message, "ingest: more events came than were announced");
    mw_buf_release(&piece);
    ingest_end(&it);
    shop_tear_down(&s);
}
