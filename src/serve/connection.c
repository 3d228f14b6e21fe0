#include "serve/connection.h"

#include "base/calendar.h"
#include "base/prng.h"

#include <string.h>

enum { TIMEOUT_MS_MAX = 3600000 };
enum { ANSWERS_MAX = 1 << 20 }; /* of one batch on one connection; its input bounds them below */

typedef enum {
    OPEN,      /* takes requests */
    CLOSING,   /* sends what it has, and ends */
    LINGERING, /* has sent all; drops what still comes, until the peer has gone */
} phase;

/* What a deadline runs for. */
typedef enum { NOTHING_YET, NEXT_REQUEST, REST_OF_REQUEST, PEER_TO_READ, PEER_TO_GO } awaited;

/* Of an answer in the output that is not committed yet. */
typedef struct {
    int route, code, model;
    bool keep_alive, without_body;
    mw_access_entry entry; /* for the access log; without one only its trace is there */
} answer;

struct mw_connection {
    mw_reactor_source source; /* first, so that a source is its connection */
    mw_connections *all;
    mw_connection *next, *previous;
    mw_socket *socket;
    mw_http *http;
    mw_buf input;      /* taken from the socket, not yet read as requests: see OUTPUT_SIZE */
    mw_buf output;
    size_t sent;       /* bytes of the output that the socket has taken */
    size_t committed;  /* bytes of the output that may be sent */
    answer *answers;   /* in the output past `committed` */
    size_t answer_count, answer_capacity;
    phase phase;
    bool input_ended;  /* the peer sends no more */
    awaited awaited;
    int64_t deadline_us;
};

static void drop_front(mw_buf *buf, size_t size) {
    memmove(buf->data, buf->data + size, buf->size - size);
    buf->size -= size;
}

static const char *date_now(mw_connections *all) {
    int64_t monotonic_us = mw_reactor_now_us(all->reactor);
    if (all->date[0] == '\0' || monotonic_us >= all->date_due_us) {
        int64_t now_us = mw_sys_now_us(mw_reactor_sys(all->reactor));
        mw_http_date(now_us, all->date);
        all->date_due_us = monotonic_us + MW_SECOND_US - now_us % MW_SECOND_US;
    }
    return all->date;
}

static void close_now(mw_connection *c) {
    if (!c->socket) return;
    mw_reactor_source_remove(&c->source);
    mw_socket_close(c->socket);
    c->socket = NULL;
    mw_series_add(c->all->traffic.open, -1);
}

/* The reactor has let go of it. */
static void gone(mw_reactor_source *source) {
    mw_connection *c = (mw_connection *)source;
    mw_connections *all = c->all;
    if (c->previous) c->previous->next = c->next;
    else all->first = c->next;
    if (c->next) c->next->previous = c->previous;
    all->count--;
    mw_http_destroy(c->http);
    mw_buf_release(&c->input);
    mw_buf_release(&c->output);
    mw_free(c->answers);
    mw_free(c);
}

/* Puts the response that was made for a request at the end of the output. */
static void append_response(mw_connection *c, const answer *a) {
    mw_connections *all = c->all;
    if (a->entry.trace.is_known) {
        char text[MW_TRACE_TEXT_SIZE + 1];
        mw_trace_write(&a->entry.trace, text);
        mw_response_header(&all->response, "traceparent", mw_str_of(text));
    }
    mw_response_write(&all->response,
                      (mw_response_frame){.date = date_now(all), .keep_alive = a->keep_alive,
                                          .without_body = a->without_body},
                      &c->output);
    if (c->output.failed) close_now(c); /* out of memory: half an answer must not leave */
}

