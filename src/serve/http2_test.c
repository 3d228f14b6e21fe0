#include "serve/http2.h"
#include "testing/test.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

/* The other end: nghttp2's client, which keeps what it was answered by stream. */

enum { STREAMS_MAX = 256, BODY_SIZE_MAX = 4 << 20 };

typedef struct {
    int code;
    mw_buf body;
    bool is_closed;
    uint32_t error_code;
} reply;

typedef struct {
    nghttp2_session *session;
    mw_http2 *http;
    mw_buf wire; /* from us to it */
    reply replies[STREAMS_MAX];
    bool told_to_go;
    uint32_t go_error_code;
    mw_str sending; /* the body of the request that it sends */
    size_t sent;
    bool sends_trailers;
    mw_status broken; /* what mw_http2_feed said at last */
} client;

static reply *reply_of(client *c, int32_t id) {
    MW_CHECK(id >= 0 && id / 2 < STREAMS_MAX);
    return &c->replies[id / 2];
}

static int got_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                      nghttp2_rcbuf *value, uint8_t flags,
                      void *context) { /* tidy: nghttp2's type */
    (void)session;
    (void)flags;
    nghttp2_vec key = nghttp2_rcbuf_get_buf(name), text = nghttp2_rcbuf_get_buf(value);
    if (!mw_str_is((mw_str){(char *)key.base, key.len}, ":status")) return 0;
    int64_t code;
    MW_CHECK(mw_str_to_int64((mw_str){(char *)text.base, text.len}, &code));
    reply_of(context, frame->hd.stream_id)->code = (int)code;
    return 0;
}

static int got_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                    size_t size, void *context) { /* tidy: nghttp2's type */
    (void)session;
    (void)flags;
    mw_buf_append(&reply_of(context, id)->body, bytes, size);
    return 0;
}

static int got_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *context) {
    (void)session;
    reply_of(context, id)->is_closed = true;
    reply_of(context, id)->error_code = error_code;
    return 0;
}

static int got_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    (void)session;
    client *c = context;
    if (frame->hd.type != NGHTTP2_GOAWAY) return 0;
    c->told_to_go = true;
    c->go_error_code = frame->goaway.error_code;
    return 0;
}

static ssize_t give_data(nghttp2_session *session, int32_t id, uint8_t *out, size_t size_max,
                         uint32_t *out_flags, nghttp2_data_source *source,
                         void *context) { /* tidy: nghttp2's type */
    (void)source;
    client *c = context;
    mw_str piece = mw_str_slice(c->sending, c->sent, c->sent + size_max);
    memcpy(out, piece.data, piece.size);
    c->sent += piece.size;
    if (c->sent < c->sending.size) return (ssize_t)piece.size;
    *out_flags = NGHTTP2_DATA_FLAG_EOF;
    if (!c->sends_trailers) return (ssize_t)piece.size;
    *out_flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_nv forged = {.name = (uint8_t *)"authorization", .namelen = 13,
                         .value = (uint8_t *)"forged", .valuelen = 6};
    MW_CHECK_EQUAL_INT(nghttp2_submit_trailer(session, id, &forged, 1), 0);
    return (ssize_t)piece.size;
}

static void client_begin(client *c, size_t body_size_max) {
    mw_error err;
    *c = (client){0};
    nghttp2_session_callbacks *callbacks;
    MW_CHECK_EQUAL_INT(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, got_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, got_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, got_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, got_frame);
    MW_CHECK_EQUAL_INT(nghttp2_session_client_new(&c->session, callbacks, c), 0);
    nghttp2_session_callbacks_del(callbacks);
    MW_CHECK_EQUAL_INT(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
    mw_buf_init(&c->wire, 64 << 20);
    for (size_t i = 0; i < STREAMS_MAX; i++) mw_buf_init(&c->replies[i].body, 64 << 20);
    mw_http_rules rules = {.body_size_max = body_size_max};
    MW_CHECK_OK(mw_http2_create(rules, &c->http, &err), &err);
}

static void client_end(client *c) {
    nghttp2_session_del(c->session);
    mw_http2_destroy(c->http);
    mw_buf_release(&c->wire);
    for (size_t i = 0; i < STREAMS_MAX; i++) mw_buf_release(&c->replies[i].body);
}

typedef struct {
    const char *method, *path;
    nghttp2_nv more[4];
    size_t more_count;
    mw_str body; /* data NULL: none; it must stay where it is */
} asked;

static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name, .namelen = strlen(name),
                        .value = (uint8_t *)(uintptr_t)value, .valuelen = strlen(value)};
}

