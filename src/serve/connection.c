#include "serve/connection.h"

#include "serve/http1.h"
#include "serve/http2.h"

#include <string.h>

#define NEVER_US (1000000 * MW_SECOND_US)
enum {
    ANSWERS_MAX = 1 << 20, /* of one batch on one connection; its input bounds them below */
    PAUSE_US = 1000,
};

typedef enum {
    OPEN,      /* takes requests */
    CLOSING,   /* sends what it has, and ends */
    LINGERING, /* has sent all; drops what still comes, until the peer has gone */
} phase;

/* What a deadline runs for. Those of HTTP/2's streams run one by one. */
typedef enum {
    NOTHING_YET,
    NEXT_REQUEST,
    REST_OF_REQUEST,
    REST_OF_STREAMS,
    PEER_TO_READ,
    PEER_TO_GO,
    END_OF_PAUSE,
} awaited;

/* That is not committed yet, or not whole. */
typedef struct {
    mw_exchange exchange;
    int32_t stream; /* of HTTP/2 */
} answer;

struct mw_connection {
    mw_reactor_source source; /* first, so that a source is its connection */
    mw_connections *all;
    mw_connection *next, *previous;
    mw_socket *socket;
    mw_http1 *http1;   /* one of the two: the first, until the client has shown that it speaks */
    mw_http2 *http2;   /* the second */
    mw_buf input;      /* taken from the socket, not yet read as requests: see OUTPUT_SIZE */
    mw_buf output;
    size_t sent;       /* bytes of the output that the socket has taken */
    size_t committed;  /* bytes of the output that may be sent */
    answer *answers;   /* in the output past `committed`, or kept by http2 */
    size_t answer_count, answer_capacity;
    size_t part_count; /* of these are left in a pause */
    answer *paused;    /* requests in a pause, whose parts are committed; in HTTP/1.1 at most one */
    size_t paused_count, paused_capacity;
    phase phase;
    bool input_ended;  /* the peer sends no more */
    awaited awaited;
    int64_t deadline_us;
};

/* Whether requests behind it wait for the end of its pause. */
static bool holds_back(const mw_connection *c, const answer *a) {
    mw_pause_kind kind = a->exchange.pause->kind;
    return kind == MW_PAUSE_FOR_WORK || (!c->http2 && kind == MW_PAUSE_FOR_TURN);
}

static bool is_held(const mw_connection *c) {
    if (!c->http2 && c->part_count > 0) return true;
    for (size_t i = 0; i < c->paused_count; i++)
        if (holds_back(c, &c->paused[i])) return true;
    return false;
}

/* What is at work for it may take its time, and is not waited for. */
static void forsake(mw_connection *c, answer *a) {
    mw_pause *pause = a->exchange.pause;
    if (!pause) return;
    if (pause->kind != MW_PAUSE_FOR_WORK) {
        mw_exchange_end_pause(&c->all->exchanges, &a->exchange);
        return;
    }
    pause->is_forsaken = true;
    pause->next = c->all->orphans;
    c->all->orphans = pause;
    a->exchange.pause = NULL;
}

static void close_now(mw_connection *c) {
    if (!c->socket) return;
    for (size_t i = 0; i < c->paused_count; i++) forsake(c, &c->paused[i]);
    for (size_t i = 0; i < c->answer_count; i++) forsake(c, &c->answers[i]);
    c->paused_count = c->answer_count = c->part_count = 0;
    mw_reactor_source_remove(&c->source);
    mw_socket_close(c->socket);
    c->socket = NULL;
    mw_series_add(c->all->exchanges.traffic.open, -1);
}

/* The reactor has let go of it. */
static void gone(mw_reactor_source *source) {
    mw_connection *c = (mw_connection *)source;
    mw_connections *all = c->all;
    if (c->previous) c->previous->next = c->next;
    else all->first = c->next;
    if (c->next) c->next->previous = c->previous;
    all->count--;
    if (all->shared_count) atomic_fetch_sub(all->shared_count, 1);
    mw_http1_destroy(c->http1);
    mw_http2_destroy(c->http2);
    mw_buf_release(&c->input);
    mw_buf_release(&c->output);
    mw_free(c->answers);
    mw_free(c->paused);
    mw_free(c);
}

