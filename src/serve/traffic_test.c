#include "serve/traffic.h"
#include "testing/test.h"

#include <string.h>

static void answer(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    (void)call;
    (void)response;
}

static const mw_route routes[] = {
    {MW_HTTP_GET, "/a", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/b/{c}", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
};

MW_TEST(traffic_is_told_apart_by_route_and_code) {
    static mw_traffic traffic;
    mw_telemetry *telemetry;
    mw_error err;
    MW_CHECK_OK(mw_telemetry_create(&telemetry, &err), &err);
    mw_traffic_init(&traffic, telemetry, mw_router_of(routes, 2));
    mw_traffic_answer(&traffic, 0, 200, 5);
    mw_traffic_answer(&traffic, 1, 200, 5);
    mw_traffic_answer(&traffic, 1, 422, 5);
    mw_traffic_answer(&traffic, 1, 200, 5);
    mw_traffic_answer(&traffic, -1, 404, 5);
    mw_series_add(traffic.bytes_in, 100);

    mw_buf out;
    mw_buf_init(&out, 1 << 16);
    mw_telemetry_write(telemetry, MW_PROMETHEUS_TEXT, &out);
    const char *const lines[] = {
        "millwright_http_requests_total{method=\"GET\",route=\"/a\",code=\"200\"} 1\n",
        "millwright_http_requests_total{method=\"POST\",route=\"/b/{c}\",code=\"200\"} 2\n",
        "millwright_http_requests_total{method=\"POST\",route=\"/b/{c}\",code=\"422\"} 1\n",
        "millwright_http_requests_total{method=\"none\",route=\"none\",code=\"404\"} 1\n",
        "millwright_http_request_seconds_count{method=\"POST\",route=\"/b/{c}\"} 3\n",
        "millwright_http_received_bytes_total 100\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        MW_CHECK(strstr(out.data, lines[i]) != NULL);
    mw_buf_release(&out);
    mw_telemetry_destroy(telemetry);
}
