#include "serve/supervisor.h"

#include "base/calendar.h"
#include "sys/poller.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

enum { LINE_SIZE_MAX = 512 };

typedef struct {
    mw_process *process;   /* NULL while there is none */
    int64_t started_us;
    int64_t restart_us;    /* when to start it again; without a process */
    int quick_death_count; /* in a row */
    bool has_lived;        /* once longer than quick_us */
} child;

typedef struct {
    mw_sys *sys;
    mw_supervisor_config config;
    mw_poller *poller;
    child children[MW_SUPERVISOR_ROLES_MAX];
    bool stopping;
    bool killed;         /* those that did not drain in time */
    bool hurried;        /* killed before that time, being told to stop again */
    int64_t kill_due_us; /* while stopping */
    mw_status status;    /* the first failure; its message is in `err` */
    mw_error *err;
} supervisor;

static void say(const supervisor *s, const char *format, ...) MW_PRINTF(2, 3);
static void say(const supervisor *s, const char *format, ...) {
    if (!s->config.say) return;
    char line[LINE_SIZE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    s->config.say(s->config.context, line);
}

static const char *name_of(const supervisor *s, const child *c) {
    return s->config.roles[c - s->children].name;
}

static void signal_all(const supervisor *s, int signal_number) {
    for (size_t i = 0; i < s->config.role_count; i++)
        if (s->children[i].process) mw_process_signal(s->children[i].process, signal_number);
}

static void kill_all(supervisor *s) {
    s->killed = true;
    signal_all(s, SIGKILL);
}

/* Told once, it drains; told again, it has no more time. */
static void stop(supervisor *s) {
    if (s->stopping) {
        s->hurried |= !s->killed;
        kill_all(s);
        return;
    }
    s->stopping = true;
    s->kill_due_us = mw_sys_monotonic_us(s->sys) + s->config.drain_us;
    signal_all(s, SIGTERM);
}

static void give_up(supervisor *s, mw_status status) {
    if (s->status == MW_OK) s->status = status;
    if (!s->stopping) stop(s);
}

/* The first failure is the one to tell; what follows from it must not hide it. */
static mw_error *first_error(const supervisor *s) {
    return s->status == MW_OK ? s->err : NULL;
}

static void start(supervisor *s, child *c) {
    size_t index = (size_t)(c - s->children);
    const mw_role *role = &s->config.roles[index];
    mw_process_config config = {.arguments = role->arguments};
    mw_status status = mw_process_start(s->sys, config, &c->process, first_error(s));
    if (status == MW_OK)
        status = mw_poller_add(s->poller, mw_process_descriptor(c->process), index,
                               (mw_poller_interest){.readable = true}, first_error(s));
    if (status != MW_OK) {
        mw_process_destroy(c->process);
        c->process = NULL;
        give_up(s, status);
        return;
    }
    c->started_us = mw_sys_monotonic_us(s->sys);
    say(s, "%s: started as process %lld", name_of(s, c), (long long)mw_process_id(c->process));
}

static mw_status status_of_exit(int exit_code) {
    switch (exit_code) {
    case 1: return MW_CHECK_FAILED;
    case 2: return MW_USAGE;
    case 3: return MW_INVALID;
    default: return MW_UNAVAILABLE;
    }
}

/* While draining: dying of our SIGTERM is as good as obeying it. */
static void drained(supervisor *s, const child *c, int exit_code) {
    if (exit_code == 0 || exit_code == 128 + SIGTERM) return;
    const char *name = name_of(s, c);
    if (s->hurried && exit_code == 128 + SIGKILL)
        give_up(s, mw_fail(first_error(s), MW_UNAVAILABLE,
                           "%s: was killed before it had ended, for stop was said twice", name));
    else if (s->killed && exit_code == 128 + SIGKILL)
        give_up(s, mw_fail(first_error(s), MW_UNAVAILABLE,
                           "%s: must end within %lld ms when told to, was killed", name,
                           (long long)(s->config.drain_us / 1000)));
    else
        give_up(s, mw_fail(first_error(s), MW_UNAVAILABLE, "%s: must drain, got exit code %d",
                           name, exit_code));
}

static int64_t pause_us(const supervisor *s, const child *c) {
    int64_t span_us = s->config.pause_us;
    for (int i = 1; i < c->quick_death_count && span_us < 10 * MW_SECOND_US; i++) span_us *= 2;
    return span_us;
}

/* Nobody told it to end. */
static void died(supervisor *s, child *c, int exit_code) {
    const char *name = name_of(s, c);
    int64_t now_us = mw_sys_monotonic_us(s->sys), lived_us = now_us - c->started_us;
    bool quick = lived_us < s->config.quick_us, by_signal = exit_code > 128;
    if (!quick) c->has_lived = true;
    c->quick_death_count = quick ? c->quick_death_count + 1 : 0;
    if (!c->has_lived && !by_signal && exit_code != 0) {
        give_up(s, mw_fail(first_error(s), status_of_exit(exit_code),
                           "%s: could not start, exit code %d", name, exit_code));
    } else if (c->quick_death_count >= s->config.quick_death_max) {
        give_up(s, mw_fail(first_error(s), MW_UNAVAILABLE,
                           "%s: died %d times within %lld ms of its start, the last time with exit "
                           "code %d", name, c->quick_death_count,
                           (long long)(s->config.quick_us / 1000), exit_code));
    } else {
        c->restart_us = now_us + pause_us(s, c);
        say(s, "%s: died after %lld ms with exit code %d, starts again in %lld ms", name,
            (long long)(lived_us / 1000), exit_code, (long long)(pause_us(s, c) / 1000));
    }
}

static void reap(supervisor *s, child *c) {
    mw_process_result result = {.exit_code = -1};
    mw_poller_remove(s->poller, mw_process_descriptor(c->process));
    mw_status status = mw_process_wait(c->process, &result, first_error(s));
    mw_process_destroy(c->process);
    c->process = NULL;
    if (status != MW_OK) give_up(s, status);
    else if (s->stopping) drained(s, c, result.exit_code);
    else died(s, c, result.exit_code);
}

static bool is_over(const supervisor *s) {
    if (!s->stopping) return false;
    for (size_t i = 0; i < s->config.role_count; i++)
        if (s->children[i].process) return false;
    return true;
}

/* Until something is to be done without an event; -1: nothing is. */
static int64_t wait_span_us(const supervisor *s) {
    int64_t due_us = s->stopping && !s->killed ? s->kill_due_us : INT64_MAX;
    for (size_t i = 0; i < s->config.role_count && !s->stopping; i++) {
        const child *c = &s->children[i];
        if (!c->process && c->restart_us < due_us) due_us = c->restart_us;
    }
    if (due_us == INT64_MAX) return -1;
    int64_t span_us = due_us - mw_sys_monotonic_us(s->sys);
    return span_us > 0 ? span_us : 0;
}

static void do_what_is_due(supervisor *s) {
    int64_t now_us = mw_sys_monotonic_us(s->sys);
    if (s->stopping && !s->killed && now_us >= s->kill_due_us) kill_all(s);
    for (size_t i = 0; i < s->config.role_count && !s->stopping; i++) {
        child *c = &s->children[i];
        if (!c->process && now_us >= c->restart_us) start(s, c);
    }
}

static mw_status turn(supervisor *s) {
    mw_poller_event events[MW_SUPERVISOR_ROLES_MAX + 4];
    size_t count;
    MW_TRY(mw_poller_wait(s->poller, wait_span_us(s), events, sizeof events / sizeof *events,
                          &count, s->err));
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind == MW_POLLER_SIGNAL) {
            say(s, "told to stop by signal %d", events[i].signal_number);
            stop(s);
        } else if (events[i].kind == MW_POLLER_READY) {
            reap(s, &s->children[events[i].token]);
        }
    }
    do_what_is_due(s);
    return MW_OK;
}

static mw_supervisor_config with_defaults(mw_supervisor_config config) {
    MW_ASSERT(config.role_count > 0 && config.role_count <= MW_SUPERVISOR_ROLES_MAX);
    if (config.quick_us == 0) config.quick_us = 5 * MW_SECOND_US;
    if (config.quick_death_max == 0) config.quick_death_max = 5;
    if (config.pause_us == 0) config.pause_us = MW_SECOND_US / 10;
    if (config.drain_us == 0) config.drain_us = 15 * MW_SECOND_US;
    return config;
}

mw_status mw_supervisor_run(mw_sys *sys, mw_supervisor_config config, mw_error *err) {
    supervisor s = {.sys = sys, .config = with_defaults(config), .err = err};
    MW_TRY(mw_poller_create(sys, &s.poller, err));
    mw_status status = mw_poller_catch_signals(s.poller, err);
    if (status == MW_OK) do_what_is_due(&s); /* all are due to start */
    while (status == MW_OK && !is_over(&s)) status = turn(&s);
    for (size_t i = 0; i < s.config.role_count; i++) mw_process_destroy(s.children[i].process);
    mw_poller_destroy(s.poller);
    return s.status != MW_OK ? s.status : status;
}
