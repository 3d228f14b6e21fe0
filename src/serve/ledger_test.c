#include "serve/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "testing/test.h"

enum { ADDED = 500, EVENTS = 200, MODELS = 3 };

typedef struct {
    int64_t stamp;
    uint32_t model, event;
} sample;

static void name_event(uint32_t event, char out_text[16]) {
    snprintf(out_text, 16, "event %u", event);
}

static mw_status add(mw_ledger *ledger, const sample *one, mw_error *err) {
    char event[16], payload[64];
    name_event(one->event, event);
    int size = snprintf(payload, sizeof payload, "%lld: %s", (long long)one->stamp, event);
    mw_ledger_entry entry = {one->stamp, one->model, {strchr(payload, ':') + 2, strlen(event)},
                             {payload, (size_t)size}};
    return mw_ledger_add(ledger, &entry, err);
}

/* The first sample made for the event by the model; NULL if there is none. */
static const sample *first_for(const sample *samples, size_t count, uint32_t model,
                               uint32_t event) {
    for (size_t i = 0; i < count; i++)
        if (samples[i].model == model && samples[i].event == event) return &samples[i];
    return NULL;
}

MW_TEST(ledger_finds_what_a_list_would_find) {
    static sample samples[ADDED];
    uint64_t prng = mw_test_seed();
    mw_ledger *ledger;
    MW_CHECK_OK(mw_ledger_create(1 << 20, &ledger, NULL), NULL);
    int64_t stamp = -50;
    size_t repeated = 0;
    for (size_t i = 0; i < ADDED; i++) {
        stamp += 1 + (int64_t)(mw_prng_next(&prng) % 3);
        samples[i] = (sample){stamp, (uint32_t)(mw_prng_next(&prng) % MODELS),
                              (uint32_t)(mw_prng_next(&prng) % EVENTS)};
        repeated += first_for(samples, i, samples[i].model, samples[i].event) != NULL;
        MW_CHECK_OK(add(ledger, &samples[i], NULL), NULL);
    }
    MW_CHECK(repeated > 0);
    MW_CHECK_EQUAL_INT(mw_ledger_count(ledger), ADDED);

    size_t at = 0;
    for (int64_t wanted = -60; wanted <= stamp + 1; wanted++) {
        const mw_ledger_entry *found = mw_ledger_find(ledger, wanted);
        bool is_there = at < ADDED && samples[at].stamp == wanted;
        MW_CHECK((found != NULL) == is_there);
        if (is_there) MW_CHECK_EQUAL_INT(found->model, samples[at++].model);
    }
    for (uint32_t model = 0; model < MODELS; model++)
        for (uint32_t event = 0; event < EVENTS; event++) {
            char text[16];
            name_event(event, text);
            const sample *expected = first_for(samples, ADDED, model, event);
            const mw_ledger_entry *found =
                mw_ledger_find_event(ledger, model, mw_str_of(text));
            MW_CHECK((found != NULL) == (expected != NULL));
            if (found) MW_CHECK_EQUAL_INT(found->stamp, expected->stamp);
            if (found) MW_CHECK_EQUAL_STR(found->event_id, text);
        }
    mw_ledger_destroy(ledger);
}

MW_TEST(ledger_has_a_maximum_and_keeps_what_it_has) {
    mw_ledger *ledger;
    mw_error err;
    MW_CHECK_OK(mw_ledger_create(1 << 12, &ledger, NULL), NULL);
    mw_status status = MW_OK;
    int64_t stamp = 0;
    while (status == MW_OK) status = add(ledger, &(sample){++stamp, 0, 7}, &err);
    MW_CHECK(status == MW_NO_MEMORY && stamp > 1);
    MW_CHECK_EQUAL_INT(mw_ledger_count(ledger), stamp - 1);
    MW_CHECK(mw_ledger_find(ledger, 1) && !mw_ledger_find(ledger, stamp));
    mw_ledger_destroy(ledger);
}

static mw_status fill(void *context) {
    (void)context;
    mw_ledger *ledger = NULL;
    MW_TRY(mw_ledger_create(1 << 20, &ledger, NULL));
    mw_status status = MW_OK;
    for (int64_t i = 0; status == MW_OK && i < 100; i++)
        status = add(ledger, &(sample){i, 0, (uint32_t)i}, NULL);
    mw_ledger_destroy(ledger);
    return status;
}

MW_TEST(ledger_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(fill, NULL) > 3);
}
