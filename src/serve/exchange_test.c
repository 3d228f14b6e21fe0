#include "serve/exchange.h"
#include "base/calendar.h"
#include "testing/test.h"

#include <string.h>

static void answer_hello(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    (void)call;
    response->model = 7;
    mw_buf_append_text(&response->body, "hello");
}

static const mw_route routes[] = {
    {MW_HTTP_GET, "/public", MW_SCOPE_PUBLIC, answer_hello, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/guarded", MW_SCOPE_READ, answer_hello, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/asked", MW_SCOPE_READ, answer_hello, NULL, MW_QUERY_READ},
    {MW_HTTP_GET, "/looked", MW_SCOPE_PUBLIC, answer_hello, NULL, MW_QUERY_PASSED_OVER},
};

static mw_reactor *reactor;
static mw_telemetry *telemetry;
static mw_exchanges all;

static void begin(void) {
    mw_error err;
    MW_CHECK_OK(mw_reactor_create((mw_reactor_config){.sys = mw_sys_real()}, &reactor, &err), &err);
    MW_CHECK_OK(mw_telemetry_create(&telemetry, &err), &err);
    mw_exchanges_init(&all, reactor, (mw_server_config){
        .router = mw_router_of(routes, sizeof routes / sizeof *routes),
        .telemetry = telemetry,
        .deadline_us = MW_SECOND_US,
    });
}

static void end(void) {
    mw_exchanges_release(&all);
    mw_telemetry_destroy(telemetry);
    mw_reactor_destroy(reactor);
}

static mw_http_request asked(const char *path, mw_http_method method) {
    return (mw_http_request){.method = method, .target.path = mw_str_of(path), .keep_alive = true};
}

MW_TEST(exchange_answers_by_the_route) {
    begin();
    mw_exchange exchange;
    mw_http_request request = asked("/public", MW_HTTP_HEAD);
    request.headers[MW_HEADER_TRACEPARENT] =
        MW_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    request.headers[MW_HEADER_TRACESTATE] = MW_STR("a=1, b=2");
    mw_exchange_answer(&all, &request, 0, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 200);
    MW_CHECK_EQUAL_INT(exchange.model, 7);
    MW_CHECK_EQUAL_STR(mw_buf_str(&all.response.body), "hello");
    MW_CHECK(strstr(all.response.headers.data,
                    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-") != NULL);
    MW_CHECK(strstr(all.response.headers.data, "00f067aa0ba902b7") == NULL); /* a span of ours */
    MW_CHECK(strstr(all.response.headers.data, "\r\ntracestate: a=1,b=2\r\n") != NULL);
    mw_response_frame frame = mw_exchange_frame(&all, &exchange);
    MW_CHECK(frame.keep_alive && frame.without_body);
    MW_CHECK_EQUAL_INT(strlen(frame.date), MW_HTTP_DATE_SIZE - 1);

    mw_exchange_replace(&all, MW_NO_SPACE, NULL, &exchange); /* its commit has failed */
    MW_CHECK_EQUAL_INT(exchange.code, 507);
    MW_CHECK_EQUAL_INT(exchange.model, 7);
    MW_CHECK(strstr(all.response.headers.data, "traceparent: ") != NULL);
    mw_exchange_end(&all, &exchange, mw_reactor_now_us(reactor));

    request.headers[MW_HEADER_TRACEPARENT] = MW_STR("00-4bf9"); /* then the state means nothing */
    mw_exchange_answer(&all, &request, 0, &exchange);
    MW_CHECK(!strstr(mw_buf_str(&all.response.headers).data, "trace"));

    request = asked("/nowhere", MW_HTTP_GET);
    mw_exchange_answer(&all, &request, 0, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 404);
    MW_CHECK_EQUAL_INT(exchange.route, -1);
    end();
}

MW_TEST(exchange_refuses_what_comes_too_late) {
    begin();
    mw_exchange exchange;
    int64_t now_us = mw_sys_now_us(mw_sys_real());
    mw_http_request request = asked("/guarded", MW_HTTP_GET);
    mw_exchange_answer(&all, &request, now_us, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 200);
    mw_exchange_answer(&all, &request, now_us - 2 * MW_SECOND_US, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 503);
    MW_CHECK(strstr(all.response.headers.data, "Retry-After: 1\r\n") != NULL);
    request.headers[MW_HEADER_TIMEOUT] = MW_STR("60000");
    mw_exchange_answer(&all, &request, now_us - 2 * MW_SECOND_US, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 200);
    request.headers[MW_HEADER_TIMEOUT] = MW_STR("0");
    mw_exchange_answer(&all, &request, now_us, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 422);
    request = asked("/public", MW_HTTP_GET); /* our health is told however late */
    mw_exchange_answer(&all, &request, now_us - 2 * MW_SECOND_US, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 200);
    end();
}

/* A parameter that nobody reads is refused, but where programs add theirs to what they look at. */
MW_TEST(exchange_refuses_parameters_that_nobody_reads) {
    static const struct {
        const char *path, *query;
        int code;
    } cases[] = {{"/public", "x=1", 422}, {"/public", "x", 422},  {"/public", "", 200},
                 {"/public", "&", 200},   {"/asked", "x=1", 200}, {"/looked", "x=1", 200}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_exchange exchange;
        mw_http_request request = asked(cases[i].path, MW_HTTP_GET);
        request.target.query = mw_str_of(cases[i].query);
        mw_exchange_answer(&all, &request, 0, &exchange);
        MW_CHECK_EQUAL_INT(exchange.code, cases[i].code);
        bool is_told = strstr(all.response.body.data, "query: has no \\\"x\\\"") != NULL;
        MW_CHECK(is_told == (exchange.code == 422));
    }
    end();
}

MW_TEST(exchange_refuses_what_is_no_request) {
    begin();
    mw_exchange exchange;
    mw_error err;
    mw_status status = mw_fail(&err, MW_MALFORMED, "request: is none");
    mw_exchange_refuse(&all, status, &err, &exchange);
    MW_CHECK_EQUAL_INT(exchange.code, 400);
    MW_CHECK_EQUAL_INT(exchange.route, -1);
    MW_CHECK(!mw_exchange_frame(&all, &exchange).keep_alive);
    mw_exchange_end(&all, &exchange, mw_reactor_now_us(reactor));
    end();
}
