#include "cli/side_work.h"

#include "sys/library.h"

enum { ARENA_SIZE_MAX = 1 << 16 };

mw_status mw_side_work_begin(mw_side_work *it, bool in_background, mw_error *err) {
    mw_arena arena;
    const char *executable = NULL;
    mw_side_work_end(it);
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_executable_path(it->cli->sys, &arena, &executable, err);
    const char *arguments[] = {executable, it->command, "-C", it->cli->folder, NULL};
    mw_process_config config = {.arguments = arguments,
                                .quiet_errors = it->has_failed,
                                .in_background = in_background};
    it->in_background = in_background;
    if (status == MW_OK) status = mw_process_start(it->cli->sys, config, &it->process, err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_side_work_ended(mw_side_work *it, bool *out_has_ended, mw_error *err) {
    mw_process_result result;
    *out_has_ended = it->process && !mw_process_running(it->process);
    if (!*out_has_ended) return MW_OK;
    MW_TRY(mw_process_wait(it->process, &result, err));
    mw_side_work_end(it);
    it->has_failed = result.exit_code != 0;
    it->cpu_us = result.cpu_us;
    return MW_OK;
}

void mw_side_work_end(mw_side_work *it) {
    mw_process_destroy(it->process);
    it->process = NULL;
}
