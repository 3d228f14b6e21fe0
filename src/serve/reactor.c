#include "serve/reactor.h"

#include <stdatomic.h>

enum { TURN_US = 5000 }; /* from then on no more sources are let in */

struct mw_reactor {
    mw_reactor_config config;
    mw_poller *poller;
    mw_reactor_source *sources; /* removed ones among them until the end of the turn */
    mw_reactor_source *held;
    mw_reactor_source *awaiting; /* a sync, after the commit; also by `next_held` */
    atomic_bool awaits_sync;     /* there are such */
    mw_timer *timers; /* those that are set, in no order: there is a handful */
    int64_t now_us;
    uint64_t left_out; /* the first source, as its token, that the turn before had no time for */
    size_t source_count; /* without the removed ones */
    size_t pin_count;
    bool has_removed;
    bool stopping;           /* the sources have been told */
    int64_t stopped_us;      /* and when */
    atomic_bool stop_wanted; /* by any thread */
};

mw_status mw_reactor_create(mw_reactor_config config, mw_reactor **out_reactor, mw_error *err) {
    mw_reactor *reactor = mw_allocate(sizeof *reactor);
    if (!reactor) return mw_fail(err, MW_NO_MEMORY, "event loop: no memory is left");
    reactor->config = config;
    reactor->now_us = mw_sys_monotonic_us(config.sys);
    atomic_init(&reactor->stop_wanted, false);
    atomic_init(&reactor->awaits_sync, false);
    mw_status status = mw_poller_create(config.sys, &reactor->poller, err);
    if (status == MW_OK) mw_poller_look_first(reactor->poller);
    if (status == MW_OK && config.catch_signals)
        status = mw_poller_catch_signals(reactor->poller, err);
    if (status != MW_OK) {
        mw_reactor_destroy(reactor);
        return status;
    }
    *out_reactor = reactor;
    return MW_OK;
}

mw_status mw_reactor_add(mw_reactor *reactor, mw_reactor_source *source, int descriptor,
                         mw_poller_interest interest, mw_error *err) {
    MW_ASSERT(source->ready && source->stop);
    MW_TRY(mw_poller_add(reactor->poller, descriptor, (uintptr_t)source, interest, err));
    source->reactor = reactor;
    source->descriptor = descriptor;
    source->interest = interest;
    source->removed = source->held = false;
    source->sync = 0;
    source->next = reactor->sources;
    reactor->sources = source;
    reactor->source_count++;
    return MW_OK;
}

void mw_reactor_source_set_interest(mw_reactor_source *source, mw_poller_interest interest) {
    if (source->removed) return;
    if (source->interest.readable == interest.readable &&
        source->interest.writable == interest.writable)
        return;
    source->interest = interest;
    mw_status status = mw_poller_modify(source->reactor->poller, source->descriptor,
                                        (uintptr_t)source, interest, NULL);
    MW_ASSERT(status == MW_OK); /* it was added, and changing needs no memory */
}

void mw_reactor_source_hold(mw_reactor_source *source) {
    MW_ASSERT(source->release);
    if (source->held) return;
    source->held = true;
    source->next_held = source->reactor->held;
    source->reactor->held = source;
}

bool mw_reactor_source_awaits_sync(const mw_reactor_source *source) { return source->sync > 0; }

void mw_reactor_source_remove(mw_reactor_source *source) {
    if (source->removed) return;
    mw_reactor *reactor = source->reactor;
    mw_poller_remove(reactor->poller, source->descriptor);
    source->removed = true;
    reactor->has_removed = true;
    reactor->source_count--;
}

void mw_timer_set(mw_reactor *reactor, mw_timer *timer, int64_t due_us) {
    mw_timer_clear(reactor, timer);
    timer->due_us = due_us;
    timer->next = reactor->timers;
    reactor->timers = timer;
}

void mw_timer_clear(mw_reactor *reactor, mw_timer *timer) {
    for (mw_timer **link = &reactor->timers; *link; link = &(*link)->next) {
        if (*link != timer) continue;
        *link = timer->next;
        return;
    }
}

/* The timer that is due first; NULL if none is set. */
static mw_timer *next_timer(const mw_reactor *reactor) {
    mw_timer *first = reactor->timers;
    for (mw_timer *timer = first; timer; timer = timer->next)
        if (timer->due_us < first->due_us) first = timer;
    return first;
}

