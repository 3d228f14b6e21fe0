/* The api's description of itself, OpenAPI 3.1: what web/openapi.json says of the operations, under
   the routes by which they are called, with the schemas of this project's streams. */
#include <stdio.h>

#include "lang/asked.h"
#include "serve/api_parts.h"
#include "table/list.h"

extern const unsigned char mw_asset_openapi_json[];
extern const size_t mw_asset_openapi_json_size;

enum { TEXT_SIZE_MAX = 200, NOTE_SIZE_MAX = 1 << 16 };

/* --- streams ------------------------------------------------------------------------------ */

static const char *json_type(mw_type type) {
    switch (type) {
        case MW_TYPE_NUMBER:
        case MW_TYPE_DURATION: return "number";
        case MW_TYPE_BOOL: return "boolean";
        case MW_TYPE_LIST:
        case MW_TYPE_NUMBER_LIST: return "array";
        case MW_TYPE_CATEGORY:
        case MW_TYPE_TEXT:
        case MW_TYPE_TIME:
        case MW_TYPE_COUNT: break;
    }
    return "string";
}

static yyjson_mut_val *describe_column(yyjson_mut_doc *doc, mw_type type) {
    yyjson_mut_val *column = yyjson_mut_obj(doc);
    yyjson_mut_val *types = yyjson_mut_obj_add_arr(doc, column, "type");
    yyjson_mut_arr_add_str(doc, types, json_type(type));
    if (type == MW_TYPE_CATEGORY) yyjson_mut_arr_add_str(doc, types, "integer");
    yyjson_mut_arr_add_str(doc, types, "null");
    if (mw_type_is_list(type)) {
        yyjson_mut_val *element = yyjson_mut_obj_add_obj(doc, column, "items");
        mw_type of = mw_list_element_type(type);
        yyjson_mut_obj_add_str(doc, element, "type", json_type(of));
    }
    const char *note = type == MW_TYPE_TIME       ? "RFC 3339"
                       : type == MW_TYPE_DURATION ? "in seconds"
                                                  : NULL;
    if (note) yyjson_mut_obj_add_str(doc, column, "description", note);
    return column;
}

/* The fields that no row brings along. */
static void describe_asked(yyjson_mut_doc *doc, yyjson_mut_val *row,
                           const mw_stream_source *source) {
    mw_buf text;
    if (source->ask_count == 0) return;
    mw_buf_init(&text, NOTE_SIZE_MAX);
    for (size_t i = 0; i < source->ask_count; i++)
        mw_buf_printf(&text, "%s%.*s", i == 0 ? "As it enters, processes are asked for " : ", ",
                      MW_STR_ARGS(source->row.fields[source->asks[i].field].name));
    mw_buf_append_text(&text, ": " MW_NOT_PROVED ".");
    if (!text.failed)
        yyjson_mut_obj_add_strncpy(doc, row, "description", text.data, text.size);
    mw_buf_release(&text);
}

static yyjson_mut_val *describe_row(yyjson_mut_doc *doc, const mw_stream_source *source) {
    yyjson_mut_val *row = yyjson_mut_obj(doc);
    describe_asked(doc, row, source);
    yyjson_mut_obj_add_str(doc, row, "type", "object");
    yyjson_mut_obj_add_bool(doc, row, "additionalProperties", false);
    yyjson_mut_val *columns = yyjson_mut_obj_add_obj(doc, row, "properties");
    for (size_t i = 0; i < source->column_count; i++) {
        const mw_field *field = &source->row.fields[i];
        yyjson_mut_obj_put(columns, yyjson_mut_strncpy(doc, field->name.data, field->name.size),
                           describe_column(doc, field->type));
    }
    return row;
}

/* A schema "stream.NAME" each, and "event": a row of any of them. */
static void describe_streams(yyjson_mut_doc *doc, const mw_program *program) {
    yyjson_mut_val *components = yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "components");
    yyjson_mut_val *schemas = yyjson_mut_obj_get(components, "schemas");
    yyjson_mut_val *event = yyjson_mut_obj_add_obj(doc, schemas, "event");
    yyjson_mut_val *any = yyjson_mut_obj_add_arr(doc, event, "anyOf");
    for (size_t i = 0; i < program->source_count; i++) {
        const mw_stream_source *source = &program->sources[i];
        char name[TEXT_SIZE_MAX], reference[TEXT_SIZE_MAX + 32];
        snprintf(name, sizeof name, "stream.%.*s", MW_STR_ARGS(source->name));
        snprintf(reference, sizeof reference, "#/components/schemas/%s", name);
        yyjson_mut_obj_put(schemas, yyjson_mut_strcpy(doc, name), describe_row(doc, source));
        yyjson_mut_val *choice = yyjson_mut_arr_add_obj(doc, any);
        yyjson_mut_obj_add_strcpy(doc, choice, "$ref", reference);
    }
}

/* --- routes ------------------------------------------------------------------------------- */

