/*
 * server_fixture: a server on a free loopback port in a thread of its own, and clients for it.
 * Tests of this layer only; server_test.c holds the functions.
 *
 * It answers GET /hello, POST /echo (the body), GET /large/{size} (that many bytes) and GET
 * /connections (how many are open); GET /guarded, whose scope is not public, greets as /hello, and
 * so does GET /slow, after a pause that is over when the fixture says so. POST /pour counts the
 * lines of its body, which it takes in pieces; GET /flow/{size} answers so many bytes in parts.
 */
#pragma once
#include "serve/server.h"
#include "sys/sockets.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct {
    mw_baton *baton; /* of tellers */
    mw_reactor *reactor;
    mw_server *server;
    mw_telemetry *telemetry;
    pthread_t thread;
    uint16_t port;
    atomic_int batch_count;
    int answer_count; /* touched by who holds the baton */
    atomic_int commit_status; /* what after_batch returns; MW_OK at first */
    atomic_bool is_durable; /* each batch awaits a sync, which the test ends by fixture_sync */
    atomic_uint_fast64_t wanted, synced; /* numbers of syncs */
    atomic_int sync_status; /* MW_OK at first */
    atomic_bool pauses_are_over;
    atomic_size_t flowed; /* bytes that /flow has answered */
    atomic_int pause_count; /* that have not ended */
    atomic_int forsaken_count; /* that have, and nobody waited for them */
} fixture;

/* Of the config only the limits count. */
void fixture_start(fixture *f, mw_server_config limits);
void fixture_sync(fixture *f); /* all that was answered so far is on the disk */
void fixture_stop(fixture *f); /* drains it and waits for its end */

mw_socket *client_connect(const fixture *f);
void client_send(mw_socket *client, const char *text);
/* Reads into `*in` until it contains `text`, or fails the test after seconds. */
void client_read_until(mw_socket *client, mw_buf *in, const char *text);
void client_read_until_bytes(mw_socket *client, mw_buf *in, mw_str bytes);
/* Reads into `*in` until the server has closed its side. */
void client_read_to_end(mw_socket *client, mw_buf *in);
/* Connects, sends, reads to the end: the first line of the answer in `*in`. */
mw_str client_call(const fixture *f, const char *text, mw_buf *in);
/* Asks until so many connections are open beside the one that asks; they have been read by then. */
void fixture_await_connections(const fixture *f, size_t count);
size_t occurrences(mw_str text, const char *word);
