#include "sys/baton.h"

#include "sys/parallel.h"
#include "testing/test.h"

enum { THREADS = 8, ROUNDS = 2000 };

/* Threads whose turn comes round: each waits for the news that it is its own. */
typedef struct {
    mw_baton *baton;
    size_t turn, rounds[THREADS];
} ring;

static mw_status go_round(void *context, size_t thread, mw_error *err) {
    ring *at = context;
    (void)err;
    for (size_t i = 0; i < ROUNDS; i++) {
        mw_baton_take(at->baton);
        while (at->turn % THREADS != thread) mw_baton_await_news(at->baton);
        at->turn++;
        at->rounds[thread]++;
        mw_baton_tell_news(at->baton);
        mw_baton_lay_down(at->baton);
    }
    return MW_OK;
}

MW_TEST(baton_is_held_by_one_thread_at_a_time_and_its_news_reach_all) {
    ring at = {0};
    mw_error err;
    MW_CHECK_OK(mw_baton_create(&at.baton, &err), &err);
    MW_CHECK_OK(mw_parallel(mw_sys_real(), THREADS, THREADS, go_round, &at, &err), &err);
    MW_CHECK_EQUAL_INT(at.turn, THREADS * ROUNDS);
    for (size_t i = 0; i < THREADS; i++) MW_CHECK_EQUAL_INT(at.rounds[i], ROUNDS);
    mw_baton_destroy(at.baton);
    mw_baton_destroy(NULL);
}

static mw_status make(void *context) {
    mw_baton *baton = NULL;
    (void)context;
    MW_TRY(mw_baton_create(&baton, NULL));
    mw_baton_destroy(baton);
    return MW_OK;
}

MW_TEST(baton_survives_a_failing_allocation) {
    MW_CHECK_EQUAL_INT(mw_test_every_allocation_fails(make, NULL), 1);
}
