#include "cli/backtest_command.h"

#include <math.h>

#include "cli/assets.h"
#include "cli/grid.h"
#include "cli/report_page.h"
#include "cli/workspace.h"
#include "ingest/history.h"
#include "loop/backtest_report.h"
#include "sys/terminal.h"

enum { SEED_USUAL = 1 };
#define RESULT_MAX ((size_t)1 << 34)
#define JSON_MAX ((size_t)1 << 30)

typedef struct {
    const mw_workspace *workspace;
    mw_workspace_model model;
    int64_t from, to; /* local midnights: `to` is the one after the last day */
    mw_policy policies[MW_BACKTEST_LANES_MAX];
    size_t policy_count;
    int64_t seed, thread_count;
    mw_history history;
    mw_events events;
    mw_progress progress;
    mw_arena arena; /* of the result */
    mw_backtest_result result;
    int64_t cpu_us; /* of this process, its children apart */
} job;

/* --- options ---------------------------------------------------------------------------- */

static mw_status read_day(const job *it, const char *option, int64_t *out_us, mw_error *err) {
    const char *text = mw_cli_option(it->workspace->cli, option);
    if (!text) {
        mw_status status = mw_fail(err, MW_USAGE, "%s: must be given", option);
        return mw_hint(err, status, "A day of the project's zone, as in 2013-02-01.");
    }
    return mw_workspace_time(it->workspace, option, text, out_us, err);
}

static mw_status read_days(job *it, mw_error *err) {
    int64_t last;
    MW_TRY(read_day(it, "--from", &it->from, err));
    MW_TRY(read_day(it, "--to", &last, err));
    if (last < it->from)
        return mw_fail(err, MW_USAGE, "--to: must not lie before --from, got %s",
                       mw_cli_option(it->workspace->cli, "--to"));
    it->to = mw_next_midnight(it->workspace->zone, last);
    return MW_OK;
}

static mw_status add_policy(job *it, mw_str name, mw_error *err) {
    for (size_t i = 0; i < it->policy_count; i++)
        if (mw_str_equal(it->policies[i].name, name))
            return mw_fail(err, MW_USAGE, "--policy: %.*s is named twice", MW_STR_ARGS(name));
    MW_ASSERT(it->policy_count < MW_BACKTEST_LANES_MAX); /* there are fewer names */
    const mw_retrain *retrain = &it->model.project->retrain;
    mw_status status = mw_policy_find(name, retrain, &it->policies[it->policy_count], err);
    if (status == MW_OK) it->policy_count++;
    return status == MW_INVALID ? MW_USAGE : status;
}

static mw_status read_policies(job *it, mw_error *err) {
    const char *option = mw_cli_option(it->workspace->cli, "--policy");
    mw_str rest = option ? mw_str_of(option) : MW_STR("never,monthly,drift,gated");
    mw_str name;
    while (mw_str_split(&rest, ',', &name)) MW_TRY(add_policy(it, mw_str_trim(name), err));
    return MW_OK;
}

/* Policies are compared by what decisions cost. */
static mw_status check_label(const mw_model_program *model, mw_error *err) {
    mw_type label = mw_code_type(model->label);
    if (label == MW_TYPE_BOOL) return MW_OK;
    mw_status status = mw_fail(err, MW_NOT_BUILT,
                               "models.%.*s.label: a label that is a %s is not backtested yet",
                               MW_STR_ARGS(model->name), mw_type_name(label));
    return mw_hint(err, status, "`millwright train` tests on what came later, and says how good "
                                "the version is.");
}

static mw_status read_options(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    MW_TRY(mw_workspace_find_model(it->workspace, cli->words[0], &it->model, err));
    MW_TRY(check_label(it->model.program, err));
    MW_TRY(read_days(it, err));
    MW_TRY(read_policies(it, err));
    MW_TRY(mw_cli_int(cli, "--seed", (mw_cli_bounds){0, INT32_MAX, SEED_USUAL}, &it->seed, err));
    MW_TRY(mw_cli_threads(cli, &it->thread_count, err));
    mw_lightgbm_settings settings; /* a wrong param shows before the pass, not in it */
    return mw_train_settings(it->model.project, (int32_t)it->seed, &settings, err);
}

/* --- the pass --------------------------------------------------------------------------- */

