#include "serve/server_fixture.h"
#include "testing/test.h"

#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

static void answer_hello(void *context, const mw_route_call *call, mw_response *response) {
    (void)call;
    ((fixture *)context)->answer_count++;
    mw_buf_append_text(&response->body, "{\"hello\":true}\n");
}

static void answer_echo(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    response->content_type = MW_MEDIA_TEXT;
    mw_buf_append_str(&response->body, call->request->body);
}

static void answer_large(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    int64_t size = 0;
    MW_CHECK(mw_str_to_int64(call->parameters[0], &size));
    mw_str block = MW_STR("0123456789012345678901234567890123456789");
    for (size_t left = (size_t)size; left > 0; left -= left < block.size ? left : block.size)
        mw_buf_append_str(&response->body, mw_str_slice(block, 0, left));
}

static void answer_connections(void *context, const mw_route_call *call, mw_response *response) {
    fixture *f = context;
    (void)call;
    mw_buf_printf(&response->body, "%zu open\n", mw_server_connection_count(f->server));
}

/* From now on each allocation of the server's thread fails, or none does any more. */
static void answer_starve(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    (void)response;
    mw_memory_fail_after(mw_str_is(call->parameters[0], "yes") ? 0 : SIZE_MAX);
}

typedef struct {
    mw_pause base;
    fixture *of;
} slow;

static bool slow_is_over(mw_pause *pause) {
    return atomic_load(&((slow *)pause)->of->pauses_are_over);
}

static void slow_end(mw_pause *pause) {
    fixture *f = ((slow *)pause)->of;
    atomic_fetch_add(&f->forsaken_count, pause->is_forsaken);
    atomic_fetch_sub(&f->pause_count, 1);
    mw_free(pause);
}

static void answer_slow(void *context, const mw_route_call *call, mw_response *response) {
    fixture *f = context;
    slow *pause = call->pause ? NULL : mw_allocate(sizeof *pause);
    if (!pause) {
        answer_hello(context, call, response);
        return;
    }
    *pause = (slow){.base = {.is_over = slow_is_over, .end = slow_end}, .of = f};
    atomic_fetch_add(&f->pause_count, 1);
    response->pause = &pause->base;
}

/* A request that is carried out over several calls. */
typedef struct {
    mw_pause base;
    fixture *of;
    size_t count; /* lines that were read; bytes that were answered */
} course;

static void course_end(mw_pause *pause) {
    atomic_fetch_sub(&((course *)pause)->of->pause_count, 1);
    mw_free(pause);
}

static course *course_of(fixture *f, const mw_route_call *call) {
    course *at = (course *)call->pause;
    if (at) return at;
    at = mw_allocate(sizeof *at);
    MW_CHECK(at != NULL);
    *at = (course){.base = {.end = course_end}, .of = f};
    atomic_fetch_add(&f->pause_count, 1);
    return at;
}

static void answer_pour(void *context, const mw_route_call *call, mw_response *response) {
    course *at = course_of(context, call);
    mw_str body = call->request->body;
    at->base.taken = 0;
    for (size_t i = 0; i < body.size; i++) {
        if (body.data[i] != '\n') continue;
        at->count++;
        at->base.taken = i + 1;
    }
    at->base.kind = MW_PAUSE_FOR_BODY;
    if (call->request->has_more) {
        response->pause = &at->base;
        return;
    }
    mw_buf_printf(&response->body, "%zu lines\n", at->count);
    if (!call->pause) course_end(&at->base);
}

static void answer_flow(void *context, const mw_route_call *call, mw_response *response) {
    enum { PART_SIZE = 100000 };
    fixture *f = context;
    course *at = course_of(f, call);
    int64_t size = 0;
    MW_CHECK(mw_str_to_int64(call->parameters[0], &size));
    size_t before = response->body.size;
    for (; at->count < (size_t)size && response->body.size < PART_SIZE; at->count += 10)
        mw_buf_printf(&response->body, "%09zu\n", at->count);
    atomic_fetch_add(&f->flowed, response->body.size - before);
    at->base.kind = MW_PAUSE_FOR_TURN;
    response->goes_on = at->count < (size_t)size;
    if (response->goes_on) response->pause = &at->base;
    else if (!call->pause) course_end(&at->base);
}

static bool takes_pieces(const mw_route *route, const mw_http_request *head) {
    (void)head;
    return route->answer == answer_pour;
}

