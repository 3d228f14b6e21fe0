#include "sys/poller.h"

#include "sys/backend.h"
#include "sys/lookout.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NO_DESCRIPTOR = -1, US_PER_MS = 1000 };
#define TOKEN_WAKE (MW_POLLER_TOKEN_MAX + 1)
#define TOKEN_SIGNAL (MW_POLLER_TOKEN_MAX + 2)
#define TOKEN_ALARM (MW_POLLER_TOKEN_MAX + 3)

struct mw_poller {
    int epoll;
    int wake;    /* an eventfd; writing to it is what other threads may do */
    int signals; /* a signalfd, or -1 */
    int alarm;   /* a timerfd */
    int64_t alarm_us; /* when it goes off; INT64_MAX: it does not */
    sigset_t mask_before;
    bool looks_first;
    mw_lookout lookout;
};

static mw_status control(mw_poller *poller, int operation, int descriptor, uint64_t token,
                         mw_poller_interest interest, mw_error *err) {
    struct epoll_event wanted = {.data.u64 = token};
    if (interest.readable) wanted.events |= EPOLLIN | EPOLLRDHUP;
    if (interest.writable) wanted.events |= EPOLLOUT;
    if (epoll_ctl(poller->epoll, operation, descriptor, &wanted) == 0) return MW_OK;
    return mw_fail_errno(err, errno, "poller", "cannot watch a descriptor");
}

mw_status mw_poller_add(mw_poller *poller, int descriptor, uint64_t token,
                        mw_poller_interest interest, mw_error *err) {
    MW_ASSERT(token <= MW_POLLER_TOKEN_MAX);
    return control(poller, EPOLL_CTL_ADD, descriptor, token, interest, err);
}

mw_status mw_poller_modify(mw_poller *poller, int descriptor, uint64_t token,
                           mw_poller_interest interest, mw_error *err) {
    MW_ASSERT(token <= MW_POLLER_TOKEN_MAX);
    return control(poller, EPOLL_CTL_MOD, descriptor, token, interest, err);
}

