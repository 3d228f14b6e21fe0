#include "ingest/asking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testing/declare.h"
#include "testing/test.h"

/* The process that is asked is worker_child of worker_test.c: the twice of what it is sent. */
static const char shop[] = "stream orders:\n"
                           "  columns: at time, amount number, later_one number\n"
                           "  time: at\n"
                           "  id: at\n"
                           "  later later_one: at + 1d\n"
                           "  field less: amount - 1\n"
                           "  ask twice: number double_it(less)\n"
                           "model m\n"
                           "  moment: on orders\n"
                           "  label: any(orders by amount over next 1d)\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_project_process process;
    mw_project project;
    mw_asking *asking;
    mw_table rows;
    mw_cell *items[100];
} world;

static world *open_world(const char *child_mode, mw_project_process process, bool is_live) {
    static world w;
    mw_error err;
    setenv("MW_WORKER_MODE", child_mode, 1);
    w = (world){.process = process};
    w.process.name = MW_STR("double_it");
    w.process.command = MW_STR("/proc/self/exe  worker_child");
    w.process.gives = MW_TYPE_NUMBER;
    w.process.timeout_us = 20 * MW_SECOND_US;
    w.process.batch = 30;
    w.project = (mw_project){.processes = &w.process, .process_count = 1};
    mw_arena_init(&w.arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &w.symbols, &err), &err);
    mw_asking_config config = {.sys = mw_sys_real(),
                               .project = &w.project,
                               .program = mw_test_program(&w.arena, w.symbols, shop),
                               .symbols = w.symbols,
                               .folder = "/",
                               .is_live = is_live};
    MW_CHECK_OK(mw_asking_create(config, &w.asking, &err), &err);
    MW_CHECK(mw_asking_has(w.asking, 0) && !mw_asking_has(w.asking, 1));
    mw_table_init(&w.rows, &config.program->streams[0].schema);
    for (size_t i = 0; i < 100; i++)
        MW_CHECK_OK(mw_table_add(&w.rows, NULL, NULL, &err), &err);
    for (size_t i = 0; i < 100; i++) {
        w.items[i] = mw_table_row(&w.rows, i);
        w.items[i][1] = mw_cell_number((double)i + 1);
        w.items[i][2] = mw_cell_number((double)i);
    }
    MW_CHECK_EQUAL_INT(w.rows.schema->field_count, 4); /* without the later one */
    return &w;
}

static void close_world(world *w) {
    mw_asking_destroy(w->asking);
    mw_table_release(&w->rows);
    mw_symbols_destroy(w->symbols);
    mw_arena_release(&w->arena);
    unsetenv("MW_WORKER_MODE");
}

MW_TEST(asking_fills_the_fields) {
    world *w = open_world("twice", (mw_project_process){.fallback = NAN}, false);
    mw_error err;
    MW_CHECK_OK(mw_asking_start(w->asking, &err), &err);
    MW_CHECK_OK(mw_asking_fill(w->asking, 0, w->items, 100, &err), &err);
    for (size_t i = 0; i < 100; i++) MW_CHECK(w->items[i][3].number == 2 * (double)i);
    mw_asking_counts counts = mw_asking_read_counts(w->asking);
    MW_CHECK_EQUAL_INT(counts.answered, 100);
    MW_CHECK_EQUAL_INT(counts.unanswered, 0);
    close_world(w);
}

/* A live one goes on with what stands in its place, for as long as it takes. */
MW_TEST(asking_goes_without_an_answer) {
    world *w = open_world("end", (mw_project_process){.fallback = 0.5}, true);
    mw_error err;
    for (int i = 0; i < 5; i++)
        MW_CHECK_OK(mw_asking_fill(w->asking, 0, w->items, 10, &err), &err);
    MW_CHECK(w->items[9][3].number == 0.5);
    mw_asking_counts counts = mw_asking_read_counts(w->asking);
    MW_CHECK_EQUAL_INT(counts.unanswered, 50);
    MW_CHECK(mw_str_starts(mw_str_of(counts.why), MW_STR("process double_it: ")));
    close_world(w);
}

/* Where nobody waits, three failures in a row say that something is wrong with it. */
MW_TEST(asking_gives_up) {
    world *w = open_world("end", (mw_project_process){.fallback = NAN}, false);
    mw_error err;
    MW_CHECK_OK(mw_asking_fill(w->asking, 0, w->items, 60, &err), &err);
    MW_CHECK(isnan(w->items[59][3].number));
    MW_CHECK_STATUS(mw_asking_fill(w->asking, 0, w->items, 30, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.hint, "Its last 3 batches were not answered, so nothing was taken.");
    close_world(w);
}

MW_TEST(asking_takes_no_fallback_for_what_is_not_there) {
    world *w = open_world("end at once", (mw_project_process){.fallback = NAN}, false);
    mw_error err;
    MW_CHECK_OK(mw_asking_fill(w->asking, 0, w->items, 0, &err), &err);
    MW_CHECK_STATUS(mw_asking_fill(w->asking, 0, w->items, 1, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "process double_it: it ended with exit code 3");
    close_world(w);
}

MW_TEST(asking_refuses_where_it_must) {
    world *w = open_world("too few", (mw_project_process){.refuses = true}, true);
    mw_error err;
    MW_CHECK_STATUS(mw_asking_fill(w->asking, 0, w->items, 10, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "process double_it: batch 1: it must answer 10 rows, got 9");
    close_world(w);
}

MW_TEST(asking_of_a_process_that_is_not_declared) {
    world *w = open_world("twice", (mw_project_process){.fallback = NAN}, false);
    mw_asking *asking = NULL;
    mw_error err;
    static const mw_project no_processes;
    mw_asking_config config = {.sys = mw_sys_real(),
                               .project = &no_processes,
                               .program = mw_test_program(&w->arena, w->symbols, shop),
                               .symbols = w->symbols,
                               .folder = "/"};
    MW_CHECK_STATUS(mw_asking_create(config, &asking, &err), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message,
                       "process double_it: the project file declares none of this name");
    close_world(w);
}
