#include "sys/process.h"

#include "sys/backend.h"
#include "sys/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_DESCRIPTOR = -1, EXIT_NOT_STARTED = 127, EXIT_SIGNALLED = 128 };

struct mw_process {
    pid_t id;
    int descriptor; /* a pidfd: readable once the child has ended */
    int input;      /* our ends of the pipes */
    int output;
    int lifeline;
    bool ended;
    bool own_group;
    mw_process_result result;
};

/* All that a child is made from, got ready before it begins: until it has become its program it
   shares our memory, so it may call only what a signal handler may, and writes nothing of ours. */
typedef struct {
    mw_process_config config;
    char **environment;
    int nowhere; /* /dev/null */
    int input[2], output[2], failure[2]; /* pipes: [0] is read, [1] is written */
    int lifeline[2]; /* a pipe on which nothing is ever said: hang_on */
    pid_t parent;
} child_plan;

/* How a child says that it could not become its program. */
typedef struct {
    int error_number;
    bool in_folder; /* it was the folder that could not be entered */
} start_failure;

static void close_descriptor(int *descriptor) {
    if (*descriptor != NO_DESCRIPTOR) close(*descriptor);
    *descriptor = NO_DESCRIPTOR;
}

/* "NAME=a" and "NAME=b" set one variable. */
static bool sets_same(const char *a, const char *b) {
    size_t name_size = strcspn(a, "=");
    return strncmp(a, b, name_size) == 0 && b[name_size] == '=';
}

static size_t list_count(const char *const *list) {
    size_t count = 0;
    while (list && list[count]) count++;
    return count;
}

/* Our variables, without those that `added` replaces, then `added`. */
static char **make_environment(const char *const *added) {
    size_t added_count = list_count(added), count = 0;
    size_t own_count = list_count((const char *const *)environ);
    char **variables = mw_allocate((own_count + added_count + 1) * sizeof *variables);
    if (!variables) return NULL;
    for (size_t i = 0; i < own_count; i++) {
        bool replaced = false;
        for (size_t k = 0; k < added_count && !replaced; k++)
            replaced = sets_same(added[k], environ[i]);
        if (!replaced) variables[count++] = environ[i];
    }
    for (size_t k = 0; k < added_count; k++) variables[count++] = (char *)(uintptr_t)added[k];
    return variables;
}

static void release_plan(child_plan *plan) {
    for (int end = 0; end < 2; end++) {
        close_descriptor(&plan->input[end]);
        close_descriptor(&plan->output[end]);
        close_descriptor(&plan->failure[end]);
        close_descriptor(&plan->lifeline[end]);
    }
    close_descriptor(&plan->nowhere);
    mw_free(plan->environment);
}

/* What was got stands in `plan` even on failure: release it. */
static mw_status prepare_plan(child_plan *plan, mw_error *err) {
    const char *program = plan->config.arguments[0];
    plan->parent = getpid();
    plan->environment = make_environment(plan->config.environment);
    if (!plan->environment)
        return mw_fail(err, MW_NO_MEMORY, "%s: no memory to start it", program);
    plan->nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool ready = plan->nowhere != NO_DESCRIPTOR && pipe2(plan->failure, O_CLOEXEC) == 0;
    if (ready && plan->config.pipe_input) ready = pipe2(plan->input, O_CLOEXEC) == 0;
    if (ready && plan->config.pipe_output) ready = pipe2(plan->output, O_CLOEXEC) == 0;
    if (ready && plan->config.own_group) ready = pipe2(plan->lifeline, O_CLOEXEC) == 0;
    return ready ? MW_OK : mw_fail_errno(err, errno, program, "no pipe for it");
}

static _Noreturn void give_up(const child_plan *plan, bool in_folder) {
    start_failure failure = {.error_number = errno, .in_folder = in_folder};
    ssize_t put = write(plan->failure[1], &failure, sizeof failure);
    _exit(put == (ssize_t)sizeof failure ? EXIT_NOT_STARTED : EXIT_NOT_STARTED + 1);
}

/* Leads a group that the kernel kills when the parent has died. The group keeps one end of a pipe,
   and only the parent the other: when that closes, the signal that tells of it is SIGKILL, and
   goes to the whole group. Our own copy of the parent's end is closed last, so that the parent
   may have died at any time before. */
