#include "cli/log_mover.h"

#include "cli/workspace.h"
#include "ingest/log_move.h"
#include "store/log.h"
#include "sys/library.h"

enum { ARENA_SIZE_MAX = 1 << 24 };
#define PAUSE_US MW_MINUTE_US /* after a failure, another process that adds to the lake, say */

/* --- the process ------------------------------------------------------------------------------ */

mw_status mw_cli_move_log(mw_cli *cli, mw_error *err) {
    mw_workspace workspace;
    size_t event_count = 0;
    mw_status status = mw_workspace_open(cli, MW_WORKSPACE_CATALOG, NULL, &workspace, err);
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

static mw_status look(const mw_log_mover *it, mw_arena *arena, int64_t *out_segment,
                      mw_error *err) {
    const char *state = mw_path_join(arena, it->cli->folder, MW_STATE_FOLDER);
    const char *log = state ? mw_path_join(arena, state, "log") : NULL;
    if (!log) return mw_fail(err, MW_NO_MEMORY, "move-log: no memory");
    mw_log_position end;
    MW_TRY(mw_log_end(it->cli->sys, log, &end, err));
    *out_segment = end.segment;
    return MW_OK;
}

static mw_status start(mw_log_mover *it, mw_arena *arena, mw_error *err) {
    const char *executable = NULL;
    MW_TRY(mw_executable_path(it->cli->sys, arena, &executable, err));
    const char *arguments[] = {executable, "move-log", "-C", it->cli->folder, NULL};
    mw_process_config config = {.arguments = arguments,
                                .quiet_errors = it->has_failed,
                                .in_background = true};
    return mw_process_start(it->cli->sys, config, &it->process, err);
}

static mw_status start_if_due(mw_log_mover *it, mw_arena *arena, mw_error *err) {
    int64_t segment = INT64_MIN, now_us = mw_sys_monotonic_us(it->cli->sys);
    MW_TRY(look(it, arena, &segment, err));
    if (segment == INT64_MIN) return MW_OK; /* there is no log yet */
    bool is_due = now_us >= it->due_us || (segment != it->segment && !it->has_failed);
    if (!is_due) return MW_OK;
    it->segment = segment;
    it->due_us = now_us + MW_DAY_US;
    return start(it, arena, err);
}

static mw_status reap(mw_log_mover *it, mw_error *err) {
    mw_process_result result;
    MW_TRY(mw_process_wait(it->process, &result, err));
    mw_process_destroy(it->process);
    it->process = NULL;
    it->has_failed = result.exit_code != 0;
    if (it->has_failed) it->due_us = mw_sys_monotonic_us(it->cli->sys) + PAUSE_US;
    return MW_OK;
}

mw_status mw_log_mover_advance(mw_log_mover *it, mw_error *err) {
    if (it->process && mw_process_running(it->process)) return MW_OK;
    if (it->process) return reap(it, err);
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = start_if_due(it, &arena, err);
    mw_arena_release(&arena);
    return status;
}

void mw_log_mover_end(mw_log_mover *it) {
    mw_process_destroy(it->process);
    it->process = NULL;
}
