#include "sys/simulated.h"
#include "sys/sockets.h"
#include "testing/test.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { LONG_ENOUGH_S = 10 };
#define LONG_ENOUGH (LONG_ENOUGH_S * MW_SECOND_US)

static mw_socket *listen_on(const char *host, uint16_t port) {
    mw_socket *listener;
    mw_error err;
    MW_CHECK_OK(mw_socket_listen(mw_sys_real(), host, port, &listener, &err), &err);
    return listener;
}

static mw_socket *accept_one(mw_socket *listener) {
    mw_socket *accepted = NULL;
    mw_error err;
    MW_CHECK(mw_socket_wait(listener, false, LONG_ENOUGH));
    MW_CHECK_OK(mw_socket_accept(listener, &accepted, &err), &err);
    MW_CHECK(accepted != NULL);
    return accepted;
}

static void send_text(mw_socket *socket, const char *text) {
    size_t size;
    MW_CHECK(mw_socket_write(socket, mw_str_of(text), &size) == MW_SOCKET_MOVED);
    MW_CHECK_EQUAL_INT(size, strlen(text));
}

static void expect_text(mw_socket *socket, const char *expected) {
    char bytes[256];
    size_t size = 0, got = 0;
    while (size < strlen(expected)) {
        MW_CHECK(mw_socket_wait(socket, false, LONG_ENOUGH));
        MW_CHECK(mw_socket_read(socket, bytes + size, sizeof bytes - size, &got) ==
                 MW_SOCKET_MOVED);
        size += got;
    }
    MW_CHECK_EQUAL_STR(((mw_str){bytes, size}), expected);
}

static void expect_end(mw_socket *socket) {
    char byte;
    size_t size = 1;
    MW_CHECK(mw_socket_wait(socket, false, LONG_ENOUGH));
    MW_CHECK(mw_socket_read(socket, &byte, 1, &size) == MW_SOCKET_ENDED);
    MW_CHECK_EQUAL_INT(size, 0);
}

/* Both ends say something; one ends its output and still reads. */
static void talk(mw_socket *client, mw_socket *server) {
    char byte;
    size_t size;
    MW_CHECK(mw_socket_read(server, &byte, 1, &size) == MW_SOCKET_BLOCKED);
    MW_CHECK(!mw_socket_wait(server, false, 1000));
    MW_CHECK(mw_socket_wait(client, true, LONG_ENOUGH));
    send_text(client, "question");
    mw_socket_end_output(client);
    expect_text(server, "question");
    expect_end(server);
    send_text(server, "answer");
    expect_text(client, "answer");
}

MW_TEST(socket_talks_over_tcp) {
    mw_socket *listener = listen_on("127.0.0.1", 0), *none = listener, *client;
    mw_error err;
    MW_CHECK_OK(mw_socket_accept(listener, &none, &err), &err);
    MW_CHECK(none == NULL);
    uint16_t port = mw_socket_port(listener);
    MW_CHECK(port > 0);
    MW_CHECK_OK(mw_socket_connect(mw_sys_real(), "localhost", port, &client, &err), &err);
    mw_socket *server = accept_one(listener);
    talk(client, server);
    mw_socket_close(server);
    expect_end(client);
    mw_socket_close(client);
    mw_socket_close(listener);
    mw_socket_close(NULL);
}

MW_TEST(socket_names_a_port_in_use) {
    mw_socket *listener = listen_on("127.0.0.1", 0), *second = NULL;
    mw_error err, expected;
    uint16_t port = mw_socket_port(listener);
    MW_CHECK_STATUS(mw_socket_listen(mw_sys_real(), "127.0.0.1", port, &second, &err), MW_BUSY);
    MW_CHECK(mw_fail(&expected, MW_BUSY, "127.0.0.1:%u: is in use", (unsigned)port) == MW_BUSY);
    MW_CHECK_EQUAL_STR(err.message, expected.message);
    MW_CHECK(second == NULL);
    mw_socket_close(listener);
    listener = listen_on("127.0.0.1", port); /* at once, whatever lingers */
    mw_socket_close(listener);
    MW_CHECK_STATUS(mw_socket_connect(mw_sys_real(), "127.0.0.1", port, &second, &err),
                    MW_UNAVAILABLE);
    MW_CHECK(mw_str_ends(mw_str_of(err.message), MW_STR(": nobody listens there")));
}

