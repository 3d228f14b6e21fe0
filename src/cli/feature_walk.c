#include "cli/feature_walk.h"

#include "sys/parallel.h"

#include "ingest/history.h"

mw_status mw_feature_walk_begin(const mw_workspace *workspace, int64_t thread_count,
                                mw_feature_walk *out_walk, mw_error *err) {
    mw_cli *cli = workspace->cli;
    size_t threads = thread_count > 0 ? (size_t)thread_count : mw_sys_core_count(cli->sys);
    mw_workspace_model model;
    mw_history history;
    mw_events events;
    MW_TRY(mw_workspace_find_model(workspace, mw_cli_option(cli, "--model"), &model, err));
    MW_TRY(mw_history_load(workspace->state, workspace->program, workspace->symbols, &history,
                           &events, err));
    *out_walk = (mw_feature_walk){.workspace = workspace, .model = model, .events = events};
    out_walk->moment_count_max = events.streams[mw_model_announcer(model.program)].rows.row_count;
    out_walk->config = (mw_replay_config){.program = workspace->program,
                                          .model = model.program,
                                          .events = &out_walk->events,
                                          .symbols = workspace->symbols,
                                          .from = INT64_MIN,
                                          .to = INT64_MAX,
                                          .now = mw_history_now(&history, mw_sys_now_us(cli->sys)),
                                          .with_label = true,
                                          .crew = mw_parallel_crew(cli->sys, threads),
                                          .memory = mw_workspace_memory(workspace)};
    mw_status status = mw_replay_create(out_walk->config, &out_walk->replay, err);
    if (status != MW_OK) mw_events_release(&out_walk->events);
    return status;
}

void mw_feature_walk_end(mw_feature_walk *walk) {
    mw_replay_destroy(walk->replay);
    mw_events_release(&walk->events);
}
