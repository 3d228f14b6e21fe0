#include "serve/router.h"

#include <string.h>

#include "base/nearest.h"

static bool is_parameter(mw_str segment) {
    return segment.size > 2 && segment.data[0] == '{' && segment.data[segment.size - 1] == '}';
}

mw_router mw_router_of(const mw_route *routes, size_t route_count) {
    MW_ASSERT(route_count <= MW_ROUTES_MAX);
    for (size_t i = 0; i < route_count; i++) {
        mw_str rest = mw_str_of(routes[i].pattern), segment;
        size_t parameter_count = 0;
        MW_ASSERT(mw_str_starts(rest, MW_STR("/")));
        MW_ASSERT(routes[i].method != MW_HTTP_HEAD && routes[i].answer);
        while (mw_str_split(&rest, '/', &segment)) {
            MW_ASSERT(is_parameter(segment) || !memchr(segment.data, '{', segment.size));
            parameter_count += is_parameter(segment);
        }
        MW_ASSERT(parameter_count <= MW_ROUTE_PARAMETERS_MAX);
    }
    return (mw_router){.routes = routes, .route_count = route_count};
}

/* Takes the path's next segment, from `*at` on, as the next parameter. */
static bool parameter_take(mw_route_call *call, size_t index, size_t *text_size, mw_str path,
                           size_t *at) {
    const char *slash = memchr(path.data + *at, '/', path.size - *at);
    size_t end = slash ? (size_t)(slash - path.data) : path.size;
    mw_str segment = mw_str_slice(path, *at, end);
    *at = end;
    if (segment.size == 0) return false;
    if (!mw_target_unescape(segment, call->text + *text_size, sizeof call->text - *text_size,
                            &call->parameters[index]))
        return false;
    *text_size += call->parameters[index].size;
    return true;
}

/* How many parameters the pattern has, if the path fits it; else -1. */
static int match(const char *pattern, mw_str path, mw_route_call *call) {
    size_t at = 0, parameter_count = 0, text_size = 0;
    while (*pattern) {
        if (*pattern == '{') {
            if (!parameter_take(call, parameter_count, &text_size, path, &at)) return -1;
            parameter_count++;
            pattern = strchr(pattern, '}') + 1;
        } else {
            if (at == path.size || path.data[at] != *pattern) return -1;
            at++;
            pattern++;
        }
    }
    return at == path.size ? (int)parameter_count : -1;
}

static bool method_fits(mw_http_method offered, mw_http_method asked) {
    return offered == asked || (offered == MW_HTTP_GET && asked == MW_HTTP_HEAD);
}

static void answer_not_found(mw_router router, mw_str path, mw_response *response) {
    mw_nearest nearest = mw_nearest_to(path);
    for (size_t i = 0; i < router.route_count; i++)
        mw_nearest_offer_text(&nearest, router.routes[i].pattern);
    mw_error err;
    mw_status status = mw_fail(&err, MW_NOT_FOUND, "path: there is no \"%.*s\"",
                               MW_STR_ARGS(path));
    if (nearest.found.size > 0) status = mw_hint_nearest(&err, status, &nearest);
    else status = mw_hint(&err, status, "GET /openapi.json tells which there are.");
    mw_response_problem(response, status, &err);
}

static void answer_wrong_method(const mw_http_request *request, unsigned allowed,
                                mw_response *response) {
    mw_buf names;
    mw_buf_init(&names, 64);
    for (int i = 0; i < MW_HTTP_METHOD_COUNT; i++)
        if (allowed & 1u << i)
            mw_buf_printf(&names, "%s%s", names.size > 0 ? ", " : "",
                          mw_http_method_name((mw_http_method)i));
    mw_error err;
    mw_status status = mw_fail(&err, MW_WRONG_METHOD, "%.*s: must be called by %.*s, got %s",
                               MW_STR_ARGS(request->target.path), MW_STR_ARGS(mw_buf_str(&names)),
                               mw_http_method_name(request->method));
    mw_response_problem(response, status, &err);
    mw_response_header(response, "Allow", mw_buf_str(&names));
    mw_buf_release(&names);
}

/* By which methods this path can be called, a bit each. */
static unsigned methods_of(mw_router router, mw_str path, mw_route_call *call) {
    unsigned methods = 0;
    for (size_t i = 0; i < router.route_count; i++) {
        if (match(router.routes[i].pattern, path, call) < 0) continue;
        methods |= 1u << router.routes[i].method;
        if (router.routes[i].method == MW_HTTP_GET) methods |= 1u << MW_HTTP_HEAD;
    }
    return methods;
}

/* The call of a row that the request's path fits. */
static void fill_call(const mw_route *route, const mw_http_request *request, mw_route_call *call) {
    memset(call->parameters, 0, sizeof call->parameters);
    (void)match(route->pattern, request->target.path, call);
    call->request = request;
    call->pause = NULL;
}

int mw_router_find(mw_router router, const mw_http_request *request, mw_route_call *call,
                   mw_response *response) {
    int best = -1, fewest = MW_ROUTE_PARAMETERS_MAX + 1;
    for (size_t i = 0; i < router.route_count; i++) {
        if (!method_fits(router.routes[i].method, request->method)) continue;
        int parameter_count = match(router.routes[i].pattern, request->target.path, call);
        if (parameter_count < 0 || parameter_count >= fewest) continue;
        best = (int)i;
        fewest = parameter_count;
    }
    if (best >= 0) {
        fill_call(&router.routes[best], request, call);
        return best;
    }
    unsigned allowed = methods_of(router, request->target.path, call);
    if (allowed != 0) answer_wrong_method(request, allowed, response);
    else answer_not_found(router, request->target.path, response);
    return best;
}

int mw_router_find_again(mw_router router, const mw_http_request *request, mw_route_found *last,
                         mw_route_call *call, mw_response *response) {
    mw_str path = request->target.path;
    if (last->path_size > 0 && last->method == request->method &&
        mw_str_equal(path, (mw_str){last->path, last->path_size})) {
        fill_call(&router.routes[last->row], request, call);
        return last->row;
    }
    int row = mw_router_find(router, request, call, response);
    bool is_kept = row >= 0 && path.size <= sizeof last->path;
    last->path_size = is_kept ? path.size : 0;
    if (!is_kept) return row;
    last->row = row;
    last->method = request->method;
    memcpy(last->path, path.data, path.size);
    return row;
}
