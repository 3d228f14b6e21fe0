#include "serve/control.h"

#include "sys/sockets.h"

#include <string.h>

enum {
    HEAD_SIZE = 8, /* size and kind */
    READ_SIZE = 64 << 10,
    RETRY_US = 100000,
    PAUSE_US = 1000,
};
/* The kinds of what a server sends. */
#define KIND_ANSWER (MW_CONTROL_KIND_MAX + 1u)
#define KIND_FAILURE (MW_CONTROL_KIND_MAX + 2u)

typedef struct peer peer;
struct peer {
    mw_reactor_source source; /* first, so that a source is its peer */
    mw_control *control;
    peer *next, *previous;
    mw_socket *socket;
    mw_buf input;  /* one message at most, but for bytes that came with it */
    mw_buf output; /* the answer to it */
    mw_pause *pause; /* there is none yet */
    size_t sent;
    bool answering; /* there is an answer that is not sent yet */
    bool committed; /* and it may be sent */
};

struct mw_control {
    mw_reactor_source source; /* the listener */
    mw_control_config config;
    mw_reactor *reactor;
    mw_socket *listener;
    mw_timer retry; /* accepting, after it failed */
    mw_timer resumption;
    peer *first;
    size_t peer_count;
    mw_pause *orphans; /* whose peers have gone */
};

typedef struct {
    uint32_t size, kind;
} head;

/* False if the bytes hold no whole head. */
static bool head_read(mw_str bytes, head *out_head) {
    mw_reader reader = {.rest = bytes};
    out_head->size = mw_read_u32(&reader);
    out_head->kind = mw_read_u32(&reader);
    return !reader.failed;
}

static void head_append(mw_buf *out, size_t size, uint32_t kind) {
    mw_buf_append_u32(out, (uint32_t)size);
    mw_buf_append_u32(out, kind);
}

static void append_text(mw_buf *out, const char *text) {
    mw_buf_append_u32(out, (uint32_t)strlen(text));
    mw_buf_append_text(out, text);
}

/* A status travels by its name: its number may differ between two builds. */
static void failure_append(mw_buf *out, mw_status status, const mw_error *err) {
    const char *name = mw_status_name(status);
    head_append(out, 12 + strlen(name) + strlen(err->message) + strlen(err->hint), KIND_FAILURE);
    append_text(out, name);
    append_text(out, err->message);
    append_text(out, err->hint);
}

static mw_status status_of(mw_str name) {
    static const mw_status statuses[] = {
#define X(status, exit_code, http, type, text) MW_##status,
        MW_STATUS_MAP(X)
#undef X
    };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i] != MW_OK && mw_str_is(name, mw_status_name(statuses[i])))
            return statuses[i];
    return MW_IO;
}

static mw_status failure_read(mw_str bytes, mw_error *err) {
    mw_reader reader = {.rest = bytes};
    mw_str name = mw_read_bytes(&reader, mw_read_u32(&reader));
    mw_str message = mw_read_bytes(&reader, mw_read_u32(&reader));
    mw_str hint = mw_read_bytes(&reader, mw_read_u32(&reader));
    if (reader.failed) return mw_fail(err, MW_MALFORMED, "control socket: got half a failure");
    mw_status status = mw_fail(err, status_of(name), "%.*s", MW_STR_ARGS(message));
    return hint.size > 0 ? mw_hint(err, status, "%.*s", MW_STR_ARGS(hint)) : status;
}

static void look_again(mw_control *control) {
    mw_timer_set(control->reactor, &control->resumption,
                 mw_reactor_now_us(control->reactor) + PAUSE_US);
}

/* What is at work for it may take its time, and is not waited for. */
static void forsake(peer *p) {
    if (!p->pause) return;
    p->pause->is_forsaken = true;
    p->pause->next = p->control->orphans;
    p->control->orphans = p->pause;
    p->pause = NULL;
}

static void peer_close(peer *p) {
    if (!p->socket) return;
    forsake(p);
    mw_reactor_source_remove(&p->source);
    mw_socket_close(p->socket);
    p->socket = NULL;
}

static void peer_gone(mw_reactor_source *source) {
    peer *p = (peer *)source;
    mw_control *control = p->control;
    if (p->previous) p->previous->next = p->next;
    else control->first = p->next;
    if (p->next) p->next->previous = p->previous;
    control->peer_count--;
    mw_buf_release(&p->input);
    mw_buf_release(&p->output);
    mw_free(p);
}

