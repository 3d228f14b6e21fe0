#include "serve/server_fixture.h"
#include "base/calendar.h"
#include "sys/poller.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

#define POST_ECHO "POST /echo HTTP/1.1\r\nHost: h\r\n"
#define HELLO "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
#define BYE "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static fixture f;
static mw_buf in;

static void begin(mw_server_config limits) {
    mw_buf_init(&in, 64 << 20);
    fixture_start(&f, limits);
}

static void end(void) {
    fixture_stop(&f);
    mw_buf_release(&in);
}

MW_TEST(connection_answers_pipelined_requests_in_order) {
    begin((mw_server_config){0});
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    for (int i = 0; i < 500; i++)
        mw_buf_printf(&text, POST_ECHO "Content-Length: 7\r\n\r\n<%05d>", i);
    mw_buf_append_text(&text, BYE);
    MW_CHECK_EQUAL_STR(client_call(&f, text.data, &in), "HTTP/1.1 200 OK");
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 200 OK\r\n"), 501);
    const char *at = in.data;
    for (int i = 0; i < 500; i++) {
        char body[16];
        snprintf(body, sizeof body, "<%05d>", i);
        at = strstr(at, body);
        MW_CHECK(at != NULL);
    }
    MW_CHECK(atomic_load(&f.batch_count) < 400); /* what is ready together is committed together */
    mw_buf_release(&text);
    end();
}

MW_TEST(connection_takes_a_request_in_single_bytes) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    const char *text = POST_ECHO "Content-Length: 3\r\n"
                       "Connection: close\r\n\r\nabc";
    for (const char *at = text; *at; at++) client_send(client, (char[2]){*at, '\0'});
    client_read_to_end(client, &in);
    MW_CHECK(mw_str_ends(mw_buf_str(&in), MW_STR("\r\n\r\nabc")));
    mw_socket_close(client);
    end();
}

MW_TEST(connection_answers_what_is_wrong_and_ends) {
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"GET / HTTP/1.1\r\n\r\n" HELLO, "HTTP/1.1 400 Bad Request"},
        {POST_ECHO "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n" HELLO, "HTTP/1.1 400 Bad Request"},
        {POST_ECHO "Content-Length: 1001\r\n\r\n",
         "HTTP/1.1 413 Content Too Large"},
        {"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {POST_ECHO "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
         "HTTP/1.1 415 Unsupported Media Type"},
        {"GET /hello HTTP/1.0\r\n\r\n" HELLO, "HTTP/1.1 200 OK"},
        {BYE HELLO, "HTTP/1.1 200 OK"},
    };
    begin((mw_server_config){.body_size_max = 1000});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MW_CHECK_EQUAL_STR(client_call(&f, cases[i].text, &in), cases[i].line);
        MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "\r\nDate: "), 1);
        MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "Connection: close\r\n"), 1);
    }
    end();
}

/* What is merely not there ends nothing. */
MW_TEST(connection_goes_on_after_a_wrong_path_or_method) {
    begin((mw_server_config){0});
    client_call(&f, "GET /helo HTTP/1.1\r\nHost: h\r\n\r\nDELETE /hello HTTP/1.1\r\nHost: h\r\n\r\n"
                    "TRACE /hello HTTP/1.1\r\nHost: h\r\n\r\n"
                    "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n" BYE, &in);
    MW_CHECK(strstr(in.data, "HTTP/1.1 404 Not Found\r\n") != NULL);
    MW_CHECK(strstr(in.data, "Did you mean /hello?") != NULL);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 405 Method Not Allowed\r\n"), 2);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "Allow: GET, HEAD\r\n"), 2);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 200 OK\r\n"), 2);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "{\"hello\":true}"), 1); /* none for HEAD */
    end();
}

