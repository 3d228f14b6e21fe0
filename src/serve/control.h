/*
 * control: messages between a running server and other commands on the same machine.
 *
 * Over a socket in the state folder, open to its user only, a client sends a message, {u32 size,
 * u32 kind, bytes}, little endian, and gets one in return: the answer's bytes, or a failure with
 * its status, message and hint, which mw_control_call gives back as if it had happened here. An
 * answer leaves after the reactor's batch is committed. What the kinds mean is for those who
 * send and handle them.
 *
 * A client sends its next message after the answer. The server's end belongs to the thread of
 * its reactor; a client belongs to one thread, and blocks.
 */
#pragma once
#include "serve/reactor.h"
#include "serve/response.h"

enum {
    MW_CONTROL_MESSAGE_SIZE_MAX = 64 << 20,
    MW_CONTROL_PEERS_MAX = 64,
    MW_CONTROL_KIND_MAX = 0x7fffffff, /* kinds above it are the protocol's own */
};

/* The server's end. */
typedef struct mw_control mw_control;

typedef struct {
    uint32_t kind;
    mw_str bytes;
    mw_pause *pause; /* in which it was left before; NULL: it is new */
} mw_control_message;

typedef struct {
    const char *path;
    /* Appends the answer; a failure is sent in its place. Must not block: what takes a while is
       left in `message->pause`, and handled again once that is over, if its client is there. */
    mw_status (*handle)(void *context, mw_control_message *message, mw_buf *answer,
                        mw_error *err);
    void *context;
} mw_control_config;

/* MW_BUSY if another server listens there. */
MW_MUST_USE mw_status mw_control_create(mw_reactor *reactor, mw_control_config config,
                                        mw_control **out_control, mw_error *err);
/* Before the reactor is destroyed. NULL is allowed. */
void mw_control_destroy(mw_control *control);

/* The client's end. */
typedef struct mw_control_client mw_control_client;

/* MW_UNAVAILABLE if no server listens there. */
MW_MUST_USE mw_status mw_control_connect(mw_sys *sys, const char *path,
                                         mw_control_client **out_client, mw_error *err);
/* Sends a message and appends its answer to `out_answer`. MW_TIMED_OUT if it does not come within
   the span, MW_UNAVAILABLE if the server goes: then nobody knows what became of the message, and
   the client is of no more use. */
MW_MUST_USE mw_status mw_control_call(mw_control_client *client, uint32_t kind, mw_str bytes,
                                      int64_t span_us, mw_buf *out_answer, mw_error *err);
void mw_control_close(mw_control_client *client); /* NULL is allowed */
