#include "ingest/worker.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/arrow_reader.h"
#include "store/arrow_writer.h"
#include "testing/test.h"

static mw_field number_field = {{"n", 1}, MW_TYPE_NUMBER};
static mw_field text_field = {{"t", 1}, MW_TYPE_TEXT};
static mw_field two_fields[] = {{{"n", 1}, MW_TYPE_NUMBER}, {{"m", 1}, MW_TYPE_NUMBER}};
static const mw_schema numbers = {&number_field, 1};

/* --- the program that is asked: this one, called by `start` ---------------------------------- */

static const char *mode; /* what it does; NULL: it is not asked */

static bool does(const char *what) { return strcmp(mode, what) == 0; }

static void write_out(const mw_buf *out) {
    if (fwrite(out->data, 1, out->size, stdout) != out->size || fflush(stdout) != 0) _exit(1);
    if (does("more later")) usleep(100000); /* than the answer is read */
    bool writes_more = does("more") || does("more later");
    if (writes_more && fwrite(out->data, 1, out->size, stdout) > 0) fflush(stdout);
}

/* The twice of each number that it was sent, or what its mode makes of that. */
static void answer(const mw_arrow_reader *reader, mw_symbols *symbols, bool is_first) {
    const mw_schema schema = does("text")          ? (mw_schema){&text_field, 1}
                             : does("two columns") ? (mw_schema){two_fields, 2}
                                                   : numbers;
    mw_table rows;
    mw_buf out;
    mw_buf_init(&out, 1 << 24);
    mw_table_init(&rows, &schema);
    size_t count = mw_arrow_row_count(reader);
    for (size_t i = 0; i < count; i++) {
        mw_arrow_target target = {MW_TYPE_NUMBER, NULL, symbols};
        mw_cell row[2];
        if (mw_arrow_cell(reader, 0, i, target, &row[0], NULL) != MW_OK) _exit(2);
        row[0].number *= 2;
        row[1] = row[0];
        if (does("text")) row[0] = (mw_cell){.symbol = mw_symbols_intern(symbols, MW_STR("x"))};
        if (mw_table_add(&rows, row, NULL, NULL) != MW_OK) _exit(2);
    }
    if (does("too few") && count > 0) rows.row_count--;
    if (is_first && mw_arrow_write_schema(&schema, &out, NULL) != MW_OK) _exit(2);
    if (mw_arrow_write_rows(&rows, 0, rows.row_count, symbols, &out, NULL) != MW_OK) _exit(2);
    write_out(&out);
    mw_buf_release(&out);
    mw_table_release(&rows);
}

/* What is peculiar about a mode happens before batch 2 is answered; the first is without rows. */
static void misbehave(size_t batch) {
    if (batch < 2) return;
    if (does("end")) _exit(7);
    if (does("be killed")) raise(SIGKILL);
    if (does("be killed once") && access(getenv("MW_WORKER_FLAG"), F_OK) != 0) {
        fclose(fopen(getenv("MW_WORKER_FLAG"), "w"));
        raise(SIGKILL);
    }
    if (does("be slow")) sleep(100);
    if (does("close its output")) fclose(stdout);
    while (does("close its output")) sleep(100);
    if (does("print")) puts("hello, world");
    while (does("never stop")) puts("hello, world");
}

MW_TEST(worker_child) {
    mode = getenv("MW_WORKER_MODE");
    if (!mode) return;
    mw_arrow_reader *reader;
    mw_symbols *symbols;
    static char bytes[1 << 16];
    size_t batch = 0;
    if (does("end at once")) _exit(3);
    if (mw_arrow_reader_create(1 << 24, &reader, NULL) != MW_OK) _exit(2);
    if (mw_symbols_create(1 << 20, &symbols, NULL) != MW_OK) _exit(2);
    for (;;) {
        ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
        if (size <= 0) _exit(0);
        mw_str piece = {bytes, (size_t)size};
        while (piece.size > 0) {
            mw_arrow_step step;
            if (mw_arrow_reader_take(reader, &piece, &step, NULL) != MW_OK) _exit(2);
            if (step != MW_ARROW_BATCH) continue;
            misbehave(++batch);
            answer(reader, symbols, batch == 1);
        }
    }
}

/* --- asking it ------------------------------------------------------------------------------ */

enum { ROWS = 5000 };
typedef struct {
    mw_symbols *symbols;
    mw_table rows;
    mw_worker *worker;
    mw_cell answers[ROWS];
} world;

static world *open_world(const char *child_mode, mw_worker_config config) {
    static world w;
    static const char *const arguments[] = {"/proc/self/exe", "worker_child", NULL};
    mw_error err;
    setenv("MW_WORKER_MODE", child_mode, 1);
    w = (world){0};
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w.symbols, &err), &err);
    mw_table_init(&w.rows, &numbers);
    config.name = MW_STR("twice");
    if (!config.arguments) config.arguments = arguments;
    config.takes = &numbers;
    config.gives = MW_TYPE_NUMBER;
    if (config.timeout_us == 0) config.timeout_us = 20 * MW_SECOND_US;
    MW_CHECK_OK(mw_worker_create(mw_sys_real(), config, &w.worker, &err), &err);
    return &w;
}

static void close_world(world *w) {
    mw_worker_destroy(w->worker);
    mw_table_release(&w->rows);
    mw_symbols_destroy(w->symbols);
    unsetenv("MW_WORKER_MODE");
}

/* The double of each number from..to-1. */
static mw_status ask(world *w, size_t from, size_t to, mw_error *err) {
    mw_table_clear(&w->rows);
    for (size_t i = from; i < to; i++) {
        mw_cell cell = mw_cell_number((double)i);
        MW_TRY(mw_table_add(&w->rows, &cell, NULL, err));
    }
    return mw_worker_ask(w->worker, &w->rows, w->symbols, w->answers, err);
}

