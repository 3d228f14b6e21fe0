/*
 * telemetry: counters, gauges and histograms of the running process, as /metrics shows them.
 *
 * A meter is a row of a table (name, kind, unit, help); a series is one meter with one set of
 * labels. Whoever counts asks for its series once and keeps it: counting is then one addition.
 * Histograms take microseconds and are shown in seconds, as Prometheus wants it.
 *
 * Any thread may add to a series; all else is one thread's at a time. The meters must outlive it;
 * label texts are copied.
 */
#pragma once
#include "base/str.h"

enum {
    MW_SERIES_MAX = 4096, /* of all meters; who asks for more counts into the void */
    MW_METER_BUCKETS = 20,
};

typedef enum { MW_METER_COUNTER, MW_METER_GAUGE, MW_METER_HISTOGRAM } mw_meter_kind;

typedef struct {
    const char *name; /* "millwright_requests_total" */
    mw_meter_kind kind;
    const char *unit; /* of the shown value, "seconds"; "" if it has none */
    const char *help; /* one line */
} mw_meter;

typedef struct mw_telemetry mw_telemetry;
typedef struct mw_series mw_series;

MW_MUST_USE mw_status mw_telemetry_create(mw_telemetry **out_telemetry, mw_error *err);

/* The series of a meter with labels in Prometheus' form, `route="/v1",code="200"`, or "" for
   none; the same one for the same two. Meters are told apart by their address. Out of memory or
   past the limit it is a series that nobody sees. */
mw_series *mw_telemetry_series(mw_telemetry *telemetry, const mw_meter *meter, const char *labels);

void mw_series_add(mw_series *series, double amount);     /* a counter or a gauge */
void mw_series_set(mw_series *series, double value);      /* a gauge */
void mw_series_observe(mw_series *series, int64_t span_us); /* a histogram */
double mw_series_value(const mw_series *series); /* of a histogram: how many were observed */

/* The text formats that scrapers ask for. OpenMetrics names a counter's family without "_total",
   puts the unit at the end of each name that has one, and ends with "# EOF". */
typedef enum { MW_PROMETHEUS_TEXT, MW_OPENMETRICS_TEXT } mw_telemetry_format;
#define MW_MEDIA_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define MW_MEDIA_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* OpenMetrics for whoever names it in "Accept", as Prometheus does, and likes plain text no better;
   `accept` may be empty. */
mw_telemetry_format mw_telemetry_format_of(mw_str accept);
/* Series in the order in which they were first asked for. */
void mw_telemetry_write(const mw_telemetry *telemetry, mw_telemetry_format format, mw_buf *out);
void mw_telemetry_destroy(mw_telemetry *telemetry); /* NULL is allowed */
