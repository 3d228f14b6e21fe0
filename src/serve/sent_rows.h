/*
 * sent_rows: the rows of a request, one after the other, in whichever form it has them.
 *
 * JSON (an object, a list, {"events": [...]}), lines of JSON, or an Arrow stream. Lines and Arrow
 * may come in pieces (mw_http_rules): what is there is given, then MORE. An Arrow stream that has
 * come whole is looked through before its first row is given. Rows are numbered from 1; a line that
 * is no JSON fails alone, and the next one can be asked for.
 *
 * A reader outlives the call of a handler once it is kept: what it had on the desk, which stands on
 * the stack of that handler, is read anew then. One JSON document stands at a time, on the desk if
 * it is small, so that a usual request takes no memory of the heap.
 */
#pragma once
#include <stdalign.h>

#include "serve/http.h"
#include "serve/sent_row.h"

enum { MW_SENT_DESK_SIZE = 64 << 10 }; /* for bodies of some 5 KiB */

typedef struct {
    alignas(16) char bytes[MW_SENT_DESK_SIZE];
} mw_sent_desk;

typedef struct {
    /* The caller's, before it begins or goes on. */
    mw_sent_desk *desk;
    const mw_stream_source *source; /* whose rows an Arrow stream may have; NULL: it may not come */

    /* To be read. */
    enum { MW_SENT_AS_JSON, MW_SENT_AS_LINES, MW_SENT_AS_ARROW } form;
    yyjson_val *root; /* of the body as JSON */
    bool is_single;   /* it is one row */
    size_t number;    /* of the row given last, from 1 */

    /* Its own. */
    mw_sent_arrow arrow;
    mw_str body;       /* what is there of it */
    bool has_more;     /* there will be more */
    size_t at, row_at; /* bytes of it that were read; where the line given last began */
    yyjson_doc *doc;   /* of the body, or of the line at hand */
    bool is_on_desk;   /* where it stands */
    yyjson_arr_iter items;
    yyjson_val *item;  /* given last */
    bool is_again;     /* it is to be given again */
    bool is_ahead;     /* of another */
} mw_sent_rows;

/* Whether a body is JSON by its usual name; is lines; or may come as an Arrow stream. */
bool mw_sent_is_simply_json(const mw_http_request *request);
bool mw_sent_is_lines(const mw_http_request *request);
bool mw_sent_is_arrow(const mw_http_request *request);

yyjson_alc mw_sent_json_memory(void); /* mw_allocate, as yyjson takes it */
/* A body as JSON, of which no byte is needed after that; MW_MALFORMED names the byte. A number that
   is whole, beyond 2^53 and no double stays the text that it is (raw), to be refused as it is. */
MW_MUST_USE mw_status mw_sent_parse(mw_str text, yyjson_alc memory, yyjson_doc **out_doc,
                                    mw_error *err);

/* `rows` holds what is the caller's, and zeros. */
MW_MUST_USE mw_status mw_sent_rows_begin(mw_sent_rows *rows, const mw_http_request *request,
                                         mw_error *err);
/* The caller reads the body without it. Kept, it is read from its beginning. */
void mw_sent_rows_pass_over(mw_sent_rows *rows, const mw_http_request *request);
/* A row is valid until the next is asked for. */
MW_MUST_USE mw_status mw_sent_rows_next(mw_sent_rows *rows, mw_sent_row *out_row,
                                        mw_sent_step *out_step, mw_error *err);
bool mw_sent_rows_fail_alone(const mw_sent_rows *rows);
/* The row given last will be given next, with the same number. */
void mw_sent_rows_again(mw_sent_rows *rows);
/* Another reader of those that follow and are at hand, without memory of its own: it is ended by
   mw_sent_rows_leave_ahead, before `rows` goes on. */
mw_sent_rows mw_sent_rows_ahead(mw_sent_rows *rows);
void mw_sent_rows_leave_ahead(mw_sent_rows *ahead);

/* For a later call; how many bytes from the front of the body must not be there then. None, where
   it is to be there as it is now. */
size_t mw_sent_rows_keep(mw_sent_rows *rows, bool as_it_is);
/* Goes on where it was kept. */
MW_MUST_USE mw_status mw_sent_rows_go_on(mw_sent_rows *rows, const mw_http_request *request,
                                         mw_error *err);
void mw_sent_rows_end(mw_sent_rows *rows); /* one that is all zero too */
