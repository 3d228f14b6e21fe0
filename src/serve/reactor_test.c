#include "serve/reactor.h"
#include "testing/test.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A pipe whose reading end is a source; what happens to it is told in `story`. */
typedef struct {
    mw_reactor_source source;
    int ends[2];
    bool leaves_at_once; /* when it is told to stop */
} pipe_source;

static mw_buf story;
static mw_status commit_status, sync_status;
static uint64_t wanted, synced; /* syncs; `wanted` is that of the next batch, 0: none */

static void pipe_ready(mw_reactor_source *source, const mw_poller_event *event) {
    pipe_source *p = (pipe_source *)source;
    char byte;
    MW_CHECK(event->readable);
    MW_CHECK(read(p->ends[0], &byte, 1) == 1);
    mw_buf_printf(&story, "%c ", byte);
    if (byte == 'h') mw_reactor_source_hold(source);
    if (byte == 'h') mw_reactor_source_hold(source); /* twice is once */
    if (byte == 'q') mw_reactor_source_remove(source);
    if (byte == 's') mw_reactor_stop(source->reactor);
}

static void pipe_release(mw_reactor_source *source, mw_status committed, const mw_error *err) {
    (void)source;
    mw_buf_printf(&story, "released:%s%s ", mw_status_name(committed), err->message);
}

static void pipe_stop(mw_reactor_source *source) {
    mw_buf_append_text(&story, "stop ");
    if (((pipe_source *)source)->leaves_at_once) mw_reactor_source_remove(source);
}

static void pipe_gone(mw_reactor_source *source) {
    pipe_source *p = (pipe_source *)source;
    mw_buf_append_text(&story, "gone ");
    close(p->ends[0]);
    close(p->ends[1]);
    memset(p, 0xee, sizeof *p); /* nobody may look at it again */
}

static mw_status commit(void *context, uint64_t *out_sync, mw_error *err) {
    (void)context;
    mw_buf_append_text(&story, "commit ");
    *out_sync = wanted;
    return commit_status == MW_OK ? MW_OK : mw_fail(err, commit_status, "!");
}

static mw_status look_synced(void *context, uint64_t *out_sync, mw_error *err) {
    (void)context;
    *out_sync = synced;
    return sync_status == MW_OK ? MW_OK : mw_fail(err, sync_status, "?");
}

static mw_reactor *begin(bool catch_signals) {
    mw_reactor *reactor;
    mw_error err;
    mw_buf_init(&story, 1 << 16);
    commit_status = sync_status = MW_OK;
    wanted = synced = 0;
    mw_reactor_config config = {.sys = mw_sys_real(),
                                .catch_signals = catch_signals,
                                .after_batch = commit,
                                .look_synced = look_synced};
    MW_CHECK_OK(mw_reactor_create(config, &reactor, &err), &err);
    return reactor;
}

static void end(mw_reactor *reactor, const char *expected) {
    mw_error err;
    MW_CHECK_OK(mw_reactor_run(reactor, &err), &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&story), expected);
    mw_reactor_destroy(reactor);
    mw_buf_release(&story);
}

