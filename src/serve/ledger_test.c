#include "serve/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "sys/simulated.h"
#include "testing/test.h"

enum { ADDED = 500, EVENTS = 200, MODELS = 3, BATCH_MAX = 7 };

static const mw_hash_key secret = {{1, 2}};
static const mw_ledger_archive alone = {NULL, MW_RUNS_EVENTS};
static const char *const models[MODELS] = {"quick", "late", "lat"};

typedef struct {
    int64_t stamp;
    uint64_t model, event;
    mw_log_position position;
} sample;

static mw_str name_event(uint64_t event, char out_text[32]) {
    int size = snprintf(out_text, 32, "event %llu", (unsigned long long)event);
    return (mw_str){out_text, (size_t)size};
}

static mw_status add(mw_ledger *ledger, const sample *one, mw_error *err) {
    char event[32];
    mw_keyed_hash hash = mw_ledger_event(ledger, mw_str_of(models[one->model]),
                                         name_event(one->event, event));
    mw_ledger_entry entry = {one->stamp, hash, one->position};
    return mw_ledger_add(ledger, &entry, err);
}

/* The first sample made for the event by the model; NULL if there is none. */
static const sample *first_for(const sample *samples, size_t count, uint64_t model,
                               uint64_t event) {
    for (size_t i = 0; i < count; i++)
        if (samples[i].model == model && samples[i].event == event) return &samples[i];
    return NULL;
}

static const mw_ledger_found *find(mw_ledger *ledger, int64_t stamp) {
    const mw_ledger_found *found;
    mw_error err;
    MW_CHECK_OK(mw_ledger_find(ledger, stamp, &found, &err), &err);
    return found;
}

static const mw_ledger_found *find_event(mw_ledger *ledger, mw_str model, mw_str event) {
    const mw_ledger_found *found;
    mw_error err;
    bool has_event;
    MW_CHECK_OK(mw_ledger_has_event(ledger, model, event, &has_event, &err), &err);
    MW_CHECK_OK(mw_ledger_find_event(ledger, model, event, &found, &err), &err);
    MW_CHECK_EQUAL_INT(has_event, found != NULL);
    return found;
}

/* Batches of some entries each: where the log put a batch is known only afterwards. */
static void fill(mw_ledger *ledger, sample *samples, uint64_t *prng) {
    size_t first = 0;
    mw_error err;
    for (size_t i = 0; i < ADDED; i++) {
        samples[i] = (sample){.stamp = (i > 0 ? samples[i - 1].stamp : -100) + 1 +
                                       (int64_t)mw_prng_below(prng, 3),
                              .model = mw_prng_below(prng, MODELS),
                              .event = mw_prng_below(prng, EVENTS),
                              .position = {0, i - first}};
        MW_CHECK_OK(add(ledger, &samples[i], &err), &err);
        if (i + 1 < ADDED && mw_prng_below(prng, BATCH_MAX) > 0) continue;
        mw_log_position batch = {(int64_t)i / 100, 1000 * i};
        MW_CHECK(find(ledger, samples[i].stamp));
        MW_CHECK(!mw_ledger_is_settled(ledger, samples[i].stamp));
        mw_ledger_settle(ledger, batch);
        MW_CHECK(mw_ledger_is_settled(ledger, samples[i].stamp));
        for (; first <= i; first++) {
            samples[first].position.segment = batch.segment;
            samples[first].position.offset += batch.offset;
        }
    }
}

static void check_entry(const mw_ledger_found *entry, const sample *twin) {
    MW_CHECK((entry != NULL) == (twin != NULL));
    MW_CHECK(!entry || (entry->stamp == twin->stamp &&
                        entry->position.segment == twin->position.segment &&
                        entry->position.offset == twin->position.offset));
}

