/*
 * http2: one connection that speaks HTTP/2 (RFC 9113), from bytes to requests and from answers to
 * bytes; it does no I/O itself.
 *
 * nghttp2 keeps the protocol: frames, header compression, flow control, the state of streams, and
 * the floods of settings, pings, resets and continuations, which end the connection. Here stand
 * the requests that its streams gather and the answers that wait for their commit or for the
 * client's window. Bounded are: the streams at once, the head and the body of each, the bodies of
 * all, the frames that wait for a client that takes none, and, by whoever takes requests only while
 * mw_http2_unsent is small, the answers.
 *
 * What is wrong with a request is answered in its stream; the others go on.
 *
 * Nothing is sent by itself: after anything was fed, answered or ended, pull. A stream keeps its
 * memory for the next one, nghttp2 allocates for each. It belongs to one thread.
 */
#pragma once
#include "serve/http.h"
#include "serve/response.h"

enum {
    MW_HTTP2_STREAMS_MAX = 100,       /* at once */
    MW_HTTP2_WINDOW_SIZE = 1 << 20,   /* of a body, sent before we have read the first byte, or of
                                         one that comes in pieces, while somebody is at it */
    MW_HTTP2_BODIES_MAX = 4,          /* as many as so many of the largest may be gathered */
};

typedef struct mw_http2 mw_http2;

/* A request that is complete, or what is wrong with one. */
typedef struct {
    int32_t stream;
    const mw_http_request *request; /* its views hold until it is answered or more is fed; NULL: it
                                       is wrong */
    mw_status status;
    const mw_error *err;
} mw_http2_call;

/* For a connection whose preface has been read. */
MW_MUST_USE mw_status mw_http2_create(mw_http_rules rules, mw_http2 **out_http, mw_error *err);

/* Takes all the bytes, which came at `now_us`. On a failure the connection must be closed, once
   what can be pulled has told the client. */
MW_MUST_USE mw_status mw_http2_feed(mw_http2 *http, mw_str bytes, int64_t now_us, mw_error *err);
/* The next request that waits for its answer, or of which mw_http2_leave has wanted more and a
   piece is there; false if none does. */
MW_MUST_USE bool mw_http2_next(mw_http2 *http, mw_http2_call *out_call);
/* A request that was told of and is not answered; NULL if the client has given it up. */
const mw_http_request *mw_http2_taken(mw_http2 *http, int32_t stream);
/* It will be answered later, or has been in part: so many bytes from the front of its body are
   needed no more, and perhaps it is to be told of again when there are more. They must come before
   the time for a piece, which begins now, is over. */
void mw_http2_leave(mw_http2 *http, int32_t stream, size_t taken, bool wants_more, int64_t now_us);
bool mw_http2_has(mw_http2 *http, int32_t stream); /* else the client has given it up */
/* Keeps the response as the stream's answer, or as a part of it, until mw_http2_commit, in place of
   what it has that is not committed; nothing if the client has given the stream up. Returns its
   size. */
size_t mw_http2_answer(mw_http2 *http, int32_t stream, mw_response *response,
                       mw_response_frame frame);
/* The answers that are kept may leave. */
void mw_http2_commit(mw_http2 *http);
/* Bytes of answers that have not been pulled. */
size_t mw_http2_unsent(const mw_http2 *http);
/* Appends what can be sent, until `out` holds `size_max` bytes or a frame more. */
MW_MUST_USE mw_status mw_http2_pull(mw_http2 *http, mw_buf *out, size_t size_max, mw_error *err);

/* Requests that have begun before `begun_us` and are not complete are wrong from now on; returns
   how many. */
size_t mw_http2_refuse_older(mw_http2 *http, int64_t begun_us, mw_status status,
                             const mw_error *err);
/* Streams that are not closed. */
size_t mw_http2_stream_count(const mw_http2 *http);
/* Tells the client that no more streams are taken; those that have begun go on. */
void mw_http2_end(mw_http2 *http);
/* Nothing more will be read or sent. */
bool mw_http2_has_ended(mw_http2 *http);
void mw_http2_destroy(mw_http2 *http); /* NULL is allowed */