static int32_t ask(client *c, asked request) {
    nghttp2_nv fields[8] = {field(":method", request.method), field(":scheme", "http"),
                            field(":path", request.path), field(":authority", "h")};
    memcpy(fields + 4, request.more, sizeof request.more);
    c->sending = request.body;
    c->sent = 0;
    nghttp2_data_provider body = {.read_callback = give_data};
    int32_t id = nghttp2_submit_request(c->session, NULL, fields, 4 + request.more_count,
                                        request.body.data ? &body : NULL, NULL);
    MW_CHECK(id > 0);
    return id;
}

/* What the client has to say goes to us. The preface is not ours to read. */
static void send_all(client *c) {
    const uint8_t *bytes;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(c->session, &bytes)) > 0) {
        mw_str text = {(const char *)bytes, (size_t)size};
        if (mw_str_starts(text, MW_STR(NGHTTP2_CLIENT_MAGIC)))
            text = mw_str_slice(text, NGHTTP2_CLIENT_MAGIC_LEN, text.size);
        if (text.size == 0 || c->broken != MW_OK) continue;
        c->broken = mw_http2_feed(c->http, text, 1000, NULL);
    }
}

/* What we have to say goes to it, some bytes at a time. */
static void receive_all(client *c) {
    mw_error err;
    do {
        mw_buf_clear(&c->wire);
        MW_CHECK_OK(mw_http2_pull(c->http, &c->wire, 20000, &err), &err);
        const uint8_t *bytes = (const uint8_t *)mw_buf_str(&c->wire).data;
        ssize_t size = nghttp2_session_mem_recv(c->session, bytes, c->wire.size);
        MW_CHECK_EQUAL_INT(size, c->wire.size);
    } while (c->wire.size > 0);
}

/* Answers what waits with what it says: the path for GET, else the body. */
static void answer_all(client *c) {
    mw_http2_call call;
    mw_response response;
    mw_response_init(&response);
    char date[MW_HTTP_DATE_SIZE];
    mw_http_date(0, date);
    while (mw_http2_next(c->http, &call)) {
        mw_response_clear(&response);
        if (!call.request) mw_response_problem(&response, call.status, call.err);
        else if (call.request->method == MW_HTTP_POST)
            mw_buf_append_str(&response.body, call.request->body);
        else mw_buf_append_str(&response.body, call.request->target.path);
        if (call.request && call.request->headers[MW_HEADER_AUTHORIZATION].data)
            mw_response_header(&response, "X-Token", MW_STR("seen"));
        bool is_head = call.request && call.request->method == MW_HTTP_HEAD;
        mw_http2_answer(c->http, call.stream, &response,
                        (mw_response_frame){.date = date, .keep_alive = true,
                                            .without_body = is_head});
    }
    mw_http2_commit(c->http);
    mw_response_release(&response);
}

static void exchange_all(client *c) {
    for (int i = 0; i < 200; i++) {
        send_all(c);
        answer_all(c);
        receive_all(c);
    }
}

static reply *call_once(client *c, asked request) {
    int32_t id = ask(c, request);
    exchange_all(c);
    MW_CHECK(reply_of(c, id)->is_closed);
    return reply_of(c, id);
}

MW_TEST(http2_answers_each_stream) {
    client c;
    client_begin(&c, 0);
    int32_t ids[MW_HTTP2_STREAMS_MAX];
    char paths[MW_HTTP2_STREAMS_MAX][16];
    for (int i = 0; i < MW_HTTP2_STREAMS_MAX; i++) {
        snprintf(paths[i], sizeof paths[i], "/%d", i);
        ids[i] = ask(&c, (asked){.method = "GET", .path = paths[i]});
    }
    exchange_all(&c);
    for (int i = 0; i < MW_HTTP2_STREAMS_MAX; i++) {
        MW_CHECK_EQUAL_INT(reply_of(&c, ids[i])->code, 200);
        MW_CHECK_EQUAL_STR(mw_buf_str(&reply_of(&c, ids[i])->body), paths[i]);
    }
    MW_CHECK_EQUAL_INT(mw_http2_stream_count(c.http), 0);
    MW_CHECK_EQUAL_INT(mw_http2_unsent(c.http), 0);
    client_end(&c);
}

