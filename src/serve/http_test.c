#include "serve/http.h"

#include "base/prng.h"
#include "testing/test.h"

static mw_status gather(mw_http_parts *parts, mw_error *err) {
    MW_TRY(mw_http_parts_target(parts, MW_STR("/v1/models/late"), err));
    MW_TRY(mw_http_parts_target(parts, MW_STR("/predict?as=json"), err));
    MW_TRY(mw_http_parts_name(parts, MW_STR("idempotency-key"), err));
    MW_TRY(mw_http_parts_value(parts, MW_STR(" a"), err));
    MW_TRY(mw_http_parts_value(parts, MW_STR("b "), err));
    MW_TRY(mw_http_parts_name(parts, MW_STR("x-other"), err));
    MW_TRY(mw_http_parts_value(parts, MW_STR("dropped"), err));
    MW_TRY(mw_http_parts_head(parts, MW_STR("POST"), err));
    MW_TRY(mw_http_parts_body(parts, MW_STR("{"), err));
    MW_TRY(mw_http_parts_body(parts, MW_STR("}"), err));
    (void)mw_http_parts_show(parts, false);
    return MW_OK;
}

MW_TEST(http_gathers_a_request_from_pieces) {
    mw_http_parts parts;
    mw_error err;
    mw_http_parts_init(&parts, (mw_http_rules){0});
    for (int i = 0; i < 3; i++) {
        mw_http_parts_clear(&parts);
        MW_CHECK_OK(gather(&parts, &err), &err);
        MW_CHECK_EQUAL_INT(parts.request.method, MW_HTTP_POST);
        MW_CHECK_EQUAL_STR(parts.request.target.path, "/v1/models/late/predict");
        MW_CHECK_EQUAL_STR(parts.request.target.query, "as=json");
        MW_CHECK_EQUAL_STR(parts.request.headers[MW_HEADER_IDEMPOTENCY_KEY], "ab");
        MW_CHECK(parts.request.headers[MW_HEADER_AUTHORIZATION].data == NULL);
        MW_CHECK_EQUAL_STR(parts.request.body, "{}");
    }
    mw_http_parts_release(&parts);
}

MW_TEST(http_knows_the_methods_that_routes_have) {
    const struct {
        const char *name;
        mw_http_method method;
    } cases[] = {{"GET", MW_HTTP_GET}, {"PATCH", MW_HTTP_PATCH}, {"TRACE", MW_HTTP_OTHER},
                 {"get", MW_HTTP_OTHER}, {"OTHER", MW_HTTP_OTHER}, {"", MW_HTTP_OTHER}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_http_parts parts;
        mw_error err;
        mw_http_parts_init(&parts, (mw_http_rules){0});
        MW_CHECK_OK(mw_http_parts_target(&parts, MW_STR("/"), &err), &err);
        MW_CHECK_OK(mw_http_parts_head(&parts, mw_str_of(cases[i].name), &err), &err);
        MW_CHECK_EQUAL_INT(parts.request.method, cases[i].method);
        mw_http_parts_release(&parts);
    }
}

MW_TEST(http_takes_a_list_twice_and_nothing_else) {
    mw_http_parts parts;
    mw_error err;
    mw_http_parts_init(&parts, (mw_http_rules){0});
    static const char *const lines[][2] = {{"accept", "text/plain"}, {"accept", "text/*;q=0.5"},
                                           {"tracestate", "a=1"},    {"traceparent", "00-1"},
                                           {"accept", "*/*;q=0.1"},  {"tracestate", ""},
                                           {"tracestate", "b=2"},    {"traceparent", "00-2"}};
    MW_CHECK_OK(mw_http_parts_target(&parts, MW_STR("/"), &err), &err);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        MW_CHECK_OK(mw_http_parts_name(&parts, mw_str_of(lines[i][0]), &err), &err);
        MW_CHECK_OK(mw_http_parts_value(&parts, mw_str_of(lines[i][1]), &err), &err);
    }
    MW_CHECK_OK(mw_http_parts_head(&parts, MW_STR("GET"), &err), &err);
    const mw_str *headers = parts.request.headers;
    MW_CHECK_EQUAL_STR(headers[MW_HEADER_ACCEPT], "text/plain,text/*;q=0.5,*/*;q=0.1");
    MW_CHECK_EQUAL_STR(headers[MW_HEADER_TRACESTATE], "a=1,,b=2");
    MW_CHECK_EQUAL_STR(headers[MW_HEADER_TRACEPARENT], "00-1,00-2");
    MW_CHECK_OK(mw_http_parts_name(&parts, MW_STR("authorization"), &err), &err);
    MW_CHECK_STATUS(mw_http_parts_name(&parts, MW_STR("authorization"), &err), MW_MALFORMED);
    MW_CHECK_EQUAL_STR(err.message, "authorization: must be sent once, got it twice");
    mw_http_parts_release(&parts);
}