static mw_status describe_streams(job *it, const mw_version_stream **out_streams, mw_error *err) {
    const mw_project *project = it->workspace->project;
    mw_version_stream *streams =
        mw_arena_alloc(&it->arena, project->stream_count + 1, sizeof *streams);
    if (!streams) return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for the streams");
    for (size_t i = 0; i < project->stream_count; i++)
        streams[i] =
            (mw_version_stream){project->streams[i].declaration.name, it->workspace->columns[i]};
    *out_streams = streams;
    return MW_OK;
}

static void show_day(void *context, int64_t place) {
    job *it = context;
    mw_progress_update(&it->progress, (uint64_t)((place - it->from) / MW_DAY_US));
}

static mw_status run(job *it, mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    const mw_version_stream *streams = NULL;
    MW_TRY(describe_streams(it, &streams, err));
    uint64_t days = (uint64_t)((it->to - it->from) / MW_DAY_US);
    it->progress = mw_progress_begin(workspace->cli->sys, "backtest, days", days);
    mw_backtest_config config = {.sys = workspace->cli->sys,
                                 .program = workspace->program,
                                 .model = it->model.program,
                                 .project_model = it->model.project,
                                 .events = &it->events,
                                 .symbols = workspace->symbols,
                                 .memory = mw_workspace_memory(workspace),
                                 .origin = {.project = workspace->project_bytes,
                                            .zone = workspace->project->zone,
                                            .zone_data = workspace->zone_data,
                                            .streams = streams,
                                            .stream_count = workspace->project->stream_count,
                                            .data_version = mw_str_of(it->history.version)},
                                 .from = it->from,
                                 .to = it->to,
                                 .policies = it->policies,
                                 .policy_count = it->policy_count,
                                 .seed = (int32_t)it->seed,
                                 .thread_count = (int32_t)it->thread_count,
                                 .progress = show_day,
                                 .context = it};
    mw_status status = mw_backtest_run(&config, &it->arena, &it->result, err);
    mw_progress_end(&it->progress);
    return status;
}

static mw_status load_and_run(job *it, mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_sys *sys = workspace->cli->sys;
    int64_t began_us = mw_sys_cpu_us(sys);
    MW_TRY(mw_history_load(workspace->state, workspace->program, workspace->symbols, &it->history,
                           &it->events, err));
    mw_status status = run(it, err);
    it->cpu_us = mw_sys_cpu_us(sys) - began_us - it->result.learner_cpu_us;
    mw_events_release(&it->events);
    return status;
}

/* --- what is shown ---------------------------------------------------------------------- */

static void add_estimate(mw_grid *grid, double value) {
    if (value == value) mw_grid_add(grid, "%.4f", value);
    else mw_grid_add(grid, "-");
}

/* Nothing is more than no cost by a share. */
static void add_excess(mw_grid *grid, const mw_backtest_lane *lane) {
    if (isnan(lane->excess)) mw_grid_add(grid, "-");
    else if (isnan(lane->excess_low)) mw_grid_add(grid, "%+.1f %%", 100 * lane->excess);
    else
        mw_grid_add(grid, "%+.1f %% (%+.1f to %+.1f)", 100 * lane->excess, 100 * lane->excess_low,
                    100 * lane->excess_high);
}

static void print_policies(const mw_backtest_result *result, mw_buf *out) {
    mw_grid grid = mw_grid_begin("policy|>cost|against the best|>roc_auc|>retrained|>promoted|"
                                 ">refused|>alarms|>acted on");
    for (size_t i = 0; i < result->lane_count; i++) {
        const mw_backtest_lane *lane = &result->lanes[i];
        mw_grid_add_str(&grid, lane->policy.name);
        mw_grid_add_count(&grid, (uint64_t)lane->cost);
        if (i == result->best) mw_grid_add(&grid, "the cheapest");
        else add_excess(&grid, lane);
        add_estimate(&grid, lane->roc_auc);
        mw_grid_add_count(&grid, lane->retrains);
        mw_grid_add_count(&grid, lane->promotions);
        mw_grid_add_count(&grid, lane->refusals);
        mw_grid_add_count(&grid, lane->alarms);
        mw_grid_add_count(&grid, lane->decisions);
    }
    mw_grid_print(&grid, "", out);
}

