#include "serve/enquiry.h"

#include <math.h>

#include "sys/poller.h"
#include "table/passing.h"
#include "testing/declare.h"
#include "testing/test.h"

/* Nobody answers here, so what stands in place of answers does (tests/e2e/asking_test.py asks). */
typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_project_process process;
    mw_project project;
    mw_asking *asking;
    mw_enquiry_config config;
} world;

static world *open_world(mw_project_process process) {
    static world w;
    mw_error err;
    w = (world){.process = process};
    w.process.name = MW_STR("nobody");
    w.process.command = MW_STR("/bin/false");
    w.process.gives = MW_TYPE_NUMBER;
    w.process.timeout_us = MW_SECOND_US;
    if (w.process.batch == 0) w.process.batch = 2;
    w.project = (mw_project){.processes = &w.process, .process_count = 1};
    mw_arena_init(&w.arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w.symbols, &err), &err);
    MW_CHECK_OK(mw_passing_allow(w.symbols, &err), &err);
    const mw_program *program = mw_test_program(
        &w.arena, w.symbols,
        "stream reviews:\n"
        "  columns: at time, text text\n"
        "  time: at\n"
        "  id: at\n"
        "  ask mood: number nobody(text)\n"
        "model m\n"
        "  moment: on reviews\n"
        "  label: any(reviews by text over next 1d)\n");
    mw_asking_config asking = {mw_sys_real(), &w.project, program, w.symbols, "/", true};
    MW_CHECK_OK(mw_asking_create(asking, &w.asking, &err), &err);
    w.config = (mw_enquiry_config){mw_sys_real(), program, w.symbols, w.asking};
    return &w;
}

static void close_world(world *w) {
    MW_CHECK(mw_asking_claim(w->asking, w->symbols)); /* nobody has it any more */
    mw_asking_destroy(w->asking);
    mw_symbols_destroy(w->symbols);
    mw_arena_release(&w->arena);
}

static void make_row(const world *w, int64_t at, const char *text, mw_cell row[3]) {
    row[0] = mw_cell_time(at);
    (void)mw_passing_set(w->symbols, true); /* as where a request is read */
    row[1] = (mw_cell){.symbol = mw_symbols_intern(w->symbols, mw_str_of(text))};
    (void)mw_passing_set(w->symbols, false);
    row[2] = mw_cell_missing(MW_TYPE_NUMBER);
}

static void run(mw_enquiry *enquiry) {
    mw_error err;
    while (!mw_enquiry_run(enquiry, true))
        MW_CHECK_OK(mw_poller_pause(mw_sys_real(), 1000, &err), &err);
}

MW_TEST(enquiry_answers_the_rows_that_it_covers) {
    world *w = open_world((mw_project_process){.fallback = 0.5});
    mw_enquiry *enquiry, *second;
    mw_cell row[3], other[3];
    mw_error err;
    MW_CHECK_OK(mw_enquiry_create(w->config, &enquiry, &err), &err);
    MW_CHECK_OK(mw_enquiry_create(w->config, &second, &err), &err);
    for (int i = 0; i < 5; i++) {
        make_row(w, i, "good", row);
        MW_CHECK_OK(mw_enquiry_add(enquiry, 0, row, &err), &err);
    }
    MW_CHECK_OK(mw_enquiry_add(second, 0, row, &err), &err);
    if (!mw_enquiry_run(enquiry, true)) /* one asks at a time */
        MW_CHECK(!mw_enquiry_run(second, true));
    run(enquiry);
    run(second);
    mw_passing_tidy(w->symbols); /* as others are answered */
    make_row(w, 3, "good", row);
    make_row(w, 3, "bad", other);
    MW_CHECK(mw_enquiry_covers(enquiry, 0, row));
    MW_CHECK(!mw_enquiry_covers(enquiry, 0, other));
    MW_CHECK_OK(mw_enquiry_fill(enquiry, 0, row, &err), &err);
    MW_CHECK(row[2].number == 0.5);
    mw_enquiry_destroy(enquiry);
    mw_enquiry_destroy(second);
    mw_passing_tidy(w->symbols);
    MW_CHECK_EQUAL_INT(mw_symbols_find(w->symbols, MW_STR("good")), 0);
    close_world(w);
}

