#include "monitor/freshness.h"

#include <math.h>

#include "base/prng.h"
#include "lang/declaration.h"
#include "testing/test.h"

enum { ARRIVALS = 3000 };

/* The same by looking at every pair of neighbours again. */
static mw_freshness_reading look_again(const int64_t *places, size_t count, int64_t now) {
    mw_freshness_reading reading = {.count = count, .first = INT64_MIN, .newest = INT64_MIN,
                                    .staleness = NAN};
    if (count == 0) return reading;
    reading.first = places[0];
    reading.newest = places[count - 1];
    reading.age_us = now > reading.newest ? now - reading.newest : 0;
    int64_t first_day = reading.newest / MW_DAY_US - (MW_FRESHNESS_DAYS - 1);
    for (size_t i = 1; i < count; i++)
        if (places[i] / MW_DAY_US >= first_day && places[i] - places[i - 1] > reading.silence_us)
            reading.silence_us = places[i] - places[i - 1];
    if (reading.newest - reading.first >= MW_FRESHNESS_HABIT_DAYS * MW_DAY_US)
        reading.staleness = (double)reading.age_us / (double)reading.silence_us;
    return reading;
}

/* Bursts with pauses of hours and, at times, of weeks. */
static int64_t next_place(uint64_t *prng, int64_t place) {
    uint64_t kind = mw_prng_below(prng, 100);
    int64_t reach = kind < 10   ? 0
                    : kind < 95 ? 2 * MW_HOUR_US
                    : kind < 99 ? 3 * MW_DAY_US
                                : 50 * MW_DAY_US;
    return place + (reach ? (int64_t)mw_prng_below(prng, (uint64_t)reach) : 0);
}

static void arrive(mw_freshness *freshness, int32_t stream, int64_t place, int64_t late_us) {
    mw_event event = {.stream = stream, .known = place - late_us, .place = place};
    mw_freshness_arrived(freshness, &event, place);
}

MW_TEST(freshness_is_what_a_look_at_all_arrivals_says) {
    static int64_t places[ARRIVALS];
    uint64_t prng = mw_test_seed();
    mw_freshness *freshness = NULL;
    size_t forgotten = 0, unknown = 0;
    int64_t longest_ever = 0;
    MW_CHECK_OK(mw_freshness_create(2, &freshness, NULL), NULL);
    for (size_t i = 0; i < ARRIVALS; i++) {
        places[i] = next_place(&prng, i ? places[i - 1] : 100 * MW_DAY_US + 12345);
        arrive(freshness, 1, places[i], 0);
        int64_t now = places[i] + (int64_t)mw_prng_below(&prng, 40 * MW_DAY_US) - MW_HOUR_US;
        mw_freshness_reading found = mw_freshness_read(freshness, 1, now);
        mw_freshness_reading naive = look_again(places, i + 1, now);
        MW_CHECK(found.count == naive.count && found.first == naive.first);
        MW_CHECK(found.newest == naive.newest);
        MW_CHECK_EQUAL_INT(found.age_us, naive.age_us);
        MW_CHECK_EQUAL_INT(found.silence_us, naive.silence_us);
        MW_CHECK(found.staleness == naive.staleness ||
                 (isnan(found.staleness) && isnan(naive.staleness)));
        if (i && places[i] - places[i - 1] > longest_ever) longest_ever = places[i] - places[i - 1];
        forgotten += found.silence_us < longest_ever;
        unknown += isnan(found.staleness) != 0;
    }
    MW_CHECK(forgotten > 100 && unknown > 0 && unknown < ARRIVALS / 2);
    MW_CHECK(mw_freshness_read(freshness, 0, 5).count == 0);
    MW_CHECK(isnan(mw_freshness_read(freshness, 0, 5).staleness));
    mw_freshness_destroy(freshness);
}

