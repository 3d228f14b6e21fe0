#include "cli/init.h"

#include <string.h>

#include "cli/assets.h"
#include "store/duck.h"

#define PROJECT_FILE "millwright.yaml"
enum { PROJECT_TEXT_MAX = 1 << 20 };
#define DATA_SIZE_MAX ((size_t)1 << 32)

/* --- --example -------------------------------------------------------------------------- */

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

/* --- --from ----------------------------------------------------------------------------- */

typedef struct {
    const char *file, *time, *label, *ids;
} data_file;

static bool is_id(mw_str ids, mw_str column) {
    mw_str id;
    while (mw_str_split(&ids, ',', &id))
        if (mw_str_equal(mw_str_trim(id), column)) return true;
    return false;
}

static mw_status require_column(const mw_duck_cursor *cursor, const char *name,
                                const char *option, mw_error *err) {
    const char *names[MW_FIELDS_MAX];
    mw_buf texts;
    mw_buf_init(&texts, 1 << 20);
    size_t count = mw_duck_column_count(cursor);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        mw_str column = mw_duck_column_name(cursor, i);
        if (mw_str_is(column, name)) found = true;
        mw_buf_append_str(&texts, column);
        mw_buf_append_char(&texts, 0);
    }
    mw_status status = MW_OK;
    if (!found) {
        status = mw_fail(err, MW_NOT_FOUND, "init: %s: the file has no column %s", option, name);
        const char *at = texts.data;
        for (size_t i = 0; i < count && i < MW_FIELDS_MAX; i++, at += strlen(at) + 1)
            names[i] = at;
        const char *nearest = mw_str_nearest(mw_str_of(name), names, count);
        if (nearest) mw_hint(err, status, "Did you mean %s?", nearest);
    }
    mw_buf_release(&texts);
    return status;
}

static void write_project(const data_file *file, const mw_duck_cursor *cursor, mw_buf *out) {
    mw_str name = mw_path_name(mw_str_of(file->file));
    const char *dot = memchr(name.data, '.', name.size);
    if (dot) name.size = (size_t)(dot - name.data);
    mw_buf_printf(out, "project: %.*s\n\nstreams:\n  events:\n    from: %s\n    time: %s\n",
                  MW_STR_ARGS(name), file->file, file->time);
    mw_buf_printf(out, "    id: %s\n", file->ids);
    mw_buf_printf(out, "    later: {%s: %s + 1d}     # when the outcome becomes known: say how "
                       "long that really takes\n\nfeatures:\n", file->label, file->time);
    for (size_t i = 0; i < mw_duck_column_count(cursor); i++) {
        mw_str column = mw_duck_column_name(cursor, i);
        mw_duck_kind kind = mw_duck_column_kind(cursor, i);
        bool is_time = kind == MW_DUCK_TIME || kind == MW_DUCK_LOCAL_TIME;
        if (is_time || mw_str_is(column, file->label) || is_id(mw_str_of(file->ids), column))
            continue;
        mw_buf_printf(out, "  %.*s: %.*s\n", MW_STR_ARGS(column), MW_STR_ARGS(column));
    }
    mw_buf_printf(out, "  # windows over the past go here, such as\n"
                       "  # recent: count(events by SOME_COLUMN over {1h, 24h})\n\n"
                       "models:\n  %s:\n    moment: on events\n"
                       "    label: last(events.%s by id over next 2d) >= 1\n", file->label,
                  file->label);
}

static mw_status init_from_file(mw_cli *cli, const data_file *file, mw_buf *project,
                                mw_error *err) {
    if (!file->time || !file->label || !file->ids) {
        mw_status status = mw_fail(err, MW_USAGE, "init: --from also needs --time, --label and "
                                                  "--id");
        return mw_hint(err, status, "--id names the columns that tell one row from another.");
    }
    mw_duck *duck = NULL;
    mw_duck_cursor *cursor = NULL;
    mw_buf sql;
    mw_buf_init(&sql, 1 << 16);
    mw_buf_append_text(&sql, "SELECT * FROM ");
    mw_duck_append_text(&sql, mw_str_of(file->file));
    mw_buf_append_text(&sql, " LIMIT 0");
    mw_status status = mw_duck_open(cli->sys, (mw_duck_config){.thread_count = 1}, &duck, err);
    if (status == MW_OK) status = mw_buf_check(&sql, "the file's name", err);
    if (status == MW_OK) status = mw_duck_query(duck, sql.data, &cursor, err);
    if (status == MW_OK) status = require_column(cursor, file->time, "--time", err);
    if (status == MW_OK) status = require_column(cursor, file->label, "--label", err);
    if (status == MW_OK) write_project(file, cursor, project);
    mw_duck_cursor_close(cursor);
    mw_duck_close(duck);
    mw_buf_release(&sql);
    return status;
}

/* --- the command ------------------------------------------------------------------------ */

static mw_status fill_folder(mw_cli *cli, const char *folder, const char *path, mw_error *err) {
    data_file file = {mw_cli_option(cli, "--from"), mw_cli_option(cli, "--time"),
                      mw_cli_option(cli, "--label"), mw_cli_option(cli, "--id")};
    const char *example = mw_cli_option(cli, "--example");
    if (!example == !file.file) {
        mw_status status = mw_fail(err, MW_USAGE, "init: give either --example or --from");
        return mw_hint(err, status, "millwright init flights --example flights");
    }
    MW_TRY(mw_sys_make_folder(cli->sys, folder, err));
    mw_buf project;
    mw_buf_init(&project, PROJECT_TEXT_MAX);
    mw_status status = example ? init_example(cli, folder, example, &project, err)
                               : init_from_file(cli, &file, &project, err);
    if (status == MW_OK) status = mw_buf_check(&project, "the project file", err);
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
        mw_json_key(&json, "project_file");
        mw_json_text(&json, path);
        mw_json_object_end(&json);
        return MW_OK;
    }
    mw_buf_printf(&cli->out, "%s\nnext: millwright check -C %s\n", path, folder);
    return MW_OK;
}