MW_TEST(http2_carries_bodies_larger_than_any_window) {
    client c;
    client_begin(&c, BODY_SIZE_MAX);
    mw_buf body;
    mw_buf_init(&body, BODY_SIZE_MAX);
    while (body.size < BODY_SIZE_MAX - 100) mw_buf_append_int(&body, (int64_t)body.size);
    reply *r = call_once(&c, (asked){.method = "POST", .path = "/", .body = mw_buf_str(&body)});
    MW_CHECK_EQUAL_INT(r->code, 200);
    MW_CHECK(mw_str_equal(mw_buf_str(&r->body), mw_buf_str(&body)));
    r = call_once(&c, (asked){.method = "HEAD", .path = "/x"});
    MW_CHECK_EQUAL_INT(r->code, 200);
    MW_CHECK_EQUAL_INT(r->body.size, 0);
    mw_buf_release(&body);
    client_end(&c);
}

/* What is wrong with one request is said in its stream, and the next one is answered. */
MW_TEST(http2_says_what_is_wrong_with_a_request) {
    static char long_text[MW_HTTP_HEAD_SIZE_MAX];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[0] = '/';
    char long_target[MW_HTTP_TARGET_SIZE_MAX + 2] = "";
    memcpy(long_target, long_text, sizeof long_target - 1);
    const struct {
        asked request;
        int code;
    } cases[] = {
        {{.method = "GET", .path = long_target}, 414},
        {{.method = "GET", .path = "/", .more = {field("x", long_text)}, .more_count = 1}, 431},
        {{.method = "GET", .path = "/", .more = {field("authorization", "a"),
                                                 field("authorization", "b")}, .more_count = 2},
         400},
        {{.method = "POST", .path = "/", .more = {field("content-encoding", "br")},
          .more_count = 1, .body = MW_STR("x")}, 415},
        {{.method = "POST", .path = "/", .body = {long_text, 1001}}, 413},
    };
    client c;
    client_begin(&c, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MW_CHECK_EQUAL_INT(call_once(&c, cases[i].request)->code, cases[i].code);
        MW_CHECK_EQUAL_INT(call_once(&c, (asked){.method = "GET", .path = "/"})->code, 200);
    }
    MW_CHECK_EQUAL_INT(mw_http2_stream_count(c.http), 0);
    client_end(&c);
}

MW_TEST(http2_drops_trailers) {
    client c;
    client_begin(&c, 0);
    c.sends_trailers = true;
    reply *r = call_once(&c, (asked){.method = "POST", .path = "/", .body = MW_STR("abc")});
    MW_CHECK_EQUAL_STR(mw_buf_str(&r->body), "abc");
    client_end(&c);
}

MW_TEST(http2_lets_an_answer_leave_after_its_commit_only) {
    client c;
    client_begin(&c, 0);
    int32_t id = ask(&c, (asked){.method = "GET", .path = "/first"});
    send_all(&c);
    mw_http2_call call;
    mw_response response;
    mw_response_init(&response);
    char date[MW_HTTP_DATE_SIZE];
    mw_http_date(0, date);
    mw_response_frame frame = {.date = date, .keep_alive = true};
    MW_CHECK(mw_http2_next(c.http, &call));
    mw_buf_append_text(&response.body, "promised");
    mw_http2_answer(c.http, call.stream, &response, frame);
    receive_all(&c);
    MW_CHECK_EQUAL_INT(reply_of(&c, id)->code, 0);

    mw_response_problem(&response, MW_NO_SPACE, NULL);
    mw_http2_answer(c.http, call.stream, &response, frame); /* instead of it */
    mw_http2_commit(c.http);
    exchange_all(&c);
    MW_CHECK_EQUAL_INT(reply_of(&c, id)->code, 507);
    MW_CHECK(strstr(reply_of(&c, id)->body.data, "promised") == NULL);
    mw_http2_answer(c.http, call.stream, &response, frame); /* for a stream that is no more */
    mw_http2_commit(c.http);
    MW_CHECK_EQUAL_INT(mw_http2_unsent(c.http), 0);
    mw_response_release(&response);
    client_end(&c);
}