MW_TEST(connection_refuses_a_head_that_is_too_large) {
    begin((mw_server_config){0});
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_buf_append_text(&text, "GET /hello HTTP/1.1\r\nHost: h\r\nX: ");
    for (int i = 0; i < 100000; i++) mw_buf_append_char(&text, 'x');
    MW_CHECK_EQUAL_STR(client_call(&f, text.data, &in),
                       "HTTP/1.1 431 Request Header Fields Too Large");
    mw_buf_release(&text);
    end();
}

MW_TEST(connection_tells_a_client_to_continue) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, POST_ECHO "Expect: 100-continue\r\n"
                        "Content-Length: 3\r\n\r\n");
    client_read_until(client, &in, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(client, "abc");
    client_read_until(client, &in, "\r\n\r\nabc");
    mw_socket_close(client);
    end();
}

MW_TEST(connection_says_so_when_the_commit_fails) {
    begin((mw_server_config){0});
    atomic_store(&f.commit_status, MW_NO_SPACE);
    MW_CHECK_EQUAL_STR(client_call(&f, HELLO BYE, &in), "HTTP/1.1 507 Insufficient Storage");
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 507 "), 2);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "log: the disk is full"), 2);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "hello"), 0);
    atomic_store(&f.commit_status, MW_OK);
    MW_CHECK_EQUAL_STR(client_call(&f, BYE, &in), "HTTP/1.1 200 OK");
    end();
}

static void await_batches(uint64_t count) {
    while (atomic_load(&f.wanted) < count)
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 500, NULL), NULL);
}

static void check_silent(mw_socket *client) { MW_CHECK(!mw_socket_wait(client, false, 10000)); }

/* What comes after them on the same connection waits, and would else leave too early; what others
   ask does not. */
MW_TEST(connection_keeps_answers_until_the_disk_has_them) {
    begin((mw_server_config){0});
    atomic_store(&f.is_durable, true);
    mw_socket *client = client_connect(&f), *other = client_connect(&f);
    client_send(client, HELLO HELLO);
    await_batches(1);
    client_send(client, HELLO BYE);
    client_send(other, HELLO);
    await_batches(2);
    check_silent(client);
    MW_CHECK_EQUAL_INT(f.answer_count, 3);
    fixture_sync(&f);
    client_read_until(other, &in, "true}");
    await_batches(3);
    mw_buf_clear(&in);
    while (occurrences(mw_buf_str(&in), "{\"hello\":true}\n") < 2)
        client_read_until(client, &in, "true}");
    check_silent(client);
    fixture_sync(&f);
    client_read_to_end(client, &in);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "{\"hello\":true}\n"), 4);
    mw_socket_close(client);
    mw_socket_close(other);
    end();
}

MW_TEST(connection_says_so_when_the_disk_fails) {
    begin((mw_server_config){0});
    atomic_store(&f.is_durable, true);
    mw_socket *client = client_connect(&f);
    client_send(client, HELLO BYE);
    await_batches(1);
    atomic_store(&f.sync_status, MW_IO);
    fixture_sync(&f);
    client_read_to_end(client, &in);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "log: the disk is broken"), 2);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "{\"hello\":true}\n"), 0);
    mw_socket_close(client);
    end();
}

/* Its answer is of no more use to it, and the server forgets it all the same. */
MW_TEST(connection_may_leave_before_the_disk_has_its_answers) {
    begin((mw_server_config){0});
    atomic_store(&f.is_durable, true);
    mw_socket *client = client_connect(&f);
    client_send(client, HELLO HELLO);
    await_batches(1);
    mw_socket_close(client);
    atomic_store(&f.is_durable, false);
    fixture_sync(&f);
    fixture_await_connections(&f, 0);
    end();
}

/* Asks for far more than it reads: the server takes only as many requests as it can keep the
   answers of, and gives all of them once the client reads. */
