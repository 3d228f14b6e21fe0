#include "serve/sequencer_start.h"

#include <string.h>

#include "base/prng.h"
#include "serve/shop_known_test.h"
#include "sys/simulated.h"
#include "testing/declare.h"
#include "testing/test.h"

/* Orders are asked for; deliveries fall due an hour before their time. */
static const char project[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  id: number\n"
    "stream deliveries:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  known: time - 1d\n"
    "  id: number\n"
    "feature busy: count(orders by shop over 24h)\n"
    "model quick:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d)\n"
    "model late:\n"
    "  moment: on deliveries at time - 1h\n"
    "  label: count(orders by shop over next 1d)\n";

enum { ORDERS, DELIVERIES, QUICK = 0, LATE = 1 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_sys *sys;
    mw_events history;
    mw_champion champions[2];
    mw_sequencer *sequencer;
    mw_cell row[3];
} fixture;

static mw_status recall(void *context, int64_t after, mw_past **out_past, mw_error *err) {
    const fixture *f = context;
    mw_lake_snapshot lake = {.last_place = INT64_MIN, .log_through = INT64_MIN};
    return mw_past_of(&f->history, f->program, &lake, after, out_past, err);
}

static mw_status reopen(fixture *f, bool is_virtual, mw_error *err) {
    mw_sequencer_config config = {.sys = f->sys,
                                  .log_folder = "log",
                                  .program = f->program,
                                  .symbols = f->symbols,
                                  .sources = {.context = f, .recall = recall},
                                  .checkpoint_folder = "checkpoints",
                                  .lake = {.last_place = INT64_MIN, .log_through = INT64_MIN},
                                  .champions = f->champions,
                                  .is_virtual = is_virtual,
                                  .clock_us = 100 * MW_DAY_US};
    MW_TRY(mw_sequencer_open(&config, &f->sequencer, err));
    mw_status status = mw_sequencer_recover(f->sequencer, SIZE_MAX, err);
    if (status == MW_OK) return MW_OK;
    mw_sequencer_close(f->sequencer);
    f->sequencer = NULL;
    return status;
}

static void set_up(fixture *f) {
    *f = (fixture){.sequencer = NULL};
    mw_simulated_config machine = {.seed = mw_test_seed(), .now_us = 100 * MW_DAY_US};
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, project);
    MW_CHECK_OK(mw_simulated_create(machine, &f->sys, NULL), NULL);
    const mw_schema *schemas[] = {&f->program->streams[ORDERS].schema,
                                  &f->program->streams[DELIVERIES].schema};
    MW_CHECK_OK(mw_events_init(&f->history, schemas, 2, NULL), NULL);
    MW_CHECK_OK(mw_events_sort(&f->history, NULL), NULL);
}

static void tear_down(fixture *f) {
    mw_sequencer_close(f->sequencer);
    mw_events_release(&f->history);
    mw_simulated_destroy(f->sys);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static mw_event event_of(fixture *f, int32_t stream, double number, int64_t time) {
    f->row[0].symbol = mw_symbols_intern(f->symbols, MW_STR("north"));
    f->row[1] = mw_cell_number(number);
    f->row[2] = mw_cell_time(time);
    int64_t known = stream == DELIVERIES ? time - MW_DAY_US : time;
    return (mw_event){
        .stream = stream, .time = time, .known = known, .place = known, .row = f->row};
}

static double busy_at(fixture *f, int64_t t) {
    mw_event event = event_of(f, ORDERS, -1, t);
    int64_t place = 0;
    mw_prediction prediction;
    MW_CHECK_OK(mw_sequencer_next_place(f->sequencer, &place, NULL), NULL);
    mw_moment moment = {t, place, event.row};
    MW_CHECK_OK(mw_decider_predict(mw_sequencer_decider(f->sequencer, QUICK), &moment,
                                   &prediction, NULL), NULL);
    return prediction.features[0].number;
}

MW_TEST(sequencer_gives_places_that_grow_and_finds_ids_that_stand) {
    fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(reopen(&f, false, &err), &err);
    int64_t now = mw_sequencer_now(f.sequencer);
    mw_event first = event_of(&f, ORDERS, 1, now - 5);
    MW_CHECK(shop_standing(f.sequencer, &first) == MW_EVENT_NEW);
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &first, NULL, &err), &err);
    MW_CHECK(shop_standing(f.sequencer, &first) == MW_EVENT_REPEATS);
    mw_event other = event_of(&f, ORDERS, 1, now - 4);
    MW_CHECK(shop_standing(f.sequencer, &other) == MW_EVENT_CONFLICTS);
    int64_t before = mw_sequencer_read_stats(f.sequencer).last_place;
    MW_CHECK(before > now); /* the clock stands, places do not */
    mw_event second = event_of(&f, ORDERS, 2, now - 3);
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &second, NULL, &err), &err);
    MW_CHECK(mw_sequencer_read_stats(f.sequencer).last_place > before);
    MW_CHECK_EQUAL_DOUBLE_BITS(busy_at(&f, now), 2.0);
    MW_CHECK_EQUAL_DOUBLE_BITS(busy_at(&f, now - 3), 1.0);
    tear_down(&f);
}

