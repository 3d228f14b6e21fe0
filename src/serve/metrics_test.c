#include "serve/metrics.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static const mw_metric requests = {"requests_total", MW_METRIC_COUNTER, "", "Answers given."};
static const mw_metric open_now = {"open", MW_METRIC_GAUGE, "", "Connections."};
static const mw_metric latency = {"request_seconds", MW_METRIC_HISTOGRAM, "seconds", "Latency."};

static mw_metrics *create(void) {
    mw_metrics *metrics;
    mw_error err;
    MW_CHECK_OK(mw_metrics_create(&metrics, &err), &err);
    return metrics;
}

MW_TEST(metrics_write_what_prometheus_reads) {
    mw_metrics *metrics = create();
    mw_series_add(mw_metrics_series(metrics, &requests, "code=\"200\""), 2);
    mw_series_set(mw_metrics_series(metrics, &open_now, ""), 7);
    mw_series_add(mw_metrics_series(metrics, &requests, "code=\"404\""), 1);
    mw_series_add(mw_metrics_series(metrics, &requests, "code=\"200\""), 1);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_metrics_write(metrics, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), "# HELP requests_total Answers given.\n"
                                         "# TYPE requests_total counter\n"
                                         "requests_total{code=\"200\"} 3\n"
                                         "requests_total{code=\"404\"} 1\n"
                                         "# HELP open Connections.\n"
                                         "# TYPE open gauge\n"
                                         "open 7\n");
    mw_buf_release(&out);
    mw_metrics_destroy(metrics);
}

MW_TEST(metrics_count_latencies_in_buckets) {
    mw_metrics *metrics = create();
    mw_series *series = mw_metrics_series(metrics, &latency, "route=\"/\"");
    mw_series_observe(series, 0);
    mw_series_observe(series, 10);
    mw_series_observe(series, 11);
    mw_series_observe(series, 1500000);
    mw_series_observe(series, INT64_C(60000000));
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_series_value(series), 5.0);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_metrics_write(metrics, &out);
    const char *const lines[] = {
        "# TYPE request_seconds histogram\n",
        "request_seconds_bucket{route=\"/\",le=\"1e-05\"} 2\n",
        "request_seconds_bucket{route=\"/\",le=\"2e-05\"} 3\n",
        "request_seconds_bucket{route=\"/\",le=\"1.0\"} 3\n",
        "request_seconds_bucket{route=\"/\",le=\"2.0\"} 4\n",
        "request_seconds_bucket{route=\"/\",le=\"10.0\"} 4\n",
        "request_seconds_bucket{route=\"/\",le=\"+Inf\"} 5\n",
        "request_seconds_sum{route=\"/\"} 61.500021\n",
        "request_seconds_count{route=\"/\"} 5\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        MW_CHECK(strstr(out.data, lines[i]) != NULL);
    mw_buf_release(&out);
    mw_metrics_destroy(metrics);
}

MW_TEST(metrics_are_bounded) {
    mw_metrics *metrics = create();
    char labels[32];
    for (int i = 0; i < MW_METRIC_SERIES_MAX; i++) {
        snprintf(labels, sizeof labels, "i=\"%d\"", i);
        mw_series_add(mw_metrics_series(metrics, &requests, labels), 1);
    }
    mw_series *unseen = mw_metrics_series(metrics, &requests, "i=\"one more\"");
    MW_CHECK(unseen == mw_metrics_series(metrics, &requests, "i=\"yet another\""));
    mw_series_add(unseen, 1);
    mw_buf out;
    mw_buf_init(&out, 1 << 20);
    mw_metrics_write(metrics, &out);
    MW_CHECK(strstr(out.data, "i=\"4095\"} 1\n") != NULL);
    MW_CHECK(strstr(out.data, "one more") == NULL);
    mw_buf_release(&out);
    mw_metrics_destroy(metrics);
}

static mw_status count(void *context) {
    (void)context;
    mw_metrics *metrics;
    MW_TRY(mw_metrics_create(&metrics, NULL));
    mw_series_add(mw_metrics_series(metrics, &requests, ""), 1);
    mw_metrics_destroy(metrics);
    return MW_OK;
}

/* Counting never fails a request: out of memory it counts into the void. */
MW_TEST(metrics_survive_each_failing_allocation) {
    mw_memory_fail_after(1);
    MW_CHECK_OK(count(NULL), NULL);
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK_EQUAL_INT(mw_test_every_allocation_fails(count, NULL), 1);
    mw_metrics_destroy(NULL);
}
