#include "cli/train.h"

#include <stdlib.h>

#include "cli/full_windows.h"
#include "cli/grid.h"
#include "cli/late_truth.h"
#include "cli/train_report.h"
#include "ingest/history_parts.h"
#include "sys/parallel.h"
#include "sys/team.h"
#include "sys/terminal.h"
#include "train/lightgbm_child.h"

enum { SEED_USUAL = 1 };

typedef struct {
    const mw_workspace *workspace;
    mw_project_model model; /* the project's, with the options over it */
    const mw_model_program *program;
    int64_t as_of; /* MW_TIME_MISSING: when the events were read */
    int64_t data_end; /* place of the last event */
    int64_t test_from, seed, thread_count;
    const mw_imported *imported; /* in the learner's place; NULL: none */
    mw_str data_version, why;
    mw_late_truth late; /* counted as the examples were made */
    mw_arena arena; /* of the training */
} job;

/* --- options ---------------------------------------------------------------------------- */

static mw_status read_time(const job *it, const char *option, int64_t otherwise, int64_t *out_us,
                           mw_error *err) {
    const char *text = mw_cli_option(it->workspace->cli, option);
    *out_us = otherwise;
    return text ? mw_workspace_time(it->workspace, option, text, out_us, err) : MW_OK;
}

static mw_status read_options(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    mw_workspace_model model;
    const char *name = cli->word_count > 0 ? cli->words[0] : NULL;
    MW_TRY(mw_workspace_find_model(it->workspace, name, &model, err));
    it->model = *model.project;
    it->program = model.program;
    const char *learner = mw_cli_option(cli, "--learner");
    if (learner) it->model.learner = mw_str_of(learner);
    MW_TRY(read_time(it, "--as-of", MW_TIME_MISSING, &it->as_of, err));
    MW_TRY(read_time(it, "--test-from", MW_TEST_LATEST, &it->test_from, err));
    MW_TRY(mw_cli_int(cli, "--seed", (mw_cli_bounds){0, INT32_MAX, SEED_USUAL}, &it->seed, err));
    MW_TRY(mw_cli_threads(cli, &it->thread_count, err));
    mw_lightgbm_settings settings; /* a wrong param shows before the replay, not after it */
    return mw_train_settings(&it->model, (int32_t)it->seed, &settings, err);
}

/* --- examples --------------------------------------------------------------------------- */

typedef struct {
    mw_progress progress;
    int64_t first_place;
} replay_progress;

static void show_place(void *context, int64_t place) {
    replay_progress *it = context;
    if (place > it->first_place)
        mw_progress_update(&it->progress, (uint64_t)((place - it->first_place) / MW_HOUR_US));
}

static void show_rounds(void *context, int32_t rounds) {
    mw_progress_update(context, (uint64_t)rounds);
}

static mw_status build_examples(job *it, mw_history_parts *parts, mw_examples *examples,
                                mw_error *err) {
    mw_sys *sys = it->workspace->cli->sys;
    mw_event_parts *events = mw_history_parts_events(parts);
    mw_late_truth_init(&it->late, it->workspace->program, it->program, events, it->as_of);
    mw_replay_config config = {.program = it->workspace->program,
                               .model = it->program,
                               .parts = &it->late.parts,
                               .symbols = it->workspace->symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .now = it->as_of,
                               .with_label = true,
                               .crew = mw_team_crew(sys, (size_t)it->thread_count),
                               .memory = mw_workspace_memory(it->workspace)};
    replay_progress shown = {.first_place = mw_history_parts_first_place(parts)};
    uint64_t hours = 0;
    if (events->last_place > shown.first_place)
        hours = (uint64_t)((events->last_place - shown.first_place) / MW_HOUR_US);
    shown.progress = mw_progress_begin(sys, "replaying", hours);
    mw_status status = mw_examples_build(examples, config, show_place, &shown, err);
    mw_progress_end(&shown.progress);
    return status;
}

/* What was read, as the lineage names it. */
static mw_status note_history(job *it, const mw_history *history, mw_error *err) {
    int64_t now = mw_history_now(history, mw_sys_now_us(it->workspace->cli->sys));
    if (it->as_of == MW_TIME_MISSING) it->as_of = now;
    it->data_version = mw_str_copy(&it->arena, mw_str_of(history->version));
    return it->data_version.data ? MW_OK : mw_fail(err, MW_NO_MEMORY, "train: no memory");
}

