/*
 * lookout: whether a thread that has nothing left to do should look for more before it sleeps.
 *
 * To sleep and be woken may cost more, of time and of CPU, than to look again and again for as
 * long: a virtual machine gives a core that sleeps back to its host. Which is dearer depends on the
 * machine, its load and who asks, so it is found out: a block of waits that sleep at once, all of
 * them short, is followed by one that looks first, and these take turns for as long as an event
 * costs no more CPU in the latter, or about as much where most of the former are long, since who
 * asks then waits to be answered for as long as it takes to be woken, too. Where that ends (looks
 * are dearer, or in vain, or nothing comes any more), `patience` waits pass before the next try:
 * twice as many as the last time, half as many after each block that was worth it; what short waits
 * have taught is not held against long ones. So who is idle sleeps, after one look at most; where
 * looks do not pay, few are made; and what works at idle priority beside has the blocks that sleep.
 *
 * Pure: clocks are arguments. It costs some instructions a wait. One thread's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    MW_LOOKOUT_LOOK_NS_MAX = 50000, /* what a sleep costs where it is dear */
    MW_LOOKOUT_SPAN_NS_MAX = 300000, /* of a wait; where it slept, being woken is in it */
    MW_LOOKOUT_LONG_NS = 40000, /* from here on it is long: 55 to 70 us where one client asks that
                                   sleeps itself, 20 to 35 where it does not */
    MW_LOOKOUT_PATIENCE_MIN = 16,
    MW_LOOKOUT_PATIENCE_MAX = 1 << 13,
};

typedef enum {
    MW_LOOKOUT_WATCHES, /* sleeps */
    MW_LOOKOUT_SLEEPS,  /* likewise, and measures what it costs */
    MW_LOOKOUT_LOOKS,
} mw_lookout_phase;

/* Of all blocks of a kind, each of which counts three quarters of the one after it. */
typedef struct {
    int64_t cpu_ns, event_count;
} mw_lookout_cost;

/* Its own; here, so that who waits has it within. */
typedef struct {
    mw_lookout_phase phase;
    bool was_long, is_long; /* what most waits were before this trial, and in it where they slept */
    int32_t patience[2]; /* with short waits, with long ones */
    int32_t short_count, long_count, vain_count; /* of the block, like the next; while it watches a
                                                    short wait takes back a long one */
    int64_t event_count;
    int64_t cpu_ns; /* when it began */
    mw_lookout_cost sleeping, looking;
} mw_lookout;

typedef struct {
    int64_t span_ns;     /* from when nothing was left to do to when something was */
    int32_t event_count; /* what there is to do now */
    bool was_vain;       /* it looked first, and then slept */
} mw_lookout_wait;

void mw_lookout_init(mw_lookout *lookout);
/* Before each wait: whether it is to be told first what CPU the thread has used. */
bool mw_lookout_asks_cpu(const mw_lookout *lookout);
void mw_lookout_tell_cpu(mw_lookout *lookout, int64_t cpu_ns);
/* Whether the wait begins with a look, of MW_LOOKOUT_LOOK_NS_MAX if nothing comes. */
bool mw_lookout_looks(const mw_lookout *lookout);
/* After it. */
void mw_lookout_tell_wait(mw_lookout *lookout, mw_lookout_wait wait);
