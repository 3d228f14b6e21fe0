#include "serve/old_entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "serve/shop_call_test.h"
#include "serve/shop_known_test.h"
#include "store/checkpoint.h"

enum { OLD_MIN = 5, ORDERS = 40 };
static const char folder[] = "checkpoints/runs";

/* --- a shop that asks ------------------------------------------------------------------------- */

static const char *body_of(int number, char out_text[128]) {
    snprintf(out_text, 128,
             "{\"event\": {\"shop\": \"a\", \"number\": %d, \"at\": \"1970-04-11T00:00:00Z\"}}",
             number);
    return out_text;
}

static void ask(shop *s, int first, int end) {
    char body[128];
    mw_error err;
    for (int i = first; i < end; i++) {
        shop_call(s, MW_HTTP_POST, "/v1/models/quick/predict", body_of(i, body), 200);
        MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    }
}

/* All that was asked is answered as it was, nothing is counted twice, and nothing else is known. */
static void check_asked(shop *s, int count) {
    char body[128], id[16], path[64];
    mw_error err;
    uint64_t predictions = mw_ledger_count(mw_sequencer_ledger(s->sequencer));
    uint64_t events = mw_sequencer_read_stats(s->sequencer).log_events;
    for (int i = 0; i < count + 3; i++) {
        snprintf(id, sizeof id, "%d", i);
        const mw_ledger_found *found = shop_find_stored(s->sequencer, MW_STR("quick"),
                                                        mw_str_of(id));
        MW_CHECK_EQUAL_INT(found != NULL, i < count);
        if (!found) continue;
        int64_t stamp = found->stamp;
        shop_call(s, MW_HTTP_POST, "/v1/models/quick/predict", body_of(i, body), 200);
        snprintf(path, sizeof path, "/v1/predictions?event=%d", i);
        shop_call(s, MW_HTTP_GET, path, NULL, 200);
        MW_CHECK_OK(mw_ledger_find(mw_sequencer_ledger(s->sequencer), stamp, &found, &err), &err);
        MW_CHECK(found && found->stamp == stamp);
    }
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s->sequencer)), predictions);
    MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(s->sequencer).log_events, events);
}

static void check_knows(shop *s, int count) {
    check_asked(s, count);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s->sequencer)), count);
}

/* An event alone, at the very next place; it is counted once. */
static void send(shop *s, int number, bool is_new) {
    char row[128];
    snprintf(row, sizeof row,
             "{\"shop\": \"a\", \"number\": %d, \"at\": \"1970-04-11T00:00:00Z\"}", number);
    mw_str answer = shop_call(s, MW_HTTP_POST, "/v1/events/orders", row, 200);
    MW_CHECK(shop_says(answer, is_new ? "\"accepted\":1" : "\"repeats\":1"));
    mw_error err;
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
}

static void begin(shop *s) {
    mw_error err;
    shop_set_up(s);
    shop_close(s);
    s->old_entries_min = OLD_MIN;
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

static void start_again(shop *s, const char *note) {
    mw_error err;
    shop_close(s);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
    MW_CHECK_EQUAL_STR(mw_str_of(mw_sequencer_note(s->sequencer)), note);
}

/* As a process beside the server would, which has read what there is. */
static mw_sequencer *read_beside(shop *s) {
    mw_sequencer_config config = s->sequencer->config;
    mw_sequencer *reader;
    mw_error err;
    config.only_reads = true;
    MW_CHECK_OK(mw_sequencer_open(&config, &reader, &err), &err);
    MW_CHECK_OK(mw_sequencer_recover(reader, SIZE_MAX, &err), &err);
    return reader;
}

static void save_beside(shop *s) {
    mw_sequencer *reader = read_beside(s);
    mw_error err;
    MW_CHECK_OK(mw_sequencer_save(reader, &err), &err);
    mw_sequencer_close(reader);
}

/* Writes over each file of entries, or removes them. */
static void damage(shop *s, uint64_t offset, bool is_removing) {
    mw_arena arena;
    mw_str *names;
    size_t count, damaged = 0;
    mw_file *file;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_sys_list(s->sys, folder, &arena, &names, &count, NULL), NULL);
    for (size_t i = 0; i < count; i++) {
        const char *path = mw_path_join(&arena, folder, names[i].data);
        if (!mw_str_ends(names[i], MW_STR(".run"))) continue;
        damaged++;
        if (is_removing) {
            MW_CHECK_OK(mw_sys_remove(s->sys, path, &err), &err);
            continue;
        }
        MW_CHECK_OK(mw_sys_open(s->sys, path, MW_FILE_UPDATE, &file, &err), &err);
        MW_CHECK_OK(mw_file_write(file, offset, "####", 4, &err), &err);
        mw_file_close(file);
    }
    MW_CHECK(damaged > 2);
    mw_arena_release(&arena);
}

