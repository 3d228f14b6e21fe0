#include "serve/http1.h"

#include "llhttp.h"
#include "serve/repeated_head.h"

#include <string.h>

enum { HEADER_NAME_MAX = 32 };

typedef enum { WITHIN_TARGET, WITHIN_HEADERS, WITHIN_BODY, COMPLETE } stage;

struct mw_http1 {
    llhttp_t parser; /* its `data` is this mw_http1 */
    mw_http_parts parts;
    stage stage;
    bool begun;       /* a byte of the request has come */
    bool is_first;    /* of the connection's requests */
    bool waits;       /* the client sends its body only after "100 Continue" */
    size_t head_size; /* bytes of the head as sent, among them those that are dropped */
    uint64_t framing_size; /* bytes after the head that are no body: chunk sizes, trailers */
    char name[HEADER_NAME_MAX]; /* of the header being read, in lower case */
    size_t name_size;           /* past HEADER_NAME_MAX: it is none that we know */
    bool is_length;             /* the header being read is Content-Length */
    mw_str length;              /* its value, among the bytes that are fed */
    mw_repeated_head kept;      /* of the request that is complete */
    mw_status refusal;          /* why a callback stopped the parser; MW_OK: it did not */
    mw_error reason;
};

/* Stops the parser from within a callback, if it has failed with http->reason. */
static int go_on(mw_http1 *http, mw_status status) {
    http->refusal = status;
    return status == MW_OK ? 0 : HPE_USER;
}

static int on_url(llhttp_t *parser, const char *at, size_t size) {
    mw_http1 *http = parser->data;
    return go_on(http, mw_http_parts_target(&http->parts, (mw_str){at, size}, &http->reason));
}

static int on_url_complete(llhttp_t *parser) {
    mw_http1 *http = parser->data;
    http->stage = WITHIN_HEADERS;
    return 0;
}

/* Trailers may not pass for headers: names and values after the body are dropped. */
static int on_header_field(llhttp_t *parser, const char *at, size_t size) {
    mw_http1 *http = parser->data;
    if (http->stage != WITHIN_HEADERS) return 0;
    for (size_t i = 0; i < size; i++, http->name_size++) {
        bool upper = at[i] >= 'A' && at[i] <= 'Z';
        if (http->name_size < HEADER_NAME_MAX)
            http->name[http->name_size] = upper ? (char)(at[i] + ('a' - 'A')) : at[i];
    }
    return 0;
}

static int on_header_field_complete(llhttp_t *parser) {
    mw_http1 *http = parser->data;
    if (http->stage != WITHIN_HEADERS) return 0;
    bool is_short = http->name_size <= HEADER_NAME_MAX;
    mw_str name = is_short ? (mw_str){http->name, http->name_size} : MW_STR("");
    http->name_size = 0;
    http->is_length = mw_str_is(name, "content-length");
    return go_on(http, mw_http_parts_name(&http->parts, name, &http->reason));
}

static int on_header_value(llhttp_t *parser, const char *at, size_t size) {
    mw_http1 *http = parser->data;
    if (http->stage != WITHIN_HEADERS) return 0;
    if (http->is_length) http->length = (mw_str){at, size};
    return go_on(http, mw_http_parts_value(&http->parts, (mw_str){at, size}, &http->reason));
}

/* What RFC 9112 wants of a request's framing, beyond the grammar. */
static mw_status framing_check(mw_http1 *http, mw_error *err) {
    const llhttp_t *parser = &http->parser;
    const mw_str *headers = http->parts.request.headers;
    bool old = parser->http_minor == 0;
    if (!old && !headers[MW_HEADER_HOST].data)
        return mw_fail(err, MW_MALFORMED, "host: must be sent, got none");
    mw_str coding = headers[MW_HEADER_TRANSFER_ENCODING];
    if (coding.data && old)
        return mw_fail(err, MW_MALFORMED, "transfer-encoding: HTTP/1.0 has none, got \"%.*s\"",
                       MW_STR_ARGS(coding));
    if (coding.data && !mw_http_same_word(coding, "chunked"))
        return mw_fail(err, MW_NOT_BUILT, "transfer-encoding: must be \"chunked\", got \"%.*s\"",
                       MW_STR_ARGS(coding));
    return mw_http_parts_expect(&http->parts, parser->content_length, err);
}