MW_TEST(connection_waits_for_a_slow_reader) {
    enum { REQUESTS = 400, SIZE = 100000 };
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    for (int i = 0; i < REQUESTS; i++)
        mw_buf_printf(&text, "GET /large/%d HTTP/1.1\r\nHost: h\r\n\r\n", SIZE);
    mw_buf_append_text(&text, BYE);
    client_send(client, text.data);
    MW_CHECK_EQUAL_STR(client_call(&f, BYE, &in), "HTTP/1.1 200 OK"); /* others go on */
    mw_buf_clear(&in);
    client_read_to_end(client, &in);
    MW_CHECK(in.size > (size_t)REQUESTS * SIZE);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 200 OK\r\n"), REQUESTS + 1);
    mw_socket_close(client);
    mw_buf_release(&text);
    end();
}

MW_TEST(connection_gives_up_a_reader_who_does_not_read) {
    begin((mw_server_config){.write_us = 30000});
    mw_socket *client = client_connect(&f);
    client_send(client, "GET /large/30000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    MW_CHECK(mw_socket_wait(client, false, 5 * MW_SECOND_US));
    fixture_await_connections(&f, 0);
    client_read_to_end(client, &in);
    MW_CHECK(in.size < 30000000);
    mw_socket_close(client);
    end();
}

MW_TEST(connection_gives_up_a_writer_who_does_not_write) {
    begin((mw_server_config){.request_us = 30000, .idle_us = 20000});
    int64_t before_us = mw_sys_monotonic_us(mw_sys_real());
    MW_CHECK_EQUAL_STR(client_call(&f, "GET /hello HTTP/1.1\r\nHo", &in),
                       "HTTP/1.1 408 Request Timeout");
    MW_CHECK_EQUAL_STR(client_call(&f, POST_ECHO "Content-Length: 3\r\n\r\nab", &in),
                       "HTTP/1.1 408 Request Timeout");
    mw_socket *idle = client_connect(&f);
    mw_buf_clear(&in);
    client_read_to_end(idle, &in);
    MW_CHECK_EQUAL_INT(in.size, 0);
    mw_socket_close(idle);
    MW_CHECK(mw_sys_monotonic_us(mw_sys_real()) - before_us >= 80000);
    end();
}

/* Bytes that keep coming do not move the deadline of a request. */
MW_TEST(connection_gives_up_a_slow_loris) {
    begin((mw_server_config){.request_us = 30000});
    mw_socket *client = client_connect(&f);
    client_send(client, "GET /hello HTTP/1.1\r\nX: ");
    for (int i = 0; i < 1000 && !mw_socket_wait(client, false, 1000); i++)
        client_send(client, "x");
    client_read_to_end(client, &in);
    MW_CHECK(strstr(in.data, "HTTP/1.1 408 ") != NULL);
    mw_socket_close(client);
    end();
}

MW_TEST(connection_answers_a_client_that_has_closed_its_side) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, HELLO HELLO);
    mw_socket_end_output(client);
    client_read_to_end(client, &in);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "{\"hello\":true}"), 2);
    mw_socket_close(client);

    client = client_connect(&f); /* and is rid of one that leaves in the middle of a request */
    client_send(client, POST_ECHO "Content-Length: 3\r\n\r\na");
    mw_socket_close(client);
    fixture_await_connections(&f, 0);
    end();
}

MW_TEST(connection_allocates_nothing_once_it_is_warm) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    for (int i = 0; i < 3; i++) {
        mw_buf_clear(&in);
        client_send(client, HELLO);
        client_read_until(client, &in, "true}");
    }
    size_t live_count = mw_memory_live_count();
    for (int i = 0; i < 100; i++) {
        mw_buf_clear(&in);
        client_send(client, HELLO);
        client_read_until(client, &in, "true}");
    }
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live_count);
    mw_socket_close(client);
    end();
}

/* --- pauses --------------------------------------------------------------------------------- */

#define SLOW "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"

static void await_pauses(int count) {
    while (atomic_load(&f.pause_count) != count)
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 500, NULL), NULL);
}

