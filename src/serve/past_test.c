#include "serve/past.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "ingest/load.h"
#include "testing/declare.h"
#include "testing/test.h"

static const char project[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  id: number\n"
    "feature busy: count(orders by shop over 24h)\n"
    "model quick:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d)\n";

enum { ORDERS = 500 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_events events;
} fixture;

static void set_up(fixture *f) {
    uint64_t prng = mw_test_seed();
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, project);
    MW_CHECK_OK(mw_program_events(f->program, &f->events, NULL), NULL);
    for (int i = 0; i < ORDERS; i++) {
        char shop[16];
        snprintf(shop, sizeof shop, "shop %llu", (unsigned long long)mw_prng_below(&prng, 40));
        int64_t at = (int64_t)mw_prng_below(&prng, 300);
        mw_cell row[] = {{.symbol = i % 9 ? mw_symbols_intern(f->symbols, mw_str_of(shop)) : 0},
                         mw_cell_number(i), mw_cell_time(at)};
        mw_event event = {.stream = 0, .time = at, .known = at, .place = at, .row = row};
        MW_CHECK_OK(mw_events_add(&f->events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(&f->events, NULL), NULL);
}

static void tear_down(fixture *f) {
    mw_events_release(&f->events);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

/* What an ingest makes of the events, in a folder. */
static void fill_state(fixture *f, const char *folder) {
    mw_state *state;
    mw_addition addition;
    mw_error err;
    char version[MW_SHA256_HEX_SIZE + 1];
    mw_lake_batch batch = {&f->events, &f->program->streams[0].name, f->symbols};
    mw_acceptance acceptance = {1, {MW_TIME_MISSING, 0}, MW_TIME_MISSING, {NULL, 0}};
    MW_CHECK_OK(mw_state_open(mw_sys_real(), folder, MW_STATE_WRITE, &state, &err), &err);
    mw_lake *lake = mw_state_lake(state);
    MW_CHECK_OK(mw_lake_claim(lake, &err), &err);
    MW_CHECK_OK(mw_lake_stage(lake, &batch, &f->arena, &addition, &err), &err);
    MW_CHECK_OK(mw_catalog_begin(mw_state_catalog(state), &err), &err);
    MW_CHECK_OK(mw_lake_accept(lake, &addition, acceptance, version, &err), &err);
    MW_CHECK_OK(mw_catalog_commit(mw_state_catalog(state), &err), &err);
    mw_state_close(state);
}

/* The events behind `after`, in the symbols of the process. */
static void check_past(const fixture *f, mw_past *past, int64_t after) {
    size_t next = 0;
    mw_error err;
    MW_CHECK_OK(mw_past_wait(past, &err), &err);
    MW_CHECK(mw_past_is_read(past));
    for (size_t i = 0; i < f->events.event_count; i++) {
        mw_event event = mw_events_at(&f->events, i), read;
        if (event.place <= after) continue;
        MW_CHECK(next < mw_past_count(past));
        MW_CHECK_EQUAL_INT(mw_past_place(past, next), event.place);
        MW_CHECK_OK(mw_past_at(past, next++, &read, &err), &err);
        MW_CHECK(read.time == event.time && read.known == event.known);
        MW_CHECK(read.row[0].symbol == event.row[0].symbol);
        MW_CHECK(read.row[1].bits == event.row[1].bits && read.row[2].time == event.row[2].time);
    }
    MW_CHECK_EQUAL_INT(mw_past_count(past), next);
    mw_past_end(past);
}

MW_TEST(past_is_the_lake_in_the_words_of_the_process) {
    fixture f;
    mw_past *past;
    mw_error err;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/past", mw_test_directory());
    mw_lake_snapshot lake = {.ingest = 1};
    set_up(&f);
    fill_state(&f, folder);
    for (int64_t after = -1; after < 320; after += 80) {
        MW_CHECK_OK(mw_past_of(&f.events, f.program, &lake, after, &past, &err), &err);
        check_past(&f, past, after);
        mw_past_config config = {mw_sys_real(), folder, f.program, f.symbols, after};
        MW_CHECK_OK(mw_past_begin(config, &past, &err), &err);
        check_past(&f, past, after);
    }
    tear_down(&f);
}

MW_TEST(past_tells_what_went_wrong_in_its_thread) {
    fixture f;
    mw_past *past;
    mw_error err;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/none", mw_test_directory());
    set_up(&f);
    mw_past_config config = {mw_sys_real(), folder, f.program, f.symbols, INT64_MIN};
    MW_CHECK_OK(mw_past_begin(config, &past, &err), &err);
    MW_CHECK_STATUS(mw_past_wait(past, &err), MW_NOT_FOUND);
    MW_CHECK(strstr(err.message, "none") != NULL);
    mw_past_end(past);
    tear_down(&f);
}
