#include "serve/http.h"

#include "llhttp.h"

#include <string.h>

enum { HEADER_NAME_MAX = 32 };

/* A piece of the head, which may still move in memory as the head grows. */
typedef struct {
    size_t from, to;
    bool present;
} piece;

typedef enum { WITHIN_TARGET, WITHIN_HEADERS, WITHIN_BODY, COMPLETE } stage;

struct mw_http {
    llhttp_t parser; /* its `data` is this mw_http */
    mw_buf head;     /* the target, then the values of the headers that we know */
    mw_buf body;
    stage stage;
    bool begun;       /* a byte of the request has come */
    bool waits;       /* the client sends its body only after "100 Continue" */
    size_t head_size; /* bytes of the head as sent, among them those that are dropped */
    size_t framing_size; /* bytes after the head that are no body: chunk sizes, trailers */
    piece target;
    piece headers[MW_HEADER_COUNT];
    char name[HEADER_NAME_MAX]; /* of the header being read, in lower case */
    size_t name_size;           /* past HEADER_NAME_MAX: it is none that we know */
    int header;                 /* the one whose value is being read; -1: none that we know */
    mw_status refusal;          /* why a callback stopped the parser; MW_OK: it did not */
    mw_error reason;
    mw_http_request request;
};

static const char *const method_names[] = {
#define X(name) #name,
    MW_HTTP_METHOD_MAP(X)
#undef X
};

static const char *const header_names[] = {
#define X(name, text) text,
    MW_HTTP_HEADER_MAP(X)
#undef X
};

const char *mw_http_method_name(mw_http_method method) {
    MW_ASSERT((size_t)method < MW_HTTP_METHOD_COUNT);
    return method_names[method];
}

/* Stops the parser from within a callback, whose `mw_fail` has filled http->reason. */
static int refuse(mw_http *http, mw_status status) {
    http->refusal = status;
    return HPE_USER;
}

static int append(mw_http *http, mw_buf *buf, const char *bytes, size_t size) {
    mw_buf_append(buf, bytes, size);
    mw_status status = mw_buf_check(buf, buf == &http->head ? "head" : "body", &http->reason);
    return status == MW_OK ? 0 : refuse(http, status);
}

static int on_url(llhttp_t *parser, const char *at, size_t size) {
    mw_http *http = parser->data;
    if (http->head.size + size > MW_HTTP_TARGET_SIZE_MAX)
        return refuse(http, mw_fail(&http->reason, MW_TARGET_TOO_LONG,
                                    "target: must be at most %d bytes, got more",
                                    MW_HTTP_TARGET_SIZE_MAX));
    return append(http, &http->head, at, size);
}

static int on_url_complete(llhttp_t *parser) {
    mw_http *http = parser->data;
    http->target = (piece){0, http->head.size, true};
    http->stage = WITHIN_HEADERS;
    return 0;
}

/* Trailers may not pass for headers: names and values after the body are dropped. */
static int on_header_field(llhttp_t *parser, const char *at, size_t size) {
    mw_http *http = parser->data;
    if (http->stage != WITHIN_HEADERS) return 0;
    for (size_t i = 0; i < size; i++, http->name_size++) {
        bool upper = at[i] >= 'A' && at[i] <= 'Z';
        if (http->name_size < HEADER_NAME_MAX)
            http->name[http->name_size] = upper ? (char)(at[i] + ('a' - 'A')) : at[i];
    }
    return 0;
}

static int header_find(mw_str name) {
    for (int i = 0; i < MW_HEADER_COUNT; i++)
        if (mw_str_is(name, header_names[i])) return i;
    return -1;
}

static int on_header_field_complete(llhttp_t *parser) {
    mw_http *http = parser->data;
    if (http->stage != WITHIN_HEADERS) return 0;
    http->header = -1;
    if (http->name_size <= HEADER_NAME_MAX)
        http->header = header_find((mw_str){http->name, http->name_size});
    http->name_size = 0;
    if (http->header < 0) return 0;

    piece *header = &http->headers[http->header];
    if (header->present && http->header != MW_HEADER_ACCEPT) /* of a list, the last one stands */
        return refuse(http, mw_fail(&http->reason, MW_MALFORMED,
                                    "%s: must be sent once, got it twice",
                                    header_names[http->header]));
    *header = (piece){http->head.size, http->head.size, true};
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t size) {
    mw_http *http = parser->data;
    if (http->stage != WITHIN_HEADERS || http->header < 0) return 0;
    int result = append(http, &http->head, at, size);
    http->headers[http->header].to = http->head.size;
    return result;
}