/* Answers with the response that was made; it is held until the batch is committed. */
static void answer_with(mw_connection *c, answer a) {
    if (!a.keep_alive) c->phase = CLOSING;
    if (!mw_grow((void **)&c->answers, &c->answer_capacity, c->answer_count + 1, sizeof *c->answers,
                 ANSWERS_MAX)) {
        close_now(c);
        return;
    }
    size_t size = c->output.size;
    append_response(c, &a);
    a.entry.size = c->output.size - size;
    a.code = c->all->response.code;
    a.model = c->all->response.model;
    c->answers[c->answer_count++] = a;
    mw_reactor_source_hold(&c->source);
}

/* How long the bytes that were read last had waited for us. */
static int64_t waited_us(const mw_connection *c) {
    int64_t arrival_us = mw_socket_arrival_us(c->socket);
    return arrival_us == 0 ? 0 : mw_sys_now_us(mw_reactor_sys(c->all->reactor)) - arrival_us;
}

static mw_status read_deadline(const mw_connections *all, mw_str header, int64_t *out_us,
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

static mw_status check_deadline(mw_connection *c, const mw_http_request *request,
                                mw_error *err) {
    int64_t deadline_us, age_us = waited_us(c);
    MW_TRY(read_deadline(c->all, request->headers[MW_HEADER_TIMEOUT], &deadline_us, err));
    if (age_us <= deadline_us) return MW_OK;
    mw_series_add(c->all->traffic.overdue, 1);
    return mw_fail(err, MW_BUSY, "request: must be taken up within %lld ms, waited %lld",
                   (long long)(deadline_us / 1000), (long long)(age_us / 1000));
}

/* Whether it can still be met; if not, the response says so. Whoever asks for our health hears
   of it, however late. */
static bool is_in_time(mw_connection *c, const mw_route *route, const mw_http_request *request) {
    mw_error err;
    mw_response *response = &c->all->response;
    if (route->scope == MW_SCOPE_PUBLIC) return true;
    mw_status status = check_deadline(c, request, &err);
    if (status == MW_OK) return true;
    mw_response_problem(response, status, &err);
    if (status == MW_BUSY) mw_response_header(response, "Retry-After", MW_STR("1"));
    return false;
}

/* Whether the request may be answered; if not, the response says why. */
static bool admit(mw_connections *all, const mw_route *route, mw_route_call *call) {
    mw_error err;
    call->who = MW_STR("http");
    const mw_access *access = all->config.access;
    if (!access || route->scope == MW_SCOPE_PUBLIC) return true;
    mw_status status = mw_access_check(access, call->request->headers[MW_HEADER_AUTHORIZATION],
                                       route->scope,
                                       mw_sys_now_us(mw_reactor_sys(all->reactor)), &call->who,
                                       &err);
    if (status == MW_OK) return true;
    mw_response_problem(&all->response, status, &err);
    if (status == MW_UNAUTHORIZED)
        mw_response_header(&all->response, "WWW-Authenticate", MW_STR("Bearer"));
    return false;
}

/* The caller's trace, with a span of ours. */
static mw_trace continue_trace(mw_connections *all, const mw_http_request *request) {
    mw_trace trace = mw_trace_parse(request->headers[MW_HEADER_TRACEPARENT]);
    uint64_t span = 0;
    while (trace.is_known && span == 0) span = mw_prng_next(&all->spans); /* zero names none */
    if (trace.is_known) memcpy(trace.span, &span, sizeof trace.span);
    return trace;
}

static mw_access_entry entry_of(mw_connection *c, const mw_http_request *request) {
    mw_access_entry entry = {.trace = continue_trace(c->all, request)};
    if (!c->all->config.access_log) return entry;
    mw_str path = mw_str_slice(request->target.path, 0, MW_ACCESS_PATH_MAX);
    entry.method = request->method;
    entry.taken_us = mw_sys_now_us(mw_reactor_sys(c->all->reactor));
    entry.waited_us = waited_us(c);
    memcpy(entry.path, path.data, path.size);
    return entry;
}

static bool is_open(mw_connections *all, const mw_route *route) {
    const mw_router *router = &all->config.router;
    return !router->is_open || router->is_open(all->config.context, route, &all->response);
}

static void answer_request(mw_connection *c, const mw_http_request *request) {
    mw_connections *all = c->all;
    mw_route_call call;
    mw_access_entry entry = entry_of(c, request);
    mw_response_clear(&all->response);
    int number = mw_router_find(all->config.router, request, &call, &all->response);
    const mw_route *route = number < 0 ? NULL : &all->config.router.routes[number];
    if (route && is_in_time(c, route, request) && admit(all, route, &call) && is_open(all, route))
        route->answer(all->config.context, &call, &all->response);
    bool keep_alive = request->keep_alive && !mw_reactor_is_stopping(all->reactor);
    answer_with(c, (answer){.route = number, .keep_alive = keep_alive,
                            .without_body = request->method == MW_HTTP_HEAD,
                            .entry = entry});
}

static void answer_problem(mw_connection *c, mw_status status, const mw_error *err) {
    mw_response_clear(&c->all->response);
    mw_response_problem(&c->all->response, status, err);
    answer_with(c, (answer){.route = -1});
}

/* An interim answer follows those before it; it promises nothing that had to be committed. */
static void answer_continue(mw_connection *c) {
    mw_buf_append_text(&c->output, "HTTP/1.1 100 Continue\r\n\r\n");
    if (c->output.failed) close_now(c);
    else if (c->answer_count == 0) c->committed = c->output.size;
}

static bool takes_requests(const mw_connection *c) {
    return c->socket && c->phase == OPEN && c->output.size - c->sent < MW_CONNECTION_OUTPUT_SIZE;
}

/* Answers the requests in `*bytes` as long as the client may be given more. */
static void read_requests(mw_connection *c, mw_str *bytes) {
    while (bytes->size > 0 && takes_requests(c)) {
        mw_http_state state;
        mw_error err;
        mw_status status = mw_http_feed(c->http, bytes, &state, &err);
        if (status != MW_OK) {
            answer_problem(c, status, &err);
        } else if (state == MW_HTTP_REQUEST) {
            c->awaited = NOTHING_YET; /* the next one has a deadline of its own */
            answer_request(c, mw_http_complete(c->http));
        } else if (state == MW_HTTP_CONTINUE && bytes->size == 0) {
            answer_continue(c);
        }
    }
}

/* Goes on with what was read before and waited for the client to read its answers. */
static void read_kept(mw_connection *c) {
    if (c->input.size == 0 || !takes_requests(c)) return;
    mw_str rest = mw_buf_str(&c->input);
    read_requests(c, &rest);
    drop_front(&c->input, c->input.size - rest.size);
}

static void read_fresh(mw_connection *c, mw_str bytes) {
    mw_series_add(c->all->traffic.bytes_in, (double)bytes.size);
    if (c->phase != OPEN) return;
    read_requests(c, &bytes);
    if (bytes.size == 0 || c->phase != OPEN || !c->socket) return;
    mw_buf_append_str(&c->input, bytes);
    if (c->input.failed) close_now(c);
}

static void receive(mw_connection *c) {
    size_t size;
    switch (mw_socket_read(c->socket, c->all->input, sizeof c->all->input, &size)) {
    case MW_SOCKET_MOVED: read_fresh(c, (mw_str){c->all->input, size}); break;
    case MW_SOCKET_ENDED: c->input_ended = true; break;
    case MW_SOCKET_BLOCKED: break;
    }
}

/* All bytes that could be sent are: keeps memory for usual answers only. */
static void output_clear(mw_connection *c) {
    c->sent = c->committed = 0;
    if (c->output.capacity > MW_CONNECTION_OUTPUT_SIZE) mw_buf_release(&c->output);
    else mw_buf_clear(&c->output);
}

static void send_output(mw_connection *c) {
    while (c->sent < c->committed) {
        mw_str rest = mw_str_slice(mw_buf_str(&c->output), c->sent, c->committed);
        size_t size;
        mw_socket_result result = mw_socket_write(c->socket, rest, &size);
        if (result == MW_SOCKET_ENDED) {
            close_now(c);
            return;
        }
        if (result == MW_SOCKET_BLOCKED) break;
        c->sent += size;
        c->awaited = NOTHING_YET; /* it reads: its time begins anew */
        mw_series_add(c->all->traffic.bytes_out, (double)size);
    }
    if (c->sent == c->output.size) {
        output_clear(c);
    } else if (c->sent >= MW_CONNECTION_OUTPUT_SIZE) {
        drop_front(&c->output, c->sent);
        c->committed -= c->sent;
        c->sent = 0;
    }
}

/* Goes from phase to phase when all is sent. */
static void end_if_done(mw_connection *c) {
    bool all_sent = c->output.size == 0;
    if (!c->socket || !all_sent) return;
    if (c->input_ended && (c->phase != OPEN || c->input.size == 0)) {
        close_now(c);
    } else if (c->phase == CLOSING) {
        mw_socket_end_output(c->socket);
        c->phase = LINGERING;
    }
}

static void await(mw_connection *c, awaited what, int64_t span_us) {
    if (c->awaited == what) return;
    c->awaited = what;
    c->deadline_us = mw_reactor_now_us(c->all->reactor) + span_us;
}

/* After anything has happened: what to be told of, and by when. */
static void settle(mw_connection *c) {
    end_if_done(c);
    if (!c->socket) return;
    bool sending = c->sent < c->committed;
    bool receiving = c->phase == LINGERING || (takes_requests(c) && c->input.size == 0);
    mw_poller_interest interest = {.readable = receiving && !c->input_ended,
                                   .writable = sending};
    mw_reactor_source_set_interest(&c->source, interest);
    const mw_server_config *config = &c->all->config;
    if (c->phase == LINGERING) await(c, PEER_TO_GO, config->linger_us);
    else if (sending) await(c, PEER_TO_READ, config->write_us);
    else if (mw_http_is_within(c->http)) await(c, REST_OF_REQUEST, config->request_us);
    else await(c, NEXT_REQUEST, config->idle_us);
}

static void ready(mw_reactor_source *source, const mw_poller_event *event) {
    mw_connection *c = (mw_connection *)source;
    bool broken = event->hangup && !source->interest.readable && !event->writable;
    if (broken) {
        close_now(c);
        return;
    }
    if (event->writable) send_output(c);
    if (c->socket && source->interest.readable && (event->readable || event->hangup)) receive(c);
    if (c->socket) read_kept(c);
    settle(c);
}

/* The promises of the batch could not be kept: its answers say so instead. */
static void replace_answers(mw_connection *c, mw_status status, const mw_error *err) {
    c->output.size = c->committed;
    for (size_t i = 0; i < c->answer_count && c->socket; i++) {
        mw_response_problem(&c->all->response, status, err);
        append_response(c, &c->answers[i]);
        c->answers[i].code = c->all->response.code;
    }
}

static void count_answer(mw_connection *c, answer *a, int64_t now_us) {
    const mw_server_config *config = &c->all->config;
    int64_t span_us = now_us - mw_reactor_now_us(c->all->reactor);
    mw_traffic_answer(&c->all->traffic, a->route, a->code, span_us);
    if (config->pulse && a->model != MW_RESPONSE_OF_NO_MODEL)
        mw_pulse_answer(config->pulse, (size_t)a->model, a->code, span_us, now_us);
    if (!config->access_log || a->entry.taken_us == 0) return; /* it was no request */
    a->entry.code = a->code;
    a->entry.span_us = span_us;
    mw_access_log_add(config->access_log, &a->entry);
}

static void release(mw_reactor_source *source, mw_status committed, const mw_error *err) {
    mw_connection *c = (mw_connection *)source;
    mw_connections *all = c->all;
    if (committed != MW_OK) replace_answers(c, committed, err);
    if (!c->socket) return;
    int64_t now_us = mw_sys_monotonic_us(mw_reactor_sys(all->reactor));
    for (size_t i = 0; i < c->answer_count; i++) count_answer(c, &c->answers[i], now_us);
    c->answer_count = 0;
    c->committed = c->output.size;
    send_output(c);
    if (c->socket) read_kept(c);
    settle(c);
}

/* A request that has begun is still answered, and its answer ends the connection. */
static void stop(mw_reactor_source *source) {
    mw_connection *c = (mw_connection *)source;
    if (c->phase != OPEN || mw_http_is_within(c->http) || c->input.size > 0) return;
    if (c->output.size == 0) {
        close_now(c);
    } else {
        c->phase = CLOSING;
        settle(c);
    }
}

static mw_connection *allocate(mw_connections *all, mw_error *err) {
    mw_connection *c = mw_allocate(sizeof *c);
    if (!c) {
        mw_fail(err, MW_NO_MEMORY, "connection: no memory is left");
        return NULL;
    }
    if (mw_http_create(all->config.body_size_max, &c->http, err) != MW_OK) {
        mw_free(c);
        return NULL;
    }
    c->source = (mw_reactor_source){.ready = ready, .release = release, .stop = stop, .gone = gone};
    c->all = all;
    mw_buf_init(&c->input, MW_CONNECTION_INPUT_SIZE);
    mw_buf_init(&c->output, MW_RESPONSE_BODY_SIZE_MAX + 2 * MW_CONNECTION_OUTPUT_SIZE);
    return c;
}

static mw_status open_connection(mw_connections *all, mw_socket *socket, mw_connection **out_c,
                                 mw_error *err) {
    mw_connection *c = allocate(all, err);
    mw_status status = c ? mw_reactor_add(all->reactor, &c->source, mw_socket_descriptor(socket),
                                          (mw_poller_interest){.readable = true}, err)
                         : MW_NO_MEMORY;
    if (status != MW_OK) {
        mw_socket_close(socket);
        if (c) mw_http_destroy(c->http);
        mw_free(c);
        return status;
    }
    c->socket = socket;
    c->next = all->first;
    if (all->first) all->first->previous = c;
    all->first = c;
    all->count++;
    mw_series_add(all->traffic.open, 1);
    *out_c = c;
    return MW_OK;
}

mw_status mw_connection_open(mw_connections *all, mw_socket *socket, mw_error *err) {
    mw_connection *c;
    MW_TRY(open_connection(all, socket, &c, err));
    settle(c);
    return MW_OK;
}

mw_status mw_connection_refuse(mw_connections *all, mw_socket *socket, mw_error *err) {
    mw_connection *c;
    MW_TRY(open_connection(all, socket, &c, err));
    mw_error reason;
    mw_status status = mw_fail(&reason, MW_BUSY, "connections: must be at most %zu, got more",
                               all->config.connection_count_max);
    mw_response_problem(&all->response, status, &reason);
    mw_response_header(&all->response, "Retry-After", MW_STR("1"));
    c->phase = CLOSING;
    append_response(c, &(answer){.route = -1});
    if (!c->socket) return MW_OK;
    c->committed = c->output.size;
    send_output(c);
    settle(c);
    return MW_OK;
}

/* Only who was sending a request waits for an answer. */
static void expire(mw_connection *c) {
    mw_series_add(c->all->traffic.timed_out, 1);
    if (c->awaited != REST_OF_REQUEST) {
        close_now(c);
        return;
    }
    mw_error err;
    mw_status status =
        mw_fail(&err, MW_TIMED_OUT, "request: must be complete after %lld ms, got a part of it",
                (long long)(c->all->config.request_us / 1000));
    answer_problem(c, status, &err);
    settle(c);
}

void mw_connections_sweep(mw_connections *all, int64_t now_us) {
    for (mw_connection *c = all->first; c; c = c->next)
        if (c->socket && now_us >= c->deadline_us) expire(c);
}

void mw_connections_close(mw_connections *all) {
    for (mw_connection *c = all->first; c; c = c->next) close_now(c);
}
