#include "sys/pace.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    LARGE_SIZE = 256 << 10,
    SPARE_SIZE = 4 << 20, /* what the heap keeps at its end, rather than have it cleared anew */
    TURN_NS = 1000000, /* each costs some us, more in a guest, whose timers are the host's */
    REST_NS = 1,       /* it becomes some 50 us, the slack of timers */
};

static _Thread_local struct {
    bool has_timer;
    timer_t timer;
} turns;

/* The heap's own threshold would rise with the largest block that was freed, up to 32 MB. */
void mw_pace_keep_blocks_apart(void) {
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_SIZE);
    (void)mallopt(M_TRIM_THRESHOLD, SPARE_SIZE);
}

void mw_pace_take_small_pages(void) {
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

void mw_pace_rest(void) {
    (void)nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
}

static void end_turn(int signal_number) {
    int before = errno;
    (void)signal_number;
    mw_pace_rest();
    errno = before;
}

/* Where there are no more timers its turns last as long as the kernel lets them. */
void mw_pace_begin_turns(void) {
    struct sigaction ended = {.sa_handler = end_turn, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    struct itimerspec times = {{.tv_nsec = TURN_NS}, {.tv_nsec = TURN_NS}};
    event._sigev_un._tid = gettid();
    if (turns.has_timer || sigaction(SIGVTALRM, &ended, NULL) != 0 ||
        timer_create(CLOCK_MONOTONIC, &event, &turns.timer) != 0)
        return;
    turns.has_timer = true;
    (void)timer_settime(turns.timer, 0, &times, NULL);
}

void mw_pace_end_turns(void) {
    if (turns.has_timer) (void)timer_delete(turns.timer);
    turns.has_timer = false;
}
