/*
 * process: child processes.
 *
 * A child gets a list of arguments (never a shell), optional extra environment, and pipes
 * where asked for; it inherits no other open file of ours. It dies with the thread that started it,
 * so start children from a thread that lasts. One that leads a group dies with this process, and
 * all of its group too: the kernel sees to it, whatever they ignore, as long as one of the group
 * has left open the file that the child inherits for that. Who leaves the group (setsid) is not
 * reached.
 *
 * A process belongs to one thread. Whoever both writes and reads must know that the child does
 * not block on its output while it is still being fed, or does both by mw_process_talk.
 */
#pragma once
#include "sys/parallel.h"

typedef struct mw_process mw_process;

typedef struct {
    const char *const *arguments;   /* NULL at the end; [0] is a path, or a name for $PATH */
    const char *const *environment; /* "NAME=value" to add, NULL at the end; may be NULL */
    const char *folder;             /* to run in; NULL: this one */
    bool pipe_input;                /* else /dev/null */
    bool pipe_output;               /* else inherited */
    bool pipe_errors;               /* stderr goes where the output goes */
    bool quiet_errors;              /* stderr to /dev/null, else inherited */
    bool own_group;                 /* it leads a process group: signals go to all of that, and
                                       what it leaves behind is killed with its end, or with ours;
                                       it inherits one file for that */
    bool in_background;             /* as below, from its beginning on: who starts it waits until it
                                       has become its program, also where the cores are busy; and
                                       where memory is out, it is killed first */
} mw_process_config;

MW_MUST_USE mw_status mw_process_start(mw_sys *sys, mw_process_config config,
                                       mw_process **out_process, mw_error *err);
/* MW_UNAVAILABLE if the child does not read any more. */
MW_MUST_USE mw_status mw_process_write(mw_process *process, mw_str bytes, mw_error *err);
void mw_process_end_input(mw_process *process);
/* Blocks for some output; `*out_size` 0 means that it ended. */
MW_MUST_USE mw_status mw_process_read(mw_process *process, void *bytes, size_t size,
                                      size_t *out_size, mw_error *err);
/* Feeds the child from the front of `*input` or reads what it says, whatever comes first: after
   this some of the input has gone, or there is output, or `*out_ended` says that no more will come.
   MW_TIMED_OUT: neither within the span. MW_UNAVAILABLE as above. */
typedef struct {
    mw_str *input;
    void *bytes; /* room for output */
    size_t size;
    int64_t span_us;
} mw_process_turn;
MW_MUST_USE mw_status mw_process_talk(mw_process *process, mw_process_turn turn,
                                      size_t *out_size, bool *out_ended, mw_error *err);
typedef struct {
    int exit_code; /* or 128 + the signal that ended it */
    int64_t cpu_us;
    int64_t memory_peak_bytes;
} mw_process_result;
/* Ends its input and waits for its end; read its output before. May be called again. */
MW_MUST_USE mw_status mw_process_wait(mw_process *process, mw_process_result *out_result,
                                      mw_error *err);
/* Ends its input and waits for its end, but no longer than this; whether it has ended. */
bool mw_process_ends_within(mw_process *process, int64_t span_us);
bool mw_process_running(mw_process *process); /* does not wait */
void mw_process_signal(mw_process *process, int signal_number);
int64_t mw_process_id(const mw_process *process);
/* Becomes readable when the child has ended: for mw_poller_add. */
int mw_process_descriptor(const mw_process *process);
void mw_process_destroy(mw_process *process); /* kills (SIGKILL) and reaps it if it still runs */

/* At the very start, where whoever starts this process may have closed its standard files: opens
   them on /dev/null, so that no file of ours gets their numbers and, by mistake, what is meant for
   people. Reading and writing them fails as before. */
void mw_process_hold_standard_files(void);
/* From now on a file that has reached the size that is allowed (ulimit -f) does not end this
   process: it is full, as a disk may be. Children are as before. */
void mw_process_outlive_full_files(void);
/* For a child whose parent decides when it ends: what the terminal sends to both of them (SIGINT,
   SIGHUP) does not end this process any more. */
void mw_process_leave_terminal_to_parent(void);
/* From now on who reads this process's output, and goes, does not end it: what is written then is
   lost. Children are as before. */
void mw_process_outlive_readers(void);
/* From now on this thread, and what it starts, gets next to nothing but what time of the cores
   nobody else wants. It cannot be taken back. */
void mw_process_work_in_background(void);
