/*
 * response: one answer being made by a handler, and its bytes in HTTP/1.1.
 *
 * A handler sets a code and appends to `body`; or it turns a failure into a problem document
 * (RFC 9457), whose code, type and title come from the status list. A response is kept by its
 * server and cleared between requests, so that making one allocates nothing in steady state.
 */
#pragma once
#include "base/json.h"

enum {
    MW_RESPONSE_BODY_SIZE_MAX = 64 << 20,
    MW_RESPONSE_BODY_SIZE_KEPT = 1 << 20, /* a larger body's memory is given back after it */
    MW_RESPONSE_HEADERS_SIZE_MAX = 4 << 10,
    MW_HTTP_DATE_SIZE = 30, /* with the NUL */
    MW_RESPONSE_OF_NO_MODEL = -1,
};

#define MW_MEDIA_JSON "application/json"
#define MW_MEDIA_LINES "application/x-ndjson"
#define MW_MEDIA_PROBLEM "application/problem+json"
#define MW_MEDIA_TEXT "text/plain; charset=utf-8"

/* What a handler keeps of a request that it cannot answer yet, or not at once. It is asked again
   once that is over; meanwhile others are served. */
typedef struct mw_pause mw_pause;
typedef enum {
    MW_PAUSE_FOR_WORK, /* until `is_over` */
    MW_PAUSE_FOR_BODY, /* until more has come of the request's body, of which there is more */
    MW_PAUSE_FOR_TURN, /* until others have had theirs and the client takes what it is answered */
} mw_pause_kind;
struct mw_pause {
    mw_pause_kind kind;
    size_t taken; /* bytes from the front of the request's body, which are not needed any more */
    bool (*is_over)(mw_pause *pause); /* asked now and then; does not wait. NULL where not asked */
    void (*end)(mw_pause *pause);     /* frees it */
    bool is_forsaken; /* nobody waits for it: what has begun ends, and nothing begins any more */
    mw_pause *next;                   /* its owner's */
};

typedef struct {
    mw_pause *pause;          /* there is no whole answer yet; the caller's from then on */
    bool goes_on;             /* with a pause: the body so far may leave, and the rest follows it */
    int code;                 /* 200 until it is set */
    const char *content_type; /* MW_MEDIA_JSON until it is set */
    int model;                /* that was asked, by its number; MW_RESPONSE_OF_NO_MODEL */
    mw_buf headers;           /* whole lines; by mw_response_header */
    mw_buf body;
} mw_response;

void mw_response_init(mw_response *response);
void mw_response_clear(mw_response *response);
/* Adds a header of the handler's own; line breaks in the value become blanks. */
void mw_response_header(mw_response *response, const char *name, mw_str value);
/* Replaces all that is there by the problem, but for the model; `err` may be NULL. MW_BUSY asks to
   come again, by Retry-After. */
void mw_response_problem(mw_response *response, mw_status status, const mw_error *err);

/* The next of the lines in `*lines`, which stand as in `headers`; false at their end. */
MW_MUST_USE bool mw_response_header_next(mw_str *lines, mw_str *out_name, mw_str *out_value);
/* Before it is written: a response that failed to fit or to be allocated becomes the problem that
   this is. */
void mw_response_settle(mw_response *response);
bool mw_response_has_content(const mw_response *response);
bool mw_response_is_problem(const mw_response *response);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void mw_http_date(int64_t now_us, char out_date[MW_HTTP_DATE_SIZE]);

typedef struct {
    const char *date;  /* by mw_http_date */
    bool keep_alive;   /* else the connection will be closed after it */
    bool without_body; /* it answers HEAD: the length is told, the body left out */
    bool has_begun;    /* head and a part have left: the body goes on from there */
    bool goes_on;      /* there will be more of it */
    bool has_chunks;   /* the client knows where such an answer ends; else the connection ends */
} mw_response_frame;

/* Appends the whole answer, or the part of it, to `out`; a response that failed to fit or to be
   allocated goes out as the problem that this is. A problem that comes in the midst of an answer
   is its last part, and the end that an answer has is not written: the client sees that it is cut.
   Whether `out` took it is seen by mw_buf_check. */
void mw_response_write(mw_response *response, mw_response_frame frame, mw_buf *out);
void mw_response_release(mw_response *response);
