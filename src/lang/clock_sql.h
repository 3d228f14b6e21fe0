/*
 * clock_sql: what the clocks of a zone show, as SQL: ticks of windows and beats of schedules.
 *
 * DuckDB is told when the clocks change by a view, "the clocks": for each stretch between two
 * changes how far they are `away` from UTC, and how far they were `before`; `shown` is the latest
 * local time that was shown until its end. A local time is first shown, or skipped, in the first
 * stretch whose `shown` lies above it. So all is as base/tick.h and base/beat.h have it, by our
 * tzdata, up to the year 2100; from then on the clocks stay.
 *
 * Names have a blank, which no stream's has. Times are us.
 */
#pragma once
#include "base/beat.h"
#include "base/tick.h"

/* The time from `first` + low to `last` + high, columns of a relation of one row. */
typedef struct {
    const char *relation;
    int64_t low_us, high_us;
} mw_clock_sql_reach;

/* The view, if the query reads it. */
void mw_clock_sql_append_view(const mw_zone *zone, mw_str query, mw_buf *out);
/* "ticks of 3600000000", "ticks of months", in quotes. */
void mw_clock_sql_append_name(mw_tick tick, mw_buf *out);
/* Whether a window ends so much time from the tick, at the last tick by then, and not so many
   ticks from it. */
bool mw_clock_sql_is_even(mw_tick tick);
/* NAME AS (..): all ticks in reach as `us`, and, unless they are even, their numbers as `n`. */
void mw_clock_sql_append_ticks(mw_tick tick, mw_clock_sql_reach reach, mw_buf *out);
/* A query of all beats in reach, as `us`. */
void mw_clock_sql_append_beats(mw_beat beat, mw_clock_sql_reach reach, mw_buf *out);
