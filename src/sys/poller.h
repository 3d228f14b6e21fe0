/*
 * poller: one thread waits for many descriptors, for other threads, and for signals.
 *
 * A descriptor (of a mw_socket or a mw_process) is added with a token, by which its events are
 * told. Events are told as long as they hold (level-triggered), so none is lost by doing only
 * part of the work. A wait costs one system call, whatever the number of descriptors.
 *
 * A poller belongs to one thread, but for mw_poller_wake. The real system only.
 */
#pragma once
#include "sys/sys.h"

enum { MW_POLLER_EVENTS_MAX = 256 };
#define MW_POLLER_TOKEN_MAX (UINT64_MAX - 3) /* those above are the poller's own */

typedef struct mw_poller mw_poller;

typedef enum { MW_POLLER_READY, MW_POLLER_WOKEN, MW_POLLER_SIGNAL } mw_poller_kind;

typedef struct {
    mw_poller_kind kind;
    uint64_t token;      /* READY: which descriptor */
    bool readable;       /* READY: bytes, a connection, or the end of input */
    bool writable;       /* READY */
    bool hangup;         /* READY: broken or closed by the peer; reading tells the rest */
    int signal_number;   /* SIGNAL */
} mw_poller_event;

typedef struct {
    bool readable, writable; /* what to be told of; a hangup always is */
} mw_poller_interest;

MW_MUST_USE mw_status mw_poller_create(mw_sys *sys, mw_poller **out_poller, mw_error *err);
void mw_poller_destroy(mw_poller *poller); /* NULL is allowed; closes none of what was added */

MW_MUST_USE mw_status mw_poller_add(mw_poller *poller, int descriptor, uint64_t token,
                                    mw_poller_interest interest, mw_error *err);
MW_MUST_USE mw_status mw_poller_modify(mw_poller *poller, int descriptor, uint64_t token,
                                       mw_poller_interest interest, mw_error *err);
void mw_poller_remove(mw_poller *poller, int descriptor); /* before it is closed */

/* From now on SIGTERM, SIGINT and SIGHUP come as events and end the process no more, until the
   poller is destroyed. Call it before other threads are started: they inherit the mask. */
MW_MUST_USE mw_status mw_poller_catch_signals(mw_poller *poller, mw_error *err);

/* From now on a wait without a span may look for events for some us before it sleeps, where that
   costs no more CPU (sys/lookout): for who answers others, not for who works in the background. */
void mw_poller_look_first(mw_poller *poller);

/* Makes the wait under way, or the next one, return with a WOKEN event. From any thread; many
   calls may make one event. */
void mw_poller_wake(mw_poller *poller);

/* Waits for events, at most `span_us` (rounded up to a millisecond; negative: for ever), and
   gives at most `capacity` of them, 0 when the span has passed. */
MW_MUST_USE mw_status mw_poller_wait(mw_poller *poller, int64_t span_us, mw_poller_event *events,
                                     size_t capacity, size_t *out_count, mw_error *err);
/* The next wait ends at `due_us` (monotonic) at the latest, with no event, whatever its span;
   INT64_MAX: it need not. Set before each wait, it costs less than a span: nothing, unless it comes
   earlier than the one before. A wait may still end at that one if it comes later. */
void mw_poller_set_alarm(mw_poller *poller, int64_t due_us);
/* Waits so long for nothing: for who tries again. */
MW_MUST_USE mw_status mw_poller_pause(mw_sys *sys, int64_t span_us, mw_error *err);