MW_TEST(socket_refuses_what_is_no_address) {
    mw_socket *listener;
    mw_error err;
    MW_CHECK_STATUS(mw_socket_listen(mw_sys_real(), "no address", 0, &listener, &err),
                    MW_INVALID);
    MW_CHECK(mw_str_starts(mw_str_of(err.message), MW_STR("no address: is no address ")));
    mw_sys *simulated;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &simulated, &err), &err);
    MW_CHECK_STATUS(mw_socket_listen(simulated, "", 0, &listener, &err), MW_UNAVAILABLE);
    mw_simulated_destroy(simulated);
}

static void connect_pair(mw_socket **client, mw_socket **server) {
    mw_socket *listener = listen_on("127.0.0.1", 0);
    mw_error err;
    MW_CHECK_OK(mw_socket_connect(mw_sys_real(), "127.0.0.1", mw_socket_port(listener), client,
                                  &err), &err);
    *server = accept_one(listener);
    mw_socket_close(listener);
}

/* A peer that does not read blocks us and no more; all bytes arrive once it does. */
MW_TEST(socket_writes_no_more_than_fits) {
    static char piece[100000], bytes[100000];
    mw_socket *client, *server;
    connect_pair(&client, &server);
    size_t sent = 0, size;
    while (mw_socket_write(client, (mw_str){piece, sizeof piece}, &size) == MW_SOCKET_MOVED)
        sent += size;
    MW_CHECK(sent > 0);
    MW_CHECK(mw_socket_write(client, (mw_str){piece, 1}, &size) == MW_SOCKET_BLOCKED);
    mw_socket_end_output(client);
    mw_socket_result result;
    for (size_t got = 0; got < sent; got += size) {
        MW_CHECK(mw_socket_wait(server, false, LONG_ENOUGH));
        result = mw_socket_read(server, bytes, sizeof bytes, &size);
        MW_CHECK(result == MW_SOCKET_MOVED || result == MW_SOCKET_BLOCKED);
    }
    expect_end(server);
    mw_socket_close(client);
    mw_socket_close(server);
}

/* What a peer that vanished has not acknowledged is not kept for long: connections have that from
   their listener. (tests/soak/vanished_peers_test.py pulls the cable.) */
MW_TEST(socket_gives_up_what_is_not_acknowledged) {
    mw_socket *client, *server;
    unsigned span_ms = 0;
    socklen_t size = sizeof span_ms;
    connect_pair(&client, &server);
    MW_CHECK(getsockopt(mw_socket_descriptor(server), IPPROTO_TCP, TCP_USER_TIMEOUT, &span_ms,
                        &size) == 0);
    MW_CHECK_EQUAL_INT(span_ms, 30000);
    mw_socket_close(client);
    mw_socket_close(server);
}

/* Writing to a peer that has gone ends, and no SIGPIPE ends the process. */
MW_TEST(socket_survives_a_peer_that_has_gone) {
    mw_socket *client, *server;
    connect_pair(&client, &server);
    mw_socket_close(server);
    size_t size;
    mw_socket_result result = MW_SOCKET_MOVED;
    for (int i = 0; i < 1000 && result != MW_SOCKET_ENDED; i++) {
        result = mw_socket_write(client, MW_STR("x"), &size);
        bool readable = mw_socket_wait(client, false, 1000);
        MW_CHECK(readable); /* the end of the input, or the break */
    }
    MW_CHECK(result == MW_SOCKET_ENDED);
    mw_socket_close(client);
}

static void talk_over(const char *path) {
    mw_sys *sys = mw_sys_real();
    mw_socket *listener, *client, *second = NULL;
    mw_error err;
    MW_CHECK_OK(mw_socket_listen_path(sys, path, &listener, &err), &err);
    struct stat info;
    MW_CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    MW_CHECK_EQUAL_INT(mw_socket_port(listener), 0);
    MW_CHECK_STATUS(mw_socket_listen_path(sys, path, &second, &err), MW_BUSY);
    mw_socket_close(accept_one(listener)); /* the second one's question whether we live */
    MW_CHECK_OK(mw_socket_connect_path(sys, path, &client, &err), &err);
    mw_socket *server = accept_one(listener);
    talk(client, server);
    mw_socket_close(client);
    mw_socket_close(server);
    mw_socket_close(listener);
    mw_file_info left;
    MW_CHECK_OK(mw_sys_info(sys, path, &left, &err), &err);
    MW_CHECK(!left.exists && second == NULL);
    MW_CHECK_STATUS(mw_socket_connect_path(sys, path, &client, &err), MW_UNAVAILABLE);
}

