/*
 * traffic: what a server counts: connections, bytes, and answers by route and code.
 *
 * The series of an answer are found by comparing two numbers; nothing is allocated once a route
 * has given each of its codes once.
 */
#pragma once
#include "serve/telemetry.h"
#include "serve/router.h"

enum { MW_TRAFFIC_ANSWERS_MAX = 1024 }; /* pairs of route and code that are told apart */

typedef struct {
    int route, code;
    mw_series *answers, *seconds;
} mw_traffic_answers;

typedef struct {
    mw_telemetry *telemetry;
    mw_router router;
    mw_series *open, *accepted, *refused, *timed_out, *overdue, *unlogged, *bytes_in, *bytes_out;
    mw_traffic_answers answers[MW_TRAFFIC_ANSWERS_MAX];
    size_t answers_count;
} mw_traffic;

void mw_traffic_init(mw_traffic *traffic, mw_telemetry *telemetry, mw_router router);
/* `route` is a row of the router's table, or -1 where there was none; the span begins when the
   request had come and ends when its answer is released. */
void mw_traffic_answer(mw_traffic *traffic, int route, int code, int64_t span_us);