MW_TEST(http2_forgets_streams_that_are_reset) {
    client c;
    client_begin(&c, 1000);
    mw_http2_call call;
    for (int i = 0; i < 100; i++) { /* complete, and half of a request */
        int32_t id = ask(&c, (asked){.method = "POST", .path = "/", .body = MW_STR("abc"),
                                     .more = {field("content-length", i % 2 ? "3" : "4")},
                                     .more_count = 1});
        send_all(&c);
        MW_CHECK_EQUAL_INT(nghttp2_submit_rst_stream(c.session, 0, id, NGHTTP2_CANCEL), 0);
        send_all(&c);
        MW_CHECK(!mw_http2_next(c.http, &call));
    }
    MW_CHECK_EQUAL_INT(mw_http2_stream_count(c.http), 0);
    MW_CHECK_EQUAL_INT(call_once(&c, (asked){.method = "GET", .path = "/"})->code, 200);
    client_end(&c);
}

MW_TEST(http2_gives_up_requests_that_stay_incomplete) {
    client c;
    client_begin(&c, 1000);
    mw_error err;
    mw_status status = mw_fail(&err, MW_TIMED_OUT, "request: must be complete");
    int32_t id = ask(&c, (asked){.method = "POST", .path = "/", .body = MW_STR("abc")});
    nghttp2_nv fields[] = {field(":method", "POST"), field(":scheme", "http"),
                           field(":path", "/"), field(":authority", "h")};
    int32_t open = nghttp2_submit_headers(c.session, NGHTTP2_FLAG_NONE, -1, NULL, fields, 4, NULL);
    exchange_all(&c);
    MW_CHECK_EQUAL_INT(reply_of(&c, id)->code, 200);
    MW_CHECK_EQUAL_INT(mw_http2_stream_count(c.http), 1);
    MW_CHECK_EQUAL_INT(mw_http2_refuse_older(c.http, 1000, status, &err), 0); /* fed at 1000 */
    MW_CHECK_EQUAL_INT(mw_http2_refuse_older(c.http, 1001, status, &err), 1);
    MW_CHECK_EQUAL_INT(mw_http2_refuse_older(c.http, 1001, status, &err), 0);
    exchange_all(&c);
    MW_CHECK_EQUAL_INT(reply_of(&c, open)->code, 408);
    MW_CHECK(reply_of(&c, open)->is_closed);
    MW_CHECK_EQUAL_INT(mw_http2_stream_count(c.http), 0);
    client_end(&c);
}

/* --- floods: raw frames ------------------------------------------------------------------- */

static void frame(mw_buf *out, uint8_t type, uint8_t flags, uint32_t stream, mw_str payload) {
    const uint8_t head[] = {
        (uint8_t)(payload.size >> 16), (uint8_t)(payload.size >> 8), (uint8_t)payload.size,
        type, flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream,
    };
    mw_buf_append(out, head, sizeof head);
    mw_buf_append_str(out, payload);
}

/* ":method: GET", ":scheme: http", ":path: /" and ":authority: h", in HPACK. */
#define HEAD_OF_GET MW_STR("\x82\x86\x84\x41\x01h")

typedef enum {
    RESETS,
    CONTINUATIONS,
    PINGS,
    SETTINGS,
    HEADER_REFERENCES,
    REFUSALS, /* of streams beyond those at once, by who has not seen our settings yet */
    MISTAKES, /* requests that lack something */
    FLOOD_COUNT,
} flood;

static void write_flood(mw_buf *out, flood kind, uint32_t i) {
    static char references[16000];
    uint32_t id = 2 * i + 1;
    switch (kind) {
    case RESETS:
        frame(out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, HEAD_OF_GET);
        frame(out, NGHTTP2_RST_STREAM, 0, id, MW_STR("\0\0\0\x08"));
        break;
    case CONTINUATIONS:
        if (i == 0) frame(out, NGHTTP2_HEADERS, 0, 1, HEAD_OF_GET);
        else frame(out, NGHTTP2_CONTINUATION, 0, 1, MW_STR("\0\1a\1b"));
        break;
    case PINGS: frame(out, NGHTTP2_PING, 0, 0, MW_STR("12345678")); break;
    case SETTINGS: frame(out, NGHTTP2_SETTINGS, 0, 0, MW_STR("\0\3\0\0\0\1")); break;
    case HEADER_REFERENCES: /* each byte stands for a header of the table: 64 MB a frame */
        memset(references, 0xbe, sizeof references);
        frame(out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, (mw_str){references, 16000});
        break;
    case REFUSALS: frame(out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, HEAD_OF_GET); break;
    case MISTAKES:
        frame(out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, MW_STR("\x82"));
        break;
    case FLOOD_COUNT: break;
    }
}

