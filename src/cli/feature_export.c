#include "cli/feature_export.h"

#include "cli/lake_views.h"
#include "cli/outside_files.h"
#include "lang/clock_sql.h"
#include "lang/model_sql.h"
#include "lang/sql.h"
#include "store/duck_writer.h"
#include "table/event_columns.h"

enum { SQL_SIZE_MAX = 1 << 28, PATH_SIZE_MAX = 1 << 16 };

/* What is written: the query, with the files that it reads beside the lake's, and what it lacks. */
typedef struct {
    mw_buf sql, left_out;
    mw_outside_files files;
} exported;

static mw_status append_empty_view(mw_workspace *workspace, const mw_stream *stream, mw_buf *sql,
                                   mw_error *err) {
    mw_schema columns;
    if (mw_event_columns(&workspace->arena, &stream->schema, &columns) != MW_OK)
        return mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    mw_buf_append_text(sql, "CREATE OR REPLACE VIEW ");
    mw_sql_append_name(sql, stream->name);
    for (size_t i = 0; i < columns.field_count; i++) {
        mw_buf_printf(sql, "%s CAST(NULL AS %s) AS ", i == 0 ? " AS SELECT" : ",",
                      mw_duck_type_name(columns.fields[i].type));
        mw_sql_append_name(sql, columns.fields[i].name);
    }
    mw_buf_append_text(sql, " WHERE false;\n");
    return MW_OK;
}

/* Streams of which the lake has nothing are views too, for the query names them. */
static mw_status append_empty_views(mw_workspace *workspace, const mw_lake_snapshot *lake,
                                    mw_buf *sql, mw_error *err) {
    const mw_program *program = workspace->program;
    for (size_t i = 0; i < program->stream_count; i++) {
        const mw_stream *stream = &program->streams[i];
        mw_catalog_rows *rows = NULL;
        bool is_there = false;
        if (stream->is_of_moments) continue;
        MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state),
                                "SELECT 1 FROM lake_files WHERE stream = ? AND ingest <= ? "
                                "LIMIT 1",
                                MW_SQL(mw_sql_str(stream->name), mw_sql_int(lake->ingest)), &rows,
                                err));
        mw_status status = mw_catalog_next(rows, &is_there, err);
        mw_catalog_rows_close(rows);
        MW_TRY(status);
        if (!is_there) MW_TRY(append_empty_view(workspace, stream, sql, err));
    }
    return MW_OK;
}

static void append_left_out(mw_str lines, mw_buf *sql) {
    mw_str line;
    while (mw_str_split(&lines, '\n', &line))
        if (line.size > 0) mw_buf_printf(sql, "-- Left out: %.*s.\n", MW_STR_ARGS(line));
}

/* The model's view, and before it what it goes by. */
static mw_status append_model(mw_workspace *workspace, mw_model_sql of, mw_buf *sql,
                              mw_buf *left_out, mw_error *err) {
    mw_buf query;
    mw_buf_init(&query, SQL_SIZE_MAX);
    mw_status status = mw_model_append_sql(of, &query, left_out, err);
    if (status == MW_OK) status = mw_buf_check(&query, "the query", err);
    if (status == MW_OK) {
        mw_str text = mw_buf_str(&query);
        mw_sql_append_macros(workspace->program->zone, text, sql);
        mw_clock_sql_append_view(workspace->program->zone, text, sql);
        mw_buf_printf(sql, "\nCREATE OR REPLACE VIEW features_%.*s AS\n",
                      MW_STR_ARGS(of.model->name));
        mw_buf_append_str(sql, text);
    }
    mw_buf_release(&query);
    return status;
}

/* What the model's view asks: those of the streams, with the lake as seen from where its folder
   is. Which streams are corrected is the snapshot's: who asks these views goes by the same one. */
static mw_status append_streams(mw_workspace *workspace, const mw_lake_snapshot *lake,
                                const char *lake_folder, const bool **out_is_corrected,
                                mw_buf *sql, mw_error *err) {
    MW_TRY(mw_lake_views_append_known(workspace, lake, lake_folder, sql, out_is_corrected, err));
    MW_TRY(append_empty_views(workspace, lake, sql, err));
    mw_buf_append_char(sql, '\n');
    return mw_buf_check(sql, "the query", err);
}

static mw_status note_that_a_file_has_more(mw_workspace *workspace, mw_model_sql of,
                                           mw_error *err) {
    mw_model_outside outside;
    of.has_outside = true;
    MW_TRY(mw_model_find_outside(of, &workspace->arena, &outside, err));
    if (outside.count > 0)
        mw_cli_note(workspace->cli, "pictures and networks are written with --output FILE: what "
                                    "they gave stands beside it");
    return MW_OK;
}

/* Without a file of its own the query has none beside it either. */
static mw_status make_files(mw_workspace *workspace, const mw_lake_snapshot *lake,
                            mw_model_sql of, mw_outside_files *files, mw_error *err) {
    const char *output = mw_cli_option(workspace->cli, "--output");
    const char *folder = mw_path_join(&workspace->arena, workspace->state_folder, "lake");
    const bool *is_corrected; /* as `of` has it */
    mw_buf streams;
    if (!output) return note_that_a_file_has_more(workspace, of, err);
    if (!folder) return mw_fail(err, MW_NO_MEMORY, "sql: no memory");
    mw_buf_init(&streams, SQL_SIZE_MAX);
    mw_status status = append_streams(workspace, lake, folder, &is_corrected, &streams, err);
    mw_outside_export from = {workspace, of, mw_buf_str(&streams), output};
    if (status == MW_OK) status = mw_outside_files_make(from, files, err);
    mw_buf_release(&streams);
    return status;
}

