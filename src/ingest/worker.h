/*
 * worker: a program of the user's that is asked in batches of rows, and kept running in between.
 *
 * On its standard input it gets an Arrow stream with a column for each field that it is sent; on
 * its standard output it writes one: for each batch one batch of as many rows, with one column.
 * First it gets a batch without rows, so that it shows that it is there, and what it answers,
 * before a row hangs on it. What it writes on standard error goes where ours does.
 *
 * One that ends, is too slow or answers what it should not is killed with all that it has started,
 * and another is started for the next batch, in a server after a pause that doubles while they
 * fail. A batch at which one ended is given to one more. Memory is bounded by batch and answer.
 * It ends with our own process, however that ends, and all that it has started with it, as
 * sys/process.h says of a group.
 *
 * One thread at a time.
 */
#pragma once
#include "sys/process.h"
#include "table/table.h"

#include <stdatomic.h>

enum { MW_WORKER_ANSWER_SIZE_MAX = 64 << 20 };
#define MW_WORKER_START_US (30 * MW_SECOND_US) /* for its first batch, without rows */

typedef struct mw_worker mw_worker;

/* All of it outlives the worker. */
typedef struct {
    mw_str name; /* for messages */
    const char *const *arguments;
    const char *folder;     /* to run in */
    const mw_schema *takes; /* the fields that it is sent */
    mw_type gives;
    int64_t timeout_us;     /* over a batch */
    bool pauses;            /* in a server: after a failure it is MW_UNAVAILABLE for a time */
    const atomic_bool *is_given_up; /* nobody waits for its answers: it is MW_TIMED_OUT soon, in
                                       whatever thread it is asked. NULL: never */
} mw_worker_config;

/* Starts nothing yet. */
MW_MUST_USE mw_status mw_worker_create(mw_sys *sys, mw_worker_config config,
                                       mw_worker **out_worker, mw_error *err);
/* Sees to it that the program runs and answers. */
MW_MUST_USE mw_status mw_worker_start(mw_worker *worker, mw_error *err);
/* Sends the rows, which are under `takes`, as one batch. Its answers, one a row; texts are interned
   in the symbols. MW_TIMED_OUT; MW_UNAVAILABLE: it ended, or cannot be started; MW_INVALID,
   MW_MALFORMED, MW_TOO_LARGE: its answer is none. */
MW_MUST_USE mw_status mw_worker_ask(mw_worker *worker, const mw_table *rows, mw_symbols *symbols,
                                    mw_cell *out_answers, mw_error *err);
void mw_worker_destroy(mw_worker *worker); /* ends the program; NULL is allowed */
