#include "serve/control.h"
#include "base/calendar.h"
#include "sys/sockets.h"
#include "testing/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ECHO = 1, FAIL = 2, STOP = 3, WAIT = 4 };

/* What a message is left in waits until it may be over. */
static atomic_bool may_be_over, was_forsaken;
static atomic_int looks, ends;

static bool is_over(mw_pause *pause) {
    if (pause->is_forsaken) atomic_store(&was_forsaken, true);
    atomic_fetch_add(&looks, 1);
    return atomic_load(&may_be_over);
}

static void end_pause(mw_pause *pause) {
    pause->is_forsaken = false;
    atomic_fetch_add(&ends, 1);
}

static mw_pause wait_pause = {.kind = MW_PAUSE_FOR_WORK, .is_over = is_over, .end = end_pause};

static mw_reactor *reactor;
static mw_control *control;
static pthread_t thread;
static char path[256];
static atomic_int commit_status;

static mw_status handle(void *context, mw_control_message *message, mw_buf *answer,
                        mw_error *err) {
    uint32_t kind = message->kind;
    (void)context;
    if (kind == WAIT && !message->pause) {
        message->pause = &wait_pause;
        return MW_OK;
    }
    message->pause = NULL;
    mw_buf_append_str(answer, message->bytes);
    if (kind == STOP) mw_reactor_stop(reactor);
    if (kind != FAIL) return MW_OK;
    return mw_hint(err, mw_fail(err, MW_CONFLICT, "version: stands already"), "Name another.");
}

static mw_status commit(void *context, uint64_t *out_sync, mw_error *err) {
    (void)context;
    (void)out_sync;
    mw_status status = (mw_status)atomic_load(&commit_status);
    return status == MW_OK ? MW_OK : mw_fail(err, status, "log: the disk is full");
}

static void *run(void *context) {
    (void)context;
    mw_error err;
    MW_CHECK_OK(mw_reactor_run(reactor, &err), &err);
    return NULL;
}

static mw_status create(void) {
    mw_reactor_config config = {.sys = mw_sys_real(), .after_batch = commit};
    MW_TRY(mw_reactor_create(config, &reactor, NULL));
    mw_control_config served = {.path = path, .handle = handle};
    mw_status status = mw_control_create(reactor, served, &control, NULL);
    if (status != MW_OK) mw_reactor_destroy(reactor);
    return status;
}

static void begin(void) {
    snprintf(path, sizeof path, "%s/socket", mw_test_directory());
    atomic_store(&commit_status, MW_OK);
    MW_CHECK_OK(create(), NULL);
    MW_CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
}

static void end(void) {
    mw_reactor_stop(reactor);
    MW_CHECK(pthread_join(thread, NULL) == 0);
    mw_control_destroy(control);
    mw_reactor_destroy(reactor);
}

static mw_control_client *client_connect(void) {
    mw_control_client *client;
    mw_error err;
    MW_CHECK_OK(mw_control_connect(mw_sys_real(), path, &client, &err), &err);
    return client;
}

static void check_echo(mw_control_client *client, mw_str bytes) {
    mw_buf answer;
    mw_error err;
    mw_buf_init(&answer, MW_CONTROL_MESSAGE_SIZE_MAX);
    MW_CHECK_OK(mw_control_call(client, ECHO, bytes, 5 * MW_SECOND_US, &answer, &err), &err);
    MW_CHECK_EQUAL_INT(answer.size, bytes.size);
    MW_CHECK(mw_str_equal(mw_buf_str(&answer), bytes));
    mw_buf_release(&answer);
}

MW_TEST(control_answers_messages_of_any_size) {
    begin();
    mw_control_client *one = client_connect(), *other = client_connect();
    check_echo(one, MW_STR(""));
    check_echo(other, MW_STR("hello"));
    mw_buf large;
    mw_buf_init(&large, 1 << 24);
    for (int i = 0; i < 3000000; i++) mw_buf_append_char(&large, (char)(i * 7 / 3));
    check_echo(one, mw_buf_str(&large));
    check_echo(one, MW_STR("again"));
    mw_buf_release(&large);
    mw_control_close(one);
    mw_control_close(other);
    end();
}

