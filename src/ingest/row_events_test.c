#include "ingest/row_events.h"

#include "testing/declare.h"
#include "testing/test.h"

enum { AT, NUMBER, PRICE, DELAY, PAID, WIDTH };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_row_events *events;
    mw_cell row[WIDTH];
} fixture;

static void set_up(fixture *f) {
    *f = (fixture){0};
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols,
                                 "stream orders\n"
                                 "  columns: at time, number text, price number, delay number\n"
                                 "  field paid: at + delay * 1m\n"
                                 "  where: price != 13\n"
                                 "  time: at\n"
                                 "  known: time + 1m\n"
                                 "  id: number\n"
                                 "  later paid: paid\n"
                                 "  later delay: paid\n");
    MW_CHECK_OK(mw_row_events_create(&f->arena, f->program, 0, f->symbols, &f->events, NULL), NULL);
    f->row[AT] = mw_cell_time(MW_DAY_US);
    f->row[NUMBER].symbol = mw_symbols_intern(f->symbols, MW_STR("A1"));
    f->row[PRICE] = mw_cell_number(20);
    f->row[DELAY] = mw_cell_number(5);
}

static void tear_down(fixture *f) {
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

MW_TEST(row_events_are_that_of_the_stream_and_those_of_its_later_fields) {
    fixture f;
    set_up(&f);
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_IS_EVENT);
    MW_CHECK_EQUAL_INT(f.row[PAID].time, MW_DAY_US + 5 * MW_MINUTE_US);
    MW_CHECK_EQUAL_STR(mw_row_events_make(f.events, f.row), "");
    const mw_event *items = mw_row_events_items(f.events);
    MW_CHECK_EQUAL_INT(f.program->sources[0].stream_count, 2); /* the two share their time */
    MW_CHECK(items[0].row == mw_row_events_cells(f.events));
    MW_CHECK(items[0].time == MW_DAY_US && items[0].place == MW_DAY_US + MW_MINUTE_US);
    MW_CHECK(items[1].row && items[1].stream == 1 && items[1].time == f.row[PAID].time);
    tear_down(&f);
}

MW_TEST(row_events_of_a_row_owe_nothing_to_the_row_before) {
    fixture f;
    set_up(&f);
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_IS_EVENT);
    MW_CHECK_EQUAL_STR(mw_row_events_make(f.events, f.row), "");
    f.row[DELAY] = mw_cell_missing(MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_IS_EVENT);
    MW_CHECK_EQUAL_STR(mw_row_events_make(f.events, f.row), "");
    const mw_event *items = mw_row_events_items(f.events);
    MW_CHECK(items[0].row && !items[1].row);
    tear_down(&f);
}

MW_TEST(row_events_name_the_rule_that_a_row_breaks) {
    fixture f;
    set_up(&f);
    f.row[PRICE] = mw_cell_number(13);
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_LEFT_OUT);
    f.row[PRICE] = mw_cell_number(20);
    f.row[NUMBER] = mw_cell_missing(MW_TYPE_TEXT);
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_IS_EVENT);
    MW_CHECK_EQUAL_STR(mw_row_events_make(f.events, f.row), "id: number must be there");
    f.row[AT] = mw_cell_missing(MW_TYPE_TIME);
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_IS_EVENT);
    MW_CHECK_EQUAL_STR(mw_row_events_make(f.events, f.row), "time: at must be there");
    f.row[AT] = mw_cell_time(MW_TIME_MAX); /* a minute later is no time */
    MW_CHECK_EQUAL_INT(mw_row_events_ready(f.events, f.row, NULL), MW_ROW_IS_EVENT);
    MW_CHECK_EQUAL_STR(mw_row_events_make(f.events, f.row), "known: time + 1m must be there");
    tear_down(&f);
}

static mw_status make(void *context) {
    const fixture *f = context;
    mw_arena arena;
    mw_row_events *events;
    mw_arena_init(&arena, 1 << 20);
    mw_status status = mw_row_events_create(&arena, f->program, 0, f->symbols, &events, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(row_events_survive_each_failing_allocation) {
    fixture f;
    set_up(&f);
    MW_CHECK(mw_test_every_allocation_fails(make, &f) > 0);
    tear_down(&f);
}
