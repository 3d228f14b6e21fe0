/*
 * tick: the instants to which `aligned UNIT` and `every SPAN` move the ends of windows back.
 *
 * A clock ticks whenever it shows a multiple of a span counted from midnight, or the start of a
 * Monday for whole weeks, or that of a month. Ticks of an hour and less come in even steps: an
 * hour that is shown twice is two. Longer ones follow the calendar: between two of them there may
 * be 23 hours or 25; a start that is shown twice is the first one, and one that the clocks skip
 * comes when they have skipped it.
 *
 * So time falls into stretches, each from a tick to the next: a tick never goes back as time goes
 * on, and a tick is its own last tick.
 */
#pragma once
#include "base/calendar.h"

typedef enum {
    MW_TICK_NONE, /* all the time: each microsecond */
    MW_TICK_SPAN,
    MW_TICK_MONTH,
} mw_tick_kind;

typedef struct {
    mw_tick_kind kind;
    int64_t span_us; /* of MW_TICK_SPAN: fits into an hour or a day a whole number of times, or is
                        whole days */
} mw_tick;

/* Whether a clock can tick by it. */
bool mw_tick_takes_span(int64_t span_us);
/* How many ticks a span lasts: 0 if that is not a whole number. As many days as some months
   in a row have are that many months: 28d to 31d are one. */
int64_t mw_tick_steps(mw_tick tick, int64_t span_us);
/* A span that lasts so many ticks; of months, the average one in whole days. */
int64_t mw_tick_span_us(mw_tick tick, int64_t steps);

/* The tick that is `steps` ticks after the last one at or before `us`, before it if they are
   negative. A tick may lie outside of the years 1 to 9999; what is there itself is not moved
   back. */
int64_t mw_tick_step(mw_tick tick, const mw_zone *zone, int64_t us, int64_t steps);
/* The first tick at or after `us`, but for one that changing clocks may bring in between. */
int64_t mw_tick_at_or_after(mw_tick tick, const mw_zone *zone, int64_t us);
/* Between these it lies, counted from `us`, whenever that is. */
typedef struct {
    int64_t least_us, most_us;
} mw_tick_reach;
mw_tick_reach mw_tick_reach_of(mw_tick tick, const mw_zone *zone, int64_t steps);
