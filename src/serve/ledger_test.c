#include "serve/ledger.h"

#include <stdio.h>

#include "base/prng.h"
#include "testing/test.h"

enum { ADDED = 500, EVENTS = 200, MODELS = 3, BATCH_MAX = 7 };

static const mw_hash_key secret = {{1, 2}};
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
        const mw_ledger_entry *last = mw_ledger_find(ledger, samples[i].stamp);
        MW_CHECK(last && !mw_ledger_is_settled(ledger, last));
        mw_ledger_settle(ledger, batch);
        MW_CHECK(mw_ledger_is_settled(ledger, last));
        for (; first <= i; first++) {
            samples[first].position.segment = batch.segment;
            samples[first].position.offset += batch.offset;
        }
    }
}

static void check_entry(const mw_ledger_entry *entry, const sample *twin) {
    MW_CHECK((entry != NULL) == (twin != NULL));
    MW_CHECK(!entry || (entry->stamp == twin->stamp &&
                        entry->position.segment == twin->position.segment &&
                        entry->position.offset == twin->position.offset));
}

static void check_all(const mw_ledger *ledger, const sample *samples) {
    size_t next = 0, absent = 0;
    char event[32];
    MW_CHECK_EQUAL_INT(mw_ledger_count(ledger), ADDED);
    for (int64_t stamp = -110; stamp <= samples[ADDED - 1].stamp + 10; stamp++) {
        bool is_there = next < ADDED && samples[next].stamp == stamp;
        check_entry(mw_ledger_find(ledger, stamp), is_there ? &samples[next] : NULL);
        next += is_there;
    }
    for (uint64_t model = 0; model < MODELS; model++)
        for (uint64_t i = 0; i < EVENTS; i++) {
            const sample *twin = first_for(samples, ADDED, model, i);
            check_entry(mw_ledger_find_event(ledger, mw_str_of(models[model]),
                                             name_event(i, event)), twin);
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
    MW_CHECK_OK(mw_ledger_create(secret, &ledger, &err), &err);
    MW_CHECK(!mw_ledger_find_event(ledger, MW_STR("late"), MW_STR("event 1")));
    fill(ledger, samples, &prng);
    check_all(ledger, samples);
    mw_ledger_save(ledger, &bytes);
    MW_CHECK_OK(mw_ledger_create(secret, &again, &err), &err);
    MW_CHECK_OK(mw_ledger_load(again, mw_buf_str(&bytes), &err), &err);
    check_all(again, samples);
    mw_ledger_destroy(again);
    mw_ledger_destroy(ledger);
    mw_buf_release(&bytes);
}

MW_TEST(ledger_refuses_bytes_that_are_none) {
    mw_ledger *ledger;
    mw_error err;
    static const char zeros[80];
    MW_CHECK_OK(mw_ledger_create(secret, &ledger, &err), &err);
    MW_CHECK_STATUS(mw_ledger_load(ledger, (mw_str){zeros, 39}, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "ledger: its bytes must be entries of 40, got 39");
    MW_CHECK_STATUS(mw_ledger_load(ledger, (mw_str){zeros, 80}, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "ledger: its stamps must grow");
    mw_ledger_destroy(ledger);
}

/* Each allocation fails once, with all after it: nothing that was added is lost. */
MW_TEST(ledger_survives_every_failing_allocation) {
    mw_ledger *ledger;
    mw_error err;
    size_t failed = 0;
    MW_CHECK_OK(mw_ledger_create(secret, &ledger, &err), &err);
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
