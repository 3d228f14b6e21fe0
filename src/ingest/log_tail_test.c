#include "ingest/log_tail.h"

#include "ingest/shop_log_test.h"

/* Writes visits at places 10, 20 ... to the log, a prediction at 25 and a control before them. */
static void write_log(shop *f, size_t count) {
    shop_log log;
    shop_log_open(&log, f);
    shop_log_begin(&log, MW_CONTROL_BEGIN_VIRTUAL, 3, 5);
    for (size_t i = 1; i <= count; i++) {
        shop_log_visit(&log, "a", 10 * (int64_t)i);
        mw_record prediction = {.type = MW_RECORD_PREDICTION, .place = 25,
                                .payload = MW_STR("not read here")};
        if (i == 2) shop_log_add(&log, prediction);
    }
    shop_log_close(&log);
}

static size_t read_tail(shop *f, int64_t after, int64_t through, mw_log_facts *facts) {
    mw_events events;
    mw_lake_snapshot lake = {.log_through = after};
    mw_log_tail tail = {f->state, f->program, f->symbols, &lake, through, {0}};
    MW_CHECK_OK(mw_log_tail_end(f->state, &tail.end, &f->err), &f->err);
    MW_CHECK_OK(mw_program_events(f->program, &events, &f->err), &f->err);
    MW_CHECK_OK(mw_log_tail_read(tail, &events, facts, &f->err), &f->err);
    for (size_t i = 0; i < events.event_count; i++) {
        int32_t visits = mw_program_find_stream(f->program, MW_STR("visits"));
        const mw_stream_events *stream = &events.streams[visits];
        MW_CHECK(stream->places[i] > after && stream->places[i] <= through);
        MW_CHECK_EQUAL_INT(stream->times[i], stream->places[i] - 5);
    }
    size_t count = events.event_count;
    mw_events_release(&events);
    return count;
}

MW_TEST(log_tail_reads_events_between_places_and_facts_up_to_one) {
    shop f;
    mw_log_facts facts;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, INT64_MAX, &facts), 0); /* there is no log */
    MW_CHECK(facts.last_place == INT64_MIN && facts.last_prediction == INT64_MIN);
    write_log(&f, 5);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, INT64_MAX, &facts), 5);
    MW_CHECK(facts.is_virtual && facts.now == 3);
    MW_CHECK(facts.last_place == 50 && facts.last_prediction == 25);
    MW_CHECK_EQUAL_INT(read_tail(&f, 20, INT64_MAX, &facts), 3);
    MW_CHECK_EQUAL_INT(read_tail(&f, 10, 40, &facts), 3);
    MW_CHECK_EQUAL_INT(facts.last_place, 40);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, 24, &facts), 2);
    MW_CHECK(facts.last_place == 20 && facts.last_prediction == INT64_MIN);
    shop_tear_down(&f);
}

/* Where predictions are recorded, an ingest counts from a place behind all that was given. */
MW_TEST(log_tail_places_the_next_ingest) {
    shop f;
    mw_events events;
    mw_lake_snapshot snapshot;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    write_log(&f, 5);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.place, 51);
    shop_write_file(&f, "orders1.csv", "order,at,shop,price,delay\n"
                                       "8,2024-01-02T10:00:00Z,north,5,3\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.place, 52);
    mw_load_wish wish = {f.state, f.program, f.symbols, INT64_MIN};
    MW_CHECK_OK(mw_load_lake(wish, &snapshot, &events, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(snapshot.last_place, 52);
    MW_CHECK(mw_events_at(&events, 0).place == 51);
    MW_CHECK(mw_events_at(&events, events.event_count - 1).place == 52);
    MW_CHECK(mw_events_at(&events, 0).known > 52);
    mw_events_release(&events);
    shop_tear_down(&f);
}