/* The values that a parameter of a path can have; none: it can have any. */
static void describe_values(yyjson_mut_doc *doc, yyjson_mut_val *schema, mw_str name,
                            const mw_program *program) {
    bool is_model = mw_str_is(name, "model"), is_stream = mw_str_is(name, "stream");
    if (!is_model && !is_stream) return;
    yyjson_mut_val *values = yyjson_mut_obj_add_arr(doc, schema, "enum");
    for (size_t i = 0; is_model && i < program->model_count; i++)
        yyjson_mut_arr_add_strncpy(doc, values, program->models[i].name.data,
                                   program->models[i].name.size);
    for (size_t i = 0; is_stream && i < program->source_count; i++)
        yyjson_mut_arr_add_strncpy(doc, values, program->sources[i].name.data,
                                   program->sources[i].name.size);
}

static void describe_parameters(yyjson_mut_doc *doc, yyjson_mut_val *operation,
                                const mw_route *route, const mw_program *program) {
    yyjson_mut_val *parameters = yyjson_mut_obj_get(operation, "parameters");
    mw_str rest = mw_str_of(route->pattern), segment;
    if (!parameters) parameters = yyjson_mut_obj_add_arr(doc, operation, "parameters");
    while (mw_str_split(&rest, '/', &segment)) {
        if (!mw_str_starts(segment, MW_STR("{"))) continue;
        mw_str name = mw_str_slice(segment, 1, segment.size - 1);
        yyjson_mut_val *parameter = yyjson_mut_arr_add_obj(doc, parameters);
        yyjson_mut_obj_add_strncpy(doc, parameter, "name", name.data, name.size);
        yyjson_mut_obj_add_str(doc, parameter, "in", "path");
        yyjson_mut_obj_add_bool(doc, parameter, "required", true);
        yyjson_mut_val *schema = yyjson_mut_obj_add_obj(doc, parameter, "schema");
        yyjson_mut_obj_add_str(doc, schema, "type", "string");
        describe_values(doc, schema, name, program);
    }
}

/* A token of the scope, or none where the server asks for none. */
static void describe_security(yyjson_mut_doc *doc, yyjson_mut_val *operation, mw_scope scope) {
    yyjson_mut_val *choices = yyjson_mut_obj_add_arr(doc, operation, "security");
    if (scope == MW_SCOPE_PUBLIC) return;
    yyjson_mut_val *scopes =
        yyjson_mut_obj_add_arr(doc, yyjson_mut_arr_add_obj(doc, choices), "token");
    yyjson_mut_arr_add_str(doc, scopes, mw_scope_name(scope));
    yyjson_mut_arr_add_obj(doc, choices);
}

static void describe_route(yyjson_mut_doc *doc, yyjson_mut_val *operations, const mw_route *route,
                           const mw_program *program) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *paths = yyjson_mut_obj_get(root, "paths");
    yyjson_mut_val *path = yyjson_mut_obj_get(paths, route->pattern);
    yyjson_mut_val *operation = yyjson_mut_obj_remove_key(operations, route->operation);
    MW_ASSERT(operation); /* else web/openapi.json lacks it */
    if (!path) path = yyjson_mut_obj_add_obj(doc, paths, route->pattern);
    yyjson_mut_obj_add_str(doc, operation, "operationId", route->operation);
    describe_parameters(doc, operation, route, program);
    describe_security(doc, operation, route->scope);
    yyjson_mut_val *problem = yyjson_mut_obj_add_obj(
        doc, yyjson_mut_obj_get(operation, "responses"), "default");
    yyjson_mut_obj_add_str(doc, problem, "$ref", "#/components/responses/problem");
    const char *method = route->method == MW_HTTP_GET ? "get" : "post";
    MW_ASSERT(route->method == MW_HTTP_GET || route->method == MW_HTTP_POST);
    yyjson_mut_obj_add_val(doc, path, method, operation);
}

static void describe(yyjson_mut_doc *doc, const mw_service_config *parts) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *operations = yyjson_mut_obj_remove_key(root, "operations");
    mw_router router = mw_api_router();
    for (size_t i = 0; i < router.route_count; i++)
        describe_route(doc, operations, &router.routes[i], parts->program);
    MW_ASSERT(yyjson_mut_obj_size(operations) == 0); /* else there is no route to one of them */
    describe_streams(doc, parts->program);
    yyjson_mut_obj_put(yyjson_mut_obj_get(root, "info"), yyjson_mut_str(doc, "title"),
                       yyjson_mut_strncpy(doc, parts->project->name.data,
                                          parts->project->name.size));
}

static mw_status write_description(const mw_service_config *parts, mw_buf *body, mw_error *err) {
    yyjson_alc memory = mw_sent_json_memory();
    char *bytes = (char *)(uintptr_t)mw_asset_openapi_json; /* read only */
    yyjson_doc *words = yyjson_read_opts(bytes, mw_asset_openapi_json_size, 0, &memory, NULL);
    yyjson_mut_doc *doc = words ? yyjson_doc_mut_copy(words, &memory) : NULL;
    if (doc) describe(doc, parts);
    size_t size = 0;
    char *text = doc ? yyjson_mut_write_opts(doc, 0, &memory, &size, NULL) : NULL;
    if (text) mw_buf_append(body, text, size);
    mw_free(text);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(words);
    return text ? MW_OK : mw_fail(err, MW_NO_MEMORY, "openapi: no memory");
}

void mw_api_describe(void *context, const mw_route_call *call, mw_response *response) {
    const mw_api *api = context;
    mw_error err;
    (void)call;
    mw_status status = write_description(mw_service_parts(api->service), &response->body, &err);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}
