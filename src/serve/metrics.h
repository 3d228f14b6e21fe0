/*
 * metrics: counters, gauges and histograms, as a table of what there is and the values of each.
 *
 * A metric is a row of a table (name, kind, unit, help); a series is one metric with one set of
 * labels. Whoever counts asks for its series once and keeps it: counting is then one addition.
 * Histograms take microseconds and are shown in seconds, as Prometheus wants it.
 *
 * One thread counts and writes out. All memory is the metrics' own; the table and the label
 * texts' owners: the table must outlive it, label texts are copied.
 */
#pragma once
#include "base/str.h"

enum {
    MW_METRIC_SERIES_MAX = 4096, /* of all metrics; who asks for more counts into the void */
    MW_METRIC_BUCKETS = 20,
};

typedef enum { MW_METRIC_COUNTER, MW_METRIC_GAUGE, MW_METRIC_HISTOGRAM } mw_metric_kind;

typedef struct {
    const char *name; /* "millwright_requests_total" */
    mw_metric_kind kind;
    const char *unit; /* of the shown value, "seconds"; "" if it has none */
    const char *help; /* one line */
} mw_metric;

typedef struct mw_metrics mw_metrics;
typedef struct mw_series mw_series;

MW_MUST_USE mw_status mw_metrics_create(mw_metrics **out_metrics, mw_error *err);

/* The series of a metric with labels in Prometheus' form, `route="/v1",code="200"`, or "" for
   none; the same one for the same two. Metrics are told apart by their address. Out of memory or
   past the limit it is a series that nobody sees. */
mw_series *mw_metrics_series(mw_metrics *metrics, const mw_metric *metric, const char *labels);

void mw_series_add(mw_series *series, double amount);     /* a counter or a gauge */
void mw_series_set(mw_series *series, double value);      /* a gauge */
void mw_series_observe(mw_series *series, int64_t span_us); /* a histogram */
double mw_series_value(const mw_series *series); /* of a histogram: how many were observed */

/* The text format of Prometheus 0.0.4, series in the order in which they were first asked for. */
#define MW_TYPE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
void mw_metrics_write(const mw_metrics *metrics, mw_buf *out);
void mw_metrics_destroy(mw_metrics *metrics); /* NULL is allowed */