static bool hang_on(const child_plan *plan) {
    int end = plan->lifeline[0];
    bool hangs = setpgid(0, 0) == 0 && fcntl(end, F_SETOWN, -getpid()) == 0 &&
                 fcntl(end, F_SETSIG, SIGKILL) == 0 && fcntl(end, F_SETFL, O_ASYNC) == 0;
    return hangs && close(plan->lifeline[1]) == 0;
}

static bool die_with_thread(const child_plan *plan) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
    if (getppid() != plan->parent) _exit(EXIT_NOT_STARTED); /* it had died before */
    return true;
}

/* Where memory is out the kernel takes this one first, before whom it works for. */
static void offer_to_die_first(void) {
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score == NO_DESCRIPTOR) return; /* where a sandbox forbids it all are equal */
    ssize_t put = write(score, "1000", 4);
    (void)put;
    close(score);
}

/* A niceness would not do: who has it gets a smaller share, but in turns of some milliseconds,
   while from an idle task any other takes the core at once. */
static void let_others_go_first(void) {
    const struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_IDLE, &none); /* where that is forbidden all are equal */
}

static _Noreturn void be_child(const child_plan *plan) {
    const mw_process_config *config = &plan->config;
    if (!(config->own_group ? hang_on(plan) : die_with_thread(plan))) give_up(plan, false);

    dup2(config->pipe_input ? plan->input[0] : plan->nowhere, STDIN_FILENO);
    if (config->pipe_output) dup2(plan->output[1], STDOUT_FILENO);
    if (config->pipe_errors) dup2(STDOUT_FILENO, STDERR_FILENO);
    if (config->quiet_errors) dup2(plan->nowhere, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC); /* those of libraries too */
    if (config->own_group) fcntl(plan->lifeline[0], F_SETFD, 0);
    if (config->in_background) offer_to_die_first();
    if (config->in_background) let_others_go_first(); /* to become its program is work, too, */
    if (config->in_background) mw_pace_rest();        /* and its parent's turn is no gift to it */
    if (config->folder && chdir(config->folder) != 0) give_up(plan, true);

    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL); /* what our poller catches must reach the child */
    mw_pace_undo_small_pages();
    execvpe(config->arguments[0], (char *const *)(uintptr_t)config->arguments,
            plan->environment);
    give_up(plan, false);
}

static void reap(mw_process *process, int status, const struct rusage *usage) {
    int64_t seconds = (int64_t)usage->ru_utime.tv_sec + usage->ru_stime.tv_sec;
    int64_t rest_us = (int64_t)usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
    process->ended = true;
    process->result = (mw_process_result){
        .exit_code = WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status),
        .cpu_us = seconds * MW_SECOND_US + rest_us,
        .memory_peak_bytes = (int64_t)usage->ru_maxrss * 1024,
    };
}

/* Kills what is left of the group of a child that has ended. It is not reaped yet, so the group's
   number is still its own. */
static void kill_left_behind(const mw_process *process, int options) {
    siginfo_t info = {0};
    int code;
    do code = waitid(P_PID, (id_t)process->id, &info, WEXITED | WNOWAIT | options);
    while (code != 0 && errno == EINTR);
    if (code == 0 && info.si_pid == process->id) kill(-process->id, SIGKILL);
}

/* Takes the end of the child if it has come; waits for it unless `options` is WNOHANG. */
static mw_status wait_for(mw_process *process, int options, mw_error *err) {
    if (process->ended) return MW_OK;
    if (process->own_group) kill_left_behind(process, options);
    int status;
    struct rusage usage;
    pid_t id;
    do id = wait4(process->id, &status, options, &usage);
    while (id < 0 && errno == EINTR);
    if (id < 0) return mw_fail_errno(err, errno, "process", "cannot be waited for");
    if (id == process->id) reap(process, status, &usage);
    return MW_OK;
}

/* Until the child has become its program, which closes the pipe, or has said why not. */
static mw_status await_start(mw_process *process, child_plan *plan, mw_error *err) {
    start_failure failure;
    close_descriptor(&plan->failure[1]);
    ssize_t got;
    do got = read(plan->failure[0], &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof failure) return MW_OK;
    MW_TRY(wait_for(process, 0, err));
    return mw_fail_errno(err, failure.error_number,
                         failure.in_folder ? plan->config.folder : plan->config.arguments[0],
                         failure.in_folder ? "cannot be entered" : "cannot be started");
}

