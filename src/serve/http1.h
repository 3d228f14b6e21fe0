/*
 * http: reads HTTP/1.1 requests from the bytes of one connection, one after the other.
 *
 * llhttp, strict, reads the grammar; here stand the limits and the rules that it leaves to its
 * user. Bytes may come in any pieces. Whatever could be understood in two ways (two lengths, a
 * length beside chunks, folded headers, bare line feeds) is refused, since a proxy in front may
 * understand it in the other; after a refusal the connection must be closed.
 *
 * A reader keeps the memory of its last request for the next one: in steady state it allocates
 * nothing. It belongs to one thread.
 */
#pragma once
#include "serve/target.h"

enum {
    MW_HTTP_TARGET_SIZE_MAX = 8 << 10,
    MW_HTTP_HEAD_SIZE_MAX = 16 << 10,  /* request line and headers */
    MW_HTTP_BODY_SIZE_MAX = 16 << 20,  /* unless the config says otherwise */
    MW_HTTP_BODY_SIZE_KEPT = 64 << 10, /* a larger body's memory is given back after it */
};

typedef struct mw_http mw_http;

#define MW_HTTP_METHOD_MAP(X) \
    X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)
typedef enum {
#define X(name) MW_HTTP_##name,
    MW_HTTP_METHOD_MAP(X)
#undef X
    MW_HTTP_METHOD_COUNT
} mw_http_method;

const char *mw_http_method_name(mw_http_method method); /* "GET" */

/* The headers that somebody reads; all others are checked and dropped. */
#define MW_HTTP_HEADER_MAP(X)                      \
    X(HOST, "host")                                \
    X(CONTENT_TYPE, "content-type")                \
    X(CONTENT_ENCODING, "content-encoding")        \
    X(TRANSFER_ENCODING, "transfer-encoding")      \
    X(EXPECT, "expect")                            \
    X(ACCEPT, "accept")                            \
    X(AUTHORIZATION, "authorization")              \
    X(IDEMPOTENCY_KEY, "idempotency-key")          \
    X(TRACEPARENT, "traceparent")                  \
    X(TIMEOUT, "x-request-timeout-ms")
typedef enum {
#define X(name, text) MW_HEADER_##name,
    MW_HTTP_HEADER_MAP(X)
#undef X
    MW_HEADER_COUNT
} mw_http_header;

typedef struct {
    mw_http_method method;
    mw_target target;
    mw_str headers[MW_HEADER_COUNT]; /* trimmed; data is NULL where it was not sent */
    mw_str body;
    bool keep_alive; /* the client may send another request on this connection */
} mw_http_request;

typedef enum {
    MW_HTTP_MORE,     /* all bytes were taken; the request goes on */
    MW_HTTP_CONTINUE, /* the client waits for "100 Continue" before it sends the body */
    MW_HTTP_REQUEST,  /* a request is complete */
} mw_http_state;

/* `body_size_max` 0 means MW_HTTP_BODY_SIZE_MAX. */
MW_MUST_USE mw_status mw_http_create(size_t body_size_max, mw_http **out_http, mw_error *err);

/* Takes bytes from the front of `*bytes`, up to the end of the first request among them. A
   failure says what is wrong with the request; nothing may be fed after it. */
MW_MUST_USE mw_status mw_http_feed(mw_http *http, mw_str *bytes, mw_http_state *out_state,
                                   mw_error *err);
/* The request that is complete; its views hold until the next mw_http_feed. */
const mw_http_request *mw_http_complete(const mw_http *http);
/* A request has begun and is not complete. */
bool mw_http_is_within(const mw_http *http);
void mw_http_destroy(mw_http *http); /* NULL is allowed */