static const mw_route routes[] = {
    {MW_HTTP_POST, "/pour", MW_SCOPE_PUBLIC, answer_pour, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/flow/{size}", MW_SCOPE_PUBLIC, answer_flow, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/slow", MW_SCOPE_PUBLIC, answer_slow, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/starve/{it}", MW_SCOPE_PUBLIC, answer_starve, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/hello", MW_SCOPE_PUBLIC, answer_hello, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/guarded", MW_SCOPE_READ, answer_hello, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/echo", MW_SCOPE_PUBLIC, answer_echo, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/large/{size}", MW_SCOPE_PUBLIC, answer_large, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/connections", MW_SCOPE_PUBLIC, answer_connections, NULL, MW_QUERY_REFUSED},
};

static mw_status commit(void *context, uint64_t *out_sync, mw_error *err) {
    fixture *f = context;
    atomic_fetch_add(&f->batch_count, 1);
    mw_status status = (mw_status)atomic_load(&f->commit_status);
    if (atomic_load(&f->is_durable)) *out_sync = atomic_fetch_add(&f->wanted, 1) + 1;
    return status == MW_OK ? MW_OK : mw_fail(err, status, "log: the disk is full");
}

static mw_status commit_teller(void *context, size_t teller, uint64_t *out_sync, mw_error *err) {
    MW_CHECK(teller > 0);
    return commit(context, out_sync, err);
}

static mw_status look_synced(void *context, uint64_t *out_sync, mw_error *err) {
    fixture *f = context;
    *out_sync = atomic_load(&f->synced);
    mw_status status = (mw_status)atomic_load(&f->sync_status);
    return status == MW_OK ? MW_OK : mw_fail(err, status, "log: the disk is broken");
}

void fixture_sync(fixture *f) {
    atomic_store(&f->synced, atomic_load(&f->wanted));
    mw_reactor_tell_synced(f->reactor);
    mw_server_tell_synced(f->server);
}

static void *run(void *context) {
    fixture *f = context;
    mw_error err;
    MW_CHECK_OK(mw_reactor_run(f->reactor, &err), &err);
    return NULL;
}

static mw_server_config complete(fixture *f, mw_server_config limits) {
    limits.host = "127.0.0.1";
    limits.context = f;
    limits.router = mw_router_of(routes, sizeof routes / sizeof *routes);
    limits.router.takes_pieces = takes_pieces;
    limits.telemetry = f->telemetry;
    limits.commit = commit_teller;
    limits.look_synced = look_synced;
    limits.commit_context = f;
    return limits;
}

void fixture_start(fixture *f, mw_server_config limits) {
    mw_error err;
    memset(f, 0, sizeof *f);
    MW_CHECK_OK(mw_telemetry_create(&f->telemetry, &err), &err);
    if (limits.teller_count > 0) MW_CHECK_OK(mw_baton_create(&f->baton, &err), &err);
    mw_reactor_config config = {.sys = mw_sys_real(),
                                .after_batch = commit,
                                .look_synced = look_synced,
                                .context = f,
                                .baton = f->baton};
    MW_CHECK_OK(mw_reactor_create(config, &f->reactor, &err), &err);
    MW_CHECK_OK(mw_server_create(f->reactor, complete(f, limits), &f->server, &err), &err);
    f->port = mw_server_port(f->server);
    MW_CHECK(pthread_create(&f->thread, NULL, run, f) == 0);
}

void fixture_stop(fixture *f) {
    mw_reactor_stop(f->reactor);
    MW_CHECK(pthread_join(f->thread, NULL) == 0);
    MW_CHECK_EQUAL_INT(mw_server_connection_count(f->server), 0);
    mw_server_destroy(f->server);
    MW_CHECK_EQUAL_INT(atomic_load(&f->pause_count), 0);
    mw_reactor_destroy(f->reactor);
    mw_baton_destroy(f->baton);
    mw_telemetry_destroy(f->telemetry);
}

mw_socket *client_connect(const fixture *f) {
    mw_socket *client;
    mw_error err;
    MW_CHECK_OK(mw_socket_connect(mw_sys_real(), "127.0.0.1", f->port, &client, &err), &err);
    return client;
}

void client_send(mw_socket *client, const char *text) {
    mw_str rest = mw_str_of(text);
    while (rest.size > 0) {
        size_t size;
        mw_socket_result result = mw_socket_write(client, rest, &size);
        if (result == MW_SOCKET_ENDED) return; /* a server may have heard enough */
        if (result == MW_SOCKET_MOVED) rest = mw_str_slice(rest, size, rest.size);
        else MW_CHECK(mw_socket_wait(client, true, 5 * MW_SECOND_US));
    }
}