/* The files in a folder whose names end so. */
static size_t list_files(shop *s, const char *in, const char *suffix, mw_arena *arena,
                         mw_str **out_names) {
    size_t count, found = 0;
    MW_CHECK_OK(mw_sys_list(s->sys, in, arena, out_names, &count, NULL), NULL);
    for (size_t i = 0; i < count; i++)
        if (mw_str_ends((*out_names)[i], mw_str_of(suffix)))
            (*out_names)[found++] = (*out_names)[i];
    return found;
}

static size_t count_runs(shop *s) {
    mw_arena arena;
    mw_str *names;
    mw_arena_init(&arena, 1 << 20);
    size_t count = list_files(s, folder, ".run", &arena, &names);
    count += list_files(s, folder, ".tmp", &arena, &names);
    mw_arena_release(&arena);
    return count;
}

/* How many of them a checkpoint or a list names. */
static size_t count_named(shop *s) {
    mw_checkpoints in = {s->sys, "checkpoints"};
    mw_arena arena;
    mw_str *lists;
    mw_buf names, noted;
    mw_error err;
    uint64_t number = UINT64_MAX;
    mw_arena_init(&arena, 1 << 20);
    mw_buf_init(&names, 1 << 14);
    mw_buf_init(&noted, 1 << 14);
    for (;;) {
        MW_CHECK_OK(mw_checkpoint_newest(in, number, &number, &err), &err);
        if (number == 0) break;
        mw_buf_clear(&names);
        MW_CHECK_OK(mw_checkpoint_read_section(in, number, MW_STR("runs"), &names, &err), &err);
        MW_CHECK_OK(mw_digest_runs_note(mw_buf_str(&names), &noted, &err), &err);
    }
    for (size_t i = list_files(s, folder, ".list", &arena, &lists); i-- > 0;) {
        mw_buf_clear(&names);
        const char *path = mw_path_join(&arena, folder, lists[i].data);
        MW_CHECK_OK(mw_sys_read_file(s->sys, path, &names, &err), &err);
        MW_CHECK_OK(mw_digest_runs_note(mw_buf_str(&names), &noted, &err), &err);
    }
    size_t named = 0;
    for (size_t i = list_files(s, folder, ".run", &arena, &lists); i-- > 0;) {
        char id[17] = "";
        memcpy(id, lists[i].data, 16);
        uint64_t wanted = strtoull(id, NULL, 16);
        mw_reader reader = {.rest = mw_buf_str(&noted)};
        bool is_named = false;
        while (reader.rest.size > 0) is_named |= mw_read_u64(&reader) == wanted;
        named += is_named;
    }
    mw_buf_release(&names);
    mw_buf_release(&noted);
    mw_arena_release(&arena);
    return named;
}

/* --- a running server ------------------------------------------------------------------------- */

/* However often another process writes, and however much came since: a server takes it up, goes
   on with less, and knows all. Both began without a checkpoint, and have one key. */
MW_TEST(old_entries_leave_the_memory_of_a_running_server) {
    shop s;
    mw_error err;
    int asked = 0;
    uint64_t prng = mw_test_seed();
    size_t left = 0;
    begin(&s);
    for (int round = 0; round < 30; round++) {
        int more = (int)mw_prng_below(&prng, 12);
        ask(&s, asked, asked + more);
        asked += more;
        if (mw_prng_below(&prng, 3) > 0) save_beside(&s);
        send(&s, 1000 + round, true);
        more = (int)mw_prng_below(&prng, 4);
        ask(&s, asked, asked + more);
        asked += more;
        size_t before = mw_sequencer_in_memory(s.sequencer);
        MW_CHECK_OK(mw_sequencer_take_up(s.sequencer, &err), &err);
        left += mw_sequencer_in_memory(s.sequencer) < before;
        check_knows(&s, asked);
        for (int i = 0; i <= round; i++) send(&s, 1000 + i, false);
        if (mw_prng_below(&prng, 5) == 0) start_again(&s, "");
    }
    MW_CHECK(left > 5 && asked > 100);
    MW_CHECK(mw_sequencer_in_memory(s.sequencer) < 100);
    check_knows(&s, asked);
    shop_tear_down(&s);
}

