/*
 * calendar: times as int64 microseconds since 1970-01-01 UTC, civil dates and RFC 3339.
 *
 * Dates follow the proleptic Gregorian calendar (days_from_civil, H. Hinnant). Zones, which
 * tell local time from UTC, are in zone.h. Pure: no clock, no file, no environment.
 */
#pragma once
#include "base/str.h"
#include "base/zone.h"

#define MW_SECOND_US INT64_C(1000000)
#define MW_MINUTE_US (60 * MW_SECOND_US)
#define MW_HOUR_US (60 * MW_MINUTE_US)
#define MW_DAY_US (24 * MW_HOUR_US)
#define MW_TIME_MISSING INT64_MIN
/* Times that we accept: years 0001 to 9999. */
#define MW_TIME_MIN (INT64_C(-719162) * MW_DAY_US)
#define MW_TIME_MAX (INT64_C(2932897) * MW_DAY_US - 1)
static inline bool mw_time_is_in_range(int64_t us) {
    return us >= MW_TIME_MIN && us <= MW_TIME_MAX;
}

typedef struct {
    int32_t year, month, day;           /* month and day from 1 */
    int32_t hour, minute, second, microsecond;
    int32_t weekday;                    /* 1 Monday .. 7 Sunday, ISO 8601 */
    int32_t day_of_year;                /* from 1 */
} mw_civil;

mw_civil mw_civil_of(int64_t local_us);
/* The month must be 1 to 12; the other fields may run over (day 0 is the last one of the month
   before). The weekday and day_of_year are not read. */
int64_t mw_civil_to_us(mw_civil civil);

/* "2013-01-01", "2013-01-01T05:00:00Z", "2013-01-01 05:00:00.25+02:00": `*out_has_zone` tells
   whether it named an offset; without one the time is returned as if it were UTC. Seconds may be
   left out, and offsets may be written +02 or +0200. What is finer than a microsecond is cut off
   toward 1970, as the times of Parquet and Arrow are. */
MW_MUST_USE bool mw_time_parse(mw_str text, int64_t *out_us, bool *out_has_zone);
/* RFC 3339 in UTC, with as many decimals of the second as needed: "2013-01-01T05:00:00Z". A
   missing time appends nothing. */
void mw_time_append(mw_buf *buf, int64_t us);
/* The same for a message, as mw_time_text_of(us).text; empty if memory is out. */
typedef struct {
    char text[40];
} mw_time_text;
mw_time_text mw_time_text_of(int64_t us);
/* A span of nanoseconds in microseconds: the nearest, the even one of two. */
int64_t mw_span_of_ns(int64_t ns);
/* "1h", "30m", "1d 2h", "1.5s": the language's spans, for people. */
void mw_span_append(mw_buf *buf, int64_t span_us);