static void check_answers(world *w, size_t from, size_t to) {
    mw_error err;
    MW_CHECK_OK(ask(w, from, to, &err), &err);
    for (size_t i = from; i < to; i++)
        MW_CHECK(w->answers[i - from].number == 2 * (double)i);
}

MW_TEST(worker_answers_batch_after_batch) {
    world *w = open_world("twice", (mw_worker_config){0});
    check_answers(w, 0, 256);
    check_answers(w, 256, 257);
    check_answers(w, 0, ROWS);
    close_world(w);
}

/* A batch at which it ended is given to one more. */
MW_TEST(worker_that_is_killed_is_started_again) {
    char flag[512];
    snprintf(flag, sizeof flag, "%s/killed", mw_test_directory());
    setenv("MW_WORKER_FLAG", flag, 1);
    world *w = open_world("be killed once", (mw_worker_config){0});
    check_answers(w, 0, 10);
    MW_CHECK(access(flag, F_OK) == 0);
    check_answers(w, 10, 20);
    close_world(w);
}

static size_t open_files(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

/* Each wrong way to answer is told, the process is gone, and nothing of it is left open. */
MW_TEST(worker_refuses_what_is_no_answer) {
    static const struct {
        const char *mode;
        mw_status status;
        const char *message;
    } cases[] = {
        {"end", MW_UNAVAILABLE, "process twice: batch 1: it ended with exit code 7"},
        {"be killed", MW_UNAVAILABLE, "process twice: batch 1: it was ended by signal 9"},
        {"end at once", MW_UNAVAILABLE, "process twice: it ended with exit code 3"},
        {"be slow", MW_TIMED_OUT, "process twice: batch 1: it did not answer within 1000 ms"},
        {"close its output", MW_UNAVAILABLE,
         "process twice: batch 1: it closed its input or output, and did not end"},
        {"too few", MW_INVALID, "process twice: batch 1: it must answer 10 rows, got 9"},
        {"two columns", MW_INVALID, "process twice: it must answer by one column, got 2"},
        {"text", MW_INVALID, "process twice: it must give a number, got a column of string"},
        {"print", MW_MALFORMED,
         "process twice: batch 1: Arrow stream: message 3: must begin with ff ff ff ff and its "
         "size"},
        {"never stop", MW_MALFORMED,
         "process twice: batch 1: Arrow stream: message 3: must begin with ff ff ff ff and its "
         "size"},
    };
    size_t open_before = open_files();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world *w = open_world(cases[i].mode, (mw_worker_config){.timeout_us = MW_SECOND_US});
        mw_error err;
        MW_CHECK_STATUS(ask(w, 0, 10, &err), cases[i].status);
        MW_CHECK_EQUAL_STR(err.message, cases[i].message);
        close_world(w);
    }
    MW_CHECK_EQUAL_INT(open_files(), open_before);
}

/* Found with the answer or before the next question, whose answer it would be taken for. */
MW_TEST(worker_refuses_more_than_an_answer) {
    static const char *const modes[] = {"more", "more later"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        world *w = open_world(modes[i], (mw_worker_config){0});
        mw_error err;
        mw_status status = mw_worker_start(w->worker, &err);
        usleep(200000); /* until it has written all */
        if (status == MW_OK) status = ask(w, 0, 10, &err);
        MW_CHECK_STATUS(status, MW_MALFORMED);
        close_world(w);
    }
}

static void *give_up(void *is_given_up) {
    usleep(100000);
    atomic_store((atomic_bool *)is_given_up, true);
    return NULL;
}

MW_TEST(worker_can_be_given_up) {
    atomic_bool is_given_up = false;
    pthread_t thread;
    mw_error err;
    world *w = open_world("be slow", (mw_worker_config){.is_given_up = &is_given_up});
    MW_CHECK_OK(mw_worker_start(w->worker, &err), &err);
    MW_CHECK(pthread_create(&thread, NULL, give_up, &is_given_up) == 0);
    MW_CHECK_STATUS(ask(w, 0, 10, &err), MW_TIMED_OUT);
    MW_CHECK_EQUAL_STR(err.message, "process twice: batch 1: it was given up");
    pthread_join(thread, NULL);
    close_world(w);
}

MW_TEST(worker_that_is_not_there) {
    static const char *const arguments[] = {"/nowhere/at-all", NULL};
    world *w = open_world("", (mw_worker_config){.arguments = arguments});
    mw_error err;
    MW_CHECK_STATUS(mw_worker_start(w->worker, &err), MW_UNAVAILABLE);
    MW_CHECK(mw_str_starts(mw_str_of(err.message),
                           MW_STR("process twice: it cannot be started: /nowhere/at-all")));
    close_world(w);
}

/* In a server nobody waits for a process that has just failed. */
MW_TEST(worker_pauses_after_a_failure) {
    world *w = open_world("end at once", (mw_worker_config){.pauses = true});
    mw_error err;
    bool has_paused = false; /* which a busy machine may sleep through */
    for (int i = 0; i < 10 && !has_paused; i++) {
        MW_CHECK_STATUS(mw_worker_start(w->worker, &err), MW_UNAVAILABLE);
        has_paused = strstr(err.message, "starts again in") != NULL;
    }
    MW_CHECK(has_paused);
    setenv("MW_WORKER_MODE", "twice", 1);
    while (mw_worker_start(w->worker, &err) != MW_OK) usleep(1000);
    check_answers(w, 0, 10);
    close_world(w);
}