/* Fills `examples` in place: its tables point into it. */
static mw_status make_examples(job *it, mw_examples *examples, mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_history history;
    mw_history_parts *parts = NULL;
    mw_history_parts_wish wish = {workspace->state, workspace->program, workspace->symbols, 0};
    MW_TRY(mw_examples_init(examples, workspace->program, it->program, it->model.segments,
                            it->model.segment_count, err));
    mw_status status = mw_history_parts_open(wish, &history, &parts, err);
    if (status == MW_OK) status = note_history(it, &history, err);
    if (status == MW_OK) status = build_examples(it, parts, examples, err);
    if (status == MW_OK) it->data_end = mw_history_parts_events(parts)->last_place;
    mw_history_parts_close(parts);
    if (status != MW_OK) mw_examples_release(examples);
    return status;
}

/* What a label adds up is not missing over no event: of its windows, how far these look. */
static int64_t label_reach_us(const mw_model_program *model) {
    int64_t reach_us = INT64_MIN;
    for (size_t i = model->feature_window_count; i < model->window_count; i++) {
        const mw_window *window = &model->windows[i];
        bool has_value = window->aggregate == MW_AGGREGATE_COUNT ||
                         window->aggregate == MW_AGGREGATE_SUM ||
                         window->aggregate == MW_AGGREGATE_ANY ||
                         window->aggregate == MW_AGGREGATE_DISTINCT;
        if (window->is_ahead && has_value && window->end_us > reach_us) reach_us = window->end_us;
    }
    return reach_us;
}

/* The clock lets a label mature (DESIGN.md rule 6), also where the data have ended before: then it
   says no, and nobody can tell. Of a few, as in any project that is alive, nothing is said. */
static void warn_of_end(const job *it, const mw_examples *examples) {
    enum { SHARE_TOLD = 100 }; /* one in so many */
    int64_t reach_us = label_reach_us(it->program);
    size_t count = 0;
    if (reach_us == INT64_MIN || it->data_end == INT64_MIN) return;
    for (size_t i = 0; i < examples->count; i++)
        count += examples->items[i].t + reach_us > it->data_end;
    if (count == 0 || count < examples->count / SHARE_TOLD) return;
    const mw_zone *zone = it->workspace->zone;
    mw_civil end = mw_civil_of(it->data_end + mw_zone_offset_us(zone, it->data_end));
    mw_buf said;
    mw_buf_init(&said, 1 << 10);
    mw_count_append(&said, count);
    mw_buf_append_text(&said, " of the ");
    mw_count_append(&said, examples->count);
    mw_cli_note(it->workspace->cli,
                "warning: %.*s examples have labels that look past %04d-%02d-%02d, where the data "
                "end: what would come there counts as not there\n"
                "  `--as-of %04d-%02d-%02d` leaves them out.",
                MW_STR_ARGS(mw_buf_str(&said)), end.year, end.month, end.day, end.year, end.month,
                end.day);
    mw_buf_release(&said);
}

/* Too few examples for a single split make a version that looks like any other. */
static void warn_of_constant(const job *it, const mw_trained *trained) {
    mw_lightgbm_settings settings;
    mw_error none;
    if (!trained->is_constant) return;
    mw_cli_note(it->workspace->cli,
                "warning: version %.*s says the same of whatever it is asked: all %zu examples "
                "that it was tested on got one answer",
                MW_STR_ARGS(trained->name), trained->split.test_count);
    if (it->imported || mw_train_settings(&it->model, 0, &settings, &none) != MW_OK) return;
    mw_cli_note(it->workspace->cli,
                "  A leaf takes %d examples at least (`params: {min_data_in_leaf: %d}`), and %zu "
                "were learned from.",
                settings.min_data_in_leaf, settings.min_data_in_leaf, trained->split.train_count);
}

/* --- training --------------------------------------------------------------------------- */

static mw_status describe_streams(job *it, const mw_version_stream **out_streams, mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    size_t count = workspace->project->stream_count;
    mw_version_stream *streams = mw_arena_alloc(&it->arena, count + 1, sizeof *streams);
    if (!streams) return mw_fail(err, MW_NO_MEMORY, "train: no memory for the streams");
    for (size_t i = 0; i < count; i++)
        streams[i] = (mw_version_stream){workspace->project->streams[i].declaration.name,
                                         workspace->columns[i]};
    *out_streams = streams;
    return MW_OK;
}

