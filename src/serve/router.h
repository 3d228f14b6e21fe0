/*
 * router: which handler answers a method and a path.
 *
 * Routes are a table of the caller's, "/v1/models/{model}/predict": a segment in braces takes
 * any non-empty text, unescaped; all other text is taken as it is, and wins over a parameter. A
 * lookup walks the table (some tens of rows), and allocates nothing. HEAD finds what GET does.
 */
#pragma once
#include "registry/tokens.h"
#include "serve/http.h"
#include "serve/response.h"

enum {
    MW_ROUTES_MAX = 256,
    MW_ROUTE_PARAMETERS_MAX = 4,
    MW_ROUTE_PARAMETERS_SIZE_MAX = 1024, /* of all of them, unescaped */
    MW_ROUTE_FOUND_PATH_MAX = 128,       /* bytes; longer ones are looked up each time */
};

typedef struct {
    const mw_http_request *request;
    mw_pause *pause; /* in which the handler left the request before; NULL: it is new */
    mw_str who; /* asks: the name of the token, or "http" */
    mw_str parameters[MW_ROUTE_PARAMETERS_MAX]; /* in the order of the pattern */
    char text[MW_ROUTE_PARAMETERS_SIZE_MAX];    /* what they point into */
} mw_route_call;

/* What becomes of parameters behind a "?". */
typedef enum {
    MW_QUERY_REFUSED,     /* it takes none: who sends one means something that nobody would do */
    MW_QUERY_READ,        /* by the handler, which refuses what it does not know */
    MW_QUERY_PASSED_OVER, /* programs add theirs to what they look at again and again */
} mw_route_query;

typedef struct {
    mw_http_method method;
    const char *pattern;
    mw_scope scope; /* that a client's token must have, where tokens are asked for */
    void (*answer)(void *context, const mw_route_call *call, mw_response *response);
    const char *operation; /* its name in an OpenAPI description; NULL where there is none */
    mw_route_query query;
} mw_route;

typedef struct {
    const mw_route *routes;
    size_t route_count;
    /* Whether the route may be asked now; if not, it has filled the response. NULL: always. */
    bool (*is_open)(void *context, const mw_route *route, mw_response *response);
    /* Whether the route takes the body of a request piece by piece, as it comes (`has_more`), if it
       is longer than MW_HTTP_PIECE_SIZE. NULL: none does. */
    bool (*takes_pieces)(const mw_route *route, const mw_http_request *head);
} mw_router;

/* What was found last, for clients that ask for the same again and again. All 0: nothing yet. */
typedef struct {
    int row;
    mw_http_method method;
    size_t path_size;
    char path[MW_ROUTE_FOUND_PATH_MAX];
} mw_route_found;

/* Asserts that the table is well formed, so that a mistake in it shows at the first start. */
mw_router mw_router_of(const mw_route *routes, size_t route_count);

/* The row that answers `request`, and its parameters in `*call`. Otherwise -1, and the problem
   stands in the response: 404 with the nearest pattern, or 405 with "Allow". */
int mw_router_find(mw_router router, const mw_http_request *request, mw_route_call *call,
                   mw_response *response);
/* The same; what it was asked last stands in `*last`, so that it need not walk the table for it. */
int mw_router_find_again(mw_router router, const mw_http_request *request, mw_route_found *last,
                         mw_route_call *call, mw_response *response);
