/*
 * tick: the instants to which `aligned UNIT` and `every SPAN` move the ends of windows back.
 *
 * A clock ticks at the start of each hour, day, week (Monday) or month of its zone, or whenever
 * its local time is a multiple of a span, counted from midnight of 1970-01-01 as the zone shows
 * it. Where the clocks change, a midnight that they skip is the first instant of its day, and a
 * start that they show twice is the earlier one, but for ticks between the change and now.
 */
#pragma once
#include "base/calendar.h"

typedef enum {
    MW_TICK_NONE, /* nothing is moved */
    MW_TICK_SPAN,
    MW_TICK_HOUR,
    MW_TICK_DAY,
    MW_TICK_WEEK,
    MW_TICK_MONTH,
} mw_tick_kind;

typedef struct {
    mw_tick_kind kind;
    int64_t span_us; /* of MW_TICK_SPAN; positive */
} mw_tick;

/* The last tick at or before `us`. Outside of the years 1 to 9999 nothing is moved. */
int64_t mw_tick_at_or_before(mw_tick tick, const mw_zone *zone, int64_t us);
/* How far back it may move anything: no further than this. */
int64_t mw_tick_reach_us(mw_tick tick);