static mw_status head_read(mw_http1 *http, mw_error *err) {
    mw_str method = mw_str_of(llhttp_method_name((llhttp_method_t)http->parser.method));
    MW_TRY(mw_http_parts_head(&http->parts, method, err));
    return framing_check(http, err);
}

static int on_headers_complete(llhttp_t *parser) {
    mw_http1 *http = parser->data;
    http->stage = WITHIN_BODY;
    http->refusal = head_read(http, &http->reason);
    if (http->refusal != MW_OK) return -1;
    parser->upgrade = 0; /* "Upgrade" is an offer; whoever does not take it goes on as before */
    http->parts.request.has_chunks = parser->http_minor > 0;
    http->parts.request.keep_alive = parser->http_minor > 0 && llhttp_should_keep_alive(parser);
    bool has_body = (parser->flags & F_CHUNKED) || parser->content_length > 0;
    http->waits = has_body && parser->http_minor > 0 &&
                  mw_http_same_word(http->parts.request.headers[MW_HEADER_EXPECT], "100-continue");
    return HPE_PAUSED; /* so that the head's bytes are counted apart from what follows */
}

static int on_body(llhttp_t *parser, const char *at, size_t size) {
    mw_http1 *http = parser->data;
    return go_on(http, mw_http_parts_body(&http->parts, (mw_str){at, size}, &http->reason));
}

