/*
 * connection: one client of the server, from its first byte to its last.
 *
 * What it speaks is seen from its first bytes: HTTP/1.1, or HTTP/2 after the preface of that,
 * which both who knows that we speak it and who agreed on it by ALPN send. In HTTP/1.1 requests
 * are answered in the order in which they come, into one output buffer; in HTTP/2 each in its
 * stream. What a batch has answered leaves once it is committed; if the commit fails, each of its
 * answers is replaced by that problem. While a client does not read its answers, or these await the
 * disk, no more of its requests are taken, so its output is bounded; while it does not send, read
 * or go in time, a deadline runs.
 *
 * A request that its handler leaves in a pause holds back those behind it on its connection, and
 * nobody else; it is asked for again every PAUSE_US until it is over. A body that its handler takes
 * in pieces, and an answer that it makes in parts, go by pauses too: no more is read of the one
 * than was taken, nor made of the other than the client reads; each part waits for its commit. In
 * HTTP/2 only who waits for work holds back other streams.
 *
 * A client that closes its own side while it waits may still read: it is answered. That it has gone
 * altogether shows when it is written to.
 *
 * After the last answer our side is closed and what still comes is read and dropped for a while:
 * closing at once would make the system tell the peer of a failure, and it may lose the answer.
 *
 * Only server.c and teller.c include this. All connections belong to the thread of their reactor.
 */
#pragma once
#include "serve/exchange.h"
#include "sys/sockets.h"

#include <stdatomic.h>

enum {
    MW_CONNECTION_INPUT_SIZE = 64 << 10,   /* taken from a socket at once */
    MW_CONNECTION_OUTPUT_SIZE = 256 << 10, /* unsent, past which no request is taken */
};

typedef struct mw_connection mw_connection;

/* What the connections of one server share. */
typedef struct {
    mw_exchanges exchanges;
    mw_connection *first;
    size_t count;
    atomic_size_t *shared_count; /* goes down with it too; NULL: nobody else asks */
    mw_timer sweep; /* ends what is past its deadline, and a drain that takes too long */
    int64_t sweep_us;
    mw_timer resumption; /* set while there are pauses that end by themselves */
    int64_t resumption_us; /* when it is due; INT64_MAX: it is not set */
    mw_pause *orphans;   /* pauses whose client has gone before they were over */
    char input[MW_CONNECTION_INPUT_SIZE];
} mw_connections;

void mw_connections_init(mw_connections *all, mw_reactor *reactor, mw_server_config config);
/* Once all are closed and buried. Waits for what is read for those that have gone. */
void mw_connections_release(mw_connections *all);
/* Takes over the socket, also on failure. */
MW_MUST_USE mw_status mw_connection_open(mw_connections *all, mw_socket *socket, mw_error *err);
/* Likewise, for a client over the limit, who is told to come back later. */
MW_MUST_USE mw_status mw_connection_refuse(mw_connections *all, mw_socket *socket,
                                           mw_error *err);
/* Accepted by the caller, by TLS where the server has it. Takes over the socket likewise. */
MW_MUST_USE mw_status mw_connection_welcome(mw_connections *all, mw_socket *socket, mw_error *err);
void mw_connections_close(mw_connections *all); /* all of them, now */
