#include "serve/exchange.h"

#include "base/calendar.h"
#include "base/prng.h"
#include "serve/query_parameters.h"

#include <string.h>

enum { TIMEOUT_MS_MAX = 3600000 };

void mw_exchanges_init(mw_exchanges *all, mw_reactor *reactor, mw_server_config config) {
    *all = (mw_exchanges){.config = config, .reactor = reactor};
    mw_sys_entropy(mw_reactor_sys(reactor), &all->spans, sizeof all->spans);
    mw_traffic_init(&all->traffic, config.telemetry, config.router);
    mw_response_init(&all->response);
}

void mw_exchanges_release(mw_exchanges *all) { mw_response_release(&all->response); }

void mw_exchanges_take_baton(const mw_exchanges *all) {
    if (all->baton) mw_baton_take(all->baton);
}

void mw_exchanges_lay_down(const mw_exchanges *all) {
    if (all->baton) mw_baton_lay_down(all->baton);
}

static int64_t wall_us(const mw_exchanges *all) {
    return mw_sys_now_us(mw_reactor_sys(all->reactor));
}

static mw_status read_deadline(const mw_exchanges *all, mw_str header, int64_t *out_us,
                               mw_error *err) {
    int64_t ms = 0;
    *out_us = all->config.deadline_us;
    if (!header.data) return MW_OK;
    if (!mw_str_to_int64(header, &ms) || ms < 1 || ms > TIMEOUT_MS_MAX)
        return mw_fail(err, MW_INVALID, "x-request-timeout-ms: must be 1 to %d, got \"%.*s\"",
                       TIMEOUT_MS_MAX, MW_STR_ARGS(mw_str_slice(header, 0, 100)));
    *out_us = ms * 1000;
    return MW_OK;
}

static mw_status check_deadline(mw_exchanges *all, const mw_http_request *request,
                                int64_t waited_us, mw_error *err) {
    int64_t deadline_us;
    MW_TRY(read_deadline(all, request->headers[MW_HEADER_TIMEOUT], &deadline_us, err));
    if (waited_us <= deadline_us) return MW_OK;
    mw_series_add(all->traffic.overdue, 1);
    return mw_fail(err, MW_BUSY, "request: must be taken up within %lld ms, waited %lld",
                   (long long)(deadline_us / 1000), (long long)(waited_us / 1000));
}

/* Whether it can still be met; if not, the response says so. Whoever asks for our health hears
   of it, however late. */
static bool is_in_time(mw_exchanges *all, const mw_route *route, const mw_http_request *request,
                       int64_t waited_us) {
    mw_error err;
    if (route->scope == MW_SCOPE_PUBLIC) return true;
    mw_status status = check_deadline(all, request, waited_us, &err);
    if (status == MW_OK) return true;
    mw_response_problem(&all->response, status, &err);
    return false;
}

/* Whether the request may be answered; if not, the response says why. */
static bool admit(mw_exchanges *all, const mw_route *route, mw_route_call *call) {
    mw_error err;
    call->who = MW_STR("http");
    const mw_access *access = all->config.access;
    if (!access || route->scope == MW_SCOPE_PUBLIC) return true;
    mw_status status = mw_access_check(access, call->request->headers[MW_HEADER_AUTHORIZATION],
                                       route->scope, wall_us(all), &call->who, &err);
    if (status == MW_OK) return true;
    mw_response_problem(&all->response, status, &err);
    if (status == MW_UNAUTHORIZED)
        mw_response_header(&all->response, "WWW-Authenticate", MW_STR("Bearer"));
    return false;
}

/* Whether all that the query asks for is the handler's; if not, the response says what is not. */
static bool suits_query(mw_exchanges *all, const mw_route *route, const mw_route_call *call) {
    mw_error err;
    if (route->query != MW_QUERY_REFUSED || call->request->target.query.size == 0) return true;
    mw_status status = mw_query_parameters_read(call->request->target.query, NULL, 0, &err);
    if (status == MW_OK) return true;
    mw_response_problem(&all->response, status, &err);
    return false;
}

