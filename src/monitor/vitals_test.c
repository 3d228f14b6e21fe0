#include "monitor/vitals.h"

#include <math.h>

#include "testing/declare.h"
#include "testing/test.h"

static const mw_vital_signs unknown = {NAN, NAN, NAN, NAN, NAN};

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_freshness *freshness;
    mw_vitals *vitals;
} fixture;

static const char declared[] =
    "stream orders\n  columns: at time, shop text\n  time: at\n"
    "stream unread\n  columns: at time\n  time: at\n"
    "stream returns\n  columns: at time, shop text\n  time: at\n"
    "stream shops\n  columns: shop text, size number\n  time: always\n"
    "feature size: last(shops.size by shop)\n"
    "model m\n  moment: on orders\n  label: any(returns by shop over next 1d)\n";

static void begin(fixture *it) {
    *it = (fixture){.vitals = NULL};
    mw_arena_init(&it->arena, (size_t)1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &it->symbols, NULL), NULL);
    it->program = mw_test_program(&it->arena, it->symbols, declared);
    MW_CHECK_OK(mw_freshness_create(it->program->stream_count, &it->freshness, NULL), NULL);
    MW_CHECK_OK(mw_vitals_create(it->program, &it->program->models[0], &it->vitals, NULL), NULL);
}

static void end(fixture *it) {
    mw_vitals_destroy(it->vitals);
    mw_freshness_destroy(it->freshness);
    mw_symbols_destroy(it->symbols);
    mw_arena_release(&it->arena);
}

static void arrive(mw_freshness *freshness, int32_t stream, int64_t place, int64_t late_us) {
    mw_event event = {.stream = stream, .known = place - late_us, .place = place};
    mw_freshness_arrived(freshness, &event, place);
}

/* The index of the alert with this rule. */
static size_t find(const mw_vitals *vitals, const char *rule) {
    for (size_t i = 0; i < mw_vitals_count(vitals); i++)
        if (mw_str_is(mw_vitals_alert(vitals, i)->rule->text, rule)) return i;
    MW_CHECK(false && "there is no such rule");
    return 0;
}

MW_TEST(vitals_open_and_close_without_repeats) {
    fixture it;
    begin(&it);
    mw_vitals *vitals = it.vitals;
    mw_vital_signs signs = unknown;
    size_t errors = find(vitals, "errors > 0.01"), latency = find(vitals, "latency.p99 > 0.25");
    MW_CHECK_EQUAL_INT(mw_vitals_count(vitals), 9);
    static const double shares[] = {NAN, 0.005, 0.02, 0.5, NAN, 0.02, 0.01, 0};
    static const mw_alert_change changes[] = {MW_ALERT_SAME, MW_ALERT_SAME, MW_ALERT_OPENED,
                                              MW_ALERT_SAME, MW_ALERT_SAME, MW_ALERT_SAME,
                                              MW_ALERT_CLOSED, MW_ALERT_SAME};
    for (size_t i = 0; i < 8; i++) {
        signs.error_share = shares[i];
        mw_vitals_look(vitals, it.freshness, &signs, (int64_t)i);
        MW_CHECK_EQUAL_INT(mw_vitals_change(vitals, errors), changes[i]);
        MW_CHECK_EQUAL_INT(mw_vitals_change(vitals, latency), MW_ALERT_SAME);
    }
    MW_CHECK_EQUAL_INT(mw_vitals_alert(vitals, errors)->opened_count, 1);
    end(&it);
}

MW_TEST(vitals_watch_the_streams_that_are_read) {
    fixture it;
    begin(&it);
    mw_vitals *vitals = it.vitals;
    mw_freshness *freshness = it.freshness;
    int64_t last = 20 * MW_DAY_US;
    for (int64_t at = 0; at <= last; at += MW_HOUR_US)
        for (int32_t stream = 0; stream < 2; stream++) arrive(freshness, stream, at, 0);
    size_t orders = find(vitals, "staleness.orders > 1.5");
    size_t returns = find(vitals, "staleness.returns > 1.5");
    mw_vitals_look(vitals, freshness, &unknown, last + 85 * MW_MINUTE_US);
    MW_CHECK_EQUAL_INT(mw_vitals_change(vitals, orders), MW_ALERT_SAME);
    mw_vitals_look(vitals, freshness, &unknown, last + 95 * MW_MINUTE_US);
    MW_CHECK_EQUAL_INT(mw_vitals_change(vitals, orders), MW_ALERT_OPENED);
    MW_CHECK(isnan(mw_vitals_alert(vitals, returns)->value)); /* it never had an event */
    arrive(freshness, 0, last + 100 * MW_MINUTE_US, 0);
    mw_vitals_look(vitals, freshness, &unknown, last + 105 * MW_MINUTE_US);
    MW_CHECK_EQUAL_INT(mw_vitals_change(vitals, orders), MW_ALERT_CLOSED);
    end(&it);
}

/* Said once with its numbers, however long it lasts, and over a day after it was mended. */
MW_TEST(vitals_warn_of_events_that_come_later_than_declared) {
    fixture it;
    begin(&it);
    mw_vitals *vitals = it.vitals;
    size_t lag = find(vitals, "lag.orders > 3600"), returns = find(vitals, "lag.returns > 3600");
    size_t changes[3] = {0};
    for (int64_t at = 0; at < 4 * MW_DAY_US; at += 10 * MW_MINUTE_US) {
        bool is_late = at < 2 * MW_DAY_US && at / (10 * MW_MINUTE_US) % 20 == 0;
        arrive(it.freshness, 0, at, is_late ? 90 * MW_MINUTE_US : 0);
        arrive(it.freshness, 2, at, 3600 * MW_SECOND_US); /* as late as it may */
        mw_vitals_look(vitals, it.freshness, &unknown, at);
        changes[mw_vitals_change(vitals, lag)]++;
        MW_CHECK_EQUAL_INT(mw_vitals_change(vitals, returns), MW_ALERT_SAME);
        if (at == 2 * MW_DAY_US) MW_CHECK(mw_vitals_alert(vitals, lag)->is_open);
    }
    MW_CHECK_EQUAL_INT(changes[MW_ALERT_OPENED], 1);
    MW_CHECK_EQUAL_INT(changes[MW_ALERT_CLOSED], 1);
    MW_CHECK_EQUAL_STR(mw_vitals_alert(vitals, lag)->detail,
                       "orders are declared as known at their time, but 99 in 100 of the last "
                       "day's 144 events came up to 1h 30m later: `known: time + 90m` says so");
    end(&it);
}

static mw_status make(void *context) {
    const fixture *it = context;
    mw_vitals *vitals = NULL;
    MW_TRY(mw_vitals_create(it->program, &it->program->models[0], &vitals, NULL));
    mw_vitals_destroy(vitals);
    return MW_OK;
}

MW_TEST(vitals_survive_the_failure_of_any_allocation) {
    fixture it;
    begin(&it);
    MW_CHECK(mw_test_every_allocation_fails(make, &it) > 1);
    end(&it);
}
