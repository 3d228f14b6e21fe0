/*
 * asking: the fields of events that programs of the user's are asked for, filled in.
 *
 * Each such field of a program's streams has a worker of its own (worker.h). It is asked once, as
 * the event enters, and the answer stays with the event; so whoever takes events in fills them
 * here first, and nobody else asks. What the process does not answer in time, or not as it should,
 * is what its `fallback` says, and counted.
 *
 * One thread at a time.
 */
#pragma once
#include "ingest/worker.h"
#include "lang/program.h"
#include "project/project.h"

enum { MW_ASKING_FAILURES_MAX = 3 }; /* batches in a row, where nobody waits for an answer */

typedef struct mw_asking mw_asking;

/* All of it outlives the asking. */
typedef struct {
    mw_sys *sys;
    const mw_project *project; /* whose processes are asked */
    const mw_program *program; /* whose streams have the fields */
    mw_symbols *symbols;
    const char *folder;        /* of the project: the processes run there */
    bool is_live; /* a process that fails pauses, and is tried on and on; else filling fails if it
                     does not start, or has failed MW_ASKING_FAILURES_MAX times in a row */
} mw_asking_config;

/* NULL in `*out_asking` if no stream has such a field; it asks nobody then, here and below. No
   process is started yet. */
MW_MUST_USE mw_status mw_asking_create(mw_asking_config config, mw_asking **out_asking,
                                       mw_error *err);
void mw_asking_destroy(mw_asking *asking);
/* Starts all processes. MW_UNAVAILABLE names one that does not answer. */
MW_MUST_USE mw_status mw_asking_start(mw_asking *asking, mw_error *err);
/* Where threads share it: one asks at a time, with texts in symbols of its own, until it leaves
   off. False while another does. Both are called by one thread at a time. */
MW_MUST_USE bool mw_asking_claim(mw_asking *asking, mw_symbols *symbols);
void mw_asking_yield(mw_asking *asking);
/* Whoever has claimed it needs no answers any more: filling is over soon, with what stands in their
   place. From any thread. */
void mw_asking_give_up(mw_asking *asking);
/* Whether the stream has such fields. */
bool mw_asking_has(const mw_asking *asking, int32_t stream);
/* Fills them in the rows, which are events of the stream. With `fallback: refuse` a batch without
   an answer fails, and so do the reasons above. */
MW_MUST_USE mw_status mw_asking_fill(mw_asking *asking, int32_t stream, mw_cell *const *rows,
                                     size_t count, mw_error *err);

typedef struct {
    uint64_t answered, unanswered; /* values */
    const char *why;               /* the last failure; empty: there was none */
} mw_asking_counts;
mw_asking_counts mw_asking_read_counts(const mw_asking *asking);
/* What became of the values of one field. Those that were given up are not among them. */
typedef struct {
    mw_str stream, field, process;
    uint64_t answered, timed_out;
    uint64_t failed;      /* for any other reason: it ended, did not start, answered wrongly */
    uint64_t fallen_back; /* of those two: where `fallback` stands */
} mw_asked_field;
size_t mw_asking_field_count(const mw_asking *asking);
mw_asked_field mw_asking_read_field(const mw_asking *asking, size_t index); /* from any thread */
