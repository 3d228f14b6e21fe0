/*
 * teller: some of a server's clients, in a thread of their own.
 *
 * A server that has tellers accepts clients in the thread of its reactor and hands each to one of
 * them, which reads its requests, writes its answers and does TLS; what the handlers share is
 * touched under the baton of the server's reactor (decision 0021). So tellers go side by side but
 * for that.
 *
 * A teller begins empty, and ends once it was told to stop and its clients have taken their leave.
 * It belongs to the thread of the server, which holds the baton when it hands or stops.
 */
#pragma once
#include "serve/server.h"
#include "sys/sockets.h"

typedef struct mw_teller mw_teller;

/* `number` is its own, from 1. The server's reactor must have a baton. */
MW_MUST_USE mw_status mw_teller_create(mw_reactor *home, mw_server_config config, size_t number,
                                     mw_teller **out_teller, mw_error *err);
/* Takes over the socket of a client that was accepted, also on failure. */
MW_MUST_USE mw_status mw_teller_hand(mw_teller *teller, mw_socket *socket, mw_error *err);
size_t mw_teller_client_count(const mw_teller *teller); /* those that wait to be taken among them */
void mw_teller_tell_synced(const mw_teller *teller); /* as mw_reactor_tell_synced */
void mw_teller_stop(mw_teller *teller); /* its clients are told to take their leave */
bool mw_teller_is_over(const mw_teller *teller);
void mw_teller_destroy(mw_teller *teller); /* after a stop; waits; NULL is allowed */