static mw_status learn(job *it, const mw_examples *examples, mw_trained *out_trained,
                       mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_lightgbm_settings settings = {.rounds = 0};
    if (!it->imported)
        MW_TRY(mw_train_settings(&it->model, (int32_t)it->seed, &settings, err));
    const mw_version_stream *streams = NULL;
    MW_TRY(describe_streams(it, &streams, err));
    mw_progress progress = mw_progress_begin(workspace->cli->sys, "training",
                                             (uint64_t)settings.rounds);
    mw_train_config config = {.sys = workspace->cli->sys,
                              .model = &it->model,
                              .examples = examples,
                              .example_count = mw_examples_known_by(examples, it->as_of),
                              .symbols = workspace->symbols,
                              .origin = {.project = workspace->project_bytes,
                                         .zone = workspace->project->zone,
                                         .zone_data = workspace->zone_data,
                                         .streams = streams,
                                         .stream_count = workspace->project->stream_count,
                                         .data_version = it->data_version},
                              .imported = it->imported,
                              .test_from = it->test_from,
                              .seed = (int32_t)it->seed,
                              .thread_count = (int32_t)it->thread_count,
                              .progress = show_rounds,
                              .context = &progress};
    mw_status status = mw_train(&config, &it->arena, out_trained, err);
    mw_progress_end(&progress);
    return status;
}

/* --- the registry ----------------------------------------------------------------------- */

static mw_status record(job *it, const mw_train_report *report, int64_t started_us,
                        int64_t *out_run, mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_metric_row *metrics;
    size_t metric_count;
    MW_TRY(mw_train_report_metrics(report, &it->arena, &metrics, &metric_count, err));
    mw_buf details;
    mw_buf_init(&details, 1 << 20);
    mw_train_report_details(report, &details);
    mw_run_row run = {.model = it->model.declaration.name,
                      .learner = it->model.learner,
                      .status = MW_STR("finished"),
                      .started_us = started_us,
                      .ended_us = mw_sys_now_us(workspace->cli->sys),
                      .seed = it->seed,
                      .data_version = it->data_version,
                      .version = report->trained->name,
                      .why = it->why,
                      .details = mw_buf_str(&details)};
    mw_status status = mw_buf_check(&details, "the run", err);
    if (status == MW_OK)
        status = mw_registry_record(mw_workspace_registry(workspace), &run,
                                    (mw_metric_rows){metrics, metric_count},
                                    report->trained->bytes, out_run, err);
    mw_buf_release(&details);
    return status;
}

/* The first version of a model answers at once: there is nothing to compare it with. Whether it is
   the first is looked at before the catalog is locked for it, and once more when it is. */
static mw_status promote_first(job *it, mw_str version, mw_train_outcome *outcome,
                               mw_error *err) {
    const mw_workspace *workspace = it->workspace;
    mw_promotion wish = {.model = it->model.declaration.name,
                         .version = version,
                         .is_conditional = true,
                         .over = MW_STR(""),
                         .change = {mw_sys_now_us(workspace->cli->sys), mw_workspace_who(workspace),
                                    MW_STR("the first version of its model")}};
    mw_registry registry = mw_workspace_registry(workspace);
    mw_version_row champion;
    mw_succession made;
    mw_error other;
    mw_status status = mw_registry_champion(registry, wish.model, &it->arena, &champion, &other);
    if (status == MW_OK) {
        outcome->is_champion = mw_str_equal(champion.version, version);
        return MW_OK;
    }
    if (status == MW_NOT_FOUND)
        status = mw_registry_promote(registry, &wish, &it->arena, &made, &other);
    outcome->is_champion = status == MW_OK;
    outcome->is_first = status == MW_OK && made.before.size == 0;
    if (status == MW_OK || status == MW_CONFLICT) return MW_OK;
    return mw_fail(err, status, "%s", other.message);
}

static mw_status keep(job *it, const mw_train_report *report, int64_t started_us,
                      mw_train_outcome *out_outcome, mw_error *err) {
    mw_version_row standing;
    mw_error absent;
    mw_registry registry = mw_workspace_registry(it->workspace);
    mw_status found = mw_registry_find(registry, it->model.declaration.name, report->trained->name,
                                       &it->arena, &standing, &absent);
    if (found != MW_OK && found != MW_NOT_FOUND) return mw_fail(err, found, "%s", absent.message);
    *out_outcome = (mw_train_outcome){0};
    if (found == MW_NOT_FOUND) MW_TRY(record(it, report, started_us, &out_outcome->run, err));
    return promote_first(it, report->trained->name, out_outcome, err);
}

/* --- the command ------------------------------------------------------------------------ */