static mw_status start(mw_process *process, child_plan *plan, mw_error *err) {
    MW_TRY(prepare_plan(plan, err));
    process->id = vfork(); /* a fork copies the page tables, some ms for a process like ours */
    if (process->id == 0) be_child(plan);
    if (process->id < 0)
        return mw_fail_errno(err, errno, plan->config.arguments[0], "no process for it");
    mw_pace_redo_small_pages(); /* the child has shared all of our memory up to here */
    process->ended = false;
    process->own_group = plan->config.own_group;
    if (process->own_group) setpgid(process->id, process->id); /* whoever of the two is first */
    process->descriptor = pidfd_open(process->id, 0);
    if (process->descriptor < 0)
        return mw_fail_errno(err, errno, plan->config.arguments[0], "cannot be watched");
    MW_TRY(await_start(process, plan, err));
    process->input = plan->input[1];
    process->output = plan->output[0];
    process->lifeline = plan->lifeline[1];
    plan->input[1] = plan->output[0] = plan->lifeline[1] = NO_DESCRIPTOR; /* the process's now */
    return MW_OK;
}

mw_status mw_process_start(mw_sys *sys, mw_process_config config, mw_process **out_process,
                           mw_error *err) {
    MW_TRY(mw_sys_check_real(sys, "processes", err));
    MW_ASSERT(config.arguments && config.arguments[0]);
    mw_process *process = mw_allocate(sizeof *process);
    if (!process)
        return mw_fail(err, MW_NO_MEMORY, "%s: no memory to start it", config.arguments[0]);
    *process = (mw_process){.descriptor = NO_DESCRIPTOR,
                            .input = NO_DESCRIPTOR,
                            .output = NO_DESCRIPTOR,
                            .lifeline = NO_DESCRIPTOR,
                            .ended = true}; /* not begun: there is nothing to reap */
    child_plan plan = {.config = config,
                   .nowhere = NO_DESCRIPTOR,
                   .input = {NO_DESCRIPTOR, NO_DESCRIPTOR},
                   .output = {NO_DESCRIPTOR, NO_DESCRIPTOR},
                   .failure = {NO_DESCRIPTOR, NO_DESCRIPTOR},
                   .lifeline = {NO_DESCRIPTOR, NO_DESCRIPTOR}};
    mw_status status = start(process, &plan, err);
    release_plan(&plan);
    if (status == MW_OK) *out_process = process;
    else mw_process_destroy(process);
    return status;
}

/* A write to a pipe that nobody reads raises SIGPIPE. It is held back in this thread alone and
   taken out again, so that nothing else in the program learns of it. */
