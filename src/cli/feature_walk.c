#include "cli/feature_walk.h"

#include "sys/parallel.h"
#include "sys/team.h"

#include "ingest/history.h"
#include "table/list.h"

static mw_status open_project(mw_cli *cli, mw_feature_walk *out_walk, mw_error *err) {
    *out_walk = (mw_feature_walk){.replay = NULL};
    MW_TRY(mw_workspace_open(cli, MW_WORKSPACE_READ, NULL, &out_walk->workspace, err));
    return mw_workspace_find_model(&out_walk->workspace, mw_cli_option(cli, "--model"),
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
        if (list.symbol != 0) count += mw_list_length(list, walk->workspace.symbols);
    }
    return count;
}

/* Events or parts stand. */
static mw_status start(mw_feature_walk *walk, const mw_history *history, size_t thread_count,
                       mw_error *err) {
    const mw_workspace *workspace = &walk->workspace;
    mw_cli *cli = workspace->cli;
    int32_t announcer = mw_model_announcer(walk->model.program);
    walk->through = history->log.last_place;
    walk->moment_count_max = walk->parts ? mw_history_parts_count(walk->parts, announcer)
                                         : count_moments(walk);
    walk->config = (mw_replay_config){.program = workspace->program,
                                      .model = walk->model.program,
                                      .symbols = workspace->symbols,
                                      .from = INT64_MIN,
                                      .to = INT64_MAX,
                                      .now = mw_history_now(history, mw_sys_now_us(cli->sys)),
                                      .with_label = true,
                                      .crew = mw_team_crew(cli->sys, thread_count),
                                      .memory = mw_workspace_memory(workspace)};
    if (walk->parts) walk->config.parts = mw_history_parts_events(walk->parts);
    else walk->config.events = &walk->events;
    return mw_replay_create(walk->config, &walk->replay, err);
}

mw_status mw_feature_walk_begin(mw_cli *cli, mw_feature_walk *out_walk, mw_error *err) {
    const mw_workspace *workspace = &out_walk->workspace;
    mw_history history;
    MW_TRY(open_project(cli, out_walk, err));
    MW_TRY(mw_history_load(workspace->state, workspace->program, workspace->symbols, &history,
                           &out_walk->events, err));
    return start(out_walk, &history, mw_sys_core_count(cli->sys), err);
}

mw_status mw_feature_walk_begin_in_parts(mw_cli *cli, int64_t thread_count,
                                         mw_feature_walk *out_walk, mw_error *err) {
    const mw_workspace *workspace = &out_walk->workspace;
    mw_history history;
    MW_TRY(open_project(cli, out_walk, err));
    mw_history_parts_wish wish = {workspace->state, workspace->program, workspace->symbols, 0};
    MW_TRY(mw_history_parts_open(wish, &history, &out_walk->parts, err));
    return start(out_walk, &history, (size_t)thread_count, err);
}

void mw_feature_walk_end(mw_feature_walk *walk) {
    mw_replay_destroy(walk->replay);
    mw_history_parts_close(walk->parts);
    mw_events_release(&walk->events);
    mw_workspace_release(&walk->workspace);
}
