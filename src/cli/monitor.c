#include "cli/monitor.h"

#include "cli/alerts.h"
#include "cli/assets.h"
#include "cli/monitor_report.h"
#include "cli/report_page.h"
#include "ingest/log_tail.h"

#define DOCUMENT_MAX ((size_t)1 << 30)

typedef struct {
    mw_workspace *workspace;
    mw_log_reach reach;
    mw_shared_history history;
    mw_buf document; /* all of it as JSON: for --json and for the page */
    mw_json json;
} monitor;

static mw_status report_model(monitor *it, mw_champion_watch *champion, mw_error *err) {
    mw_workspace *workspace = it->workspace;
    mw_monitor_report report;
    mw_serve_pulse pulse;
    MW_TRY(mw_serve_read_pulse(workspace, champion->model.declaration.name, &pulse, err));
    mw_status status = mw_watch_advance(champion->watch, it->reach, err);
    if (status == MW_OK) status = mw_champion_watch_hear(champion, &pulse, err);
    if (status != MW_OK)
        return mw_fail_within(err, status, "models.%.*s",
                              MW_STR_ARGS(champion->model.declaration.name));
    MW_TRY(mw_monitor_report_make(workspace, champion, &pulse, &report, err));
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
    mw_json_put_str(&it->json, "model", model);
    mw_json_key(&it->json, "champion");
    mw_json_null(&it->json);
    mw_json_object_end(&it->json);
}

static mw_status monitor_model(monitor *it, const mw_project_model *model, mw_error *err) {
    mw_champion_watch champion;
    mw_status status =
        mw_champion_watch_begin(it->workspace, model, &it->history, NULL, &champion, err);
    if (status == MW_OK && champion.watch) status = report_model(it, &champion, err);
    else if (status == MW_OK) report_no_champion(it, model->declaration.name);
    mw_champion_watch_end(&champion);
    return status;
}

static void report_head(monitor *it) {
    const mw_workspace *workspace = it->workspace;
    mw_json_put_str(&it->json, "project", workspace->project->name);
    mw_json_put_str(&it->json, "zone", mw_zone_name(workspace->zone));
    mw_json_put_text(&it->json, "program_version", mw_program_version);
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
        MW_TRY(monitor_model(it, &workspace->project->models[i], err));
    }
    mw_json_array_end(&it->json);
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
    mw_buf_init(&it.document, DOCUMENT_MAX);
    it.json = mw_json_begin(&it.document);
    mw_status status = mw_log_tail_check(workspace->state, err);
    if (status == MW_OK) status = mw_workspace_log_reach(workspace, &it.reach, err);
    if (status == MW_OK) status = monitor_models(&it, err);
    if (status == MW_OK) status = deliver(&it, err);
    mw_buf_release(&it.document);
    mw_shared_history_release(&it.history);
    return status;
}

mw_status mw_cli_monitor(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &workspace, err);
    if (status == MW_OK) status = run_monitor(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}
