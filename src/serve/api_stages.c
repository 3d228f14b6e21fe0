/* The api of a model's versions, and of what changes its champion. */
#include "serve/api_parts.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE_MAX = 1000, RULE_SIZE_MAX = 100, VERSIONS_SIZE_MAX = 64 << 20 };

/* A member of the body that is a text; empty where it is not there. */
static mw_status read_text(yyjson_val *root, const char *key, mw_str *out_text, mw_error *err) {
    yyjson_val *value = yyjson_obj_get(root, key);
    *out_text = value ? (mw_str){yyjson_get_str(value), yyjson_get_len(value)} : MW_STR("");
    if (out_text->data && out_text->size <= TEXT_SIZE_MAX) return MW_OK;
    char rule[RULE_SIZE_MAX];
    (void)snprintf(rule, sizeof rule, "%s: must be a text of at most %d bytes", key, TEXT_SIZE_MAX);
    return mw_json_refuse(value, rule, err);
}

static mw_status read_wish(yyjson_val *root, bool is_rollback, mw_stage_wish *wish,
                           mw_error *err) {
    if (!yyjson_is_obj(root)) return mw_json_refuse(root, "body: must be a JSON object", err);
    const char *const members[] = {"why", is_rollback ? NULL : "version", NULL};
    MW_TRY(mw_api_check_members(root, members, err));
    MW_TRY(read_text(root, "why", &wish->why, err));
    if (is_rollback) return MW_OK;
    MW_TRY(read_text(root, "version", &wish->version, err));
    if (wish->version.size > 0) return MW_OK;
    return mw_json_refuse(yyjson_obj_get(root, "version"),
                          "version: must name the version that is to answer", err);
}

static void write_champion(mw_json *json, const mw_api *api, size_t model,
                           const mw_stage_change *made) {
    const mw_sequencer *sequencer = mw_service_parts(api->service)->sequencer;
    mw_successor next = mw_sequencer_successor(sequencer, model);
    mw_json_object(json);
    mw_json_put_str(json, "model", mw_service_parts(api->service)->program->models[model].name);
    mw_json_put_text(json, "champion", made->champion);
    mw_json_key(json, "replaced"); /* perhaps not what the client saw last */
    if (made->before[0] && strcmp(made->before, made->champion) != 0)
        mw_json_text(json, made->before);
    else mw_json_null(json);
    mw_json_key(json, "answers"); /* else its windows are being filled */
    mw_json_bool(json, next.version.size == 0);
    mw_json_object_end(json);
}

static mw_status change(const mw_api *api, const mw_route_call *call, bool is_rollback,
                        mw_response *response, mw_error *err) {
    size_t model = 0;
    mw_stage_change made;
    mw_stage_wish wish = {.model = call->parameters[0], .who = call->who};
    mw_str text = call->request->body;
    MW_TRY(mw_api_find_model(api, call->parameters[0], &model, err));
    if (is_rollback && text.size == 0) text = MW_STR("{}");
    yyjson_doc *doc = NULL;
    MW_TRY(mw_sent_parse(text, mw_sent_json_memory(), &doc, err));
    mw_status status = read_wish(yyjson_doc_get_root(doc), is_rollback, &wish, err);
    mw_pause *pause = call->pause;
    if (status == MW_OK) status = api->change(api->stage_context, &wish, &pause, &made, err);
    yyjson_doc_free(doc);
    if (status != MW_OK) return status;
    response->pause = pause;
    if (pause) return MW_OK;
    mw_json json = mw_json_begin(&response->body);
    write_champion(&json, api, model, &made);
    return MW_OK;
}

static void answer(const mw_api *api, const mw_route_call *call, bool is_rollback,
                   mw_response *response) {
    mw_error err = {0};
    mw_status status = change(api, call, is_rollback, response, &err);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

void mw_api_promote(void *context, const mw_route_call *call, mw_response *response) {
    answer(context, call, false, response);
}

void mw_api_rollback(void *context, const mw_route_call *call, mw_response *response) {
    answer(context, call, true, response);
}

/* --- versions ----------------------------------------------------------------------------- */

/* {"model", "versions": [{"version", "stage", "created", "run"}, ...]} */
static mw_status list_versions(const mw_api *api, mw_str name, mw_arena *arena, mw_buf *body,
                               mw_error *err) {
    size_t model = 0, count = 0;
    mw_version_row *versions = NULL;
    MW_TRY(mw_api_find_model(api, name, &model, err));
    MW_TRY(api->list(api->stage_context, name, arena, &versions, &count, err));
    mw_json json = mw_json_begin(body);
    mw_json_object(&json);
    mw_json_put_str(&json, "model", name);
    mw_json_key(&json, "versions");
    mw_json_array(&json);
    for (size_t i = 0; i < count; i++) {
        mw_json_object(&json);
        mw_json_put_str(&json, "version", versions[i].version);
        mw_json_put_str(&json, "stage", versions[i].stage);
        mw_json_put_time(&json, "created", versions[i].created_us);
        mw_json_put_int(&json, "run", versions[i].run);
        mw_json_object_end(&json);
    }
    mw_json_array_end(&json);
    mw_json_object_end(&json);
    return MW_OK;
}

void mw_api_versions(void *context, const mw_route_call *call, mw_response *response) {
    mw_error err = {0};
    mw_arena arena;
    mw_arena_init(&arena, VERSIONS_SIZE_MAX);
    mw_status status = list_versions(context, call->parameters[0], &arena, &response->body, &err);
    mw_arena_release(&arena);
    if (status != MW_OK) mw_response_problem(response, status, &err);
}
