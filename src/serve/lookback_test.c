#include "serve/lookback.h"

#include "base/prng.h"
#include "ingest/event_bytes.h"
#include "ingest/log_events.h"
#include "serve/lookback_gate_test.h"
#include "sys/simulated.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

/* A log of several segments in which each number is an order's; the lake has the odd ones too. */
enum { ORDERS = 600, SEGMENT_SIZE = 4 << 10 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_sys *sys;
    int64_t places[ORDERS];
    mw_lookback_room room;
    size_t asked, parts; /* of the lake: places */
    size_t taken;        /* events */
    int64_t part_us;     /* that a part takes, */
    int64_t place_us;    /* and each place of it */
    mw_status lake_status;
} world;

static const char text[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  id: number\n"
    "stream others:\n"
    "  columns: shop category, at time\n"
    "  time: at\n";

/* Of the order of this number, in these symbols. */
static void fill(mw_symbols *symbols, size_t number, mw_cell row[3]) {
    char shop[24];
    int size = snprintf(shop, sizeof shop, "shop %zu", number);
    row[0] = (mw_cell){.symbol = mw_symbols_intern(symbols, (mw_str){shop, (size_t)size})};
    row[1] = mw_cell_number((double)number);
    row[2] = mw_cell_time((int64_t)number);
}

static mw_status look(void *context, mw_symbols *symbols, mw_lookback *lookback,
                      mw_events *out_events, mw_error *err) {
    world *w = context;
    mw_lookback_part part;
    while (mw_lookback_next(lookback, &part)) {
        w->asked += part.places.count;
        w->parts++;
        mw_simulated_advance(w->sys, w->part_us + (int64_t)part.places.count * w->place_us);
        if (w->lake_status != MW_OK) return mw_fail(err, w->lake_status, "the lake is dry");
        for (size_t i = 0; i < part.places.count; i++) {
            MW_CHECK(i == 0 || part.places.items[i - 1] < part.places.items[i]);
            for (size_t number = 0; number < ORDERS; number++) {
                mw_cell row[3];
                if (w->places[number] != part.places.items[i] || part.stream != 0) continue;
                fill(symbols, number, row);
                mw_event event = {.time = 1, .known = 1, .place = w->places[number], .row = row};
                if (!part.filter.takes(part.filter.context, &event)) continue;
                w->taken++;
                MW_TRY(mw_events_add(out_events, &event, err));
            }
        }
    }
    return MW_OK;
}

/* For the order of this number. */
static mw_lookback_wish wish_for(world *w, size_t number, bool is_in_log) {
    mw_cell row[3];
    fill(w->symbols, number, row);
    return (mw_lookback_wish){0, w->places[number], is_in_log,
                              mw_lookback_id(&w->program->streams[0], w->symbols, row)};
}

static void write_log(world *w) {
    mw_log *log;
    mw_log_events *events;
    mw_buf payload;
    mw_error err;
    uint64_t prng = mw_test_seed();
    int64_t place = 1000;
    mw_log_config config = {.sys = w->sys, .folder = "log", .segment_size = SEGMENT_SIZE};
    mw_buf_init(&payload, 1 << 16);
    MW_CHECK_OK(mw_log_open(config, &log, &err), &err);
    MW_CHECK_OK(mw_log_events_create(w->program, w->symbols, &events, &err), &err);
    for (size_t i = 0; i < w->program->stream_count; i++)
        MW_CHECK_OK(mw_log_define(log, (uint32_t)i, mw_log_events_definition(events, i), &err),
                    &err);
    for (size_t number = 0; number < ORDERS; number++) {
        mw_cell row[3];
        place += 1 + (int64_t)mw_prng_below(&prng, 5);
        w->places[number] = place;
        if (number % 2 == 1) continue;
        fill(w->symbols, number, row);
        mw_event event = {.time = 1, .known = 1, .place = place, .row = row};
        mw_buf_clear(&payload);
        mw_event_bytes_append(&payload, &event, &w->program->streams[0].schema, w->symbols);
        mw_record record = {.type = MW_RECORD_EVENT, .time = 1, .known = 1, .place = place,
                            .payload = mw_buf_str(&payload)};
        MW_CHECK_OK(mw_log_append(log, &record, &err), &err);
        MW_CHECK_OK(mw_log_commit(log, &err), &err);
    }
    mw_log_events_destroy(events);
    mw_log_close(log);
    mw_buf_release(&payload);
}

static void set_up(world *w) {
    *w = (world){.asked = 0};
    mw_arena_init(&w->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w->symbols, NULL), NULL);
    w->program = mw_test_program(&w->arena, w->symbols, text);
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = mw_test_seed()}, &w->sys, NULL),
                NULL);
    write_log(w);
}

