#include "sys/poller.h"
#include "sys/process.h"
#include "sys/sockets.h"
#include "testing/test.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define LONG_ENOUGH (10 * MW_SECOND_US)
enum { CAPACITY = 8 };

static mw_poller *create(void) {
    mw_poller *poller;
    mw_error err;
    MW_CHECK_OK(mw_poller_create(mw_sys_real(), &poller, &err), &err);
    return poller;
}

static size_t wait_for(mw_poller *poller, int64_t span_us, mw_poller_event events[CAPACITY]) {
    size_t count = CAPACITY + 1;
    mw_error err;
    MW_CHECK_OK(mw_poller_wait(poller, span_us, events, CAPACITY, &count, &err), &err);
    return count;
}

static mw_poller_event wait_for_one(mw_poller *poller) {
    mw_poller_event events[CAPACITY];
    MW_CHECK_EQUAL_INT(wait_for(poller, LONG_ENOUGH, events), 1);
    return events[0];
}

static mw_poller_event wait_without_end(mw_poller *poller) {
    mw_poller_event events[CAPACITY];
    MW_CHECK_EQUAL_INT(wait_for(poller, -1, events), 1);
    return events[0];
}

/* A server's life with one connection. */
MW_TEST(poller_tells_of_sockets) {
    mw_sys *sys = mw_sys_real();
    mw_socket *listener, *client, *server;
    mw_poller *poller = create();
    mw_poller_event events[CAPACITY], event;
    mw_poller_interest reading = {.readable = true};
    mw_error err;
    MW_CHECK_OK(mw_socket_listen(sys, "127.0.0.1", 0, &listener, &err), &err);
    int descriptor = mw_socket_descriptor(listener);
    MW_CHECK_OK(mw_poller_add(poller, descriptor, 7, reading, &err), &err);
    MW_CHECK(mw_poller_add(poller, descriptor, 8, reading, &err) != MW_OK); /* it is there */
    MW_CHECK_EQUAL_INT(wait_for(poller, 0, events), 0);
    MW_CHECK_EQUAL_INT(wait_for(poller, 1, events), 0);

    MW_CHECK_OK(mw_socket_connect(sys, "127.0.0.1", mw_socket_port(listener), &client, &err),
                &err);
    event = wait_for_one(poller);
    MW_CHECK(event.kind == MW_POLLER_READY && event.token == 7 && event.readable);
    MW_CHECK_OK(mw_socket_accept(listener, &server, &err), &err);
    mw_poller_remove(poller, descriptor);

    descriptor = mw_socket_descriptor(server);
    mw_poller_interest both = {.readable = true, .writable = true};
    MW_CHECK_OK(mw_poller_add(poller, descriptor, MW_POLLER_TOKEN_MAX, both, &err), &err);
    event = wait_for_one(poller);
    MW_CHECK(event.token == MW_POLLER_TOKEN_MAX && event.writable && !event.readable);
    MW_CHECK_OK(mw_poller_modify(poller, descriptor, 9, reading, &err), &err);
    MW_CHECK_EQUAL_INT(wait_for(poller, 0, events), 0);
    size_t size;
    MW_CHECK(mw_socket_write(client, MW_STR("x"), &size) == MW_SOCKET_MOVED);
    event = wait_for_one(poller);
    MW_CHECK(event.token == 9 && event.readable && !event.writable && !event.hangup);
    mw_socket_close(client);
    do event = wait_for_one(poller);
    while (!event.hangup);
    MW_CHECK(event.token == 9 && event.readable);
    mw_poller_remove(poller, descriptor);
    mw_socket_close(server);
    mw_socket_close(listener);
    mw_poller_destroy(poller);
    mw_poller_destroy(NULL);
}

static void *wake(void *context) {
    mw_poller_wake(context);
    return NULL;
}

MW_TEST(poller_is_woken_from_another_thread) {
    mw_poller *poller = create();
    mw_poller_event events[CAPACITY];
    for (int i = 0; i < 100; i++) mw_poller_wake(poller); /* before the wait counts too */
    MW_CHECK(wait_for_one(poller).kind == MW_POLLER_WOKEN);
    MW_CHECK_EQUAL_INT(wait_for(poller, 0, events), 0);
    pthread_t thread;
    MW_CHECK(pthread_create(&thread, NULL, wake, poller) == 0);
    MW_CHECK(wait_for_one(poller).kind == MW_POLLER_WOKEN);
    pthread_join(thread, NULL);
    mw_poller_destroy(poller);
}

MW_TEST(poller_catches_signals) {
    mw_poller *poller = create();
    mw_error err;
    MW_CHECK_OK(mw_poller_catch_signals(poller, &err), &err);
    MW_CHECK(raise(SIGTERM) == 0 && raise(SIGINT) == 0);
    unsigned seen = 0;
    for (int i = 0; i < 2; i++) {
        mw_poller_event event = wait_for_one(poller);
        MW_CHECK(event.kind == MW_POLLER_SIGNAL);
        seen |= 1u << event.signal_number;
    }
    MW_CHECK_EQUAL_INT(seen, 1u << SIGTERM | 1u << SIGINT);
    mw_poller_destroy(poller);
    sigset_t mask;
    MW_CHECK(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0);
    MW_CHECK(!sigismember(&mask, SIGTERM)); /* as it was */
}

