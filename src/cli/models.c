#include "cli/models.h"

#include "cli/grid.h"
#include "cli/runs.h"
#include "cli/server_call.h"
#include "cli/workspace.h"
#include "decide/answer_json.h"
#include "model/version.h"
#include "project/utf8.h"

enum { CLASSES_SHOWN = 20 };

/* Opens, runs, releases. */
static mw_status with_state(mw_cli *cli, mw_workspace_mode mode,
                            mw_status (*body)(mw_workspace *workspace, mw_error *err),
                            mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open_state(cli, mode, &workspace, err);
    if (status == MW_OK) status = body(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

static mw_str word(const mw_workspace *workspace, size_t index) {
    const mw_cli *cli = workspace->cli;
    return mw_str_of(index < cli->word_count ? cli->words[index] : NULL);
}

/* --- list ------------------------------------------------------------------------------- */

static void write_version(const mw_version_row *version, mw_json *json) {
    mw_json_put_str(json, "model", version->model);
    mw_json_put_str(json, "version", version->version);
    mw_json_put_str(json, "stage", version->stage);
    mw_json_put_time(json, "created", version->created_us);
    mw_json_put_int(json, "run", version->run);
}

static void list_json(const mw_version_row *versions, size_t count, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_array(&json);
    for (size_t i = 0; i < count; i++) {
        mw_json_object(&json);
        write_version(&versions[i], &json);
        mw_json_object_end(&json);
    }
    mw_json_array_end(&json);
}

static mw_status list(mw_workspace *workspace, mw_error *err) {
    mw_buf *out = &workspace->cli->out;
    mw_registry registry = mw_workspace_registry(workspace);
    mw_version_row *versions;
    size_t count;
    MW_TRY(mw_registry_versions(registry, word(workspace, 0), &workspace->arena, &versions, &count,
                                err));
    if (workspace->cli->json) {
        list_json(versions, count, out);
        return MW_OK;
    }
    mw_grid grid = mw_grid_begin("model|version|stage|>run|made");
    for (size_t i = 0; i < count; i++) {
        mw_grid_add_str(&grid, versions[i].model);
        mw_grid_add_str(&grid, versions[i].version);
        mw_grid_add_str(&grid, versions[i].stage);
        mw_grid_add(&grid, "%lld", (long long)versions[i].run);
        mw_grid_add_time(&grid, versions[i].created_us / MW_SECOND_US * MW_SECOND_US);
    }
    if (count > 0) mw_grid_print(&grid, "", out);
    else mw_buf_append_text(out, "there is no version yet: millwright train makes one\n");
    mw_buf_release(&grid.cells);
    return MW_OK;
}

mw_status mw_cli_models_list(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_READ, list, err);
}

/* --- show ------------------------------------------------------------------------------- */

/* The version that is named, or the champion. */
static mw_status find_version(mw_workspace *workspace, mw_version_row *out_version,
                              mw_error *err) {
    mw_registry registry = mw_workspace_registry(workspace);
    if (workspace->cli->word_count < 2)
        return mw_registry_champion(registry, word(workspace, 0), &workspace->arena, out_version,
                                    err);
    return mw_registry_find(registry, word(workspace, 0), word(workspace, 1), &workspace->arena,
                            out_version, err);
}

static mw_status load(mw_workspace *workspace, const mw_version_row *row,
                      const mw_version **out_version, mw_error *err) {
    mw_buf bytes;
    mw_buf_init(&bytes, MW_VERSION_SIZE_MAX);
    mw_status status = mw_registry_load(mw_workspace_registry(workspace), row, &bytes, err);
    if (status == MW_OK)
        status = mw_version_decode(&workspace->arena, mw_buf_str(&bytes), out_version, err);
    mw_buf_release(&bytes);
    return status;
}

/* What training found for the features that asked for it. */
static void show_fitted(const mw_version *version, mw_json *json) {
    static const char *const kinds[] = {[MW_TRANSFORM_IMPUTE] = "impute",
                                        [MW_TRANSFORM_SCALE] = "scale",
                                        [MW_TRANSFORM_RANK] = "rank_bucket",
                                        [MW_TRANSFORM_TARGET] = "target_encode",
                                        [MW_TRANSFORM_TF_IDF] = "tf_idf",
                                        [MW_TRANSFORM_PCA] = "pca"};
    mw_json_key(json, "fitted");
    mw_json_array(json);
    for (size_t i = 0; i < version->features.count; i++) {
        const mw_model_feature *feature = &version->features.items[i];
        for (size_t t = 0; t < feature->transform_count; t++) {
            const mw_transform *transform = &feature->transforms[t];
            mw_json_object(json);
            mw_json_put_str(json, "feature", feature->name);
            mw_json_put_text(json, "by", kinds[transform->kind]);
            mw_json_key(json, "numbers");
            mw_json_array(json);
            for (size_t n = 0; n < transform->count; n++)
                mw_json_number(json, transform->numbers[n]);
            mw_json_array_end(json);
            mw_json_object_end(json);
        }
    }
    mw_json_array_end(json);
}

/* What it says of everybody, by what its answers are. */
static const char *const baseline_words[] = {[MW_ANSWER_YES_NO] = "share of yes",
                                             [MW_ANSWER_NUMBER] = "mean",
                                             [MW_ANSWER_CLASS] = "classes",
                                             [MW_ANSWER_SCORE] = "mean score"};
static const char *const baseline_keys[] = {[MW_ANSWER_YES_NO] = "share_of_yes",
                                            [MW_ANSWER_NUMBER] = "mean",
                                            [MW_ANSWER_CLASS] = "shares",
                                            [MW_ANSWER_SCORE] = "mean_score"};

static void write_answer(const mw_version *version, mw_json *json) {
    mw_json_put_text(json, "answer", mw_answer_kind_word(version->answer));
    if (mw_answer_kind_decides(version->answer))
        mw_json_put_number(json, "threshold", version->threshold);
    if (version->answer != MW_ANSWER_CLASS) {
        mw_json_put_number(json, baseline_keys[version->answer], version->baseline);
        return;
    }
    mw_json_key(json, baseline_keys[version->answer]);
    mw_classes_write_json(json, version->classes);
}

static void show_json(const mw_version_row *row, const mw_version *version, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    write_version(row, &json);
    mw_json_put_str(&json, "artefact", row->artefact);
    mw_json_put_str(&json, "learner", version->learner);
    mw_json_put_str(&json, "settings", version->settings);
    write_answer(version, &json);
    mw_json_put_count(&json, "examples", version->example_count);
    mw_json_put_time(&json, "from", version->from_us);
    mw_json_put_time(&json, "to", version->to_us);
    mw_json_put_str(&json, "data_version", version->data_version);
    mw_json_key(&json, "features");
    mw_json_array(&json);
    for (size_t i = 0; i < version->features.count; i++)
        mw_json_str(&json, version->features.items[i].name);
    mw_json_array_end(&json);
    show_fitted(version, &json);
    mw_json_key(&json, "details");
    mw_json_raw(&json, row->details);
    mw_json_object_end(&json);
}

/* With their shares in training. */
static void show_classes(mw_classes classes, mw_grid *grid) {
    mw_buf text;
    mw_buf_init(&text, MW_GRID_SIZE_MAX);
    size_t shown = classes.names.count < CLASSES_SHOWN ? classes.names.count : CLASSES_SHOWN;
    for (size_t i = 0; i < shown; i++)
        mw_buf_printf(&text, "%s%s %.4f", i > 0 ? ", " : "",
                      mw_utf8_show(classes.names.items[i]).text, classes.probabilities[i]);
    if (shown < classes.names.count)
        mw_buf_printf(&text, " and %zu more", classes.names.count - shown);
    mw_grid_add_str(grid, mw_buf_str(&text));
    mw_buf_release(&text);
}

static void show_answer(const mw_version *version, mw_grid *grid) {
    mw_grid_add(grid, "%s", baseline_words[version->answer]);
    if (version->answer == MW_ANSWER_CLASS) show_classes(version->classes, grid);
    else mw_grid_add(grid, "%s", mw_measure_text_of(version->baseline).text);
    if (!mw_answer_kind_decides(version->answer)) return;
    mw_grid_add(grid, "yes from");
    mw_grid_add(grid, "%.4f", version->threshold);
}

static void show_text(const mw_version_row *row, const mw_version *version, mw_buf *out) {
    mw_grid grid = mw_grid_begin("|");
    mw_grid_add(&grid, "model");
    mw_grid_add_str(&grid, row->model);
    mw_grid_add(&grid, "version");
    mw_grid_add_str(&grid, row->version);
    mw_grid_add(&grid, "stage");
    mw_grid_add_str(&grid, row->stage);
    mw_grid_add(&grid, "run");
    mw_grid_add(&grid, "%lld", (long long)row->run);
    mw_grid_add(&grid, "made");
    mw_grid_add_time(&grid, row->created_us / MW_SECOND_US * MW_SECOND_US);
    mw_grid_add(&grid, "artefact");
    mw_grid_add_str(&grid, row->artefact);
    mw_grid_add(&grid, "data version");
    mw_grid_add_str(&grid, mw_str_slice(version->data_version, 0, MW_VERSION_NAME_SIZE));
    mw_grid_add(&grid, "examples");
    mw_grid_add_count(&grid, version->example_count);
    mw_grid_add(&grid, "from");
    mw_grid_add_time(&grid, version->from_us);
    mw_grid_add(&grid, "to");
    mw_grid_add_time(&grid, version->to_us);
    show_answer(version, &grid);
    mw_grid_add(&grid, "learner");
    mw_grid_add_str(&grid, version->learner);
    mw_grid_add(&grid, "settings");
    mw_grid_add_str(&grid, version->settings);
    mw_grid_add(&grid, "features");
    mw_grid_add(&grid, "%zu", version->features.count);
    mw_grid_print(&grid, "", out);
}

static mw_status show(mw_workspace *workspace, mw_error *err) {
    mw_version_row row;
    const mw_version *version = NULL;
    MW_TRY(find_version(workspace, &row, err));
    MW_TRY(load(workspace, &row, &version, err));
    if (workspace->cli->json) {
        show_json(&row, version, &workspace->cli->out);
        return MW_OK;
    }
    show_text(&row, version, &workspace->cli->out);
    mw_buf_append_char(&workspace->cli->out, '\n');
    return mw_runs_print_metrics(workspace, row.run, &workspace->cli->out, err);
}

mw_status mw_cli_models_show(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_READ, show, err);
}

