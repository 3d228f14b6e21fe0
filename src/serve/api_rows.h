/*
 * api_rows: a request whose rows are taken one after the other, over as many calls of its handler
 * as that needs; private to the api.
 *
 * What is at work on it stands on the stack of its handler, and in a pause of its own once it
 * leaves a call before its end: for what a row corrects or asks (the row comes again then), for
 * more of the body, or for a turn of others after many rows. What it has written until then either
 * leaves, as a part of the answer, or is kept for the next call.
 *
 * A request with an Idempotency-Key is carried out and answered whole: neither its body nor its
 * answer comes in parts.
 */
#pragma once
#include "serve/api_parts.h"

enum {
    MW_API_ROWS_A_TURN_MAX = 512,
    MW_API_ROWS_FORESEEN_MAX = 2048, /* some 4 us each, in one turn */
    MW_API_PART_SIZE = 64 << 10, /* of an answer that leaves in parts, at least */
};

typedef enum { MW_API_STAYS, MW_API_AWAITS, MW_API_WANTS_BODY, MW_API_YIELDS } mw_api_leaving;

typedef struct {
    mw_pause base; /* first, so that a pause is this one */
    mw_api *api;
    bool is_new;   /* its handler is called for the first time */
    bool is_whole; /* it has an Idempotency-Key */
    uint64_t taken_before; /* rows, by the service, when it began */
    mw_sent_rows rows;
    mw_json json;  /* into the response */

    mw_api_leaving leaving;   /* the handler's: why it leaves the call */
    mw_row_needs needs;       /* since it awaits them, */
    bool is_bound;            /* no longer than until_us */
    int64_t until_us;         /* monotonic, once for all it waits for of a piece; 0: not yet set */
    bool waits, is_queued;    /* it is one of api->waiting, of api->queued */
    mw_buf body;              /* that was written and has not left */

    size_t row_count; /* of questions with an Idempotency-Key; else 0 */
    size_t accepted, corrections, repeats; /* of events */
    size_t unlisted; /* rows that were refused and are not told of */
    bool has_version; /* of a list of predictions: the version that answered when it began */
    char version[MW_VERSION_NAME_SIZE + 1];
} mw_api_rows;

/* Takes what is at hand of the request, or fails. */
typedef mw_status mw_api_rows_answer(mw_api_rows *at, const mw_route_call *call,
                                     mw_response *response, mw_error *err);
void mw_api_rows_carry_out(mw_api *api, const mw_route_call *call, mw_response *response,
                           mw_api_rows_answer *answer);

/* The body is JSON, lines, or, where a source is given, perhaps Arrow. */
MW_MUST_USE mw_status mw_api_rows_open(mw_api_rows *at, const mw_route_call *call,
                                       const mw_stream_source *source, mw_error *err);
/* The row given last awaits something: it will be given again. What is awaited with it are the
   wishes of the other rows at hand, which are `member` of these, or, NULL, they themselves. */
void mw_api_rows_await(mw_api_rows *at, int32_t source, const char *member);
/* A row's own fault; anything else fails the request. */
bool mw_api_rows_is_own_fault(mw_status status);