static mw_str piece_text(const mw_http *http, piece p) {
    if (!p.present) return (mw_str){NULL, 0};
    return mw_str_slice(mw_buf_str(&http->head), p.from, p.to);
}

static bool same_word(mw_str text, const char *lower_word) {
    size_t i = 0;
    for (; i < text.size && lower_word[i]; i++) {
        bool upper = text.data[i] >= 'A' && text.data[i] <= 'Z';
        if ((upper ? text.data[i] + ('a' - 'A') : text.data[i]) != lower_word[i]) return false;
    }
    return i == text.size && lower_word[i] == '\0';
}

static mw_status method_read(uint8_t parsed, mw_http_method *out_method, mw_error *err) {
    const char *name = llhttp_method_name((llhttp_method_t)parsed);
    for (int i = 0; i < MW_HTTP_METHOD_COUNT; i++) {
        if (!mw_str_is(mw_str_of(name), method_names[i])) continue;
        *out_method = (mw_http_method)i;
        return MW_OK;
    }
    return mw_fail(err, MW_NOT_BUILT, "method: %s is not served", name);
}

/* What RFC 9112 wants of a request's framing, beyond the grammar. */
static mw_status framing_check(const mw_http *http, mw_error *err) {
    const llhttp_t *parser = &http->parser;
    const mw_str *headers = http->request.headers;
    bool old = parser->http_minor == 0;
    if (!old && !headers[MW_HEADER_HOST].data)
        return mw_fail(err, MW_MALFORMED, "host: must be sent, got none");
    mw_str coding = headers[MW_HEADER_TRANSFER_ENCODING];
    if (coding.data && old)
        return mw_fail(err, MW_MALFORMED, "transfer-encoding: HTTP/1.0 has none, got \"%.*s\"",
                       MW_STR_ARGS(coding));
    if (coding.data && !same_word(coding, "chunked"))
        return mw_fail(err, MW_NOT_BUILT, "transfer-encoding: must be \"chunked\", got \"%.*s\"",
                       MW_STR_ARGS(coding));
    mw_str content = headers[MW_HEADER_CONTENT_ENCODING];
    if (content.data && !same_word(content, "identity"))
        return mw_fail(err, MW_WRONG_TYPE, "content-encoding: must be \"identity\", got \"%.*s\"",
                       MW_STR_ARGS(content));
    if (parser->content_length > http->body.size_max)
        return mw_fail(err, MW_TOO_LARGE, "body: must be at most %zu bytes, got %llu",
                       http->body.size_max, (unsigned long long)parser->content_length);
    return MW_OK;
}

static mw_status head_read(mw_http *http, mw_error *err) {
    mw_http_request *request = &http->request;
    MW_TRY(method_read(http->parser.method, &request->method, err));
    mw_str target = piece_text(http, http->target);
    if (!mw_target_parse(target, &request->target))
        return mw_fail(err, MW_MALFORMED, "target: must be a path from \"/\", got \"%.*s\"",
                       MW_STR_ARGS(target));
    for (int i = 0; i < MW_HEADER_COUNT; i++)
        request->headers[i] = mw_str_trim(piece_text(http, http->headers[i]));
    return framing_check(http, err);
}

static int on_headers_complete(llhttp_t *parser) {
    mw_http *http = parser->data;
    http->stage = WITHIN_BODY;
    mw_status status = head_read(http, &http->reason);
    if (status != MW_OK) {
        http->refusal = status;
        return -1;
    }
    parser->upgrade = 0; /* "Upgrade" is an offer; whoever does not take it goes on as before */
    bool has_body = (parser->flags & F_CHUNKED) || parser->content_length > 0;
    http->waits = has_body && parser->http_minor > 0 &&
                  same_word(http->request.headers[MW_HEADER_EXPECT], "100-continue");
    return HPE_PAUSED; /* so that the head's bytes are counted apart from what follows */
}

static int on_body(llhttp_t *parser, const char *at, size_t size) {
    mw_http *http = parser->data;
    return append(http, &http->body, at, size);
}

