#include "lang/clock_sql.h"

#include <string.h>

#include "base/zone.h"

#define LAST_US INT64_C(4102444800000000) /* the year 2100 */
#define SLACK_US (2 * MW_DAY_US)          /* no zone is further from UTC */
#define MONDAY_US (-3 * MW_DAY_US)        /* from which ticks of days are counted */

/* --- the clocks ------------------------------------------------------------------------------- */

void mw_clock_sql_append_view(const mw_zone *zone, mw_str query, mw_buf *out) {
    static const char name[] = "\"the clocks\"";
    if (!memmem(query.data, query.size, name, sizeof name - 1)) return;
    mw_buf_append_text(out, "CREATE OR REPLACE VIEW \"the clocks\" AS SELECT begins, ends, away,\n"
                            "  coalesce(lag(away) OVER (ORDER BY begins), away) AS before,\n"
                            "  max(ends + away) OVER (ORDER BY begins) AS shown\nFROM (VALUES");
    int64_t until = MW_TIME_MAX, at = mw_zone_last_change_us(zone, LAST_US);
    for (;; until = at, at = mw_zone_last_change_us(zone, at - 1)) {
        mw_buf_printf(out, "%s\n  (%lld, %lld, %lld)", until == MW_TIME_MAX ? "" : ",",
                      (long long)at, (long long)until, (long long)mw_zone_offset_us(zone, at));
        if (at == MW_TIME_MIN) break;
    }
    mw_buf_append_text(out, ") AS c(begins, ends, away);\n");
}

/* What lies in reach, but for how far local time may be from UTC. */
static void append_bounds(mw_clock_sql_reach reach, mw_buf *out) {
    mw_buf_printf(out, "(SELECT first + %lld AS low, last + %lld AS high FROM %s)",
                  (long long)(reach.low_us - SLACK_US), (long long)(reach.high_us + SLACK_US),
                  reach.relation);
}

/* The local times, in bounds, that are multiples of a span, counted from one of them. */
static void append_multiples(int64_t span_us, int64_t from_us, mw_buf *out) {
    long long span = (long long)span_us, from = (long long)from_us;
    mw_buf_printf(out, "unnest(range(mw_floor(low - %lld, %lld) + %lld, high, %lld))", from, span,
                  from, span);
}

/* --- ticks ------------------------------------------------------------------------------------ */

bool mw_clock_sql_is_even(mw_tick tick) {
    return tick.kind == MW_TICK_SPAN && tick.span_us <= MW_HOUR_US;
}

void mw_clock_sql_append_name(mw_tick tick, mw_buf *out) {
    if (tick.kind == MW_TICK_MONTH) mw_buf_append_text(out, "\"ticks of months\"");
    else mw_buf_printf(out, "\"ticks of %lld\"", (long long)tick.span_us);
}

/* Whenever the clocks show a multiple, or have skipped one. */
static void append_even(int64_t span_us, mw_clock_sql_reach reach, mw_buf *out) {
    long long span = (long long)span_us;
    mw_buf_printf(out, "\n  SELECT unnest(range(-mw_floor(-low - away, %lld) - away, high, %lld))"
                       " AS us\n  FROM (SELECT away, greatest(begins, low) AS low,\n"
                       "      least(ends, high) AS high\n    FROM \"the clocks\", ", span, span);
    append_bounds(reach, out);
    mw_buf_printf(out, ")\n  WHERE low < high\n  UNION SELECT begins FROM \"the clocks\" WHERE "
                       "away > before\n    AND mw_floor(begins + away, %lld) > begins - 1 + before",
                  span);
}

static void append_of_calendar(mw_tick tick, mw_clock_sql_reach reach, mw_buf *out) {
    mw_buf_append_text(out, "\n  SELECT row_number() OVER (ORDER BY local) AS n,\n"
                            "    greatest(c.begins, local - c.away) AS us\n  FROM (SELECT ");
    if (tick.kind == MW_TICK_MONTH)
        mw_buf_append_text(out, "epoch_us(unnest(range(date_trunc('month', make_timestamp(low)), "
                                "make_timestamp(high), INTERVAL 1 MONTH)))");
    else append_multiples(tick.span_us, MONDAY_US, out);
    mw_buf_append_text(out, " AS local\n    FROM ");
    append_bounds(reach, out);
    mw_buf_append_text(out, ")\n  ASOF JOIN \"the clocks\" AS c ON local < c.shown");
}

void mw_clock_sql_append_ticks(mw_tick tick, mw_clock_sql_reach reach, mw_buf *out) {
    MW_ASSERT(tick.kind != MW_TICK_NONE);
    int64_t step_us = tick.kind == MW_TICK_MONTH ? 31 * MW_DAY_US : tick.span_us;
    reach.low_us -= step_us; /* the one before the first */
    reach.high_us += step_us;
    mw_clock_sql_append_name(tick, out);
    mw_buf_append_text(out, " AS (");
    if (mw_clock_sql_is_even(tick)) append_even(tick.span_us, reach, out);
    else append_of_calendar(tick, reach, out);
    mw_buf_append_text(out, "\n)");
}

/* --- beats ------------------------------------------------------------------------------------ */

/* A local time that is skipped is read as the clocks stood before: in a day that is skipped whole,
   it is the instant of the day after. */
static void append_beats_of_days(int64_t span_us, int64_t from_us, mw_clock_sql_reach reach,
                                 mw_buf *out) {
    mw_buf_append_text(out, "SELECT DISTINCT local - CASE WHEN local - c.away >= c.begins "
                            "THEN c.away ELSE c.before END AS us\n  FROM (SELECT ");
    append_multiples(span_us, from_us, out);
    mw_buf_append_text(out, " AS local\n    FROM ");
    append_bounds(reach, out);
    mw_buf_append_text(out, ")\n  ASOF JOIN \"the clocks\" AS c ON local < c.shown");
}

void mw_clock_sql_append_beats(mw_beat beat, mw_clock_sql_reach reach, mw_buf *out) {
    if (beat.span_us >= MW_DAY_US) {
        append_beats_of_days(beat.span_us, mw_beat_local_us(beat), reach, out);
        return;
    }
    mw_buf_printf(out, "SELECT unnest(range(us, next, %lld)) AS us FROM (\n"
                       "  SELECT us, lead(us) OVER (ORDER BY us) AS next FROM (\n  ",
                  (long long)beat.span_us);
    append_beats_of_days(MW_DAY_US, 0, reach, out);
    mw_buf_append_text(out, "))");
}
