#include "sys/pace.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

enum {
    LARGE_SIZE = 256 << 10,
    SPARE_SIZE = 4 << 20, /* what the heap keeps at its end, rather than have it cleared anew */
    TURN_NS = 1000000,
    REST_NS = 1, /* it becomes some 50 us, the slack of timers */
    SECOND_NICENESS = 10, /* a share of 110 beside 1,024 */
};

static atomic_bool takes_small_pages; /* the process's own, as the setting is */

static _Thread_local struct {
    bool has_turns;
    int64_t begun_ns;
} turn;

/* The heap's own threshold would rise with the largest block that was freed, up to 32 MB. */
void mw_pace_keep_blocks_apart(void) {
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_SIZE);
    (void)mallopt(M_TRIM_THRESHOLD, SPARE_SIZE);
}

static void set_small_pages(bool are_taken) {
    (void)prctl(PR_SET_THP_DISABLE, are_taken, 0, 0, 0);
}

/* Whose parent has decided it for both is left as it is, and so are its children. */
void mw_pace_take_small_pages(void) {
    if (prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1) return;
    atomic_store(&takes_small_pages, true);
    set_small_pages(true);
}

void mw_pace_undo_small_pages(void) {
    if (atomic_load(&takes_small_pages)) set_small_pages(false);
}

/* By what was asked for, not by what is set: another thread may be starting a child, too. */
void mw_pace_redo_small_pages(void) {
    if (atomic_load(&takes_small_pages)) set_small_pages(true);
}

void mw_pace_rest(void) {
    (void)nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
}

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void mw_pace_begin_turns(void) {
    turn.has_turns = true;
    turn.begun_ns = now_ns();
}

void mw_pace_breathe(void) {
    if (!turn.has_turns || now_ns() - turn.begun_ns < TURN_NS) return;
    mw_pace_rest();
    turn.begun_ns = now_ns();
}

void mw_pace_end_turns(void) { turn.has_turns = false; }

/* On Linux a niceness is a thread's; one that is nicer already stays so. */
void mw_pace_go_second(void) { (void)setpriority(PRIO_PROCESS, 0, SECOND_NICENESS); }