static void write_answer(peer *p, mw_status status, mw_error *err) {
    if (status == MW_OK) status = mw_buf_check(&p->output, "answer", err);
    if (status == MW_OK) {
        uint32_t size = (uint32_t)(p->output.size - HEAD_SIZE);
        for (size_t i = 0; i < 4; i++) p->output.data[i] = (char)(size >> 8 * i);
    } else {
        mw_buf_clear(&p->output);
        failure_append(&p->output, status, err);
    }
}

/* Handles the message that stands in the input, and holds its answer, unless it is left in a pause:
   then it stays there. */
static void answer_message(peer *p, head h) {
    const mw_control_config *config = &p->control->config;
    mw_pause *before = p->pause;
    mw_control_message message = {
        .kind = h.kind,
        .bytes = mw_str_slice(mw_buf_str(&p->input), HEAD_SIZE, HEAD_SIZE + h.size),
        .pause = before};
    mw_error err = {.message = ""};
    mw_buf_clear(&p->output);
    head_append(&p->output, 0, KIND_ANSWER);
    mw_status status = config->handle(config->context, &message, &p->output, &err);
    if (before && before != message.pause) before->end(before);
    p->pause = message.pause;
    p->answering = true;
    p->committed = false;
    if (p->pause) {
        look_again(p->control);
        return;
    }
    write_answer(p, status, &err);
    mw_buf_drop(&p->input, HEAD_SIZE + h.size);
    mw_reactor_source_hold(&p->source);
}

/* Takes the next message if it is whole. What is no message cannot be answered. */
static void next_message(peer *p) {
    head h;
    if (p->answering || !head_read(mw_buf_str(&p->input), &h)) return;
    if (h.size > MW_CONTROL_MESSAGE_SIZE_MAX || h.kind > MW_CONTROL_KIND_MAX) peer_close(p);
    else if (p->input.size - HEAD_SIZE >= h.size) answer_message(p, h);
}

static void peer_receive(peer *p) {
    char bytes[READ_SIZE];
    size_t size;
    mw_socket_result result = mw_socket_read(p->socket, bytes, sizeof bytes, &size);
    if (result == MW_SOCKET_BLOCKED) return;
    if (result == MW_SOCKET_MOVED) mw_buf_append(&p->input, bytes, size);
    if (result == MW_SOCKET_ENDED || p->input.failed) peer_close(p);
    else next_message(p);
}

static void peer_send(peer *p) {
    while (p->socket && p->sent < p->output.size) {
        size_t size;
        mw_str rest = mw_str_slice(mw_buf_str(&p->output), p->sent, p->output.size);
        mw_socket_result result = mw_socket_write(p->socket, rest, &size);
        if (result == MW_SOCKET_ENDED) peer_close(p);
        if (result != MW_SOCKET_MOVED) return;
        p->sent += size;
    }
    p->sent = 0;
    p->answering = false;
    if (p->output.capacity > READ_SIZE) mw_buf_release(&p->output);
    mw_buf_clear(&p->output);
    if (p->input.size == 0 && p->input.capacity > READ_SIZE) mw_buf_release(&p->input);
}

static void end_orphans(mw_control *control, bool wait) {
    for (mw_pause **link = &control->orphans; *link;) {
        mw_pause *pause = *link;
        if (!wait && !pause->is_over(pause)) {
            link = &pause->next;
            continue;
        }
        *link = pause->next;
        pause->end(pause);
    }
}

/* Answers those for whom it is over. */
static void resume_all(mw_timer *timer, int64_t now_us) {
    mw_control *control = (mw_control *)((char *)timer - offsetof(mw_control, resumption));
    bool has_more = false;
    (void)now_us;
    for (peer *p = control->first; p; p = p->next) {
        head h;
        if (p->pause && p->pause->is_over(p->pause) && head_read(mw_buf_str(&p->input), &h))
            answer_message(p, h);
        has_more = has_more || p->pause;
    }
    end_orphans(control, false);
    if (has_more || control->orphans) look_again(control);
}

static void peer_settle(peer *p) {
    if (!p->socket) return;
    if (!p->answering && mw_reactor_is_stopping(p->control->reactor)) {
        peer_close(p);
        return;
    }
    mw_poller_interest interest = {.readable = !p->answering,
                                   .writable = p->answering && p->committed};
    mw_reactor_source_set_interest(&p->source, interest);
}

static void peer_ready(mw_reactor_source *source, const mw_poller_event *event) {
    peer *p = (peer *)source;
    if (p->answering && event->hangup) peer_close(p);
    else if (!p->answering) peer_receive(p);
    else if (p->committed) peer_send(p);
    if (p->socket) next_message(p);
    peer_settle(p);
}