static void tear_down(world *w) {
    mw_simulated_destroy(w->sys);
    mw_symbols_destroy(w->symbols);
    mw_arena_release(&w->arena);
}

static mw_lookback_config config_of(world *w) {
    return (mw_lookback_config){.sys = w->sys,
                                .log_folder = "log",
                                .program = w->program,
                                .symbols = w->symbols,
                                .room = &w->room,
                                .context = w,
                                .look = look};
}

static size_t reading_count(const world *w) {
    size_t count = 0;
    for (size_t i = 0; i < MW_LOOKBACKS_AT_ONCE_MAX; i++) count += w->room.reading[i] != NULL;
    return count;
}

/* Though others that were to end may need a moment. */
static void check_begins(mw_lookback *lookback) {
    mw_sys *sys = mw_sys_real();
    int64_t begun = mw_sys_monotonic_us(sys);
    bool is_over = false;
    while (!is_over && mw_sys_monotonic_us(sys) - begun < 20 * MW_SECOND_US)
        is_over = mw_lookback_run(lookback, true);
    MW_CHECK(is_over);
}

/* Whether the lookback finds the order there, in the symbols of the process. */
static void check_found(world *w, mw_lookback *lookback, size_t number) {
    mw_event event;
    mw_cell row[3];
    mw_error err;
    bool is_found = false;
    mw_lookback_wish wish = wish_for(w, number, false), other = wish;
    other.stream = 1;
    MW_CHECK(mw_lookback_covers(lookback, wish) && !mw_lookback_covers(lookback, other));
    fill(w->symbols, number, row);
    mw_lookback_search search = {wish, row, 0};
    MW_CHECK_OK(mw_lookback_find(lookback, &search, &event, &is_found, &err), &err);
    MW_CHECK(is_found);
    for (size_t i = 0; i < 3; i++) MW_CHECK(event.row[i].bits == row[i].bits);
    MW_CHECK_OK(mw_lookback_find(lookback, &search, &event, &is_found, &err), &err);
    MW_CHECK(!is_found);
}

/* Any orders, in any order: the log has the even ones, the lake is asked for the others. */
MW_TEST(lookback_finds_what_log_and_lake_have) {
    world w;
    set_up(&w);
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 40; round++) {
        size_t numbers[50], count = 1 + mw_prng_below(&prng, 50), odd = 0;
        mw_lookback_wish wishes[50];
        mw_lookback *lookback;
        mw_error err;
        for (size_t i = 0; i < count; i++) {
            numbers[i] = mw_prng_below(&prng, ORDERS / 50) * 50 + i; /* each once */
            odd += numbers[i] % 2;
            wishes[i] = wish_for(&w, numbers[i], mw_prng_below(&prng, 9) > 0);
            odd += numbers[i] % 2 == 0 && !wishes[i].is_in_log;
        }
        w.asked = 0;
        MW_CHECK_OK(mw_lookback_create(config_of(&w), wishes, count, &lookback, &err), &err);
        while (!mw_lookback_run(lookback, true)) continue;
        for (size_t i = 0; i < count; i++) check_found(&w, lookback, numbers[i]);
        MW_CHECK_EQUAL_INT(w.asked, odd);
        mw_lookback_destroy(lookback);
    }
    tear_down(&w);
}

/* What is found once is not looked for again by the same request. */
MW_TEST(lookback_goes_on_from_an_earlier_one) {
    world w;
    set_up(&w);
    mw_lookback *lookback = NULL;
    for (size_t i = 0; i < 3; i++) {
        mw_lookback_wish wish = wish_for(&w, i, true);
        mw_lookback *earlier = lookback;
        mw_error err;
        MW_CHECK(!earlier || !mw_lookback_covers(earlier, wish));
        MW_CHECK_OK(mw_lookback_create(config_of(&w), &wish, 1, &lookback, &err), &err);
        mw_lookback_follow(lookback, earlier);
        while (!mw_lookback_run(lookback, true)) continue;
        for (size_t before = 0; before <= i; before++) check_found(&w, lookback, before);
    }
    mw_lookback_destroy(lookback);
    tear_down(&w);
}

