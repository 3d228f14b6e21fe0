#include "sys/process.h"
#include "testing/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static mw_process *start(mw_process_config config) {
    mw_process *process;
    mw_error err;
    MW_CHECK_OK(mw_process_start(mw_sys_real(), config, &process, &err), &err);
    MW_CHECK(mw_process_id(process) > 1);
    return process;
}

static mw_process *start_shell(const char *script, bool pipe_input) {
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    return start((mw_process_config){.arguments = arguments, .pipe_input = pipe_input,
                                     .pipe_output = true, .quiet_errors = true});
}

static void check_output(mw_process *process, const char *expected) {
    char output[4096];
    size_t size = 0, got = 1;
    mw_error err;
    while (got > 0) {
        MW_CHECK_OK(mw_process_read(process, output + size, sizeof output - size, &got, &err),
                    &err);
        size += got;
    }
    MW_CHECK_EQUAL_STR(((mw_str){output, size}), expected);
}

static mw_process_result finish(mw_process *process) {
    mw_process_result result;
    mw_error err;
    MW_CHECK_OK(mw_process_wait(process, &result, &err), &err);
    MW_CHECK(!mw_process_running(process));
    mw_process_destroy(process);
    return result;
}

MW_TEST(process_talks_through_pipes) {
    mw_process *process = start_shell("tr a-z A-Z; exit 3", true);
    mw_error err;
    MW_CHECK_OK(mw_process_write(process, MW_STR("hello "), &err), &err);
    MW_CHECK_OK(mw_process_write(process, MW_STR("world"), &err), &err);
    mw_process_end_input(process);
    check_output(process, "HELLO WORLD");
    mw_process_result result = finish(process);
    MW_CHECK_EQUAL_INT(result.exit_code, 3);
    MW_CHECK(result.memory_peak_bytes > 0 && result.cpu_us >= 0);
}

MW_TEST(process_has_no_input_unless_asked) {
    mw_process *process = start_shell("cat; echo done", false);
    check_output(process, "done\n");
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 0);
}

MW_TEST(process_says_errors_among_its_output) {
    const char *const arguments[] = {"/bin/sh", "-c", "echo one; echo two >&2; echo three", NULL};
    mw_process *process = start((mw_process_config){
        .arguments = arguments, .pipe_output = true, .pipe_errors = true});
    check_output(process, "one\ntwo\nthree\n");
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 0);
}

MW_TEST(process_takes_a_folder_and_an_environment) {
    MW_CHECK(setenv("MILLWRIGHT_A", "old", 1) == 0 && setenv("MILLWRIGHT_B", "kept", 1) == 0);
    const char *const arguments[] = {"sh", "-c",
                                     "pwd; echo $MILLWRIGHT_A $MILLWRIGHT_B $MILLWRIGHT_C", NULL};
    const char *const environment[] = {"MILLWRIGHT_A=new", "MILLWRIGHT_C=more", NULL};
    mw_process *process = start((mw_process_config){
        .arguments = arguments, .environment = environment, .folder = "/", .pipe_output = true});
    check_output(process, "/\nnew kept more\n");
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 0);
    MW_CHECK(unsetenv("MILLWRIGHT_A") == 0 && unsetenv("MILLWRIGHT_B") == 0);
}

MW_TEST(process_says_why_it_cannot_start) {
    mw_error err;
    mw_process *process = NULL;
    const char *const absent[] = {"/no/such/program", NULL};
    MW_CHECK_STATUS(mw_process_start(mw_sys_real(), (mw_process_config){.arguments = absent},
                                     &process, &err), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message,
                       "/no/such/program: cannot be started: No such file or directory");
    const char *const present[] = {"/bin/true", NULL};
    mw_process_config config = {.arguments = present, .folder = "/no/such/folder"};
    MW_CHECK_STATUS(mw_process_start(mw_sys_real(), config, &process, &err), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message,
                       "/no/such/folder: cannot be entered: No such file or directory");
    MW_CHECK(process == NULL);
}

MW_TEST(process_tells_signals_and_running) {
    mw_process *process = start_shell("exec sleep 60", false);
    MW_CHECK(mw_process_running(process));
    mw_process_signal(process, SIGTERM);
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 128 + SIGTERM);
}

MW_TEST(process_works_in_the_background) {
    const char *const arguments[] = {"/bin/sleep", "60", NULL};
    for (int i = 0; i < 2; i++) {
        mw_process *process =
            start((mw_process_config){.arguments = arguments, .in_background = i == 1});
        MW_CHECK_EQUAL_INT(sched_getscheduler((pid_t)mw_process_id(process)),
                           i == 1 ? SCHED_IDLE : SCHED_OTHER);
        mw_process_destroy(process);
    }
    MW_CHECK_EQUAL_INT(sched_getscheduler(0), SCHED_OTHER);
}

MW_TEST(process_in_the_background_is_killed_first_for_memory) {
    const char *const arguments[] = {"/bin/cat", "/proc/self/oom_score_adj", NULL};
    mw_process *process = start((mw_process_config){
        .arguments = arguments, .pipe_output = true, .in_background = true});
    check_output(process, "1000\n");
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 0);
}