/* Those behind it on its connection wait for it, and nobody else does. */
MW_TEST(connection_serves_others_while_a_request_is_in_a_pause) {
    begin((mw_server_config){.idle_us = 100000});
    mw_buf other;
    mw_buf_init(&other, 1 << 20);
    mw_socket *client = client_connect(&f);
    client_send(client, POST_ECHO "Content-Length: 3\r\n\r\none" SLOW
                POST_ECHO "Content-Length: 3\r\n\r\ntwo" SLOW BYE);
    client_read_until(client, &in, "one");
    await_pauses(1);
    for (int i = 0; i < 20; i++) {
        mw_buf_clear(&other);
        MW_CHECK_EQUAL_STR(client_call(&f, BYE, &other), "HTTP/1.1 200 OK");
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 10000, NULL), NULL); /* it is not idle */
    }
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 200 OK\r\n"), 1);
    atomic_store(&f.pauses_are_over, true);
    client_read_to_end(client, &in);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 200 OK\r\n"), 5);
    const char *two = strstr(in.data, "two");
    MW_CHECK(two && strstr(in.data, "hello") < two && strstr(two, "hello"));
    mw_socket_close(client);
    mw_buf_release(&other);
    end();
}

/* What is read for a client that has gone is not waited for, and ends. */
MW_TEST(connection_lets_a_client_go_that_is_in_a_pause) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, HELLO SLOW);
    await_pauses(1);
    MW_CHECK(mw_socket_wait(client, false, 5 * MW_SECOND_US));
    mw_socket_close(client); /* with an answer unread, which tells the server that it has gone */
    fixture_await_connections(&f, 0);
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 1);
    atomic_store(&f.pauses_are_over, true);
    await_pauses(0);
    MW_CHECK_EQUAL_INT(atomic_load(&f.forsaken_count), 1);
    end();
}

/* Who has closed its side alone still wants the answer. */
MW_TEST(connection_answers_a_client_that_closes_its_side_in_a_pause) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, SLOW);
    await_pauses(1);
    mw_socket_end_output(client);
    fixture_await_connections(&f, 1); /* it is still there */
    atomic_store(&f.pauses_are_over, true);
    client_read_to_end(client, &in);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "{\"hello\":true}"), 1);
    mw_socket_close(client);
    fixture_await_connections(&f, 0);
    end();
}

/* A stop waits for the answer, with which the connection ends; and for no longer than a drain. */
MW_TEST(connection_drains_what_is_in_a_pause) {
    for (int is_over = 0; is_over < 2; is_over++) {
        begin((mw_server_config){.drain_us = is_over ? 0 : 30000});
        mw_socket *client = client_connect(&f), *other;
        client_send(client, SLOW);
        await_pauses(1);
        mw_reactor_stop(f.reactor);
        while (mw_socket_connect(mw_sys_real(), "127.0.0.1", f.port, &other, NULL) == MW_OK)
            mw_socket_close(other); /* it has not heard of it yet */
        if (is_over) atomic_store(&f.pauses_are_over, true);
        client_read_to_end(client, &in);
        MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "Connection: close\r\n"), is_over);
        mw_socket_close(client);
        end();
    }
}

/* --- bodies in pieces, answers in parts ----------------------------------------------------- */

#define POUR "POST /pour HTTP/1.1\r\nHost: h\r\n"
#define FLOW(size) "GET /flow/" #size " HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEX_PIECE "14000" /* bytes, which are some pieces' */
enum { PIECE = 0x14000, LINE = 16 };

/* Lines, one chunk of them. */
static const char *piece(void) {
    static char text[PIECE + 16];
    size_t size = (size_t)snprintf(text, sizeof text, HEX_PIECE "\r\n");
    for (size_t i = 0; i < PIECE; i++) text[size + i] = i % LINE == LINE - 1 ? '\n' : 'x';
    memcpy(text + size + PIECE, "\r\n", 3);
    return text;
}