static void check_all(mw_ledger *ledger, const sample *samples) {
    size_t next = 0, absent = 0;
    char event[32];
    MW_CHECK_EQUAL_INT(mw_ledger_count(ledger), ADDED);
    for (int64_t stamp = -110; stamp <= samples[ADDED - 1].stamp + 10; stamp++) {
        bool is_there = next < ADDED && samples[next].stamp == stamp;
        check_entry(find(ledger, stamp), is_there ? &samples[next] : NULL);
        next += is_there;
    }
    for (uint64_t model = 0; model < MODELS; model++)
        for (uint64_t i = 0; i < EVENTS; i++) {
            const sample *twin = first_for(samples, ADDED, model, i);
            check_entry(find_event(ledger, mw_str_of(models[model]), name_event(i, event)), twin);
            absent += !twin;
        }
    MW_CHECK(absent > 10);
}

MW_TEST(ledger_finds_what_a_list_would_find) {
    static sample samples[ADDED];
    uint64_t prng = mw_test_seed();
    mw_ledger *ledger, *again;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_ledger_create(secret, alone, &ledger, &err), &err);
    MW_CHECK(!find_event(ledger, MW_STR("late"), MW_STR("event 1")));
    fill(ledger, samples, &prng);
    check_all(ledger, samples);
    mw_ledger_save(ledger, &bytes);
    MW_CHECK_OK(mw_ledger_create(secret, alone, &again, &err), &err);
    MW_CHECK_OK(mw_ledger_load(again, mw_buf_str(&bytes), 7, &err), &err);
    check_all(again, samples);
    MW_CHECK_EQUAL_INT(mw_ledger_last(again), samples[ADDED - 1].stamp);
    mw_ledger_destroy(again);
    mw_ledger_destroy(ledger);
    mw_buf_release(&bytes);
}

/* --- with an archive -------------------------------------------------------------------------- */

static const mw_runs_identity identity = {.log_id = 1};

static void split(const mw_ledger_entry *entry, uint64_t *event, uint64_t *stamp) {
    uint64_t words[] = {entry->event.words[0], entry->event.words[1], (uint64_t)entry->stamp,
                        0, (uint64_t)entry->position.segment, entry->position.offset};
    memcpy(event, words, 3 * sizeof *event);
    memcpy(stamp, words + 2, 4 * sizeof *stamp);
}

/* The entries up to a stamp that the files do not have yet become files. */
static void put_away(mw_ledger *ledger, mw_digest_runs *runs, int64_t through) {
    uint64_t events[3 * ADDED], stamps[4 * ADDED];
    size_t count = 0;
    mw_buf bytes, names;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    mw_buf_init(&names, 1 << 16);
    mw_ledger_save(ledger, &bytes);
    mw_reader in = {.rest = mw_buf_str(&bytes)};
    while (in.rest.size > 0) {
        mw_ledger_entry entry = {.stamp = (int64_t)mw_read_u64(&in)};
        entry.event.words[0] = mw_read_u64(&in);
        entry.event.words[1] = mw_read_u64(&in);
        entry.position.segment = (int64_t)mw_read_u64(&in);
        entry.position.offset = mw_read_u64(&in);
        if (entry.stamp > through || entry.stamp <= mw_digest_runs_through(runs, MW_RUNS_STAMPS))
            continue;
        split(&entry, events + 3 * count, stamps + 4 * count);
        count++;
    }
    mw_runs_news news[MW_RUNS_KINDS] = {{NULL, 0, 0}};
    news[MW_RUNS_EVENTS] = (mw_runs_news){events, mw_digest_run_sort(events, count, 3), through};
    news[MW_RUNS_STAMPS] = (mw_runs_news){stamps, mw_digest_run_sort(stamps, count, 4), through};
    MW_CHECK_OK(mw_digest_runs_write(runs, &identity, news, &names, &err), &err);
    MW_CHECK_OK(mw_digest_runs_take(runs, &identity, mw_buf_str(&names), &err), &err);
    mw_buf_release(&bytes);
    mw_buf_release(&names);
}

