#include "serve/server.h"

#include "base/calendar.h"
#include "serve/connection.h"

enum {
    ACCEPTED_A_TURN_MAX = 64, /* so that a flood of clients does not starve those that are there */
    REFUSED_AT_ONCE_MAX = 64, /* clients over the limit that are still told so */
    OTHER_DESCRIPTORS_MAX = 256, /* the log, the catalog, the control socket and its clients */
};

struct mw_server {
    mw_reactor_source source; /* the listener; first, so that a source is its server */
    mw_connections connections;
    mw_socket *listener;
    mw_timer sweep;
    int64_t sweep_us;
    int64_t drain_due_us; /* once it is stopping */
    uint16_t port;
};

static void close_listener(mw_server *server) {
    if (!server->listener) return;
    mw_reactor_source_remove(&server->source);
    mw_socket_close(server->listener);
    server->listener = NULL;
}

static bool open_client(mw_connections *all, mw_socket *socket) {
    mw_tls *tls = all->exchanges.config.tls;
    if (!tls || mw_socket_secure(socket, tls, NULL) == MW_OK)
        return mw_connection_open(all, socket, NULL) == MW_OK;
    mw_socket_close(socket);
    return false;
}

/* False when the socket could not be taken, for want of memory or descriptors. */
static bool take(mw_server *server, mw_socket *socket) {
    mw_connections *all = &server->connections;
    size_t count_max = all->exchanges.config.connection_count_max;
    mw_series_add(all->exchanges.traffic.accepted, 1);
    if (all->count < count_max) return open_client(all, socket);
    mw_series_add(all->exchanges.traffic.refused, 1);
    bool can_be_told = !all->exchanges.config.tls; /* else only after a handshake, which is dear */
    if (can_be_told && all->count < count_max + REFUSED_AT_ONCE_MAX)
        return mw_connection_refuse(all, socket, NULL) == MW_OK;
    mw_socket_close(socket);
    return true;
}

/* Where accepting fails, the client waits and would make the poller spin: the next sweep tries
   again. */
static void accept_clients(mw_reactor_source *source, const mw_poller_event *event) {
    (void)event;
    mw_server *server = (mw_server *)source;
    for (int i = 0; i < ACCEPTED_A_TURN_MAX; i++) {
        mw_socket *socket = NULL;
        bool accepted = mw_socket_accept(server->listener, &socket, NULL) == MW_OK;
        if (accepted && !socket) return;
        if (!accepted || !take(server, socket)) {
            mw_reactor_source_set_interest(source, (mw_poller_interest){0});
            return;
        }
    }
}

static void sweep(mw_timer *timer, int64_t now_us) {
    mw_server *server = (mw_server *)((char *)timer - offsetof(mw_server, sweep));
    mw_connections *all = &server->connections;
    mw_connections_sweep(all, now_us);
    if (all->exchanges.config.access_log)
        mw_series_set(all->exchanges.traffic.unlogged,
                      (double)mw_access_log_dropped(all->exchanges.config.access_log));
    bool draining = mw_reactor_is_stopping(server->connections.exchanges.reactor);
    if (draining && now_us >= server->drain_due_us) mw_connections_close(&server->connections);
    if (server->listener)
        mw_reactor_source_set_interest(&server->source, (mw_poller_interest){.readable = true});
    mw_timer_set(server->connections.exchanges.reactor, timer, now_us + server->sweep_us);
}

static void stop(mw_reactor_source *source) {
    mw_server *server = (mw_server *)source;
    server->drain_due_us =
        mw_reactor_now_us(source->reactor) + server->connections.exchanges.config.drain_us;
    close_listener(server);
}

static mw_server_config with_defaults(mw_server_config config) {
    if (config.connection_count_max == 0) config.connection_count_max = MW_SERVER_CONNECTIONS_MAX;
    if (config.body_size_max == 0) config.body_size_max = MW_HTTP_BODY_SIZE_MAX;
    if (config.idle_us == 0) config.idle_us = 75 * MW_SECOND_US;
    if (config.request_us == 0) config.request_us = 30 * MW_SECOND_US;
    if (config.deadline_us == 0) config.deadline_us = 5 * MW_SECOND_US;
    if (config.write_us == 0) config.write_us = 30 * MW_SECOND_US;
    if (config.linger_us == 0) config.linger_us = 2 * MW_SECOND_US;
    if (config.drain_us == 0) config.drain_us = 10 * MW_SECOND_US;
    return config;
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

mw_status mw_server_create(mw_reactor *reactor, mw_server_config config, mw_server **out_server,
                           mw_error *err) {
    MW_ASSERT(config.telemetry);
    mw_server *server = mw_allocate(sizeof *server);
    if (!server) return mw_fail(err, MW_NO_MEMORY, "server: no memory is left");
    config = with_defaults(config);
    server->source = (mw_reactor_source){.ready = accept_clients, .stop = stop};
    mw_connections_init(&server->connections, reactor, config);
    if (config.tls) mw_tls_offer(config.tls, MW_STR("\2h2\10http/1.1"));

    /* Where the hard limit is lower, clients beyond it wait to be accepted. */
    mw_socket_descriptors_allow(config.connection_count_max + REFUSED_AT_ONCE_MAX +
                                OTHER_DESCRIPTORS_MAX);
    mw_socket *listener;
    mw_status status =
        mw_socket_listen(mw_reactor_sys(reactor), config.host, config.port, &listener, err);
    if (status == MW_OK) {
        status = mw_reactor_add(reactor, &server->source, mw_socket_descriptor(listener),
                                (mw_poller_interest){.readable = true}, err);
        if (status != MW_OK) mw_socket_close(listener);
    }
    if (status != MW_OK) {
        mw_connections_release(&server->connections);
        mw_free(server);
        return status;
    }
    server->listener = listener;
    server->port = mw_socket_port(listener);
    server->sweep.fire = sweep;
    server->sweep_us = sweep_span_us(config);
    mw_timer_set(reactor, &server->sweep, mw_reactor_now_us(reactor) + server->sweep_us);
    *out_server = server;
    return MW_OK;
}

uint16_t mw_server_port(const mw_server *server) {
    return server->port;
}

size_t mw_server_connection_count(const mw_server *server) {
    return server->connections.count;
}

void mw_server_destroy(mw_server *server) {
    if (!server) return;
    close_listener(server);
    mw_timer_clear(server->connections.exchanges.reactor, &server->sweep);
    mw_connections_close(&server->connections);
    mw_reactor_bury(server->connections.exchanges.reactor);
    mw_connections_release(&server->connections);
    mw_free(server);
}