/* As many rows as there may be, each found at once, as is that one is not there. */
MW_TEST(enquiry_finds_a_row_among_many) {
    world *w = open_world((mw_project_process){.fallback = 0.5, .batch = MW_ENQUIRY_ROWS_MAX});
    mw_enquiry *enquiry;
    mw_cell row[3];
    mw_error err;
    MW_CHECK_OK(mw_enquiry_create(w->config, &enquiry, &err), &err);
    for (int i = 0; i < MW_ENQUIRY_ROWS_MAX; i++) {
        make_row(w, i, "good", row);
        MW_CHECK_OK(mw_enquiry_add(enquiry, 0, row, &err), &err);
    }
    MW_CHECK_STATUS(mw_enquiry_add(enquiry, 0, row, &err), MW_TOO_LARGE);
    run(enquiry);
    for (int i = 0; i < 2 * MW_ENQUIRY_ROWS_MAX; i++) {
        make_row(w, i, "good", row);
        MW_CHECK(mw_enquiry_covers(enquiry, 0, row) == (i < MW_ENQUIRY_ROWS_MAX));
    }
    mw_enquiry_destroy(enquiry);
    close_world(w);
}

/* A request of more rows than one enquiry takes goes on by another, and both answers stand. */
MW_TEST(enquiry_follows_an_earlier_one) {
    world *w = open_world((mw_project_process){.fallback = 0.5});
    mw_enquiry *enquiries[3];
    mw_cell row[3];
    mw_error err;
    for (int i = 0; i < 3; i++) {
        MW_CHECK_OK(mw_enquiry_create(w->config, &enquiries[i], &err), &err);
        make_row(w, i, "good", row);
        MW_CHECK_OK(mw_enquiry_add(enquiries[i], 0, row, &err), &err);
        mw_enquiry_follow(enquiries[i], i > 0 ? enquiries[i - 1] : NULL);
        run(enquiries[i]);
    }
    for (int i = 0; i < 4; i++) {
        make_row(w, i, "good", row);
        MW_CHECK(mw_enquiry_covers(enquiries[2], 0, row) == (i < 3));
        if (i < 3) MW_CHECK_OK(mw_enquiry_fill(enquiries[2], 0, row, &err), &err);
        MW_CHECK(i == 3 || row[2].number == 0.5);
    }
    mw_enquiry_destroy(enquiries[2]);
    close_world(w);
}

MW_TEST(enquiry_says_that_there_is_no_answer) {
    world *w = open_world((mw_project_process){.refuses = true, .fallback = NAN});
    mw_enquiry *enquiry;
    mw_cell row[3];
    mw_error err;
    make_row(w, 1, "good", row);
    MW_CHECK_OK(mw_enquiry_create(w->config, &enquiry, &err), &err);
    MW_CHECK_OK(mw_enquiry_add(enquiry, 0, row, &err), &err);
    run(enquiry);
    MW_CHECK_STATUS(mw_enquiry_fill(enquiry, 0, row, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "process nobody: it ended with exit code 1");
    mw_enquiry_destroy(enquiry);
    close_world(w);
}

/* A client that gives up takes its enquiry with it, asked or not. */
MW_TEST(enquiry_can_be_given_up) {
    world *w = open_world((mw_project_process){.fallback = NAN});
    for (int i = 0; i < 2; i++) {
        mw_enquiry *enquiry;
        mw_cell row[3];
        mw_error err;
        make_row(w, 1, "good", row);
        MW_CHECK_OK(mw_enquiry_create(w->config, &enquiry, &err), &err);
        MW_CHECK_OK(mw_enquiry_add(enquiry, 0, row, &err), &err);
        if (i == 0) MW_CHECK(mw_enquiry_run(enquiry, false)); /* it never begins */
        if (i == 1) (void)mw_enquiry_run(enquiry, true);
        mw_enquiry_destroy(enquiry);
    }
    close_world(w);
}