static ssize_t write_without_signal(int descriptor, mw_str bytes) {
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t put = write(descriptor, bytes.data, bytes.size);
    int error_number = errno;
    if (put < 0 && error_number == EPIPE)
        sigtimedwait(&pipe_signal, NULL, &(struct timespec){0, 0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error_number;
    return put;
}

mw_status mw_process_write(mw_process *process, mw_str bytes, mw_error *err) {
    MW_ASSERT(process->input != NO_DESCRIPTOR);
    while (bytes.size > 0) {
        ssize_t put = write_without_signal(process->input, bytes);
        if (put < 0 && errno == EPIPE)
            return mw_fail(err, MW_UNAVAILABLE, "process: the child has closed its input");
        if (put < 0 && errno != EINTR)
            return mw_fail_errno(err, errno, "process", "its input cannot be written");
        if (put > 0) bytes = mw_str_slice(bytes, (size_t)put, bytes.size);
    }
    return MW_OK;
}

void mw_process_end_input(mw_process *process) {
    close_descriptor(&process->input);
}

mw_status mw_process_read(mw_process *process, void *bytes, size_t size, size_t *out_size,
                          mw_error *err) {
    MW_ASSERT(process->output != NO_DESCRIPTOR);
    ssize_t got;
    do got = read(process->output, bytes, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) return mw_fail_errno(err, errno, "process", "its output cannot be read");
    *out_size = (size_t)got;
    return MW_OK;
}

static int milliseconds_of(int64_t span_us) {
    int64_t span_ms = span_us <= 0 ? 0 : (span_us + 999) / 1000;
    return span_ms > INT_MAX ? INT_MAX : (int)span_ms;
}

/* Waits until the child takes input or gives output; MW_TIMED_OUT. */
static mw_status await_turn(const mw_process *process, mw_process_turn turn, mw_error *err) {
    struct pollfd ends[2] = {{.fd = process->output, .events = POLLIN},
                             {.fd = turn.input->size > 0 ? process->input : NO_DESCRIPTOR,
                              .events = POLLOUT}};
    int ready = poll(ends, 2, milliseconds_of(turn.span_us));
    if (ready < 0 && errno != EINTR)
        return mw_fail_errno(err, errno, "process", "cannot be waited for");
    return ready == 0 ? mw_fail(err, MW_TIMED_OUT, "process: it did not answer in time") : MW_OK;
}

/* As much as goes without waiting. */
static mw_status feed(const mw_process *process, mw_str *input, mw_error *err) {
    fcntl(process->input, F_SETFL, O_NONBLOCK);
    ssize_t put = write_without_signal(process->input, *input);
    if (put < 0 && errno == EPIPE)
        return mw_fail(err, MW_UNAVAILABLE, "process: the child has closed its input");
    if (put < 0 && errno != EAGAIN && errno != EINTR)
        return mw_fail_errno(err, errno, "process", "its input cannot be written");
    if (put > 0) *input = mw_str_slice(*input, (size_t)put, input->size);
    return MW_OK;
}

mw_status mw_process_talk(mw_process *process, mw_process_turn turn, size_t *out_size,
                          bool *out_ended, mw_error *err) {
    MW_ASSERT(process->input != NO_DESCRIPTOR && process->output != NO_DESCRIPTOR);
    struct pollfd output = {.fd = process->output, .events = POLLIN};
    MW_TRY(await_turn(process, turn, err));
    *out_size = 0;
    *out_ended = false;
    if (turn.input->size > 0) MW_TRY(feed(process, turn.input, err));
    if (poll(&output, 1, 0) <= 0) return MW_OK;
    MW_TRY(mw_process_read(process, turn.bytes, turn.size, out_size, err));
    *out_ended = *out_size == 0;
    return MW_OK;
}

mw_status mw_process_wait(mw_process *process, mw_process_result *out_result, mw_error *err) {
    mw_process_end_input(process);
    MW_TRY(wait_for(process, 0, err));
    *out_result = process->result;
    return MW_OK;
}

bool mw_process_ends_within(mw_process *process, int64_t span_us) {
    struct pollfd end = {.fd = process->descriptor, .events = POLLIN};
    int ready;
    mw_process_end_input(process);
    do ready = poll(&end, 1, milliseconds_of(span_us));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

bool mw_process_running(mw_process *process) {
    return wait_for(process, WNOHANG, NULL) == MW_OK && !process->ended;
}

void mw_process_signal(mw_process *process, int signal_number) {
    if (process->ended) return; /* else it is not reaped, so the id is its own */
    kill(process->own_group ? -process->id : process->id, signal_number);
}

int64_t mw_process_id(const mw_process *process) {
    return process->id;
}

int mw_process_descriptor(const mw_process *process) {
    return process->descriptor;
}

void mw_process_destroy(mw_process *process) {
    if (!process) return;
    mw_process_signal(process, SIGKILL);
    mw_status status = wait_for(process, 0, NULL);
    MW_ASSERT(status == MW_OK); /* it is our child and nobody else reaps it */
    close_descriptor(&process->input);
    close_descriptor(&process->output);
    close_descriptor(&process->lifeline);
    close_descriptor(&process->descriptor);
    mw_free(process);
}

void mw_process_hold_standard_files(void) {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) >= 0) continue;
        int opened = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        MW_ASSERT(opened < 0 || opened == number); /* the lowest that is free */
    }
}

void mw_process_outlive_full_files(void) {
    signal(SIGXFSZ, SIG_IGN);
}

void mw_process_leave_terminal_to_parent(void) {
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignored, NULL);
    sigaction(SIGHUP, &ignored, NULL);
}

void mw_process_outlive_readers(void) {
    signal(SIGPIPE, SIG_IGN);
}

void mw_process_work_in_background(void) {
    let_others_go_first();
}