MW_TEST(socket_talks_over_a_path) {
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    const char *folder = mw_test_directory();
    talk_over(mw_path_join(&arena, folder, "socket"));

    char deep[200]; /* a path that no sockaddr_un holds */
    memset(deep, 'd', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    const char *deep_folder = mw_path_join(&arena, folder, deep);
    MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), deep_folder, &err), &err);
    talk_over(mw_path_join(&arena, deep_folder, "socket"));
    mw_socket *listener;
    MW_CHECK_STATUS(mw_socket_listen_path(mw_sys_real(), mw_path_join(&arena, deep_folder, deep),
                                          &listener, &err), MW_TOO_LARGE);
    mw_arena_release(&arena);
}

MW_TEST(socket_replaces_a_dead_server_and_nothing_else) {
    mw_sys *sys = mw_sys_real();
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    const char *folder = mw_test_directory();
    const char *path = mw_path_join(&arena, folder, "socket");
    const char *dead = mw_path_join(&arena, folder, "dead");
    mw_socket *listener;
    MW_CHECK_OK(mw_socket_listen_path(sys, path, &listener, &err), &err);
    MW_CHECK_OK(mw_sys_rename(sys, path, dead, &err), &err);
    mw_socket_close(listener);
    MW_CHECK_OK(mw_socket_listen_path(sys, dead, &listener, &err), &err);
    mw_socket_close(listener);
    MW_CHECK_OK(mw_sys_write_file(sys, path, MW_STR("a file"), &err), &err);
    MW_CHECK_STATUS(mw_socket_listen_path(sys, path, &listener, &err), MW_CONFLICT);
    const char *nowhere = mw_path_join(&arena, folder, "no/socket");
    MW_CHECK_STATUS(mw_socket_listen_path(sys, nowhere, &listener, &err), MW_NOT_FOUND);
    mw_arena_release(&arena);
}

static size_t open_file_count(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    MW_CHECK(folder != NULL);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static mw_status connect_and_close(void *context) {
    const char *path = context;
    mw_sys *sys = mw_sys_real();
    mw_socket *sockets[6] = {NULL};
    mw_status status = mw_socket_listen(sys, "127.0.0.1", 0, &sockets[0], NULL);
    if (status == MW_OK)
        status = mw_socket_connect(sys, "127.0.0.1", mw_socket_port(sockets[0]), &sockets[1],
                                   NULL);
    if (status == MW_OK && mw_socket_wait(sockets[0], false, LONG_ENOUGH))
        status = mw_socket_accept(sockets[0], &sockets[2], NULL);
    if (status == MW_OK) status = mw_socket_listen_path(sys, path, &sockets[3], NULL);
    if (status == MW_OK) status = mw_socket_connect_path(sys, path, &sockets[4], NULL);
    if (status == MW_OK) status = mw_socket_accept(sockets[3], &sockets[5], NULL);
    for (size_t i = 0; i < 6; i++) mw_socket_close(sockets[i]);
    return status;
}

MW_TEST(socket_survives_every_failing_allocation) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%0120d", mw_test_directory(), 0);
    path[strlen(path) - 30] = '/';
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", (int)strlen(path) - 30, path);
    MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), folder, NULL), NULL);
    size_t before = open_file_count();
    MW_CHECK(mw_test_every_allocation_fails(connect_and_close, path) > 6);
    MW_CHECK_EQUAL_INT(open_file_count(), before);
}

MW_TEST(sockets_allow_descriptors_up_to_the_hard_limit) {
    struct rlimit before, limit;
    MW_CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    limit = (struct rlimit){.rlim_cur = 256, .rlim_max = before.rlim_max};
    MW_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    MW_CHECK_EQUAL_INT(mw_socket_descriptors_allow(100), 256); /* it takes none away */
    MW_CHECK_EQUAL_INT(mw_socket_descriptors_allow(300), 300);
    MW_CHECK_EQUAL_INT(mw_socket_descriptors_allow(SIZE_MAX), before.rlim_max);
    MW_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == before.rlim_max);
    MW_CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

MW_TEST(sockets_know_what_only_this_machine_reaches) {
    const char *const here[] = {"127.0.0.1", "127.9.8.7", "::1", "localhost"};
    bool is_loopback;
    mw_error err;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        MW_CHECK_OK(mw_socket_find_reach(here[i], &is_loopback, &err), &err);
        MW_CHECK(is_loopback);
    }
    const char *const open[] = {"", "0.0.0.0", "::", "192.0.2.1", "128.0.0.1", "::ffff:192.0.2.1"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        MW_CHECK_OK(mw_socket_find_reach(open[i], &is_loopback, &err), &err);
        MW_CHECK(!is_loopback);
    }
    MW_CHECK_STATUS(mw_socket_find_reach("no host", &is_loopback, &err), MW_INVALID);
}
