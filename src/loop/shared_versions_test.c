#include "loop/shared_versions.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "sys/parallel.h"
#include "testing/test.h"

/* A trainer that names what it was asked for, and stays away until as many as are wanted are at
   it with it. Asked for 13 examples it fails. */
typedef struct {
    mw_arena arena;
    mw_baton *baton;
    mw_shared_versions versions;
    mw_backtest_config backtest;
    const size_t *asked; /* by thread */
    int together;
    atomic_int at_work, most_at_work, trained;
} fixture;

static mw_status train(void *context, const mw_examples *examples, size_t count, mw_arena *arena,
                       mw_trained *out_trained, mw_error *err) {
    fixture *f = context;
    (void)examples;
    mw_baton_lay_down(f->baton);
    int now = atomic_fetch_add(&f->at_work, 1) + 1;
    if (now > atomic_load(&f->most_at_work)) atomic_store(&f->most_at_work, now);
    while (atomic_load(&f->most_at_work) < f->together) sched_yield();
    atomic_fetch_sub(&f->at_work, 1);
    mw_baton_take(f->baton);
    atomic_fetch_add(&f->trained, 1);
    if (count == 13) return mw_fail(err, MW_INVALID, "train: it is the thirteenth");
    mw_buf name;
    mw_buf_init(&name, 64);
    mw_buf_printf(&name, "of %zu", count);
    *out_trained =
        (mw_trained){.bytes = mw_str_copy(arena, mw_buf_str(&name)), .learner_cpu_us = 1};
    mw_buf_release(&name);
    return MW_OK;
}

static void set_up(fixture *f, int32_t thread_count, int together) {
    mw_error err;
    *f = (fixture){.together = together};
    mw_arena_init(&f->arena, 1 << 20);
    MW_CHECK_OK(mw_baton_create(&f->baton, &err), &err);
    f->backtest = (mw_backtest_config){
        .sys = mw_sys_real(), .thread_count = thread_count, .train = train, .context = f};
    mw_shared_versions_config config = {
        .backtest = &f->backtest, .baton = f->baton, .arena = &f->arena};
    mw_shared_versions_init(&f->versions, config);
}

static void tear_down(fixture *f) {
    mw_shared_versions_release(&f->versions);
    mw_baton_destroy(f->baton);
    mw_arena_release(&f->arena);
}

static mw_status ask(void *context, size_t thread, mw_error *err) {
    fixture *f = context;
    mw_str bytes = {0};
    mw_baton_take(f->baton);
    mw_status status = mw_shared_versions_get(&f->versions, f->asked[thread], &bytes, err);
    mw_baton_lay_down(f->baton);
    if (status != MW_OK) return status;
    char expected[32];
    (void)snprintf(expected, sizeof expected, "of %zu", f->asked[thread]);
    MW_CHECK_EQUAL_STR(bytes, expected);
    return MW_OK;
}

MW_TEST(shared_versions_are_trained_once_however_many_ask) {
    static const size_t asked[] = {5, 6, 5, 6, 5, 6, 7, 5};
    enum { ASKED = sizeof asked / sizeof *asked };
    for (int32_t threads = 1; threads <= 3; threads++) {
        fixture f;
        mw_error err;
        set_up(&f, threads, 1);
        f.asked = asked;
        MW_CHECK_OK(mw_parallel(mw_sys_real(), ASKED, ASKED, ask, &f, &err), &err);
        MW_CHECK(f.trained == 3 && f.versions.count == 3 && f.versions.learner_cpu_us == 3);
        MW_CHECK(f.most_at_work <= threads && f.versions.learner_count == 0);
        tear_down(&f);
    }
}

MW_TEST(shared_versions_are_trained_side_by_side) {
    static const size_t asked[] = {5, 6, 7, 8};
    fixture f;
    mw_error err;
    set_up(&f, 2, 2); /* would wait for ever if they were trained one after the other */
    f.asked = asked;
    MW_CHECK_OK(mw_parallel(mw_sys_real(), 4, 4, ask, &f, &err), &err);
    MW_CHECK(f.trained == 4 && f.most_at_work == 2);
    tear_down(&f);
}

MW_TEST(shared_versions_that_fail_do_so_for_each_who_asks) {
    static const size_t asked[] = {13, 13, 13};
    fixture f;
    mw_error err;
    set_up(&f, 2, 1);
    f.asked = asked;
    MW_CHECK_STATUS(mw_parallel(mw_sys_real(), 3, 3, ask, &f, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "train: it is the thirteenth");
    tear_down(&f);
}