static mw_status train(job *it, mw_error *err) {
    mw_cli *cli = it->workspace->cli;
    int64_t started_us = mw_sys_now_us(cli->sys), began_us = mw_sys_monotonic_us(cli->sys);
    mw_examples examples;
    mw_trained trained;
    mw_train_outcome outcome;
    int64_t full_from;
    MW_TRY(mw_full_windows_from(it->workspace, it->program, &full_from, err));
    MW_TRY(make_examples(it, &examples, err));
    mw_train_report report = {.workspace = it->workspace,
                              .model = &it->model,
                              .examples = &examples,
                              .example_count = examples.count,
                              .trained = &trained,
                              .data_version = it->data_version,
                              .seed = it->seed,
                              .full_from = full_from,
                              .late = &it->late};
    mw_status status = learn(it, &examples, &trained, err);
    if (status == MW_OK) {
        report.seconds = (double)(mw_sys_monotonic_us(cli->sys) - began_us) / (double)MW_SECOND_US;
        if (trained.messages.size > 0) mw_cli_note(cli, "%.*s", MW_STR_ARGS(trained.messages));
        warn_of_end(it, &examples);
        warn_of_constant(it, &trained);
        status = keep(it, &report, started_us, &outcome, err);
    }
    if (status == MW_OK && cli->json) mw_train_report_json(&report, outcome, &cli->out);
    else if (status == MW_OK) mw_train_report_print(&report, outcome, &cli->out);
    mw_examples_release(&examples);
    return status;
}

mw_status mw_cli_train(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    job it = {.workspace = &workspace, .why = MW_STR("train")};
    mw_arena_init(&it.arena, (size_t)1 << 36);
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_CATALOG, NULL, &workspace, err);
    if (status == MW_OK) status = read_options(&it, err);
    if (status == MW_OK) status = train(&it, err);
    mw_arena_release(&it.arena);
    mw_workspace_release(&workspace);
    return status;
}

mw_status mw_train_import(const mw_workspace *workspace, mw_workspace_model model,
                          const mw_imported *imported, mw_error *err) {
    job it = {.workspace = workspace,
              .model = *model.project,
              .program = model.program,
              .as_of = MW_TIME_MISSING,
              .test_from = MW_TEST_LATEST,
              .seed = SEED_USUAL,
              .thread_count = 1,
              .imported = imported,
              .why = MW_STR("models import")};
    it.model.learner = MW_STR("imported");
    mw_arena_init(&it.arena, (size_t)1 << 36);
    mw_status status = train(&it, err);
    mw_arena_release(&it.arena);
    return status;
}

static mw_status learn_again(job *it, const mw_examples *examples, mw_buf *out_version,
                             mw_error *err) {
    mw_sys *sys = it->workspace->cli->sys;
    int64_t started_us = mw_sys_now_us(sys), began_us = mw_sys_monotonic_us(sys);
    mw_trained trained;
    mw_train_outcome outcome;
    int64_t full_from;
    MW_TRY(mw_full_windows_from(it->workspace, it->program, &full_from, err));
    MW_TRY(learn(it, examples, &trained, err));
    mw_train_report report = {
        .workspace = it->workspace,
        .model = &it->model,
        .examples = examples,
        .example_count = examples->count,
        .trained = &trained,
        .data_version = it->data_version,
        .seed = it->seed,
        .full_from = full_from,
        .seconds = (double)(mw_sys_monotonic_us(sys) - began_us) / (double)MW_SECOND_US};
    MW_TRY(keep(it, &report, started_us, &outcome, err));
    mw_buf_append_str(out_version, trained.bytes);
    return mw_buf_check(out_version, "a version", err);
}

mw_status mw_train_again(const mw_retraining *order, mw_buf *out_version, mw_error *err) {
    job it = {.workspace = order->workspace,
              .model = *order->model.project,
              .program = order->model.program,
              .as_of = order->as_of,
              .test_from = MW_TEST_LATEST,
              .seed = SEED_USUAL,
              .thread_count = (int64_t)mw_sys_core_count(order->workspace->cli->sys),
              .data_version = order->data_version,
              .why = order->why};
    mw_arena_init(&it.arena, (size_t)1 << 36);
    mw_status status = learn_again(&it, order->examples, out_version, err);
    mw_arena_release(&it.arena);
    return status;
}

/* The child has an exit code of its own, and writes its own output. */
mw_status mw_cli_lightgbm_child(mw_cli *cli, mw_error *err) {
    (void)err;
    exit(mw_lightgbm_child_main(cli->sys));
}