static int on_message_complete(llhttp_t *parser) {
    mw_http1 *http = parser->data;
    http->stage = COMPLETE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* Ready for the next request. llhttp itself is so after each message. */
static void begin(mw_http1 *http) {
    mw_http_parts_clear(&http->parts);
    mw_repeated_head_forget(&http->kept);
    http->stage = WITHIN_TARGET;
    http->length = (mw_str){NULL, 0};
    http->begun = http->waits = false;
    http->head_size = http->framing_size = http->name_size = 0;
}

mw_status mw_http1_create(mw_http_rules rules, mw_http1 **out_http, mw_error *err) {
    mw_http1 *http = mw_allocate(sizeof *http);
    if (!http) return mw_fail(err, MW_NO_MEMORY, "connection: no memory is left");
    mw_http_parts_init(&http->parts, rules);
    mw_repeated_head_init(&http->kept);
    llhttp_init(&http->parser, HTTP_REQUEST, &settings);
    http->parser.data = http;
    http->is_first = true;
    begin(http);
    *out_http = http;
    return MW_OK;
}

static bool within_head(const mw_http1 *http) {
    return http->stage == WITHIN_TARGET || http->stage == WITHIN_HEADERS;
}

/* A head that came whole, if the connection goes on behind its request and no more than its length
   says where that ends. */
static void keep_head(mw_http1 *http, mw_str head) {
    bool is_framed_by_length = !(http->parser.flags & (F_CHUNKED | F_TRANSFER_ENCODING));
    if (is_framed_by_length && http->parts.request.keep_alive && !http->waits)
        mw_repeated_head_keep(&http->kept, head, http->length);
}

/* Whether the front of `*bytes` is a request with the head of the one before. */
static bool take_repeated(mw_http1 *http, mw_str *bytes) {
    mw_str body;
    if (!mw_repeated_head_fits(&http->kept, *bytes, &body)) return false;
    if (!mw_http_parts_repeat(&http->parts, body)) return false;
    *bytes = mw_str_slice(*bytes, (size_t)(body.data + body.size - bytes->data), bytes->size);
    return true;
}

/* Runs the parser over the front of `*bytes`, no further than the head's limit allows. */
static llhttp_errno_t execute(mw_http1 *http, mw_str *bytes) {
    bool in_head = within_head(http), is_front = !http->begun;
    size_t size = bytes->size;
    size_t head_left = MW_HTTP_HEAD_SIZE_MAX - http->head_size;
    if (in_head && size > head_left) size = head_left;
    size_t body_size = http->parts.body.size;

    llhttp_errno_t result = llhttp_execute(&http->parser, bytes->data, size);
    if (result == HPE_PAUSED || result == HPE_PAUSED_H2_UPGRADE)
        size = (size_t)(llhttp_get_error_pos(&http->parser) - bytes->data);
    if (is_front && http->stage == WITHIN_BODY) keep_head(http, mw_str_slice(*bytes, 0, size));
    *bytes = mw_str_slice(*bytes, size, bytes->size);
    if (size > 0) http->begun = true;
    if (in_head) http->head_size += size;
    else http->framing_size += size - (http->parts.body.size - body_size);
    return result;
}

/* Limits on what is read and dropped, which no buffer bounds. */
static mw_status sizes_check(const mw_http1 *http, mw_error *err) {
    if (within_head(http) && http->head_size >= MW_HTTP_HEAD_SIZE_MAX)
        return mw_fail(err, MW_HEAD_TOO_LARGE, "headers: must be at most %d bytes, got more",
                       MW_HTTP_HEAD_SIZE_MAX);
    uint64_t body_size = http->parts.taken + http->parts.body.size;
    if (http->framing_size > body_size + MW_HTTP_HEAD_SIZE_MAX)
        return mw_fail(err, MW_MALFORMED,
                       "body: must be more than what frames it, got %llu bytes in %llu",
                       (unsigned long long)body_size,
                       (unsigned long long)(body_size + http->framing_size));
    return MW_OK;
}

static mw_status parser_failure(const mw_http1 *http, llhttp_errno_t result, mw_error *err) {
    if (http->refusal != MW_OK) {
        if (err) *err = http->reason;
        return http->refusal;
    }
    if (result == HPE_PAUSED_H2_UPGRADE)
        return mw_fail(err, MW_MALFORMED, "request: must be HTTP/1.1 as the ones before it, "
                       "got HTTP/2");
    const char *reason = llhttp_get_error_reason(&http->parser);
    return mw_fail(err, MW_MALFORMED, "request: must be HTTP/1.1 to the letter, got: %s",
                   reason && *reason ? reason : llhttp_errno_name(result));
}

mw_status mw_http1_feed(mw_http1 *http, mw_str *bytes, mw_http1_state *out_state, mw_error *err) {
    MW_ASSERT(http->refusal == MW_OK);
    if (http->stage == COMPLETE) {
        http->is_first = false;
        if (take_repeated(http, bytes)) {
            *out_state = MW_HTTP1_REQUEST;
            return MW_OK;
        }
        begin(http);
    }
    for (;;) { /* after a pause even without bytes: a request may end with its head */
        llhttp_errno_t result = execute(http, bytes);
        if (result == HPE_PAUSED_H2_UPGRADE && http->is_first) {
            *out_state = MW_HTTP1_IS_HTTP2;
            return MW_OK;
        }
        if (result != HPE_OK && result != HPE_PAUSED) return parser_failure(http, result, err);
        MW_TRY(sizes_check(http, err));
        if (result == HPE_OK) break;
        llhttp_resume(&http->parser);
        if (http->stage == COMPLETE || http->waits) {
            *out_state = http->stage == COMPLETE ? MW_HTTP1_REQUEST : MW_HTTP1_CONTINUE;
            return MW_OK;
        }
    }
    *out_state = mw_http_parts_have_piece(&http->parts) ? MW_HTTP1_PIECE : MW_HTTP1_MORE;
    return MW_OK;
}

const mw_http_request *mw_http1_request(mw_http1 *http) {
    MW_ASSERT(!within_head(http));
    return mw_http_parts_show(&http->parts, http->stage != COMPLETE);
}

void mw_http1_take(mw_http1 *http, size_t size) { mw_http_parts_take(&http->parts, size); }

bool mw_http1_is_within(const mw_http1 *http) {
    return http->begun && http->stage != COMPLETE;
}

void mw_http1_destroy(mw_http1 *http) {
    if (!http) return;
    mw_http_parts_release(&http->parts);
    mw_repeated_head_release(&http->kept);
    mw_free(http);
}