/* A shop that is open from 9 to 17 on weekdays: no weekend is stale, a dead Tuesday is. */
MW_TEST(freshness_knows_nights_and_weekends) {
    mw_freshness *freshness = NULL;
    double worst = 0, in_first_week = 0;
    MW_CHECK_OK(mw_freshness_create(1, &freshness, NULL), NULL);
    for (int64_t hour = 0; hour < 24 * 7 * 8; hour++) {
        int64_t now = 4 * MW_DAY_US + hour * MW_HOUR_US; /* day 4 of 1970 was a Monday */
        bool is_open = hour / 24 % 7 < 5 && hour % 24 >= 9 && hour % 24 < 17;
        double staleness = mw_freshness_read(freshness, 0, now).staleness;
        if (hour < 24 * 7 && staleness > in_first_week) in_first_week = staleness;
        if (staleness > worst) worst = staleness;
        if (is_open) arrive(freshness, 0, now, 0);
    }
    MW_CHECK(in_first_week == 0 && worst > 0.9 && worst <= 1);
    int64_t monday = (4 + 7 * 8) * MW_DAY_US;
    double after_four_days = mw_freshness_read(freshness, 0, monday + MW_DAY_US * 2).staleness;
    MW_CHECK(after_four_days > 1.5);
    mw_freshness_destroy(freshness);
}

/* Of 200 events a day three come two hours late, until that is mended: a day later it is over. */
MW_TEST(freshness_tells_how_late_events_came_until_that_is_over) {
    mw_freshness *freshness = NULL;
    int64_t begin = -3 * MW_DAY_US, step_us = MW_DAY_US / 200, mended = begin + 5 * MW_DAY_US;
    MW_CHECK_OK(mw_freshness_create(1, &freshness, NULL), NULL);
    MW_CHECK(isnan(mw_freshness_read(freshness, 0, begin).lateness_s));
    for (int64_t i = 0; i < 200 * 8; i++) {
        int64_t at = begin + i * step_us;
        bool is_late = at < mended && i % 50 == 0; /* one in fifty: more than one in a hundred */
        arrive(freshness, 0, at, is_late ? 2 * MW_HOUR_US : i % 2 ? 5000 : -MW_HOUR_US);
        mw_freshness_reading found = mw_freshness_read(freshness, 0, at);
        if (i < MW_FRESHNESS_TOLD_MIN - 1) MW_CHECK(isnan(found.lateness_s));
        else if (at < mended) MW_CHECK(found.lateness_s == 7200);
        else if (at > mended + MW_DAY_US) MW_CHECK(found.lateness_s <= 0.005);
        MW_CHECK(found.told_count <= 200 && (i < 200 || found.told_count >= 150));
    }
    mw_freshness_destroy(freshness);
}

MW_TEST(freshness_asks_no_correction_and_no_static_table_how_late_it_came) {
    mw_freshness *freshness = NULL;
    mw_cell old = {.number = 0};
    MW_CHECK_OK(mw_freshness_create(1, &freshness, NULL), NULL);
    mw_event correction = {.known = 5, .place = MW_DAY_US, .replaced = &old};
    mw_event always = {.time = MW_TIME_ALWAYS, .known = MW_TIME_ALWAYS, .place = MW_DAY_US};
    mw_freshness_arrived(freshness, &correction, MW_DAY_US);
    mw_freshness_arrived(freshness, &always, MW_DAY_US);
    mw_freshness_reading found = mw_freshness_read(freshness, 0, MW_DAY_US);
    MW_CHECK(found.count == 2 && found.told_count == 0 && found.late_us == 0);
    mw_freshness_destroy(freshness);
}

static mw_status make(void *context) {
    (void)context;
    mw_freshness *freshness = NULL;
    MW_TRY(mw_freshness_create(3, &freshness, NULL));
    mw_freshness_destroy(freshness);
    return MW_OK;
}

MW_TEST(freshness_survives_the_failure_of_any_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(make, NULL) == 2);
}