/* What a timer sets while it fires waits for the next turn, so that this one ends. */
static void fire_timers(mw_reactor *reactor) {
    int64_t now_us = mw_sys_monotonic_us(reactor->config.sys);
    size_t fired_max = 0;
    for (mw_timer *timer = reactor->timers; timer; timer = timer->next) fired_max++;
    for (; fired_max > 0; fired_max--) {
        mw_timer *timer = next_timer(reactor);
        if (!timer || timer->due_us > now_us) return;
        mw_timer_clear(reactor, timer);
        timer->fire(timer, now_us);
    }
}

static void stop_sources(mw_reactor *reactor) {
    reactor->stopping = true;
    reactor->stopped_us = reactor->now_us;
    for (mw_reactor_source *source = reactor->sources; source; source = source->next)
        if (!source->removed) source->stop(source);
}

/* A source that releases may do more work and be held again: for the next turn's batch. */
static void release(mw_reactor_source *first, mw_status status, const mw_error *err) {
    for (mw_reactor_source *source = first; source;) {
        mw_reactor_source *next = source->next_held;
        source->held = false;
        source->sync = 0;
        if (!source->removed) source->release(source, status, err);
        source = next;
    }
}

static void await_sync(mw_reactor *reactor, mw_reactor_source *first, uint64_t sync) {
    for (mw_reactor_source *source = first; source;) {
        mw_reactor_source *next = source->next_held;
        source->sync = sync;
        source->next_held = reactor->awaiting;
        reactor->awaiting = source;
        source = next;
    }
    atomic_store(&reactor->awaits_sync, true);
}

static void release_held(mw_reactor *reactor) {
    mw_reactor_source *first = reactor->held;
    if (!first) return;
    reactor->held = NULL;
    mw_error err = {.message = ""};
    mw_status status = MW_OK;
    uint64_t sync = 0;
    if (reactor->config.after_batch)
        status = reactor->config.after_batch(reactor->config.context, &sync, &err);
    if (status == MW_OK && sync > 0) await_sync(reactor, first, sync);
    else release(first, status, &err);
}

/* Takes those whose sync has ended out of the list of all that wait. */
static mw_reactor_source *take_synced(mw_reactor *reactor, uint64_t done) {
    mw_reactor_source *synced = NULL;
    for (mw_reactor_source **link = &reactor->awaiting; *link;) {
        mw_reactor_source *source = *link;
        if (source->sync > done) {
            link = &source->next_held;
            continue;
        }
        *link = source->next_held;
        source->next_held = synced;
        synced = source;
    }
    return synced;
}

/* Who ends a sync after this has looked sees that sources wait, and wakes the reactor. */
static void release_synced(mw_reactor *reactor) {
    if (!reactor->awaiting) return;
    mw_error err = {.message = ""};
    uint64_t done = 0;
    mw_status status = reactor->config.look_synced(reactor->config.context, &done, &err);
    mw_reactor_source *first = take_synced(reactor, status == MW_OK ? done : UINT64_MAX);
    if (!reactor->awaiting) atomic_store(&reactor->awaits_sync, false);
    release(first, status, &err);
}

/* Takes the removed sources out of the list of all: a list of their own, by `next`. */
static mw_reactor_source *take_removed(mw_reactor *reactor) {
    mw_reactor_source *removed = NULL;
    for (mw_reactor_source **link = &reactor->sources; *link;) {
        mw_reactor_source *source = *link;
        if (!source->removed) {
            link = &source->next;
            continue;
        }
        *link = source->next;
        source->next = removed;
        removed = source;
    }
    return removed;
}

static void unlink_removed(mw_reactor_source **link) {
    while (*link) {
        if ((*link)->removed) *link = (*link)->next_held;
        else link = &(*link)->next_held;
    }
}

void mw_reactor_bury(mw_reactor *reactor) {
    if (!reactor->has_removed) return;
    reactor->has_removed = false;
    unlink_removed(&reactor->held);
    unlink_removed(&reactor->awaiting);
    for (mw_reactor_source *source = take_removed(reactor); source;) {
        mw_reactor_source *next = source->next;
        if (source->gone) source->gone(source);
        source = next;
    }
}

static void dispatch(mw_reactor *reactor, const mw_poller_event *event) {
    if (event->kind == MW_POLLER_SIGNAL) atomic_store(&reactor->stop_wanted, true);
    if (event->kind == MW_POLLER_WOKEN && reactor->config.woken)
        reactor->config.woken(reactor->config.context);
    if (event->kind != MW_POLLER_READY) return;
    mw_reactor_source *source = (mw_reactor_source *)(uintptr_t)event->token;
    if (!source->removed) source->ready(source, event);
}