/* Each ends the connection before long, and holds little memory until then. */
MW_TEST(http2_ends_floods) {
    enum { FRAMES = 5000 };
    for (int kind = 0; kind < FLOOD_COUNT; kind++) {
        mw_http2 *http;
        mw_buf in, out;
        mw_error err;
        mw_buf_init(&in, 128 << 10);
        mw_buf_init(&out, 16 << 20);
        MW_CHECK_OK(mw_http2_create((mw_http_rules){.body_size_max = 1000}, &http, &err), &err);
        frame(&in, NGHTTP2_SETTINGS, 0, 0, MW_STR(""));
        uint32_t i = 0;
        size_t live_count = mw_memory_live_count();
        while (i < FRAMES && !mw_http2_has_ended(http)) {
            write_flood(&in, (flood)kind, i++);
            mw_status status = mw_http2_feed(http, mw_buf_str(&in), 0, &err);
            mw_buf_clear(&in);
            MW_CHECK(mw_memory_live_count() < live_count + 6000);
            if (status != MW_OK) break;
            if (kind == RESETS || kind == HEADER_REFERENCES)
                MW_CHECK_OK(mw_http2_pull(http, &out, SIZE_MAX, &err), &err);
        }
        if (i == FRAMES) mw_test_fail(MW_TEST_PLACE("flood"), "%d goes on", kind);
        MW_CHECK_OK(mw_http2_pull(http, &out, SIZE_MAX, &err), &err);
        MW_CHECK(mw_http2_has_ended(http));
        mw_http2_destroy(http);
        mw_buf_release(&in);
        mw_buf_release(&out);
    }
}

MW_TEST(http2_bounds_the_bodies_of_a_connection) {
    mw_http2 *http;
    mw_buf in;
    mw_error err;
    mw_http2_call call;
    mw_buf_init(&in, 1 << 20);
    MW_CHECK_OK(mw_http2_create((mw_http_rules){.body_size_max = 1000}, &http, &err), &err);
    frame(&in, NGHTTP2_SETTINGS, 0, 0, MW_STR(""));
    char body[1000] = {0};
    for (uint32_t i = 0; i <= MW_HTTP2_BODIES_MAX; i++) {
        frame(&in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2 * i + 1, HEAD_OF_GET);
        frame(&in, NGHTTP2_DATA, 0, 2 * i + 1, (mw_str){body, sizeof body});
    }
    MW_CHECK_OK(mw_http2_feed(http, mw_buf_str(&in), 0, &err), &err);
    MW_CHECK(mw_http2_next(http, &call));
    MW_CHECK_EQUAL_INT(call.stream, 2 * MW_HTTP2_BODIES_MAX + 1);
    MW_CHECK_STATUS(call.status, MW_BUSY);
    MW_CHECK(!mw_http2_next(http, &call));
    mw_http2_destroy(http);
    mw_buf_release(&in);
}

MW_TEST(http2_takes_its_leave) {
    client c;
    client_begin(&c, 0);
    int32_t before = ask(&c, (asked){.method = "GET", .path = "/before"});
    send_all(&c);
    mw_http2_end(c.http);
    MW_CHECK(!mw_http2_has_ended(c.http));
    exchange_all(&c);
    MW_CHECK(c.told_to_go);
    MW_CHECK_EQUAL_INT(c.go_error_code, NGHTTP2_NO_ERROR);
    MW_CHECK_EQUAL_INT(reply_of(&c, before)->code, 200);
    MW_CHECK(mw_http2_has_ended(c.http));
    client_end(&c);
}