MW_TEST(lookback_tells_how_the_reading_failed) {
    world w;
    set_up(&w);
    mw_lookback_wish wish = wish_for(&w, 1, true);
    mw_lookback *lookback;
    mw_event event;
    mw_error err;
    bool is_found;
    w.lake_status = MW_IO;
    MW_CHECK_OK(mw_lookback_create(config_of(&w), &wish, 1, &lookback, &err), &err);
    while (!mw_lookback_run(lookback, true)) continue;
    mw_cell row[3];
    mw_lookback_search search = {wish, row, 0};
    fill(w.symbols, 1, row);
    MW_CHECK_EQUAL_INT(mw_lookback_find(lookback, &search, &event, &is_found, &err), MW_IO);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message), "the lake is dry");
    mw_lookback_destroy(lookback);
    tear_down(&w);
}

/* Of many orders at one place, which is read once however many are wished, each of these is found,
   and no other is kept. */
MW_TEST(lookback_finds_each_of_many_at_one_place) {
    world w;
    set_up(&w);
    mw_lookback_wish wishes[ORDERS];
    mw_lookback *lookback;
    mw_error err;
    for (size_t i = 0; i < ORDERS; i++) {
        w.places[i] = 500; /* before the log */
        wishes[i] = wish_for(&w, i, false);
    }
    MW_CHECK_OK(mw_lookback_create(config_of(&w), wishes + 7, ORDERS / 2, &lookback, &err), &err);
    while (!mw_lookback_run(lookback, true)) continue;
    MW_CHECK(w.asked == 1 && w.taken == ORDERS / 2);
    for (size_t i = 7; i < 7 + ORDERS / 2; i++) check_found(&w, lookback, i);
    MW_CHECK(!mw_lookback_covers(lookback, wishes[6]));
    mw_lookback_destroy(lookback);
    tear_down(&w);
}

/* Reads all orders, of which the log has some or none, and tells in how many readings. */
static size_t read_all_orders(world *w, bool has_log) {
    mw_lookback_wish wishes[ORDERS];
    mw_lookback *lookback = NULL;
    mw_error err;
    size_t readings = 0;
    w->parts = w->asked = 0;
    for (;; readings++) {
        mw_lookback *earlier = lookback;
        size_t count = 0;
        for (size_t i = 0; i < ORDERS; i++) {
            mw_lookback_wish wish = wish_for(w, i, has_log && i % 2 == 0);
            if (!earlier || !mw_lookback_covers(earlier, wish)) wishes[count++] = wish;
        }
        if (count == 0) break;
        MW_CHECK_OK(mw_lookback_create(config_of(w), wishes, count, &lookback, &err), &err);
        mw_lookback_follow(lookback, earlier);
        while (!mw_lookback_run(lookback, true)) continue;
    }
    for (size_t i = 0; i < ORDERS; i++) check_found(w, lookback, i);
    mw_lookback_destroy(lookback);
    MW_CHECK_EQUAL_INT(w->asked, has_log ? ORDERS / 2 : ORDERS);
    return readings;
}

/* Where the lake is slow, or nobody waits any more, what was not read is not covered; each reading
   comes on. Where it is quick, more is asked for at once. */
MW_TEST(lookback_ends_in_time) {
    world w;
    set_up(&w);
    const int64_t spans[] = {0, MW_LOOKBACK_SPAN_US / 2, 2 * MW_LOOKBACK_SPAN_US};
    for (size_t k = 0; k < 3; k++) {
        w.part_us = spans[k];
        size_t readings = read_all_orders(&w, true);
        if (k == 0) MW_CHECK(readings == 1 && w.parts == 2);
        if (k == 1) MW_CHECK(readings == 3 && w.parts == 5);
        if (k == 2) MW_CHECK(readings == 2 && w.parts == 2);
    }
    tear_down(&w);
}

/* Where a part takes long whatever is asked of it, the readings that follow ask for more and more;
   where its places do, not beyond what was tried. */
