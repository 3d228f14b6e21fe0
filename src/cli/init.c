#include "cli/init.h"

#include <string.h>

#include "cli/assets.h"
#include "cli/first_project.h"
#include "sys/library.h"

#define PROJECT_FILE "millwright.yaml"
enum { PROJECT_TEXT_MAX = 1 << 20 };
#define DATA_SIZE_MAX ((size_t)1 << 32)

static mw_status copy_data(mw_cli *cli, const char *folder, const char *name, mw_error *err) {
    mw_arena *arena = &cli->arena;
    const char *from;
    const char *share_name = mw_path_join(arena, "examples/flights", name);
    mw_status status = mw_share_path(cli->sys, arena, share_name, &from, err);
    if (status != MW_OK)
        return mw_hint(err, status, "The set-up fetches the example's data: see the README.");
    mw_buf bytes;
    mw_buf_init(&bytes, DATA_SIZE_MAX);
    status = mw_sys_read_file(cli->sys, from, &bytes, err);
    const char *data_folder = mw_path_join(arena, folder, "data");
    if (status == MW_OK) status = mw_sys_make_folder(cli->sys, data_folder, err);
    if (status == MW_OK)
        status = mw_sys_write_file(cli->sys, mw_path_join(arena, data_folder, name),
                                   mw_buf_str(&bytes), err);
    mw_buf_release(&bytes);
    return status;
}

static mw_status init_example(mw_cli *cli, const char *folder, const char *example,
                              mw_buf *project, mw_error *err) {
    if (strcmp(example, "flights") != 0) {
        mw_status status = mw_fail(err, MW_USAGE, "init: there is no example %s", example);
        return mw_hint(err, status, "There is one so far: flights.");
    }
    mw_buf_append(project, mw_asset_example_flights, mw_asset_example_flights_size);
    MW_TRY(copy_data(cli, folder, "flights.csv", err));
    return copy_data(cli, folder, "weather.csv", err);
}

static mw_status fill_folder(mw_cli *cli, const char *folder, const char *path, mw_error *err) {
    mw_first_data data = {folder, mw_cli_option(cli, "--from"), mw_cli_option(cli, "--time"),
                          mw_cli_option(cli, "--label"), mw_cli_option(cli, "--id")};
    const char *example = mw_cli_option(cli, "--example");
    if (!example == !data.file) {
        mw_status status = mw_fail(err, MW_USAGE, "init: give either --example or --from");
        return mw_hint(err, status, "millwright init flights --example flights");
    }
    mw_buf project;
    mw_buf_init(&project, PROJECT_TEXT_MAX);
    mw_status status = example ? init_example(cli, folder, example, &project, err)
                               : mw_first_project_write(cli, &data, &project, err);
    if (status == MW_OK) status = mw_buf_check(&project, "the project file", err);
    if (status == MW_OK) status = mw_sys_make_folder(cli->sys, folder, err);
    if (status == MW_OK)
        status = mw_sys_write_file(cli->sys, path, mw_buf_str(&project), err);
    mw_buf_release(&project);
    return status;
}

mw_status mw_cli_init(mw_cli *cli, mw_error *err) {
    const char *folder = cli->word_count > 0 ? cli->words[0] : cli->folder;
    const char *path = mw_path_join(&cli->arena, folder, PROJECT_FILE);
    mw_file_info info;
    MW_TRY(mw_sys_info(cli->sys, path, &info, err));
    if (info.exists) {
        mw_status status = mw_fail(err, MW_CONFLICT, "init: %s is there already", path);
        return mw_hint(err, status, "Nothing was changed.");
    }
    MW_TRY(fill_folder(cli, folder, path, err));
    if (cli->json) {
        mw_json json = mw_json_begin(&cli->out);
        mw_json_object(&json);
        mw_json_put_text(&json, "project_file", path);
        mw_json_object_end(&json);
        return MW_OK;
    }
    mw_buf_printf(&cli->out, "%s\nnext: millwright check -C %s\n", path, folder);
    return MW_OK;
}