static void print_months(const mw_backtest_result *result, mw_arena *arena, mw_buf *out) {
    mw_buf titles;
    mw_buf_init(&titles, 1 << 16);
    mw_buf_append_text(&titles, "roc_auc");
    for (size_t i = 0; i < result->lane_count; i++)
        mw_buf_printf(&titles, "|>%.*s", MW_STR_ARGS(result->lanes[i].policy.name));
    mw_str kept = mw_str_copy(arena, mw_buf_str(&titles));
    mw_buf_release(&titles);
    if (!kept.data) return;
    mw_grid grid = mw_grid_begin(kept.data);
    for (size_t m = 0; m < result->lanes[0].month_count; m++) {
        mw_grid_add(&grid, "%s", result->lanes[0].months[m].month);
        for (size_t i = 0; i < result->lane_count; i++)
            add_estimate(&grid, result->lanes[i].months[m].roc_auc.value);
    }
    mw_grid_print(&grid, "", out);
}

/* Why so few are labelled. */
static void print_open(const job *it, mw_buf *out) {
    int64_t end = it->result.data_end;
    if (it->result.open == 0) return;
    mw_civil civil = mw_civil_of(end + mw_zone_offset_us(it->workspace->zone, end));
    mw_count_append(out, it->result.open);
    mw_buf_printf(out, " have labels that mature after %04d-%02d-%02d, where the data end\n",
                  civil.year, civil.month, civil.day);
}

static void print(job *it, mw_buf *out) {
    const mw_backtest_result *result = &it->result;
    const mw_backtest_lane *lane = &result->lanes[0];
    mw_buf_append_text(out, "model ");
    mw_buf_append_str(out, it->model.project->declaration.name);
    mw_buf_printf(out, ", %s to %s: ", lane->days[0].day, lane->days[lane->day_count - 1].day);
    mw_count_append(out, lane->predictions);
    mw_buf_append_text(out, " predictions, ");
    mw_count_append(out, lane->labelled);
    mw_buf_append_text(out, " of them labelled\n");
    print_open(it, out);
    mw_buf_append_char(out, '\n');
    print_policies(result, out);
    mw_buf_append_char(out, '\n');
    print_months(result, &it->arena, out);
    mw_buf_printf(out,
                  "\n%zu version%s trained; CPU: LightGBM %.1f s, all else %.1f s (%.1f s a "
                  "policy)\n",
                  result->trainings, result->trainings == 1 ? "" : "s",
                  (double)result->learner_cpu_us / MW_SECOND_US,
                  (double)it->cpu_us / MW_SECOND_US,
                  (double)it->cpu_us / MW_SECOND_US / (double)result->lane_count);
}

static mw_status write_page(const mw_backtest_report *report, mw_cli *cli, const char *path,
                            mw_error *err) {
    mw_str page = {(const char *)mw_asset_backtest_html, mw_asset_backtest_html_size};
    mw_buf json;
    mw_buf_init(&json, JSON_MAX);
    mw_backtest_report_json(report, &json);
    mw_status status = mw_buf_check(&json, "the report", err);
    if (status == MW_OK) status = mw_cli_write_page(cli, page, mw_buf_str(&json), path, err);
    mw_buf_release(&json);
    return status;
}

static mw_status show(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    mw_backtest_report report = {.project = it->workspace->project->name,
                                 .program_version = mw_str_of(mw_program_version),
                                 .model = it->model.project,
                                 .zone = it->workspace->zone,
                                 .seed = (int32_t)it->seed,
                                 .result = &it->result};
    const char *path = mw_cli_option(cli, "--html");
    if (path) MW_TRY(write_page(&report, cli, path, err));
    if (cli->json) {
        mw_backtest_report_json(&report, &cli->out);
    } else {
        print(it, &cli->out);
        if (path) mw_buf_printf(&cli->out, "report: %s\n", path);
    }
    return MW_OK;
}

mw_status mw_cli_backtest(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    job it = {.workspace = &workspace};
    mw_arena_init(&it.arena, RESULT_MAX);
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &workspace, err);
    if (status == MW_OK) status = read_options(&it, err);
    if (status == MW_OK) status = load_and_run(&it, err);
    if (status == MW_OK) status = show(&it, err);
    mw_arena_release(&it.arena);
    mw_workspace_release(&workspace);
    return status;
}
