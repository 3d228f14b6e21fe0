#include "serve/shop_call_test.h"

#include "base/prng.h"

static const char delivery[] =
    "{\"shop\": \"a\", \"number\": 9, \"at\": \"1970-04-11T20:00:00Z\"}";

static void deliver_and_commit(shop *s) {
    mw_error err;
    shop_call(s, MW_HTTP_POST, "/v1/events/deliveries", delivery, 200);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
}

/* The process dies before a moment that it knows of is due; the next one makes it, once. */
MW_TEST(recovery_makes_the_moments_that_are_due_and_no_other) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    deliver_and_commit(&s);
    for (int i = 0; i < 3; i++) {
        shop_close(&s);
        mw_simulated_kill(s.sys);
        MW_CHECK_OK(shop_open(&s, true, &err), &err);
        MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), i > 1);
        int64_t now = SHOP_BEGIN + (18 + i) * MW_HOUR_US;
        MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, now, &err), &err);
        MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    }
    const mw_ledger_found *found;
    MW_CHECK_OK(mw_ledger_find(mw_sequencer_ledger(s.sequencer), SHOP_BEGIN + 19 * MW_HOUR_US,
                               &found, &err), &err);
    MW_CHECK(found);
    shop_tear_down(&s);
}

/* An ingest brought into the lake what a client had sent: it counts once. */
MW_TEST(recovery_counts_an_event_of_lake_and_log_once) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    deliver_and_commit(&s);
    mw_cell row[] = {{.symbol = mw_symbols_intern(s.symbols, MW_STR("a"))}, mw_cell_number(9),
                     mw_cell_time(SHOP_BEGIN + 20 * MW_HOUR_US)};
    int64_t known = SHOP_BEGIN - 4 * MW_HOUR_US;
    int32_t stream = mw_program_find_stream(s.program, MW_STR("deliveries"));
    mw_event event = {.stream = stream, .time = row[2].time, .known = known, .place = known,
                      .row = row};
    shop_close(&s);
    MW_CHECK_OK(mw_events_add(&s.history, &event, &err), &err);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    mw_sequencer_stats stats = mw_sequencer_read_stats(s.sequencer);
    MW_CHECK(stats.repeats == 1 && stats.log_events == 0 && stats.history_events == 1);
    shop_tear_down(&s);
}

/* Posts a delivery that falls due soon, and predicts for an order of now. */
static void live_a_little(shop *s, int round, int64_t now) {
    char row[200];
    mw_buf time;
    mw_error err;
    mw_buf_init(&time, 100);
    mw_time_append(&time, now + 90 * MW_MINUTE_US);
    mw_str at = mw_buf_str(&time);
    snprintf(row, sizeof row, "{\"shop\": \"a\", \"number\": %d, \"at\": \"%.*s\"}", round,
             MW_STR_ARGS(at));
    shop_call(s, MW_HTTP_POST, "/v1/events/deliveries", row, 200);
    mw_buf_clear(&time);
    mw_time_append(&time, now);
    at = mw_buf_str(&time);
    snprintf(row, sizeof row,
             "{\"event\": {\"shop\": \"a\", \"number\": %d, \"at\": \"%.*s\"}}", round,
             MW_STR_ARGS(at));
    shop_call(s, MW_HTTP_POST, "/v1/models/quick/predict", row, 200);
    MW_CHECK_OK(mw_sequencer_advance(s->sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    mw_buf_release(&time);
}

/* The stamps of the log, which must grow; how many are predictions of the model. */
static size_t check_stamps(const shop *s, const char *model) {
    mw_log_scan *scan;
    mw_error err;
    size_t count = 0;
    int64_t last = INT64_MIN;
    MW_CHECK_OK(mw_log_scan_begin(s->sys, "log", INT64_MIN, &scan, &err), &err);
    for (bool has_record = true; has_record;) {
        mw_record record;
        mw_prediction prediction;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has_record, &err), &err);
        if (!has_record || record.type == MW_RECORD_DEFINITION) continue;
        MW_CHECK(record.place > last);
        last = record.place;
        if (record.type != MW_RECORD_PREDICTION) continue;
        MW_CHECK_OK(mw_prediction_read_head(record.payload, &prediction, &err), &err);
        count += mw_str_is(prediction.model, model);
    }
    mw_log_scan_end(scan);
    return count;
}

/* Each new process finds a clock that stands hours before or after the one that died. */
MW_TEST(recovery_goes_on_when_the_wall_clock_has_gone_back) {
    enum { ROUNDS = 120 };
    shop s;
    mw_error err;
    uint64_t prng = mw_test_seed();
    size_t back = 0;
    int64_t now = SHOP_BEGIN, latest = now;
    shop_set_up_by(&s, false);
    for (int round = 0; round < ROUNDS; round++) {
        if (now > latest) latest = now;
        live_a_little(&s, round, latest); /* clients have clocks of their own */
        shop_close(&s);
        mw_simulated_kill(s.sys);
        int64_t step = (int64_t)mw_prng_below(&prng, 5 * MW_HOUR_US) - 2 * MW_HOUR_US;
        back += step < 0;
        now += step;
        mw_simulated_set_now(s.sys, now);
        MW_CHECK_OK(shop_open(&s, false, &err), &err);
    }
    MW_CHECK(back > ROUNDS / 4);
    mw_simulated_set_now(s.sys, latest + 10 * MW_DAY_US);
    MW_CHECK_OK(mw_sequencer_advance(s.sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(check_stamps(&s, "quick"), ROUNDS);
    MW_CHECK_EQUAL_INT(check_stamps(&s, "late"), ROUNDS);
    shop_tear_down(&s);
}

/* Places never go back, so what comes is late until the clock is there: the answer says why. */
MW_TEST(recovery_tells_of_a_clock_that_was_ahead) {
    static const char row[] =
        "{\"event\": {\"shop\": \"a\", \"number\": 7, \"at\": \"1970-04-11T00:10:00Z\"}}";
    shop s;
    mw_error err;
    shop_set_up_by(&s, false);
    mw_simulated_set_now(s.sys, SHOP_BEGIN + 10 * MW_DAY_US);
    live_a_little(&s, 1, SHOP_BEGIN + 10 * MW_DAY_US);
    mw_simulated_set_now(s.sys, SHOP_BEGIN + 20 * MW_MINUTE_US);
    shop_close(&s);
    MW_CHECK_OK(shop_open(&s, false, &err), &err);
    mw_str said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", row, 422);
    MW_CHECK(shop_says(said, "The log has come to 1970-04-21T00:00:00Z, but the clock says "
                             "1970-04-11T00:20:00Z: was it ahead before?"));
    mw_simulated_set_now(s.sys, SHOP_BEGIN + 11 * MW_DAY_US);
    said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", row, 422);
    MW_CHECK(shop_says(said, "Raise `late`"));
    shop_tear_down(&s);
}