/* --- promote, rollback ------------------------------------------------------------------ */

static mw_change change_of(const mw_workspace *workspace, const char *otherwise) {
    const char *why = mw_cli_option(workspace->cli, "--why");
    return (mw_change){mw_sys_now_us(workspace->cli->sys), mw_workspace_who(workspace),
                       mw_str_of(why ? why : otherwise)};
}

/* Whom it replaced may be another one than was seen last: a keeper promotes, too. */
static void tell_champion(mw_workspace *workspace, const mw_succession *made) {
    const mw_version_row *champion = &made->champion;
    bool is_new = !mw_str_equal(made->before, champion->version);
    mw_buf *out = &workspace->cli->out;
    if (workspace->cli->json) {
        mw_json json = mw_json_begin(out);
        mw_json_object(&json);
        mw_json_put_str(&json, "model", champion->model);
        mw_json_put_str(&json, "champion", champion->version);
        mw_json_put_bool(&json, "changed", is_new);
        mw_json_key(&json, "replaced");
        if (is_new && made->before.size > 0) mw_json_str(&json, made->before);
        else mw_json_null(&json);
        mw_json_object_end(&json);
        return;
    }
    mw_buf_printf(out, is_new ? "%.*s is now the champion of %.*s"
                              : "nothing to do: %.*s is the champion of %.*s",
                  MW_STR_ARGS(champion->version), MW_STR_ARGS(champion->model));
    if (is_new && made->before.size > 0)
        mw_buf_printf(out, ", in place of %.*s", MW_STR_ARGS(made->before));
    mw_buf_append_char(out, '\n');
}