/* The head holds each byte once, however headers take turns, and each header has its own. */
MW_TEST(http_joins_lists_that_take_turns) {
    enum { LINES = 400, TEXT_SIZE = LINES * 20 };
    static const struct {
        mw_http_header header;
        const char *name;
    } lists[] = {{MW_HEADER_ACCEPT, "accept"},
                 {MW_HEADER_TRACEPARENT, "traceparent"},
                 {MW_HEADER_TRACESTATE, "tracestate"}};
    uint64_t prng = mw_test_seed();
    mw_http_parts parts;
    mw_buf expected[3];
    mw_http_parts_init(&parts, (mw_http_rules){0});
    MW_CHECK_OK(mw_http_parts_target(&parts, MW_STR("/"), NULL), NULL);
    for (size_t i = 0; i < 3; i++) mw_buf_init(&expected[i], TEXT_SIZE);
    bool is_given[3] = {false};
    for (size_t line = 0; line < LINES; line++) {
        size_t which = mw_prng_below(&prng, 3), size = mw_prng_below(&prng, 12);
        char value[12];
        for (size_t i = 0; i < size; i++) value[i] = (char)('a' + mw_prng_below(&prng, 26));
        MW_CHECK_OK(mw_http_parts_name(&parts, mw_str_of(lists[which].name), NULL), NULL);
        MW_CHECK_OK(mw_http_parts_value(&parts, (mw_str){value, size}, NULL), NULL);
        if (is_given[which]) mw_buf_append_char(&expected[which], ',');
        is_given[which] = true;
        mw_buf_append_str(&expected[which], (mw_str){value, size});
        if (line != LINES / 2) continue; /* one that is no list stands in between */
        MW_CHECK_OK(mw_http_parts_name(&parts, MW_STR("idempotency-key"), NULL), NULL);
        MW_CHECK_OK(mw_http_parts_value(&parts, MW_STR("key"), NULL), NULL);
    }
    MW_CHECK_OK(mw_http_parts_head(&parts, MW_STR("GET"), NULL), NULL);
    size_t size = 1 + 3;
    for (size_t i = 0; i < 3; i++) {
        MW_CHECK(mw_str_equal(parts.request.headers[lists[i].header], mw_buf_str(&expected[i])));
        size += expected[i].size;
        mw_buf_release(&expected[i]);
    }
    MW_CHECK_EQUAL_INT(parts.head.size, size);
    MW_CHECK_EQUAL_STR(parts.request.headers[MW_HEADER_IDEMPOTENCY_KEY], "key");
    MW_CHECK_EQUAL_STR(parts.request.target.path, "/");
    mw_http_parts_release(&parts);
}

MW_TEST(http_bounds_a_body) {
    mw_http_parts parts;
    mw_error err;
    mw_http_parts_init(&parts, (mw_http_rules){.body_size_max = 3});
    MW_CHECK_OK(mw_http_parts_expect(&parts, 3, &err), &err);
    MW_CHECK_STATUS(mw_http_parts_expect(&parts, 4, &err), MW_TOO_LARGE);
    MW_CHECK_EQUAL_STR(err.message, "body: must be at most 3 bytes, got 4");
    MW_CHECK_OK(mw_http_parts_body(&parts, MW_STR("abc"), &err), &err);
    MW_CHECK_STATUS(mw_http_parts_body(&parts, MW_STR("d"), &err), MW_TOO_LARGE);
    mw_http_parts_release(&parts);
}

static mw_status gather_once(void *context) {
    (void)context;
    mw_http_parts parts;
    mw_http_parts_init(&parts, (mw_http_rules){0});
    mw_status status = gather(&parts, NULL);
    mw_http_parts_release(&parts);
    return status;
}

MW_TEST(http_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(gather_once, NULL) >= 2);
}