static mw_status answer_one(void *context) {
    (void)context;
    mw_http2 *http = NULL;
    mw_buf in, out;
    mw_http2_call call;
    mw_response response;
    char date[MW_HTTP_DATE_SIZE];
    mw_http_date(0, date);
    mw_buf_init(&in, 1 << 10);
    mw_buf_init(&out, 1 << 20);
    mw_response_init(&response);
    frame(&in, NGHTTP2_SETTINGS, 0, 0, MW_STR(""));
    frame(&in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, HEAD_OF_GET);
    mw_status status = mw_buf_check(&in, "test", NULL);
    if (status == MW_OK) status = mw_http2_create((mw_http_rules){0}, &http, NULL);
    if (status == MW_OK) status = mw_http2_feed(http, mw_buf_str(&in), 0, NULL);
    if (status == MW_OK && mw_http2_next(http, &call)) {
        mw_buf_append_text(&response.body, "answer");
        mw_http2_answer(http, call.stream, &response, (mw_response_frame){.date = date});
        mw_http2_commit(http);
    }
    if (status == MW_OK) status = mw_http2_pull(http, &out, SIZE_MAX, NULL);
    bool answered = out.size > 6 && memcmp(out.data + out.size - 6, "answer", 6) == 0;
    mw_http2_destroy(http);
    mw_response_release(&response);
    mw_buf_release(&in);
    mw_buf_release(&out);
    return status == MW_OK && !answered ? MW_NO_MEMORY : status;
}

MW_TEST(http2_survives_each_failing_allocation) {
    MW_CHECK_OK(answer_one(NULL), NULL);
    MW_CHECK(mw_test_every_allocation_fails(answer_one, NULL) > 10);
    mw_http2_destroy(NULL);
}

MW_TEST(http2_keeps_the_memory_of_its_streams) {
    client c;
    client_begin(&c, 0);
    for (int i = 0; i < 3; i++) call_once(&c, (asked){.method = "GET", .path = "/"});
    size_t live_count = mw_memory_live_count();
    for (int i = 0; i < 120; i++) {
        reply *r = call_once(&c, (asked){.method = "GET", .path = "/"});
        mw_buf_release(&r->body); /* the client's */
    }
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live_count);
    client_end(&c);
}

/* --- bodies in pieces, answers in parts ----------------------------------------------------- */

static bool takes_all_pieces(void *context, const mw_http_request *head) {
    (void)context;
    (void)head;
    return true;
}

static void client_begin_in_pieces(client *c) {
    client_begin(c, 0);
    mw_http2_destroy(c->http);
    mw_http_rules rules = {.takes_pieces = takes_all_pieces};
    MW_CHECK_OK(mw_http2_create(rules, &c->http, NULL), NULL);
}

static void answer_part(client *c, int32_t stream, const char *text, bool has_begun,
                        bool goes_on) {
    mw_response response;
    mw_response_init(&response);
    mw_buf_append_text(&response.body, text);
    mw_response_frame frame = {.date = "Sun, 06 Nov 1994 08:49:37 GMT", .has_begun = has_begun,
                               .goes_on = goes_on};
    mw_http2_answer(c->http, stream, &response, frame);
    mw_response_release(&response);
}

static void talk(client *c) {
    for (int i = 0; i < 20; i++) send_all(c), receive_all(c);
}

/* What is not shown stays within the stream's window; what is taken opens it again. */
MW_TEST(http2_gives_a_body_in_pieces) {
    enum { SIZE = 5 << 20 };
    static char body[SIZE];
    client c;
    mw_http2_call call;
    size_t seen = 0, pieces = 0;
    bool has_more = true;
    for (size_t i = 0; i < SIZE; i++) body[i] = (char)('a' + i % 23);
    client_begin_in_pieces(&c);
    int32_t id = ask(&c, (asked){.method = "POST", .path = "/", .body = {body, SIZE}});
    talk(&c);
    MW_CHECK(c.sent > 0 && c.sent <= MW_HTTP2_WINDOW_SIZE + MW_HTTP_PIECE_SIZE);
    while (has_more) {
        MW_CHECK(mw_http2_next(c.http, &call) && call.request && call.stream == id);
        mw_str piece = call.request->body;
        has_more = call.request->has_more;
        MW_CHECK(piece.size <= MW_HTTP2_WINDOW_SIZE + MW_HTTP_PIECE_SIZE);
        size_t taken = has_more ? piece.size - piece.size % 1000 : piece.size;
        MW_CHECK(memcmp(piece.data, body + seen, taken) == 0);
        seen += taken;
        pieces++;
        if (has_more) mw_http2_leave(c.http, id, taken, true, 0);
        receive_all(&c);
        send_all(&c);
    }
    MW_CHECK_EQUAL_INT(seen, SIZE);
    MW_CHECK(pieces > 4);
    answer_part(&c, id, "done", false, false);
    mw_http2_commit(c.http);
    receive_all(&c);
    MW_CHECK_EQUAL_STR(mw_buf_str(&reply_of(&c, id)->body), "done");
    client_end(&c);
}