/* Puts the response that was made at the end of the output, or into its stream. */
static void write_response(mw_connection *c, answer *a) {
    mw_exchanges *exchanges = &c->all->exchanges;
    mw_response_frame frame = mw_exchange_frame(exchanges, &a->exchange);
    if (!frame.has_begun) a->exchange.entry.size = 0;
    if (c->http2) {
        a->exchange.entry.size +=
            mw_http2_answer(c->http2, a->stream, &exchanges->response, frame);
        return;
    }
    size_t size = c->output.size;
    mw_response_write(&exchanges->response, frame, &c->output);
    a->exchange.entry.size += c->output.size - size;
    if (c->output.failed) close_now(c); /* out of memory: half an answer must not leave */
}

/* Room for an answer of the batch; NULL when memory is out, which closes the connection. */
static answer *new_answer(mw_connection *c) {
    if (!mw_grow((void **)&c->answers, &c->answer_capacity, c->answer_count + 1, sizeof *c->answers,
                 ANSWERS_MAX)) {
        close_now(c);
        return NULL;
    }
    answer *a = &c->answers[c->answer_count++];
    a->exchange.pause = NULL;
    return a;
}

/* An answer for whose request no more is read is the last one of its connection. */
static void mark_last(mw_connection *c, answer *a, bool is_within) {
    if (c->http2) return;
    if (is_within) a->exchange.keep_alive = false;
    if (!a->exchange.keep_alive) c->phase = CLOSING;
}

/* Answers with the response that was made; it is held until the batch is committed. */
static void finish_answer(mw_connection *c, answer *a) {
    mark_last(c, a, c->http1 && mw_http1_is_within(c->http1));
    write_response(c, a);
    if (c->socket) mw_reactor_source_hold(&c->source);
}

/* Sees to it that pauses are looked at then, or before. */
static void resume_by(mw_connections *all, int64_t due_us) {
    if (all->resumption_us <= due_us) return;
    all->resumption_us = due_us;
    mw_timer_set(all->exchanges.reactor, &all->resumption, due_us);
}

/* The part that was made waits for its commit, and its request for its turn or more of its body. */
static void hold_part(mw_connection *c, answer *a) {
    c->part_count++;
    if (a->exchange.goes_on) write_response(c, a);
    if (c->socket) mw_reactor_source_hold(&c->source);
}

static void pause_last(mw_connection *c) {
    answer *a = &c->answers[c->answer_count - 1];
    mw_pause *pause = a->exchange.pause;
    if (!mw_grow((void **)&c->paused, &c->paused_capacity, c->paused_count + c->answer_count,
                 sizeof *c->paused, ANSWERS_MAX)) {
        close_now(c);
        return;
    }
    if (c->http2)
        mw_http2_leave(c->http2, a->stream, pause->taken, pause->kind == MW_PAUSE_FOR_BODY,
                       mw_reactor_now_us(c->all->exchanges.reactor));
    else mw_http1_take(c->http1, pause->taken);
    pause->taken = 0;
    if (pause->kind != MW_PAUSE_FOR_WORK) {
        hold_part(c, a);
        return;
    }
    c->paused[c->paused_count++] = *a;
    c->answer_count--;
    resume_by(c->all, mw_reactor_now_us(c->all->exchanges.reactor) + PAUSE_US);
}

/* The last of the answers is made, or is put off. */
static void answer_or_pause(mw_connection *c) {
    answer *a = &c->answers[c->answer_count - 1];
    if (a->exchange.pause) pause_last(c);
    else finish_answer(c, a);
}

static void remove_paused(mw_connection *c, size_t index) {
    c->paused_count--;
    memmove(&c->paused[index], &c->paused[index + 1],
            (c->paused_count - index) * sizeof *c->paused);
}