/* A correction of what has left memory counts from then on, there and in the next files. */
MW_TEST(old_entries_are_corrected) {
    static const char was[] =
        "{\"shop\": \"a\", \"number\": 7, \"at\": \"1970-04-11T00:00:00Z\"}";
    static const char is[] =
        "{\"shop\": \"b\", \"number\": 7, \"at\": \"1970-04-11T00:00:00Z\"}";
    shop s;
    mw_error err;
    begin(&s);
    shop_call(&s, MW_HTTP_POST, "/v1/events/orders", was, 200);
    for (int round = 0; round < 3; round++) {
        ask(&s, 10 + 10 * round, 20 + 10 * round);
        save_beside(&s);
        MW_CHECK_OK(mw_sequencer_take_up(s.sequencer, &err), &err);
        MW_CHECK_EQUAL_INT(mw_sequencer_in_memory(s.sequencer), 0);
        const char *row = round % 2 ? was : is;
        mw_str answer = shop_call(&s, MW_HTTP_POST, "/v1/events/orders", row, 200);
        MW_CHECK(shop_says(answer, "\"corrections\":1"));
        answer = shop_call(&s, MW_HTTP_POST, "/v1/events/orders", row, 200);
        MW_CHECK(shop_says(answer, "\"repeats\":1"));
        MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
        if (round == 1) start_again(&s, "");
    }
    shop_tear_down(&s);
}

/* --- other streams ---------------------------------------------------------------------------- */

/* The shop's project, in which orders are told apart by their shop, too. */
static const mw_program *mend_id(shop *s) {
    static const char was[] = "  id: number\n", is[] = "  id: number, shop\n";
    mw_buf text;
    const char *at = strstr(shop_text, was);
    MW_CHECK(at != NULL);
    mw_buf_init(&text, 1 << 12);
    mw_buf_append(&text, shop_text, (size_t)(at - shop_text));
    mw_buf_append_text(&text, is);
    mw_buf_append_text(&text, at + strlen(was));
    mw_buf_append(&text, "", 1);
    const mw_program *program = mw_test_program(&s->arena, s->symbols, text.data);
    mw_buf_release(&text);
    return program;
}

/* What was written by another id of a stream would know no event of it: a server that was started
   again with the new one takes none of it up, and the next one neither. */
MW_TEST(old_entries_of_other_streams_are_not_taken_up) {
    shop s;
    mw_error err;
    begin(&s);
    for (int i = 0; i < ORDERS; i++) send(&s, i, true);
    save_beside(&s);
    shop_close(&s);
    s.program = mend_id(&s);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    for (int round = 0; round < 2; round++) {
        const char *note = round == 0 ? "a checkpoint is not used: it was made with other streams"
                                      : "";
        MW_CHECK_EQUAL_STR(mw_str_of(mw_sequencer_note(s.sequencer)), note);
        if (round == 0) MW_CHECK_STATUS(mw_sequencer_take_up(s.sequencer, &err), MW_CONFLICT);
        for (int i = 0; i < ORDERS; i++) send(&s, i, false);
        MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
        shop_close(&s);
        MW_CHECK_OK(shop_open(&s, true, &err), &err);
    }
    for (int i = 0; i < ORDERS; i++) send(&s, i, false);
    MW_CHECK_EQUAL_INT(mw_sequencer_in_memory(s.sequencer), 0);
    shop_tear_down(&s);
}

/* --- what can go wrong ------------------------------------------------------------------------ */

/* All calls of a checkpoint fail but so many; whether it needed no more. */
static bool save_until(shop *s, uint64_t call_count) {
    mw_error err;
    uint64_t end = mw_simulated_call_count(s->sys) + call_count;
    mw_simulated_fail(s->sys, call_count, UINT64_MAX);
    mw_status status = mw_sequencer_save(s->sequencer, &err);
    bool is_over = mw_simulated_call_count(s->sys) <= end;
    mw_simulated_fail(s->sys, 0, 0);
    if (is_over) MW_CHECK_OK(status, &err);
    return is_over;
}

