#include "sys/team.h"

#include "base/memory.h"
#include "sys/backend.h"
#include "sys/parallel.h"

#include <pthread.h>
#include <stdatomic.h>

/* How often who waits looks for a change before he sleeps: some microseconds, less than it costs to
   be woken up. */
enum { LOOKS = 10000 };

typedef struct {
    size_t next, end; /* of the pieces of the stage */
} share;

typedef struct mw_team mw_team;

typedef struct {
    mw_team *team;
    size_t number;
    pthread_t thread;
    share share;
} worker;

/* `lock` guards all that stands below it; workers are started before and joined after all. */
struct mw_team {
    worker *workers; /* the first is the caller */
    size_t worker_count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_uint changes; /* counts them, for those who look */
    mw_shift shift; /* as it was when it began: its owner has the other */
    size_t stage; /* at work; the shift's stage_count: all are done */
    size_t left;  /* pieces of it that are not done */
    bool is_dismissed;
    mw_status status;
    mw_error err;
};

static void tell_all(mw_team *team) {
    atomic_fetch_add(&team->changes, 1);
    pthread_cond_broadcast(&team->changed);
}

/* Shares out the first stage from this one on that has pieces. */
static void begin_stage(mw_team *team, size_t stage) {
    const mw_shift *shift = &team->shift;
    while (stage < shift->stage_count && shift->stages[stage].piece_count == 0) stage++;
    team->stage = stage;
    team->left = stage < shift->stage_count ? shift->stages[stage].piece_count : 0;
    for (size_t i = 0; i < team->worker_count; i++)
        team->workers[i].share = (share){i * team->left / team->worker_count,
                                         (i + 1) * team->left / team->worker_count};
    tell_all(team);
}

static bool is_at_work(const mw_team *team) {
    return team->stage < team->shift.stage_count;
}

/* Of one's own share, else of the next that has one left. */
static bool take_piece(mw_team *team, size_t number, size_t *out_piece) {
    for (size_t i = 0; is_at_work(team) && i < team->worker_count; i++) {
        share *of = &team->workers[(number + i) % team->worker_count].share;
        if (of->next == of->end) continue;
        *out_piece = of->next++;
        return true;
    }
    return false;
}

/* Does a piece, without the lock; once one has failed, those that follow are only counted. False:
   none can be had now. */
static bool do_piece(mw_team *team, size_t number) {
    size_t piece;
    if (!take_piece(team, number, &piece)) return false;
    const mw_shift *shift = &team->shift;
    mw_error err = {.message = ""};
    mw_status status = team->status;
    if (status == MW_OK) {
        mw_crew_body body = shift->stages[team->stage].body;
        pthread_mutex_unlock(&team->lock);
        status = body(shift->context, piece, &err);
        pthread_mutex_lock(&team->lock);
        if (status != MW_OK && team->status == MW_OK) {
            team->status = status;
            team->err = err;
        }
    }
    if (--team->left == 0) begin_stage(team, team->stage + 1);
    return true;
}

static void await_change(mw_team *team) {
    unsigned seen = atomic_load(&team->changes);
    pthread_mutex_unlock(&team->lock);
    for (int i = 0; i < LOOKS && atomic_load(&team->changes) == seen; i++) continue;
    pthread_mutex_lock(&team->lock);
    while (atomic_load(&team->changes) == seen) pthread_cond_wait(&team->changed, &team->lock);
}

static void *work(void *context) {
    worker *self = context;
    mw_team *team = self->team;
    pthread_mutex_lock(&team->lock);
    while (!team->is_dismissed)
        if (!do_piece(team, self->number)) await_change(team);
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

static void dismiss(void *hired) {
    mw_team *team = hired;
    pthread_mutex_lock(&team->lock);
    team->is_dismissed = true;
    tell_all(team);
    pthread_mutex_unlock(&team->lock);
    for (size_t i = 1; i < team->worker_count; i++) pthread_join(team->workers[i].thread, NULL);
    pthread_mutex_destroy(&team->lock);
    pthread_cond_destroy(&team->changed);
    mw_free(team->workers);
    mw_free(team);
}

/* The threads wait for the lock until it is known how many they are. */
static void start_workers(mw_team *team, size_t size) {
    pthread_mutex_lock(&team->lock);
    for (team->worker_count = 1; team->worker_count < size; team->worker_count++) {
        worker *one = &team->workers[team->worker_count];
        *one = (worker){.team = team, .number = team->worker_count};
        if (pthread_create(&one->thread, NULL, work, one) != 0) break;
    }
    pthread_mutex_unlock(&team->lock);
}

static mw_status hire(void *lender, size_t size, void **out_hired, mw_error *err) {
    if (!mw_sys_is_real(lender)) return MW_OK;
    if (size > MW_THREADS_MAX) size = MW_THREADS_MAX;
    mw_team *team = mw_allocate(sizeof *team);
    worker *workers = mw_allocate(size * sizeof *workers);
    if (!team || !workers) {
        mw_free(team);
        mw_free(workers);
        return mw_fail(err, MW_NO_MEMORY, "threads: no memory for them");
    }
    team->workers = workers;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->changed, NULL);
    start_workers(team, size);
    *out_hired = team;
    return MW_OK;
}

static void begin(void *hired, const mw_shift *shift) {
    mw_team *team = hired;
    pthread_mutex_lock(&team->lock);
    MW_ASSERT(!is_at_work(team));
    team->shift = *shift;
    team->status = MW_OK;
    begin_stage(team, 0);
    pthread_mutex_unlock(&team->lock);
}

static mw_status end(void *hired, mw_error *err) {
    mw_team *team = hired;
    pthread_mutex_lock(&team->lock);
    while (is_at_work(team))
        if (!do_piece(team, 0)) await_change(team);
    mw_status status = team->status;
    if (status != MW_OK && err) *err = team->err;
    pthread_mutex_unlock(&team->lock);
    return status;
}

mw_crew mw_team_crew(mw_sys *sys, size_t thread_count) {
    static const mw_lending lending = {hire, begin, end, dismiss};
    return (mw_crew){&lending, sys, thread_count};
}