MW_TEST(lookback_asks_for_more_only_where_that_pays) {
    world w;
    set_up(&w);
    w.part_us = 2 * MW_LOOKBACK_SPAN_US;
    MW_CHECK_EQUAL_INT(read_all_orders(&w, false), 3); /* 64, 256, 280 */
    MW_CHECK_EQUAL_INT(w.parts, 3);
    w.part_us = 0;
    w.place_us = MW_LOOKBACK_SPAN_US / 20;
    MW_CHECK_EQUAL_INT(read_all_orders(&w, false), 4); /* 64, 256, 256, 24 */
    MW_CHECK_EQUAL_INT(w.parts, 4);
    tear_down(&w);
}

/* Only so many read at once; the others begin when these are over, though nobody asks after them
   any more: whether they were left as they read or are just not looked at. */
MW_TEST(lookback_waits_for_its_turn) {
    world w;
    lookback_gate gate;
    set_up(&w);
    for (size_t left_count = 0; left_count <= MW_LOOKBACKS_AT_ONCE_MAX; left_count++) {
        mw_lookback_wish wish = wish_for(&w, 2, true);
        mw_lookback *lookback, *left = NULL;
        mw_error err;
        lookback_gate_close(&gate, w.program, w.symbols, &w.room);
        for (size_t i = 0; i < left_count; i++) {
            mw_lookback_leave(gate.items[i], &left);
            MW_CHECK(left == gate.items[i]);
            gate.items[i] = NULL;
        }
        MW_CHECK_OK(mw_lookback_create(config_of(&w), &wish, 1, &lookback, &err), &err);
        MW_CHECK(!mw_lookback_run(lookback, true) && !mw_lookback_run(lookback, true));
        lookback_gate_open(&gate);
        check_begins(lookback);
        check_found(&w, lookback, 2);
        mw_lookback_destroy(lookback);
        mw_lookback_destroy_left(left);
        lookback_gate_end(&gate);
        MW_CHECK_EQUAL_INT(reading_count(&w), 0);
    }
    tear_down(&w);
}

/* Who leaves one that reads does not wait for it; it gives up its memory once it is over. */
MW_TEST(lookback_is_left_while_it_reads) {
    world w;
    lookback_gate gate;
    set_up(&w);
    mw_lookback *lookback, *left = NULL;
    mw_error err;
    mw_lookback_wish wish = wish_for(&w, 1, false);
    lookback_gate_close(&gate, w.program, w.symbols, &w.room);
    for (size_t i = 0; i < MW_LOOKBACKS_AT_ONCE_MAX; i++) {
        mw_lookback_leave(gate.items[i], &left);
        mw_lookback_tidy(&left);
        MW_CHECK(left == gate.items[i]);
        gate.items[i] = NULL;
    }
    MW_CHECK_EQUAL_INT(reading_count(&w), MW_LOOKBACKS_AT_ONCE_MAX);
    lookback_gate_open(&gate);
    while (left) mw_lookback_tidy(&left);
    MW_CHECK_EQUAL_INT(reading_count(&w), 0);
    MW_CHECK_OK(mw_lookback_create(config_of(&w), &wish, 1, &lookback, &err), &err);
    mw_lookback_leave(lookback, &left); /* not begun */
    MW_CHECK(!left);
    tear_down(&w);
}

MW_TEST(lookback_survives_memory_that_runs_out) {
    world w;
    set_up(&w);
    mw_lookback_wish wishes[] = {wish_for(&w, 2, true), wish_for(&w, 3, true)};
    bool is_whole = false;
    size_t failures = 0;
    for (size_t n = 0; !is_whole; n++) {
        mw_lookback *lookback = NULL;
        mw_event event;
        mw_cell row[3];
        mw_lookback_search search = {wishes[1], row, 0};
        bool is_found = false;
        fill(w.symbols, 3, row);
        mw_memory_fail_after(n);
        mw_status status = mw_lookback_create(config_of(&w), wishes, 2, &lookback, NULL);
        while (status == MW_OK && !mw_lookback_run(lookback, true)) continue;
        if (status == MW_OK)
            status = mw_lookback_find(lookback, &search, &event, &is_found, NULL);
        mw_memory_fail_after(SIZE_MAX);
        is_whole = status == MW_OK;
        MW_CHECK(is_whole == is_found);
        failures += !is_whole;
        if (is_whole) check_found(&w, lookback, 2);
        mw_lookback_destroy(lookback);
    }
    MW_CHECK(failures > 5);
    tear_down(&w);
}