MW_TEST(connection_takes_a_body_in_pieces) {
    enum { PIECES = 40 };
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    char head[100], expected[100];
    client_send(client, POUR "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < PIECES; i++) client_send(client, piece());
    client_send(client, "3\r\nend\r\n0\r\n\r\n" HELLO); /* pipelined: it waits for its turn */
    snprintf(expected, sizeof expected, "\r\n\r\n%d lines\n", PIECES * PIECE / LINE);
    client_read_until(client, &in, expected);
    client_read_until(client, &in, "true}");
    snprintf(head, sizeof head, POUR "Content-Length: %d\r\n\r\n", PIECES * (PIECE + 9));
    client_send(client, head);
    for (int i = 0; i < PIECES; i++) client_send(client, piece()); /* the frames count as bytes */
    snprintf(expected, sizeof expected, "\r\n\r\n%d lines\n", PIECES * (PIECE / LINE + 2));
    client_read_until(client, &in, expected);
    MW_CHECK(atomic_load(&f.batch_count) > PIECES); /* each is committed */
    mw_socket_close(client);
    end();
}

/* Each piece has a time of its own; in it, it must come. */
MW_TEST(connection_gives_a_piece_its_time) {
    begin((mw_server_config){.request_us = 400000});
    mw_socket *client = client_connect(&f);
    client_send(client, POUR "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        client_send(client, piece());
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 100000, NULL), NULL);
    }
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 1);
    client_read_to_end(client, &in);
    MW_CHECK(strstr(in.data, "HTTP/1.1 408 Request Timeout") != NULL);
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 0);
    mw_socket_close(client);
    end();
}

/* Nothing is kept for one that leaves; what is wrong with the rest is answered. */
MW_TEST(connection_ends_a_body_that_is_cut) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, POUR "Transfer-Encoding: chunked\r\n\r\n");
    client_send(client, piece());
    await_pauses(1);
    mw_socket_close(client);
    fixture_await_connections(&f, 0);
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 0);
    client = client_connect(&f);
    client_send(client, POUR "Transfer-Encoding: chunked\r\n\r\n");
    client_send(client, piece());
    client_send(client, "nonsense\r\n");
    client_read_to_end(client, &in);
    MW_CHECK(mw_str_starts(mw_buf_str(&in), MW_STR("HTTP/1.1 400 Bad Request\r\n")));
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 0);
    mw_socket_close(client);
    end();
}

/* A stop lets one that has begun come to its end. */
MW_TEST(connection_drains_a_body_in_pieces) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, POUR "Transfer-Encoding: chunked\r\n\r\n");
    client_send(client, piece());
    await_pauses(1);
    mw_reactor_stop(f.reactor);
    client_send(client, piece());
    client_send(client, "0\r\n\r\n");
    client_read_to_end(client, &in);
    MW_CHECK(strstr(in.data, "Connection: close\r\n\r\n10240 lines\n") != NULL);
    mw_socket_close(client);
    end();
}

MW_TEST(connection_answers_in_parts) {
    begin((mw_server_config){0});
    client_call(&f, FLOW(3000000) FLOW(50) BYE, &in);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "Transfer-Encoding: chunked\r\n"), 1);
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "\r\n0\r\n\r\n"), 1);
    MW_CHECK(strstr(in.data, "002999990\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n") != NULL);
    MW_CHECK(strstr(in.data, "Content-Length: 50\r\n\r\n000000000\n") != NULL);
    const char *at = in.data;
    for (int i = 0; i < 3000000; i += 10) { /* a line may stand in two chunks */
        char line[16];
        if (i % 99990 != 0) continue;
        snprintf(line, sizeof line, "%09d\n", i);
        at = strstr(at, line);
        MW_CHECK(at != NULL);
    }
    MW_CHECK(atomic_load(&f.batch_count) > 29);
    client_call(&f, "GET /flow/300000 HTTP/1.0\r\n\r\n", &in); /* it knows no chunks */
    MW_CHECK(strstr(in.data, "Transfer-Encoding") == NULL);
    MW_CHECK(strstr(in.data, "Content-Length") == NULL && mw_str_ends(mw_buf_str(&in),
                                                                     MW_STR("000299990\n")));
    end();
}

