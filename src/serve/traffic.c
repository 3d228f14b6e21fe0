#include "serve/traffic.h"

#include <stdio.h>

#define P "millwright_http_"
static const mw_meter
    open_now = {P "connections", MW_METER_GAUGE, "", "Connections that are open."},
    accepted = {P "connections_accepted_total", MW_METER_COUNTER, "", "Connections accepted."},
    refused = {P "connections_refused_total", MW_METER_COUNTER, "",
               "Connections refused at the limit."},
    timed_out = {P "timeouts_total", MW_METER_COUNTER, "",
                 "Connections closed because the peer was too slow."},
    overdue = {P "overdue_total", MW_METER_COUNTER, "",
               "Requests refused because their deadline had passed before they were taken up."},
    unlogged = {P "access_log_dropped_total", MW_METER_COUNTER, "",
                "Lines that the access log could not write."},
    bytes_in = {P "received_bytes_total", MW_METER_COUNTER, "bytes", "Bytes received."},
    bytes_out = {P "sent_bytes_total", MW_METER_COUNTER, "bytes", "Bytes sent."},
    answers = {P "requests_total", MW_METER_COUNTER, "", "Requests answered, by route and code."},
    seconds = {P "request_seconds", MW_METER_HISTOGRAM, "seconds",
               "From a request's last byte to the release of its answer."};
#undef P

void mw_traffic_init(mw_traffic *traffic, mw_telemetry *telemetry, mw_router router) {
    *traffic = (mw_traffic){
        .telemetry = telemetry,
        .router = router,
        .open = mw_telemetry_series(telemetry, &open_now, ""),
        .accepted = mw_telemetry_series(telemetry, &accepted, ""),
        .refused = mw_telemetry_series(telemetry, &refused, ""),
        .timed_out = mw_telemetry_series(telemetry, &timed_out, ""),
        .overdue = mw_telemetry_series(telemetry, &overdue, ""),
        .unlogged = mw_telemetry_series(telemetry, &unlogged, ""),
        .bytes_in = mw_telemetry_series(telemetry, &bytes_in, ""),
        .bytes_out = mw_telemetry_series(telemetry, &bytes_out, ""),
    };
}

static mw_traffic_answers answers_of(mw_traffic *traffic, int route, int code) {
    for (size_t i = 0; i < traffic->answers_count; i++)
        if (traffic->answers[i].route == route && traffic->answers[i].code == code)
            return traffic->answers[i];
    const mw_route *row = route >= 0 ? &traffic->router.routes[route] : NULL;
    const char *pattern = row ? row->pattern : "none";
    const char *method = row ? mw_http_method_name(row->method) : "none";
    char labels[256];
    mw_traffic_answers found = {.route = route, .code = code};
    snprintf(labels, sizeof labels, "method=\"%s\",route=\"%.160s\"", method, pattern);
    found.seconds = mw_telemetry_series(traffic->telemetry, &seconds, labels);
    snprintf(labels, sizeof labels, "method=\"%s\",route=\"%.160s\",code=\"%d\"", method, pattern,
             code);
    found.answers = mw_telemetry_series(traffic->telemetry, &answers, labels);
    if (traffic->answers_count < MW_TRAFFIC_ANSWERS_MAX)
        traffic->answers[traffic->answers_count++] = found;
    return found;
}

void mw_traffic_answer(mw_traffic *traffic, int route, int code, int64_t span_us) {
    mw_traffic_answers found = answers_of(traffic, route, code);
    mw_series_add(found.answers, 1);
    mw_series_observe(found.seconds, span_us);
}