static bool is_open(mw_exchanges *all, const mw_route *route) {
    const mw_router *router = &all->config.router;
    return !router->is_open || router->is_open(all->config.context, route, &all->response);
}

/* The caller's trace, with a span of ours. */
static mw_trace continue_trace(mw_exchanges *all, const mw_http_request *request) {
    mw_trace trace = mw_trace_parse(request->headers[MW_HEADER_TRACEPARENT]);
    uint64_t span = 0;
    while (trace.is_known && span == 0) span = mw_prng_next(&all->spans); /* zero names none */
    if (trace.is_known) memcpy(trace.span, &span, sizeof trace.span);
    return trace;
}

static void begin_entry(mw_exchanges *all, const mw_http_request *request, int64_t waited_us,
                        mw_access_entry *out_entry) {
    out_entry->trace = continue_trace(all, request);
    if (!all->config.access_log) return;
    mw_str path = mw_str_slice(request->target.path, 0, MW_ACCESS_PATH_MAX);
    out_entry->method = request->method;
    out_entry->taken_us = wall_us(all);
    out_entry->waited_us = waited_us;
    memcpy(out_entry->path, path.data, path.size);
}

/* The span of ours, and what the tools along the way keep with the trace. */
static void hand_on_trace(mw_exchanges *all, const mw_trace *trace, mw_str state) {
    char text[MW_TRACE_TEXT_SIZE + 1], kept[MW_TRACE_STATE_SIZE_MAX];
    mw_trace_write(trace, text);
    mw_response_header(&all->response, "traceparent", mw_str_of(text));
    state = mw_trace_state(state, kept);
    if (state.size > 0) mw_response_header(&all->response, "tracestate", state);
}

/* After the response to the request, or a part of it, has been made; without the request (NULL) it
   says that there will be no other. */
static void note_response(mw_exchanges *all, const mw_http_request *request,
                          mw_exchange *exchange) {
    exchange->goes_on = all->response.goes_on;
    if (exchange->pause && !exchange->goes_on) return;
    mw_response_settle(&all->response);
    exchange->code = all->response.code;
    exchange->model = all->response.model;
    if (exchange->has_begun && mw_response_is_problem(&all->response))
        exchange->keep_alive = false; /* else nobody would see that the answer is cut */
    if (!exchange->entry.trace.is_known) return;
    hand_on_trace(all, &exchange->entry.trace,
                  request ? request->headers[MW_HEADER_TRACESTATE] : MW_STR(""));
}

/* Asks the handler; what it leaves the request in is the exchange's. */
static void carry_out(mw_exchanges *all, const mw_route *route, mw_route_call *call,
                      mw_exchange *exchange) {
    mw_exchanges_take_baton(all);
    if (admit(all, route, call) && suits_query(all, route, call) && is_open(all, route))
        route->answer(all->config.context, call, &all->response);
    exchange->pause = all->response.pause;
    all->response.pause = NULL;
    if (call->pause && call->pause != exchange->pause) call->pause->end(call->pause);
    mw_exchanges_lay_down(all);
}

void mw_exchange_answer(mw_exchanges *all, const mw_http_request *request, int64_t arrival_us,
                        mw_exchange *out_exchange) {
    mw_route_call call;
    int64_t waited_us = arrival_us == 0 ? 0 : wall_us(all) - arrival_us;
    mw_response_clear(&all->response);
    int number = mw_router_find_again(all->config.router, request, &all->route, &call,
                                      &all->response);
    const mw_route *route = number < 0 ? NULL : &all->config.router.routes[number];
    *out_exchange = (mw_exchange){
        .route = number,
        .begun_us = mw_reactor_now_us(all->reactor),
        .keep_alive = request->keep_alive && !mw_reactor_is_stopping(all->reactor),
        .without_body = request->method == MW_HTTP_HEAD,
        .has_chunks = request->has_chunks,
    };
    begin_entry(all, request, waited_us, &out_exchange->entry);
    if (route && is_in_time(all, route, request, waited_us))
        carry_out(all, route, &call, out_exchange);
    note_response(all, request, out_exchange);
}