static void add(mw_reactor *reactor, pipe_source *p, const char *bytes) {
    mw_error err;
    p->source = (mw_reactor_source){.ready = pipe_ready, .release = pipe_release, .stop = pipe_stop,
                            .gone = pipe_gone};
    MW_CHECK(pipe(p->ends) == 0);
    MW_CHECK(write(p->ends[1], bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
    MW_CHECK_OK(mw_reactor_add(reactor, &p->source, p->ends[0],
                               (mw_poller_interest){.readable = true}, &err), &err);
}

MW_TEST(reactor_runs_until_the_last_source_is_gone) {
    mw_reactor *reactor = begin(false);
    pipe_source p;
    add(reactor, &p, "abq");
    end(reactor, "a b q gone ");
}

MW_TEST(reactor_commits_once_a_batch_before_it_releases) {
    mw_reactor *reactor = begin(false);
    pipe_source first, second;
    add(reactor, &first, "hq");
    add(reactor, &second, "hq");
    end(reactor, "h h commit released:ok released:ok q q gone gone ");
}

MW_TEST(reactor_tells_who_was_held_that_the_commit_failed) {
    mw_reactor *reactor = begin(false);
    pipe_source p;
    add(reactor, &p, "hq");
    commit_status = MW_NO_SPACE;
    end(reactor, "h commit released:no-space! q gone ");
}

MW_TEST(reactor_stops_all_and_waits_for_those_who_have_something_to_end) {
    mw_reactor *reactor = begin(false);
    pipe_source lasting = {.leaves_at_once = false}, quick = {.leaves_at_once = true};
    add(reactor, &lasting, "saq");
    add(reactor, &quick, "");
    end(reactor, "s stop stop gone a q gone ");
}

MW_TEST(reactor_stops_on_a_signal) {
    mw_reactor *reactor = begin(true);
    pipe_source p = {.leaves_at_once = true};
    add(reactor, &p, "");
    MW_CHECK(kill(getpid(), SIGTERM) == 0);
    end(reactor, "stop gone ");
}

typedef struct ticker {
    mw_timer timer;
    mw_reactor *reactor;
    mw_reactor_source *ended; /* removed when it fires for the last time */
    struct ticker *hurried;   /* set to fire then, earlier than it was to */
    int count;
} ticker;

static void tick(mw_timer *timer, int64_t now_us) {
    ticker *t = (ticker *)timer;
    MW_CHECK(now_us >= timer->due_us);
    mw_buf_printf(&story, "tick%d ", t->count);
    if (--t->count > 0) mw_timer_set(t->reactor, timer, now_us + 1000);
    else if (t->hurried) mw_timer_set(t->reactor, &t->hurried->timer, now_us);
    else if (t->ended) mw_reactor_source_remove(t->ended);
}

MW_TEST(reactor_fires_timers_in_their_time) {
    mw_reactor *reactor = begin(false);
    pipe_source p;
    add(reactor, &p, "");
    int64_t now_us = mw_reactor_now_us(reactor);
    ticker late = {.timer.fire = tick, .reactor = reactor, .ended = &p.source, .count = 1};
    ticker twice = {.timer.fire = tick, .reactor = reactor, .hurried = &late, .count = 3};
    ticker never = {.timer.fire = tick, .reactor = reactor, .count = 9};
    mw_timer_set(reactor, &late.timer, now_us + 60 * INT64_C(1000000));
    mw_timer_set(reactor, &never.timer, now_us + 1000);
    mw_timer_set(reactor, &twice.timer, now_us + 1000);
    mw_timer_clear(reactor, &never.timer);
    mw_timer_clear(reactor, &never.timer);
    end(reactor, "tick3 tick2 tick1 tick1 gone ");
}

/* Ends syncs one after another, as another thread would. */
static void end_sync(mw_timer *timer, int64_t now_us) {
    ticker *t = (ticker *)timer;
    synced++;
    mw_buf_printf(&story, "synced%llu ", (unsigned long long)synced);
    mw_reactor_tell_synced(t->reactor);
    if (synced < wanted) mw_timer_set(t->reactor, timer, now_us + 1000);
}

MW_TEST(reactor_releases_what_awaits_a_sync_after_it) {
    mw_reactor *reactor = begin(false);
    ticker syncs = {.timer.fire = end_sync, .reactor = reactor};
    pipe_source first, second;
    wanted = 2;
    add(reactor, &first, "h");
    add(reactor, &second, "h");
    mw_timer_set(reactor, &syncs.timer, mw_reactor_now_us(reactor) + 5000);
    ticker leave = {.timer.fire = tick, .reactor = reactor, .ended = &first.source, .count = 1};
    ticker follow = {.timer.fire = tick, .reactor = reactor, .ended = &second.source, .count = 1};
    mw_timer_set(reactor, &leave.timer, mw_reactor_now_us(reactor) + 100000);
    mw_timer_set(reactor, &follow.timer, mw_reactor_now_us(reactor) + 100000);
    end(reactor, "h h commit synced1 synced2 released:ok released:ok tick1 tick1 gone gone ");
}

/* One that had ended before its batch was committed holds nothing up. */
MW_TEST(reactor_awaits_no_sync_that_has_ended) {
    mw_reactor *reactor = begin(false);
    pipe_source p;
    wanted = synced = 7;
    add(reactor, &p, "hhq");
    end(reactor, "h commit released:ok h commit released:ok q gone ");
}

MW_TEST(reactor_forgets_a_source_that_leaves_while_it_awaits_a_sync) {
    mw_reactor *reactor = begin(false);
    ticker syncs = {.timer.fire = end_sync, .reactor = reactor};
    pipe_source leaving, staying;
    wanted = 1;
    add(reactor, &leaving, "hq");
    add(reactor, &staying, "");
    ticker last = {.timer.fire = tick, .reactor = reactor, .ended = &staying.source, .count = 1};
    mw_timer_set(reactor, &syncs.timer, mw_reactor_now_us(reactor) + 20000);
    mw_timer_set(reactor, &last.timer, mw_reactor_now_us(reactor) + 40000);
    end(reactor, "h commit q gone synced1 tick1 gone ");
}

MW_TEST(reactor_tells_who_awaits_a_sync_that_it_failed) {
    mw_reactor *reactor = begin(false);
    pipe_source p;
    wanted = 1;
    sync_status = MW_IO;
    add(reactor, &p, "hq");
    end(reactor, "h commit released:io? q gone ");
}

static mw_status create_once(void *context) {
    (void)context;
    mw_reactor *reactor;
    MW_TRY(mw_reactor_create((mw_reactor_config){.sys = mw_sys_real()}, &reactor, NULL));
    mw_reactor_destroy(reactor);
    return MW_OK;
}

MW_TEST(reactor_survives_each_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(create_once, NULL) >= 2);
    mw_reactor_destroy(NULL);
}
