#include "serve/supervisor.h"
#include "testing/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mw_buf said;
static char file[256]; /* what the children write to */

static int64_t drain_us; /* of the next run; 0: the default */

static int third_stop_at; /* the stop at which one more follows; 0: none does */

static void say(void *context, const char *line) {
    (void)context;
    mw_buf_printf(&said, "%s\n", line);
    bool is_stop = third_stop_at > 0 && strstr(line, "told to stop") != NULL;
    if (is_stop && --third_stop_at == 0) {
        third_stop_at = -1;
        MW_CHECK(kill(getpid(), SIGINT) == 0);
    }
}

/* Runs shell scripts as roles "a" and "b"; `$F` is a file for them, $PPID the supervisor. */
static mw_status run(const char *a, const char *b, mw_error *err) {
    snprintf(file, sizeof file, "%s/story", mw_test_directory());
    MW_CHECK(setenv("F", file, 1) == 0);
    mw_buf_init(&said, 1 << 16);
    const char *const arguments_a[] = {"/bin/sh", "-c", a, NULL};
    const char *const arguments_b[] = {"/bin/sh", "-c", b, NULL};
    const mw_role roles[] = {{"a", arguments_a}, {"b", arguments_b}};
    mw_supervisor_config config = {
        .roles = roles, .role_count = b ? 2 : 1, .say = say, .pause_us = 1000,
        .quick_death_max = 3, .drain_us = drain_us};
    return mw_supervisor_run(mw_sys_real(), config, err);
}

static void check_story(const char *expected) {
    mw_buf story;
    mw_error err;
    mw_buf_init(&story, 1 << 16);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), file, &story, &err), &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&story), expected);
    mw_buf_release(&story);
    mw_buf_release(&said);
}

/* Says "x"; once it has been said three times tells the supervisor to stop. */
#define COUNT_TO_THREE "printf x >> $F; [ $(wc -c < $F) -lt 3 ] || kill -TERM $PPID; "

MW_TEST(supervisor_starts_again_who_is_killed) {
    mw_error err;
    MW_CHECK_OK(run(COUNT_TO_THREE "[ $(wc -c < $F) -ge 3 ] || kill -9 $$; exec sleep 60", NULL,
                    &err), &err);
    MW_CHECK(strstr(said.data, "a: died after ") != NULL);
    MW_CHECK(strstr(said.data, "with exit code 137, starts again in 2 ms") != NULL);
    MW_CHECK(strstr(said.data, "told to stop by signal 15") != NULL);
    check_story("xxx");
}

MW_TEST(supervisor_gives_up_who_keeps_dying) {
    mw_error err;
    MW_CHECK_STATUS(run("while [ ! -s $F ]; do sleep 0.01; done; printf x >> $F; kill -9 $$",
                        "trap 'printf drained >> $F; exit 0' TERM; printf ready >> $F;"
                        "while :; do sleep 0.01; done", &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "a: died 3 times within 5000 ms of its start, the last time "
                                    "with exit code 137");
    check_story("readyxxxdrained");
}

MW_TEST(supervisor_does_not_repeat_what_cannot_start) {
    mw_error err;
    MW_CHECK_STATUS(run("printf x >> $F; exit 3", "exec sleep 60", &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "a: could not start, exit code 3");
    check_story("x");
}

MW_TEST(supervisor_waits_for_a_drain) {
    mw_error err;
    MW_CHECK_OK(run("trap 'sleep 0.05; printf drained >> $F; exit 0' TERM; kill -TERM $PPID;"
                    "while :; do sleep 0.01; done", "exec sleep 60", &err), &err);
    check_story("drained");
}

MW_TEST(supervisor_kills_who_does_not_drain) {
    mw_error err;
    drain_us = 100000;
    MW_CHECK_STATUS(run("trap '' TERM; printf x >> $F; kill -TERM $PPID; exec sleep 60", NULL,
                        &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "a: must end within 100 ms when told to, was killed");
    drain_us = 0;
    check_story("x");
}

MW_TEST(supervisor_kills_at_once_when_told_twice) {
    mw_error err;
    MW_CHECK_STATUS(run("trap 'kill -TERM $PPID' TERM; printf x >> $F; kill -TERM $PPID;"
                        "while :; do sleep 0.01; done", NULL, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message,
                       "a: was killed before it had ended, for stop was said twice");
    check_story("x");
}

/* Once it is told the second time it is told again, before it can learn who has died of that. */
MW_TEST(supervisor_says_the_same_when_told_three_times) {
    mw_error err;
    third_stop_at = 2;
    MW_CHECK_STATUS(run("trap 'kill -TERM $PPID' TERM; printf x >> $F; kill -TERM $PPID;"
                        "while :; do sleep 0.01; done", NULL, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message,
                       "a: was killed before it had ended, for stop was said twice");
    MW_CHECK(third_stop_at < 0);
    third_stop_at = 0;
    check_story("x");
}

MW_TEST(supervisor_tells_a_drain_that_failed) {
    mw_error err;
    MW_CHECK_STATUS(run("trap 'exit 4' TERM; printf x >> $F; kill -INT $PPID;"
                        "while :; do sleep 0.01; done", NULL, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "a: must drain, got exit code 4");
    check_story("x");
}

MW_TEST(supervisor_says_what_is_not_there) {
    const char *const arguments[] = {"/no/such/program", NULL};
    const mw_role role = {"server", arguments};
    mw_error err;
    MW_CHECK_STATUS(mw_supervisor_run(mw_sys_real(), (mw_supervisor_config){.roles = &role,
                                                                          .role_count = 1}, &err),
                    MW_NOT_FOUND);
    MW_CHECK(mw_str_starts(mw_str_of(err.message), MW_STR("/no/such/program: ")));
}
