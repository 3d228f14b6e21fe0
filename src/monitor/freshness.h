/*
 * freshness: how old the newest event of each stream is, beside the longest silence that its last
 * 30 days knew.
 *
 * A stream that rests at night, or over the weekend, has rested so before: only a silence that is
 * longer than those is news. Silences are kept by the day in which they ended, the longest of
 * each, so a stream costs 31 numbers and an event a comparison. A stream that has not been seen
 * for a week has shown too little of its habits to be judged by them.
 *
 * Beside that it keeps by how much later than they declare to be known the events of the last day
 * came (rule 1): by quarters of a day, so that what was mended is forgotten a day later.
 * Corrections come later by their nature and tell nothing of that, nor does what is known always.
 *
 * Times are places: when an event arrived, not when it happened. A stream costs 15 KB. One thread.
 */
#pragma once
#include "base/calendar.h"
#include "table/event.h"

enum { MW_FRESHNESS_DAYS = 30, MW_FRESHNESS_HABIT_DAYS = 7, MW_FRESHNESS_TOLD_MIN = 100 };

typedef struct mw_freshness mw_freshness;

MW_MUST_USE mw_status mw_freshness_create(size_t stream_count, mw_freshness **out_freshness,
                                          mw_error *err);
void mw_freshness_destroy(mw_freshness *freshness); /* NULL is allowed */
/* An event of its stream stands at `place`, which never goes back. */
void mw_freshness_arrived(mw_freshness *freshness, const mw_event *event, int64_t place);

typedef struct {
    uint64_t count;
    int64_t first, newest; /* places; of no event: both INT64_MIN */
    int64_t age_us;        /* of the newest; 0 if there is none */
    int64_t silence_us;    /* the longest in the 30 days up to the newest; 0: there was none */
    double staleness;      /* age / silence; NaN: too little has been seen to say */
    uint64_t told_count;   /* of the last 18 to 24 hours up to the newest, but for corrections */
    int64_t late_us;       /* one in a hundred of these came later than declared by more */
    double lateness_s;     /* the same; NaN: they are fewer than MW_FRESHNESS_TOLD_MIN */
} mw_freshness_reading;

/* As of `now`. */
mw_freshness_reading mw_freshness_read(const mw_freshness *freshness, size_t stream, int64_t now);
