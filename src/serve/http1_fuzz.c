#include "serve/http1.h"
#include "serve/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    (void)call;
    (void)response;
}

static const mw_route routes[] = {
    {MW_HTTP_GET, "/a", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/a/{b}/c/{d}", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
};

/* Whatever a request says: an answer can be found for it. Returns a hash of what was read. */
static uint64_t route(const mw_http_request *request) {
    mw_router router = mw_router_of(routes, sizeof routes / sizeof *routes);
    mw_route_call call;
    mw_response response;
    mw_response_init(&response);
    int row = mw_router_find(router, request, &call, &response);
    MW_ASSERT(row >= 0 || response.code >= 400);
    mw_response_release(&response);
    return (uint64_t)request->method * 31 + request->body.size * 7 + request->target.path.size;
}

/* Reads all requests in `bytes`, fed in pieces of `step`: how many, and what they were. */
static uint64_t read_all(mw_str bytes, size_t step, mw_status *out_status) {
    mw_http1 *http;
    uint64_t digest = 0;
    *out_status = mw_http1_create((mw_http_rules){.body_size_max = 1 << 16}, &http, NULL);
    while (*out_status == MW_OK && bytes.size > 0) {
        mw_str piece = mw_str_slice(bytes, 0, step);
        size_t size = piece.size;
        mw_http1_state state;
        *out_status = mw_http1_feed(http, &piece, &state, NULL);
        bytes = mw_str_slice(bytes, size - piece.size, bytes.size);
        if (*out_status == MW_OK && state == MW_HTTP1_REQUEST) {
            digest = digest * 1000003 + route(mw_http1_request(http));
            if (!mw_http1_request(http)->keep_alive) break;
        }
    }
    mw_http1_destroy(http);
    return digest;
}

/* The requests that stand in the bytes do not depend on how the bytes are cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_str bytes = {(const char *)data, size};
    mw_status whole_status, pieces_status;
    uint64_t whole = read_all(bytes, SIZE_MAX, &whole_status);
    uint64_t pieces = read_all(bytes, 3, &pieces_status);
    MW_ASSERT(whole == pieces);
    MW_ASSERT(whole_status == pieces_status);
    return 0;
}