static int on_message_complete(llhttp_t *parser) {
    mw_http *http = parser->data;
    http->stage = COMPLETE;
    http->request.body = mw_buf_str(&http->body);
    http->request.keep_alive = parser->http_minor > 0 && llhttp_should_keep_alive(parser);
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
static void begin(mw_http *http) {
    if (http->body.capacity > MW_HTTP_BODY_SIZE_KEPT) mw_buf_release(&http->body);
    mw_buf_clear(&http->body);
    mw_buf_clear(&http->head);
    memset(http->headers, 0, sizeof http->headers);
    http->target = (piece){0};
    http->request = (mw_http_request){0};
    http->stage = WITHIN_TARGET;
    http->begun = http->waits = false;
    http->head_size = http->framing_size = http->name_size = 0;
    http->header = -1;
}

mw_status mw_http_create(size_t body_size_max, mw_http **out_http, mw_error *err) {
    mw_http *http = mw_allocate(sizeof *http);
    if (!http) return mw_fail(err, MW_NO_MEMORY, "connection: no memory is left");
    mw_buf_init(&http->head, MW_HTTP_HEAD_SIZE_MAX);
    mw_buf_init(&http->body, body_size_max > 0 ? body_size_max : MW_HTTP_BODY_SIZE_MAX);
    llhttp_init(&http->parser, HTTP_REQUEST, &settings);
    http->parser.data = http;
    begin(http);
    *out_http = http;
    return MW_OK;
}

static bool within_head(const mw_http *http) {
    return http->stage == WITHIN_TARGET || http->stage == WITHIN_HEADERS;
}

/* Runs the parser over the front of `*bytes`, no further than the head's limit allows. */
static llhttp_errno_t execute(mw_http *http, mw_str *bytes) {
    bool in_head = within_head(http);
    size_t size = bytes->size;
    size_t head_left = MW_HTTP_HEAD_SIZE_MAX - http->head_size;
    if (in_head && size > head_left) size = head_left;
    size_t body_size = http->body.size;

    llhttp_errno_t result = llhttp_execute(&http->parser, bytes->data, size);
    if (result == HPE_PAUSED) size = (size_t)(llhttp_get_error_pos(&http->parser) - bytes->data);
    *bytes = mw_str_slice(*bytes, size, bytes->size);
    if (size > 0) http->begun = true;
    if (in_head) http->head_size += size;
    else http->framing_size += size - (http->body.size - body_size);
    return result;
}

/* Limits on what is read and dropped, which no buffer bounds. */
static mw_status sizes_check(const mw_http *http, mw_error *err) {
    if (within_head(http) && http->head_size >= MW_HTTP_HEAD_SIZE_MAX)
        return mw_fail(err, MW_HEAD_TOO_LARGE, "headers: must be at most %d bytes, got more",
                       MW_HTTP_HEAD_SIZE_MAX);
    if (http->framing_size > http->body.size + MW_HTTP_HEAD_SIZE_MAX)
        return mw_fail(err, MW_MALFORMED,
                       "body: must be more than what frames it, got %zu bytes in %zu",
                       http->body.size, http->body.size + http->framing_size);
    return MW_OK;
}

static mw_status parser_failure(const mw_http *http, llhttp_errno_t result, mw_error *err) {
    if (http->refusal != MW_OK) {
        if (err) *err = http->reason;
        return http->refusal;
    }
    if (result == HPE_PAUSED_H2_UPGRADE)
        return mw_fail(err, MW_NOT_BUILT, "request: must be HTTP/1.1, got HTTP/2");
    const char *reason = llhttp_get_error_reason(&http->parser);
    return mw_fail(err, MW_MALFORMED, "request: must be HTTP/1.1 to the letter, got: %s",
                   reason && *reason ? reason : llhttp_errno_name(result));
}

mw_status mw_http_feed(mw_http *http, mw_str *bytes, mw_http_state *out_state, mw_error *err) {
    MW_ASSERT(http->refusal == MW_OK);
    if (http->stage == COMPLETE) begin(http);
    for (;;) { /* after a pause even without bytes: a request may end with its head */
        llhttp_errno_t result = execute(http, bytes);
        if (result != HPE_OK && result != HPE_PAUSED) return parser_failure(http, result, err);
        MW_TRY(sizes_check(http, err));
        if (result == HPE_OK) break;
        llhttp_resume(&http->parser);
        if (http->stage == COMPLETE || http->waits) {
            *out_state = http->stage == COMPLETE ? MW_HTTP_REQUEST : MW_HTTP_CONTINUE;
            return MW_OK;
        }
    }
    *out_state = MW_HTTP_MORE;
    return MW_OK;
}

const mw_http_request *mw_http_complete(const mw_http *http) {
    MW_ASSERT(http->stage == COMPLETE);
    return &http->request;
}

bool mw_http_is_within(const mw_http *http) {
    return http->begun && http->stage != COMPLETE;
}

void mw_http_destroy(mw_http *http) {
    if (!http) return;
    mw_buf_release(&http->head);
    mw_buf_release(&http->body);
    mw_free(http);
}