void mw_poller_remove(mw_poller *poller, int descriptor) {
    epoll_ctl(poller->epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

mw_status mw_poller_create(mw_sys *sys, mw_poller **out_poller, mw_error *err) {
    MW_TRY(mw_sys_check_real(sys, "pollers", err));
    mw_poller *poller = mw_allocate(sizeof *poller);
    if (!poller) return mw_fail(err, MW_NO_MEMORY, "poller: no memory for it");
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    poller->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    poller->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    poller->alarm_us = INT64_MAX;
    poller->signals = NO_DESCRIPTOR;
    poller->looks_first = false;
    mw_poller_interest interest = {.readable = true};
    mw_status status =
        poller->epoll >= 0 && poller->wake >= 0 && poller->alarm >= 0
            ? control(poller, EPOLL_CTL_ADD, poller->wake, TOKEN_WAKE, interest, err)
            : mw_fail_errno(err, errno, "poller", "cannot be made");
    if (status == MW_OK)
        status = control(poller, EPOLL_CTL_ADD, poller->alarm, TOKEN_ALARM, interest, err);
    if (status == MW_OK) *out_poller = poller;
    else mw_poller_destroy(poller);
    return status;
}

void mw_poller_destroy(mw_poller *poller) {
    if (!poller) return;
    if (poller->signals >= 0) {
        close(poller->signals);
        pthread_sigmask(SIG_SETMASK, &poller->mask_before, NULL);
    }
    if (poller->alarm >= 0) close(poller->alarm);
    if (poller->wake >= 0) close(poller->wake);
    if (poller->epoll >= 0) close(poller->epoll);
    mw_free(poller);
}

mw_status mw_poller_catch_signals(mw_poller *poller, mw_error *err) {
    MW_ASSERT(poller->signals == NO_DESCRIPTOR);
    sigset_t caught;
    sigemptyset(&caught);
    sigaddset(&caught, SIGTERM);
    sigaddset(&caught, SIGINT);
    sigaddset(&caught, SIGHUP);
    int descriptor = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) return mw_fail_errno(err, errno, "poller", "cannot catch signals");
    mw_poller_interest interest = {.readable = true};
    mw_status status = control(poller, EPOLL_CTL_ADD, descriptor, TOKEN_SIGNAL, interest, err);
    if (status != MW_OK) {
        close(descriptor);
        return status;
    }
    pthread_sigmask(SIG_BLOCK, &caught, &poller->mask_before);
    poller->signals = descriptor;
    return MW_OK;
}

void mw_poller_look_first(mw_poller *poller) {
    poller->looks_first = true;
    mw_lookout_init(&poller->lookout);
}

void mw_poller_wake(mw_poller *poller) {
    uint64_t one = 1;
    ssize_t put = write(poller->wake, &one, sizeof one);
    MW_ASSERT(put == (ssize_t)sizeof one || errno == EAGAIN); /* full: it is awake already */
}

void mw_poller_set_alarm(mw_poller *poller, int64_t due_us) {
    if (due_us >= poller->alarm_us) return;
    poller->alarm_us = due_us > 1 ? due_us : 1; /* 0 would turn it off */
    struct itimerspec when = {.it_value = {(time_t)(poller->alarm_us / MW_SECOND_US),
                                           (long)(poller->alarm_us % MW_SECOND_US) * 1000}};
    int failed = timerfd_settime(poller->alarm, TFD_TIMER_ABSTIME, &when, NULL);
    MW_ASSERT(!failed); /* only a wrong time or descriptor would */
}

static bool take_alarm(mw_poller *poller) {
    uint64_t count;
    if (read(poller->alarm, &count, sizeof count) == (ssize_t)sizeof count)
        poller->alarm_us = INT64_MAX;
    return false; /* it is no event */
}

/* Takes one signal, or the wake-ups so far; false if there is nothing to tell. */
static bool take_own(mw_poller *poller, uint64_t token, mw_poller_event *out_event) {
    if (token == TOKEN_ALARM) return take_alarm(poller);
    if (token == TOKEN_WAKE) {
        uint64_t wakes;
        *out_event = (mw_poller_event){.kind = MW_POLLER_WOKEN};
        return read(poller->wake, &wakes, sizeof wakes) == (ssize_t)sizeof wakes;
    }
    struct signalfd_siginfo info;
    if (read(poller->signals, &info, sizeof info) != (ssize_t)sizeof info) return false;
    *out_event =
        (mw_poller_event){.kind = MW_POLLER_SIGNAL, .signal_number = (int)info.ssi_signo};
    return true;
}

static bool translate(mw_poller *poller, const struct epoll_event *from, mw_poller_event *to) {
    if (from->data.u64 > MW_POLLER_TOKEN_MAX) return take_own(poller, from->data.u64, to);
    bool hangup = (from->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
    *to = (mw_poller_event){.kind = MW_POLLER_READY,
                            .token = from->data.u64,
                            .readable = (from->events & EPOLLIN) != 0,
                            .writable = (from->events & EPOLLOUT) != 0,
                            .hangup = hangup};
    return true;
}

static int milliseconds_of(int64_t span_us) {
    if (span_us < 0) return -1;
    if (span_us >= (int64_t)INT_MAX * US_PER_MS) return INT_MAX;
    return (int)((span_us + US_PER_MS - 1) / US_PER_MS);
}

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int look(const mw_poller *poller, struct epoll_event *happened, int capacity) {
    int64_t end_ns = now_ns(CLOCK_MONOTONIC) + MW_LOOKOUT_LOOK_NS_MAX;
    int found;
    do found = epoll_wait(poller->epoll, happened, capacity, 0);
    while (found == 0 && now_ns(CLOCK_MONOTONIC) < end_ns);
    return found;
}

/* Like epoll_wait without a limit. */
static int look_or_sleep(mw_poller *poller, struct epoll_event *happened, int capacity) {
    mw_lookout *lookout = &poller->lookout;
    if (mw_lookout_asks_cpu(lookout))
        mw_lookout_tell_cpu(lookout, now_ns(CLOCK_THREAD_CPUTIME_ID));
    int64_t begun_ns = now_ns(CLOCK_MONOTONIC);
    int found = mw_lookout_looks(lookout) ? look(poller, happened, capacity) : 0;
    bool sleeps = found == 0;
    if (sleeps) found = epoll_wait(poller->epoll, happened, capacity, -1);
    mw_lookout_wait wait = {.span_ns = now_ns(CLOCK_MONOTONIC) - begun_ns,
                            .event_count = found > 0 ? found : 0,
                            .was_vain = sleeps && mw_lookout_looks(lookout)};
    mw_lookout_tell_wait(lookout, wait);
    return found;
}

mw_status mw_poller_wait(mw_poller *poller, int64_t span_us, mw_poller_event *events,
                         size_t capacity, size_t *out_count, mw_error *err) {
    struct epoll_event happened[MW_POLLER_EVENTS_MAX];
    MW_ASSERT(capacity > 0);
    int capped = capacity < MW_POLLER_EVENTS_MAX ? (int)capacity : MW_POLLER_EVENTS_MAX;
    int found = span_us < 0 && poller->looks_first
                    ? look_or_sleep(poller, happened, capped)
                    : epoll_wait(poller->epoll, happened, capped, milliseconds_of(span_us));
    if (found < 0 && errno != EINTR) return mw_fail_errno(err, errno, "poller", "cannot wait");
    size_t count = 0;
    for (int i = 0; i < found; i++)
        if (translate(poller, &happened[i], &events[count])) count++;
    *out_count = count;
    return MW_OK;
}

mw_status mw_poller_pause(mw_sys *sys, int64_t span_us, mw_error *err) {
    mw_poller *poller;
    mw_poller_event event;
    size_t count;
    MW_TRY(mw_poller_create(sys, &poller, err));
    mw_status status = mw_poller_wait(poller, span_us, &event, 1, &count, err);
    mw_poller_destroy(poller);
    return status;
}
