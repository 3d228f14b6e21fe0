#include "cli/monitor.h"

#include <math.h>

#include "cli/grid.h"
#include "cli/monitor_report.h"
#include "ingest/load.h"

/* --- monitor ---------------------------------------------------------------------------- */

typedef struct {
    mw_workspace *workspace;
    mw_events history;
    const char *log_folder;
    mw_json json;
    mw_watch *last; /* the one that was read last: all see the same streams */
} monitor;

static mw_status watch_model(monitor *it, mw_workspace_model model, mw_str champion,
                             mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_watch_config config = {.sys = workspace->cli->sys,
                              .log_folder = it->log_folder,
                              .program = workspace->program,
                              .model = model.program,
                              .project_model = model.project,
                              .symbols = workspace->symbols,
                              .history = &it->history,
                              .champion = champion};
    mw_watch_destroy(it->last);
    it->last = NULL;
    mw_status status = mw_watch_create(config, &it->last, err);
    if (status == MW_OK)
        status = mw_watch_advance(it->last, mw_sys_now_us(workspace->cli->sys), err);
    if (status == MW_OK) return MW_OK;
    return mw_fail_within(err, status, "models.%.*s", MW_STR_ARGS(model.program->name));
}

static mw_status report_model(monitor *it, mw_workspace_model model,
                              const mw_version_row *champion, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_buf bytes;
    mw_buf_init(&bytes, MW_VERSION_SIZE_MAX);
    mw_status status = mw_registry_load(mw_workspace_registry(workspace), champion, &bytes, err);
    if (status == MW_OK) status = watch_model(it, model, mw_buf_str(&bytes), err);
    mw_buf_release(&bytes);
    MW_TRY(status);
    mw_monitor_report report;
    MW_TRY(mw_monitor_report_make(model, champion, it->last, &workspace->arena, &report, err));
    if (workspace->cli->json) mw_monitor_report_json(&report, &it->json);
    else mw_monitor_report_print(&report, &workspace->cli->out);
    return MW_OK;
}

static void report_no_champion(monitor *it, mw_str model) {
    mw_cli *cli = it->workspace->cli;
    if (!cli->json) {
        mw_buf_printf(&cli->out, "%.*s: no version answers: millwright train makes one\n",
                      MW_STR_ARGS(model));
        return;
    }
    mw_json_object(&it->json);
    mw_json_key(&it->json, "model");
    mw_json_str(&it->json, model);
    mw_json_key(&it->json, "champion");
    mw_json_null(&it->json);
    mw_json_object_end(&it->json);
}

static mw_status monitor_model(monitor *it, size_t index, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_workspace_model model = {&workspace->project->models[index],
                                &workspace->program->models[index]};
    mw_version_row champion;
    mw_error absent;
    mw_status status = mw_registry_champion(mw_workspace_registry(workspace), model.program->name,
                                            &workspace->arena, &champion, &absent);
    if (status == MW_NOT_FOUND) {
        report_no_champion(it, model.program->name);
        return MW_OK;
    }
    if (status != MW_OK) return mw_fail(err, status, "%s", absent.message);
    return report_model(it, model, &champion, err);
}

static void add_seconds(mw_grid *grid, double seconds) {
    if (isnan(seconds)) mw_grid_add(grid, "%s", "");
    else mw_grid_add(grid, "%.0f s", seconds);
}

/* How old the newest event is, beside the usual time between two. */
static void report_stream(monitor *it, mw_grid *grid, size_t index) {
    mw_cli *cli = it->workspace->cli;
    const mw_follower *follower = mw_watch_follower(it->last);
    mw_follower_stream stream = mw_follower_stream_at(follower, index);
    mw_str name = it->workspace->program->streams[index].name;
    double age = NAN, gap = NAN;
    if (stream.count > 0) age = (double)(mw_follower_now(follower) - stream.newest) / 1e6;
    if (stream.count > 1)
        gap = (double)(stream.newest - stream.first) / 1e6 / (double)(stream.count - 1);
    if (!cli->json) {
        mw_grid_add_str(grid, name);
        mw_grid_add_count(grid, stream.count);
        mw_grid_add_time(grid, stream.count > 0 ? stream.newest / MW_SECOND_US * MW_SECOND_US
                                                : MW_TIME_MISSING);
        add_seconds(grid, age);
        add_seconds(grid, gap);
        return;
    }
    mw_json_object(&it->json);
    mw_json_key(&it->json, "stream");
    mw_json_str(&it->json, name);
    mw_json_key(&it->json, "events");
    mw_json_int(&it->json, (int64_t)stream.count);
    mw_json_key(&it->json, "newest");
    mw_json_time(&it->json, stream.count > 0 ? stream.newest : MW_TIME_MISSING);
    mw_json_key(&it->json, "age_seconds");
    mw_json_number(&it->json, age);
    mw_json_key(&it->json, "mean_gap_seconds");
    mw_json_number(&it->json, gap);
    mw_json_object_end(&it->json);
}

