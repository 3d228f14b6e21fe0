#include "ingest/log_move.h"

#include <string.h>

#include "base/prng.h"
#include "ingest/history.h"
#include "ingest/shop_log_test.h"

typedef struct {
    mw_history history;
    mw_events events;
} reading;

static reading read_all(shop *f) {
    reading it;
    MW_CHECK_OK(mw_history_load(f->state, f->program, f->symbols, &it.history, &it.events, &f->err),
                &f->err);
    return it;
}

static mw_status move(shop *f, size_t *out_count) {
    mw_log_move it = {f->state, f->program, f->symbols, 7};
    return mw_log_move_run(it, out_count, &f->err);
}

static size_t move_ok(shop *f) {
    size_t count = SIZE_MAX;
    MW_CHECK_OK(move(f, &count), &f->err);
    return count;
}

static void check_same(const reading *a, const reading *b) {
    MW_CHECK_EQUAL_STR(mw_str_of(a->history.version), b->history.version);
    MW_CHECK_EQUAL_INT(a->events.event_count, b->events.event_count);
    for (size_t i = 0; i < a->events.event_count; i++) {
        mw_event x = mw_events_at(&a->events, i), y = mw_events_at(&b->events, i);
        const mw_schema *schema = a->events.streams[x.stream].rows.schema;
        MW_CHECK(x.stream == y.stream && x.time == y.time && x.known == y.known &&
                 x.place == y.place);
        for (size_t c = 0; c < schema->field_count; c++)
            MW_CHECK(x.row[c].bits == y.row[c].bits);
    }
}

static void set_up(shop *f, const char *yaml) {
    shop_set_up(f, NULL);
    shop_write_file(f, "orders1.csv", shop_first_orders);
    shop_write_file(f, "visits.csv", shop_first_visits);
    shop_compile(f, yaml);
}

/* Adds some visits and an order that the lake may have, behind `place`; returns the last place. */
static int64_t log_some(shop *f, int64_t place, uint64_t *prng) {
    shop_log log;
    reading now = read_all(f);
    shop_log_open(&log, f);
    place++;
    if (now.history.log.last_place == INT64_MIN)
        shop_log_begin(&log, MW_CONTROL_BEGIN_WALL, place, place);
    size_t count = 2 + mw_prng_below(prng, 4);
    for (size_t i = 0; i < count; i++)
        shop_log_visit(&log, mw_prng_below(prng, 2) ? "a" : "b", place += 10);
    int32_t orders = mw_program_find_stream(f->program, MW_STR("orders"));
    if (now.events.streams[orders].rows.row_count > 0) {
        mw_event repeat = mw_events_row(&now.events, orders, 0);
        repeat.place = ++place;
        shop_log_event(&log, &repeat);
    }
    mw_record prediction = {.type = MW_RECORD_PREDICTION, .place = ++place,
                            .payload = MW_STR("not read here")};
    shop_log_add(&log, prediction);
    shop_log_close(&log);
    mw_events_release(&now.events);
    return place;
}

/* However often it is moved, and whatever is ingested in between: the same events, by the same
   name. */
MW_TEST(log_move_changes_neither_events_nor_data_version) {
    shop f;
    uint64_t prng = mw_test_seed();
    int64_t place = INT64_C(1800000000000000);
    size_t moved = 0, nothing = 0;
    set_up(&f, shop_orders);
    MW_CHECK_EQUAL_INT(move_ok(&f), 0); /* there is no log */
    for (int round = 0; round < 12; round++) {
        if (round == 3) MW_CHECK_OK(shop_ingest(&f), &f.err);
        bool logs = round < 4 ? mw_prng_below(&prng, 3) > 0 : round % 4 > 0;
        if (logs) place = log_some(&f, place, &prng);
        reading before = read_all(&f);
        size_t count = move_ok(&f);
        reading after = read_all(&f);
        check_same(&before, &after);
        MW_CHECK_EQUAL_STR(mw_str_of(before.history.lake.version), after.history.lake.version);
        MW_CHECK(after.history.log.last_event == INT64_MIN);
        MW_CHECK_EQUAL_INT(move_ok(&f), 0);
        moved += count;
        nothing += count == 0;
        mw_events_release(&before.events);
        mw_events_release(&after.events);
    }
    MW_CHECK(moved > 10 && nothing > 0);
    shop_tear_down(&f);
}

/* What a project without the stream would lose stays in the log, and what comes after it. */
MW_TEST(log_move_stops_before_what_the_project_does_not_know) {
    shop f;
    char yaml[1000];
    shop_log log;
    mw_cell row[16] = {{0}};
    set_up(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    reading lake = read_all(&f);
    int32_t orders = mw_program_find_stream(f.program, MW_STR("orders"));
    mw_event event = mw_events_row(&lake.events, orders, 0);
    memcpy(row, event.row, f.program->streams[orders].schema.field_count * sizeof *row);
    event.row = row;
    int64_t place = INT64_C(1800000000000000);
    shop_log_open(&log, &f);
    shop_log_begin(&log, MW_CONTROL_BEGIN_WALL, place, place);
    for (int i = 1; i <= 5; i++) {
        row[f.program->streams[orders].id_fields[0]] = mw_cell_number(100 + i);
        event.place = place + 10 * i;
        if (i == 3) shop_log_visit(&log, "b", place + 10 * i);
        else shop_log_event(&log, &event);
    }
    shop_log_close(&log);
    mw_events_release(&lake.events);
    const char *visits = strstr(shop_orders, "  visits:");
    snprintf(yaml, sizeof yaml, "%.*s", (int)(visits - shop_orders), shop_orders);
    shop_compile(&f, yaml);
    MW_CHECK_EQUAL_INT(move_ok(&f), 2);
    MW_CHECK_EQUAL_INT(move_ok(&f), 0);
    shop_compile(&f, shop_orders);
    MW_CHECK_EQUAL_INT(move_ok(&f), 3);
    shop_tear_down(&f);
}

MW_TEST(log_move_refuses_streams_that_have_changed_their_meaning) {
    shop f;
    size_t count = 99;
    uint64_t prng = 4;
    set_up(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    log_some(&f, INT64_C(1800000000000000), &prng);
    shop_compile(&f, "project: shop\nstreams:\n"
                     "  orders:\n"
                     "    from: orders*.csv\n"
                     "    time: at\n"
                     "    id: order\n"
                     "    where: price != 13\n"
                     "    fields: {paid: at + delay * 1m}\n"
                     "    later: {paid: paid, delay: paid}\n"
                     "  visits: {from: visits.csv, time: at, known: time + 1h}\n");
    MW_CHECK_STATUS(move(&f, &count), MW_CONFLICT);
    MW_CHECK_EQUAL_INT(count, 99);
    shop_tear_down(&f);
}

static mw_status move_again(void *context) {
    size_t count;
    return move(context, &count);
}

MW_TEST(log_move_survives_every_failing_allocation) {
    shop f;
    uint64_t prng = 3;
    set_up(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    log_some(&f, INT64_C(1800000000000000), &prng);
    reading before = read_all(&f);
    MW_CHECK(mw_test_every_allocation_fails(move_again, &f) > 20);
    reading after = read_all(&f);
    check_same(&before, &after);
    MW_CHECK(after.history.log.last_event == INT64_MIN);
    mw_events_release(&after.events);
    mw_events_release(&before.events);
    shop_tear_down(&f);
}
