#include "serve/teller.h"

#include "serve/connection.h"
#include "sys/errand.h"

enum { INBOX_MAX = 1 << 16 };

struct mw_teller {
    mw_connections connections;
    mw_reactor *reactor;
    mw_server_config config;
    size_t number;
    mw_baton *shared;  /* the server's */
    mw_errand *thread;
    atomic_size_t client_count;
    mw_socket **sockets; /* of clients that wait to be taken; who holds the baton touches these */
    size_t socket_count, socket_capacity;
    bool stops;
    bool is_pinned;    /* the thread's own */
};

/* --- in the thread ------------------------------------------------------------------------ */

static mw_status commit(void *context, uint64_t *out_sync, mw_error *err) {
    mw_teller *teller = context;
    const mw_server_config *config = &teller->config;
    mw_baton_take(teller->shared);
    mw_status status = config->commit(config->commit_context, teller->number, out_sync, err);
    mw_baton_lay_down(teller->shared);
    return status;
}

static mw_status look_synced(void *context, uint64_t *out_sync, mw_error *err) {
    const mw_server_config *config = &((const mw_teller *)context)->config;
    return config->look_synced(config->commit_context, out_sync, err);
}

/* A client that cannot be taken is closed, and so is one that comes when the others may have been
   told to take their leave. */
static void welcome(mw_teller *teller, mw_socket *socket, bool stops) {
    if (stops) mw_socket_close(socket);
    if (stops || mw_connection_welcome(&teller->connections, socket, NULL) != MW_OK)
        atomic_fetch_sub(&teller->client_count, 1);
}

static mw_socket *take_one(mw_teller *teller, bool *out_stops) {
    mw_baton_take(teller->shared);
    mw_socket *socket = teller->socket_count > 0 ? teller->sockets[--teller->socket_count] : NULL;
    *out_stops = teller->stops;
    mw_baton_lay_down(teller->shared);
    return socket;
}

static void woken(void *context) {
    mw_teller *teller = context;
    bool stops = false;
    for (mw_socket *socket = take_one(teller, &stops); socket; socket = take_one(teller, &stops))
        welcome(teller, socket, stops);
    if (stops && teller->is_pinned) mw_reactor_unpin(teller->reactor);
    teller->is_pinned = !stops;
}

static mw_status run(void *context, mw_error *err) {
    mw_teller *teller = context;
    mw_status status = mw_reactor_run(teller->reactor, err);
    MW_ASSERT(status == MW_OK); /* only a poller that we have misused fails */
    return status;
}

/* --- in the server's ---------------------------------------------------------------------- */

static mw_status prepare(mw_teller *teller, mw_reactor *home, mw_error *err) {
    mw_sys *sys = mw_reactor_sys(home);
    mw_reactor_config reactor = {.sys = sys,
                                 .after_batch = commit,
                                 .look_synced = look_synced,
                                 .woken = woken,
                                 .context = teller};
    MW_TRY(mw_reactor_create(reactor, &teller->reactor, err));
    mw_connections_init(&teller->connections, teller->reactor, teller->config);
    teller->connections.exchanges.baton = teller->shared;
    teller->connections.shared_count = &teller->client_count;
    mw_reactor_pin(teller->reactor);
    teller->is_pinned = true;
    return mw_errand_begin_apart(sys, run, teller, &teller->thread, err);
}

mw_status mw_teller_create(mw_reactor *home, mw_server_config config, size_t number,
                         mw_teller **out_teller, mw_error *err) {
    MW_ASSERT(mw_reactor_baton(home) && config.commit);
    mw_teller *teller = mw_allocate(sizeof *teller);
    if (!teller) return mw_fail(err, MW_NO_MEMORY, "teller: no memory is left");
    teller->config = config;
    teller->number = number;
    teller->shared = mw_reactor_baton(home);
    mw_status status = prepare(teller, home, err);
    if (status != MW_OK) mw_teller_destroy(teller);
    else *out_teller = teller;
    return status;
}

mw_status mw_teller_hand(mw_teller *teller, mw_socket *socket, mw_error *err) {
    bool has_room = mw_grow((void **)&teller->sockets, &teller->socket_capacity,
                            teller->socket_count + 1, sizeof(mw_socket *), INBOX_MAX);
    if (!has_room) {
        mw_socket_close(socket);
        return mw_fail(err, MW_NO_MEMORY, "teller: no memory for another client");
    }
    teller->sockets[teller->socket_count++] = socket;
    atomic_fetch_add(&teller->client_count, 1);
    mw_reactor_wake(teller->reactor);
    return MW_OK;
}

size_t mw_teller_client_count(const mw_teller *teller) {
    return atomic_load(&teller->client_count);
}

void mw_teller_tell_synced(const mw_teller *teller) { mw_reactor_tell_synced(teller->reactor); }

void mw_teller_stop(mw_teller *teller) {
    teller->stops = true;
    mw_reactor_stop(teller->reactor);
}

bool mw_teller_is_over(const mw_teller *teller) { return mw_errand_is_done(teller->thread); }

void mw_teller_destroy(mw_teller *teller) {
    if (!teller) return;
    mw_baton_take(teller->shared);
    if (teller->thread) mw_teller_stop(teller);
    mw_baton_lay_down(teller->shared);
    mw_errand_end(teller->thread);
    if (teller->reactor) {
        mw_connections_close(&teller->connections);
        mw_reactor_bury(teller->reactor);
        mw_connections_release(&teller->connections);
    }
    mw_reactor_destroy(teller->reactor);
    mw_free(teller->sockets);
    mw_free(teller);
}
