#include "cli/feature_walk.h"

#include "sys/parallel.h"
#include "sys/team.h"

#include "ingest/history.h"
#include "table/list.h"

static mw_status find_model(const mw_workspace *workspace, mw_feature_walk *out_walk,
                            mw_error *err) {
    *out_walk = (mw_feature_walk){.workspace = workspace};
    return mw_workspace_find_model(workspace, mw_cli_option(workspace->cli, "--model"),
                                   &out_walk->model, err);
}

/* Of the announcing stream's events, which stand in memory. An element that stands twice in a list
   counts twice. */
static size_t count_moments(const mw_feature_walk *walk) {
    const mw_each *each = walk->model.program->each;
    const mw_table *rows = &walk->events.streams[mw_model_announcer(walk->model.program)].rows;
    size_t count = each ? 0 : rows->row_count;
    for (size_t i = 0; each && i < rows->row_count; i++) {
        mw_cell list = mw_table_row(rows, i)[each->list];
        if (list.symbol != 0) count += mw_list_length(list, walk->workspace->symbols);
    }
    return count;
}

/* Events or parts stand. */
static mw_status start(mw_feature_walk *walk, const mw_history *history, int64_t thread_count,
                       mw_error *err) {
    const mw_workspace *workspace = walk->workspace;
    mw_cli *cli = workspace->cli;
    int32_t announcer = mw_model_announcer(walk->model.program);
    walk->through = history->log.last_place;
    size_t threads = thread_count > 0 ? (size_t)thread_count : mw_sys_core_count(cli->sys);
    walk->moment_count_max = walk->parts ? mw_history_parts_count(walk->parts, announcer)
                                         : count_moments(walk);
    walk->config = (mw_replay_config){.program = workspace->program,
                                      .model = walk->model.program,
                                      .symbols = workspace->symbols,
                                      .from = INT64_MIN,
                                      .to = INT64_MAX,
                                      .now = mw_history_now(history, mw_sys_now_us(cli->sys)),
                                      .with_label = true,
                                      .crew = mw_team_crew(cli->sys, threads),
                                      .memory = mw_workspace_memory(workspace)};
    if (walk->parts) walk->config.parts = mw_history_parts_events(walk->parts);
    else walk->config.events = &walk->events;
    mw_status status = mw_replay_create(walk->config, &walk->replay, err);
    if (status != MW_OK) mw_feature_walk_end(walk);
    return status;
}

mw_status mw_feature_walk_begin(const mw_workspace *workspace, int64_t thread_count,
                                mw_feature_walk *out_walk, mw_error *err) {
    mw_history history;
    MW_TRY(find_model(workspace, out_walk, err));
    MW_TRY(mw_history_load(workspace->state, workspace->program, workspace->symbols, &history,
                           &out_walk->events, err));
    return start(out_walk, &history, thread_count, err);
}

mw_status mw_feature_walk_begin_in_parts(const mw_workspace *workspace, int64_t thread_count,
                                         mw_feature_walk *out_walk, mw_error *err) {
    mw_history history;
    mw_history_parts_wish wish = {workspace->state, workspace->program, workspace->symbols, 0};
    MW_TRY(find_model(workspace, out_walk, err));
    MW_TRY(mw_history_parts_open(wish, &history, &out_walk->parts, err));
    return start(out_walk, &history, thread_count, err);
}

void mw_feature_walk_end(mw_feature_walk *walk) {
    mw_replay_destroy(walk->replay);
    mw_history_parts_close(walk->parts);
    mw_events_release(&walk->events);
}
