#include "serve/http1.h"
#include "base/prng.h"
#include "testing/test.h"

#include <string.h>

static mw_http1 *create(size_t body_size_max) {
    mw_http1 *http;
    mw_error err;
    mw_http_rules rules = {.body_size_max = body_size_max};
    MW_CHECK_OK(mw_http1_create(rules, &http, &err), &err);
    return http;
}

/* Feeds all of `bytes` at once: the one request that stands in them. */
static const mw_http_request *read_one(mw_http1 *http, mw_str bytes) {
    mw_http1_state state;
    mw_error err;
    MW_CHECK_OK(mw_http1_feed(http, &bytes, &state, &err), &err);
    MW_CHECK_EQUAL_INT(state, MW_HTTP1_REQUEST);
    MW_CHECK_EQUAL_INT(bytes.size, 0);
    return mw_http1_request(http);
}

MW_TEST(http1_reads_a_request) {
    mw_http1 *http = create(0);
    const mw_http_request *request = read_one(
        http, MW_STR("POST /v1/models/late/predict?as=json HTTP/1.1\r\nHost: h\r\n"
                     "CONTENT-type:  application/json \r\nX-Other: dropped\r\nContent-Length: 2\r\n"
                     "Idempotency-Key: k\r\n\r\n{}"));
    MW_CHECK_EQUAL_INT(request->method, MW_HTTP_POST);
    MW_CHECK_EQUAL_STR(mw_http_method_name(request->method), "POST");
    MW_CHECK_EQUAL_STR(request->target.path, "/v1/models/late/predict");
    MW_CHECK_EQUAL_STR(request->target.query, "as=json");
    MW_CHECK_EQUAL_STR(request->headers[MW_HEADER_CONTENT_TYPE], "application/json");
    MW_CHECK_EQUAL_STR(request->headers[MW_HEADER_IDEMPOTENCY_KEY], "k");
    MW_CHECK(request->headers[MW_HEADER_AUTHORIZATION].data == NULL);
    MW_CHECK_EQUAL_STR(request->body, "{}");
    MW_CHECK(request->keep_alive);
    MW_CHECK(!mw_http1_is_within(http));
    mw_http1_destroy(http);
}

MW_TEST(http1_reads_chunks_and_drops_trailers) {
    mw_http1 *http = create(0);
    const mw_http_request *request = read_one(
        http, MW_STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                     "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nAuthorization: forged\r\n\r\n"));
    MW_CHECK_EQUAL_STR(request->body, "abcdefg");
    MW_CHECK(request->headers[MW_HEADER_AUTHORIZATION].data == NULL);
    mw_http1_destroy(http);
}

MW_TEST(http1_knows_when_a_connection_ends) {
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_http1 *http = create(0);
        MW_CHECK_EQUAL_INT(read_one(http, mw_str_of(cases[i].text))->keep_alive,
                           cases[i].keep_alive);
        mw_http1_destroy(http);
    }
}

MW_TEST(http1_says_when_the_client_waits_to_continue) {
    mw_http1 *http = create(0);
    mw_http1_state state;
    mw_error err;
    mw_str head = MW_STR("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"
                         "Content-Length: 3\r\n\r\n");
    MW_CHECK_OK(mw_http1_feed(http, &head, &state, &err), &err);
    MW_CHECK_EQUAL_INT(state, MW_HTTP1_CONTINUE);
    MW_CHECK(mw_http1_is_within(http));
    MW_CHECK_EQUAL_STR(read_one(http, MW_STR("abc"))->body, "abc");
    mw_http1_destroy(http);
}

