#include "cli/log_mover.h"

#include "cli/workspace.h"
#include "ingest/log_move.h"
#include "store/log.h"
#include "sys/pace.h"

enum { ARENA_SIZE_MAX = 1 << 24 };
#define PAUSE_US MW_MINUTE_US /* after a failure, another process that adds to the lake, say */
#define BACKGROUND_US (4 * MW_SECOND_US) /* an ingest waits for ten */

/* --- the process ------------------------------------------------------------------------------ */

mw_status mw_cli_move_log(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    size_t event_count = 0;
    mw_pace_begin_turns();
    mw_status status = mw_workspace_open_served(cli, MW_WORKSPACE_CATALOG, NULL, &workspace, err);
    if (status == MW_OK) {
        mw_log_move move = {workspace.state, workspace.program, workspace.symbols,
                            mw_sys_now_us(cli->sys)};
        status = mw_log_move_run(move, &event_count, err);
    }
    mw_workspace_release(&workspace);
    if (status != MW_OK) return mw_fail_within(err, status, "move-log");
    if (event_count > 0) mw_cli_note(cli, "log: %zu events moved to the lake", event_count);
    return MW_OK;
}

/* --- when it is due --------------------------------------------------------------------------- */

static mw_status look(const mw_log_mover *it, int64_t *out_segment, mw_error *err) {
    mw_cli *cli = it->work.cli;
    mw_arena arena;
    mw_log_position end;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    const char *log = mw_cli_state_path(cli, &arena, "log");
    mw_status status = log ? mw_log_end(cli->sys, log, &end, err)
                           : mw_fail(err, MW_NO_MEMORY, "move-log: no memory");
    mw_arena_release(&arena);
    if (status == MW_OK) *out_segment = end.segment;
    return status;
}

static mw_status begin_if_due(mw_log_mover *it, int64_t now_us, mw_error *err) {
    int64_t segment = INT64_MIN;
    MW_TRY(look(it, &segment, err));
    if (segment == INT64_MIN) return MW_OK; /* there is no log yet */
    bool is_due = now_us >= it->due_us || (segment != it->segment && !it->work.has_failed);
    if (!is_due) return MW_OK;
    it->segment = segment;
    it->due_us = now_us + BACKGROUND_US;
    return mw_side_work_begin(&it->work, true, err);
}

mw_status mw_log_mover_advance(mw_log_mover *it, mw_error *err) {
    int64_t now_us = mw_sys_monotonic_us(it->work.cli->sys);
    bool has_ended;
    MW_TRY(mw_side_work_ended(&it->work, &has_ended, err));
    if (has_ended) it->due_us = now_us + (it->work.has_failed ? PAUSE_US : MW_DAY_US);
    if (has_ended) return MW_OK;
    if (!it->work.process) return begin_if_due(it, now_us, err);
    if (!it->work.in_background || now_us < it->due_us) return MW_OK;
    return mw_side_work_begin(&it->work, false, err);
}
