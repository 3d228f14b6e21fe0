#include "serve/server.h"

#include "base/calendar.h"
#include "serve/connection.h"
#include "serve/teller.h"

enum {
    ACCEPTED_A_TURN_MAX = 64, /* so that a flood of clients does not starve those that are there */
    REFUSED_AT_ONCE_MAX = 64, /* clients over the limit that are still told so */
    LEAVE_US = 1000, /* between two looks whether the tellers are over */
    OTHER_DESCRIPTORS_MAX = 256, /* the log, the catalog, the control socket and its clients */
};

struct mw_server {
    mw_reactor_source source; /* the listener; first, so that a source is its server */
    mw_connections connections; /* of clients that no teller has */
    mw_teller **tellers;
    size_t teller_count;
    mw_socket *listener;
    mw_timer sweep;
    mw_timer leave; /* set while tellers take their leave */
    uint16_t port;
};

static void close_listener(mw_server *server) {
    if (!server->listener) return;
    mw_reactor_source_remove(&server->source);
    mw_socket_close(server->listener);
    server->listener = NULL;
}

static mw_teller *emptiest_teller(const mw_server *server) {
    mw_teller *best = server->tellers[0];
    for (size_t i = 1; i < server->teller_count; i++)
        if (mw_teller_client_count(server->tellers[i]) < mw_teller_client_count(best))
            best = server->tellers[i];
    return best;
}

static bool open_client(mw_server *server, mw_socket *socket) {
    mw_status status = server->teller_count > 0
                           ? mw_teller_hand(emptiest_teller(server), socket, NULL)
                           : mw_connection_welcome(&server->connections, socket, NULL);
    return status == MW_OK;
}

/* False when the socket could not be taken, for want of memory or descriptors. */
static bool take(mw_server *server, mw_socket *socket) {
    mw_connections *all = &server->connections;
    size_t count = mw_server_connection_count(server);
    size_t count_max = all->exchanges.config.connection_count_max;
    mw_series_add(all->exchanges.traffic.accepted, 1);
    if (count < count_max) return open_client(server, socket);
    mw_series_add(all->exchanges.traffic.refused, 1);
    bool can_be_told = !all->exchanges.config.tls; /* else only after a handshake, which is dear */
    if (can_be_told && count < count_max + REFUSED_AT_ONCE_MAX)
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
    if (all->exchanges.config.access_log)
        mw_series_set(all->exchanges.traffic.unlogged,
                      (double)mw_access_log_dropped(all->exchanges.config.access_log));
    if (server->listener)
        mw_reactor_source_set_interest(&server->source, (mw_poller_interest){.readable = true});
    mw_timer_set(all->exchanges.reactor, timer, now_us + all->sweep_us);
}

/* The reactor goes on until the last teller is over. */
static void leave(mw_timer *timer, int64_t now_us) {
    mw_server *server = (mw_server *)((char *)timer - offsetof(mw_server, leave));
    mw_reactor *reactor = server->connections.exchanges.reactor;
    for (size_t i = 0; i < server->teller_count; i++) {
        if (mw_teller_is_over(server->tellers[i])) continue;
        mw_timer_set(reactor, timer, now_us + LEAVE_US);
        return;
    }
    mw_reactor_unpin(reactor);
}

static void stop(mw_reactor_source *source) {
    mw_server *server = (mw_server *)source;
    close_listener(server);
    for (size_t i = 0; i < server->teller_count; i++) mw_teller_stop(server->tellers[i]);
    if (server->teller_count > 0)
        mw_timer_set(source->reactor, &server->leave, mw_reactor_now_us(source->reactor));
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

static mw_status listen(mw_server *server, mw_reactor *reactor, const mw_server_config *config,
                        mw_error *err) {
    mw_socket *listener;
    /* Where the hard limit is lower, clients beyond it wait to be accepted. */
    mw_socket_descriptors_allow(config->connection_count_max + REFUSED_AT_ONCE_MAX +
                                OTHER_DESCRIPTORS_MAX);
    MW_TRY(mw_socket_listen(mw_reactor_sys(reactor), config->host, config->port, &listener, err));
    mw_status status = mw_reactor_add(reactor, &server->source, mw_socket_descriptor(listener),
                                      (mw_poller_interest){.readable = true}, err);
    if (status != MW_OK) {
        mw_socket_close(listener);
        return status;
    }
    server->listener = listener;
    server->port = mw_socket_port(listener);
    return MW_OK;
}

static mw_status open_tellers(mw_server *server, mw_reactor *reactor, mw_server_config config,
                            mw_error *err) {
    if (config.teller_count == 0) return MW_OK;
    MW_ASSERT(config.teller_count <= MW_SERVER_TELLERS_MAX);
    server->tellers = mw_allocate(config.teller_count * sizeof(mw_teller *));
    if (!server->tellers) return mw_fail(err, MW_NO_MEMORY, "server: no memory is left");
    for (size_t i = 0; i < config.teller_count; i++) {
        MW_TRY(mw_teller_create(reactor, config, i + 1, &server->tellers[i], err));
        server->teller_count++;
    }
    return MW_OK;
}

static mw_status open(mw_server *server, mw_reactor *reactor, const mw_server_config *config,
                      mw_error *err) {
    MW_TRY(open_tellers(server, reactor, *config, err));
    MW_TRY(listen(server, reactor, config, err));
    if (server->teller_count > 0) mw_reactor_pin(reactor);
    return MW_OK;
}

mw_status mw_server_create(mw_reactor *reactor, mw_server_config config, mw_server **out_server,
                           mw_error *err) {
    MW_ASSERT(config.telemetry);
    mw_server *server = mw_allocate(sizeof *server);
    if (!server) return mw_fail(err, MW_NO_MEMORY, "server: no memory is left");
    config = with_defaults(config);
    server->source = (mw_reactor_source){.ready = accept_clients, .stop = stop};
    server->sweep.fire = sweep;
    server->leave.fire = leave;
    if (config.tls) mw_tls_offer(config.tls, MW_STR("\2h2\10http/1.1"));
    mw_connections_init(&server->connections, reactor, config);
    mw_status status = open(server, reactor, &config, err);
    if (status != MW_OK) {
        mw_server_destroy(server);
        return status;
    }
    mw_timer_set(reactor, &server->sweep,
                 mw_reactor_now_us(reactor) + server->connections.sweep_us);
    *out_server = server;
    return MW_OK;
}

uint16_t mw_server_port(const mw_server *server) {
    return server->port;
}

size_t mw_server_connection_count(const mw_server *server) {
    size_t count = server->connections.count;
    for (size_t i = 0; i < server->teller_count; i++)
        count += mw_teller_client_count(server->tellers[i]);
    return count;
}

void mw_server_tell_synced(const mw_server *server) {
    for (size_t i = 0; i < server->teller_count; i++) mw_teller_tell_synced(server->tellers[i]);
}

void mw_server_destroy(mw_server *server) {
    if (!server) return;
    close_listener(server);
    for (size_t i = 0; i < server->teller_count; i++) mw_teller_destroy(server->tellers[i]);
    mw_free(server->tellers);
    mw_timer_clear(server->connections.exchanges.reactor, &server->sweep);
    mw_timer_clear(server->connections.exchanges.reactor, &server->leave);
    mw_connections_close(&server->connections);
    mw_reactor_bury(server->connections.exchanges.reactor);
    mw_connections_release(&server->connections);
    mw_free(server);
}