static mw_status write_sql(mw_workspace *workspace, exported *it, mw_error *err) {
    mw_workspace_model model;
    mw_lake_snapshot lake;
    const bool *is_corrected = NULL;
    mw_buf *sql = &it->sql;
    const char *name = mw_cli_option(workspace->cli, "--model");
    MW_TRY(mw_workspace_find_model(workspace, name, &model, err));
    mw_buf_printf(sql,
                  "-- Features of %.*s in DuckDB's SQL, by `millwright features export --sql`.\n"
                  "-- Run in the project's folder: the events are those that its lake has now.\n"
                  "-- Then ask: FROM features_%.*s LIMIT 10;\n\n",
                  MW_STR_ARGS(model.program->name), MW_STR_ARGS(model.program->name));
    MW_TRY(mw_lake_look(mw_state_lake(workspace->state), &lake, err));
    MW_TRY(append_streams(workspace, &lake, MW_STATE_FOLDER "/lake", &is_corrected, sql, err));
    mw_model_sql of = {.program = workspace->program,
                       .model = model.program,
                       .symbols = workspace->symbols,
                       .is_corrected = is_corrected,
                       .has_outside = mw_cli_option(workspace->cli, "--output") != NULL};
    MW_TRY(make_files(workspace, &lake, of, &it->files, err));
    mw_outside_files_append_sql(&it->files, model.program->name, sql);
    MW_TRY(append_model(workspace, of, sql, &it->left_out, err));
    append_left_out(mw_buf_str(&it->left_out), sql);
    MW_TRY(mw_buf_check(&it->left_out, "what is left out", err));
    return mw_buf_check(sql, "the query", err);
}

static void write_files(const mw_outside_files *files, mw_json *json) {
    mw_json_key(json, "files");
    mw_json_array(json);
    for (size_t i = 0; i < files->count; i++) {
        mw_json_object(json);
        mw_json_put_text(json, "file", files->files[i].path);
        mw_json_put_str(json, "of", files->files[i].vector->text);
        mw_json_put_count(json, "inputs", files->files[i].input_count);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}

static void write_left_out(mw_str lines, mw_json *json) {
    mw_str line;
    mw_json_key(json, "left_out");
    mw_json_array(json);
    while (mw_str_split(&lines, '\n', &line))
        if (line.size > 0) mw_json_str(json, line);
    mw_json_array_end(json);
}

static void note_left_out(const mw_cli *cli, mw_str lines) {
    mw_str line;
    while (mw_str_split(&lines, '\n', &line))
        if (line.size > 0) mw_cli_note(cli, "left out: %.*s", MW_STR_ARGS(line));
}

static void note_files(const mw_cli *cli, const mw_outside_files *files) {
    for (size_t i = 0; i < files->count; i++)
        mw_cli_note(cli, "%s: what the view reads of pictures and networks, for %llu inputs",
                    files->files[i].path, (unsigned long long)files->files[i].input_count);
}

/* Everything is on the disk before anything takes its place, the query last. */
static mw_status write_all(const mw_cli *cli, const char *path, exported *it, mw_error *err) {
    mw_buf aside;
    mw_buf_init(&aside, PATH_SIZE_MAX);
    mw_buf_printf(&aside, "%s.whole.tmp", path);
    mw_status status = mw_buf_check(&aside, "the path", err);
    if (status == MW_OK)
        status = mw_sys_write_file(cli->sys, aside.data, mw_buf_str(&it->sql), err);
    if (status == MW_OK) status = mw_outside_files_appear(&it->files, err);
    if (status == MW_OK) status = mw_sys_rename(cli->sys, aside.data, path, err);
    mw_status removed = status == MW_OK || aside.failed
                            ? MW_OK : mw_sys_remove(cli->sys, aside.data, NULL);
    (void)removed; /* what failed before is what matters */
    mw_buf_release(&aside);
    return status;
}

static mw_status tell(mw_cli *cli, exported *it, mw_error *err) {
    const char *path = mw_cli_option(cli, "--output");
    mw_str sql = mw_buf_str(&it->sql), left_out = mw_buf_str(&it->left_out);
    if (path) {
        MW_TRY(write_all(cli, path, it, err));
        mw_cli_note(cli, "%s: a view for duckdb, see its first lines", path);
        note_files(cli, &it->files);
    } else if (!cli->json) {
        mw_buf_append_str(&cli->out, sql);
    }
    note_left_out(cli, left_out);
    if (!cli->json) return MW_OK;
    mw_json json = mw_json_begin(&cli->out);
    mw_json_object(&json);
    mw_json_put_str(&json, path ? "output" : "sql", path ? mw_str_of(path) : sql);
    write_files(&it->files, &json);
    write_left_out(left_out, &json);
    mw_json_object_end(&json);
    return MW_OK;
}

mw_status mw_cli_features_export(mw_cli *cli, mw_error *err) {
    if (!mw_cli_has(cli, "--sql")) {
        mw_status status = mw_fail(err, MW_USAGE, "features export: say in which form");
        return mw_hint(err, status, "millwright features export --sql");
    }
    mw_workspace workspace;
    exported it = {0};
    mw_buf_init(&it.sql, SQL_SIZE_MAX);
    mw_buf_init(&it.left_out, SQL_SIZE_MAX);
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &workspace, err);
    if (status == MW_OK) status = write_sql(&workspace, &it, err);
    if (status == MW_OK) status = tell(cli, &it, err);
    mw_outside_files_release(&it.files); /* the workspace's database wrote them */
    mw_workspace_release(&workspace);
    mw_buf_release(&it.sql);
    mw_buf_release(&it.left_out);
    return status;
}