/* The one of the stream (of HTTP/1.1: the one), as the answer that is made next; NULL if there is
   none, or no memory, which closes the connection. */
static answer *unpause(mw_connection *c, int32_t stream) {
    size_t index = 0;
    while (index < c->paused_count && c->paused[index].stream != stream) index++;
    if (index == c->paused_count) return NULL;
    answer *a = new_answer(c);
    if (!a) return NULL;
    *a = c->paused[index];
    remove_paused(c, index);
    return a;
}

static void resume(mw_connection *c, answer *a, const mw_http_request *request) {
    mw_exchange_resume(&c->all->exchanges, request, &a->exchange);
    answer_or_pause(c);
}

/* A request has come, or more of the body of one that waits for that. */
static void take_request(mw_connection *c, const mw_http_request *request, int32_t stream) {
    c->awaited = NOTHING_YET; /* the next one, or piece, has a deadline of its own */
    answer *a = unpause(c, stream);
    if (a) {
        resume(c, a, request);
        return;
    }
    a = c->socket ? new_answer(c) : NULL;
    if (!a) return;
    a->stream = stream;
    mw_exchange_answer(&c->all->exchanges, request, mw_socket_arrival_us(c->socket), &a->exchange);
    answer_or_pause(c);
}

/* What comes is no request, or not the rest of the one that waits for it. */
static void answer_problem(mw_connection *c, mw_status status, const mw_error *err,
                           int32_t stream) {
    answer *a = unpause(c, stream);
    if (a) {
        mw_exchange_replace(&c->all->exchanges, status, err, &a->exchange);
    } else {
        a = c->socket ? new_answer(c) : NULL;
        if (!a) return;
        a->stream = stream;
        mw_exchange_refuse(&c->all->exchanges, status, err, &a->exchange);
    }
    finish_answer(c, a);
}

/* An interim answer follows those before it; it promises nothing that had to be committed. */
static void answer_continue(mw_connection *c) {
    mw_buf_append_text(&c->output, "HTTP/1.1 100 Continue\r\n\r\n");
    if (c->output.failed) close_now(c);
    else if (c->answer_count == 0) c->committed = c->output.size;
}

/* Bytes of answers that the client has not taken. */
static size_t backlog(const mw_connection *c) {
    return c->output.size - c->sent + (c->http2 ? mw_http2_unsent(c->http2) : 0);
}

static bool takes_requests(const mw_connection *c) {
    return c->socket && c->phase == OPEN && !is_held(c) &&
           !mw_reactor_source_awaits_sync(&c->source) &&
           backlog(c) < MW_CONNECTION_OUTPUT_SIZE;
}

/* Answers the streams that are complete as long as the client may be given more. */
static void take_streams(mw_connection *c) {
    mw_http2_call call;
    while (takes_requests(c) && mw_http2_next(c->http2, &call)) {
        c->awaited = NOTHING_YET;
        if (call.request) take_request(c, call.request, call.stream);
        else answer_problem(c, call.status, call.err, call.stream);
    }
}

/* The client may give a request up, but not the connection. */
static void forsake_given_up(mw_connection *c) {
    for (size_t i = c->paused_count; i-- > 0;) {
        if (mw_http2_has(c->http2, c->paused[i].stream)) continue;
        forsake(c, &c->paused[i]);
        remove_paused(c, i);
    }
}

/* These are read also while the client takes no answers: among them is what lets these leave. */
static void read_frames(mw_connection *c, mw_str bytes) {
    int64_t now_us = mw_reactor_now_us(c->all->exchanges.reactor);
    if (mw_http2_feed(c->http2, bytes, now_us, NULL) != MW_OK) c->phase = CLOSING;
    forsake_given_up(c);
    take_streams(c);
}

static mw_http_rules rules_of(mw_connections *all) {
    return (mw_http_rules){.body_size_max = all->exchanges.config.body_size_max,
                           .takes_pieces = mw_exchange_takes_pieces,
                           .context = &all->exchanges};
}

