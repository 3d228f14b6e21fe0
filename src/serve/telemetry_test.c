#include "serve/telemetry.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static const mw_meter requests = {"requests_total", MW_METER_COUNTER, "", "Answers given."};
static const mw_meter open_now = {"open", MW_METER_GAUGE, "", "Connections."};
static const mw_meter latency = {"request_seconds", MW_METER_HISTOGRAM, "seconds", "Latency."};

static mw_telemetry *create(void) {
    mw_telemetry *telemetry;
    mw_error err;
    MW_CHECK_OK(mw_telemetry_create(&telemetry, &err), &err);
    return telemetry;
}

MW_TEST(telemetry_write_what_prometheus_reads) {
    mw_telemetry *telemetry = create();
    mw_series_add(mw_telemetry_series(telemetry, &requests, "code=\"200\""), 2);
    mw_series_set(mw_telemetry_series(telemetry, &open_now, ""), 7);
    mw_series_add(mw_telemetry_series(telemetry, &requests, "code=\"404\""), 1);
    mw_series_add(mw_telemetry_series(telemetry, &requests, "code=\"200\""), 1);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_telemetry_write(telemetry, MW_PROMETHEUS_TEXT, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), "# HELP requests_total Answers given.\n"
                                         "# TYPE requests_total counter\n"
                                         "requests_total{code=\"200\"} 3\n"
                                         "requests_total{code=\"404\"} 1\n"
                                         "# HELP open Connections.\n"
                                         "# TYPE open gauge\n"
                                         "open 7\n");
    mw_buf_release(&out);
    mw_telemetry_destroy(telemetry);
}

MW_TEST(telemetry_write_openmetrics_to_whoever_names_it) {
    mw_telemetry *telemetry = create();
    mw_series_add(mw_telemetry_series(telemetry, &requests, "code=\"200\""), 3);
    mw_series_set(mw_telemetry_series(telemetry, &open_now, ""), 7);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_telemetry_write(telemetry, MW_OPENMETRICS_TEXT, &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), "# HELP requests Answers given.\n"
                                         "# TYPE requests counter\n"
                                         "requests_total{code=\"200\"} 3\n"
                                         "# HELP open Connections.\n"
                                         "# TYPE open gauge\n"
                                         "open 7\n"
                                         "# EOF\n");
    mw_buf_release(&out);
    mw_telemetry_destroy(telemetry);
    static const struct {
        const char *accept;
        mw_telemetry_format format;
    } cases[] = {
        {"", MW_PROMETHEUS_TEXT},
        {"*/*", MW_PROMETHEUS_TEXT},
        {"text/plain;version=0.0.4", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-texts", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-text", MW_OPENMETRICS_TEXT},
        {"text/plain;q=0.3, application/openmetrics-text;version=1.0.0;q=0.5", MW_OPENMETRICS_TEXT},
        {"application/openmetrics-text ; version=1.0.0 ; q=0.3,text/plain", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-text, text/plain", MW_OPENMETRICS_TEXT},
        {"application/openmetrics-text;q=0", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-text;q=0.000", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-text;q=much", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-text;q=2", MW_PROMETHEUS_TEXT},
        {"application/openmetrics-text;version=0.0.1;q=0, application/openmetrics-text;q=0.1",
         MW_OPENMETRICS_TEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_INT(mw_telemetry_format_of(mw_str_of(cases[i].accept)), cases[i].format);
}

MW_TEST(telemetry_count_latencies_in_buckets) {
    mw_telemetry *telemetry = create();
    mw_series *series = mw_telemetry_series(telemetry, &latency, "route=\"/\"");
    mw_series_observe(series, 0);
    mw_series_observe(series, 10);
    mw_series_observe(series, 11);
    mw_series_observe(series, 1500000);
    mw_series_observe(series, INT64_C(60000000));
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_series_value(series), 5.0);
    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_telemetry_write(telemetry, MW_PROMETHEUS_TEXT, &out);
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
    mw_telemetry_destroy(telemetry);
}

MW_TEST(telemetry_are_bounded) {
    mw_telemetry *telemetry = create();
    char labels[32];
    for (int i = 0; i < MW_SERIES_MAX; i++) {
        snprintf(labels, sizeof labels, "i=\"%d\"", i);
        mw_series_add(mw_telemetry_series(telemetry, &requests, labels), 1);
    }
    mw_series *unseen = mw_telemetry_series(telemetry, &requests, "i=\"one more\"");
    MW_CHECK(unseen == mw_telemetry_series(telemetry, &requests, "i=\"yet another\""));
    mw_series_add(unseen, 1);
    mw_buf out;
    mw_buf_init(&out, 1 << 20);
    mw_telemetry_write(telemetry, MW_PROMETHEUS_TEXT, &out);
    MW_CHECK(strstr(out.data, "i=\"4095\"} 1\n") != NULL);
    MW_CHECK(strstr(out.data, "one more") == NULL);
    mw_buf_release(&out);
    mw_telemetry_destroy(telemetry);
}

static mw_status count(void *context) {
    (void)context;
    mw_telemetry *telemetry;
    MW_TRY(mw_telemetry_create(&telemetry, NULL));
    mw_series_add(mw_telemetry_series(telemetry, &requests, ""), 1);
    mw_telemetry_destroy(telemetry);
    return MW_OK;
}

/* Counting never fails a request: out of memory it counts into the void. */
MW_TEST(telemetry_survive_each_failing_allocation) {
    mw_memory_fail_after(1);
    MW_CHECK_OK(count(NULL), NULL);
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK_EQUAL_INT(mw_test_every_allocation_fails(count, NULL), 1);
    mw_telemetry_destroy(NULL);
}
