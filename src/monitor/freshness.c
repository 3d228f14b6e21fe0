#include "monitor/freshness.h"

#include <assert.h>
#include <math.h>

#include "lang/declaration.h"
#include "stat/delays.h"

/* One more than the days that count: the days of a slot do not meet within them. */
enum { SLOTS = MW_FRESHNESS_DAYS + 1, QUARTERS = 4 };
#define QUARTER_US (MW_DAY_US / QUARTERS)
#define LATE_SHARE 0.99
static_assert(MW_FRESHNESS_HABIT_DAYS < MW_FRESHNESS_DAYS, "habits show within the days kept");

/* The longest silence that ended on a day. */
typedef struct {
    int64_t day, silence_us;
} slot;

typedef struct {
    uint64_t count;
    int64_t first, newest;
    slot slots[SLOTS];
    int64_t quarter; /* of a day: the one of the newest that told how late it came */
    mw_delays late[QUARTERS];
} stream_past;

struct mw_freshness {
    size_t stream_count;
    stream_past *streams;
};

mw_status mw_freshness_create(size_t stream_count, mw_freshness **out_freshness, mw_error *err) {
    mw_freshness *freshness = mw_allocate(sizeof *freshness);
    stream_past *streams = mw_allocate((stream_count + 1) * sizeof *streams);
    if (!freshness || !streams) {
        mw_free(freshness);
        mw_free(streams);
        return mw_fail(err, MW_NO_MEMORY, "freshness: no memory");
    }
    *freshness = (mw_freshness){stream_count, streams};
    for (size_t i = 0; i < stream_count; i++) {
        streams[i].first = streams[i].newest = INT64_MIN;
        streams[i].quarter = INT64_MIN / 2;
    }
    *out_freshness = freshness;
    return MW_OK;
}

void mw_freshness_destroy(mw_freshness *freshness) {
    if (!freshness) return;
    mw_free(freshness->streams);
    mw_free(freshness);
}

static int64_t count_of(int64_t place, int64_t unit_us) {
    return place / unit_us - (place % unit_us < 0);
}

static int64_t day_of(int64_t place) {
    return count_of(place, MW_DAY_US);
}

static mw_delays *late_in(stream_past *past, int64_t quarter) {
    return &past->late[((quarter % QUARTERS) + QUARTERS) % QUARTERS];
}

static void forget_late(stream_past *past, int64_t quarter) {
    int64_t first = quarter - past->quarter < QUARTERS ? past->quarter + 1 : quarter - QUARTERS + 1;
    for (int64_t gone = first; gone <= quarter; gone++) *late_in(past, gone) = (mw_delays){0};
    past->quarter = quarter;
}

static void tell_late(stream_past *past, const mw_event *event, int64_t place) {
    if (event->replaced || event->known == MW_TIME_ALWAYS) return;
    int64_t quarter = count_of(place, QUARTER_US);
    if (quarter > past->quarter) forget_late(past, quarter);
    mw_delays_add(late_in(past, past->quarter), event->place - event->known);
}

void mw_freshness_arrived(mw_freshness *freshness, const mw_event *event, int64_t place) {
    MW_ASSERT(event->stream >= 0 && (size_t)event->stream < freshness->stream_count);
    stream_past *past = &freshness->streams[event->stream];
    if (past->count++ == 0) past->first = past->newest = place;
    MW_ASSERT(place >= past->newest);
    tell_late(past, event, place);
    int64_t silence_us = place - past->newest, day = day_of(place);
    past->newest = place;
    slot *last = &past->slots[((day % SLOTS) + SLOTS) % SLOTS];
    if (silence_us == 0) return;
    if (last->day != day) *last = (slot){day, 0};
    if (silence_us > last->silence_us) last->silence_us = silence_us;
}

static int64_t longest_silence(const stream_past *past) {
    int64_t longest = 0, today = day_of(past->newest);
    for (size_t i = 0; i < SLOTS; i++) {
        const slot *of = &past->slots[i];
        bool counts = of->day > today - MW_FRESHNESS_DAYS && of->day <= today;
        if (counts && of->silence_us > longest) longest = of->silence_us;
    }
    return longest;
}

static void read_late(const stream_past *past, mw_freshness_reading *reading) {
    mw_delays day = {0};
    for (size_t i = 0; i < QUARTERS; i++) mw_delays_add_all(&day, &past->late[i]);
    reading->told_count = day.count;
    reading->late_us = mw_delays_quantile(&day, LATE_SHARE);
    if (day.count >= MW_FRESHNESS_TOLD_MIN)
        reading->lateness_s = (double)reading->late_us / (double)MW_SECOND_US;
}

mw_freshness_reading mw_freshness_read(const mw_freshness *freshness, size_t stream, int64_t now) {
    MW_ASSERT(stream < freshness->stream_count);
    const stream_past *past = &freshness->streams[stream];
    mw_freshness_reading reading = {.count = past->count,
                                    .first = past->first,
                                    .newest = past->newest,
                                    .staleness = NAN,
                                    .lateness_s = NAN};
    if (past->count == 0) return reading;
    read_late(past, &reading);
    reading.age_us = now > past->newest ? now - past->newest : 0; /* places run ahead of clocks */
    reading.silence_us = longest_silence(past);
    bool has_habits = past->newest - past->first >= MW_FRESHNESS_HABIT_DAYS * MW_DAY_US;
    if (has_habits) reading.staleness = (double)reading.age_us / (double)reading.silence_us;
    return reading;
}