/* The client has shown that it speaks HTTP/2. */
static void begin_http2(mw_connection *c) {
    mw_http1_destroy(c->http1);
    c->http1 = NULL;
    if (mw_http2_create(rules_of(c->all), &c->http2, NULL) != MW_OK) close_now(c);
}

/* Answers the requests in `*bytes` as long as the client may be given more. */
static void read_requests(mw_connection *c, mw_str *bytes) {
    while (bytes->size > 0 && !c->http2 && takes_requests(c)) {
        mw_http1_state state;
        mw_error err;
        mw_status status = mw_http1_feed(c->http1, bytes, &state, &err);
        if (status != MW_OK) {
            answer_problem(c, status, &err, 0);
        } else if (state == MW_HTTP1_REQUEST || state == MW_HTTP1_PIECE) {
            take_request(c, mw_http1_request(c->http1), 0);
        } else if (state == MW_HTTP1_CONTINUE && bytes->size == 0) {
            answer_continue(c);
        } else if (state == MW_HTTP1_IS_HTTP2) {
            begin_http2(c);
        }
    }
}

/* Goes on with what came before and waited for the client to read its answers. */
static void take_kept(mw_connection *c) {
    if (c->http2) take_streams(c);
    if (c->input.size == 0 || !takes_requests(c)) return;
    mw_str rest = mw_buf_str(&c->input);
    read_requests(c, &rest);
    mw_buf_drop(&c->input, c->input.size - rest.size);
}

