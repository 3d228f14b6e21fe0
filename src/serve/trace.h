/*
 * trace: the trace that a request belongs to, as W3C Trace Context tells it from hop to hop.
 *
 * The header "traceparent" names the trace and the caller's span in it; our part is a span of our
 * own, named in the answer and in the access log. Who sends none, or a malformed one, is not
 * traced: starting a trace is the caller's business. "tracestate" is what the tools along the way
 * keep with a trace, member by member; we add none, and hand on what came.
 */
#pragma once
#include "base/str.h"

enum {
    MW_TRACE_ID_SIZE = 16,
    MW_TRACE_SPAN_SIZE = 8,
    MW_TRACE_TEXT_SIZE = 55, /* "00-", 32 digits, "-", 16 digits, "-", 2 digits */
    MW_TRACE_MEMBERS_MAX = 32,
    MW_TRACE_STATE_SIZE_MAX = 512, /* as much as the specification wants handed on */
};

typedef struct {
    bool is_known;
    unsigned char id[MW_TRACE_ID_SIZE];
    unsigned char span[MW_TRACE_SPAN_SIZE];
    unsigned char flags;
} mw_trace;

/* `header` with NULL data: none was sent. */
mw_trace mw_trace_parse(mw_str header);
void mw_trace_write(const mw_trace *trace, char out_text[MW_TRACE_TEXT_SIZE + 1]);
/* The tracestate to hand on with a known trace, all its lines in `header`: the members without the
   blanks around them. If one breaks the grammar, has a key of one before it, or is the 33rd, there
   is none (empty). Where all are too long, first those of more than 128 bytes go, then others, both
   from the end. */
mw_str mw_trace_state(mw_str header, char out_text[MW_TRACE_STATE_SIZE_MAX]);