MW_TEST(http1_knows_http2_by_its_preface) {
    const mw_str text = MW_STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes");
    for (size_t cut = 1; cut <= text.size - 6; cut++) {
        mw_http1 *http = create(0);
        mw_http1_state state = MW_HTTP1_MORE;
        mw_error err;
        mw_str first = mw_str_slice(text, 0, cut), rest = mw_str_slice(text, cut, text.size);
        MW_CHECK_OK(mw_http1_feed(http, &first, &state, &err), &err);
        MW_CHECK_EQUAL_INT(first.size, 0);
        if (cut < text.size - 6) {
            MW_CHECK_EQUAL_INT(state, MW_HTTP1_MORE);
            MW_CHECK_OK(mw_http1_feed(http, &rest, &state, &err), &err);
        }
        MW_CHECK_EQUAL_INT(state, MW_HTTP1_IS_HTTP2);
        MW_CHECK_EQUAL_STR(rest, "frames");
        mw_http1_destroy(http);
    }
}

MW_TEST(http1_takes_no_preface_after_a_request) {
    mw_http1 *http = create(0);
    mw_http1_state state;
    mw_error err;
    mw_str preface = MW_STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    read_one(http, MW_STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    MW_CHECK_STATUS(mw_http1_feed(http, &preface, &state, &err), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message, "request: must be HTTP/1.1 as the ones before it, got HTTP/2");
    mw_http1_destroy(http);
}

/* Three requests in a row, cut anywhere, are the same three requests. */
MW_TEST(http1_does_not_care_how_bytes_are_cut) {
    mw_str text = MW_STR("POST /a HTTP/1.1\r\nHost: one\r\nContent-Length: 3\r\n\r\nabc"
                         "\r\nGET /b?q HTTP/1.1\r\nHost: two\r\nAccept: text/plain\r\n\r\n"
                         "PUT /c HTTP/1.1\r\nHost: three\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n");
    static const char *const expected[][3] = {
        {"/a", "one", "abc"}, {"/b", "two", ""}, {"/c", "three", "def"}};
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 500; round++) {
        mw_http1 *http = create(0);
        size_t found = 0;
        for (size_t from = 0; from < text.size;) {
            size_t to = round == 0 ? from + 1 : from + 1 + mw_prng_next(&prng) % 40;
            mw_str cut = mw_str_slice(text, from, to);
            from += cut.size;
            while (cut.size > 0) {
                mw_http1_state state;
                mw_error err;
                MW_CHECK_OK(mw_http1_feed(http, &cut, &state, &err), &err);
                if (state != MW_HTTP1_REQUEST) continue;
                const mw_http_request *request = mw_http1_request(http);
                MW_CHECK_EQUAL_STR(request->target.path, expected[found][0]);
                MW_CHECK_EQUAL_STR(request->headers[MW_HEADER_HOST], expected[found][1]);
                MW_CHECK_EQUAL_STR(request->body, expected[found][2]);
                found++;
            }
        }
        MW_CHECK_EQUAL_INT(found, 3);
        mw_http1_destroy(http);
    }
}

/* All that is read of the requests in `text`, fed in pieces of `step` bytes. */
static void read_all(mw_str text, size_t step, mw_buf *out) {
    mw_http1 *http = create(1 << 16);
    mw_status status = MW_OK;
    mw_buf_clear(out);
    while (text.size > 0 && status == MW_OK) {
        mw_http1_state state;
        mw_error err;
        mw_str cut = mw_str_slice(text, 0, step);
        size_t size = cut.size;
        status = mw_http1_feed(http, &cut, &state, &err);
        text = mw_str_slice(text, size - cut.size, text.size);
        if (status != MW_OK) mw_buf_append_text(out, err.message);
        if (status != MW_OK || state != MW_HTTP1_REQUEST) continue;
        const mw_http_request *request = mw_http1_request(http);
        mw_buf_printf(out, "%s %.*s %d", mw_http_method_name(request->method),
                      MW_STR_ARGS(request->target.path), request->keep_alive);
        for (int i = 0; i < MW_HEADER_COUNT; i++)
            mw_buf_printf(out, "|%.*s", MW_STR_ARGS(request->headers[i]));
        mw_buf_printf(out, "|%.*s\n", MW_STR_ARGS(request->body));
        if (!request->keep_alive) break;
    }
    mw_http1_destroy(http);
}

/* Nobody sees that a head was compared with the one before instead of read: whole requests one
   after the other say what they say byte by byte. */
