#include "serve/router.h"
#include "base/prng.h"
#include "testing/test.h"

#include <string.h>

static void answer(void *context, const mw_route_call *call, mw_response *response) {
    (void)context;
    (void)call;
    (void)response;
}

static const mw_route routes[] = {
    {MW_HTTP_GET, "/", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/models", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/models/{model}", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/v1/models/{model}/predict", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_POST, "/v1/events/{stream}", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/events/{stream}", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/v1/models/newest", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
    {MW_HTTP_GET, "/a/{b}/c/{d}", MW_SCOPE_PUBLIC, answer, NULL, MW_QUERY_REFUSED},
};

static mw_router router(void) {
    return mw_router_of(routes, sizeof routes / sizeof *routes);
}

/* The row found for a path, or -1; the response is kept for a look at the problem. */
static int find(mw_http_method method, const char *path, mw_route_call *call,
                mw_response *response) {
    static mw_http_request request;
    request = (mw_http_request){.method = method, .target = {mw_str_of(path), MW_STR("")}};
    return mw_router_find(router(), &request, call, response);
}

MW_TEST(router_finds_the_row_and_its_parameters) {
    static const struct {
        mw_http_method method;
        const char *path;
        int row;
        const char *parameters[2];
    } cases[] = {
        {MW_HTTP_GET, "/", 0, {"", ""}},
        {MW_HTTP_HEAD, "/v1/models", 1, {"", ""}},
        {MW_HTTP_GET, "/v1/models/late", 2, {"late", ""}},
        {MW_HTTP_GET, "/v1/models/a%2Fb%20c", 2, {"a/b c", ""}},
        {MW_HTTP_POST, "/v1/models/late/predict", 3, {"late", ""}},
        {MW_HTTP_POST, "/v1/events/departures", 4, {"departures", ""}},
        {MW_HTTP_GET, "/v1/events/departures", 5, {"departures", ""}},
        {MW_HTTP_GET, "/v1/models/newest", 6, {"", ""}},
        {MW_HTTP_GET, "/a/1/c/2", 7, {"1", "2"}},
    };
    mw_response response;
    mw_response_init(&response);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_route_call call;
        MW_CHECK_EQUAL_INT(find(cases[i].method, cases[i].path, &call, &response), cases[i].row);
        for (size_t j = 0; j < 2; j++)
            MW_CHECK_EQUAL_STR(call.parameters[j], cases[i].parameters[j]);
        MW_CHECK_EQUAL_INT(response.body.size, 0);
    }
    mw_response_release(&response);
}

/* Asked for anything after anything, it finds what it would find at once. */
MW_TEST(router_finds_again_what_it_finds_anew) {
    static const char *const paths[] = {"/v1/models", "/v1/models/late", "/v1/models/newest",
                                        "/v1/models/late/predict", "/v1/events/late", "/nothing",
                                        "/v1/models/%zz", "/a/1/c/2", "/a/%31/c/22"};
    static const mw_http_method methods[] = {MW_HTTP_GET, MW_HTTP_HEAD, MW_HTTP_POST};
    enum { ROUNDS = 2000 };
    uint64_t prng = mw_test_seed();
    mw_route_found last = {.row = 0};
    mw_response response;
    mw_response_init(&response);
    size_t same = 0;
    for (int i = 0; i < ROUNDS; i++) {
        mw_route_call anew, again;
        const char *path = paths[mw_prng_next(&prng) % (sizeof paths / sizeof *paths)];
        mw_http_method method = methods[mw_prng_next(&prng) % 3];
        mw_http_request request = {.method = method, .target = {mw_str_of(path), MW_STR("")}};
        same += last.path_size > 0 && last.method == method &&
                mw_str_is(request.target.path, last.path);
        int row = find(method, path, &anew, &response);
        MW_CHECK_EQUAL_INT(mw_router_find_again(router(), &request, &last, &again, &response),
                           row);
        if (row < 0) continue;
        MW_CHECK(again.request == &request && !again.pause);
        for (size_t k = 0; k < MW_ROUTE_PARAMETERS_MAX; k++)
            MW_CHECK_EQUAL_STR(again.parameters[k], anew.parameters[k]);
        last.path[last.path_size] = '\0';
    }
    mw_response_release(&response);
    MW_CHECK(same > 0);
}

MW_TEST(router_says_what_is_near_to_a_path_that_is_not_there) {
    mw_route_call call;
    mw_response response;
    mw_response_init(&response);
    MW_CHECK_EQUAL_INT(find(MW_HTTP_GET, "/v1/model", &call, &response), -1);
    MW_CHECK_EQUAL_INT(response.code, 404);
    MW_CHECK(strstr(response.body.data, "path: there is no \\\"/v1/model\\\"") != NULL);
    MW_CHECK(strstr(response.body.data, "Did you mean /v1/models?") != NULL);

    const char *const absent[] = {"/v1/models/", "/v1/models/late/", "//", "/v1//models",
                                  "/V1/models", "/v1/models/%zz", "*", "/far/from/everything"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        MW_CHECK_EQUAL_INT(find(MW_HTTP_GET, absent[i], &call, &response), -1);
        MW_CHECK_EQUAL_INT(response.code, 404);
    }
    MW_CHECK(strstr(response.body.data, "GET /openapi.json tells which there are.") != NULL);
    mw_response_release(&response);
}

MW_TEST(router_says_which_methods_there_are) {
    mw_route_call call;
    mw_response response;
    mw_response_init(&response);
    MW_CHECK_EQUAL_INT(find(MW_HTTP_DELETE, "/v1/events/x", &call, &response), -1);
    MW_CHECK_EQUAL_INT(response.code, 405);
    MW_CHECK_EQUAL_STR(mw_buf_str(&response.headers), "Allow: GET, HEAD, POST\r\n");
    MW_CHECK(strstr(response.body.data,
                    "/v1/events/x: must be called by GET, HEAD, POST, got DELETE") != NULL);
    mw_response_release(&response);
}

MW_TEST(router_takes_no_parameter_that_does_not_fit) {
    char path[MW_ROUTE_PARAMETERS_SIZE_MAX + 64] = "/v1/models/";
    size_t prefix = strlen(path);
    memset(path + prefix, 'x', MW_ROUTE_PARAMETERS_SIZE_MAX);
    mw_route_call call;
    mw_response response;
    mw_response_init(&response);
    MW_CHECK_EQUAL_INT(find(MW_HTTP_GET, path, &call, &response), 2);
    path[prefix + MW_ROUTE_PARAMETERS_SIZE_MAX] = 'x';
    MW_CHECK_EQUAL_INT(find(MW_HTTP_GET, path, &call, &response), -1);
    MW_CHECK_EQUAL_INT(response.code, 404);
    mw_response_release(&response);
}
