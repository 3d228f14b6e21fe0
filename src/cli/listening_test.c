#include "cli/listening.h"

#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "testing/test.h"

static const mw_command *serve_command(void) {
    const mw_command *command = mw_commands;
    while (strcmp(command->name, "serve") != 0) command++;
    return command;
}

/* By options, up to four, each a word such as "--listen=:80". */
static mw_status read_options(const char *const options[4], mw_listening *out_listening,
                              mw_error *err) {
    static char texts[4][100];
    char *arguments[4];
    int count = 0;
    for (; count < 4 && options[count]; count++) {
        snprintf(texts[count], sizeof texts[count], "%s", options[count]);
        arguments[count] = texts[count];
    }
    mw_cli cli = {.sys = mw_sys_real(), .command = serve_command(), .folder = "."};
    MW_CHECK_OK(mw_cli_read(&cli, count, arguments, err), err);
    return mw_listening_read(&cli, out_listening, err);
}

MW_TEST(listening_reads_addresses) {
    static const struct {
        const char *option, *host;
        int port;
    } cases[] = {
        {NULL, "127.0.0.1", 7070},          {"--listen=127.0.0.1:80", "127.0.0.1", 80},
        {"--listen=localhost", "localhost", 7070}, {"--listen=[::1]:0", "::1", 0},
        {"--listen=127.8.9.1:65535", "127.8.9.1", 65535},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_listening listening;
        mw_error err;
        MW_CHECK_OK(read_options((const char *[4]){cases[i].option}, &listening, &err), &err);
        MW_CHECK_EQUAL_STR(listening.host, cases[i].host);
        MW_CHECK_EQUAL_INT(listening.port, cases[i].port);
        MW_CHECK(!listening.is_open && !listening.asks_tokens && !listening.key);
        MW_CHECK_EQUAL_INT(listening.teller_count, 0);
    }
}

MW_TEST(listening_refuses_what_is_no_address) {
    static const char *const addresses[] = {"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                            "127.0.0.1:http", "::1", "::1:80", "[::1]", "a:b:80"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char option[100], expected[200];
        mw_listening listening;
        mw_error err;
        snprintf(option, sizeof option, "--listen=%s", addresses[i]);
        snprintf(expected, sizeof expected,
                 "--listen: must be HOST:PORT or [IPV6]:PORT, got \"%s\"", addresses[i]);
        MW_CHECK_STATUS(read_options((const char *[4]){option}, &listening, &err), MW_USAGE);
        MW_CHECK_EQUAL_STR(err.message, expected);
    }
    mw_listening listening;
    mw_error err;
    MW_CHECK_STATUS(read_options((const char *[4]){"--listen=no host:80"}, &listening, &err),
                    MW_INVALID);
    MW_CHECK(strstr(err.message, "no host: is no address of this machine's network"));
    MW_CHECK(strstr(err.hint, "--listen takes HOST:PORT"));
}

/* An address that others can reach wants TLS and tokens, or to be told not to. */
MW_TEST(listening_reads_which_share_is_logged) {
    static const char *const refused[][4] = {{"--access-log=f", "--access-share=2"},
                                             {"--access-log=f", "--access-share=nan"},
                                             {"--access-log=f", "--access-share=-0.5"},
                                             {"--access-share=1"}};
    mw_listening listening;
    mw_error err;
    const char *const half[4] = {"--access-log=f", "--access-share=0.5"};
    MW_CHECK_OK(read_options(half, &listening, &err), &err);
    MW_CHECK(listening.logged_share == 0.5);
    MW_CHECK_OK(read_options((const char *[4]){"--access-log=f"}, &listening, &err), &err);
    MW_CHECK(listening.logged_share == 1);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        MW_CHECK_STATUS(read_options(refused[i], &listening, &err), MW_USAGE);
    MW_CHECK_EQUAL_STR(err.message, "--access-share: must come with --access-log");
}

MW_TEST(listening_is_safe_where_others_can_reach_it) {
    static const struct {
        const char *options[4];
        bool is_taken, asks_tokens, is_secure;
    } cases[] = {
        {{"--listen=0.0.0.0:80"}, false, false, false},
        {{"--listen=:80"}, false, false, false},
        {{"--listen=[::]:80"}, false, false, false},
        {{"--listen=:80", "--tokens=off"}, false, false, false},
        {{"--listen=:80", "--plain-http"}, true, true, false},
        {{"--listen=:80", "--plain-http", "--tokens=off"}, true, false, false},
        {{"--listen=:80", "--tls-certificate=c", "--tls-key=k"}, true, true, true},
        {{"--listen=:80", "--tls-certificate=c"}, false, false, false},
        {{"--listen=:80", "--tls-certificate=c", "--tls-key=k", "--plain-http"}, false, false,
         false},
        {{"--tokens=on"}, true, true, false},
        {{"--tokens=perhaps"}, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_listening listening;
        mw_error err;
        mw_status status = read_options(cases[i].options, &listening, &err);
        MW_CHECK_EQUAL_INT(status, cases[i].is_taken ? MW_OK : MW_USAGE);
        if (status != MW_OK) continue;
        MW_CHECK_EQUAL_INT(listening.asks_tokens, cases[i].asks_tokens);
        MW_CHECK_EQUAL_INT(listening.key != NULL, cases[i].is_secure);
    }
}

MW_TEST(listening_reads_deadlines) {
    static const struct {
        const char *option;
        int64_t deadline_us; /* -1: it is refused */
    } cases[] = {
        {NULL, 0},
        {"--deadline=1ms", 1000},
        {"--deadline=20ms", 20000},
        {"--deadline=1h", MW_HOUR_US},
        {"--deadline=2h", -1},
        {"--deadline=999us", -1},
        {"--deadline=0s", -1},
        {"--deadline=-1s", -1},
        {"--deadline=20", -1},
        {"--deadline=soon", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_listening listening;
        mw_error err;
        mw_status status = read_options((const char *[4]){cases[i].option}, &listening, &err);
        MW_CHECK_EQUAL_INT(status, cases[i].deadline_us >= 0 ? MW_OK : MW_USAGE);
        if (status == MW_OK) MW_CHECK_EQUAL_INT(listening.deadline_us, cases[i].deadline_us);
        else MW_CHECK(mw_str_starts(mw_str_of(err.message),
                                    MW_STR("--deadline: must be 1ms to 1h, got \"")));
    }
}