MW_TEST(http1_reads_repeated_heads_as_any) {
    static const char *const heads[] = {
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nTraceparent: t\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nTraceparent: u\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: %d \r\n\r\n",
        "\r\nPUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nAccept: a\r\n\r\n",
    };
    static const char *const others[] = {
        "GET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /c HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +7\r\nTraceparent: t\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast",
    };
    enum { ROUNDS = 300, REQUESTS = 12, TIMES = 3, LENGTH_MAX = 120 };
    uint64_t prng = mw_test_seed();
    mw_buf text, whole, bytes;
    mw_buf_init(&text, 1 << 20);
    mw_buf_init(&whole, 1 << 20);
    mw_buf_init(&bytes, 1 << 20);
    for (int round = 0; round < ROUNDS; round++) {
        mw_buf_clear(&text);
        for (int i = 0; i < REQUESTS; i++) {
            size_t which = (size_t)(mw_prng_next(&prng) % 8);
            for (uint64_t times = mw_prng_next(&prng) % TIMES; which < 4 && times > 0; times--) {
                int length = (int)(mw_prng_next(&prng) % LENGTH_MAX);
                mw_buf_printf(&text, heads[which], length);
                for (int k = 0; k < length; k++) mw_buf_append_char(&text, 'b');
            }
            if (which == 7) which = 4 + (size_t)(mw_prng_next(&prng) % 5);
            if (which >= 4 && which < 9) mw_buf_append_text(&text, others[which - 4]);
        }
        read_all(mw_buf_str(&text), SIZE_MAX, &whole);
        read_all(mw_buf_str(&text), 1, &bytes);
        MW_CHECK_EQUAL_STR(mw_buf_str(&whole), mw_buf_str(&bytes));
    }
    mw_buf_release(&text);
    mw_buf_release(&whole);
    mw_buf_release(&bytes);
}

/* The status of the first request in `bytes`, fed whole or byte by byte. */
static mw_status status_of(mw_str bytes, bool byte_by_byte, mw_error *err) {
    mw_http1 *http = create(1000);
    mw_http1_state state = MW_HTTP1_MORE;
    mw_status status = MW_OK;
    for (size_t i = 0; i < bytes.size && status == MW_OK && state != MW_HTTP1_REQUEST;) {
        mw_str cut = mw_str_slice(bytes, i, byte_by_byte ? i + 1 : bytes.size);
        size_t size = cut.size;
        status = mw_http1_feed(http, &cut, &state, err);
        i += size - cut.size;
    }
    if (status == MW_OK && state != MW_HTTP1_REQUEST) status = MW_CANCELLED; /* unfinished */
    mw_http1_destroy(http);
    return status;
}