MW_TEST(poller_tells_of_the_end_of_a_child) {
    const char *const arguments[] = {"/bin/sh", "-c", "read line; exit 5", NULL};
    mw_process *process;
    mw_process_config config = {.arguments = arguments, .pipe_input = true};
    mw_poller *poller = create();
    mw_poller_event events[CAPACITY];
    mw_error err;
    MW_CHECK_OK(mw_process_start(mw_sys_real(), config, &process, &err), &err);
    MW_CHECK_OK(mw_poller_add(poller, mw_process_descriptor(process), 3,
                              (mw_poller_interest){.readable = true}, &err), &err);
    MW_CHECK_EQUAL_INT(wait_for(poller, 0, events), 0);
    mw_process_end_input(process);
    MW_CHECK_EQUAL_INT(wait_for_one(poller).token, 3);
    mw_process_result result;
    MW_CHECK(!mw_process_running(process));
    MW_CHECK_OK(mw_process_wait(process, &result, &err), &err);
    MW_CHECK_EQUAL_INT(result.exit_code, 5);
    mw_poller_remove(poller, mw_process_descriptor(process));
    mw_process_destroy(process);
    mw_poller_destroy(poller);
}

/* Each of an alarm, one that is moved forward and one that stays where it was ends a wait once. */
MW_TEST(poller_waits_no_longer_than_its_alarm) {
    enum { SPAN_US = 10000 };
    mw_sys *sys = mw_sys_real();
    mw_poller *poller = create();
    mw_poller_event events[CAPACITY];
    for (int round = 0; round < 3; round++) {
        int64_t due_us = mw_sys_monotonic_us(sys) + SPAN_US;
        mw_poller_set_alarm(poller, INT64_MAX);
        if (round > 0) mw_poller_set_alarm(poller, due_us + LONG_ENOUGH);
        mw_poller_set_alarm(poller, due_us);
        if (round > 1) mw_poller_set_alarm(poller, due_us + LONG_ENOUGH);
        MW_CHECK_EQUAL_INT(wait_for(poller, -1, events), 0);
        MW_CHECK(mw_sys_monotonic_us(sys) >= due_us);
        MW_CHECK_EQUAL_INT(wait_for(poller, 1000, events), 0);
    }
    mw_poller_set_alarm(poller, 0); /* long past */
    MW_CHECK_EQUAL_INT(wait_for(poller, -1, events), 0);
    mw_poller_wake(poller);
    MW_CHECK(wait_for_one(poller).kind == MW_POLLER_WOKEN);
    mw_poller_destroy(poller);
}

enum { ROUNDS = 20000 };

typedef struct {
    mw_poller *own, *other; /* the other's thread wakes the own, and is woken then */
} echo;

static void *answer_each(void *context) {
    echo *it = context;
    for (int i = 0; i < ROUNDS; i++) {
        MW_CHECK(wait_without_end(it->own).kind == MW_POLLER_WOKEN);
        mw_poller_wake(it->other);
    }
    return NULL;
}

static int64_t thread_cpu_us(void) {
    struct timespec used;
    MW_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
    return (int64_t)used.tv_sec * MW_SECOND_US + used.tv_nsec / 1000;
}

MW_TEST(poller_loses_nothing_whether_it_looks_or_sleeps) {
    echo it = {create(), create()}, there = {it.other, it.own};
    mw_poller_look_first(it.own);
    mw_poller_look_first(it.other);
    pthread_t thread;
    MW_CHECK(pthread_create(&thread, NULL, answer_each, &there) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        mw_poller_wake(it.other);
        MW_CHECK(wait_without_end(it.own).kind == MW_POLLER_WOKEN);
    }
    pthread_join(thread, NULL);
    mw_poller_destroy(it.own);
    mw_poller_destroy(it.other);
}

/* Waits that were short for long enough make it look; when nothing comes any more it sleeps. */
MW_TEST(poller_sleeps_after_a_look_in_vain) {
    enum { IDLE_US = 200000, BUSY = 40 };
    mw_sys *sys = mw_sys_real();
    mw_poller *poller = create();
    mw_poller_event events[CAPACITY];
    mw_poller_look_first(poller);
    for (int i = 0; i < BUSY; i++) {
        mw_poller_wake(poller);
        MW_CHECK(wait_without_end(poller).kind == MW_POLLER_WOKEN);
    }
    int64_t due_us = mw_sys_monotonic_us(sys) + IDLE_US, before_us = thread_cpu_us();
    mw_poller_set_alarm(poller, due_us);
    MW_CHECK_EQUAL_INT(wait_for(poller, -1, events), 0);
    MW_CHECK(mw_sys_monotonic_us(sys) >= due_us);
    MW_CHECK(thread_cpu_us() - before_us < IDLE_US / 50);
    mw_poller_destroy(poller);
}

static mw_status create_and_destroy(void *context) {
    (void)context;
    mw_poller *poller;
    MW_TRY(mw_poller_create(mw_sys_real(), &poller, NULL));
    mw_poller_destroy(poller);
    return MW_OK;
}

MW_TEST(poller_survives_every_failing_allocation) {
    MW_CHECK_EQUAL_INT(mw_test_every_allocation_fails(create_and_destroy, NULL), 1);
}

MW_TEST(poller_pause_takes_its_time) {
    mw_error err;
    int64_t began_us = mw_sys_monotonic_us(mw_sys_real());
    MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 20 * 1000, &err), &err);
    MW_CHECK(mw_sys_monotonic_us(mw_sys_real()) - began_us >= 20 * 1000);
}