/* Kills the process after random commits: what was committed is there, the rest is gone. */
MW_TEST(sequencer_recovers_what_was_committed) {
    fixture f;
    mw_error err;
    uint64_t prng = mw_test_seed();
    size_t kept = 0, pending = 0, lost = 0;
    set_up(&f);
    MW_CHECK_OK(reopen(&f, false, &err), &err);
    for (int i = 0; i < 400; i++) {
        mw_simulated_advance(f.sys, MW_SECOND_US);
        int64_t now = mw_sequencer_now(f.sequencer);
        mw_event event = event_of(&f, ORDERS, i, now);
        MW_CHECK_OK(mw_sequencer_append(f.sequencer, &event, NULL, &err), &err);
        pending++;
        uint64_t chance = mw_prng_next(&prng) % 10;
        if (chance < 5) {
            MW_CHECK_OK(mw_sequencer_commit(f.sequencer, &err), &err);
            kept += pending;
            pending = 0;
        }
        if (chance != 7) continue;
        lost += pending;
        pending = 0;
        mw_simulated_kill(f.sys);
        mw_sequencer_close(f.sequencer);
        f.sequencer = NULL;
        MW_CHECK_OK(reopen(&f, false, &err), &err);
        MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(f.sequencer).log_events, kept);
        MW_CHECK_EQUAL_DOUBLE_BITS(busy_at(&f, now + 1), (double)kept);
    }
    MW_CHECK(kept > 0 && lost > 0);
    tear_down(&f);
}