/* False at the end. */
static bool client_read(mw_socket *client, mw_buf *in) {
    char bytes[4096];
    size_t size;
    for (;;) {
        mw_socket_result result = mw_socket_read(client, bytes, sizeof bytes, &size);
        if (result == MW_SOCKET_ENDED) return false;
        if (result == MW_SOCKET_BLOCKED) {
            MW_CHECK(mw_socket_wait(client, false, 5 * MW_SECOND_US));
            continue;
        }
        mw_buf_append(in, bytes, size);
        return true;
    }
}

void client_read_until_bytes(mw_socket *client, mw_buf *in, mw_str bytes) {
    while (!memmem(mw_buf_str(in).data, in->size, bytes.data, bytes.size))
        MW_CHECK(client_read(client, in));
}

void client_read_until(mw_socket *client, mw_buf *in, const char *text) {
    client_read_until_bytes(client, in, mw_str_of(text));
}

void client_read_to_end(mw_socket *client, mw_buf *in) {
    while (client_read(client, in)) {}
}

mw_str client_call(const fixture *f, const char *text, mw_buf *in) {
    mw_socket *client = client_connect(f);
    client_send(client, text);
    mw_buf_clear(in);
    client_read_to_end(client, in);
    mw_socket_close(client);
    mw_str rest = mw_buf_str(in), line;
    MW_CHECK(mw_str_split(&rest, '\r', &line));
    return line;
}

void fixture_await_connections(const fixture *f, size_t count) {
    char expected[32];
    snprintf(expected, sizeof expected, "\r\n\r\n%zu open\n", count + 1);
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    do client_call(f, "GET /connections HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", &in);
    while (!strstr(in.data, expected));
    mw_buf_release(&in);
}

size_t occurrences(mw_str text, const char *word) {
    mw_str wanted = mw_str_of(word);
    size_t count = 0;
    for (size_t i = 0; i + wanted.size <= text.size; i++)
        count += mw_str_starts(mw_str_slice(text, i, text.size), wanted);
    return count;
}

MW_TEST(server_answers) {
    fixture f;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){0});
    const char *hello = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    MW_CHECK_EQUAL_STR(client_call(&f, hello, &in), "HTTP/1.1 200 OK");
    MW_CHECK(mw_str_ends(mw_buf_str(&in), MW_STR("\r\n\r\n{\"hello\":true}\n")));
    MW_CHECK(atomic_load(&f.batch_count) == 1);
    fixture_stop(&f);
    mw_buf_release(&in);
}

MW_TEST(server_names_the_address_that_is_taken) {
    fixture f;
    fixture_start(&f, (mw_server_config){0});
    mw_server_config config = complete(&f, (mw_server_config){.port = f.port});
    mw_reactor *reactor;
    mw_server *second;
    mw_error err;
    MW_CHECK_OK(mw_reactor_create((mw_reactor_config){.sys = mw_sys_real()}, &reactor, &err),
                &err);
    MW_CHECK_STATUS(mw_server_create(reactor, config, &second, &err), MW_BUSY);
    MW_CHECK(mw_str_starts(mw_str_of(err.message), MW_STR("127.0.0.1:")));
    mw_reactor_destroy(reactor);
    fixture_stop(&f);
}

MW_TEST(server_refuses_clients_over_its_limit) {
    fixture f;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){.connection_count_max = 1});
    mw_socket *first = client_connect(&f);
    client_send(first, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_until(first, &in, "true}");
    const char *hello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    MW_CHECK_EQUAL_STR(client_call(&f, hello, &in), "HTTP/1.1 503 Service Unavailable");
    MW_CHECK(strstr(in.data, "\r\nRetry-After: 1\r\n") != NULL);
    MW_CHECK(strstr(in.data, "connections: must be at most 1, got more") != NULL);
    mw_socket_close(first);
    fixture_stop(&f);
    mw_buf_release(&in);
}

MW_TEST(server_finishes_what_is_under_way_when_it_stops) {
    fixture f;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){0});
    mw_socket *idle = client_connect(&f), *busy = client_connect(&f);
    client_send(idle, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_until(idle, &in, "true}");
    client_send(busy, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
    fixture_await_connections(&f, 2);
    client_send(busy, "d");

    mw_reactor_stop(f.reactor);
    mw_buf_clear(&in);
    client_read_to_end(idle, &in);
    MW_CHECK_EQUAL_INT(in.size, 0);
    mw_socket *late = NULL; /* soon nobody can come any more */
    while (mw_socket_connect(mw_sys_real(), "127.0.0.1", f.port, &late, NULL) == MW_OK)
        mw_socket_close(late);
    client_send(busy, "ef");
    client_read_to_end(busy, &in);
    MW_CHECK(strstr(in.data, "\r\nConnection: close\r\n") != NULL);
    MW_CHECK(mw_str_ends(mw_buf_str(&in), MW_STR("\r\n\r\nabcdef")));
    mw_socket_close(idle);
    mw_socket_close(busy);
    fixture_stop(&f);
    mw_buf_release(&in);
}

MW_TEST(server_cuts_off_what_outlasts_the_drain) {
    fixture f;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){.drain_us = 50000});
    mw_socket *stuck = client_connect(&f);
    client_send(stuck, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
    fixture_await_connections(&f, 1);
    mw_reactor_stop(f.reactor);
    client_read_to_end(stuck, &in);
    MW_CHECK_EQUAL_INT(in.size, 0);
    mw_socket_close(stuck);
    fixture_stop(&f);
    mw_buf_release(&in);
}

