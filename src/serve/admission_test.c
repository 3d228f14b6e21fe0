#include "serve/admission.h"

#include "serve/arrival_world_test.h"

enum { EVENT_US = 10 };

typedef struct {
    shop shop;
    mw_state *state;
    mw_admission *admission;
    ingest made;
    mw_offer offer;
    bool *is_chosen;
    mw_error err;
} fixture;

static void set_up(fixture *f, bool is_virtual) {
    *f = (fixture){.state = NULL};
    shop_set_up(&f->shop);
    if (!is_virtual) { /* the shop begins under a virtual clock: another log under the wall's */
        shop_close(&f->shop);
        mw_simulated_destroy(f->shop.sys);
        mw_simulated_config machine = {.seed = mw_test_seed(), .now_us = SHOP_BEGIN};
        MW_CHECK_OK(mw_simulated_create(machine, &f->shop.sys, NULL), NULL);
        MW_CHECK_OK(shop_open(&f->shop, false, &f->err), &f->err);
    }
    MW_CHECK_OK(mw_state_open(mw_sys_real(), NULL, MW_STATE_WRITE, &f->state, &f->err), &f->err);
    mw_admission_config config = {f->state, f->shop.program, EVENT_US};
    MW_CHECK_OK(mw_admission_create(config, &f->admission, &f->err), &f->err);
    f->is_chosen = mw_arena_alloc(&f->shop.arena, 8, sizeof *f->is_chosen);
    f->is_chosen[0] = true;
}

static void tear_down(fixture *f) {
    mw_admission_destroy(f->admission);
    mw_state_close(f->state);
    shop_tear_down(&f->shop);
}

/* Stages orders from `first` on in the lake, as an ingest does. */
static void make(fixture *f, int first, int count) {
    ingest_begin(&f->made, &f->shop, 0);
    for (int i = first; i < first + count; i++)
        ingest_add(&f->made, "orders", i, SHOP_BEGIN - MW_HOUR_US + i);
    MW_CHECK_OK(mw_lake_stage(mw_state_lake(f->state), &f->made.batch, &f->shop.arena,
                              &f->made.addition, &f->err), &f->err);
    f->offer = (mw_offer){.addition = f->made.addition, .at_us = 5,
                          .log_through = MW_TIME_MISSING};
    MW_CHECK_OK(mw_offer_describe(&f->offer, f->shop.program, f->is_chosen, &f->shop.arena,
                                  &f->err), &f->err);
}

static mw_status offer(fixture *f) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    mw_offer_append(&bytes, &f->offer);
    mw_status status = mw_admission_offer(f->admission, f->shop.sequencer, mw_buf_str(&bytes),
                                          &f->err);
    mw_buf_release(&bytes);
    return status;
}

static mw_status send(fixture *f) {
    mw_buf piece;
    size_t next;
    mw_buf_init(&piece, 1 << 20);
    MW_CHECK_OK(mw_offer_events_append(&piece, &f->made.addition, &f->made.batch, 0, &next,
                                       &f->err), &f->err);
    mw_status status = mw_admission_gather(f->admission, f->shop.sequencer, mw_buf_str(&piece),
                                           &f->err);
    mw_buf_release(&piece);
    ingest_end(&f->made);
    return status;
}

static mw_status accept(fixture *f, mw_accepted *out_accepted, bool *out_is_history) {
    return mw_admission_accept(f->admission, f->shop.sequencer, f->offer.addition.number,
                               out_accepted, out_is_history, &f->err);
}

static int64_t lake_ingests(fixture *f) {
    mw_lake_snapshot snapshot;
    MW_CHECK_OK(mw_lake_look(mw_state_lake(f->state), &snapshot, &f->err), &f->err);
    return snapshot.ingest;
}

static void predict(fixture *f) {
    mw_answer answer;
    yyjson_doc *doc = shop_row("{\"shop\": \"a\", \"number\": 9999, "
                               "\"at\": \"1970-04-11T00:00:00Z\"}");
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    MW_CHECK_OK(mw_service_predict(f->shop.service, SHOP_QUICK, row, true, &answer, &f->err),
                &f->err);
    yyjson_doc_free(doc);
}

/* The lake shows the events at the very places at which the sequencer takes them. */
static void check_places(fixture *f, mw_places places, size_t count) {
    mw_lake_snapshot snapshot;
    mw_events lake;
    mw_load_wish wish = {f->state, f->shop.program, f->shop.symbols, INT64_MIN};
    MW_CHECK_OK(mw_load_lake(wish, &snapshot, &lake, &f->err), &f->err);
    MW_CHECK_EQUAL_INT(lake.event_count, count);
    for (size_t i = 0; i < count; i++)
        MW_CHECK_EQUAL_INT(mw_events_at(&lake, i).place,
                           places.first + (int64_t)i * places.step);
    mw_events_release(&lake);
}