/* Whichever call of a checkpoint fails, and however the machine ends then: the next start finds
   that checkpoint or the one before, with its files, and knows all. */
MW_TEST(old_entries_outlive_a_death_at_any_step) {
    uint64_t prng = mw_test_seed();
    size_t failed = 0;
    bool is_over = false;
    for (uint64_t after = 0; !is_over; after++) {
        shop s;
        mw_error err;
        begin(&s);
        for (int i = 0; i < 4; i++) {
            ask(&s, 10 * i, 10 * i + 10);
            save_beside(&s);
        }
        MW_CHECK_OK(mw_sequencer_take_up(s.sequencer, &err), &err);
        ask(&s, 40, 60);
        MW_CHECK_OK(mw_sequencer_sync(s.sequencer, &err), &err);
        is_over = save_until(&s, after);
        failed += !is_over;
        uint64_t end = mw_prng_below(&prng, 3);
        if (end == 0) mw_simulated_kill(s.sys);
        else if (end == 1) mw_simulated_lose_power(s.sys);
        else mw_simulated_lose_power_partly(s.sys);
        start_again(&s, "");
        check_knows(&s, 60);
        shop_tear_down(&s);
    }
    MW_CHECK(failed > 50);
}

static void start_without(shop *s, const char *why) {
    char note[512];
    snprintf(note, sizeof note, "a checkpoint is not used: %s", why);
    mw_error err;
    shop_close(s);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
    MW_CHECK(mw_str_starts(mw_str_of(mw_sequencer_note(s->sequencer)), mw_str_of(note)));
    mw_sequencer_stats stats = mw_sequencer_read_stats(s->sequencer);
    MW_CHECK_EQUAL_INT(stats.replayed, stats.log_events);
    check_knows(s, ORDERS);
}

/* A file that is gone, or has another byte in its head: all is read anew, and it is said. */
MW_TEST(old_entries_that_are_no_more_are_learnt_anew) {
    for (int round = 0; round < 2; round++) {
        shop s;
        mw_error err;
        begin(&s);
        ask(&s, 0, ORDERS);
        MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
        damage(&s, 40, round == 0);
        start_without(&s, round == 0 ? "checkpoints/runs/" : "run: the head of checkpoints/runs/");
        MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
        start_again(&s, "");
        check_knows(&s, ORDERS);
        shop_tear_down(&s);
    }
}

/* Where a block is bad, whoever asks for what it holds is told; the next start learns it anew. */
MW_TEST(old_entries_in_a_bad_block_are_not_answered_by) {
    shop s;
    char body[128];
    mw_error err;
    mw_event_standing standing;
    begin(&s);
    ask(&s, 0, ORDERS);
    MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
    start_again(&s, "");
    MW_CHECK_EQUAL_INT(mw_sequencer_in_memory(s.sequencer), 0);
    for (int i = 0; i < 2; i++) { /* of ids, and of predictions */
        mw_str said;
        damage(&s, 4096 + 100, false);
        if (i == 0)
            said = shop_call(&s, MW_HTTP_POST, "/v1/models/quick/predict", body_of(3, body), 500);
        else
            said = shop_call(&s, MW_HTTP_GET, "/v1/predictions?event=3", NULL, 500);
        MW_CHECK(shop_says(said, "fails its checksum"));
        start_without(&s, "checkpoints/runs/");
        MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
        start_again(&s, "");
    }
    mw_cell row[4] = {{0}, mw_cell_number(3), mw_cell_time(SHOP_BEGIN),
                      mw_cell_missing(MW_TYPE_NUMBER)};
    row[0].symbol = mw_symbols_intern(s.symbols, MW_STR("a"));
    mw_event event = {.stream = 0, .time = SHOP_BEGIN, .known = SHOP_BEGIN, .row = row};
    mw_simulated_fail(s.sys, 0, UINT64_MAX);
    MW_CHECK_STATUS(mw_sequencer_find(s.sequencer, &event, &standing, &err), MW_IO);
    mw_simulated_fail(s.sys, 0, 0);
    MW_CHECK(shop_standing(s.sequencer, &event) == MW_EVENT_REPEATS);
    shop_tear_down(&s);
}

