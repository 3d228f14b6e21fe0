/*
 * shop_pour: requests to the shop of serve/shop_call_test.h whose bodies come in pieces, and whose
 * answers leave in parts.
 */
#pragma once
#include "serve/shop_call_test.h"

/* Sends lines in pieces of so many bytes, and gives all of the answer in `*out`; returns how often
   the handler was called. */
static inline size_t shop_pour(shop *s, const char *target, mw_str lines, size_t piece,
                               mw_buf *out) {
    shop_sent sent;
    size_t come = piece < lines.size ? piece : lines.size, dropped = 0, calls = 1;
    mw_buf_clear(out);
    shop_send(s, MW_HTTP_POST, target, "\n", &sent); /* a line break: it is lines */
    for (;; calls++) {
        sent.request.body = mw_str_slice(lines, dropped, come);
        sent.request.has_more = come < lines.size;
        mw_response_clear(&s->response);
        shop_carry_out(s, &sent);
        mw_pause *pause = sent.call.pause;
        if (!pause || s->response.goes_on) mw_buf_append_str(out, mw_buf_str(&s->response.body));
        if (!pause) break;
        dropped = come - sent.request.body.size;
        if (pause->kind == MW_PAUSE_FOR_BODY) {
            MW_CHECK(come < lines.size);
            come = come + piece < lines.size ? come + piece : lines.size;
        }
        while (pause->kind == MW_PAUSE_FOR_WORK && !pause->is_over(pause)) {}
    }
    MW_CHECK_EQUAL_INT(s->response.code, 200);
    return calls;
}
