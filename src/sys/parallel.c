#include "sys/parallel.h"

#include "sys/backend.h"

#include <pthread.h>

/* Shared by the threads; `lock` guards all that stands below it. */
typedef struct {
    mw_crew_body body;
    void *context;
    size_t piece_count;
    pthread_mutex_t lock;
    size_t next_piece;
    size_t failed_piece; /* the lowest that failed; piece_count if none */
    mw_status status;
    mw_error err;
} shared_work;

/* The next piece, or piece_count. Pieces go out in order, so once one has failed all below it
   are out already, and the lowest failure will be known. */
static size_t take_piece(shared_work *job) {
    pthread_mutex_lock(&job->lock);
    size_t piece = job->status == MW_OK && job->next_piece < job->piece_count ? job->next_piece++
                                                                             : job->piece_count;
    pthread_mutex_unlock(&job->lock);
    return piece;
}

static void note_failure(shared_work *job, size_t piece, mw_status status, const mw_error *err) {
    pthread_mutex_lock(&job->lock);
    if (piece < job->failed_piece) {
        job->failed_piece = piece;
        job->status = status;
        job->err = *err;
    }
    pthread_mutex_unlock(&job->lock);
}

static void *work(void *context) {
    shared_work *job = context;
    for (size_t piece; (piece = take_piece(job)) < job->piece_count;) {
        mw_error err = {.message = ""};
        mw_status status = job->body(job->context, piece, &err);
        if (status != MW_OK) note_failure(job, piece, status, &err);
    }
    return NULL;
}

mw_status mw_parallel(mw_sys *sys, size_t thread_count, size_t piece_count,
                      mw_crew_body body, void *context, mw_error *err) {
    shared_work job = {.body = body, .context = context, .piece_count = piece_count,
               .lock = PTHREAD_MUTEX_INITIALIZER, .failed_piece = piece_count};
    if (thread_count > piece_count) thread_count = piece_count;
    if (thread_count > MW_THREADS_MAX) thread_count = MW_THREADS_MAX;
    if (!mw_sys_is_real(sys)) thread_count = 1;

    pthread_t threads[MW_THREADS_MAX];
    size_t started = 0;
    while (started + 1 < thread_count &&
           pthread_create(&threads[started], NULL, work, &job) == 0)
        started++;
    work(&job);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    if (job.status != MW_OK && err) *err = job.err;
    return job.status;
}

size_t mw_sys_core_count(mw_sys *sys) {
    return sys->functions->core_count(sys);
}