/* Of what the log has behind the checkpoint, each event is looked up, a correction where the bad
   blocks are: the start goes on without the checkpoint, and says so. */
MW_TEST(old_entries_in_a_bad_block_are_learnt_anew_by_the_start) {
    static const char is[] =
        "{\"shop\": \"b\", \"number\": 7, \"at\": \"1970-04-11T00:00:00Z\"}";
    shop s;
    mw_error err;
    begin(&s);
    for (int i = 0; i < ORDERS; i++) send(&s, i, true);
    ask(&s, ORDERS, 2 * ORDERS);
    save_beside(&s);
    send(&s, 2 * ORDERS, true);
    mw_str answer = shop_call(&s, MW_HTTP_POST, "/v1/events/orders", is, 200);
    MW_CHECK(shop_says(answer, "\"corrections\":1"));
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    mw_sequencer_stats before = mw_sequencer_read_stats(s.sequencer);
    shop_close(&s);
    damage(&s, 4096 + 100, false);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    mw_str said = mw_str_of(mw_sequencer_note(s.sequencer));
    MW_CHECK(mw_str_starts(said, MW_STR("a checkpoint is not used: run: block 0 of ")));
    mw_sequencer_stats stats = mw_sequencer_read_stats(s.sequencer);
    MW_CHECK_EQUAL_INT(stats.log_events, before.log_events);
    MW_CHECK_EQUAL_INT(stats.replayed, before.log_events);
    answer = shop_call(&s, MW_HTTP_POST, "/v1/events/orders", is, 200);
    MW_CHECK(shop_says(answer, "\"repeats\":1"));
    for (int i = 0; i <= 2 * ORDERS; i++)
        if (i != 7) send(&s, i, false);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), ORDERS);
    shop_tear_down(&s);
}

/* Deliveries whose moments fall due at 11 o'clock or at 17. */
static void post_deliveries(shop *s, int first, int end, int hour) {
    mw_error err;
    char row[128];
    for (int i = first; i < end; i++) {
        snprintf(row, sizeof row,
                 "{\"shop\": \"a\", \"number\": %d, \"at\": \"1970-04-11T%d:00:00Z\"}", i, hour);
        mw_str answer = shop_call(s, MW_HTTP_POST, "/v1/events/deliveries", row, 200);
        MW_CHECK(shop_says(answer, "\"accepted\":1"));
    }
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
}

/* Nobody asks for a moment that falls due, so nobody could be told that it was not made, and to
   make it might be to make it twice: the server ends, and the next one learns everything anew.
   (Of so many new events, filters take some for what may be in a file.) */
MW_TEST(old_entries_in_a_bad_block_end_a_server_whose_moment_is_due) {
    enum { MADE = 50, DUE = 2000 };
    int64_t noon = SHOP_BEGIN + 12 * MW_HOUR_US, evening = SHOP_BEGIN + 18 * MW_HOUR_US;
    shop s;
    mw_error err;
    begin(&s);
    ask(&s, 0, ORDERS);
    post_deliveries(&s, 0, MADE, 12);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, noon, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    save_beside(&s);
    MW_CHECK_OK(mw_sequencer_take_up(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_in_memory(s.sequencer), 0);
    post_deliveries(&s, MADE, MADE + DUE, 18);
    damage(&s, 4096 + 100, false);
    MW_CHECK_STATUS(mw_sequencer_set_now(s.sequencer, evening, &err), MW_CORRUPT);
    MW_CHECK_STATUS(mw_sequencer_commit(s.sequencer, &err), MW_CORRUPT);
    shop_close(&s);
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    MW_CHECK(strstr(mw_sequencer_note(s.sequencer), "a checkpoint is not used: "));
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, evening, &err), &err);
    check_asked(&s, ORDERS);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), MADE + DUE + ORDERS);
    shop_tear_down(&s);
}

