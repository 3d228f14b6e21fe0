#include "serve/lookback.h"

#include "base/prng.h"
#include "ingest/event_bytes.h"
#include "ingest/log_events.h"
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
    size_t reading_count;
    size_t asked; /* of the lake */
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

static mw_status look(void *context, mw_symbols *symbols, const mw_lookback_wish *wishes,
                      size_t count, mw_events *out_events, mw_error *err) {
    world *w = context;
    w->asked += count;
    if (w->lake_status != MW_OK) return mw_fail(err, w->lake_status, "the lake is dry");
    for (size_t i = 0; i < count; i++)
        for (size_t number = 0; number < ORDERS; number++) {
            mw_cell row[3];
            if (w->places[number] != wishes[i].place || wishes[i].stream != 0) continue;
            fill(symbols, number, row);
            mw_event event = {.time = 1, .known = 1, .place = wishes[i].place, .row = row};
            MW_TRY(mw_events_add(out_events, &event, err));
        }
    return MW_OK;
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
                                .reading_count = &w->reading_count,
                                .context = w,
                                .look = look};
}

/* Whether the lookback finds the order there, in the symbols of the process. */
static void check_found(world *w, mw_lookback *lookback, size_t number) {
    mw_event event;
    mw_cell row[3];
    mw_error err;
    bool is_found = false;
    mw_lookback_wish wish = {.stream = 0, .place = w->places[number]}, other = wish;
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
            wishes[i] = (mw_lookback_wish){0, w.places[numbers[i]], mw_prng_below(&prng, 9) > 0};
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
        mw_lookback_wish wish = {0, w.places[i], true};
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
    mw_lookback_wish wish = {0, w.places[1], true};
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

/* Of many orders at one place, which is read once however often it is wished, each is found. */
MW_TEST(lookback_finds_each_of_many_at_one_place) {
    world w;
    set_up(&w);
    mw_lookback_wish wishes[ORDERS];
    mw_lookback *lookback;
    mw_error err;
    for (size_t i = 0; i < ORDERS; i++) {
        w.places[i] = 500; /* before the log */
        wishes[i] = (mw_lookback_wish){.stream = 0, .place = 500};
    }
    MW_CHECK_OK(mw_lookback_create(config_of(&w), wishes, ORDERS, &lookback, &err), &err);
    while (!mw_lookback_run(lookback, true)) continue;
    MW_CHECK_EQUAL_INT(w.asked, 1);
    for (size_t i = 0; i < ORDERS; i++) check_found(&w, lookback, i);
    mw_lookback_destroy(lookback);
    tear_down(&w);
}

/* Only so many read at once; the others begin when these are over. */
MW_TEST(lookback_waits_for_its_turn) {
    world w;
    set_up(&w);
    mw_lookback_wish wish = {0, w.places[2], true};
    mw_lookback *lookback;
    mw_error err;
    w.reading_count = MW_LOOKBACKS_AT_ONCE_MAX;
    MW_CHECK_OK(mw_lookback_create(config_of(&w), &wish, 1, &lookback, &err), &err);
    MW_CHECK(!mw_lookback_run(lookback, true) && !mw_lookback_run(lookback, true));
    w.reading_count--;
    while (!mw_lookback_run(lookback, true)) continue;
    MW_CHECK_EQUAL_INT(w.reading_count, MW_LOOKBACKS_AT_ONCE_MAX - 1);
    check_found(&w, lookback, 2);
    mw_lookback_destroy(lookback);
    tear_down(&w);
}

MW_TEST(lookback_survives_memory_that_runs_out) {
    world w;
    set_up(&w);
    mw_lookback_wish wishes[] = {{0, w.places[2], true}, {0, w.places[3], true}};
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