/* Whose turn it is among those that are ready: a turn that took its time left some out, and the
   first of these comes first now. */
static size_t first_of(const mw_reactor *reactor, const mw_poller_event *events, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == MW_POLLER_READY && events[i].token == reactor->left_out) return i;
    return 0;
}

/* Answers leave at the end of a turn, so a turn must end: a source that is left out is told of
   again in the next one, which a signal would not be. */
static void dispatch_all(mw_reactor *reactor, const mw_poller_event *events, size_t count) {
    size_t first = first_of(reactor, events, count);
    bool is_over = false;
    reactor->left_out = 0;
    for (size_t i = 0; i < count; i++) {
        const mw_poller_event *event = &events[(first + i) % count];
        if (is_over && event->kind == MW_POLLER_READY) {
            if (reactor->left_out == 0) reactor->left_out = event->token;
            continue;
        }
        dispatch(reactor, event);
        is_over = mw_sys_monotonic_us(reactor->config.sys) - reactor->now_us >= TURN_US;
    }
}

/* Waits for the timer that is due first, too, by the poller's alarm: a span would make the kernel
   set a timer for each wait. */
static int64_t wait_span_us(const mw_reactor *reactor) {
    if (reactor->held || atomic_load(&reactor->stop_wanted) != reactor->stopping) return 0;
    const mw_timer *timer = next_timer(reactor);
    if (timer) mw_poller_set_alarm(reactor->poller, timer->due_us);
    return -1;
}

static mw_status wait_for(mw_reactor *reactor, mw_poller_event *events, size_t *out_count,
                          mw_error *err) {
    mw_baton *baton = reactor->config.baton;
    int64_t span_us = wait_span_us(reactor);
    if (baton) mw_baton_lay_down(baton);
    mw_status status = mw_poller_wait(reactor->poller, span_us, events, MW_POLLER_EVENTS_MAX,
                                      out_count, err);
    if (baton) mw_baton_take(baton);
    return status;
}

static mw_status run(mw_reactor *reactor, mw_error *err) {
    while (reactor->source_count + reactor->pin_count > 0) {
        mw_poller_event events[MW_POLLER_EVENTS_MAX];
        size_t count;
        MW_TRY(wait_for(reactor, events, &count, err));
        reactor->now_us = mw_sys_monotonic_us(reactor->config.sys);
        dispatch_all(reactor, events, count);
        fire_timers(reactor);
        if (atomic_load(&reactor->stop_wanted) && !reactor->stopping) stop_sources(reactor);
        release_held(reactor);
        release_synced(reactor);
        mw_reactor_bury(reactor);
    }
    return MW_OK;
}

mw_status mw_reactor_run(mw_reactor *reactor, mw_error *err) {
    mw_baton *baton = reactor->config.baton;
    if (baton) mw_baton_take(baton);
    mw_status status = run(reactor, err);
    if (baton) mw_baton_lay_down(baton);
    return status;
}

void mw_reactor_wake(mw_reactor *reactor) { mw_poller_wake(reactor->poller); }

void mw_reactor_tell_synced(mw_reactor *reactor) {
    if (atomic_load(&reactor->awaits_sync)) mw_poller_wake(reactor->poller);
}

void mw_reactor_pin(mw_reactor *reactor) { reactor->pin_count++; }

void mw_reactor_unpin(mw_reactor *reactor) {
    MW_ASSERT(reactor->pin_count > 0);
    reactor->pin_count--;
}

mw_baton *mw_reactor_baton(const mw_reactor *reactor) { return reactor->config.baton; }

void mw_reactor_stop(mw_reactor *reactor) {
    atomic_store(&reactor->stop_wanted, true);
    mw_poller_wake(reactor->poller);
}

bool mw_reactor_is_stopping(const mw_reactor *reactor) {
    return reactor->stopping;
}

int64_t mw_reactor_stopped_us(const mw_reactor *reactor) {
    return reactor->stopped_us;
}

int64_t mw_reactor_now_us(const mw_reactor *reactor) {
    return reactor->now_us;
}

mw_sys *mw_reactor_sys(const mw_reactor *reactor) {
    return reactor->config.sys;
}

void mw_reactor_destroy(mw_reactor *reactor) {
    if (!reactor) return;
    for (mw_reactor_source *source = reactor->sources; source; source = source->next)
        mw_reactor_source_remove(source);
    mw_reactor_bury(reactor);
    mw_poller_destroy(reactor->poller);
    mw_free(reactor);
}