/* Whichever one call fails while a server starts: it does not, or knows all. */
MW_TEST(old_entries_are_known_or_there_is_no_start) {
    size_t failed = 0, learnt_anew = 0;
    uint64_t calls = UINT64_MAX;
    for (uint64_t after = 0; after < calls; after++) {
        shop s;
        mw_error err;
        begin(&s);
        ask(&s, 0, ORDERS);
        save_beside(&s);
        for (int i = 0; i < ORDERS; i++) send(&s, 1000 + i, true);
        shop_close(&s);
        uint64_t before = mw_simulated_call_count(s.sys);
        mw_simulated_fail(s.sys, after, 1);
        mw_status status = shop_open(&s, true, &err);
        mw_simulated_fail(s.sys, 0, 0);
        if (status == MW_OK) calls = mw_simulated_call_count(s.sys) - before;
        failed += status != MW_OK;
        if (status != MW_OK) start_again(&s, "");
        else learnt_anew += mw_sequencer_note(s.sequencer)[0] != 0;
        for (int i = 0; i < ORDERS; i++) send(&s, 1000 + i, false);
        check_knows(&s, ORDERS);
        shop_tear_down(&s);
    }
    MW_CHECK(failed > 5 && learnt_anew > 10);
}

/* Whichever allocation fails while they leave: nothing is lost, or counted twice, then or in what
   is written next. */
MW_TEST(old_entries_survive_every_failing_allocation) {
    size_t failed = 0, partly = 0;
    bool is_over = false;
    for (size_t after = 0; !is_over; after++) {
        shop s;
        mw_error err;
        begin(&s);
        ask(&s, 0, ORDERS);
        save_beside(&s);
        ask(&s, ORDERS, ORDERS + OLD_MIN);
        mw_memory_fail_after(after);
        is_over = mw_sequencer_take_up(s.sequencer, &err) == MW_OK;
        mw_memory_fail_after(SIZE_MAX);
        failed += !is_over;
        partly += mw_sequencer_on_disk(s.sequencer) > 0 && !is_over;
        check_knows(&s, ORDERS + OLD_MIN);
        MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
        start_again(&s, "");
        check_knows(&s, ORDERS + OLD_MIN);
        shop_tear_down(&s);
    }
    MW_CHECK(failed > 10 && partly > 3);
}

/* Whichever allocation fails while they are written, however often: no more is left than one try's,
   which is three runs, and nothing when there is a checkpoint. */
MW_TEST(old_entries_leave_nothing_of_what_failed) {
    size_t failed = 0, left_over = 0;
    bool is_over = false;
    for (size_t after = 0; !is_over; after++) {
        shop s;
        mw_error err;
        begin(&s);
        ask(&s, 0, ORDERS);
        mw_sequencer *reader = read_beside(&s);
        for (int try = 0; try < 3 && !is_over; try++) {
            mw_memory_fail_after(after);
            is_over = mw_sequencer_save(reader, &err) == MW_OK;
            mw_memory_fail_after(SIZE_MAX);
            failed += !is_over;
        }
        size_t unnamed = count_runs(&s) - count_named(&s);
        MW_CHECK(unnamed <= 3);
        left_over += unnamed > 0;
        MW_CHECK_OK(mw_sequencer_save(reader, &err), &err);
        MW_CHECK_EQUAL_INT(count_runs(&s), count_named(&s));
        mw_sequencer_close(reader);
        shop_tear_down(&s);
    }
    MW_CHECK(failed > 100 && left_over > 10);
}

/* Wherever a process dies that writes a checkpoint, time and again: what it has left goes with the
   next one. */
MW_TEST(old_entries_of_those_who_died_are_removed) {
    shop s;
    mw_error err;
    size_t died = 0, left_over = 0;
    bool is_over = false;
    begin(&s);
    ask(&s, 0, ORDERS);
    MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
    for (uint64_t after = 0; !is_over; after++) {
        ask(&s, ORDERS + (int)after, ORDERS + (int)after + 1);
        is_over = save_until(&s, after);
        mw_simulated_kill(s.sys);
        died += !is_over;
        size_t unnamed = count_runs(&s) - count_named(&s);
        MW_CHECK(is_over ? unnamed == 0 : unnamed <= 3);
        left_over += unnamed > 0;
        start_again(&s, "");
    }
    check_knows(&s, ORDERS + (int)died + 1);
    MW_CHECK(died > 100 && left_over > 5);
    shop_tear_down(&s);
}

static bool file_exists(shop *s, const char *path) {
    mw_file_info info;
    MW_CHECK_OK(mw_sys_info(s->sys, path, &info, NULL), NULL);
    return info.exists;
}

/* What cannot be read may name any file, so none is removed. But checkpoints go on: with newer ones
   in its place, what nobody needs goes. */
