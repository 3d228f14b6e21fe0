/*
 * http1: reads HTTP/1.1 requests from the bytes of one connection, one after the other.
 *
 * llhttp, strict, reads the grammar; here stand the limits and the rules that it leaves to its
 * user. Bytes may come in any pieces. Whatever could be understood in two ways (two lengths, a
 * length beside chunks, folded headers, bare line feeds) is refused, since a proxy in front may
 * understand it in the other; after a refusal the connection must be closed.
 *
 * A client that knows that we speak HTTP/2 begins with the preface of that: it is read here, being
 * made to look like a request, and whoever feeds hands what follows to http2.
 *
 * A reader keeps the memory of its last request for the next one: in steady state it allocates
 * nothing. It belongs to one thread.
 */
#pragma once
#include "serve/http.h"

typedef struct mw_http1 mw_http1;

typedef enum {
    MW_HTTP1_MORE,     /* all bytes were taken; the request goes on */
    MW_HTTP1_CONTINUE, /* the client waits for "100 Continue" before it sends the body */
    MW_HTTP1_PIECE,    /* more of a body that comes in pieces is there */
    MW_HTTP1_REQUEST,  /* a request is complete */
    MW_HTTP1_IS_HTTP2, /* the connection began with HTTP/2's preface; nothing may be fed after */
} mw_http1_state;

MW_MUST_USE mw_status mw_http1_create(mw_http_rules rules, mw_http1 **out_http, mw_error *err);

/* Takes bytes from the front of `*bytes`, up to the end of the first request among them. A
   failure says what is wrong with the request; nothing may be fed after it. */
MW_MUST_USE mw_status mw_http1_feed(mw_http1 *http, mw_str *bytes, mw_http1_state *out_state,
                                    mw_error *err);
/* The request that is complete or of which a piece is there, with what was not taken of its body;
   its views hold until the next mw_http1_feed or mw_http1_take. */
const mw_http_request *mw_http1_request(mw_http1 *http);
/* So many bytes from the front of its body are needed no more. */
void mw_http1_take(mw_http1 *http, size_t size);
/* A request has begun and is not complete. */
bool mw_http1_is_within(const mw_http1 *http);
void mw_http1_destroy(mw_http1 *http); /* NULL is allowed */