static void peer_release(mw_reactor_source *source, mw_status committed, const mw_error *err) {
    peer *p = (peer *)source;
    if (committed != MW_OK) {
        mw_buf_clear(&p->output);
        failure_append(&p->output, committed, err);
    }
    if (p->output.failed) { /* no memory even for that */
        peer_close(p);
        return;
    }
    p->committed = true;
    peer_send(p);
    if (p->socket) next_message(p);
    peer_settle(p);
}

static void peer_stop(mw_reactor_source *source) {
    peer_settle((peer *)source);
}

/* Takes over the socket; out of memory, its connection ends. */
static void peer_open(mw_control *control, mw_socket *socket) {
    peer *p = mw_allocate(sizeof *p);
    mw_status status = MW_NO_MEMORY;
    if (p) {
        p->source = (mw_reactor_source){.ready = peer_ready,
                                        .release = peer_release,
                                        .stop = peer_stop,
                                        .gone = peer_gone};
        status = mw_reactor_add(control->reactor, &p->source, mw_socket_descriptor(socket),
                                (mw_poller_interest){.readable = true}, NULL);
    }
    if (status != MW_OK) {
        mw_socket_close(socket);
        mw_free(p);
        return;
    }
    mw_buf_init(&p->input, HEAD_SIZE + MW_CONTROL_MESSAGE_SIZE_MAX + READ_SIZE);
    mw_buf_init(&p->output, HEAD_SIZE + MW_CONTROL_MESSAGE_SIZE_MAX);
    p->control = control;
    p->socket = socket;
    p->next = control->first;
    if (p->next) p->next->previous = p;
    control->first = p;
    control->peer_count++;
}

/* A client over the limit sees its connection end. One that there is no descriptor for stays in
   the queue and would make the poller spin. */
static void listener_ready(mw_reactor_source *source, const mw_poller_event *event) {
    (void)event;
    mw_control *control = (mw_control *)source;
    mw_socket *socket = NULL;
    if (mw_socket_accept(control->listener, &socket, NULL) != MW_OK) {
        mw_reactor_source_set_interest(source, (mw_poller_interest){0});
        mw_timer_set(control->reactor, &control->retry,
                     mw_reactor_now_us(control->reactor) + RETRY_US);
    } else if (socket && control->peer_count == MW_CONTROL_PEERS_MAX) {
        mw_socket_close(socket);
    } else if (socket) {
        peer_open(control, socket);
    }
}

static void accept_again(mw_timer *timer, int64_t now_us) {
    (void)now_us;
    mw_control *control = (mw_control *)((char *)timer - offsetof(mw_control, retry));
    if (control->listener)
        mw_reactor_source_set_interest(&control->source, (mw_poller_interest){.readable = true});
}

static void close_listener(mw_control *control) {
    if (!control->listener) return;
    mw_reactor_source_remove(&control->source);
    mw_socket_close(control->listener);
    control->listener = NULL;
}

static void listener_stop(mw_reactor_source *source) {
    close_listener((mw_control *)source);
}

mw_status mw_control_create(mw_reactor *reactor, mw_control_config config,
                            mw_control **out_control, mw_error *err) {
    mw_control *control = mw_allocate(sizeof *control);
    if (!control) return mw_fail(err, MW_NO_MEMORY, "control socket: no memory is left");
    control->source = (mw_reactor_source){.ready = listener_ready, .stop = listener_stop};
    control->config = config;
    control->reactor = reactor;
    control->retry.fire = accept_again;
    control->resumption.fire = resume_all;
    mw_socket *listener = NULL;
    mw_status status =
        mw_socket_listen_path(mw_reactor_sys(reactor), config.path, &listener, err);
    if (status == MW_OK)
        status = mw_reactor_add(reactor, &control->source, mw_socket_descriptor(listener),
                                (mw_poller_interest){.readable = true}, err);
    if (status != MW_OK) {
        mw_socket_close(listener);
        mw_free(control);
        return status;
    }
    control->listener = listener;
    *out_control = control;
    return MW_OK;
}

void mw_control_destroy(mw_control *control) {
    if (!control) return;
    close_listener(control);
    mw_timer_clear(control->reactor, &control->retry);
    for (peer *p = control->first; p; p = p->next) peer_close(p);
    mw_timer_clear(control->reactor, &control->resumption);
    end_orphans(control, true);
    mw_reactor_bury(control->reactor);
    mw_free(control);
}

struct mw_control_client {
    mw_sys *sys;
    mw_socket *socket;
    mw_buf input;
};

