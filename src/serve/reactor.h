/*
 * reactor: the event loop of a thread: sources of events, timers, group commit, drain.
 *
 * A turn waits, lets the sources that are ready do their work (for some ms; who is left out comes
 * first in the next turn), fires the timers that are due, calls `after_batch` once if a source
 * holds answers, and releases these: an answer leaves only after what it promises is committed,
 * and one commit serves all requests of the turn. Where a commit is to reach the disk too, the
 * turns go on while another thread syncs, and the sources are released after that.
 *
 * The reactor runs until the last source is gone, so a drain is each source taking its leave:
 * on SIGTERM, SIGINT, SIGHUP or mw_reactor_stop all sources are told to stop, and remove
 * themselves when what they have begun is done.
 *
 * Sources and timers are embedded in structs of their owners. All belongs to the thread that
 * runs it, but for what says that any thread may call it. Where several reactors share what is not
 * made for threads, one of them may hold a baton whenever it does not wait.
 */
#pragma once
#include "sys/baton.h"
#include "sys/poller.h"

typedef struct mw_reactor mw_reactor;
typedef struct mw_reactor_source mw_reactor_source;
typedef struct mw_timer mw_timer;

struct mw_reactor_source {
    void (*ready)(mw_reactor_source *source, const mw_poller_event *event);
    /* After the batch in which it was held; `committed` says whether its promises hold. NULL for
       a source that never is held. */
    void (*release)(mw_reactor_source *source, mw_status committed, const mw_error *err);
    /* Take no new work; may come when all is done already. */
    void (*stop)(mw_reactor_source *source);
    /* The reactor knows it no more, so it can be freed here; may be NULL. */
    void (*gone)(mw_reactor_source *source);

    /* The reactor's own. */
    mw_reactor *reactor;
    int descriptor;
    mw_poller_interest interest;
    bool removed, held;
    uint64_t sync; /* it awaits this one; 0: none */
    mw_reactor_source *next, *next_held;
};

struct mw_timer {
    void (*fire)(mw_timer *timer, int64_t now_us);
    int64_t due_us; /* monotonic; the reactor's own, like the next */
    mw_timer *next;
};

typedef struct {
    mw_sys *sys;
    bool catch_signals; /* else only mw_reactor_stop ends it */
    /* Commits what the batch promises; NULL if nothing is promised. On failure each held source is
       told so, and answers with that. `*out_sync`, which is 0, may become the number of a sync that
       they are to await. */
    mw_status (*after_batch)(void *context, uint64_t *out_sync, mw_error *err);
    /* The number of the last sync that has ended; a failure is one of all that wait for any. Who
       ends one calls mw_reactor_tell_synced. NULL: none is awaited. */
    mw_status (*look_synced)(void *context, uint64_t *out_sync, mw_error *err);
    /* After mw_reactor_wake; NULL: nobody wakes it for anything. */
    void (*woken)(void *context);
    void *context;
    mw_baton *baton; /* held but for waiting; the caller's. NULL: none */
} mw_reactor_config;

MW_MUST_USE mw_status mw_reactor_create(mw_reactor_config config, mw_reactor **out_reactor,
                                        mw_error *err);
/* Until no source is left. A failure is one of the poller: it cannot go on. */
MW_MUST_USE mw_status mw_reactor_run(mw_reactor *reactor, mw_error *err);
void mw_reactor_stop(mw_reactor *reactor); /* from any thread */
void mw_reactor_wake(mw_reactor *reactor); /* likewise */
void mw_reactor_tell_synced(mw_reactor *reactor); /* likewise: wakes it if sources wait for that */
/* A reactor that is pinned goes on without sources, until it is as often unpinned. */
void mw_reactor_pin(mw_reactor *reactor);
void mw_reactor_unpin(mw_reactor *reactor);
mw_baton *mw_reactor_baton(const mw_reactor *reactor);
bool mw_reactor_is_stopping(const mw_reactor *reactor);
int64_t mw_reactor_stopped_us(const mw_reactor *reactor); /* when the sources were told to stop */
int64_t mw_reactor_now_us(const mw_reactor *reactor); /* monotonic, when this turn began */
mw_sys *mw_reactor_sys(const mw_reactor *reactor);
/* NULL is allowed. Sources that are left are removed; their owners close what is open. */
void mw_reactor_destroy(mw_reactor *reactor);

/* The source stays where it is until its `gone` was called. */
MW_MUST_USE mw_status mw_reactor_add(mw_reactor *reactor, mw_reactor_source *source,
                                     int descriptor, mw_poller_interest interest, mw_error *err);
void mw_reactor_source_set_interest(mw_reactor_source *source, mw_poller_interest interest);
/* It has an answer that awaits the commit. */
void mw_reactor_source_hold(mw_reactor_source *source);
/* Whether the answers that it holds are committed and await their sync: what it answered now would
   be released too early. */
bool mw_reactor_source_awaits_sync(const mw_reactor_source *source);
/* No more events; `gone` follows at the end of the turn. The descriptor may be closed at once. */
void mw_reactor_source_remove(mw_reactor_source *source);
/* The `gone` of all that was removed, now: for an owner that ends while the reactor does not
   run. */
void mw_reactor_bury(mw_reactor *reactor);

/* Fires once, at `due_us` or after; again only if it is set again. */
void mw_timer_set(mw_reactor *reactor, mw_timer *timer, int64_t due_us);
void mw_timer_clear(mw_reactor *reactor, mw_timer *timer);