/* No more is made than is read. */
MW_TEST(connection_makes_no_part_that_is_not_read) {
    begin((mw_server_config){.write_us = 300000});
    mw_socket *client = client_connect(&f);
    client_send(client, FLOW(400000000));
    MW_CHECK(mw_socket_wait(client, false, 5 * MW_SECOND_US));
    size_t before = 0;
    while (atomic_load(&f.flowed) != before) { /* until it stands still */
        before = atomic_load(&f.flowed);
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 50000, NULL), NULL);
    }
    MW_CHECK(before > 300000 && before < 100000000); /* the system's buffers, and ours */
    fixture_await_connections(&f, 0); /* it has not read in time */
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 0);
    mw_socket_close(client);
    end();
}

/* A part whose commit fails does not leave: the answer is cut, and the client can see that. */
MW_TEST(connection_cuts_an_answer_whose_commit_fails) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    client_send(client, FLOW(400000000));
    client_read_until(client, &in, "000010000\n");
    atomic_store(&f.commit_status, MW_NO_SPACE);
    client_read_to_end(client, &in);
    MW_CHECK(mw_str_starts(mw_buf_str(&in), MW_STR("HTTP/1.1 200 OK\r\n")));
    MW_CHECK(strstr(in.data, "\"status\":507") != NULL);
    MW_CHECK(!mw_str_ends(mw_buf_str(&in), MW_STR("0\r\n\r\n")));
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 0);
    mw_socket_close(client);
    mw_buf_clear(&in);
    client = client_connect(&f);
    client_send(client, POUR "Transfer-Encoding: chunked\r\n\r\n");
    client_send(client, piece());
    client_read_to_end(client, &in);
    MW_CHECK(mw_str_starts(mw_buf_str(&in), MW_STR("HTTP/1.1 507 ")));
    MW_CHECK_EQUAL_INT(occurrences(mw_buf_str(&in), "HTTP/1.1 "), 1);
    MW_CHECK_EQUAL_INT(atomic_load(&f.pause_count), 0);
    mw_socket_close(client);
    end();
}

/* --- HTTP/2 --------------------------------------------------------------------------------- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define GOAWAY_OF_NO_ERROR "\0\0\x8\7\0\0\0\0\0"
/* POST /echo and GET /hello with the host "h"; the first has a body to come. */
#define ECHO_BEGUN "\0\0\x0c\1\4\0\0\0\1\x83\x86\x41\1h\x44\5/echo"
#define HELLO_WHOLE "\0\0\x0d\1\5\0\0\0\3\x82\x86\x41\1h\x44\6/hello"

static void send_bytes(mw_socket *client, mw_str bytes) {
    size_t size;
    MW_CHECK(mw_socket_write(client, bytes, &size) == MW_SOCKET_MOVED && size == bytes.size);
}

static bool holds(mw_str wanted) {
    return memmem(mw_buf_str(&in).data, in.size, wanted.data, wanted.size) != NULL;
}

MW_TEST(connection_speaks_http2_to_who_begins_with_it) {
    begin((mw_server_config){.idle_us = 300000});
    mw_socket *client = client_connect(&f);
    const mw_str bytes = MW_STR(PREFACE SETTINGS HELLO_WHOLE);
    for (size_t i = 0; i < bytes.size; i++) send_bytes(client, mw_str_slice(bytes, i, i + 1));
    client_read_to_end(client, &in); /* it ends by the deadline of those who are idle */
    MW_CHECK(holds(MW_STR("{\"hello\":true}\n")));
    MW_CHECK(holds(MW_STR(GOAWAY_OF_NO_ERROR)));
    mw_socket_close(client);
    end();
}

