#include "ingest/history.h"

#include <string.h>

#include "ingest/shop_log_test.h"

static void set_up(shop *f) {
    shop_set_up(f, NULL);
    shop_write_file(f, "orders1.csv", shop_first_orders);
    shop_write_file(f, "visits.csv", shop_first_visits);
    shop_compile(f, shop_orders);
    MW_CHECK_OK(shop_ingest(f), &f->err);
}

static void load(shop *f, mw_history *history, mw_events *events) {
    MW_CHECK_OK(mw_history_load(f->state, f->program, f->symbols, history, events, &f->err),
                &f->err);
}

static size_t count_of(const shop *f, const mw_events *events, const char *stream) {
    int32_t number = mw_program_find_stream(f->program, mw_str_of(stream));
    return events->streams[number].rows.row_count;
}

/* Writes all orders of the lake to the log once more, and one that is new, then two visits. */
static void log_orders(shop *f, const mw_events *lake, int64_t place) {
    shop_log log;
    int32_t orders = mw_program_find_stream(f->program, MW_STR("orders"));
    const mw_stream_events *stream = &lake->streams[orders];
    shop_log_open(&log, f);
    shop_log_begin(&log, MW_CONTROL_BEGIN_VIRTUAL, place + 70, place);
    for (size_t i = 0; i < stream->rows.row_count; i++) {
        mw_event event = mw_events_row(lake, orders, i);
        event.place = ++place;
        shop_log_event(&log, &event);
    }
    mw_event event = mw_events_row(lake, orders, 0);
    mw_cell row[16];
    size_t field_count = stream->rows.schema->field_count;
    MW_CHECK(field_count <= 16);
    memcpy(row, event.row, field_count * sizeof *row);
    int32_t id = f->program->streams[orders].id_fields[0];
    if (mw_type_is_symbol(stream->rows.schema->fields[id].type))
        row[id].symbol = mw_symbols_intern(f->symbols, MW_STR("new"));
    else row[id] = mw_cell_number(77);
    event.row = row;
    event.place = ++place;
    shop_log_event(&log, &event);
    shop_log_visit(&log, "b", place + 1);
    shop_log_visit(&log, "b", place + 2);
    shop_log_close(&log);
}

/* What stands in both counts once; without an id nothing is a repeat. */
MW_TEST(history_is_lake_and_log_each_event_once) {
    shop f;
    mw_history before, after, fresh;
    mw_events lake, all, tail;
    set_up(&f);
    load(&f, &before, &lake);
    MW_CHECK_EQUAL_STR(mw_str_of(before.version), before.lake.version);
    MW_CHECK(before.log.last_event == INT64_MIN && mw_history_now(&before, 99) == 99);
    int64_t place = mw_events_at(&lake, lake.event_count - 1).place + 1000;
    log_orders(&f, &lake, place);
    load(&f, &after, &all);
    MW_CHECK_EQUAL_INT(count_of(&f, &all, "orders"), count_of(&f, &lake, "orders") + 1);
    MW_CHECK_EQUAL_INT(count_of(&f, &all, "visits"), count_of(&f, &lake, "visits") + 2);
    MW_CHECK_EQUAL_INT(all.event_count, lake.event_count + 3);
    for (size_t i = 1; i < all.event_count; i++)
        MW_CHECK(mw_events_at(&all, i - 1).place <= mw_events_at(&all, i).place);
    MW_CHECK(strcmp(after.version, before.version) != 0);
    MW_CHECK_EQUAL_STR(mw_str_of(after.lake.version), before.lake.version);
    MW_CHECK_EQUAL_INT(mw_history_now(&after, 99), place + 70);

    mw_load_wish wish = {f.state, f.program, f.symbols, INT64_MIN};
    MW_CHECK_OK(mw_history_load_fresh(wish, INT64_MAX, &fresh, &tail, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(tail.event_count, 3);
    MW_CHECK_EQUAL_STR(mw_str_of(fresh.version), after.version);
    MW_CHECK_EQUAL_INT(fresh.log.last_event, mw_events_at(&tail, 2).place);
    mw_events_release(&tail);
    MW_CHECK_OK(mw_history_load_fresh(wish, fresh.log.last_event - 1, &fresh, &tail, &f.err),
                &f.err);
    MW_CHECK_EQUAL_INT(tail.event_count, 2);
    MW_CHECK(strcmp(fresh.version, after.version) != 0);
    mw_events_release(&tail);
    mw_events_release(&lake);
    mw_events_release(&all);
    shop_tear_down(&f);
}

/* A project without a stream reads the log without its events; the version names them. */
MW_TEST(history_passes_over_streams_that_are_no_more) {
    shop f;
    mw_history with, without;
    mw_events events;
    set_up(&f);
    load(&f, &with, &events);
    log_orders(&f, &events, mw_events_at(&events, events.event_count - 1).place + 1000);
    mw_events_release(&events);
    load(&f, &with, &events);
    mw_events_release(&events);
    MW_CHECK_EQUAL_INT(with.log.first_foreign, INT64_MAX);
    const char *visits = strstr(shop_orders, "  visits:");
    char yaml[1000];
    snprintf(yaml, sizeof yaml, "%.*s", (int)(visits - shop_orders), shop_orders);
    shop_compile(&f, yaml);
    load(&f, &without, &events);
    MW_CHECK_EQUAL_INT(without.log.first_foreign, with.log.last_event - 1);
    MW_CHECK_EQUAL_STR(mw_str_of(without.version), with.version);
    mw_events_release(&events);
    shop_tear_down(&f);
}