MW_TEST(admission_gives_places_by_what_was_predicted) {
    fixture f;
    mw_accepted accepted;
    bool is_history;
    set_up(&f, false);
    make(&f, 0, 10);
    MW_CHECK_OK(offer(&f), &f.err);
    MW_CHECK_OK(send(&f), &f.err);
    MW_CHECK_OK(accept(&f, &accepted, &is_history), &f.err);
    MW_CHECK(is_history && accepted.places.first == MW_TIME_MISSING);
    MW_CHECK(mw_sequencer_arrival(f.shop.sequencer) == NULL);
    tear_down(&f);

    set_up(&f, false);
    predict(&f);
    make(&f, 0, 10);
    MW_CHECK_OK(offer(&f), &f.err);
    MW_CHECK_OK(send(&f), &f.err);
    int64_t before = mw_sequencer_read_stats(f.shop.sequencer).last_place;
    MW_CHECK_OK(accept(&f, &accepted, &is_history), &f.err);
    MW_CHECK(!is_history && accepted.places.first > before);
    MW_CHECK_EQUAL_INT(accepted.places.step, EVENT_US);
    MW_CHECK_EQUAL_INT(mw_arrival_left(mw_sequencer_arrival(f.shop.sequencer)), 9);
    check_places(&f, accepted.places, 10);
    MW_CHECK_STATUS(accept(&f, &accepted, &is_history), MW_CONFLICT); /* once is enough */
    MW_CHECK_EQUAL_STR(f.err.message, "ingest: the server has no offer of number 1");
    tear_down(&f);
}

MW_TEST(admission_lets_all_count_at_once_under_a_virtual_clock) {
    fixture f;
    mw_accepted accepted;
    bool is_history;
    set_up(&f, true);
    predict(&f);
    make(&f, 0, 10);
    MW_CHECK_OK(offer(&f), &f.err);
    MW_CHECK_OK(send(&f), &f.err);
    MW_CHECK_OK(accept(&f, &accepted, &is_history), &f.err);
    MW_CHECK(!is_history && accepted.places.step == 0);
    MW_CHECK(mw_sequencer_arrival(f.shop.sequencer) == NULL);
    check_places(&f, accepted.places, 10);
    tear_down(&f);
}

/* Whatever is refused leaves lake and sequencer as they were. */
MW_TEST(admission_refuses_half_an_ingest_and_other_projects) {
    fixture f;
    mw_accepted accepted;
    bool is_history;
    set_up(&f, true);
    predict(&f);
    make(&f, 0, 10);
    MW_CHECK_OK(offer(&f), &f.err);
    MW_CHECK_STATUS(accept(&f, &accepted, &is_history), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(f.err.message, "ingest: fewer events came than were announced");
    MW_CHECK_STATUS(send(&f), MW_CONFLICT);

    make(&f, 0, 10);
    f.offer.sources[0].definition = MW_STR("another");
    MW_CHECK_STATUS(offer(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "stream orders: the project file no longer says what it said "
                                      "when the server was started");
    ingest_end(&f.made);

    make(&f, 0, 10);
    MW_CHECK_OK(offer(&f), &f.err);
    MW_CHECK_OK(send(&f), &f.err);
    yyjson_doc *doc = shop_row("{\"shop\": \"a\", \"number\": 3, "
                               "\"at\": \"1970-04-11T00:00:00Z\"}");
    mw_event_standing standing;
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    MW_CHECK_OK(mw_service_take(f.shop.service, 0, row, &standing, &f.err), &f.err);
    yyjson_doc_free(doc);
    MW_CHECK_STATUS(accept(&f, &accepted, &is_history), MW_BUSY);
    MW_CHECK_EQUAL_STR(f.err.message, "ingest: rows of it came over the network meanwhile");
    MW_CHECK_EQUAL_INT(lake_ingests(&f), 0);
    MW_CHECK(mw_sequencer_arrival(f.shop.sequencer) == NULL);
    tear_down(&f);
}

/* Who made it has given it up: then a message that comes late does no harm. */
MW_TEST(admission_does_not_accept_what_was_given_up) {
    fixture f;
    mw_accepted accepted;
    bool is_history, is_accepted;
    set_up(&f, true);
    predict(&f);
    make(&f, 0, 10);
    MW_CHECK_OK(offer(&f), &f.err);
    MW_CHECK_OK(send(&f), &f.err);
    MW_CHECK_OK(mw_offer_give_up(&f.offer, f.state, &is_accepted, &accepted, &f.err), &f.err);
    MW_CHECK(!is_accepted);
    MW_CHECK_STATUS(accept(&f, &accepted, &is_history), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "lake: the ingest was given up before it was accepted");
    MW_CHECK(mw_sequencer_arrival(f.shop.sequencer) == NULL);
    MW_CHECK_OK(mw_sequencer_commit(f.shop.sequencer, &f.err), &f.err);
    tear_down(&f);
}