MW_TEST(control_is_for_its_user_only) {
    begin();
    struct stat facts;
    MW_CHECK(stat(path, &facts) == 0);
    MW_CHECK_EQUAL_INT(facts.st_mode & 0777, 0600);
    mw_reactor *second;
    mw_control *third;
    MW_CHECK_OK(mw_reactor_create((mw_reactor_config){.sys = mw_sys_real()}, &second, NULL), NULL);
    mw_control_config config = {.path = path, .handle = handle};
    MW_CHECK_STATUS(mw_control_create(second, config, &third, NULL), MW_BUSY);
    mw_reactor_destroy(second);
    end();
    MW_CHECK(stat(path, &facts) != 0);
    mw_control_client *client;
    MW_CHECK_STATUS(mw_control_connect(mw_sys_real(), path, &client, NULL), MW_UNAVAILABLE);
}

MW_TEST(control_carries_failures_whole) {
    begin();
    mw_control_client *client = client_connect();
    mw_buf answer;
    mw_error err;
    mw_buf_init(&answer, 1 << 16);
    MW_CHECK_STATUS(mw_control_call(client, FAIL, MW_STR("x"), MW_SECOND_US, &answer, &err),
                    MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "version: stands already");
    MW_CHECK_EQUAL_STR(err.hint, "Name another.");
    atomic_store(&commit_status, MW_NO_SPACE);
    MW_CHECK_STATUS(mw_control_call(client, ECHO, MW_STR("x"), MW_SECOND_US, &answer, &err),
                    MW_NO_SPACE);
    MW_CHECK_EQUAL_STR(err.message, "log: the disk is full");
    MW_CHECK_EQUAL_INT(answer.size, 0);
    atomic_store(&commit_status, MW_OK);
    check_echo(client, MW_STR("goes on"));
    mw_buf_release(&answer);
    mw_control_close(client);
    end();
}

MW_TEST(control_answers_what_is_under_way_when_it_stops) {
    begin();
    mw_control_client *client = client_connect(), *idle = client_connect();
    check_echo(idle, MW_STR("here"));
    mw_buf answer;
    mw_error err;
    mw_buf_init(&answer, 1 << 16);
    MW_CHECK_OK(mw_control_call(client, STOP, MW_STR("bye"), MW_SECOND_US, &answer, &err), &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&answer), "bye");
    MW_CHECK_STATUS(mw_control_call(idle, ECHO, MW_STR("x"), MW_SECOND_US, &answer, &err),
                    MW_UNAVAILABLE);
    mw_buf_release(&answer);
    mw_control_close(client);
    mw_control_close(idle);
    end();
}

/* What is no message ends its connection, and only that. */
MW_TEST(control_refuses_what_is_no_message) {
    const mw_str cases[] = {
        MW_STR("\xff\xff\xff\xff\x01\0\0\0"),           /* too large */
        MW_STR("\0\0\0\0\0\0\0\x80"),                   /* a kind of the protocol's own */
        MW_STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    };
    begin();
    mw_control_client *other = client_connect();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_socket *raw;
        mw_error err;
        char bytes[16];
        size_t size;
        MW_CHECK_OK(mw_socket_connect_path(mw_sys_real(), path, &raw, &err), &err);
        MW_CHECK_EQUAL_INT(mw_socket_write(raw, cases[i], &size), MW_SOCKET_MOVED);
        MW_CHECK(mw_socket_wait(raw, false, 5 * MW_SECOND_US));
        MW_CHECK_EQUAL_INT(mw_socket_read(raw, bytes, sizeof bytes, &size), MW_SOCKET_ENDED);
        mw_socket_close(raw);
        check_echo(other, MW_STR("well"));
    }
    mw_control_close(other);
    end();
}

MW_TEST(control_client_gives_up_in_time) {
    snprintf(path, sizeof path, "%s/socket", mw_test_directory());
    MW_CHECK_OK(create(), NULL); /* nobody runs it */
    mw_control_client *client = client_connect();
    mw_buf answer;
    mw_error err;
    mw_buf_init(&answer, 1 << 16);
    MW_CHECK_STATUS(mw_control_call(client, ECHO, MW_STR("x"), 10000, &answer, &err),
                    MW_TIMED_OUT);
    mw_control_close(client);
    mw_control_destroy(control);
    mw_reactor_destroy(reactor);
}