void mw_exchange_resume(mw_exchanges *all, const mw_http_request *request,
                        mw_exchange *exchange) {
    mw_route_call call;
    mw_pause *pause = exchange->pause;
    mw_response_clear(&all->response);
    int number = mw_router_find(all->config.router, request, &call, &all->response);
    const mw_route *route = &all->config.router.routes[number];
    MW_ASSERT(pause && number == exchange->route);
    call.pause = pause;
    exchange->pause = NULL;
    exchange->keep_alive = exchange->keep_alive && !mw_reactor_is_stopping(all->reactor);
    carry_out(all, route, &call, exchange);
    note_response(all, request, exchange);
}

void mw_exchange_refuse(mw_exchanges *all, mw_status status, const mw_error *err,
                        mw_exchange *out_exchange) {
    *out_exchange = (mw_exchange){.route = -1, .begun_us = mw_reactor_now_us(all->reactor)};
    mw_response_clear(&all->response);
    mw_response_problem(&all->response, status, err);
    note_response(all, NULL, out_exchange);
}

void mw_exchange_end_pause(mw_exchanges *all, mw_exchange *exchange) {
    if (!exchange->pause) return;
    mw_exchanges_take_baton(all);
    exchange->pause->end(exchange->pause);
    mw_exchanges_lay_down(all);
    exchange->pause = NULL;
}

void mw_exchange_replace(mw_exchanges *all, mw_status status, const mw_error *err,
                         mw_exchange *exchange) {
    int model = exchange->model;
    mw_exchange_end_pause(all, exchange);
    mw_response_problem(&all->response, status, err);
    all->response.model = model;
    note_response(all, NULL, exchange);
}

bool mw_exchange_takes_pieces(void *context, const mw_http_request *head) {
    mw_exchanges *all = context;
    const mw_router *router = &all->config.router;
    mw_route_call call;
    if (!router->takes_pieces) return false;
    int number = mw_router_find(*router, head, &call, &all->response);
    return number >= 0 && router->takes_pieces(&router->routes[number], head);
}

static const char *date_now(mw_exchanges *all) {
    int64_t monotonic_us = mw_reactor_now_us(all->reactor);
    if (all->date[0] == '\0' || monotonic_us >= all->date_due_us) {
        int64_t now_us = wall_us(all);
        mw_http_date(now_us, all->date);
        all->date_due_us = monotonic_us + MW_SECOND_US - now_us % MW_SECOND_US;
    }
    return all->date;
}

mw_response_frame mw_exchange_frame(mw_exchanges *all, const mw_exchange *exchange) {
    return (mw_response_frame){.date = date_now(all),
                               .keep_alive = exchange->keep_alive,
                               .without_body = exchange->without_body,
                               .has_begun = exchange->has_begun,
                               .goes_on = exchange->goes_on,
                               .has_chunks = exchange->has_chunks};
}

void mw_exchange_end(mw_exchanges *all, mw_exchange *exchange, int64_t now_us) {
    const mw_server_config *config = &all->config;
    int64_t span_us = now_us - exchange->begun_us;
    mw_traffic_answer(&all->traffic, exchange->route, exchange->code, span_us);
    if (config->pulse && exchange->model != MW_RESPONSE_OF_NO_MODEL)
        mw_pulse_answer(config->pulse, (size_t)exchange->model, exchange->code, span_us, now_us);
    if (!config->access_log || exchange->entry.taken_us == 0) return; /* it was no request */
    exchange->entry.code = exchange->code;
    exchange->entry.span_us = span_us;
    mw_access_log_add(config->access_log, &exchange->entry);
}
