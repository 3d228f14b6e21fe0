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

/* How far a load is. */
typedef struct {
    mw_crew_load load;
    size_t stage; /* at work, or the next; the load's stage_count: all are done */
    bool is_open; /* it is at work */
    size_t left;  /* pieces of it that are not done */
    uint64_t done; /* which of the first pieces are: a bit for each that may be waited for alone */
} progress;

typedef struct mw_team mw_team;

typedef struct {
    mw_team *team;
    size_t number;
    pthread_t thread;
    share shares[MW_CREW_LOADS_MAX]; /* by the load's slot */
} worker;

/* `lock` guards all that stands below it; workers are started before and joined after all. */
struct mw_team {
    worker *workers; /* the first is the caller */
    size_t worker_count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_uint changes; /* counts them, for those who look */
    progress slots[MW_CREW_LOADS_MAX]; /* of the loads under way, */
    size_t first, load_count;          /* from this slot on, the oldest first */
    bool is_dismissed;
    mw_status status; /* what failed since no load was under way */
    mw_error err;
};

static void tell_all(mw_team *team) {
    atomic_fetch_add(&team->changes, 1);
    pthread_cond_broadcast(&team->changed);
}

/* The slot of the load that was begun as the index-th of those under way. */
static size_t slot_of(const mw_team *team, size_t index) {
    return (team->first + index) % MW_CREW_LOADS_MAX;
}

static bool is_done(const progress *at) {
    return at->stage == at->load.stage_count;
}

static size_t piece_count_of(const progress *at) {
    return at->load.stages[at->stage].piece_count;
}

static void share_out(mw_team *team, size_t slot) {
    progress *at = &team->slots[slot];
    at->is_open = true;
    at->done = 0;
    at->left = piece_count_of(at);
    for (size_t i = 0; i < team->worker_count; i++)
        team->workers[i].shares[slot] = (share){i * at->left / team->worker_count,
                                                (i + 1) * at->left / team->worker_count};
}

/* Whether the next stage may begin: the load before, if there is one, is done with its own or,
   where pieces follow each other one by one, at work on it. */
static bool may_open(const progress *at, const progress *before) {
    if (!before || at->stage < before->stage) return true;
    return before->is_open && at->stage == before->stage &&
           piece_count_of(at) == piece_count_of(before) &&
           piece_count_of(at) <= MW_CREW_FOLLOWED_MAX;
}

/* Begins what may begin: a piece never overtakes the same one of the load before. */
static void open_stages(mw_team *team) {
    const progress *before = NULL; /* the load before, which is not done */
    for (size_t i = 0; i < team->load_count; i++) {
        size_t slot = slot_of(team, i);
        progress *at = &team->slots[slot];
        while (!at->is_open && !is_done(at) && may_open(at, before)) {
            if (piece_count_of(at) > 0) share_out(team, slot);
            else at->stage++;
        }
        before = is_done(at) ? NULL : at;
    }
    tell_all(team);
}

/* Whether the load before the index-th is done with a piece of the stage that is at work. */
static bool may_take(const mw_team *team, size_t index, size_t piece) {
    if (index == 0) return true;
    size_t stage = team->slots[slot_of(team, index)].stage;
    const progress *before = &team->slots[slot_of(team, index - 1)];
    return before->stage > stage || (before->done >> piece & 1) != 0;
}

/* Whether another load is at work on the same stage, whose pieces may wait for this one's. */
static bool has_company(const mw_team *team, const progress *at) {
    for (size_t i = 0; i < team->load_count; i++) {
        const progress *other = &team->slots[slot_of(team, i)];
        if (other != at && other->is_open && other->stage == at->stage) return true;
    }
    return false;
}

/* Of the oldest load that has a piece to be done: of one's own share, else of the next that has one
   left. */
static bool take_piece(mw_team *team, size_t number, size_t *out_slot, size_t *out_piece) {
    for (size_t i = 0; i < team->load_count; i++) {
        size_t slot = slot_of(team, i);
        if (!team->slots[slot].is_open) continue;
        for (size_t w = 0; w < team->worker_count; w++) {
            share *of = &team->workers[(number + w) % team->worker_count].shares[slot];
            if (of->next == of->end || !may_take(team, i, of->next)) continue;
            *out_slot = slot;
            *out_piece = of->next++;
            return true;
        }
    }
    return false;
}

/* Does it without the lock; once one has failed, those that follow are only counted. */
static void do_piece(mw_team *team, const progress *at, size_t piece) {
    if (team->status != MW_OK) return;
    mw_error err = {.message = ""};
    mw_crew_body body = at->load.stages[at->stage].body;
    pthread_mutex_unlock(&team->lock);
    mw_status status = body(at->load.context, piece, &err);
    pthread_mutex_lock(&team->lock);
    if (status == MW_OK || team->status != MW_OK) return;
    team->status = status;
    team->err = err;
}

/* False: no piece can be had now. */
static bool work_on(mw_team *team, size_t number) {
    size_t slot, piece;
    if (!take_piece(team, number, &slot, &piece)) return false;
    progress *at = &team->slots[slot];
    do_piece(team, at, piece);
    if (piece < MW_CREW_FOLLOWED_MAX) at->done |= UINT64_C(1) << piece;
    if (--at->left > 0) {
        if (has_company(team, at)) tell_all(team);
        return true;
    }
    at->is_open = false;
    at->stage++;
    open_stages(team);
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
        if (!work_on(team, self->number)) await_change(team);
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

static void begin(void *hired, const mw_crew_load *load) {
    mw_team *team = hired;
    pthread_mutex_lock(&team->lock);
    if (team->load_count == 0) team->status = MW_OK;
    team->slots[slot_of(team, team->load_count++)] = (progress){.load = *load};
    open_stages(team);
    pthread_mutex_unlock(&team->lock);
}

static mw_status end(void *hired, mw_error *err) {
    mw_team *team = hired;
    pthread_mutex_lock(&team->lock);
    const progress *oldest = &team->slots[team->first];
    while (!is_done(oldest))
        if (!work_on(team, 0)) await_change(team);
    team->first = slot_of(team, 1);
    team->load_count--;
    mw_status status = team->status;
    if (status != MW_OK && err) *err = team->err;
    pthread_mutex_unlock(&team->lock);
    return status;
}

mw_crew mw_team_crew(mw_sys *sys, size_t thread_count) {
    static const mw_lending lending = {hire, begin, end, dismiss};
    return (mw_crew){&lending, sys, thread_count};
}