static void report_streams(monitor *it) {
    mw_cli *cli = it->workspace->cli;
    mw_grid grid = mw_grid_begin("stream|>events|newest arrived|>ago|>mean gap");
    if (cli->json) mw_json_key(&it->json, "streams");
    if (cli->json) mw_json_array(&it->json);
    for (size_t i = 0; it->last && i < it->workspace->program->stream_count; i++)
        report_stream(it, &grid, i);
    if (cli->json) mw_json_array_end(&it->json);
    else if (it->last) mw_buf_append_char(&cli->out, '\n');
    if (it->last && !cli->json) mw_grid_print(&grid, "", &cli->out);
    mw_buf_release(&grid.cells);
}

static mw_status monitor_models(monitor *it, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_cli *cli = workspace->cli;
    mw_workspace_model wanted = {0};
    if (cli->word_count > 0)
        MW_TRY(mw_workspace_find_model(workspace, cli->words[0], &wanted, err));
    if (cli->json) mw_json_object(&it->json);
    if (cli->json) mw_json_key(&it->json, "models");
    if (cli->json) mw_json_array(&it->json);
    for (size_t i = 0; i < workspace->program->model_count; i++) {
        if (wanted.project && wanted.project != &workspace->project->models[i]) continue;
        if (i > 0 && !cli->json && !wanted.project) mw_buf_append_char(&cli->out, '\n');
        MW_TRY(monitor_model(it, i, err));
    }
    if (cli->json) mw_json_array_end(&it->json);
    report_streams(it);
    if (cli->json) mw_json_object_end(&it->json);
    return MW_OK;
}

static mw_status run_monitor(mw_workspace *workspace, mw_error *err) {
    monitor it = {.workspace = workspace, .json = mw_json_begin(&workspace->cli->out)};
    it.log_folder = mw_state_path(workspace->state, &workspace->arena, "log");
    if (!it.log_folder) return mw_fail(err, MW_NO_MEMORY, "monitor: no memory");
    MW_TRY(mw_load_events(workspace->state, workspace->program, workspace->symbols, &it.history,
                          err));
    mw_status status = monitor_models(&it, err);
    mw_watch_destroy(it.last);
    mw_events_release(&it.history);
    return status;
}

mw_status mw_cli_monitor(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &workspace, err);
    if (status == MW_OK) status = run_monitor(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

/* --- alerts ----------------------------------------------------------------------------- */

static void add_alert(const mw_catalog_rows *rows, mw_grid *grid) {
    mw_grid_add_str(grid, mw_catalog_text(rows, 0));
    mw_grid_add_str(grid, mw_catalog_text(rows, 1));
    mw_grid_add_time(grid, mw_catalog_time(rows, 2));
    if (mw_catalog_is_null(rows, 3)) mw_grid_add(grid, "open");
    else mw_grid_add_time(grid, mw_catalog_time(rows, 3));
    mw_grid_add_str(grid, mw_catalog_text(rows, 5));
}

static void write_alert(const mw_catalog_rows *rows, mw_json *json) {
    mw_json_object(json);
    mw_json_key(json, "model");
    mw_json_str(json, mw_catalog_text(rows, 0));
    mw_json_key(json, "rule");
    mw_json_str(json, mw_catalog_text(rows, 1));
    mw_json_key(json, "opened");
    mw_json_time(json, mw_catalog_time(rows, 2));
    mw_json_key(json, "closed");
    mw_json_time(json, mw_catalog_time(rows, 3));
    mw_json_key(json, "value");
    mw_json_number(json, mw_catalog_real(rows, 4));
    mw_json_key(json, "message");
    mw_json_str(json, mw_catalog_text(rows, 5));
    mw_json_object_end(json);
}

static mw_status list_alerts(mw_workspace *workspace, size_t *out_open, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(mw_state_catalog(workspace->state),
                            "SELECT model, rule, opened_us, closed_us, value, message FROM alerts "
                            "ORDER BY closed_us IS NOT NULL, opened_us DESC, id DESC",
                            MW_SQL_NOTHING, &rows, err));
    mw_grid grid = mw_grid_begin("model|rule|opened|closed|what");
    mw_json json = mw_json_begin(&cli->out);
    if (cli->json) mw_json_array(&json);
    size_t count = 0, open = 0;
    bool has_row = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    for (; status == MW_OK && has_row; status = mw_catalog_next(rows, &has_row, err)) {
        count++;
        open += mw_catalog_is_null(rows, 3);
        if (cli->json) write_alert(rows, &json);
        else add_alert(rows, &grid);
    }
    mw_catalog_rows_close(rows);
    if (cli->json) mw_json_array_end(&json);
    else if (count > 0) mw_grid_print(&grid, "", &cli->out);
    else mw_buf_append_text(&cli->out, "there was no alert yet\n");
    mw_buf_release(&grid.cells);
    *out_open = open;
    return status;
}

mw_status mw_cli_alerts(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    size_t open = 0;
    mw_status status = mw_workspace_open_state(cli, MW_WORKSPACE_READ, &workspace, err);
    if (status == MW_OK) status = list_alerts(&workspace, &open, err);
    mw_workspace_release(&workspace);
    if (status != MW_OK || open == 0) return status;
    return mw_fail(err, MW_CHECK_FAILED, "alerts: %zu %s open", open, open == 1 ? "is" : "are");
}