static void read_fresh(mw_connection *c, mw_str bytes) {
    mw_series_add(c->all->exchanges.traffic.bytes_in, (double)bytes.size);
    if (c->phase != OPEN) return;
    if (!c->http2) read_requests(c, &bytes);
    if (c->http2 && c->socket) {
        read_frames(c, bytes);
        return;
    }
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

/* What HTTP/2 has to send, of answers and of its own. */
static void pull_frames(mw_connection *c) {
    size_t size_max = c->sent + MW_CONNECTION_OUTPUT_SIZE;
    if (mw_http2_pull(c->http2, &c->output, size_max, NULL) != MW_OK) close_now(c);
    c->committed = c->output.size;
}

/* Sends what the socket takes; how many bytes of answers that were. */
static size_t send_committed(mw_connection *c) {
    size_t unsent = backlog(c);
    if (c->http2) pull_frames(c);
    while (c->socket && c->sent < c->committed) {
        mw_str rest = mw_str_slice(mw_buf_str(&c->output), c->sent, c->committed);
        size_t size;
        mw_socket_result result = mw_socket_write(c->socket, rest, &size);
        if (result == MW_SOCKET_ENDED) close_now(c);
        if (result != MW_SOCKET_MOVED) break;
        c->sent += size;
        mw_series_add(c->all->exchanges.traffic.bytes_out, (double)size);
        if (c->sent < c->output.size) continue;
        output_clear(c);
        if (c->http2) pull_frames(c);
    }
    return unsent > backlog(c) ? unsent - backlog(c) : 0;
}

static void send_output(mw_connection *c) {
    if (send_committed(c) > 0) c->awaited = NOTHING_YET; /* it reads: its time begins anew */
    if (c->sent >= MW_CONNECTION_OUTPUT_SIZE) {
        mw_buf_drop(&c->output, c->sent);
        c->committed -= c->sent;
        c->sent = 0;
    }
}

/* Goes from phase to phase when all is sent. */
static void end_if_done(mw_connection *c) {
    if (!c->socket) return;
    if (c->phase == OPEN && c->http2 && mw_http2_has_ended(c->http2)) c->phase = CLOSING;
    bool more_can_leave = c->http2 && c->phase == OPEN && !c->input_ended && backlog(c) > 0;
    if (c->output.size > 0 || c->answer_count > 0 || is_held(c) || more_can_leave) return;
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
    c->deadline_us = mw_reactor_now_us(c->all->exchanges.reactor) + span_us;
}

/* Whether a request may make more of its answer. */
static bool has_turn(const mw_connection *c) {
    if (backlog(c) >= MW_CONNECTION_OUTPUT_SIZE) return false;
    if (mw_reactor_source_awaits_sync(&c->source)) return false;
    for (size_t i = 0; i < c->paused_count; i++)
        if (c->paused[i].exchange.pause->kind == MW_PAUSE_FOR_TURN) return true;
    return false;
}

/* After anything has happened: what to be told of, and by when. */
static void settle(mw_connection *c) {
    end_if_done(c);
    if (!c->socket) return;
    if (has_turn(c)) resume_by(c->all, mw_reactor_now_us(c->all->exchanges.reactor));
    bool reading = c->http2 ? c->phase == OPEN : takes_requests(c) && c->input.size == 0;
    mw_poller_interest interest = {
        .readable = (reading || c->phase == LINGERING) && !c->input_ended,
        .writable = c->sent < c->committed,
    };
    mw_reactor_source_set_interest(&c->source, interest);
    const mw_server_config *config = &c->all->exchanges.config;
    bool sending = interest.writable || (c->http2 && mw_http2_unsent(c->http2) > 0);
    if (c->phase == LINGERING) await(c, PEER_TO_GO, config->linger_us);
    else if (sending) await(c, PEER_TO_READ, config->write_us);
    else if (is_held(c)) await(c, END_OF_PAUSE, NEVER_US);
    else if (c->http2 && mw_http2_stream_count(c->http2) > 0) await(c, REST_OF_STREAMS, NEVER_US);
    else if (c->http1 && mw_http1_is_within(c->http1))
        await(c, REST_OF_REQUEST, config->request_us);
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
    if (c->socket) take_kept(c);
    if (c->socket && c->http2 && c->answer_count == 0) send_output(c); /* or with the answers */
    settle(c);
}

/* The promises of the batch could not be kept: its answers say so instead. */
static void replace_answers(mw_connection *c, mw_status status, const mw_error *err) {
    c->output.size = c->committed;
    for (size_t i = 0; i < c->answer_count && c->socket; i++) {
        answer *a = &c->answers[i];
        bool is_part = a->exchange.pause != NULL;
        mw_exchange_replace(&c->all->exchanges, status, err, &a->exchange);
        mark_last(c, a, is_part && c->http1 && mw_http1_is_within(c->http1));
        write_response(c, a);
    }
    c->part_count = 0;
}

/* The answers of the batch may leave, and those that go on are in their pauses. */
static void end_batch(mw_connection *c) {
    mw_exchanges *exchanges = &c->all->exchanges;
    int64_t now_us = mw_sys_monotonic_us(mw_reactor_sys(exchanges->reactor));
    mw_exchanges_take_baton(exchanges);
    for (size_t i = 0; i < c->answer_count; i++) {
        answer *a = &c->answers[i];
        if (!a->exchange.pause) {
            mw_exchange_end(exchanges, &a->exchange, now_us);
            continue;
        }
        a->exchange.has_begun = a->exchange.has_begun || a->exchange.goes_on;
        c->paused[c->paused_count++] = *a;
    }
    mw_exchanges_lay_down(exchanges);
    c->answer_count = c->part_count = 0;
}

static void release(mw_reactor_source *source, mw_status committed, const mw_error *err) {
    mw_connection *c = (mw_connection *)source;
    if (committed != MW_OK) replace_answers(c, committed, err);
    if (!c->socket) return;
    end_batch(c);
    if (c->http2) mw_http2_commit(c->http2);
    c->committed = c->output.size;
    send_output(c);
    if (c->socket) take_kept(c);
    settle(c);
}

/* Takes no more streams; those that have begun are answered. */
static void end_streams(mw_connection *c) {
    mw_http2_end(c->http2);
    send_output(c);
    settle(c);
}

/* A request that has begun is still answered, and its answer ends the connection. */
static void stop(mw_reactor_source *source) {
    mw_connection *c = (mw_connection *)source;
    if (c->phase != OPEN) return;
    if (c->http2) {
        end_streams(c);
        return;
    }
    bool is_busy = c->paused_count + c->part_count > 0;
    if (mw_http1_is_within(c->http1) || c->input.size > 0 || is_busy) return;
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
    if (mw_http1_create(rules_of(all), &c->http1, err) != MW_OK) {
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
    mw_status status = c ? mw_reactor_add(all->exchanges.reactor, &c->source,
                                          mw_socket_descriptor(socket),
                                          (mw_poller_interest){.readable = true}, err)
                         : MW_NO_MEMORY;
    if (status != MW_OK) {
        mw_socket_close(socket);
        if (c) mw_http1_destroy(c->http1);
        mw_free(c);
        return status;
    }
    c->socket = socket;
    c->next = all->first;
    if (all->first) all->first->previous = c;
    all->first = c;
    all->count++;
    mw_series_add(all->exchanges.traffic.open, 1);
    *out_c = c;
    return MW_OK;
}

mw_status mw_connection_open(mw_connections *all, mw_socket *socket, mw_error *err) {
    mw_connection *c;
    MW_TRY(open_connection(all, socket, &c, err));
    settle(c);
    return MW_OK;
}

mw_status mw_connection_welcome(mw_connections *all, mw_socket *socket, mw_error *err) {
    mw_tls *tls = all->exchanges.config.tls;
    mw_status status = tls ? mw_socket_secure(socket, tls, err) : MW_OK;
    if (status == MW_OK) return mw_connection_open(all, socket, err);
    mw_socket_close(socket);
    return status;
}

mw_status mw_connection_refuse(mw_connections *all, mw_socket *socket, mw_error *err) {
    mw_connection *c;
    MW_TRY(open_connection(all, socket, &c, err));
    mw_error reason;
    answer a = {.stream = 0};
    mw_status status = mw_fail(&reason, MW_BUSY, "connections: must be at most %zu, got more",
                               all->exchanges.config.connection_count_max);
    mw_exchange_refuse(&all->exchanges, status, &reason, &a.exchange);
    c->phase = CLOSING;
    write_response(c, &a);
    if (!c->socket) return MW_OK;
    c->committed = c->output.size;
    send_output(c);
    settle(c);
    return MW_OK;
}

static mw_status late_request(const mw_connection *c, mw_error *err) {
    return mw_fail(err, MW_TIMED_OUT,
                   "request: must be complete after %lld ms, got a part of it",
                   (long long)(c->all->exchanges.config.request_us / 1000));
}

/* Only who was sending a request waits for an answer. */
static void expire(mw_connection *c) {
    mw_error err;
    mw_series_add(c->all->exchanges.traffic.timed_out, 1);
    if (c->awaited == REST_OF_REQUEST) {
        mw_status status = late_request(c, &err);
        answer_problem(c, status, &err, 0);
        settle(c);
    } else if (c->awaited == NEXT_REQUEST && c->http2) {
        end_streams(c);
    } else {
        close_now(c);
    }
}

static void expire_streams(mw_connection *c, int64_t now_us) {
    mw_error err;
    mw_status status = late_request(c, &err);
    int64_t begun_us = now_us - c->all->exchanges.config.request_us;
    size_t count = mw_http2_refuse_older(c->http2, begun_us, status, &err);
    if (count == 0) return;
    mw_series_add(c->all->exchanges.traffic.timed_out, (double)count);
    take_streams(c);
    settle(c);
}

static void sweep(mw_timer *timer, int64_t now_us) {
    mw_connections *all = (mw_connections *)((char *)timer - offsetof(mw_connections, sweep));
    mw_reactor *reactor = all->exchanges.reactor;
    for (mw_connection *c = all->first; c; c = c->next) {
        if (c->socket && now_us >= c->deadline_us) expire(c);
        if (c->socket && c->http2) expire_streams(c, now_us);
    }
    int64_t drained_us = mw_reactor_stopped_us(reactor) + all->exchanges.config.drain_us;
    if (mw_reactor_is_stopping(reactor) && now_us >= drained_us) mw_connections_close(all);
    mw_timer_set(reactor, timer, now_us + all->sweep_us);
}

void mw_connections_close(mw_connections *all) {
    for (mw_connection *c = all->first; c; c = c->next) close_now(c);
}

/* --- pauses ------------------------------------------------------------------------------- */

static bool waits_for_work(const mw_connection *c) {
    for (size_t i = 0; i < c->paused_count; i++)
        if (c->paused[i].exchange.pause->kind == MW_PAUSE_FOR_WORK) return true;
    return false;
}

static bool is_over(const mw_connection *c, const answer *a) {
    mw_pause *pause = a->exchange.pause;
    if (mw_reactor_source_awaits_sync(&c->source) || pause->kind == MW_PAUSE_FOR_BODY) return false;
    if (pause->kind == MW_PAUSE_FOR_TURN) return backlog(c) < MW_CONNECTION_OUTPUT_SIZE;
    mw_exchanges_take_baton(&c->all->exchanges);
    bool over = pause->is_over(pause);
    mw_exchanges_lay_down(&c->all->exchanges);
    return over;
}

/* From the last on: one that is left in a pause anew comes behind it. */
static void resume_over(mw_connection *c) {
    if (c->paused_count == 0) return;
    if (c->http2) forsake_given_up(c);
    for (size_t i = c->paused_count; i-- > 0 && c->socket;) {
        if (!is_over(c, &c->paused[i])) continue;
        int32_t stream = c->paused[i].stream;
        answer *a = unpause(c, stream);
        if (!a) return;
        resume(c, a, c->http2 ? mw_http2_taken(c->http2, stream) : mw_http1_request(c->http1));
    }
    if (c->socket) take_kept(c);
    if (c->socket && c->http2 && c->answer_count == 0) send_output(c); /* or with the answers */
    settle(c);
}

static void end_orphans(mw_connections *all, bool wait) {
    if (!all->orphans) return;
    mw_exchanges_take_baton(&all->exchanges);
    for (mw_pause **link = &all->orphans; *link;) {
        mw_pause *pause = *link;
        if (!wait && !pause->is_over(pause)) {
            link = &pause->next;
            continue;
        }
        *link = pause->next;
        pause->end(pause);
    }
    mw_exchanges_lay_down(&all->exchanges);
}

static void resume_all(mw_timer *timer, int64_t now_us) {
    mw_connections *all =
        (mw_connections *)((char *)timer - offsetof(mw_connections, resumption));
    bool has_more = false;
    all->resumption_us = INT64_MAX;
    for (mw_connection *c = all->first; c; c = c->next) {
        resume_over(c);
        has_more = has_more || waits_for_work(c);
    }
    end_orphans(all, false);
    if (has_more || all->orphans) resume_by(all, now_us + PAUSE_US);
}

/* Deadlines are met to a tenth of the shortest of them, or to a second. */
static int64_t sweep_span_us(mw_server_config config) {
    const int64_t spans[] = {config.idle_us, config.request_us, config.write_us,
                             config.linger_us, config.drain_us};
    int64_t shortest = 10 * MW_SECOND_US;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (spans[i] < shortest) shortest = spans[i];
    return shortest / 10 > 1000 ? shortest / 10 : 1000;
}

void mw_connections_init(mw_connections *all, mw_reactor *reactor, mw_server_config config) {
    mw_exchanges_init(&all->exchanges, reactor, config);
    all->resumption.fire = resume_all;
    all->resumption_us = INT64_MAX;
    all->sweep.fire = sweep;
    all->sweep_us = sweep_span_us(config);
    mw_timer_set(reactor, &all->sweep, mw_reactor_now_us(reactor) + all->sweep_us);
}

void mw_connections_release(mw_connections *all) {
    mw_timer_clear(all->exchanges.reactor, &all->sweep);
    mw_timer_clear(all->exchanges.reactor, &all->resumption);
    end_orphans(all, true);
    mw_exchanges_release(&all->exchanges);
}