static void check_spoilt(const char *in, const char *suffix) {
    static const char lost[] = "checkpoints/runs/0000000100000001.run";
    shop s;
    mw_arena arena;
    mw_str *names;
    mw_error err;
    int asked = ORDERS;
    mw_arena_init(&arena, 1 << 20);
    begin(&s);
    ask(&s, 0, ORDERS);
    MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(list_files(&s, in, suffix, &arena, &names), 1);
    const char *path = mw_path_join(&arena, in, names[0].data);
    MW_CHECK_OK(mw_simulated_spoil(s.sys, path, 0, &err), &err);
    MW_CHECK_OK(mw_sys_write_file(s.sys, lost, MW_STR("a run"), &err), &err);
    for (size_t i = 0; file_exists(&s, path); i++) {
        MW_CHECK(i < MW_RUNS_LISTS_KEPT && file_exists(&s, lost));
        ask(&s, asked, asked + OLD_MIN);
        asked += OLD_MIN;
        size_t before = count_runs(&s);
        MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
        MW_CHECK(!file_exists(&s, path) || count_runs(&s) > before);
    }
    MW_CHECK(!file_exists(&s, lost));
    MW_CHECK_EQUAL_INT(count_runs(&s), count_named(&s));
    start_again(&s, "");
    check_knows(&s, asked);
    shop_tear_down(&s);
    mw_arena_release(&arena);
}

MW_TEST(old_entries_are_written_beside_what_cannot_be_read) {
    check_spoilt("checkpoints", ".checkpoint");
    check_spoilt(folder, ".list");
}

/* While one process writes, what another one would write beside it could not be told from what
   nobody needs: it writes nothing. */
MW_TEST(old_entries_are_written_by_one_process_at_a_time) {
    shop s;
    mw_file *lock;
    mw_error err;
    begin(&s);
    ask(&s, 0, ORDERS);
    MW_CHECK_OK(mw_checkpoint_lock((mw_checkpoints){s.sys, "checkpoints"}, &lock, &err), &err);
    MW_CHECK_STATUS(mw_sequencer_save(s.sequencer, &err), MW_BUSY);
    MW_CHECK_EQUAL_INT(count_runs(&s), 0);
    mw_file_close(lock);
    MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(count_runs(&s), 3);
    shop_tear_down(&s);
}

/* Wherever the room ends: a try that fails leaves no run but what a checkpoint names that was
   written before it (then it failed at the list), or each would take more of what the log needs. */
MW_TEST(old_entries_take_no_room_from_the_log) {
    size_t failed = 0, empty = 0, written = 0;
    for (uint64_t room = 0; written == 0; room += 2048) {
        shop s;
        mw_error err;
        begin(&s);
        ask(&s, 0, ORDERS);
        uint64_t size = mw_simulated_disk_size(s.sys), taken = 0;
        mw_simulated_set_disk_size_max(s.sys, size + room);
        for (int try = 0; try < 3 && written == 0; try++) {
            written = mw_sequencer_save(s.sequencer, &err) == MW_OK;
            if (written > 0) break;
            failed++;
            MW_CHECK_EQUAL_INT(count_runs(&s), count_named(&s));
            empty += count_runs(&s) == 0;
            if (try == 0) taken = mw_simulated_disk_size(s.sys);
            MW_CHECK_EQUAL_INT(mw_simulated_disk_size(s.sys), taken);
        }
        check_knows(&s, ORDERS);
        shop_tear_down(&s);
    }
    MW_CHECK(failed > 20 && empty > 20);
}

/* A full disk: the server goes on with what it has, and the next checkpoint is one. */
MW_TEST(old_entries_stay_in_memory_without_room) {
    shop s;
    mw_error err;
    begin(&s);
    ask(&s, 0, ORDERS);
    mw_simulated_set_disk_size_max(s.sys, mw_simulated_disk_size(s.sys) + 5000);
    MW_CHECK_STATUS(mw_sequencer_save(s.sequencer, &err), MW_NO_SPACE);
    MW_CHECK_OK(mw_sequencer_take_up(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_in_memory(s.sequencer), 2 * ORDERS);
    check_knows(&s, ORDERS);
    mw_simulated_set_disk_size_max(s.sys, UINT64_MAX);
    MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_take_up(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_in_memory(s.sequencer), 0);
    check_knows(&s, ORDERS);
    shop_tear_down(&s);
}
