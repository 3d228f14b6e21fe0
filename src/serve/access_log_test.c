#include "serve/access_log.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <string.h>

static mw_sys *machine(void) {
    mw_sys *sys;
    mw_simulated_config config = {.seed = mw_test_seed()};
    MW_CHECK_OK(mw_simulated_create(config, &sys, NULL), NULL);
    return sys;
}

static mw_access_log *open_log(mw_sys *sys, double share) {
    mw_access_log *log;
    mw_error err;
    MW_CHECK_OK(mw_access_log_open(sys, "access.log", share, &log, &err), &err);
    return log;
}

static void read_log(mw_sys *sys, mw_buf *text) {
    mw_error err;
    mw_buf_clear(text);
    MW_CHECK_OK(mw_sys_read_file(sys, "access.log", text, &err), &err);
}

static size_t line_count(mw_str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += text.data[i] == '\n';
    return count;
}

MW_TEST(access_log_writes_lines) {
    mw_sys *sys = machine();
    mw_access_log *log = open_log(sys, 1);
    mw_buf text;
    mw_buf_init(&text, 10000);
    mw_access_entry entry = {.method = MW_HTTP_POST, .code = 200, .span_us = 85, .waited_us = 40,
                             .size = 143, .path = "/v1/\"a\n"};
    mw_access_log_add(log, &entry);
    read_log(sys, &text);
    MW_CHECK_EQUAL_INT(text.size, 0); /* no request waits for the file */
    entry.trace = mw_trace_parse(MW_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    mw_access_log_add(log, &entry);
    mw_access_log_flush(log);
    mw_access_log_flush(log);
    read_log(sys, &text);
#define LINE                                                                            \
    "{\"time\":\"1970-01-01T00:00:00Z\",\"method\":\"POST\",\"path\":\"/v1/\\\"a\\n\"," \
    "\"code\":200,\"us\":85,\"waited_us\":40,\"bytes\":143"
    MW_CHECK_EQUAL_STR(mw_buf_str(&text),
                       LINE "}\n" LINE ",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                            "\"span\":\"00f067aa0ba902b7\"}\n");
    mw_access_log_close(log);
    mw_access_log_close(NULL);
    mw_buf_release(&text);
    mw_simulated_destroy(sys);
}

MW_TEST(access_log_takes_a_sample_and_all_failures) {
    enum { ADDED = 10000, SPREAD = 100 };
    mw_sys *sys = machine();
    mw_access_log *log = open_log(sys, 0.1);
    mw_buf text;
    mw_buf_init(&text, 1 << 24);
    mw_access_entry entry = {.code = 200};
    for (int i = 0; i < ADDED; i++) mw_access_log_add(log, &entry);
    mw_access_log_flush(log);
    read_log(sys, &text);
    size_t sampled = line_count(mw_buf_str(&text));
    MW_CHECK(sampled > ADDED / 10 - SPREAD && sampled < ADDED / 10 + SPREAD);
    entry.code = 503;
    for (int i = 0; i < 7; i++) mw_access_log_add(log, &entry);
    mw_access_log_flush(log);
    read_log(sys, &text);
    MW_CHECK_EQUAL_INT(line_count(mw_buf_str(&text)), sampled + 7);
    mw_access_log_close(log);
    mw_buf_release(&text);
    mw_simulated_destroy(sys);
}

MW_TEST(access_log_counts_what_it_drops) {
    mw_sys *sys = machine();
    mw_access_log *log = open_log(sys, 1);
    mw_access_entry entry = {.code = 200};
    memset(entry.path, 'p', MW_ACCESS_PATH_MAX);
    size_t added = 0;
    for (; mw_access_log_dropped(log) == 0; added++) mw_access_log_add(log, &entry);
    MW_CHECK(added > MW_ACCESS_LOG_SIZE_MAX / 400);
    mw_access_log_flush(log);
    mw_buf text;
    mw_buf_init(&text, 2 * MW_ACCESS_LOG_SIZE_MAX);
    read_log(sys, &text);
    MW_CHECK_EQUAL_INT(line_count(mw_buf_str(&text)), added - 1);
    mw_access_log_add(log, &entry); /* and goes on */
    MW_CHECK_EQUAL_INT(mw_access_log_dropped(log), 1);
    mw_access_log_close(log);
    mw_buf_release(&text);
    mw_simulated_destroy(sys);
}
