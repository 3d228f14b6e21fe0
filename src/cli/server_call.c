#include "cli/server_call.h"

#include <math.h>
#include <yyjson.h>

#include "serve/control.h"
#include "sys/poller.h"
#include "sys/terminal.h"

enum {
    CALL_US = 30000000,
    ASK_AGAIN_US = 20000,
    ANSWER_SIZE_MAX = 1 << 24,
    ARENA_SIZE_MAX = 1 << 26,
    SHARE_STEPS = 1000,
    REQUESTS_MIN = 100, /* fewer say nothing of a share or of the slowest of a hundred */
};

/* MW_UNAVAILABLE: no server runs in the folder of the command. */
static mw_status connect(mw_cli *cli, mw_control_client **out_client, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const char *path = mw_cli_state_path(cli, &arena, MW_SERVE_SOCKET);
    mw_status status = path ? mw_control_connect(cli->sys, path, out_client, err)
                            : mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    mw_arena_release(&arena);
    return status;
}

bool mw_serve_is_up(mw_cli *cli) {
    mw_control_client *client = NULL;
    mw_error absent;
    bool is_up = connect(cli, &client, &absent) == MW_OK;
    mw_control_close(client);
    return is_up;
}

/* No answer, and MW_OK, where no server runs. */
static mw_status call_from(mw_cli *cli, uint32_t kind, mw_str message, mw_buf *answer,
                           mw_error *err) {
    mw_control_client *client = NULL;
    mw_error absent;
    mw_status status = connect(cli, &client, &absent);
    if (status == MW_UNAVAILABLE) return MW_OK;
    if (status != MW_OK) return mw_fail(err, status, "%s", absent.message);
    status = mw_control_call(client, kind, message, CALL_US, answer, err);
    mw_control_close(client);
    return status;
}

static mw_status call(const mw_workspace *workspace, uint32_t kind, mw_str message,
                      mw_buf *answer, mw_error *err) {
    return call_from(workspace->cli, kind, message, answer, err);
}

static mw_status goes_on(mw_status status, mw_error *err) {
    return mw_fail_within(err, status, "the running server goes on with the version before");
}

mw_status mw_serve_tell_rechecked(const mw_workspace *workspace, mw_str model,
                                  const mw_serve_rechecked *rechecked, mw_error *err) {
    mw_buf message, answer;
    mw_buf_init(&message, ANSWER_SIZE_MAX);
    mw_buf_init(&answer, ANSWER_SIZE_MAX);
    mw_text_append(&message, model);
    mw_buf_append_u64(&message, rechecked->count.compared);
    mw_buf_append_u64(&message, rechecked->count.differing);
    mw_buf_append_u64(&message, rechecked->proof.proved);
    mw_buf_append_u64(&message, rechecked->proof.differing);
    mw_status status = call(workspace, MW_SERVE_RECHECKED, mw_buf_str(&message), &answer, err);
    mw_buf_release(&answer);
    mw_buf_release(&message);
    return status;
}

mw_status mw_serve_tell_champion(const mw_workspace *workspace, mw_str model, mw_error *err) {
    mw_buf answer;
    mw_buf_init(&answer, ANSWER_SIZE_MAX);
    mw_status status = call(workspace, MW_SERVE_CHAMPION, model, &answer, err);
    mw_buf_release(&answer);
    return status == MW_OK ? MW_OK : goes_on(status, err);
}

mw_status mw_serve_tell_tokens(const mw_workspace *workspace, mw_error *err) {
    mw_buf answer;
    mw_buf_init(&answer, ANSWER_SIZE_MAX);
    mw_status status = call(workspace, MW_SERVE_TOKENS, MW_STR(""), &answer, err);
    mw_buf_release(&answer);
    if (status == MW_OK) return MW_OK;
    return mw_fail_within(err, status, "the running server goes by the tokens before");
}

/* --- progress ----------------------------------------------------------------------------- */

mw_status mw_serve_ask_progress(mw_cli *cli, mw_serve_progress *out_progress, mw_error *err) {
    mw_buf answer;
    mw_buf_init(&answer, ANSWER_SIZE_MAX);
    mw_status status = call_from(cli, MW_SERVE_PROGRESS, MW_STR(""), &answer, err);
    mw_str json = mw_buf_str(&answer);
    yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *accepted = yyjson_obj_get(root, "accepted_us");
    const char *project = yyjson_get_str(yyjson_obj_get(root, "project"));
    *out_progress =
        (mw_serve_progress){.is_up = root != NULL,
                            .is_ready = yyjson_get_bool(yyjson_obj_get(root, "ready")),
                            .recovered = yyjson_get_num(yyjson_obj_get(root, "recovered")),
                            .accepted_us = accepted ? yyjson_get_sint(accepted)
                                                    : MW_TIME_MISSING};
    snprintf(out_progress->project, sizeof out_progress->project, "%s", project ? project : "");
    yyjson_doc_free(doc);
    mw_buf_release(&answer);
    return status;
}

/* --- successors --------------------------------------------------------------------------- */

static mw_str text_of(yyjson_val *object, const char *key, mw_arena *arena) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return mw_str_copy(arena, (mw_str){yyjson_get_str(value), yyjson_get_len(value)});
}

