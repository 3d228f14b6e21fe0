/*
 * exchange: a request and its answer, whichever protocol carries them.
 *
 * A request finds its route and is answered by that route's handler, unless it comes too late, may
 * not ask, or the route is not open; the response then says so. What is noted of it (its route,
 * trace, times) goes along until its answer has been released, and is counted then.
 *
 * A handler may leave a request in a pause; once that is over the exchange is resumed. What it has
 * answered until then may leave as a part of the answer: the rest can only follow, or be cut.
 *
 * Only server.c, teller.c and connection.c include this. All belongs to the thread of the reactor;
 * what its handlers and counters share with other threads is touched by who holds the baton, if
 * there is one: answering and ending take it.
 */
#pragma once
#include "serve/server.h"
#include "serve/traffic.h"

/* What the exchanges of one server share. */
typedef struct {
    mw_server_config config;
    mw_baton *baton; /* NULL: no other thread touches what handlers do, or the reactor holds it */
    mw_reactor *reactor;
    mw_traffic traffic;
    mw_response response; /* the one being made */
    mw_route_found route; /* of the request before */
    uint64_t spans; /* of traces: where the next one is drawn from */
    int64_t date_due_us;
    char date[MW_HTTP_DATE_SIZE];
} mw_exchanges;

typedef struct {
    int route; /* a row of the router's table; -1: none */
    mw_pause *pause; /* there is no whole answer yet; the exchange's. NULL: there is one */
    int64_t begun_us; /* monotonic */
    int code, model;
    bool keep_alive, without_body, has_chunks; /* of its answer: see mw_response_frame */
    bool has_begun, goes_on;                   /* likewise; the second of what was made last */
    mw_access_entry entry; /* for the access log; without one only its trace is there */
} mw_exchange;

void mw_exchanges_init(mw_exchanges *all, mw_reactor *reactor, mw_server_config config);
void mw_exchanges_release(mw_exchanges *all);

/* Whether the route of a request takes its body in pieces, as mw_http_rules asks; `context` are the
   exchanges. */
bool mw_exchange_takes_pieces(void *context, const mw_http_request *head);
/* Makes the response to the request, whose bytes the machine received at `arrival_us` (wall
   clock; 0: not known). */
void mw_exchange_answer(mw_exchanges *all, const mw_http_request *request, int64_t arrival_us,
                        mw_exchange *out_exchange);
/* Goes on with the request, the same, that was left in a pause. */
void mw_exchange_resume(mw_exchanges *all, const mw_http_request *request,
                        mw_exchange *exchange);
/* The response becomes the problem, for bytes that are no request; it ends their connection. */
void mw_exchange_refuse(mw_exchanges *all, mw_status status, const mw_error *err,
                        mw_exchange *out_exchange);
/* Nobody waits for the rest any more. */
void mw_exchange_end_pause(mw_exchanges *all, mw_exchange *exchange);
/* The response becomes the problem that came in place of the rest, or between the answer and its
   commit; its pause ends. */
void mw_exchange_replace(mw_exchanges *all, mw_status status, const mw_error *err,
                         mw_exchange *exchange);
/* How the response, or the part of it, is to be written; after this it is changed no more. */
mw_response_frame mw_exchange_frame(mw_exchanges *all, const mw_exchange *exchange);
/* For what these do not take it for. */
void mw_exchanges_take_baton(const mw_exchanges *all);
void mw_exchanges_lay_down(const mw_exchanges *all);
/* Its answer has been released, and whoever calls holds the baton: counts it. */
void mw_exchange_end(mw_exchanges *all, mw_exchange *exchange, int64_t now_us);
