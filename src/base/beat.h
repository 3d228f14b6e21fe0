/*
 * beat: the instants at which scheduled moments fall: every 10 minutes, every Monday at 06:00.
 *
 * Spans of less than a day divide it, and are counted from each local midnight; where the clocks
 * change, that day has more or fewer of them. Spans of days fall at one local time; days are
 * counted from Thursday, 1970-01-01, weeks from the Monday after it, or by their weekday. A local
 * time that the clocks skip is read as they stood before, one that they show twice is the first.
 */
#pragma once
#include "base/calendar.h"

typedef struct {
    int64_t span_us;  /* divides a day, or is a multiple of one */
    int32_t weekday;  /* 1 Monday .. 7 Sunday, for whole weeks alone; 0: none is named */
    int64_t clock_us; /* local time of day, for whole days alone */
} mw_beat;

/* Whether such a beat can be: says why not. */
MW_MUST_USE mw_status mw_beat_check(mw_beat beat, mw_error *err);
/* Of beats of whole days: the local time of one of them. */
int64_t mw_beat_local_us(mw_beat beat);
/* The first one after `us`; INT64_MAX beyond the years 1 to 9999. */
int64_t mw_beat_after(mw_beat beat, const mw_zone *zone, int64_t us);