/* The least wait is over a deadline of 1 us, once the system has told when the bytes came. */
MW_TEST(server_refuses_what_has_waited_too_long) {
    fixture f;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){.deadline_us = 1});
    const char *guarded = "GET /guarded HTTP/1.0\r\n\r\n"; /* the first stamps may take a while */
    int64_t until_us = mw_sys_monotonic_us(mw_sys_real()) + 10 * MW_SECOND_US;
    while (!mw_str_is(client_call(&f, guarded, &in), "HTTP/1.1 503 Service Unavailable"))
        MW_CHECK(mw_sys_monotonic_us(mw_sys_real()) < until_us);
    MW_CHECK(strstr(in.data, "\r\nRetry-After: 1\r\n") != NULL);
    MW_CHECK(strstr(in.data, "request: must be taken up within 0 ms, waited ") != NULL);
    MW_CHECK_EQUAL_STR(client_call(&f, "GET /hello HTTP/1.0\r\n\r\n", &in), "HTTP/1.1 200 OK");
    MW_CHECK_EQUAL_STR(client_call(&f, "GET /guarded HTTP/1.0\r\nX-Request-Timeout-Ms: 60000"
                                       "\r\n\r\n", &in), "HTTP/1.1 200 OK");
    MW_CHECK_EQUAL_STR(client_call(&f, "GET /guarded HTTP/1.0\r\nX-Request-Timeout-Ms: 1.5"
                                       "\r\n\r\n", &in), "HTTP/1.1 422 Unprocessable Content");
    fixture_stop(&f);
    mw_buf_release(&in);
}

static mw_status create_once(void *context) {
    mw_server_config *config = context;
    mw_reactor *reactor;
    mw_server *server;
    MW_TRY(mw_reactor_create((mw_reactor_config){.sys = mw_sys_real()}, &reactor, NULL));
    mw_status status = mw_server_create(reactor, *config, &server, NULL);
    if (status == MW_OK) mw_server_destroy(server);
    mw_reactor_destroy(reactor);
    return status;
}

MW_TEST(server_survives_each_failing_allocation) {
    fixture f = {0};
    MW_CHECK_OK(mw_telemetry_create(&f.telemetry, NULL), NULL);
    mw_server_config config = complete(&f, (mw_server_config){0});
    MW_CHECK_OK(create_once(&config), NULL); /* its series are there from now on */
    MW_CHECK(mw_test_every_allocation_fails(create_once, &config) >= 3);
    mw_telemetry_destroy(f.telemetry);
    mw_server_destroy(NULL);
}

MW_TEST(server_allocates_nothing_once_it_is_warm) {
    static const char echo[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
                      starve[] = "POST /starve/yes HTTP/1.1\r\nHost: x\r\n\r\n",
                      feed[] = "POST /starve/no HTTP/1.1\r\nHost: x\r\n\r\n";
    enum { ASKED = 100 };
    fixture f;
    fixture_start(&f, (mw_server_config){0});
    mw_socket *client = client_connect(&f);
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    const char *const warm_up[] = {echo, feed, starve};
    for (size_t i = 0; i < sizeof warm_up / sizeof *warm_up; i++) {
        mw_buf_clear(&in);
        client_send(client, warm_up[i]);
        client_read_until(client, &in, "\r\n\r\n");
    }
    for (int i = 0; i < ASKED; i++) {
        mw_buf_clear(&in);
        client_send(client, echo);
        client_read_until(client, &in, "hello");
        MW_CHECK(mw_str_starts(mw_buf_str(&in), MW_STR("HTTP/1.1 200 OK\r\n")));
    }
    client_send(client, feed);
    client_read_until(client, &in, "Content-Length: 0\r\n\r\n");
    mw_buf_release(&in);
    mw_socket_close(client);
    fixture_stop(&f);
}
