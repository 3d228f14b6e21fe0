/*
 * server: serves HTTP/1.1 and HTTP/2 on one address, in the thread of a reactor or in several
 * (serve/teller.h).
 *
 * Requests are answered by the routes of a table (serve/router.h), at once: a handler must not
 * block. Answers leave after the reactor's batch is committed. Slow, idle, broken and surplus
 * clients are bounded by the limits below; what a client does wrong is answered by a problem
 * document and ends its connection, or in HTTP/2 its stream.
 *
 * A request that has waited longer than its deadline before it is taken up, unseen in the
 * system's buffers, is refused at once with 503 and "Retry-After": nobody waits for it any more,
 * and the work goes to those that can still be met. "X-Request-Timeout-Ms" sets another deadline.
 *
 * On the reactor's stop the address is given up at once, idle connections are closed, requests
 * under way are answered with "Connection: close" (HTTP/2: after GOAWAY), and what is left after
 * `drain_us` is cut.
 */
#pragma once
#include "serve/access.h"
#include "serve/access_log.h"
#include "serve/reactor.h"
#include "serve/pulse.h"
#include "serve/router.h"
#include "serve/telemetry.h"
#include "sys/tls.h"

enum {
    MW_SERVER_CONNECTIONS_MAX = 10000,
    MW_SERVER_TELLERS_MAX = 64,
};

typedef struct {
    const char *host; /* "127.0.0.1" */
    uint16_t port;    /* 0: any free one */
    mw_router router;
    void *context;       /* for the routes' handlers */
    mw_telemetry *telemetry; /* the caller's; must outlive the server */
    mw_pulse *pulse;         /* likewise; NULL: answers are not told apart by model */
    mw_tls *tls;             /* likewise; NULL: plain HTTP */
    mw_access_log *access_log; /* likewise; NULL: none is kept */
    const mw_access *access; /* likewise; NULL: no route asks for a token */

    size_t teller_count; /* threads that serve; 0: the reactor's own does */
    /* With tellers, in their threads: commits what the batch of the teller, a number from 1,
       promises, as the reactor's after_batch does, and its look_synced. */
    mw_status (*commit)(void *context, size_t teller, uint64_t *out_sync, mw_error *err);
    mw_status (*look_synced)(void *context, uint64_t *out_sync, mw_error *err);
    void *commit_context; /* of both */

    /* 0 means the default. */
    size_t connection_count_max; /* MW_SERVER_CONNECTIONS_MAX */
    size_t body_size_max;        /* MW_HTTP_BODY_SIZE_MAX */
    int64_t idle_us;             /* 75 s between requests */
    int64_t request_us;          /* 30 s from a request's first byte to its last */
    int64_t deadline_us;         /* 5 s from a request's arrival until it is taken up */
    int64_t write_us;            /* 30 s in which a client reads nothing of its answer */
    int64_t linger_us;           /* 2 s for it to go after the last answer */
    int64_t drain_us;            /* 10 s for what is under way at a stop */
} mw_server_config;

typedef struct mw_server mw_server;

/* Listens from now on, answers once the reactor runs. */
MW_MUST_USE mw_status mw_server_create(mw_reactor *reactor, mw_server_config config,
                                       mw_server **out_server, mw_error *err);
uint16_t mw_server_port(const mw_server *server);
size_t mw_server_connection_count(const mw_server *server);
/* From any thread, as mw_reactor_tell_synced, which is called for the server's reactor besides. */
void mw_server_tell_synced(const mw_server *server);
/* Before the reactor is destroyed, and not while it holds the baton; closes what is still open.
   NULL is allowed. */
void mw_server_destroy(mw_server *server);
