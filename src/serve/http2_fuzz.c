#include "serve/http2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 7, OUTPUT_MAX = 1 << 22 };

/* Answers what waits, and hashes what was asked. */
static uint64_t answer_all(mw_http2 *http, mw_response *response, uint64_t digest) {
    mw_http2_call call;
    while (mw_http2_next(http, &call)) {
        mw_response_clear(response);
        digest = digest * 1000003 + (uint64_t)call.stream * 31 + (uint64_t)call.status;
        if (!call.request) {
            mw_response_problem(response, call.status, call.err);
        } else {
            digest += (uint64_t)call.request->method * 7 + call.request->target.path.size;
            digest = digest * 31 + call.request->body.size;
            mw_buf_append_str(&response->body, call.request->body);
            mw_response_header(response, "Echo", call.request->target.path);
        }
        mw_http2_answer(http, call.stream, response,
                        (mw_response_frame){.date = "Sun, 06 Nov 1994 08:49:37 GMT"});
    }
    mw_http2_commit(http);
    return digest;
}

/* Reads `bytes` in pieces of `step`, answering after each: what was asked, as a hash. */
static uint64_t read_all(mw_str bytes, size_t step, mw_status *out_status) {
    mw_http2 *http;
    mw_response response;
    mw_buf out;
    uint64_t digest = 0;
    mw_buf_init(&out, OUTPUT_MAX);
    mw_response_init(&response);
    *out_status = mw_http2_create((mw_http_rules){.body_size_max = 1 << 12}, &http, NULL);
    MW_ASSERT(*out_status == MW_OK);
    for (; *out_status == MW_OK && bytes.size > 0 && !mw_http2_has_ended(http);
         bytes = mw_str_slice(bytes, step, bytes.size)) {
        *out_status = mw_http2_feed(http, mw_str_slice(bytes, 0, step), 0, NULL);
        digest = answer_all(http, &response, digest);
        mw_buf_clear(&out);
        MW_ASSERT(mw_http2_pull(http, &out, OUTPUT_MAX / 2, NULL) == MW_OK);
    }
    MW_ASSERT(mw_http2_stream_count(http) <= MW_HTTP2_STREAMS_MAX + 1);
    MW_ASSERT(*out_status != MW_OK || mw_http2_unsent(http) <= (size_t)1 << 20);
    mw_http2_destroy(http);
    mw_response_release(&response);
    mw_buf_release(&out);
    return digest;
}

/* Hostile bytes neither break nor hold more than they may; the same bytes are the same requests. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str bytes = {(const char *)data, size};
    mw_status first_status, second_status;
    uint64_t first = read_all(bytes, STEP, &first_status);
    uint64_t second = read_all(bytes, STEP, &second_status);
    MW_ASSERT(first == second && first_status == second_status);
    (void)read_all(bytes, SIZE_MAX, &first_status);
    return 0;
}