mw_status mw_control_connect(mw_sys *sys, const char *path, mw_control_client **out_client,
                             mw_error *err) {
    mw_control_client *client = mw_allocate(sizeof *client);
    if (!client) return mw_fail(err, MW_NO_MEMORY, "control socket: no memory is left");
    mw_status status = mw_socket_connect_path(sys, path, &client->socket, err);
    if (status != MW_OK) {
        mw_free(client);
        return status;
    }
    client->sys = sys;
    mw_buf_init(&client->input, HEAD_SIZE + MW_CONTROL_MESSAGE_SIZE_MAX + READ_SIZE);
    *out_client = client;
    return MW_OK;
}

static mw_status server_gone(mw_error *err) {
    return mw_fail(err, MW_UNAVAILABLE, "control socket: the server has gone without an answer");
}

static mw_status await(mw_control_client *client, bool to_write, int64_t due_us, mw_error *err) {
    int64_t span_us = due_us - mw_sys_monotonic_us(client->sys);
    if (span_us > 0 && mw_socket_wait(client->socket, to_write, span_us)) return MW_OK;
    return mw_fail(err, MW_TIMED_OUT, "control socket: the server did not answer in time");
}

static mw_status send_all(mw_control_client *client, mw_str rest, int64_t due_us,
                          mw_error *err) {
    while (rest.size > 0) {
        size_t size = 0;
        mw_socket_result result = mw_socket_write(client->socket, rest, &size);
        if (result == MW_SOCKET_ENDED) return server_gone(err);
        if (result == MW_SOCKET_BLOCKED) MW_TRY(await(client, true, due_us, err));
        else rest = mw_str_slice(rest, size, rest.size);
    }
    return MW_OK;
}

/* Until a whole message stands in the input. */
static mw_status receive(mw_control_client *client, int64_t due_us, head *out_head,
                         mw_error *err) {
    for (;;) {
        if (head_read(mw_buf_str(&client->input), out_head)) {
            if (out_head->size > MW_CONTROL_MESSAGE_SIZE_MAX)
                return mw_fail(err, MW_MALFORMED,
                               "control socket: an answer must be at most %d bytes, got %u",
                               MW_CONTROL_MESSAGE_SIZE_MAX, out_head->size);
            if (client->input.size - HEAD_SIZE >= out_head->size) return MW_OK;
        }
        char bytes[READ_SIZE];
        size_t size = 0;
        mw_socket_result result = mw_socket_read(client->socket, bytes, sizeof bytes, &size);
        if (result == MW_SOCKET_ENDED) return server_gone(err);
        if (result == MW_SOCKET_BLOCKED) MW_TRY(await(client, false, due_us, err));
        else mw_buf_append(&client->input, bytes, size);
        MW_TRY(mw_buf_check(&client->input, "control socket: answer", err));
    }
}

mw_status mw_control_call(mw_control_client *client, uint32_t kind, mw_str bytes,
                          int64_t span_us, mw_buf *out_answer, mw_error *err) {
    MW_ASSERT(kind <= MW_CONTROL_KIND_MAX);
    if (bytes.size > MW_CONTROL_MESSAGE_SIZE_MAX)
        return mw_fail(err, MW_TOO_LARGE, "message: must be at most %d bytes, got %zu",
                       MW_CONTROL_MESSAGE_SIZE_MAX, bytes.size);
    int64_t due_us = mw_sys_monotonic_us(client->sys) + span_us;
    mw_buf first;
    mw_buf_init(&first, HEAD_SIZE);
    head_append(&first, bytes.size, kind);
    mw_status status = mw_buf_check(&first, "message", err);
    if (status == MW_OK) status = send_all(client, mw_buf_str(&first), due_us, err);
    mw_buf_release(&first);
    MW_TRY(status);
    MW_TRY(send_all(client, bytes, due_us, err));

    head h = {0};
    mw_buf_clear(&client->input);
    MW_TRY(receive(client, due_us, &h, err));
    mw_str answer = mw_str_slice(mw_buf_str(&client->input), HEAD_SIZE, HEAD_SIZE + h.size);
    if (h.kind == KIND_FAILURE) return failure_read(answer, err);
    if (h.kind != KIND_ANSWER)
        return mw_fail(err, MW_MALFORMED, "control socket: got no answer but kind %u", h.kind);
    mw_buf_append_str(out_answer, answer);
    return mw_buf_check(out_answer, "answer", err);
}

void mw_control_close(mw_control_client *client) {
    if (!client) return;
    mw_socket_close(client->socket);
    mw_buf_release(&client->input);
    mw_free(client);
}