MW_TEST(connection_gives_up_a_stream_that_is_not_completed) {
    begin((mw_server_config){.request_us = 30000, .idle_us = 60000});
    mw_socket *client = client_connect(&f);
    send_bytes(client, MW_STR(PREFACE SETTINGS ECHO_BEGUN HELLO_WHOLE));
    client_read_to_end(client, &in);
    MW_CHECK(holds(MW_STR("{\"hello\":true}\n"))); /* the other one is answered */
    MW_CHECK(holds(MW_STR("\"status\":408")));
    MW_CHECK(holds(MW_STR("request: must be complete after 30 ms")));
    mw_socket_close(client);
    end();
}

MW_TEST(connection_says_in_each_stream_that_the_commit_failed) {
    begin((mw_server_config){.idle_us = 30000});
    atomic_store(&f.commit_status, MW_NO_SPACE);
    mw_socket *client = client_connect(&f);
    send_bytes(client, MW_STR(PREFACE SETTINGS HELLO_WHOLE));
    client_read_to_end(client, &in);
    MW_CHECK(holds(MW_STR("log: the disk is full")));
    MW_CHECK(!holds(MW_STR("hello\":true")));
    mw_socket_close(client);
    end();
}

MW_TEST(connection_keeps_streams_until_the_disk_has_them) {
    begin((mw_server_config){0});
    atomic_store(&f.is_durable, true);
    mw_socket *client = client_connect(&f);
    send_bytes(client, MW_STR(PREFACE SETTINGS ECHO_BEGUN HELLO_WHOLE));
    await_batches(1);
    send_bytes(client, MW_STR("\0\0\3\0\1\0\0\0\1" "abc"));
    check_silent(client);
    fixture_sync(&f);
    client_read_until(client, &in, "{\"hello\":true}\n");
    await_batches(2);
    check_silent(client);
    fixture_sync(&f);
    client_read_until(client, &in, "abc");
    mw_socket_close(client);
    end();
}

/* A stop lets a stream that has begun finish, and says that no more are taken. */
MW_TEST(connection_drains_streams) {
    begin((mw_server_config){0});
    mw_socket *client = client_connect(&f);
    send_bytes(client, MW_STR(PREFACE SETTINGS ECHO_BEGUN HELLO_WHOLE));
    client_read_until(client, &in, "{\"hello\":true}\n");
    mw_reactor_stop(f.reactor);
    client_read_until_bytes(client, &in, MW_STR(GOAWAY_OF_NO_ERROR));
    send_bytes(client, MW_STR("\0\0\3\0\1\0\0\0\1" "abc"));
    client_read_to_end(client, &in);
    MW_CHECK(mw_str_ends(mw_buf_str(&in), MW_STR("abc")));
    mw_socket_close(client);
    end();
}

/* GET /slow in stream 5; and the client gives that up. */
#define SLOW_WHOLE "\0\0\x0c\1\5\0\0\0\5\x82\x86\x41\1h\x44\5/slow"
#define SLOW_RESET "\0\0\4\3\0\0\0\0\5\0\0\0\x8"

MW_TEST(connection_resumes_a_stream_unless_it_was_given_up) {
    for (int is_reset = 0; is_reset < 2; is_reset++) {
        begin((mw_server_config){.idle_us = 30000});
        mw_socket *client = client_connect(&f);
        send_bytes(client, MW_STR(PREFACE SETTINGS SLOW_WHOLE));
        await_pauses(1);
        if (is_reset) send_bytes(client, MW_STR(SLOW_RESET));
        fixture_await_connections(&f, 1); /* the server has read that */
        atomic_store(&f.pauses_are_over, true);
        client_read_to_end(client, &in);
        MW_CHECK(holds(MW_STR("{\"hello\":true}\n")) == !is_reset);
        await_pauses(0);
        MW_CHECK_EQUAL_INT(atomic_load(&f.forsaken_count), is_reset);
        mw_socket_close(client);
        end();
    }
}
