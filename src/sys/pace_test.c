#include "sys/pace.h"

#include "base/memory.h"
#include "sys/errand.h"
#include "sys/process.h"
#include "testing/test.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

enum { BLOCK_SIZE = 64 << 20, PAGE_SIZE = 4096, LARGE_PAGE_SIZE = 2 << 20 };

static long count_faults(void) {
    struct rusage used;
    MW_CHECK(getrusage(RUSAGE_SELF, &used) == 0);
    return used.ru_minflt;
}

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_IS_A_SANITIZERS /* and copies what grows */
#endif
#endif
#ifndef HEAP_IS_A_SANITIZERS
/* Each page is touched once and for all: growing touches none of them again. */
MW_TEST(pace_lets_a_block_grow_without_a_copy) {
    mw_pace_keep_blocks_apart();
    mw_pace_take_small_pages();
    mw_free(mw_resize(NULL, BLOCK_SIZE / 4)); /* by this the heap's own threshold would rise */
    char *block = mw_resize(NULL, BLOCK_SIZE / 8), *behind = mw_resize(NULL, BLOCK_SIZE / 8);
    MW_CHECK(block && behind);
    memset(block, 7, BLOCK_SIZE / 8);
    long before = count_faults();
    char *grown = mw_resize(block, BLOCK_SIZE);
    MW_CHECK(grown && count_faults() - before < 100);
    for (size_t i = 0; i < BLOCK_SIZE / 8; i += PAGE_SIZE) MW_CHECK_EQUAL_INT(grown[i], 7);
    mw_free(grown);
    mw_free(behind);
}
#endif

/* A byte in each piece of the size of a large page would bring all of it. */
MW_TEST(pace_takes_small_pages) {
    mw_pace_keep_blocks_apart();
    mw_pace_take_small_pages();
    char *block = mw_allocate(BLOCK_SIZE);
    MW_CHECK(block);
    for (size_t i = 0; i < BLOCK_SIZE; i += LARGE_PAGE_SIZE) block[i] = 1;
    long before = count_faults();
    for (size_t i = 0; i < BLOCK_SIZE; i += PAGE_SIZE) block[i] = 1;
    MW_CHECK(count_faults() - before > BLOCK_SIZE / PAGE_SIZE / 2);
    mw_free(block);
}

/* What the kernel says of the process that asks. */
static void read_large_pages(char out_said[16]) {
    const char *const arguments[] = {"/bin/sh", "-c", "exec grep THP_enabled /proc/self/status",
                                     NULL};
    mw_process *process;
    mw_process_result result;
    mw_error err;
    size_t size = 0;
    mw_process_config config = {.arguments = arguments, .pipe_output = true};
    MW_CHECK_OK(mw_process_start(mw_sys_real(), config, &process, &err), &err);
    MW_CHECK_OK(mw_process_read(process, out_said, 15, &size, &err), &err);
    out_said[size] = '\0';
    MW_CHECK_OK(mw_process_wait(process, &result, &err), &err);
    mw_process_destroy(process);
}

/* Other programs take pages as ever, and who starts them goes on with small ones. */
MW_TEST(pace_takes_small_pages_alone) {
    char before[16], after[16];
    read_large_pages(before);
    mw_pace_take_small_pages();
    read_large_pages(after);
    MW_CHECK_EQUAL_STR(mw_str_of(after), before);
    MW_CHECK_EQUAL_INT(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
}

static long rests_within_cpu_ms(int64_t span_ms) {
    struct rusage before, after;
    struct timespec begun, now;
    MW_CHECK(getrusage(RUSAGE_THREAD, &before) == 0);
    MW_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun) == 0);
    do {
        mw_pace_breathe();
        MW_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    } while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 <
             span_ms);
    MW_CHECK(getrusage(RUSAGE_THREAD, &after) == 0);
    return after.ru_nvcsw - before.ru_nvcsw; /* it laid the core down by itself */
}

/* Between the two alone; among equals as in the background. */
static mw_status work_in_turns(void *context, mw_error *err) {
    enum { SPAN_MS = 10 };
    long *rests = context;
    (void)err;
    rests[0] = rests_within_cpu_ms(SPAN_MS);
    mw_pace_begin_turns();
    rests[1] = rests_within_cpu_ms(SPAN_MS);
    mw_process_work_in_background();
    rests[2] = rests_within_cpu_ms(SPAN_MS);
    mw_pace_end_turns();
    rests[3] = rests_within_cpu_ms(SPAN_MS);
    return MW_OK;
}

MW_TEST(pace_rests_between_turns) {
    mw_errand *errand = NULL;
    mw_error err;
    long rests[4] = {-1, -1, -1, -1};
    MW_CHECK_OK(mw_errand_begin_apart(mw_sys_real(), work_in_turns, rests, &errand, &err), &err);
    MW_CHECK_OK(mw_errand_wait(errand, &err), &err);
    mw_errand_end(errand);
    MW_CHECK_EQUAL_INT(rests[0], 0);
    MW_CHECK(rests[1] >= 4);
    MW_CHECK(rests[2] >= 4);
    MW_CHECK_EQUAL_INT(rests[3], 0);
}

static int niceness(void) { return getpriority(PRIO_PROCESS, 0); }

static mw_status go_second(void *context, mw_error *err) {
    int *after = context;
    (void)err;
    mw_pace_go_second();
    *after = niceness();
    return MW_OK;
}

MW_TEST(pace_lets_one_thread_go_second) {
    mw_errand *errand = NULL;
    mw_error err;
    int before = niceness(), after = before;
    MW_CHECK_OK(mw_errand_begin_apart(mw_sys_real(), go_second, &after, &errand, &err), &err);
    MW_CHECK_OK(mw_errand_wait(errand, &err), &err);
    mw_errand_end(errand);
    MW_CHECK_EQUAL_INT(after, before < 10 ? 10 : before);
    MW_CHECK_EQUAL_INT(niceness(), before);
}
