#include "sys/baton.h"

#include <pthread.h>

#include "base/memory.h"

struct mw_baton {
    pthread_mutex_t held;
    pthread_cond_t news;
};

mw_status mw_baton_create(mw_baton **out_baton, mw_error *err) {
    mw_baton *baton = mw_allocate(sizeof *baton);
    if (!baton) return mw_fail(err, MW_NO_MEMORY, "baton: no memory");
    *baton = (mw_baton){PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP, PTHREAD_COND_INITIALIZER};
    *out_baton = baton;
    return MW_OK;
}

void mw_baton_destroy(mw_baton *baton) {
    if (!baton) return;
    pthread_cond_destroy(&baton->news);
    pthread_mutex_destroy(&baton->held);
    mw_free(baton);
}

void mw_baton_take(mw_baton *baton) {
    pthread_mutex_lock(&baton->held);
}

void mw_baton_lay_down(mw_baton *baton) {
    pthread_mutex_unlock(&baton->held);
}

void mw_baton_await_news(mw_baton *baton) {
    pthread_cond_wait(&baton->news, &baton->held);
}

void mw_baton_tell_news(mw_baton *baton) {
    pthread_cond_broadcast(&baton->news);
}
