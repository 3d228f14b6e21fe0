#include "serve/teller.h"

#include "base/calendar.h"
#include "serve/server_fixture.h"
#include "sys/poller.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

#define HELLO "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
#define BYE "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

enum { TELLERS = 3, CLIENTS = 8, ROUNDS = 50, PIPELINED = 10 };

static fixture f;

/* A client that comes again and again, and each time asks for several things at once. */
static void *come_again(void *context) {
    size_t *answered = context;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    for (int round = 0; round < ROUNDS; round++) {
        mw_socket *client = client_connect(&f);
        mw_buf_clear(&in);
        for (int i = 0; i < PIPELINED; i++) client_send(client, HELLO);
        client_send(client, BYE);
        client_read_to_end(client, &in);
        *answered += occurrences(mw_buf_str(&in), "{\"hello\":true}\n");
        mw_socket_close(client);
    }
    mw_buf_release(&in);
    return NULL;
}

/* What the handlers share is touched by one at a time: nothing that they count is lost. */
MW_TEST(teller_serves_beside_others) {
    pthread_t threads[CLIENTS];
    size_t answered[CLIENTS] = {0}, count = CLIENTS * ROUNDS * (PIPELINED + 1);
    fixture_start(&f, (mw_server_config){.teller_count = TELLERS});
    for (size_t i = 0; i < CLIENTS; i++)
        MW_CHECK(pthread_create(&threads[i], NULL, come_again, &answered[i]) == 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        MW_CHECK(pthread_join(threads[i], NULL) == 0);
        MW_CHECK_EQUAL_INT(answered[i], ROUNDS * (PIPELINED + 1));
    }
    MW_CHECK_EQUAL_INT(f.answer_count, count);
    mw_buf metrics;
    char wanted[100];
    mw_buf_init(&metrics, 1 << 20);
    mw_telemetry_write(f.telemetry, MW_PROMETHEUS_TEXT, &metrics);
    snprintf(wanted, sizeof wanted, "route=\"/hello\",code=\"200\"} %zu\n", count);
    MW_CHECK(memmem(metrics.data, metrics.size, wanted, strlen(wanted)) != NULL);
    mw_buf_release(&metrics);
    fixture_stop(&f);
}

typedef struct {
    atomic_bool is_over;
    size_t count;
} syncs;

static void *sync_again_and_again(void *context) {
    syncs *s = context;
    for (; !atomic_load(&s->is_over); s->count++) {
        fixture_sync(&f);
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 500, NULL), NULL);
    }
    return NULL;
}

/* Who ends a sync wakes all that wait for it: nobody is forgotten between a look and a sleep. */
MW_TEST(teller_awaits_the_disk_beside_others) {
    pthread_t threads[CLIENTS], syncer;
    size_t answered[CLIENTS] = {0};
    syncs s = {.count = 0};
    fixture_start(&f, (mw_server_config){.teller_count = TELLERS});
    atomic_store(&f.is_durable, true);
    MW_CHECK(pthread_create(&syncer, NULL, sync_again_and_again, &s) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        MW_CHECK(pthread_create(&threads[i], NULL, come_again, &answered[i]) == 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        MW_CHECK(pthread_join(threads[i], NULL) == 0);
        MW_CHECK_EQUAL_INT(answered[i], ROUNDS * (PIPELINED + 1));
    }
    atomic_store(&s.is_over, true);
    MW_CHECK(pthread_join(syncer, NULL) == 0);
    MW_CHECK(s.count > 1);
    fixture_stop(&f);
}

/* Each has some of the clients, and those over the limit are told so. */
MW_TEST(teller_gets_its_share_of_the_clients) {
    mw_socket *clients[2 * TELLERS + 1];
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){.teller_count = TELLERS,
                                         .connection_count_max = 2 * TELLERS});
    for (size_t i = 0; i < 2 * TELLERS; i++) {
        clients[i] = client_connect(&f);
        mw_buf_clear(&in);
        client_send(clients[i], HELLO);
        client_read_until(clients[i], &in, "true}");
    }
    clients[2 * TELLERS] = client_connect(&f);
    mw_buf_clear(&in);
    client_read_until(clients[2 * TELLERS], &in, "connections: must be at most 6, got more");
    for (size_t i = 0; i <= 2 * TELLERS; i++) mw_socket_close(clients[i]);
    mw_buf_release(&in);
    fixture_stop(&f);
}

/* A stop waits for what each teller is at, in a pause too, and closes those who are idle. */
MW_TEST(teller_takes_its_leave) {
    mw_socket *clients[TELLERS], *other;
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){.teller_count = TELLERS});
    for (size_t i = 0; i < TELLERS; i++) {
        clients[i] = client_connect(&f);
        client_send(clients[i], i == 0 ? HELLO : "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    client_read_until(clients[0], &in, "true}");
    while (atomic_load(&f.pause_count) < TELLERS - 1)
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 500, NULL), NULL);
    mw_reactor_stop(f.reactor);
    while (mw_socket_connect(mw_sys_real(), "127.0.0.1", f.port, &other, NULL) == MW_OK)
        mw_socket_close(other);
    client_read_to_end(clients[0], &in);
    atomic_store(&f.pauses_are_over, true);
    for (size_t i = 1; i < TELLERS; i++) {
        mw_buf_clear(&in);
        client_read_to_end(clients[i], &in);
        MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "{\"hello\":true}\n"), 1);
    }
    for (size_t i = 0; i < TELLERS; i++) mw_socket_close(clients[i]);
    mw_buf_release(&in);
    fixture_stop(&f);
}

/* The answers of a batch whose commit fails say so, in a teller as anywhere. */
MW_TEST(teller_says_so_when_the_commit_fails) {
    mw_buf in;
    mw_buf_init(&in, 1 << 20);
    fixture_start(&f, (mw_server_config){.teller_count = 1});
    atomic_store(&f.commit_status, MW_NO_SPACE);
    MW_CHECK_EQUAL_STR(client_call(&f, BYE, &in), "HTTP/1.1 507 Insufficient Storage");
    mw_buf_release(&in);
    fixture_stop(&f);
}
