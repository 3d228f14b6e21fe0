#include "cli/model_export.h"

#include "cli/version_program.h"
#include "cli/workspace.h"
#include "edge/bundle.h"

static mw_status find_version(mw_workspace *workspace, mw_version_row *out_row, mw_error *err) {
    const mw_cli *cli = workspace->cli;
    mw_registry registry = mw_workspace_registry(workspace);
    mw_str model = mw_str_of(cli->words[0]);
    if (cli->word_count < 2)
        return mw_registry_champion(registry, model, &workspace->arena, out_row, err);
    return mw_registry_find(registry, model, mw_str_of(cli->words[1]), &workspace->arena, out_row,
                            err);
}

static void tell(mw_cli *cli, const mw_version_row *row, const char *path, size_t size) {
    if (!cli->json) {
        mw_cli_note(cli, "%s: version %.*s of %.*s, %zu bytes", path, MW_STR_ARGS(row->version),
                    MW_STR_ARGS(row->model), size);
        return;
    }
    mw_json json = mw_json_begin(&cli->out);
    mw_json_object(&json);
    mw_json_put_str(&json, "model", row->model);
    mw_json_put_str(&json, "version", row->version);
    mw_json_put_text(&json, "output", path);
    mw_json_put_count(&json, "bytes", size);
    mw_json_object_end(&json);
}

/* The library starts no process, so fields that one is asked for would be missing there. */
static mw_status check_asks(const mw_declarations *declarations, mw_error *err) {
    for (size_t i = 0; i < declarations->stream_count; i++) {
        const mw_stream_declaration *stream = &declarations->streams[i];
        if (stream->ask_count == 0) continue;
        mw_status status =
            mw_fail(err, MW_NOT_BUILT,
                    "models export: a project with streams.%.*s.ask is not exported yet, "
                    "for the library asks no process",
                    MW_STR_ARGS(stream->name));
        return mw_hint(err, status,
                       "Ask the server instead, or train a version in a project that has the "
                       "answers as a column of its data.");
    }
    return MW_OK;
}

static mw_status check_classes(mw_workspace *workspace, mw_str bytes, mw_error *err) {
    const mw_version *version = NULL;
    MW_TRY(mw_version_decode(&workspace->arena, bytes, &version, err));
    if (mw_bundle_names_are_plain(version->classes.names)) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "models export: no name of a class may hold a NUL, for a text of C "
                               "ends there");
    return mw_hint(err, status, "Give the class another name in the label, or ask the server.");
}

static mw_status encode(mw_workspace *workspace, const mw_version_row *row, mw_buf *version,
                        mw_buf *file, mw_error *err) {
    mw_declarations declarations;
    size_t model = 0;
    MW_TRY(mw_registry_load(mw_workspace_registry(workspace), row, version, err));
    MW_TRY(check_classes(workspace, mw_buf_str(version), err));
    MW_TRY(mw_version_program_declare(mw_buf_str(version), &workspace->arena, &declarations,
                                      &model, err));
    MW_TRY(check_asks(&declarations, err));
    return mw_bundle_encode(&declarations, model, mw_buf_str(version), file, err);
}

static mw_status export(mw_workspace *workspace, const char *path, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_version_row row;
    mw_buf version, file;
    MW_TRY(find_version(workspace, &row, err));
    mw_buf_init(&version, MW_VERSION_SIZE_MAX);
    mw_buf_init(&file, 2 * (size_t)MW_VERSION_SIZE_MAX);
    mw_status status = encode(workspace, &row, &version, &file, err);
    if (status == MW_OK) status = mw_sys_write_file(cli->sys, path, mw_buf_str(&file), err);
    if (status == MW_OK) tell(cli, &row, path, file.size);
    mw_buf_release(&version);
    mw_buf_release(&file);
    return status;
}

mw_status mw_cli_models_export(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    const char *path = mw_cli_option(cli, "--output");
    if (!path) return mw_fail(err, MW_USAGE, "models export: --output FILE is missing");
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = export(&workspace, path, err);
    mw_workspace_release(&workspace);
    return status;
}