static mw_status create_once(void *context) {
    (void)context;
    MW_TRY(create());
    mw_control_client *client;
    mw_status status = mw_control_connect(mw_sys_real(), path, &client, NULL);
    if (status == MW_OK) mw_control_close(client);
    mw_control_destroy(control);
    mw_reactor_destroy(reactor);
    return status;
}

MW_TEST(control_survives_each_failing_allocation) {
    snprintf(path, sizeof path, "%s/socket", mw_test_directory());
    MW_CHECK(mw_test_every_allocation_fails(create_once, NULL) >= 4);
    mw_control_destroy(NULL);
    mw_control_close(NULL);
}

/* A client whose message takes a while. */
static void *ask_and_wait(void *context) {
    mw_control_client *client = context;
    mw_buf answer;
    mw_error err;
    mw_buf_init(&answer, MW_CONTROL_MESSAGE_SIZE_MAX);
    mw_status status =
        mw_control_call(client, WAIT, MW_STR("slow"), 20 * MW_SECOND_US, &answer, &err);
    MW_CHECK_OK(status, &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&answer), "slow");
    mw_buf_release(&answer);
    return NULL;
}

static void wait_until_above(const atomic_int *number, int bound) {
    while (atomic_load(number) <= bound) sched_yield();
}

static void begin_waiting(void) {
    atomic_store(&may_be_over, false);
    atomic_store(&was_forsaken, false);
    atomic_store(&looks, 0);
    atomic_store(&ends, 0);
    begin();
}

MW_TEST(control_answers_others_while_one_waits) {
    begin_waiting();
    mw_control_client *one = client_connect(), *other = client_connect();
    pthread_t asker;
    MW_CHECK(pthread_create(&asker, NULL, ask_and_wait, one) == 0);
    wait_until_above(&looks, 0);
    check_echo(other, MW_STR("quick"));
    MW_CHECK_EQUAL_INT(atomic_load(&ends), 0);
    atomic_store(&may_be_over, true);
    MW_CHECK(pthread_join(asker, NULL) == 0);
    MW_CHECK_EQUAL_INT(atomic_load(&ends), 1);
    check_echo(one, MW_STR("again"));
    mw_control_close(one);
    mw_control_close(other);
    end();
}

MW_TEST(control_lets_what_nobody_waits_for_come_to_its_end) {
    begin_waiting();
    mw_control_client *one = client_connect(), *other = client_connect();
    mw_buf answer;
    mw_buf_init(&answer, 1000);
    MW_CHECK_STATUS(mw_control_call(one, WAIT, MW_STR("slow"), 20000, &answer, NULL),
                    MW_TIMED_OUT);
    wait_until_above(&looks, 0);
    mw_control_close(one);
    while (!atomic_load(&was_forsaken)) sched_yield();
    MW_CHECK_EQUAL_INT(atomic_load(&ends), 0);
    check_echo(other, MW_STR("quick"));
    atomic_store(&may_be_over, true);
    wait_until_above(&ends, 0);
    mw_buf_release(&answer);
    mw_control_close(other);
    end();
    MW_CHECK_EQUAL_INT(atomic_load(&ends), 1);
}

/* A message that is left in a pause is answered before the server goes. */
MW_TEST(control_drains_what_waits) {
    begin_waiting();
    mw_control_client *one = client_connect();
    pthread_t asker;
    MW_CHECK(pthread_create(&asker, NULL, ask_and_wait, one) == 0);
    wait_until_above(&looks, 0);
    mw_reactor_stop(reactor);
    wait_until_above(&looks, atomic_load(&looks) + 3);
    MW_CHECK_EQUAL_INT(atomic_load(&ends), 0);
    atomic_store(&may_be_over, true);
    MW_CHECK(pthread_join(asker, NULL) == 0);
    mw_control_close(one);
    end();
}
