#include "cli/features.h"

#include "cli/feature_list.h"
#include "cli/workspace.h"
#include "lang/explain.h"

/* --- list ------------------------------------------------------------------------------- */

static mw_status list_json(const mw_workspace *workspace, const mw_model_program *model,
                           mw_buf *out, mw_error *err) {
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "model", model->name);
    mw_json_key(&json, "features");
    MW_TRY(mw_feature_list_write_json(workspace->program, model, &json, err));
    mw_json_object_end(&json);
    return MW_OK;
}

static mw_status list(const mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_workspace_model model;
    MW_TRY(mw_workspace_find_model(workspace, mw_cli_option(cli, "--model"), &model, err));
    if (cli->json) return list_json(workspace, model.program, &cli->out, err);
    return mw_feature_list_print(workspace->program, model.program, "", &cli->out, err);
}

mw_status mw_cli_features_list(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_LOOK, NULL, &workspace, err);
    if (status == MW_OK) status = list(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

/* --- explain ---------------------------------------------------------------------------- */

/* The feature `name`, or those that its spans made of it, name_1h, name_3h, or the first number of
   its vector, for all of them. */
static bool is_meant(const mw_feature *feature, mw_str name) {
    if (mw_str_equal(feature->name, name)) return true;
    if (feature->vector_index > 0) return false;
    return mw_str_starts(feature->name, name) && feature->name.size > name.size + 1 &&
           feature->name.data[name.size] == '_' && feature->name.data[name.size + 1] >= '0' &&
           feature->name.data[name.size + 1] <= '9';
}

/* What was found, as explained in `text`. */
static void tell(mw_cli *cli, mw_str name, mw_str text, mw_json *json) {
    text = mw_str_trim(text);
    if (cli->json) {
        mw_json_object(json);
        mw_json_put_str(json, "feature", name);
        mw_json_put_str(json, "explanation", text);
        mw_json_object_end(json);
    } else {
        mw_buf_printf(&cli->out, "%.*s\n", MW_STR_ARGS(text));
    }
}

static void explain_one(const mw_workspace *workspace, mw_origins *origins,
                        const mw_feature *feature, mw_json *json) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_origins_find(origins, feature);
    mw_feature_explain(origins, feature, &text);
    tell(workspace->cli, feature->name, mw_buf_str(&text), json);
    mw_buf_release(&text);
}

static void explain_label(const mw_workspace *workspace, mw_origins *origins, mw_json *json) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_origins_find_label(origins);
    mw_label_explain(origins, &text);
    tell(workspace->cli, MW_STR("label"), mw_buf_str(&text), json);
    mw_buf_release(&text);
}

static mw_status explain_meant(const mw_workspace *workspace, mw_origins *origins, mw_str name,
                               mw_error *err) {
    mw_cli *cli = workspace->cli;
    const mw_model_program *program = origins->model;
    mw_json json = mw_json_begin(&cli->out);
    size_t found = 0;
    if (cli->json) mw_json_array(&json);
    for (size_t i = 0; i < program->feature_count; i++) {
        if (!is_meant(&program->features[i], name)) continue;
        if (found++ > 0 && !cli->json) mw_buf_append_char(&cli->out, '\n');
        explain_one(workspace, origins, &program->features[i], &json);
    }
    if (found == 0 && mw_str_is(name, "label")) {
        explain_label(workspace, origins, &json);
    } else if (found == 0) {
        mw_buf_clear(&cli->out);
        return mw_feature_not_found(program, cli->words[0], err);
    }
    if (cli->json) mw_json_array_end(&json);
    return MW_OK;
}

/* MODEL.NAME says whose it is; elsewhere --model does, if there are several. */
static mw_status find_model(const mw_workspace *workspace, mw_str *name,
                            mw_workspace_model *out_model, mw_error *err) {
    const char *wanted = mw_cli_option(workspace->cli, "--model");
    mw_str rest = *name, prefix;
    bool is_split = mw_str_split(&rest, '.', &prefix) && rest.data;
    const mw_project_model *named =
        is_split && !wanted ? mw_project_find_model(workspace->project, prefix) : NULL;
    if (!named) return mw_workspace_find_model(workspace, wanted, out_model, err);
    *name = rest;
    *out_model = (mw_workspace_model){
        named, mw_program_find_model(workspace->program, named->declaration.name)};
    return MW_OK;
}

static mw_status explain(const mw_workspace *workspace, mw_error *err) {
    mw_workspace_model model;
    mw_origins origins;
    mw_str name = mw_str_of(workspace->cli->words[0]);
    MW_TRY(find_model(workspace, &name, &model, err));
    MW_TRY(mw_origins_init(&origins, workspace->program, model.program, err));
    mw_status status = explain_meant(workspace, &origins, name, err);
    mw_origins_release(&origins);
    return status;
}

mw_status mw_cli_features_explain(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_LOOK, NULL, &workspace, err);
    if (status == MW_OK) status = explain(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}