/* Wherever entries stand, and where they stand twice, all is found, the first of an event. */
MW_TEST(ledger_with_an_archive_finds_what_a_list_would_find) {
    static sample samples[ADDED];
    uint64_t prng = mw_test_seed();
    mw_ledger *ledger, *again;
    mw_digest_runs *runs;
    mw_sys *sys;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = prng}, &sys, &err), &err);
    MW_CHECK_OK(mw_digest_runs_create(sys, "runs", &runs, &err), &err);
    mw_ledger_archive archive = {runs, MW_RUNS_EVENTS};
    MW_CHECK_OK(mw_ledger_create(secret, archive, &ledger, &err), &err);
    fill(ledger, samples, &prng);
    for (size_t at = 20; at < ADDED; at += 20) {
        put_away(ledger, runs, samples[at].stamp);
        check_all(ledger, samples);
        int64_t forgotten = samples[at - mw_prng_below(&prng, 20)].stamp;
        MW_CHECK_OK(mw_ledger_forget(ledger, forgotten, &err), &err);
        check_all(ledger, samples);
    }
    MW_CHECK(mw_ledger_in_memory(ledger) < 60);
    MW_CHECK_OK(mw_ledger_forget(ledger, INT64_MAX, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_in_memory(ledger), 0);
    mw_ledger_save(ledger, &bytes);
    MW_CHECK_OK(mw_ledger_create(secret, archive, &again, &err), &err);
    MW_CHECK_OK(mw_ledger_load(again, mw_buf_str(&bytes), mw_ledger_last(ledger), &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_last(again), samples[ADDED - 1].stamp);
    MW_CHECK_EQUAL_INT(mw_ledger_in_memory(again), 0);
    mw_ledger_destroy(again);
    mw_ledger_destroy(ledger);
    mw_digest_runs_destroy(runs);
    mw_simulated_destroy(sys);
    mw_buf_release(&bytes);
}

/* A virtual clock may pass 1970: what was before it is earlier in the files, too. */
MW_TEST(ledger_finds_in_an_archive_what_was_first_before_1970) {
    mw_ledger *ledger;
    mw_digest_runs *runs;
    mw_sys *sys;
    mw_error err;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, &err), &err);
    MW_CHECK_OK(mw_digest_runs_create(sys, "runs", &runs, &err), &err);
    mw_ledger_archive archive = {runs, MW_RUNS_EVENTS};
    MW_CHECK_OK(mw_ledger_create(secret, archive, &ledger, &err), &err);
    for (int64_t stamp = -6; stamp < 6; stamp++) {
        sample one = {stamp, 0, (uint64_t)(stamp + 6) % 3, {1, (uint64_t)(stamp + 6)}};
        MW_CHECK_OK(add(ledger, &one, &err), &err);
    }
    mw_ledger_settle_all(ledger);
    for (int step = 0; step < 2; step++) {
        for (uint64_t event = 0; event < 3; event++) {
            char text[32];
            mw_str name = name_event(event, text);
            const mw_ledger_found *found = find_event(ledger, mw_str_of(models[0]), name);
            MW_CHECK_EQUAL_INT(found->stamp, (int64_t)event - 6);
            MW_CHECK_EQUAL_INT(found->position.offset, event);
        }
        if (step == 0) put_away(ledger, runs, 5);
        MW_CHECK_OK(mw_ledger_forget(ledger, 5, &err), &err);
        MW_CHECK_EQUAL_INT(mw_ledger_in_memory(ledger), 0);
    }
    mw_ledger_destroy(ledger);
    mw_digest_runs_destroy(runs);
    mw_simulated_destroy(sys);
}

