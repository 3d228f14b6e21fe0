#include "serve/shop_call_test.h"

static yyjson_val *at(yyjson_val *value, const char *pointer) {
    yyjson_val *found = yyjson_ptr_get(value, pointer);
    if (!found) mw_test_fail(MW_TEST_PLACE(pointer), "there is no such thing");
    return found;
}

/* Every route stands in the description, with its scope, and nothing else does. */
MW_TEST(api_describes_its_routes) {
    shop s;
    shop_set_up(&s);
    mw_str text = shop_call(&s, MW_HTTP_GET, "/openapi.json", "", 200);
    yyjson_doc *doc = yyjson_read(text.data, text.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *paths = at(root, "/paths");
    mw_router router = mw_api_router();
    size_t operations = 0, index, count;
    yyjson_val *key, *path;
    yyjson_obj_foreach(paths, index, count, key, path) operations += yyjson_obj_size(path);
    MW_CHECK_EQUAL_INT(operations, router.route_count);
    for (size_t i = 0; i < router.route_count; i++) {
        const mw_route *route = &router.routes[i];
        const char *method = route->method == MW_HTTP_GET ? "get" : "post";
        path = yyjson_obj_get(paths, route->pattern);
        yyjson_val *operation = yyjson_obj_get(path, method);
        MW_CHECK(yyjson_equals_str(at(operation, "/operationId"), route->operation));
        yyjson_val *scope = yyjson_ptr_get(operation, "/security/0/token/0");
        MW_CHECK((scope != NULL) == (route->scope != MW_SCOPE_PUBLIC));
        if (scope) MW_CHECK(yyjson_equals_str(scope, mw_scope_name(route->scope)));
    }
    MW_CHECK(yyjson_equals_str(at(root, "/openapi"), "3.1.0"));
    MW_CHECK(!yyjson_obj_get(root, "operations"));
    MW_CHECK(yyjson_equals_str(
        at(root, "/components/schemas/stream.orders/properties/number/type/0"), "number"));
    yyjson_doc_free(doc);
    shop_tear_down(&s);
}

MW_TEST(api_guards_all_but_its_health) {
    static const char *const open[] = {"/healthz", "/readyz"};
    mw_router router = mw_api_router();
    size_t open_count = 0;
    for (size_t i = 0; i < router.route_count; i++) {
        if (router.routes[i].scope != MW_SCOPE_PUBLIC) continue;
        bool is_known = false;
        for (size_t k = 0; k < sizeof open / sizeof *open; k++)
            is_known = is_known || strcmp(open[k], router.routes[i].pattern) == 0;
        MW_CHECK(is_known);
        open_count++;
    }
    MW_CHECK_EQUAL_INT(open_count, sizeof open / sizeof *open);
}
