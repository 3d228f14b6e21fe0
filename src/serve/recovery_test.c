#include "serve/shop_call_test.h"

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
    MW_CHECK(mw_ledger_find(mw_sequencer_ledger(s.sequencer), SHOP_BEGIN + 19 * MW_HOUR_US));
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
    mw_event event = {stream, row[2].time, known, known, row};
    shop_close(&s);
    MW_CHECK_OK(mw_events_add(&s.history, &event, &err), &err);
    MW_CHECK_OK(mw_events_sort(&s.history, &err), &err);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    mw_sequencer_stats stats = mw_sequencer_read_stats(s.sequencer);
    MW_CHECK(stats.repeats == 1 && stats.log_events == 0 && stats.history_events == 1);
    shop_tear_down(&s);
}