MW_TEST(sequencer_keeps_the_kind_of_clock_and_its_time) {
    fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(reopen(&f, true, &err), &err);
    MW_CHECK_OK(mw_sequencer_set_now(f.sequencer, 103 * MW_DAY_US, &err), &err);
    MW_CHECK_STATUS(mw_sequencer_set_now(f.sequencer, 102 * MW_DAY_US, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "clock: must go forward from 1970-04-14T00:00:00Z");
    MW_CHECK_OK(mw_sequencer_commit(f.sequencer, &err), &err);
    mw_sequencer_close(f.sequencer);
    f.sequencer = NULL;
    MW_CHECK_STATUS(reopen(&f, false, &err), MW_CONFLICT);
    MW_CHECK_OK(reopen(&f, true, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_now(f.sequencer), 103 * MW_DAY_US);
    tear_down(&f);
}

/* A place is a time: there is none behind the last. */
MW_TEST(sequencer_gives_no_place_behind_the_last_time) {
    fixture f;
    mw_error err;
    int64_t place = 0;
    set_up(&f);
    MW_CHECK_OK(reopen(&f, true, &err), &err);
    MW_CHECK_OK(mw_sequencer_set_now(f.sequencer, MW_TIME_MAX - 1, &err), &err);
    MW_CHECK_OK(mw_sequencer_next_place(f.sequencer, &place, &err), &err);
    MW_CHECK_EQUAL_INT(place, MW_TIME_MAX);
    MW_CHECK_OK(mw_sequencer_set_now(f.sequencer, MW_TIME_MAX, &err), &err);
    place = 7;
    for (int i = 0; i < 2; i++) {
        MW_CHECK_STATUS(mw_sequencer_next_place(f.sequencer, &place, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(err.message, "clock: the log has no place behind "
                                        "9999-12-31T23:59:59.999999Z");
        MW_CHECK_EQUAL_INT(place, 7);
        MW_CHECK_STATUS(mw_sequencer_set_now(f.sequencer, MW_TIME_MAX, &err), MW_INVALID);
        MW_CHECK_OK(mw_sequencer_commit(f.sequencer, &err), &err);
        mw_sequencer_close(f.sequencer);
        f.sequencer = NULL;
        MW_CHECK_OK(reopen(&f, true, &err), &err);
    }
    tear_down(&f);
}

/* History that is known only later waits for its time, as if it came then. */
MW_TEST(sequencer_feeds_history_when_its_time_comes) {
    fixture f;
    mw_error err;
    set_up(&f);
    int64_t begin = 100 * MW_DAY_US;
    for (int i = 0; i < 10; i++) {
        mw_event event = event_of(&f, ORDERS, i, begin + (i - 5) * MW_HOUR_US);
        MW_CHECK_OK(mw_events_add(&f.history, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(&f.history, NULL), NULL);
    MW_CHECK_OK(reopen(&f, true, &err), &err);
    MW_CHECK_EQUAL_DOUBLE_BITS(busy_at(&f, begin + 9 * MW_HOUR_US), 6.0);
    MW_CHECK_OK(mw_sequencer_set_now(f.sequencer, begin + 2 * MW_HOUR_US + 1, &err), &err);
    MW_CHECK_EQUAL_DOUBLE_BITS(busy_at(&f, begin + 9 * MW_HOUR_US), 8.0);
    tear_down(&f);
}

MW_TEST(sequencer_waits_for_room_on_a_full_disk_and_goes_on) {
    fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(reopen(&f, false, &err), &err);
    mw_event event = event_of(&f, ORDERS, 1, mw_sequencer_now(f.sequencer));
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &event, NULL, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(f.sequencer, &err), &err);
    event = event_of(&f, ORDERS, 2, mw_sequencer_now(f.sequencer));
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &event, NULL, &err), &err);
    mw_simulated_set_disk_size_max(f.sys, mw_simulated_disk_size(f.sys));
    MW_CHECK_OK(mw_sequencer_check_room(f.sequencer, &err), &err); /* nobody knows yet */
    MW_CHECK_STATUS(mw_sequencer_commit(f.sequencer, &err), MW_NO_SPACE);
    MW_CHECK_STATUS(mw_sequencer_check_room(f.sequencer, &err), MW_NO_SPACE);
    MW_CHECK(err.hint[0]);
    mw_champion champion = {.bytes = MW_STR("bytes")};
    MW_CHECK_STATUS(mw_sequencer_promote(f.sequencer, LATE, &champion, &err), MW_NO_SPACE);

    mw_simulated_set_disk_size_max(f.sys, 1 << 24);
    MW_CHECK_OK(mw_sequencer_check_room(f.sequencer, &err), &err);
    event = event_of(&f, ORDERS, 3, mw_sequencer_now(f.sequencer));
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &event, NULL, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(f.sequencer, &err), &err);
    mw_sequencer_close(f.sequencer);
    f.sequencer = NULL;
    MW_CHECK_OK(reopen(&f, false, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(f.sequencer).log_events, 3);
    tear_down(&f);
}

/* Nothing more is promised then, and what was promised before is there. */
MW_TEST(sequencer_breaks_for_good_when_the_log_cannot_be_written) {
    fixture f;
    mw_error err;
    set_up(&f);
    MW_CHECK_OK(reopen(&f, false, &err), &err);
    mw_event event = event_of(&f, ORDERS, 1, mw_sequencer_now(f.sequencer));
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &event, NULL, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(f.sequencer, &err), &err);
    event = event_of(&f, ORDERS, 2, mw_sequencer_now(f.sequencer));
    MW_CHECK_OK(mw_sequencer_append(f.sequencer, &event, NULL, &err), &err);
    mw_simulated_fail(f.sys, 0, UINT64_MAX);
    MW_CHECK_STATUS(mw_sequencer_commit(f.sequencer, &err), MW_IO);
    mw_simulated_fail(f.sys, 0, 0);
    MW_CHECK_STATUS(mw_sequencer_commit(f.sequencer, &err), MW_IO);
    mw_sequencer_close(f.sequencer);
    f.sequencer = NULL;
    MW_CHECK_OK(reopen(&f, false, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(f.sequencer).log_events, 1);
    tear_down(&f);
}

/* Without an id a moment that was made is not told from the next one. */
MW_TEST(sequencer_refuses_moments_that_fall_due_for_events_without_an_id) {
    fixture f;
    mw_error err;
    set_up(&f);
    mw_buf text;
    mw_buf_init(&text, 1 << 12);
    mw_str before = mw_str_of(project), id = MW_STR("  known: time - 1d\n  id: number\n");
    const char *at = memmem(before.data, before.size, id.data, id.size);
    mw_buf_append_str(&text, (mw_str){project, (size_t)(at - project)});
    mw_buf_append_text(&text, "  known: time - 1d\n");
    mw_buf_append_text(&text, at + id.size);
    mw_buf_append_char(&text, 0);
    f.program = mw_test_program(&f.arena, f.symbols, text.data);
    mw_buf_release(&text);
    MW_CHECK_OK(reopen(&f, true, &err), &err); /* no version answers yet */
    mw_champion champion = {.bytes = MW_STR("bytes")};
    MW_CHECK_STATUS(mw_sequencer_promote(f.sequencer, LATE, &champion, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message),
                       "models.late: its moments fall due by themselves, but stream deliveries has "
                       "no id to tell them apart");
    mw_sequencer_close(f.sequencer);
    f.sequencer = NULL;
    f.champions[LATE] = champion;
    MW_CHECK_STATUS(reopen(&f, true, &err), MW_INVALID);
    tear_down(&f);
}