/* A signal that the parent has blocked, as a server does, still ends its children. */
MW_TEST(process_does_not_inherit_blocked_signals) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    MW_CHECK(sigprocmask(SIG_BLOCK, &term, NULL) == 0);
    mw_process *process = start_shell("exec sleep 60", false);
    mw_process_signal(process, SIGTERM);
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 128 + SIGTERM);
    MW_CHECK(sigprocmask(SIG_UNBLOCK, &term, NULL) == 0);
}

MW_TEST(process_survives_a_child_that_does_not_read) {
    mw_process *process = start_shell("exec 0<&-; echo closed; exec sleep 60", true);
    char line[16];
    size_t size;
    mw_error err;
    MW_CHECK_OK(mw_process_read(process, line, sizeof line, &size, &err), &err);
    MW_CHECK_STATUS(mw_process_write(process, MW_STR("x"), &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "process: the child has closed its input");
    mw_process_destroy(process); /* kills it */
    mw_process_destroy(NULL);
}

/* Not even a file that a library opened without O_CLOEXEC. */
MW_TEST(process_inherits_no_open_file) {
    int leaky = open("/dev/null", O_RDONLY);
    MW_CHECK(leaky > 2);
    mw_process *process = start_shell("ls /proc/self/fd | tr '\\n' ' '", false);
    check_output(process, "0 1 2 3 "); /* 3 is the folder that ls reads */
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 0);
    close(leaky);
}

/* A child without standard files: what it opens must get none of their numbers. */
MW_TEST(process_holds_the_numbers_of_standard_files) {
    pid_t child = fork();
    MW_CHECK(child >= 0);
    if (child == 0) {
        for (int i = 0; i < 3; i++) close(i);
        mw_process_hold_standard_files();
        char byte = 0;
        bool is_shut = read(0, &byte, 1) < 0 && write(1, &byte, 1) < 0 && write(2, &byte, 1) < 0;
        _exit(is_shut && open("/dev/null", O_RDONLY) > 2 ? 0 : 1);
    }
    int state;
    MW_CHECK(waitpid(child, &state, 0) == child);
    MW_CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

/* By itself a write beyond the limit would end the process. */
MW_TEST(process_outlives_files_that_may_not_grow) {
    char path[300];
    snprintf(path, sizeof path, "%s/full", mw_test_directory());
    pid_t child = fork();
    MW_CHECK(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 4, .rlim_max = RLIM_INFINITY};
        mw_process_outlive_full_files();
        bool is_full = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                       mw_sys_write_file(mw_sys_real(), path, MW_STR("longer than that"), NULL) ==
                           MW_NO_SPACE;
        _exit(is_full ? 0 : 1);
    }
    int state;
    MW_CHECK(waitpid(child, &state, 0) == child);
    MW_CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

static size_t open_file_count(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    MW_CHECK(folder != NULL);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static mw_status start_once(void *context) {
    (void)context;
    const char *const arguments[] = {"/bin/true", NULL};
    mw_process *process;
    mw_process_config config = {.arguments = arguments, .pipe_input = true, .pipe_output = true};
    MW_TRY(mw_process_start(mw_sys_real(), config, &process, NULL));
    mw_process_destroy(process);
    return MW_OK;
}

MW_TEST(process_leaves_nothing_open) {
    size_t before = open_file_count();
    MW_CHECK(mw_test_every_allocation_fails(start_once, NULL) >= 2);
    for (int i = 0; i < 5; i++) MW_CHECK_OK(start_once(NULL), NULL);
    MW_CHECK_EQUAL_INT(open_file_count(), before);
}

/* A child dies with its parent: the middle one starts a child, says its id and kills itself. */
MW_TEST(process_dies_with_its_parent) {
    int pipe_ends[2];
    MW_CHECK(pipe(pipe_ends) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        const char *const arguments[] = {"/bin/sleep", "60", NULL};
        mw_process *process = start((mw_process_config){.arguments = arguments});
        int64_t id = mw_process_id(process);
        if (write(pipe_ends[1], &id, sizeof id) != sizeof id) _exit(1);
        kill(getpid(), SIGKILL);
    }
    int64_t id = 0;
    MW_CHECK(read(pipe_ends[0], &id, sizeof id) == sizeof id);
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)id);
    do { /* until it is gone, or dead and not yet reaped by whoever inherited it */
        FILE *file = fopen(path, "r");
        state = 'X';
        if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
        if (file) fclose(file);
        usleep(1000);
    } while (state != 'X' && state != 'Z');
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* --- talking --------------------------------------------------------------------------------- */

enum { ECHO_SIZE = 1 << 20 };

/* More than the pipes hold goes in while as much comes out. */
MW_TEST(process_talks_both_ways_at_once) {
    mw_process *process = start_shell("exec cat", true);
    char *said = mw_allocate(ECHO_SIZE), heard[8192];
    MW_CHECK(said != NULL);
    for (size_t i = 0; i < ECHO_SIZE; i++) said[i] = (char)(i * 7);
    mw_str input = {said, ECHO_SIZE};
    size_t heard_count = 0;
    mw_error err;
    while (heard_count < ECHO_SIZE) {
        mw_process_turn turn = {&input, heard, sizeof heard, 10 * MW_SECOND_US};
        size_t size;
        bool ended;
        MW_CHECK_OK(mw_process_talk(process, turn, &size, &ended, &err), &err);
        MW_CHECK(!ended && memcmp(said + heard_count, heard, size) == 0);
        heard_count += size;
    }
    MW_CHECK_EQUAL_INT(input.size, 0);
    mw_free(said);
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 0);
}