static mw_status read_successors(mw_str json, mw_arena *arena,
                                 mw_serve_successors *out_successors, mw_error *err) {
    yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *object;
    size_t index, count;
    mw_serve_successor *items = mw_arena_alloc(arena, yyjson_arr_size(root) + 1, sizeof *items);
    yyjson_arr_foreach(root, index, count, object) {
        if (!items) break;
        items[index] = (mw_serve_successor){
            .model = text_of(object, "model", arena),
            .version = text_of(object, "version", arena),
            .share = yyjson_get_num(yyjson_obj_get(object, "share")),
            .failure = text_of(object, "failure", arena)};
    }
    *out_successors = (mw_serve_successors){items, yyjson_arr_size(root)};
    yyjson_doc_free(doc);
    return items ? MW_OK : mw_fail(err, MW_NO_MEMORY, "serve: no memory");
}

mw_status mw_serve_list_successors(const mw_workspace *workspace, mw_arena *arena,
                                   mw_serve_successors *out_successors, mw_error *err) {
    mw_buf answer;
    mw_buf_init(&answer, ANSWER_SIZE_MAX);
    mw_status status = call(workspace, MW_SERVE_SUCCESSORS, MW_STR(""), &answer, err);
    if (status == MW_OK)
        status = read_successors(mw_buf_str(&answer), arena, out_successors, err);
    mw_buf_release(&answer);
    return status;
}

/* How far the model's champion is; 1 if it answers. */
static mw_status ask_share(const mw_workspace *workspace, mw_str model, double *out_share,
                           mw_error *err) {
    mw_arena arena;
    mw_serve_successors successors = {NULL, 0};
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_serve_list_successors(workspace, &arena, &successors, err);
    *out_share = 1;
    for (size_t i = 0; status == MW_OK && i < successors.count; i++) {
        const mw_serve_successor *next = &successors.items[i];
        if (!mw_str_equal(next->model, model)) continue;
        if (next->failure.size == 0) *out_share = next->share < 0.999 ? next->share : 0.999;
        else
            status = goes_on(mw_fail(err, MW_CONFLICT, "%.*s", MW_STR_ARGS(next->failure)), err);
    }
    mw_arena_release(&arena);
    return status;
}

static mw_status pause_a_little(mw_poller *poller, mw_error *err) {
    mw_poller_event event;
    size_t count;
    return mw_poller_wait(poller, ASK_AGAIN_US, &event, 1, &count, err);
}

mw_status mw_serve_await_champion(const mw_workspace *workspace, mw_str model, mw_error *err) {
    mw_sys *sys = workspace->cli->sys;
    mw_poller *poller;
    MW_TRY(mw_poller_create(sys, &poller, err));
    mw_progress progress = mw_progress_begin(sys, "filling windows", SHARE_STEPS);
    double share = 0;
    mw_status status = ask_share(workspace, model, &share, err);
    while (status == MW_OK && share < 1) {
        mw_progress_update(&progress, (uint64_t)(share * SHARE_STEPS));
        status = pause_a_little(poller, err);
        if (status == MW_OK) status = ask_share(workspace, model, &share, err);
    }
    mw_progress_end(&progress);
    mw_poller_destroy(poller);
    return status;
}

/* --- the pulse ---------------------------------------------------------------------------- */

static double seconds_of(yyjson_val *object, const char *key) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_num(value) ? yyjson_get_num(value) / (double)MW_SECOND_US : NAN;
}

static mw_serve_pulse read_pulse(mw_str json) {
    yyjson_doc *doc = yyjson_read(json.data, json.size, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    mw_serve_pulse pulse = {.is_served = root != NULL,
                            .asked = yyjson_get_uint(yyjson_obj_get(root, "asked")),
                            .refused = yyjson_get_uint(yyjson_obj_get(root, "refused")),
                            .failed = yyjson_get_uint(yyjson_obj_get(root, "failed")),
                            .p50_s = seconds_of(root, "p50_us"),
                            .p99_s = seconds_of(root, "p99_us")};
    yyjson_doc_free(doc);
    return pulse;
}

mw_status mw_serve_read_pulse(const mw_workspace *workspace, mw_str model,
                              mw_serve_pulse *out_pulse, mw_error *err) {
    mw_buf answer;
    mw_error reason;
    mw_buf_init(&answer, ANSWER_SIZE_MAX);
    mw_status status = call(workspace, MW_SERVE_PULSE, model, &answer, &reason);
    if (status == MW_OK) *out_pulse = read_pulse(mw_buf_str(&answer));
    else if (status == MW_NOT_FOUND) *out_pulse = (mw_serve_pulse){.is_served = false};
    else *err = reason;
    mw_buf_release(&answer);
    return status == MW_NOT_FOUND ? MW_OK : status;
}

double mw_serve_pulse_latency_p99_s(const mw_serve_pulse *pulse) {
    return pulse->asked >= REQUESTS_MIN ? pulse->p99_s : NAN;
}

double mw_serve_pulse_error_share(const mw_serve_pulse *pulse) {
    return pulse->asked >= REQUESTS_MIN ? (double)pulse->failed / (double)pulse->asked : NAN;
}