/* What is not committed yet stays, whatever is to be forgotten. */
MW_TEST(ledger_keeps_what_is_not_settled) {
    mw_ledger *ledger;
    mw_error err;
    MW_CHECK_OK(mw_ledger_create(secret, alone, &ledger, &err), &err);
    for (int64_t i = 0; i < 10; i++) {
        sample one = {i, 0, (uint64_t)i, {0, (uint64_t)i}};
        MW_CHECK_OK(add(ledger, &one, &err), &err);
        if (i == 6) mw_ledger_settle(ledger, (mw_log_position){5, 100});
    }
    for (size_t i = 0; i < 2; i++) {
        mw_memory_fail_after(i);
        MW_CHECK_STATUS(mw_ledger_forget(ledger, 8, &err), MW_NO_MEMORY);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK_EQUAL_INT(mw_ledger_in_memory(ledger), 10);
    }
    MW_CHECK_OK(mw_ledger_forget(ledger, 8, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_in_memory(ledger), 3);
    MW_CHECK(!mw_ledger_is_settled(ledger, 7));
    mw_ledger_settle(ledger, (mw_log_position){5, 200});
    MW_CHECK(find(ledger, 7)->position.offset == 207 && !find(ledger, 6));
    mw_ledger_destroy(ledger);
}

MW_TEST(ledger_refuses_bytes_that_are_none) {
    mw_ledger *ledger;
    mw_error err;
    static const char zeros[80];
    MW_CHECK_OK(mw_ledger_create(secret, alone, &ledger, &err), &err);
    MW_CHECK_STATUS(mw_ledger_load(ledger, (mw_str){zeros, 39}, 0, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "ledger: its bytes must be entries of 40, got 39");
    MW_CHECK_STATUS(mw_ledger_load(ledger, (mw_str){zeros, 80}, 0, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "ledger: its stamps must grow");
    mw_ledger_destroy(ledger);
}

/* Each allocation fails once, with all after it: nothing that was added is lost. */
MW_TEST(ledger_survives_every_failing_allocation) {
    mw_ledger *ledger;
    mw_error err;
    size_t failed = 0;
    MW_CHECK_OK(mw_ledger_create(secret, alone, &ledger, &err), &err);
    for (int64_t i = 0; i < 300; i++) {
        sample one = {i, 0, (uint64_t)i, {0, 0}};
        mw_memory_fail_after(0);
        mw_status status = add(ledger, &one, &err);
        mw_memory_fail_after(SIZE_MAX);
        failed += status != MW_OK;
        if (status != MW_OK) {
            MW_CHECK_EQUAL_INT(status, MW_NO_MEMORY);
            MW_CHECK_OK(add(ledger, &one, &err), &err);
        }
        MW_CHECK_EQUAL_INT(mw_ledger_count(ledger), i + 1);
    }
    MW_CHECK(failed > 3);
    mw_ledger_destroy(ledger);
}

/* It keeps what it hashed last. */
MW_TEST(ledger_hashes_an_event_alike_whatever_came_before) {
    enum { DRAWS = 3000 };
    static char longs[200];
    memset(longs, 'c', sizeof longs);
    mw_str texts[] = {MW_STR(""), MW_STR("a"), MW_STR("ab"), MW_STR("abc"), MW_STR("b"),
                      MW_STR("bc"), MW_STR("c"), {longs, 64}, {longs, 127}, {longs, 128},
                      {longs, 200}};
    uint64_t prng = mw_test_seed(), count = sizeof texts / sizeof *texts;
    mw_ledger *kept, *fresh;
    MW_CHECK_OK(mw_ledger_create(secret, alone, &kept, NULL), NULL);
    for (int i = 0; i < DRAWS; i++) {
        mw_str model = texts[mw_prng_below(&prng, i % 2 ? count : 3)];
        mw_str event = texts[mw_prng_below(&prng, i % 3 ? count : 3)];
        MW_CHECK_OK(mw_ledger_create(secret, alone, &fresh, NULL), NULL);
        mw_keyed_hash as_kept = mw_ledger_event(kept, model, event);
        mw_keyed_hash as_new = mw_ledger_event(fresh, model, event);
        MW_CHECK(as_kept.words[0] == as_new.words[0] && as_kept.words[1] == as_new.words[1]);
        mw_ledger_destroy(fresh);
    }
    mw_ledger_destroy(kept);
}
