/*
 * http: a request, whichever version of HTTP it came by, and how it is put together.
 *
 * http1 and http2 read the grammar of their protocol and hand over what they read in any pieces:
 * the target, then names and values of headers, then the body. Here stand what both keep of it,
 * the limits, and the rules that no protocol changes.
 *
 * Parts keep the memory of their last request for the next one: in steady state they allocate
 * nothing. They belong to one thread.
 */
#pragma once
#include "serve/target.h"

enum {
    MW_HTTP_TARGET_SIZE_MAX = 8 << 10,
    MW_HTTP_HEAD_SIZE_MAX = 16 << 10,  /* request line and headers */
    MW_HTTP_BODY_SIZE_MAX = 16 << 20,  /* unless the config says otherwise */
    MW_HTTP_BODY_SIZE_KEPT = 64 << 10, /* a larger body's memory is given back after it */
    MW_HTTP_PIECE_SIZE = 64 << 10,     /* of a body that comes in pieces, at least */
};

/* The last stands for every other: no route has it, so it is not allowed anywhere. */
#define MW_HTTP_METHOD_MAP(X) \
    X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS) X(OTHER)
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
    X(TRACESTATE, "tracestate")                    \
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
    mw_str headers[MW_HEADER_COUNT]; /* trimmed, the lines of a list with commas between them; data
                                        is NULL where it was not sent */
    mw_str body;     /* what has come of it and was not taken */
    bool has_more;   /* the body goes on */
    bool has_chunks; /* the client knows them: its answer may have no length */
    bool keep_alive; /* the client may send another request on this connection */
} mw_http_request;

/* A body is gathered whole before its request is handed over, unless its route takes it in pieces
   and it is longer than one. */
typedef struct {
    size_t body_size_max; /* of what is held of a body; 0 means MW_HTTP_BODY_SIZE_MAX */
    bool (*takes_pieces)(void *context, const mw_http_request *head); /* NULL: none does */
    void *context;
} mw_http_rules;

/* Of the head, which may still move in memory as it grows. */
typedef struct {
    size_t from, to;
    bool present;
} mw_http_piece;

typedef struct {
    mw_buf head; /* the target, then the values of the headers that we know */
    mw_buf body;
    mw_http_piece target;
    mw_http_piece headers[MW_HEADER_COUNT];
    int header; /* the one whose value comes; -1: none that we know */
    mw_http_request request;
    mw_http_rules rules;
    enum { MW_HTTP_SHORT, MW_HTTP_WHOLE, MW_HTTP_IN_PIECES } kind; /* SHORT: nobody was asked yet */
    size_t piece_end; /* bytes of the body with which the next piece is there */
    uint64_t taken;   /* bytes of it that are held no more */
} mw_http_parts;

void mw_http_parts_init(mw_http_parts *parts, mw_http_rules rules);
void mw_http_parts_clear(mw_http_parts *parts);
/* Another request with the same head, and this body, whole; false: it is too long for that, or no
   memory is left, and the parts must be cleared. */
bool mw_http_parts_repeat(mw_http_parts *parts, mw_str body);
/* All of these may come in pieces but for a header's name, which is in lower case. A failure says
   what is wrong with the request; nothing may follow it. */
MW_MUST_USE mw_status mw_http_parts_target(mw_http_parts *parts, mw_str text, mw_error *err);
MW_MUST_USE mw_status mw_http_parts_name(mw_http_parts *parts, mw_str name, mw_error *err);
MW_MUST_USE mw_status mw_http_parts_value(mw_http_parts *parts, mw_str text, mw_error *err);
/* The head is complete: fills the request, but for its body. */
MW_MUST_USE mw_status mw_http_parts_head(mw_http_parts *parts, mw_str method, mw_error *err);
/* Fails if a body of so many bytes is too large. */
MW_MUST_USE mw_status mw_http_parts_expect(mw_http_parts *parts, uint64_t body_size,
                                           mw_error *err);
MW_MUST_USE mw_status mw_http_parts_body(mw_http_parts *parts, mw_str bytes, mw_error *err);
/* Enough has come of a body that comes in pieces. */
bool mw_http_parts_have_piece(const mw_http_parts *parts);
/* The request as it stands, with all that is held of its body; its views hold until more of that
   comes or is taken, those of the head until the parts are cleared. */
const mw_http_request *mw_http_parts_show(mw_http_parts *parts, bool has_more);
/* So many bytes from the front of the body are needed no more. */
void mw_http_parts_take(mw_http_parts *parts, size_t size);
void mw_http_parts_release(mw_http_parts *parts);

/* Whether it is this word, in upper or lower case. */
bool mw_http_same_word(mw_str text, const char *lower_word);