/* The server goes on as before, so the catalog must: it is what the next start reads. Unless
   somebody has promoted another one since. */
static void take_back(mw_workspace *workspace, const mw_succession *made) {
    mw_error ignored;
    if (made->before.size == 0) return;
    mw_status status = mw_registry_take_back(mw_workspace_registry(workspace), made,
                                             mw_sys_now_us(workspace->cli->sys),
                                             mw_workspace_who(workspace), &workspace->arena,
                                             &ignored);
    if (status == MW_OK) status = mw_serve_tell_champion(workspace, made->champion.model, &ignored);
    (void)status; /* what is told is why it had to be taken back */
}

/* Until the version answers, if a server runs. */
static mw_status reach_server(mw_workspace *workspace, const mw_succession *made, mw_error *err) {
    mw_str model = made->champion.model;
    if (mw_str_equal(made->before, made->champion.version)) return MW_OK;
    mw_status status = mw_serve_tell_champion(workspace, model, err);
    if (status == MW_OK) status = mw_serve_await_champion(workspace, model, err);
    if (status == MW_CONFLICT) take_back(workspace, made);
    return status;
}

static mw_status promote(mw_workspace *workspace, mw_error *err) {
    mw_version_row version;
    mw_succession made;
    MW_TRY(find_version(workspace, &version, err));
    mw_promotion wish = {.model = version.model,
                         .version = version.version,
                         .change = change_of(workspace, "models promote")};
    MW_TRY(mw_registry_promote(mw_workspace_registry(workspace), &wish, &workspace->arena, &made,
                               err));
    MW_TRY(reach_server(workspace, &made, err));
    tell_champion(workspace, &made);
    return MW_OK;
}

mw_status mw_cli_models_promote(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_CATALOG, promote, err);
}

static mw_status check_has_champion(mw_workspace *workspace, mw_str model, mw_error *err) {
    mw_version_row champion;
    mw_status status = mw_registry_champion(mw_workspace_registry(workspace), model,
                                            &workspace->arena, &champion, err);
    if (status != MW_NOT_FOUND) return status;
    status = mw_fail(err, status, "there is no champion of a model %.*s", MW_STR_ARGS(model));
    return mw_hint(err, status, "millwright models list shows them.");
}

static mw_status rollback(mw_workspace *workspace, mw_error *err) {
    mw_succession made;
    MW_TRY(check_has_champion(workspace, word(workspace, 0), err));
    MW_TRY(mw_registry_rollback(mw_workspace_registry(workspace), word(workspace, 0),
                                change_of(workspace, "models rollback"), &workspace->arena, &made,
                                err));
    MW_TRY(reach_server(workspace, &made, err));
    tell_champion(workspace, &made);
    return MW_OK;
}

mw_status mw_cli_models_rollback(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_CATALOG, rollback, err);
}
