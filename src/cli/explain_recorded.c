#include "cli/explain_recorded.h"

#include <string.h>

#include "cli/reason_grid.h"
#include "cli/workspace.h"
#include "decide/answer_json.h"
#include "decide/scorer.h"
#include "ingest/log_tail.h"
#include "project/utf8.h"
#include "store/log.h"

typedef struct {
    mw_workspace *workspace;
    mw_str id;
    mw_buf payload, version_bytes;
    mw_prediction prediction;
    mw_scorer *scorer;
    mw_schema features;
    mw_cell *cells;
    mw_reasons reasons;
} job;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "explain: no memory");
}

static mw_status find_record(job *it, int64_t place, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    const char *folder = mw_state_path(workspace->state, &workspace->arena, "log");
    mw_log_scan *scan = NULL;
    if (!folder) return no_memory(err);
    MW_TRY(mw_log_scan_begin(workspace->cli->sys, folder, place, &scan, err));
    mw_status status = MW_OK;
    bool has_record = true, is_found = false;
    while (status == MW_OK && has_record && !is_found) {
        mw_record record;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        is_found = record.type == MW_RECORD_PREDICTION && record.place == place;
        if (is_found) mw_buf_append_str(&it->payload, record.payload);
        if (record.type != MW_RECORD_DEFINITION && record.place > place) break;
    }
    mw_log_scan_end(scan);
    if (status == MW_OK) status = mw_buf_check(&it->payload, "the record", err);
    if (status == MW_OK && !is_found) status = mw_log_tail_check(workspace->state, err);
    if (status == MW_OK && !is_found)
        status = mw_fail(err, MW_NOT_FOUND, "explain: no prediction %.*s is recorded",
                         MW_STR_ARGS(it->id));
    return status;
}

static mw_status load_version(job *it, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_registry registry = mw_workspace_registry(workspace);
    mw_version_row row;
    MW_TRY(mw_registry_find(registry, it->prediction.model, it->prediction.version,
                            &workspace->arena, &row, err));
    MW_TRY(mw_registry_load(registry, &row, &it->version_bytes, err));
    MW_TRY(mw_scorer_create(mw_buf_str(&it->version_bytes), workspace->symbols, &it->scorer, err));
    mw_model_features own = mw_scorer_version(it->scorer)->features;
    mw_field *fields = mw_arena_alloc(&workspace->arena, own.count, sizeof *fields);
    it->cells = mw_arena_alloc(&workspace->arena, own.count, sizeof *it->cells);
    if (!fields || !it->cells) return no_memory(err);
    for (size_t i = 0; i < own.count; i++)
        fields[i] = (mw_field){own.items[i].name, own.items[i].type};
    it->features = (mw_schema){fields, own.count};
    return MW_OK;
}

/* What does not come out as it is recorded has no explanation. */
static mw_status predict_again(const job *it, mw_error *err) {
    mw_score score = mw_scorer_run(it->scorer, it->cells);
    double again = score.prediction;
    if (!mw_str_equal(score.class_name, it->prediction.class_name))
        return mw_fail(err, MW_CHECK_FAILED,
                       "explain: prediction %.*s is recorded as %s, and comes out as %s",
                       MW_STR_ARGS(it->id), mw_utf8_show(it->prediction.class_name).text,
                       mw_utf8_show(score.class_name).text);
    if (memcmp(&again, &it->prediction.prediction, sizeof again) == 0) return MW_OK;
    return mw_fail(err, MW_CHECK_FAILED,
                   "explain: prediction %.*s is recorded as %.17g, and comes out as %.17g",
                   MW_STR_ARGS(it->id), it->prediction.prediction, again);
}

static void print_json(const job *it, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "id", it->id);
    mw_json_put_str(&json, "model", it->prediction.model);
    mw_json_put_str(&json, "version", it->prediction.version);
    mw_json_put_str(&json, "event", it->prediction.event_id);
    mw_json_put_time(&json, "t", it->prediction.t);
    mw_answer_write_brief(&json, &it->prediction);
    mw_json_key(&json, "why");
    mw_reasons_write_json(&json, &it->reasons, &it->features, it->cells, it->workspace->symbols);
    mw_json_object_end(&json);
}

/* A probability has four digits; a number those that it needs. */
static void print_answer(const mw_prediction *made, mw_buf *out) {
    if (made->kind == MW_ANSWER_CLASS)
        mw_buf_printf(out, "%s, %.4f", mw_utf8_show(made->class_name).text, made->prediction);
    else if (made->kind == MW_ANSWER_NUMBER) mw_buf_append_double(out, made->prediction);
    else mw_buf_printf(out, "%.4f, %s", made->prediction, made->decision ? "yes" : "no");
}

static void print_text(const job *it, mw_buf *out) {
    mw_buf_printf(out, "%.*s by version %.*s for %.*s: ", MW_STR_ARGS(it->prediction.model),
                  MW_STR_ARGS(it->prediction.version), MW_STR_ARGS(it->prediction.event_id));
    print_answer(&it->prediction, out);
    mw_buf_append_text(out, "\n\n");
    mw_reason_grid_print(&it->reasons, &it->features, it->cells, it->workspace->symbols, out);
}

static mw_status explain(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    int64_t place;
    if (!mw_prediction_id_parse(it->id, &place))
        return mw_fail(err, MW_NOT_FOUND, "explain: \"%.*s\" is no id of a prediction",
                       MW_STR_ARGS(it->id));
    MW_TRY(find_record(it, place, err));
    MW_TRY(mw_prediction_read_head(mw_buf_str(&it->payload), &it->prediction, err));
    if (!mw_str_is(it->prediction.model, cli->words[0]))
        return mw_fail(err, MW_NOT_FOUND, "explain: prediction %.*s is one of model %.*s",
                       MW_STR_ARGS(it->id), MW_STR_ARGS(it->prediction.model));
    if (it->prediction.fallback != MW_BECAUSE_NONE)
        return mw_fail(err, MW_INVALID, "explain: the fallback answered, not the version: %s",
                       mw_fallback_reason_word(it->prediction.fallback));
    MW_TRY(load_version(it, err));
    MW_TRY(mw_prediction_read(mw_buf_str(&it->payload), &it->features, it->workspace->symbols,
                              it->cells, &it->prediction, err));
    MW_TRY(predict_again(it, err));
    MW_TRY(mw_scorer_explain(it->scorer, it->cells, &it->reasons, err));
    if (cli->json) print_json(it, &cli->out);
    else print_text(it, &cli->out);
    return MW_OK;
}

mw_status mw_cli_explain_recorded(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    job it = {.workspace = &workspace, .id = mw_str_of(mw_cli_option(cli, "--id"))};
    mw_buf_init(&it.payload, SIZE_MAX);
    mw_buf_init(&it.version_bytes, MW_VERSION_SIZE_MAX);
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = explain(&it, err);
    mw_scorer_destroy(it.scorer);
    mw_buf_release(&it.payload);
    mw_buf_release(&it.version_bytes);
    mw_workspace_release(&workspace);
    return status;
}
