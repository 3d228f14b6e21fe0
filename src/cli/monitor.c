#include "cli/monitor.h"

#include <math.h>

#include "cli/alerts.h"
#include "cli/assets.h"
#include "cli/grid.h"
#include "cli/monitor_report.h"
#include "cli/report_page.h"
#include "ingest/load.h"

#define DOCUMENT_MAX ((size_t)1 << 30)

typedef struct {
    mw_workspace *workspace;
    mw_events history;
    const char *log_folder;
    mw_buf document; /* all of it as JSON: for --json and for the page */
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
    MW_TRY(mw_monitor_report_make(workspace, model, champion, it->last, &report, err));
    mw_monitor_report_json(&report, &it->json);
    if (!workspace->cli->json) mw_monitor_report_print(&report, &workspace->cli->out);
    return MW_OK;
}

static void report_no_champion(monitor *it, mw_str model) {
    mw_cli *cli = it->workspace->cli;
    if (!cli->json)
        mw_buf_printf(&cli->out, "%.*s: no version answers: millwright train makes one\n",
                      MW_STR_ARGS(model));
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

typedef struct {
    mw_str name;
    uint64_t count;
    int64_t newest;  /* missing if there is none */
    double age, gap; /* seconds; NaN if there are too few events */
} stream_report;

/* How old the newest event is, beside the usual time between two. */
static stream_report read_stream(const monitor *it, size_t index) {
    const mw_follower *follower = mw_watch_follower(it->last);
    mw_follower_stream stream = mw_follower_stream_at(follower, index);
    stream_report report = {it->workspace->program->streams[index].name, stream.count,
                            MW_TIME_MISSING, NAN, NAN};
    if (stream.count > 0) {
        report.newest = stream.newest;
        int64_t age = mw_follower_now(follower) - stream.newest;
        report.age = age > 0 ? (double)age / 1e6 : 0; /* a place may run ahead of the clock */
    }
    if (stream.count > 1)
        report.gap = (double)(stream.newest - stream.first) / 1e6 / (double)(stream.count - 1);
    return report;
}

static void add_stream(const stream_report *stream, mw_grid *grid) {
    bool is_there = stream->newest != MW_TIME_MISSING;
    mw_grid_add_str(grid, stream->name);
    mw_grid_add_count(grid, stream->count);
    mw_grid_add_time(grid, is_there ? stream->newest / MW_SECOND_US * MW_SECOND_US
                                    : MW_TIME_MISSING);
    add_seconds(grid, stream->age);
    add_seconds(grid, stream->gap);
}

static void write_stream(const stream_report *stream, mw_json *json) {
    mw_json_object(json);
    mw_json_key(json, "stream");
    mw_json_str(json, stream->name);
    mw_json_key(json, "events");
    mw_json_int(json, (int64_t)stream->count);
    mw_json_key(json, "newest");
    mw_json_time(json, stream->newest);
    mw_json_key(json, "age_seconds");
    mw_json_number(json, stream->age);
    mw_json_key(json, "mean_gap_seconds");
    mw_json_number(json, stream->gap);
    mw_json_object_end(json);
}

static void report_streams(monitor *it) {
    mw_cli *cli = it->workspace->cli;
    mw_grid grid = mw_grid_begin("stream|>events|newest arrived|>ago|>mean gap");
    mw_json_key(&it->json, "streams");
    mw_json_array(&it->json);
    for (size_t i = 0; it->last && i < it->workspace->program->stream_count; i++) {
        stream_report stream = read_stream(it, i);
        write_stream(&stream, &it->json);
        add_stream(&stream, &grid);
    }
    mw_json_array_end(&it->json);
    if (it->last && !cli->json) {
        mw_buf_append_char(&cli->out, '\n');
        mw_grid_print(&grid, "", &cli->out);
    }
    mw_buf_release(&grid.cells);
}

static void report_head(monitor *it) {
    const mw_workspace *workspace = it->workspace;
    mw_json_key(&it->json, "project");
    mw_json_str(&it->json, workspace->project->name);
    mw_json_key(&it->json, "zone");
    mw_json_str(&it->json, mw_zone_name(workspace->zone));
    mw_json_key(&it->json, "program_version");
    mw_json_text(&it->json, mw_program_version);
}

static mw_status monitor_models(monitor *it, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_cli *cli = workspace->cli;
    mw_workspace_model wanted = {0};
    if (cli->word_count > 0)
        MW_TRY(mw_workspace_find_model(workspace, cli->words[0], &wanted, err));
    mw_json_object(&it->json);
    report_head(it);
    mw_json_key(&it->json, "models");
    mw_json_array(&it->json);
    for (size_t i = 0; i < workspace->program->model_count; i++) {
        if (wanted.project && wanted.project != &workspace->project->models[i]) continue;
        if (i > 0 && !cli->json && !wanted.project) mw_buf_append_char(&cli->out, '\n');
        MW_TRY(monitor_model(it, i, err));
    }
    mw_json_array_end(&it->json);
    report_streams(it);
    mw_json_key(&it->json, "alerts");
    MW_TRY(mw_alerts_write_json(workspace, &it->json, err));
    mw_json_object_end(&it->json);
    return MW_OK;
}

/* What was gathered goes where it was asked for. */
static mw_status deliver(const monitor *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    mw_str page = {(const char *)mw_asset_monitor_html, mw_asset_monitor_html_size};
    mw_str json = mw_buf_str(&it->document);
    const char *path = mw_cli_option(cli, "--html");
    MW_TRY(mw_buf_check(&it->document, "the report", err));
    if (path) MW_TRY(mw_cli_write_page(cli, page, json, path, err));
    if (cli->json) mw_buf_append_str(&cli->out, json);
    else if (path) mw_buf_printf(&cli->out, "\nreport: %s\n", path);
    return MW_OK;
}

static mw_status run_monitor(mw_workspace *workspace, mw_error *err) {
    monitor it = {.workspace = workspace};
    it.log_folder = mw_state_path(workspace->state, &workspace->arena, "log");
    if (!it.log_folder) return mw_fail(err, MW_NO_MEMORY, "monitor: no memory");
    MW_TRY(mw_load_events(workspace->state, workspace->program, workspace->symbols, &it.history,
                          err));
    mw_buf_init(&it.document, DOCUMENT_MAX);
    it.json = mw_json_begin(&it.document);
    mw_status status = monitor_models(&it, err);
    if (status == MW_OK) status = deliver(&it, err);
    mw_buf_release(&it.document);
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