/* Lines longer than a window, in a body longer than any that may be gathered. A line that is not
   whole is shown again when it has doubled, and while somebody is at what came, through several
   turns, only a window more of it is taken in. */
MW_TEST(http2_gives_a_body_of_long_lines_in_pieces) {
    enum { SIZE = 40 << 20, LINE = 3 << 20, TURNS = 3 };
    char *body = mw_allocate(SIZE);
    client c;
    mw_http2_call call;
    size_t taken = 0;
    bool has_more = true;
    MW_CHECK(body != NULL);
    for (size_t i = 0; i < SIZE; i++) body[i] = (char)('a' + i % 23);
    client_begin_in_pieces(&c);
    int32_t id = ask(&c, (asked){.method = "POST", .path = "/", .body = {body, SIZE}});
    while (has_more) {
        talk(&c);
        MW_CHECK(mw_http2_next(c.http, &call) && call.request && call.stream == id);
        const mw_http_request *request = call.request;
        has_more = request->has_more;
        for (int turn = 0; turn < TURNS; turn++) {
            mw_http2_leave(c.http, id, 0, false, 0);
            talk(&c);
            request = mw_http2_taken(c.http, id);
            MW_CHECK(request && c.broken == MW_OK);
            MW_CHECK(request->body.size < 2 * LINE + 2 * MW_HTTP2_WINDOW_SIZE);
            has_more = request->has_more;
        }
        MW_CHECK(memcmp(request->body.data, body + taken, request->body.size) == 0);
        size_t whole = request->body.size - (has_more ? request->body.size % LINE : 0);
        taken += whole;
        if (has_more) mw_http2_leave(c.http, id, whole, true, 0);
    }
    MW_CHECK_EQUAL_INT(taken, SIZE);
    mw_free(body);
    client_end(&c);
}

/* A part leaves when it is committed, and is replaced before; a problem in the midst is a reset. */
MW_TEST(http2_answers_in_parts) {
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        client c;
        mw_http2_call call;
        client_begin(&c, 0);
        int32_t id = ask(&c, (asked){.method = "GET", .path = "/"});
        send_all(&c);
        MW_CHECK(mw_http2_next(c.http, &call) && mw_http2_taken(c.http, id));
        answer_part(&c, id, "one ", false, true);
        receive_all(&c);
        MW_CHECK_EQUAL_INT(reply_of(&c, id)->code, 0);
        mw_http2_commit(c.http);
        receive_all(&c);
        MW_CHECK_EQUAL_INT(reply_of(&c, id)->code, 200);
        MW_CHECK_EQUAL_STR(mw_buf_str(&reply_of(&c, id)->body), "one ");
        MW_CHECK(mw_http2_taken(c.http, id) && mw_http2_has(c.http, id));
        answer_part(&c, id, "wrong ", true, true);
        answer_part(&c, id, "two ", true, true);
        mw_http2_commit(c.http);
        answer_part(&c, id, "three", true, true);
        receive_all(&c);
        MW_CHECK_EQUAL_STR(mw_buf_str(&reply_of(&c, id)->body), "one two ");
        mw_http2_commit(c.http);
        receive_all(&c);
        MW_CHECK_EQUAL_STR(mw_buf_str(&reply_of(&c, id)->body), "one two three");
        MW_CHECK(!reply_of(&c, id)->is_closed);
        mw_response response;
        mw_response_init(&response);
        if (is_cut) mw_response_problem(&response, MW_NO_SPACE, NULL);
        mw_response_frame end = {.date = "", .has_begun = true};
        mw_http2_answer(c.http, id, &response, end);
        mw_response_release(&response);
        mw_http2_commit(c.http);
        exchange_all(&c);
        MW_CHECK(reply_of(&c, id)->is_closed && !mw_http2_has(c.http, id));
        MW_CHECK_EQUAL_INT(reply_of(&c, id)->error_code,
                           is_cut ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_NO_ERROR);
        MW_CHECK_EQUAL_INT(mw_http2_unsent(c.http), 0);
        client_end(&c);
    }
}
