/*
 * process: child processes and threads.
 *
 * A child gets a list of arguments (never a shell), optional extra environment, and pipes
 * where asked for. It dies with its parent. Threads here are for splitting work that shares
 * nothing: mw_parallel runs one body over disjoint pieces and waits for all.
 */
#pragma once
#include "sys/sys.h"

typedef struct mw_process mw_process;

typedef struct {
    const char *const *arguments;   /* NULL at the end; [0] is the executable's path */
    const char *const *environment; /* "NAME=value" to add, NULL at the end; may be NULL */
    const char *folder;             /* to run in; NULL: this one */
    bool pipe_input;                /* else /dev/null */
    bool pipe_output;               /* else inherited */
    bool quiet_errors;              /* stderr to /dev/null, else inherited */
} mw_process_config;

MW_MUST_USE mw_status mw_process_start(mw_sys *sys, mw_process_config config,
                                       mw_process **out_process, mw_error *err);
MW_MUST_USE mw_status mw_process_write(mw_process *process, mw_str bytes, mw_error *err);
void mw_process_end_input(mw_process *process);
/* Blocks for some output; `*out_size` 0 means that it ended. */
MW_MUST_USE mw_status mw_process_read(mw_process *process, void *bytes, size_t size,
                                      size_t *out_size, mw_error *err);
/* Waits for its end: exit code, or 128 + signal. Its CPU time and peak memory if asked for. */
typedef struct {
    int exit_code;
    int64_t cpu_us;
    int64_t memory_peak_bytes;
} mw_process_result;
MW_MUST_USE mw_status mw_process_wait(mw_process *process, mw_process_result *out_result,
                                      mw_error *err);
bool mw_process_running(mw_process *process); /* does not wait */
void mw_process_signal(mw_process *process, int signal_number);
int64_t mw_process_id(const mw_process *process);
void mw_process_destroy(mw_process *process); /* kills (SIGKILL) and reaps it if it still runs */

typedef mw_status (*mw_parallel_body)(void *context, size_t piece, mw_error *err);
/* Runs body(context, 0 .. piece_count-1), at most `thread_count` at a time; the failure of the
   lowest piece is returned. `context` is the caller's and shared by the pieces. */
MW_MUST_USE mw_status mw_parallel(mw_sys *sys, size_t thread_count, size_t piece_count,
                                  mw_parallel_body body, void *context, mw_error *err);
size_t mw_sys_core_count(mw_sys *sys);
