#include "cli/import.h"

#include "cli/train.h"
#include "ingest/csv_record.h"
#include "model/xgboost_model.h"
#include "train/library_check.h"

/* Ours must be the library's bits, where the library can be asked. */
static mw_status check_bits(mw_cli *cli, const mw_library_model *model, mw_str bytes,
                            mw_error *err) {
    mw_error why;
    mw_status status = mw_library_check(cli->sys, model, bytes, &why);
    if (status == MW_UNAVAILABLE) {
        mw_cli_note(cli, "not checked against the library: %s", why.message);
        return MW_OK;
    }
    if (status != MW_OK)
        return mw_hint(err, mw_fail(err, status, "%s", why.message), "%s", why.hint);
    mw_cli_note(cli, "%d rows of edge values: the same bits as %.*s", MW_LIBRARY_CHECK_ROWS,
                MW_STR_ARGS(model->library));
    return MW_OK;
}

static mw_status features_of(mw_workspace *workspace, const mw_model_program *program,
                             mw_schema *out_features, mw_error *err) {
    mw_field *fields = mw_arena_alloc(&workspace->arena, program->feature_count, sizeof *fields);
    if (!fields) return mw_fail(err, MW_NO_MEMORY, "models import: no memory");
    for (size_t i = 0; i < program->feature_count; i++)
        fields[i] = (mw_field){program->features[i].name, program->features[i].type};
    *out_features = (mw_schema){fields, program->feature_count};
    return MW_OK;
}

/* As one line of CSV, so that a name may hold a comma. */
static mw_status cut_names(mw_arena *arena, mw_str text, mw_values *out_names, mw_error *err) {
    char *line = mw_arena_copy(arena, text.data, text.size);
    mw_csv_record record = {.values = mw_arena_alloc(arena, text.size + 1, sizeof *record.values),
                            .room = text.size + 1};
    if (!line || !record.values) return mw_fail(err, MW_NO_MEMORY, "models import: no memory");
    mw_csv_found found = MW_CSV_CUT_OFF;
    if (text.size > 0)
        found = mw_csv_cut((mw_csv_form){.delimiter = ','}, (mw_str){line, text.size}, true,
                           &record);
    if (found != MW_CSV_RECORD || record.size != text.size || record.is_misquoted)
        return mw_hint(err, mw_fail(err, MW_USAGE, "--classes: must be names as in a line of CSV"),
                       "A name that holds a comma stands in quotes: --classes 'a,\"b, c\"'.");
    if (record.has_doubles) mw_csv_join_doubles(&record, line);
    *out_names = (mw_values){record.values, record.count};
    return MW_OK;
}

/* The names of the file's classes, in the order of its numbers; none where nobody says so. */
static mw_status read_classes(mw_workspace *workspace, const mw_model_program *program,
                              mw_values *out_classes, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_type label = mw_code_type(program->label);
    *out_classes = (mw_values){NULL, 0};
    if (!mw_cli_has(cli, "--classes")) return MW_OK;
    if (!mw_type_is_text(label))
        return mw_fail(err, MW_USAGE, "--classes: names classes, and the label of %.*s is a %s",
                       MW_STR_ARGS(program->name), mw_type_name(label));
    return cut_names(&workspace->arena, mw_str_of(mw_cli_option(cli, "--classes")), out_classes,
                     err);
}

static mw_status take_in(mw_workspace *workspace, mw_str bytes, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_workspace_model model;
    mw_schema features;
    mw_library_model read;
    mw_imported imported;
    MW_TRY(mw_workspace_find_model(workspace, mw_cli_option(cli, "--model"), &model, err));
    MW_TRY(features_of(workspace, model.program, &features, err));
    mw_imported_wish wish = {.features = &features, .label = mw_code_type(model.program->label)};
    MW_TRY(read_classes(workspace, model.program, &wish.classes, err));
    mw_status status = mw_library_model_read(&workspace->arena, bytes, &read, err);
    if (status == MW_OK)
        status = mw_imported_make(&workspace->arena, &read, bytes, wish, &imported, err);
    if (status == MW_OK) status = check_bits(cli, &read, bytes, err);
    if (status != MW_OK) return mw_fail_within(err, status, "%s", cli->words[0]);
    if (imported.unused_count > 0)
        mw_cli_note(cli, "%zu of the project's %zu features are not among the model's",
                    imported.unused_count, features.field_count);
    return mw_train_import(workspace, model, &imported, err);
}

mw_status mw_cli_models_import(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_buf bytes;
    mw_buf_init(&bytes, MW_XGBOOST_SIZE_MAX);
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_CATALOG, NULL, &workspace, err);
    if (status == MW_OK) status = mw_sys_read_file(cli->sys, cli->words[0], &bytes, err);
    if (status == MW_OK) status = take_in(&workspace, mw_buf_str(&bytes), err);
    mw_buf_release(&bytes);
    mw_workspace_release(&workspace);
    return status;
}
