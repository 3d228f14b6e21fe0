#include "serve/router.h"

#include <string.h>

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
        while (mw_str_split(&rest, '/', &segment)) parameter_count += is_parameter(segment);
        MW_ASSERT(parameter_count <= MW_ROUTE_PARAMETERS_MAX);
    }
    return (mw_router){routes, route_count};
}

/* Takes one segment of the path as the next parameter. */
static bool parameter_take(mw_route_call *call, size_t index, size_t *text_size, mw_str segment) {
    if (segment.size == 0) return false;
    if (!mw_target_unescape(segment, call->text + *text_size, sizeof call->text - *text_size,
                            &call->parameters[index]))
        return false;
    *text_size += call->parameters[index].size;
    return true;
}

/* How many segments of the path stand in the pattern as they are, plus one; 0: it does not fit. */
static size_t match(const char *pattern, mw_str path, mw_route_call *call) {
    mw_str pattern_rest = mw_str_of(pattern), path_rest = path, wanted, segment;
    size_t same_count = 1, parameter_count = 0, text_size = 0;
    while (mw_str_split(&pattern_rest, '/', &wanted)) {
        if (!mw_str_split(&path_rest, '/', &segment)) return 0;
        if (mw_str_equal(wanted, segment)) {
            same_count++;
            continue;
        }
        if (!is_parameter(wanted)) return 0;
        if (!parameter_take(call, parameter_count, &text_size, segment)) return 0;
        parameter_count++;
    }
    return path_rest.data ? 0 : same_count;
}

static bool method_fits(mw_http_method offered, mw_http_method asked) {
    return offered == asked || (offered == MW_HTTP_GET && asked == MW_HTTP_HEAD);
}

static void answer_not_found(mw_router router, mw_str path, mw_response *response) {
    const char *patterns[MW_ROUTES_MAX];
    for (size_t i = 0; i < router.route_count; i++) patterns[i] = router.routes[i].pattern;
    mw_error err;
    mw_status status = mw_fail(&err, MW_NOT_FOUND, "path: there is no \"%.*s\"",
                               MW_STR_ARGS(path));
    const char *nearest = mw_str_nearest(path, patterns, router.route_count);
    if (nearest) status = mw_hint(&err, status, "Did you mean %s?", nearest);
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

int mw_router_find(mw_router router, const mw_http_request *request, mw_route_call *call,
                   mw_response *response) {
    int best = -1;
    size_t best_score = 0;
    unsigned allowed = 0; /* methods, a bit each, by which this path can be called */
    for (size_t i = 0; i < router.route_count; i++) {
        const mw_route *route = &router.routes[i];
        size_t score = match(route->pattern, request->target.path, call);
        if (score == 0) continue;
        allowed |= 1u << route->method;
        if (route->method == MW_HTTP_GET) allowed |= 1u << MW_HTTP_HEAD;
        if (!method_fits(route->method, request->method) || score <= best_score) continue;
        best = (int)i;
        best_score = score;
    }
    if (best >= 0) {
        memset(call->parameters, 0, sizeof call->parameters);
        match(router.routes[best].pattern, request->target.path, call);
        call->request = request;
    } else if (allowed != 0) {
        answer_wrong_method(request, allowed, response);
    } else {
        answer_not_found(router, request->target.path, response);
    }
    return best;
}