#define H "POST / HTTP/1.1\r\nHost: h\r\n"
MW_TEST(http1_refuses_what_could_be_read_in_two_ways) {
    static const struct {
        const char *text;
        mw_status status;
    } cases[] = {
        {H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: 3, 3\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: +3\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: -1\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: 0x3\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: 3 4\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length:\r\n\r\nabc", MW_MALFORMED},
        {H "Content-Length: 99999999999999999999\r\n\r\n", MW_MALFORMED},
        {H "Content-Length : 3\r\n\r\nabc", MW_MALFORMED},
        {H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", MW_NOT_BUILT},
        {H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         MW_MALFORMED},
        {H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", MW_NOT_BUILT},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", MW_MALFORMED},
        {H "Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n", MW_MALFORMED},
        {H "Accept: a\r\n b\r\n\r\n", MW_MALFORMED},
        {H " Folded: a\r\n\r\n", MW_MALFORMED},
        {H "X: a\n\r\n", MW_MALFORMED},
        {H "X: a\rb\r\n\r\n", MW_MALFORMED},
        {"POST / HTTP/1.1\nHost: h\n\n", MW_MALFORMED},
        {"POST / HTTP/1.1\r\n\r\n", MW_MALFORMED},
        {H "Host: h\r\n\r\n", MW_MALFORMED},
        {H "Authorization: a\r\nauthorization: b\r\n\r\n", MW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err;
        mw_status whole = status_of(mw_str_of(cases[i].text), false, &err);
        mw_status pieces = status_of(mw_str_of(cases[i].text), true, &err);
        if (whole != cases[i].status || pieces != cases[i].status)
            mw_test_fail(MW_TEST_PLACE(cases[i].text), "got %s whole, %s in pieces",
                         mw_status_name(whole), mw_status_name(pieces));
    }
}

MW_TEST(http1_refuses_what_is_no_request) {
    const struct {
        mw_str text;
        mw_status status;
    } cases[] = {
        {MW_STR("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"), MW_MALFORMED}, /* TLS */
        {MW_STR("HTTP/1.1 200 OK\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET / HTTP/9.9\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET /\r\n\r\n"), MW_MALFORMED},
        {MW_STR("get / HTTP/1.1\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET models HTTP/1.1\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET /#a HTTP/1.1\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n"), MW_MALFORMED},
        {MW_STR("GET / HTTP/1.1\r\nHost: h\r\nX y: a\r\n\r\n"), MW_MALFORMED},
        {MW_STR("PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n"), MW_MALFORMED},
        {MW_STR("PRI / HTTP/1.1\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("BREW / HTTP/1.1\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"), MW_MALFORMED},
        {MW_STR(H "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), MW_WRONG_TYPE},
        {MW_STR(H "Content-Length: 1001\r\n\r\n"), MW_TOO_LARGE},
        {MW_STR(H "Content-Length: 1000\r\n\r\n"), MW_CANCELLED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_error err;
        mw_status whole = status_of(cases[i].text, false, &err);
        mw_status pieces = status_of(cases[i].text, true, &err);
        if (whole != cases[i].status || pieces != cases[i].status)
            mw_test_fail(MW_TEST_PLACE(cases[i].text.data), "got %s whole, %s in pieces",
                         mw_status_name(whole), mw_status_name(pieces));
    }
}

MW_TEST(http1_says_why) {
    mw_error err;
    MW_CHECK_STATUS(status_of(MW_STR("GET / HTTP/1.1\r\n\r\n"), false, &err), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message, "host: must be sent, got none");
    MW_CHECK_STATUS(status_of(MW_STR(H "Content-Length: 1001\r\n\r\n"), false, &err),
                    MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR(err.message, "body: must be at most 1000 bytes, got 1001");
    MW_CHECK_STATUS(status_of(MW_STR(H "Accept: a\r\n b\r\n\r\n"), false, &err), MW_MALFORMED);
    MW_CHECK(mw_str_starts(mw_str_of(err.message),
                           MW_STR("request: must be HTTP/1.1 to the letter, got: ")));
}

/* `prefix`, `count` times `filler`, `suffix`, as the status that they lead to. */
static mw_status status_of_long(const char *prefix, const char *filler, size_t count,
                                const char *suffix) {
    mw_buf text;
    mw_error err;
    mw_buf_init(&text, 1 << 20);
    mw_buf_append_text(&text, prefix);
    for (size_t i = 0; i < count; i++) mw_buf_append_text(&text, filler);
    mw_buf_append_text(&text, suffix);
    mw_status whole = status_of(mw_buf_str(&text), false, &err);
    MW_CHECK_STATUS(status_of(mw_buf_str(&text), true, &err), whole);
    mw_buf_release(&text);
    return whole;
}

MW_TEST(http1_bounds_all_that_is_read) {
    const char *end = " HTTP/1.1\r\nHost: h\r\n\r\n";
    MW_CHECK_STATUS(status_of_long("GET /", "a", MW_HTTP_TARGET_SIZE_MAX - 1, end), MW_OK);
    MW_CHECK_STATUS(status_of_long("GET /", "a", MW_HTTP_TARGET_SIZE_MAX, end),
                    MW_TARGET_TOO_LONG);
    MW_CHECK_STATUS(status_of_long(H "X: ", "a", MW_HTTP_HEAD_SIZE_MAX, "\r\n\r\n"),
                    MW_HEAD_TOO_LARGE);
    MW_CHECK_STATUS(status_of_long(H "X:", " ", MW_HTTP_HEAD_SIZE_MAX, "\r\n\r\n"),
                    MW_HEAD_TOO_LARGE);
    MW_CHECK_STATUS(status_of_long(H, "X: a\r\n", MW_HTTP_HEAD_SIZE_MAX, "\r\n"),
                    MW_HEAD_TOO_LARGE);
    MW_CHECK_STATUS(status_of_long("", "\r\n", MW_HTTP_HEAD_SIZE_MAX, H), MW_HEAD_TOO_LARGE);

    const char *chunked = H "Transfer-Encoding: chunked\r\n\r\n";
    MW_CHECK_STATUS(status_of_long(chunked, "a\r\n0123456789\r\n", 100, "0\r\n\r\n"), MW_OK);
    MW_CHECK_STATUS(status_of_long(chunked, "a\r\n0123456789\r\n", 101, "0\r\n\r\n"),
                    MW_TOO_LARGE);
    MW_CHECK_STATUS(status_of_long(H "Transfer-Encoding: chunked\r\n\r\n1;", "x", 20000, "\r\n"),
                    MW_MALFORMED);
    MW_CHECK_STATUS(status_of_long(H "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: a\r\n", 5000,
                                   "\r\n"), MW_MALFORMED);
}

static mw_status read_request(void *context) {
    (void)context;
    mw_http1 *http;
    mw_str bytes = MW_STR(H "Content-Length: 3\r\n\r\nabc");
    mw_http1_state state;
    MW_TRY(mw_http1_create((mw_http_rules){0}, &http, NULL));
    mw_status status = mw_http1_feed(http, &bytes, &state, NULL);
    mw_http1_destroy(http);
    return status;
}

MW_TEST(http1_survives_each_failing_allocation) {
    MW_CHECK_EQUAL_INT(mw_test_every_allocation_fails(read_request, NULL), 4);
    mw_http1_destroy(NULL);
}

MW_TEST(http1_allocates_nothing_once_it_is_warm) {
    mw_http1 *http = create(0);
    mw_str text = MW_STR(H "Content-Length: 3\r\n\r\nabc");
    read_one(http, text);
    mw_memory_fail_after(0);
    for (int i = 0; i < 10; i++) read_one(http, text);
    mw_memory_fail_after(SIZE_MAX);
    mw_http1_destroy(http);
}

static bool takes_pieces(void *context, const mw_http_request *head) {
    (*(int *)context)++;
    return mw_str_is(head->target.path, "/pieces");
}

/* Takes what comes of a body of numbers up to its last blank; the sum of all of them. */
static uint64_t sum_pieces(mw_http1 *http, mw_str text, size_t cut, size_t *out_held_max) {
    mw_error err;
    uint64_t sum = 0;
    for (size_t from = 0; from < text.size; from += cut) {
        mw_http1_state state = MW_HTTP1_MORE;
        for (mw_str bytes = mw_str_slice(text, from, from + cut); bytes.size > 0;) {
            MW_CHECK_OK(mw_http1_feed(http, &bytes, &state, &err), &err);
            if (state == MW_HTTP1_MORE) continue;
            const mw_http_request *request = mw_http1_request(http);
            mw_str rest = request->body, number;
            MW_CHECK(request->has_more == (state == MW_HTTP1_PIECE) && request->keep_alive);
            if (rest.size > *out_held_max) *out_held_max = rest.size;
            if (request->has_more)
                while (rest.size > 0 && rest.data[rest.size - 1] != ' ') rest.size--;
            size_t taken = rest.size;
            while (mw_str_split(&rest, ' ', &number)) {
                int64_t value = 0;
                MW_CHECK(number.size == 0 || mw_str_to_int64(number, &value));
                sum += (uint64_t)value;
            }
            if (request->has_more) mw_http1_take(http, taken);
        }
        MW_CHECK(state == MW_HTTP1_REQUEST || from + cut < text.size);
    }
    return sum;
}

/* A body of megabytes, in chunks or with its length, is held by some pieces at most. */
MW_TEST(http1_gives_a_body_in_pieces) {
    enum { NUMBERS = 400000 };
    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        int asked = 0;
        mw_http_rules rules = {.takes_pieces = takes_pieces, .context = &asked};
        mw_buf text, body;
        mw_http1 *http;
        mw_buf_init(&text, 16 << 20);
        mw_buf_init(&body, 16 << 20);
        for (int i = 0; i < NUMBERS; i++) mw_buf_printf(&body, "%d ", i);
        mw_buf_append_text(&text, "POST /pieces HTTP/1.1\r\nHost: h\r\n");
        if (!is_chunked)
            mw_buf_printf(&text, "Content-Length: %zu\r\n\r\n%s", body.size, body.data);
        else mw_buf_append_text(&text, "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t at = 0; is_chunked && at < body.size; at += 12345) {
            mw_str chunk = mw_str_slice(mw_buf_str(&body), at, at + 12345);
            mw_buf_printf(&text, "%zx\r\n%.*s\r\n", chunk.size, MW_STR_ARGS(chunk));
        }
        if (is_chunked) mw_buf_append_text(&text, "0\r\n\r\n");
        MW_CHECK_OK(mw_http1_create(rules, &http, NULL), NULL);
        for (size_t cut = 1000; cut < 1 << 20; cut *= 8) {
            size_t held_max = 0;
            uint64_t sum = sum_pieces(http, mw_buf_str(&text), cut, &held_max);
            MW_CHECK(sum == (uint64_t)NUMBERS * (NUMBERS - 1) / 2);
            MW_CHECK(held_max >= MW_HTTP_PIECE_SIZE && held_max <= MW_HTTP_PIECE_SIZE + cut + 100);
            MW_CHECK_EQUAL_INT(asked, 1); /* once a request */
            asked = 0;
        }
        mw_http1_destroy(http);
        mw_buf_release(&text);
        mw_buf_release(&body);
    }
}

/* A short body comes whole, whoever asks; a long one that nobody takes in pieces has its limit. */
MW_TEST(http1_gives_other_bodies_whole) {
    int asked = 0;
    mw_http_rules rules = {.takes_pieces = takes_pieces, .context = &asked};
    mw_http1 *http;
    mw_error err;
    MW_CHECK_OK(mw_http1_create(rules, &http, &err), &err);
    read_one(http, MW_STR("POST /pieces HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"));
    MW_CHECK_EQUAL_INT(asked, 0);
    mw_str bytes = MW_STR("POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 17000000\r\n\r\n");
    mw_http1_state state;
    MW_CHECK_STATUS(mw_http1_feed(http, &bytes, &state, &err), MW_TOO_LARGE);
    MW_CHECK_EQUAL_INT(asked, 1);
    mw_http1_destroy(http);
}

/* What is not taken of a body is bounded as a body is. */
MW_TEST(http1_bounds_what_is_held_of_a_body_in_pieces) {
    int asked = 0, looks = 0;
    mw_http_rules rules = {1 << 20, takes_pieces, &asked};
    mw_http1 *http;
    mw_http1_state state;
    mw_error err;
    mw_status status = MW_OK;
    static char block[10000];
    memset(block, 'x', sizeof block);
    mw_str head = MW_STR("POST /pieces HTTP/1.1\r\nHost: h\r\n"
                         "Content-Length: 9000000\r\n\r\n");
    MW_CHECK_OK(mw_http1_create(rules, &http, &err), &err);
    MW_CHECK_OK(mw_http1_feed(http, &head, &state, &err), &err);
    for (int i = 0; i < 200 && status == MW_OK; i++) {
        mw_str bytes = {block, sizeof block};
        status = mw_http1_feed(http, &bytes, &state, &err);
        if (status != MW_OK || state != MW_HTTP1_PIECE) continue;
        looks++;
        mw_http1_take(http, 0);
    }
    MW_CHECK_EQUAL_INT(status, MW_TOO_LARGE);
    MW_CHECK(strstr(err.message, "a part of it must be at most 1048576 bytes"));
    MW_CHECK(looks >= 4 && looks < 16); /* not at each block */
    mw_http1_destroy(http);
}
