/*
 * shared_versions: what the lanes of a backtest train, each version made once.
 *
 * The same examples give the same version, so a lane that asks for one which another lane is at
 * waits for it. As many are trained side by side as there are threads: two learners of one thread
 * each waste nothing on waiting for each other, which one of two threads does. Towards the end,
 * when fewer lanes than threads are left, a learner takes more of them.
 *
 * All functions are called with the baton held; it is laid down while a learner is at work.
 */
#pragma once
#include "loop/backtest.h"
#include "sys/baton.h"

typedef struct {
    const mw_backtest_config *backtest;
    const mw_examples *examples; /* all that will ever mature */
    mw_baton *baton;
    mw_arena *arena; /* keeps the versions */
} mw_shared_versions_config;

typedef struct {
    size_t example_count;
    mw_str bytes; /* NULL while it is trained */
} mw_shared_version;

typedef struct {
    mw_shared_versions_config config;
    mw_shared_version *items;
    size_t count, capacity;
    size_t learner_count; /* at work */
    size_t lane_count;    /* that may still ask */
    int64_t learner_cpu_us;
} mw_shared_versions;

void mw_shared_versions_init(mw_shared_versions *versions, mw_shared_versions_config config);
/* The version that is made of the first `example_count` examples. */
MW_MUST_USE mw_status mw_shared_versions_get(mw_shared_versions *versions, size_t example_count,
                                             mw_str *out_bytes, mw_error *err);
void mw_shared_versions_release(mw_shared_versions *versions);