MW_TEST(process_talk_tells_silence_and_the_end) {
    mw_str input = MW_STR("");
    char heard[10];
    mw_process_turn turn = {&input, heard, sizeof heard, 20000};
    size_t size = 0;
    bool ended = false;
    mw_error err;
    mw_process *silent = start_shell("exec sleep 100", true);
    MW_CHECK_STATUS(mw_process_talk(silent, turn, &size, &ended, &err), MW_TIMED_OUT);
    mw_process_destroy(silent);
    mw_process *dead = start_shell("exit 1", true);
    turn.span_us = 10 * MW_SECOND_US;
    MW_CHECK_OK(mw_process_talk(dead, turn, &size, &ended, &err), &err);
    MW_CHECK(ended);
    mw_process_destroy(dead);
}

static bool is_alive(pid_t id) {
    char path[40], line[200] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)id);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return is_read && !strstr(line, ") Z "); /* whom nobody reaps here is dead all the same */
}

static void check_nobody_left(const char *script, bool ends_by_itself) {
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    mw_process *process = start((mw_process_config){.arguments = arguments, .pipe_input = true,
                                                    .pipe_output = true, .own_group = true});
    char line[40] = {0};
    size_t size;
    mw_error err;
    MW_CHECK_OK(mw_process_read(process, line, sizeof line - 1, &size, &err), &err);
    int64_t left;
    MW_CHECK(mw_str_to_int64(mw_str_trim(mw_str_of(line)), &left));
    if (ends_by_itself) {
        mw_process_result result;
        MW_CHECK_OK(mw_process_wait(process, &result, &err), &err);
    }
    mw_process_destroy(process);
    for (int i = 0; i < 1000 && is_alive((pid_t)left); i++) usleep(1000);
    MW_CHECK(!is_alive((pid_t)left));
}

MW_TEST(process_ends_within_a_span_or_not) {
    mw_process *process = start_shell("cat > /dev/null; exit 3", true);
    MW_CHECK(mw_process_ends_within(process, 20 * MW_SECOND_US)); /* its input has */
    MW_CHECK_EQUAL_INT(finish(process).exit_code, 3);
    process = start_shell("exec >&-; exec sleep 100", true);
    MW_CHECK(!mw_process_ends_within(process, 1000));
    MW_CHECK(mw_process_running(process));
    mw_process_destroy(process);
}

/* What a child has started goes with it, whether it is killed or ends. */
MW_TEST(process_kills_its_group) {
    check_nobody_left("sleep 100 & echo $!; sleep 100", false);
    check_nobody_left("sleep 100 & echo $!", true);
}

/* Ignores all that can be ignored, its end of input too, and so does what it starts. */
static void *start_stubborn(void *out_process) {
    const char *const arguments[] = {
        "/bin/sh", "-c", "trap '' HUP INT QUIT TERM PIPE IO; sleep 100 & echo $!; sleep 100", NULL};
    *(mw_process **)out_process = start((mw_process_config){
        .arguments = arguments, .pipe_input = true, .pipe_output = true, .own_group = true});
    return NULL;
}

/* Even if it was started by a thread that has ended; which ends nobody. */
MW_TEST(process_group_dies_with_its_parent) {
    int pipe_ends[2];
    MW_CHECK(pipe(pipe_ends) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        mw_process *process;
        pthread_t thread;
        char line[40] = {0};
        size_t size;
        mw_error err;
        MW_CHECK(pthread_create(&thread, NULL, start_stubborn, &process) == 0);
        MW_CHECK(pthread_join(thread, NULL) == 0);
        MW_CHECK_OK(mw_process_read(process, line, sizeof line - 1, &size, &err), &err);
        usleep(50000);
        MW_CHECK(mw_process_running(process));
        int64_t ids[2] = {mw_process_id(process)};
        MW_CHECK(mw_str_to_int64(mw_str_trim(mw_str_of(line)), &ids[1]));
        MW_CHECK(write(pipe_ends[1], ids, sizeof ids) == sizeof ids);
        kill(getpid(), SIGKILL);
    }
    close(pipe_ends[1]);
    int64_t ids[2];
    MW_CHECK(read(pipe_ends[0], ids, sizeof ids) == sizeof ids);
    for (size_t i = 0; i < 2; i++) {
        for (int wait = 0; wait < 10000 && is_alive((pid_t)ids[i]); wait++) usleep(1000);
        MW_CHECK(!is_alive((pid_t)ids[i]));
    }
    close(pipe_ends[0]);
}
