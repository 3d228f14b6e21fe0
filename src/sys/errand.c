#include "sys/errand.h"

#include "sys/backend.h"
#include "sys/pace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { LOOK_EVERY_NS = 1000 * 1000 };

struct mw_errand {
    mw_sys *sys;
    mw_errand_body body;
    void *context;
    pthread_t thread;
    bool is_running; /* the thread is to be joined */
    atomic_bool is_done; /* from then on the thread touches nothing */
    mw_status status;
    mw_error err;
};

static void *work(void *context) {
    mw_errand *errand = context;
    errand->status = errand->body(errand->context, &errand->err);
    atomic_store(&errand->is_done, true);
    return NULL;
}

static void *work_second(void *context) {
    mw_pace_go_second();
    return work(context);
}

typedef void *thread_body(void *context);

/* Begins if there is a thread for it. */
static mw_status prepare(mw_sys *sys, mw_errand_body body, void *context, thread_body *in_thread,
                         mw_errand **out_errand, mw_error *err) {
    mw_errand *errand = mw_allocate(sizeof *errand);
    if (!errand) return mw_fail(err, MW_NO_MEMORY, "errand: no memory");
    errand->sys = sys;
    errand->body = body;
    errand->context = context;
    errand->is_running = mw_sys_is_real(sys) &&
                             pthread_create(&errand->thread, NULL, in_thread, errand) == 0;
    *out_errand = errand;
    return MW_OK;
}

/* Begins, or does it here. */
static mw_status begin(mw_sys *sys, mw_errand_body body, void *context, thread_body *in_thread,
                       mw_errand **out_errand, mw_error *err) {
    MW_TRY(prepare(sys, body, context, in_thread, out_errand, err));
    if (!(*out_errand)->is_running) work(*out_errand);
    return MW_OK;
}

mw_status mw_errand_begin(mw_sys *sys, mw_errand_body body, void *context,
                              mw_errand **out_errand, mw_error *err) {
    return begin(sys, body, context, work, out_errand, err);
}

mw_status mw_errand_begin_second(mw_sys *sys, mw_errand_body body, void *context,
                                 mw_errand **out_errand, mw_error *err) {
    return begin(sys, body, context, work_second, out_errand, err);
}

mw_status mw_errand_begin_apart(mw_sys *sys, mw_errand_body body, void *context,
                                    mw_errand **out_errand, mw_error *err) {
    mw_errand *errand;
    MW_TRY(prepare(sys, body, context, work, &errand, err));
    if (errand->is_running) {
        *out_errand = errand;
        return MW_OK;
    }
    mw_free(errand);
    return mw_fail(err, MW_UNAVAILABLE, "errand: the system gives no thread for it");
}

bool mw_errand_is_done(const mw_errand *errand) {
    return atomic_load(&errand->is_done);
}

bool mw_errand_wait_for(const mw_errand *errand, int64_t span_us) {
    const struct timespec pause = {0, LOOK_EVERY_NS};
    int64_t until_us = mw_sys_monotonic_us(errand->sys) + span_us;
    while (!mw_errand_is_done(errand) && mw_sys_monotonic_us(errand->sys) < until_us)
        nanosleep(&pause, NULL);
    return mw_errand_is_done(errand);
}

mw_status mw_errand_wait(mw_errand *errand, mw_error *err) {
    if (errand->is_running) pthread_join(errand->thread, NULL);
    errand->is_running = false;
    if (errand->status != MW_OK && err) *err = errand->err;
    return errand->status;
}

void mw_errand_end(mw_errand *errand) {
    if (!errand) return;
    mw_status told = mw_errand_wait(errand, NULL);
    (void)told;
    mw_free(errand);
}
